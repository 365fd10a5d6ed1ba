//! Changes of an app that name only what is to be different, as a backend sends them.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Integration, SetBy};
use serde_json::json;
use store::App;
use vault::{ExposeSecret as _, SecretString};

use crate::client_key::GivenKey;
use crate::management::Lack;
use crate::texts::quoted;
use crate::{Broker, Caller, Kind, PlatformSettings, Problem, Scope, Shelved};

/// How often a change is tried that others outrun.
const TRIES: usize = 3;

/// What is to be different about an app. What is not given stays.
#[derive(Clone, Debug, Default)]
pub struct AppChange {
    /// Whether people can connect it, once it has all that it needs.
    pub enabled: Option<bool>,
    /// The OAuth client's id.
    pub client_id: Option<String>,
    /// The OAuth client's secret.
    pub client_secret: Option<SecretString>,
    /// The OAuth client's private key, and its id at the service.
    pub client_key: Option<(GivenKey, Option<String>)>,
    /// Scopes instead of the definition's; with none in it, those of the definition again.
    pub scopes: Option<Vec<String>>,
    /// Values that the definition asks the operator for, by name; none takes one away, a secret too.
    pub variables: BTreeMap<String, Option<SecretString>>,
    /// The names of secret values to keep no longer, but for those that are given anew.
    pub removed_secrets: BTreeSet<String>,
}

impl AppChange {
    /// Whether nothing is to be different.
    fn is_empty(&self) -> bool {
        self.enabled.is_none()
            && self.client_id.is_none()
            && self.client_secret.is_none()
            && self.client_key.is_none()
            && self.scopes.is_none()
            && self.variables.is_empty()
            && self.removed_secrets.is_empty()
    }

    /// All settings, made of this change and the app as it is.
    fn onto(&self, integration: &Integration, known: Option<&App>) -> Result<PlatformSettings, Problem> {
        let mut removed_secrets = self.removed_secrets.clone();
        for name in &self.removed_secrets {
            if !asked(integration, name).is_some_and(|variable| variable.secret) {
                return Err(no_such(integration, name, "secret "));
            }
        }
        let changes_values = !self.variables.is_empty() || !removed_secrets.is_empty();
        let mut values = BTreeMap::new();
        if let Some(app) = known {
            // What the definition asks for no more goes, and a secret stays without being given again: as given, it would
            // count as one that may go to another address.
            let stays = |name: &&String| asked(integration, name).is_some_and(|variable| !variable.secret);
            let kept = app.variables.iter().filter(|(name, _)| stays(name));
            values.extend(kept.map(|(name, value)| (name.clone(), SecretString::from(value.clone()))));
        }
        for (name, value) in &self.variables {
            let variable = asked(integration, name).ok_or_else(|| no_such(integration, name, ""))?;
            match value.as_ref().map(|value| value.expose_secret().trim()) {
                Some("") => {
                    return Err(Problem::bad_request(
                        "bad_variable",
                        format!("`{name}` is empty. Send null to take it away, or leave it out to keep it."),
                    )
                    .with_meta(json!({ "variable": name })));
                }
                Some(value) => {
                    values.insert(name.clone(), SecretString::from(value));
                }
                None if variable.secret => {
                    removed_secrets.insert(name.clone());
                }
                None => {
                    values.remove(name);
                }
            }
        }
        Ok(PlatformSettings {
            integration: integration.id.as_str().to_owned(),
            active: self.enabled.unwrap_or_else(|| known.is_some_and(|app| app.enabled)),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            client_key: self.client_key.clone(),
            scopes: self.scopes.clone(),
            variables: changes_values.then_some(values),
            removed_secrets,
            revision: Some(known.map_or(0, |app| app.revision)),
        })
    }
}

fn asked<'a>(integration: &'a Integration, name: &str) -> Option<&'a catalog::Variable> {
    let variable = integration.variables.get(name)?;
    (variable.set_by == SetBy::Operator).then_some(variable)
}

fn no_such(integration: &Integration, name: &str, what: &str) -> Problem {
    let message = format!(
        "{} asks the operator for no {what}`{}`.",
        integration.name,
        quoted(name)
    );
    Problem::bad_request("bad_variable", message)
}

impl Broker {
    /// Changes an app as it is, or as it was read in `revision` (0: there was none). As in the console, one that lacks
    /// something may be switched on, and nobody sees it before it has that.
    ///
    /// # Errors
    /// `integration_not_found`; `app_changed` where it was changed since; `address_is_kept` where something that is kept
    /// would go to another address, which no key moves; `not_an_oauth_app`, `no_client_key`, or a value that cannot be; the
    /// scope `admin` is missing; the database is away.
    pub async fn change_app(
        &self,
        caller: &Caller,
        id: &str,
        revision: Option<i64>,
        change: &AppChange,
    ) -> Result<Shelved, Problem> {
        caller.require(Scope::Admin)?;
        for _ in 0..TRIES {
            let integration = self.manageable(caller.environment, id)?;
            let known = self.store().app_of(caller.project, caller.environment, id).await?;
            let seen = known.as_ref().map_or(0, |app| app.revision);
            if revision.is_some_and(|read| read != seen) {
                return Err(outrun(
                    Kind::PreconditionFailed,
                    "it was changed since you read it. Read it again, and send your change with the new `ETag`.",
                ));
            }
            if change.is_empty() {
                return self.shelved(caller, id).await;
            }
            let wanted = change.onto(&integration, known.as_ref())?;
            match self.keep_platform(caller, wanted, Lack::Allowed, None).await {
                Ok(_) => return self.shelved(caller, id).await,
                Err(problem) if problem.key() == "app_changed" => {}
                Err(problem) => return Err(problem),
            }
        }
        Err(outrun(
            Kind::Conflict,
            "others change it at the same time. Send the request again.",
        ))
    }
}

fn outrun(kind: Kind, why: &str) -> Problem {
    Problem::new(kind, "app_changed", format!("Nothing of the app was changed: {why}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const ACME: &str = "id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
variables:
  place: { title: Place, set_by: operator }
  token: { title: Token, set_by: operator, secret: true, optional: true }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: https://acme.example/authorize }
    token: { url: https://acme.example/token, client_auth: body }
    headers: { Authorization: \"Bearer ${credential.access_token}\", X-Token: \"${variables.token}\" }
api: { base_url: \"https://api.acme.example/${variables.place}\" }
check: { get: /me, account: { id: \"${body.id}\" } }
";

    fn acme() -> Arc<Integration> {
        let loaded = catalog::load_sources([("acme.yaml", ACME)]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        Arc::clone(loaded.catalog.get("acme").unwrap())
    }

    fn change(values: &[(&str, Option<&str>)]) -> AppChange {
        let value = |text: &str| SecretString::from(text.to_owned());
        AppChange {
            variables: values
                .iter()
                .map(|(name, text)| ((*name).to_owned(), text.map(value)))
                .collect(),
            ..AppChange::default()
        }
    }

    #[test]
    fn values_are_those_that_are_asked_for() {
        let acme = acme();
        let wanted = change(&[("place", Some(" eu ")), ("token", None)])
            .onto(&acme, None)
            .unwrap();
        let values = wanted.variables.unwrap();
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        assert_eq!(values, [("place", "eu")]);
        assert!(wanted.removed_secrets.contains("token") && !wanted.active);
        for wrong in [
            change(&[("nothing", Some("x"))]),
            change(&[("nothing", None)]),
            change(&[("place", Some(" "))]),
            AppChange {
                removed_secrets: BTreeSet::from(["place".to_owned()]),
                ..AppChange::default()
            },
        ] {
            assert_eq!(wrong.onto(&acme, None).unwrap_err().key(), "bad_variable");
        }
        let other = AppChange {
            enabled: Some(true),
            ..AppChange::default()
        };
        assert!(other.onto(&acme, None).unwrap().variables.is_none());
    }
}
