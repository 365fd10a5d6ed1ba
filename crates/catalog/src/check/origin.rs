//! Who vouches for an input that is a whole origin.

use super::names::{Names, Site, kept};
use crate::definition as written;
use crate::definition::{LearnType, SetBy, VariableType};
use crate::template::{Name, WholeOrigin};

impl Names<'_> {
    /// Who vouches for an input that is a whole origin.
    pub(super) fn whole_origin(&self, name: &Name, site: Site) -> Result<WholeOrigin, String> {
        match name.namespace.as_str() {
            "discovered" | "instance" => return Ok(WholeOrigin::Guarded),
            "variables" => {}
            _ => return Err(format!("`{name}` cannot be a whole origin")),
        }
        let declared = self.declared(&name.path);
        if !declared.is_empty() {
            let vouched: Result<Vec<_>, _> = declared
                .into_iter()
                .map(|variable| self.declared_origin(name, variable, site))
                .collect();
            let mut all = Vec::new();
            for vouched in vouched? {
                match vouched {
                    WholeOrigin::Guarded => return Ok(WholeOrigin::Guarded),
                    WholeOrigin::Hosts(hosts) => all.extend(hosts),
                }
            }
            return Ok(WholeOrigin::Hosts(all));
        }
        let learned: Vec<&written::Learn> = self
            .definition
            .auth
            .iter()
            .flat_map(kept)
            .filter(|(learned, _)| *learned == name.path)
            .map(|(_, learn)| learn)
            .collect();
        if learned.iter().any(|learn| learn.kind != LearnType::Origin) {
            return Err(format!(
                "`{name}` would name any host: give it `type: origin` and `hosts`"
            ));
        }
        Ok(WholeOrigin::Hosts(
            learned
                .iter()
                .flat_map(|learn| learn.hosts.clone().unwrap_or_default())
                .collect(),
        ))
    }

    /// Who vouches for a declared variable as a whole origin.
    fn declared_origin(&self, name: &Name, variable: &written::Variable, site: Site) -> Result<WholeOrigin, String> {
        let by_person = variable.set_by == SetBy::Person;
        let typed = match variable.kind {
            VariableType::Origin | VariableType::Url => true,
            VariableType::Choice => match origins(variable) {
                Some(hosts) if variable.other.is_none() => return Ok(WholeOrigin::Hosts(hosts)),
                Some(_) => true,
                None => {
                    return Err(format!(
                        "`{name}` would name any host: each of its choices must be an origin, as `https://api.example.com`"
                    ));
                }
            },
            _ => {
                return Err(format!(
                    "`{name}` would name any host: write `https://` and the fixed end of the host, or give it `type: origin`"
                ));
            }
        };
        // The client's secret goes to these addresses: a person who names the host would be sent it.
        if typed && by_person && matches!(site, Site::SignIn | Site::SignedIn(_) | Site::AppLogin(_)) {
            return Err(format!(
                "the app's client secret is sent to `{name}`, so the person who connects must not choose it: \
                 write `set_by: operator`"
            ));
        }
        // The credential goes there too, so a person names one host for all calls and not another for this one.
        if typed && by_person && matches!(site, Site::Check | Site::MethodCheck(_)) && !self.base_is(name) {
            return Err(format!(
                "the credential is sent to `{name}`, which is not the host of `api.base_url`: give it `type: path` and \
                 write the path alone"
            ));
        }
        Ok(WholeOrigin::Guarded)
    }

    /// Whether the base address begins with this input.
    fn base_is(&self, name: &Name) -> bool {
        self.definition.api.base_url.starts_with(&format!("${{{name}}}"))
    }
}

/// The hosts of choices that are whole https origins, each of them.
fn origins(variable: &written::Variable) -> Option<Vec<String>> {
    let host = |choice: &written::Choice| {
        let host = choice.value.strip_prefix("https://")?;
        let hosts = [host.to_owned()];
        crate::template::is_listed_origin(&choice.value, &hosts).then(|| host.to_owned())
    };
    variable
        .choices
        .as_deref()
        .unwrap_or_default()
        .iter()
        .map(host)
        .collect()
}
