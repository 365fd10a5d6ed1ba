//! Which inputs a template may name, and where.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::definition as written;
use crate::definition::{Auth, Definition, LearnType, VariableType};
use crate::report::{Place, Report};
use crate::suggest;
use crate::template::{Name, Template, UrlTemplate, WholeOrigin};

/// Every namespace.
const NAMESPACES: [&str; 11] = [
    "variables",
    "credential",
    "app",
    "token",
    "body",
    "item",
    "query",
    "kept",
    "signed",
    "discovered",
    "instance",
];
/// The endpoints of OpenID Connect Discovery 1.0 §3 and RFC 8414 §2 that an address may name.
const DISCOVERED: [&str; 8] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "end_session_endpoint",
    "jwks_uri",
];

/// Where a template stands, which decides what it may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// An address needed before there is a token.
    SignIn,
    /// An address, parameter or header needed once there is one, by the way to sign in of this number.
    SignedIn(usize),
    /// The base address, headers and parameters of API calls, for every way to sign in.
    Api,
    /// The same for the way to sign in of this number.
    Method(usize),
    /// A whole address of the check.
    Check,
    /// What follows the `#` of the authorization endpoint.
    SignInFragment,
    /// A parameter of the authorization request.
    AuthorizeParameter,
    /// A parameter of the code exchange.
    TokenParameter,
    /// A header of the code exchange, which later requests may have too.
    TokenHeader,
    /// A parameter or header of the second exchange.
    ThenParameter,
    /// A parameter or header of the refresh, by the way to sign in of this number.
    RefreshParameter(usize),
    /// A request of the log-in of this number.
    Login(usize),
    /// What the way to sign in of this number signs.
    Sign(usize),
    /// A value that a request of a log-in keeps for the next.
    Keep,
    /// A value that is learnt.
    Learn,
    /// A whole address of the list to choose from, by the way to sign in of this number.
    Choose(usize),
    /// What an entry of that list is, and the values that are kept of it.
    Item,
    /// The account's id or name.
    Account,
}

impl Site {
    fn namespaces(self, is_url: bool) -> &'static [&'static str] {
        match self {
            Self::SignIn | Self::SignInFragment => &["variables", "instance"],
            Self::SignedIn(_) => &["variables", "instance", "app"],
            Self::Login(_) if is_url => &["variables", "instance"],
            Self::Login(_) => &["credential", "variables", "kept", "signed", "instance"],
            Self::Sign(_) => &["credential", "variables", "instance"],
            Self::Keep => &["body"],
            Self::Check | Self::Choose(_) => &["variables", "discovered", "instance"],
            Self::Api | Self::Method(_) if is_url => &["variables", "discovered", "instance"],
            Self::Api => &["credential", "variables", "app", "instance"],
            Self::Method(_) => &["credential", "variables", "app", "signed", "instance"],
            Self::TokenParameter => &["variables", "app", "query", "instance"],
            Self::ThenParameter => &["variables", "app", "query", "token", "instance"],
            Self::AuthorizeParameter | Self::TokenHeader | Self::RefreshParameter(_) => {
                &["variables", "app", "instance"]
            }
            Self::Learn => &["token", "query"],
            Self::Item => &["item"],
            Self::Account => &["body", "variables"],
        }
    }
}

/// The names of one definition.
pub(crate) struct Names<'a> {
    definition: &'a Definition,
    /// Variables that were found in hosts.
    in_hosts: RefCell<BTreeSet<String>>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(definition: &'a Definition) -> Self {
        Self {
            definition,
            in_hosts: RefCell::default(),
        }
    }

    /// Parses a template and checks its names. `None` was reported.
    pub(crate) fn template(
        &self,
        source: &str,
        site: Site,
        place: &Place,
        report: &mut Report<'_>,
    ) -> Option<Template> {
        self.parse(source, site, false, place, report)
    }

    /// The same for an address, with its host rule.
    pub(crate) fn url(&self, source: &str, site: Site, place: &Place, report: &mut Report<'_>) -> Option<UrlTemplate> {
        let template = self.parse(source, site, true, place, report)?;
        let url = UrlTemplate::new(template, |name| self.whole_origin(name, site))
            .map_err(|error| report.add(place, error.0))
            .ok()?;
        if url.is_whole_origin() {
            return Some(url);
        }
        for name in url.host_names() {
            let declared = self.definition.variables.get(&name.path).map(|variable| variable.kind);
            if name.namespace != "variables" || matches!(declared, Some(VariableType::Origin | VariableType::Url)) {
                report.add(
                    place,
                    format!("`{name}` cannot stand in a host: only a variable that is a text or a choice can"),
                );
                return None;
            }
            self.in_hosts.borrow_mut().insert(name.path.clone());
        }
        Some(url)
    }

    fn parse(
        &self,
        source: &str,
        site: Site,
        is_url: bool,
        place: &Place,
        report: &mut Report<'_>,
    ) -> Option<Template> {
        let template = match Template::parse(source) {
            Ok(template) => template,
            Err(error) => {
                report.add_with(place, error.message, error.suggestion);
                return None;
            }
        };
        let mut right = true;
        for name in template.names() {
            if let Err((message, suggestion)) = self.name(name, site, is_url) {
                report.add_with(place, message, suggestion);
                right = false;
            }
        }
        right.then_some(template)
    }

    fn name(&self, name: &Name, site: Site, is_url: bool) -> Result<(), (String, Option<String>)> {
        let namespace = name.namespace.as_str();
        if !NAMESPACES.contains(&namespace) {
            let allowed = site.namespaces(is_url);
            let message = format!("there is no `{namespace}`; known here are {}", allowed.join(", "));
            return Err((message, suggest::nearest(namespace, allowed.iter().copied())));
        }
        let secret = namespace == "credential" || (namespace == "app" && name.path == "client_secret");
        if secret && (is_url || matches!(site, Site::AuthorizeParameter)) {
            let message =
                format!("`{name}` is a secret, which never stands in an address: use a header or `api.query`");
            return Err((message, None));
        }
        let token_parameter = matches!(
            site,
            Site::TokenParameter
                | Site::TokenHeader
                | Site::ThenParameter
                | Site::RefreshParameter(_)
                | Site::SignedIn(_)
        );
        if namespace == "app" && name.path == "client_secret" && !token_parameter {
            let message =
                format!("`{name}` is for the token endpoint only: use it in `token.params` or `refresh.params`");
            return Err((message, None));
        }
        let allowed = site.namespaces(is_url);
        if !allowed.contains(&namespace) {
            return Err((
                format!("`{name}` is not known here; known are {}", allowed.join(", ")),
                None,
            ));
        }
        let known: Vec<&str> = match namespace {
            "variables" => self.variables(name, site)?,
            "credential" => self.credential(name, site)?,
            "app" => vec!["client_id", "client_secret"],
            "kept" => self.kept_before(site),
            "signed" => self.signed(site),
            "discovered" if self.discovers() => DISCOVERED.to_vec(),
            "discovered" => return Err((format!("`{name}` needs `discover` in a way to sign in"), None)),
            "instance" => vec!["public_url", "sandbox_url"],
            // Answers of the provider: their names are its own.
            _ => return Ok(()),
        };
        if known.contains(&name.path.as_str()) {
            return Ok(());
        }
        let listed = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        let suggestion = suggest::nearest(&name.path, known).map(|found| format!("{namespace}.{found}"));
        Err((format!("there is no `{name}` here; there is {listed}"), suggestion))
    }

    /// Declared variables, and learnt ones where a token has been received whichever way one signed in.
    fn variables(&self, name: &Name, site: Site) -> Result<Vec<&'a str>, (String, Option<String>)> {
        let ways = 0..self.definition.auth.len();
        let learned = |index: usize| {
            let all = self.definition.auth.get(index).map(kept).unwrap_or_default();
            all.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let mut names: Vec<&str> = self.definition.variables.keys().map(String::as_str).collect();
        let wanted = name.path.as_str();
        let learned_somewhere = ways.clone().any(|index| learned(index).contains(&wanted));
        if self.is_declared(wanted) || !learned_somewhere {
            names.extend(ways.flat_map(learned).filter(|name| !self.is_declared(name)));
            names.dedup();
            return Ok(names);
        }
        let (Site::Choose(index) | Site::SignedIn(index)) = site else {
            return self.learned_at(name, site, &learned);
        };
        // Revocation has to work for a grant that is given up before the choice.
        let chosen = self.definition.auth.get(index).and_then(choose);
        if chosen.is_some_and(|choose| choose.learn.contains_key(wanted)) {
            return Err((
                format!("`{name}` is set by the choice, which may not be made yet"),
                None,
            ));
        }
        self.learned_at(name, site, &learned)
    }

    /// The learnt variables at a site, where this one is learnt by some way to sign in.
    fn learned_at(
        &self,
        name: &Name,
        site: Site,
        learned: &dyn Fn(usize) -> Vec<&'a str>,
    ) -> Result<Vec<&'a str>, (String, Option<String>)> {
        let ways = 0..self.definition.auth.len();
        let wanted = name.path.as_str();
        let unlearned = match site {
            Site::SignIn
            | Site::SignInFragment
            | Site::AuthorizeParameter
            | Site::TokenParameter
            | Site::TokenHeader
            | Site::ThenParameter
            | Site::Login(_)
            | Site::Sign(_) => {
                return Err((
                    format!("`{name}` is learnt from the token answer, which is not there yet"),
                    None,
                ));
            }
            Site::Method(index) | Site::SignedIn(index) | Site::RefreshParameter(index) | Site::Choose(index) => {
                (!learned(index).contains(&wanted)).then_some(index)
            }
            _ => ways.clone().find(|index| !learned(*index).contains(&wanted)),
        };
        match unlearned {
            Some(index) => Err((
                format!("`auth[{index}]` does not learn `{name}`, so it has no value there"),
                None,
            )),
            None => Ok(ways.flat_map(learned).collect()),
        }
    }

    /// Fields of the credential. What stands in `api` must be there for every way to sign in.
    fn credential(&self, name: &Name, site: Site) -> Result<Vec<&'a str>, (String, Option<String>)> {
        match site {
            Site::Method(index) => return Ok(self.definition.auth.get(index).map(fields).unwrap_or_default()),
            Site::Login(index) | Site::Sign(index) => {
                return Ok(self.definition.auth.get(index).map(typed).unwrap_or_default());
            }
            _ => {}
        }
        let wanted = name.path.as_str();
        let mut without = self
            .definition
            .auth
            .iter()
            .enumerate()
            .filter(|(_, auth)| !fields(auth).contains(&wanted));
        let somewhere = self.definition.auth.iter().any(|auth| fields(auth).contains(&wanted));
        match without.next() {
            Some((index, _)) if somewhere => Err((
                format!("`auth[{index}]` has no `{name}`: move this under the way to sign in that it belongs to"),
                None,
            )),
            _ => Ok(self.definition.auth.iter().flat_map(fields).collect()),
        }
    }

    /// What the requests of a log-in keep for the ones that follow.
    fn kept_before(&self, site: Site) -> Vec<&'a str> {
        let Site::Login(index) = site else { return Vec::new() };
        let Some(Auth::Login(login)) = self.definition.auth.get(index) else {
            return Vec::new();
        };
        login
            .requests
            .iter()
            .flat_map(|request| request.keep.keys())
            .map(String::as_str)
            .collect()
    }

    /// What is signed for this site.
    fn signed(&self, site: Site) -> Vec<&'a str> {
        let signs = match site {
            Site::Login(index) => match self.definition.auth.get(index) {
                Some(Auth::Login(login)) => login.sign.is_some(),
                _ => false,
            },
            Site::Method(index) => matches!(self.definition.auth.get(index), Some(Auth::Jwt(_))),
            _ => false,
        };
        if signs { vec!["jwt"] } else { Vec::new() }
    }

    /// The variables that stand in the host of one of the addresses that were checked.
    pub(crate) fn in_hosts(&self) -> BTreeSet<String> {
        self.in_hosts.borrow().clone()
    }

    /// Whether the base address names one of these variables.
    pub(crate) fn base_names(&self, variables: &BTreeMap<String, written::Learn>) -> bool {
        let base = Template::parse(&self.definition.api.base_url);
        base.is_ok_and(|base| {
            let mut names = base.names().into_iter();
            names.any(|name| name.namespace == "variables" && variables.contains_key(&name.path))
        })
    }

    /// Whether a variable of this name is declared.
    pub(crate) fn is_declared(&self, name: &str) -> bool {
        self.definition.variables.contains_key(name)
    }

    fn discovers(&self) -> bool {
        self.definition
            .auth
            .iter()
            .any(|auth| matches!(auth, Auth::OAuth2(method) if method.discover.is_some()))
    }

    /// Who vouches for an input that is a whole origin.
    fn whole_origin(&self, name: &Name, site: Site) -> Result<WholeOrigin, String> {
        match name.namespace.as_str() {
            "discovered" | "instance" => return Ok(WholeOrigin::Guarded),
            "variables" => {}
            _ => return Err(format!("`{name}` cannot be a whole origin")),
        }
        if let Some(variable) = self.definition.variables.get(&name.path) {
            // The client's secret goes to these addresses: a person who names the host would be sent it.
            let sends_client_secret = matches!(site, Site::SignIn | Site::SignedIn(_));
            return match variable.kind {
                VariableType::Origin | VariableType::Url
                    if sends_client_secret && variable.set_by == written::SetBy::Person =>
                {
                    Err(format!(
                        "the app's client secret is sent to `{name}`, so the person who connects must not choose it: \
                         write `set_by: operator`"
                    ))
                }
                VariableType::Origin | VariableType::Url => Ok(WholeOrigin::Guarded),
                VariableType::Text | VariableType::Choice => Err(format!(
                    "`{name}` would name any host: write `https://` and the fixed end of the host, or give it `type: origin`"
                )),
            };
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
}

/// The list to choose from of a way to sign in.
pub(crate) fn choose(auth: &Auth) -> Option<&written::Choose> {
    match auth {
        Auth::OAuth2(method) => method.choose.as_ref(),
        Auth::ApiKey(method) => method.choose.as_deref(),
        Auth::Login(method) => method.choose.as_deref(),
        Auth::ClientCredentials(method) => method.choose.as_deref(),
        Auth::Jwt(method) => method.choose.as_deref(),
        Auth::Mcp(_) => None,
    }
}

/// What a way to sign in keeps with its connections: what it learns, and what a choice sets.
fn kept(auth: &Auth) -> Vec<(&str, &written::Learn)> {
    let learned = match auth {
        Auth::OAuth2(method) => Some(&method.learn),
        Auth::Login(method) => Some(&method.learn),
        Auth::ClientCredentials(method) => Some(&method.learn),
        Auth::Mcp(method) => Some(&method.learn),
        Auth::ApiKey(_) | Auth::Jwt(_) => None,
    };
    let chosen = choose(auth).map(|choose| &choose.learn);
    let all = learned.into_iter().chain(chosen).flatten();
    all.map(|(name, learn)| (name.as_str(), learn)).collect()
}

/// The fields of a credential.
pub(crate) fn fields(auth: &Auth) -> Vec<&str> {
    match auth {
        Auth::OAuth2(_) | Auth::Mcp(_) => vec!["access_token", "token_type"],
        Auth::Login(_) | Auth::ClientCredentials(_) => {
            let mut all = vec!["access_token", "token_type"];
            all.extend(typed(auth));
            all
        }
        Auth::ApiKey(_) | Auth::Jwt(_) => typed(auth),
    }
}

/// The values that the person types in.
pub(crate) fn typed(auth: &Auth) -> Vec<&str> {
    let fields = match auth {
        Auth::OAuth2(_) | Auth::Mcp(_) => return Vec::new(),
        Auth::ClientCredentials(_) => return vec!["client_id", "client_secret"],
        Auth::ApiKey(method) => &method.fields,
        Auth::Login(method) => &method.fields,
        Auth::Jwt(method) => &method.fields,
    };
    fields.iter().map(|field| field.name.as_str()).collect()
}
