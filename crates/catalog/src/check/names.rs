//! Which inputs a template may name, and where.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) use super::site::Site;
use crate::definition as written;
use crate::definition::{Auth, Definition, VariableType};
use crate::model::{EntryName, HostCase, Uses};
use crate::report::{Place, Report};
use crate::suggest;
use crate::template::{Name, PathTemplate, Template, UrlTemplate};

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

/// The names of one definition.
pub(crate) struct Names<'a> {
    pub(super) definition: &'a Definition,
    /// The plain fields of each way to sign in.
    plain: Vec<BTreeMap<&'a str, written::Variable>>,
    /// Variables that were found where a value obeys more than its own rules.
    uses: RefCell<BTreeMap<String, Uses>>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(definition: &'a Definition) -> Self {
        let plain = |auth: &'a Auth| {
            let fields = auth.fields().iter().filter(|field| !field.secret);
            fields.map(|field| (field.name.as_str(), field.variable())).collect()
        };
        Self {
            definition,
            plain: definition.auth.iter().map(plain).collect(),
            uses: RefCell::default(),
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
        for (name, case) in url.host_inputs() {
            let fits = |variable: &&written::Variable| {
                matches!(variable.kind, VariableType::Text | VariableType::Choice) && variable.other.is_none()
            };
            if name.namespace != "variables" || !self.declared(&name.path).iter().all(fits) {
                report.add(
                    place,
                    format!("`{name}` cannot stand in a host: only a variable that is a text or a choice can"),
                );
                return None;
            }
            let mut uses = self.uses.borrow_mut();
            let host = &mut uses.entry(name.path.clone()).or_default().host;
            // As written is the stricter one.
            *host = Some(if *host == Some(HostCase::AsWritten) {
                HostCase::AsWritten
            } else {
                case
            });
        }
        Some(url)
    }

    /// The same for a path behind the base address.
    pub(crate) fn path(
        &self,
        source: &str,
        site: Site,
        place: &Place,
        report: &mut Report<'_>,
    ) -> Option<PathTemplate> {
        let template = self.parse(source, site, true, place, report)?;
        PathTemplate::new(template, |name| self.is_path(name))
            .map_err(|error| report.add(place, error.0))
            .ok()
    }

    /// Whether a target is a path behind the base address, and no whole one.
    pub(crate) fn is_path_target(&self, target: &str) -> bool {
        target.starts_with('/')
            || Template::parse(target)
                .is_ok_and(|template| template.names().first().is_some_and(|name| self.is_path(name)))
    }

    fn is_path(&self, name: &Name) -> bool {
        let declared = self.declared(&name.path);
        name.namespace == "variables" && declared.iter().any(|variable| variable.kind == VariableType::Path)
    }

    /// The name of a header or parameter, where an input may stand that is no secret.
    pub(crate) fn entry_name(
        &self,
        source: &str,
        site: Site,
        is_header: bool,
        place: &Place,
        report: &mut Report<'_>,
    ) -> Option<EntryName> {
        let template = self.parse(source, site, false, place, report)?;
        if is_header {
            for name in template.names() {
                self.uses.borrow_mut().entry(name.path.clone()).or_default().header_name = true;
            }
        }
        Some(EntryName(template))
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
        if is_url && let Some(name) = template.bare_braces() {
            let message = format!(
                "`{{{name}}}` stands for nothing here: inputs are written `${{variables.{name}}}`, with the variable declared"
            );
            report.add(place, message);
            return None;
        }
        let mut right = true;
        for name in template.names() {
            if let Err((message, suggestion)) = self.name(name, site, is_url) {
                report.add_with(place, message, suggestion);
                right = false;
            }
        }
        if !right {
            return None;
        }
        let absent = template.needed().into_iter().find(|name| self.is_optional(name));
        match absent.cloned() {
            None => Some(template),
            Some(_) if site.leaves_out() && !is_url => Some(template.left_out_when_absent()),
            Some(_) if matches!(site, Site::Account | Site::MethodAccount(_)) => Some(template),
            Some(name) => {
                let message = format!(
                    "`{name}` is optional and may be absent here; only a header, a parameter of API calls or the body of a \
                     check is left out then. Take `optional` away, or write a `default` in its place"
                );
                report.add(place, message);
                None
            }
        }
    }

    fn is_optional(&self, name: &Name) -> bool {
        let path = name.path.as_str();
        match name.namespace.as_str() {
            "variables" => self.declared(path).iter().any(|variable| variable.optional),
            "credential" => {
                let mut fields = self.definition.auth.iter().flat_map(Auth::fields);
                fields.any(|field| field.secret && field.optional && field.name == path)
            }
            _ => false,
        }
    }

    /// Where a field is, of which only the other kind exists.
    fn other_kind(&self, name: &Name) -> Option<String> {
        let path = name.path.as_str();
        let plain = !self.declared(path).is_empty();
        let secret = self.definition.auth.iter().any(|auth| fields(auth).contains(&path));
        match name.namespace.as_str() {
            "credential" if plain && !secret => Some(format!("variables.{path}")),
            "variables" if secret && !plain => Some(format!("credential.{path}")),
            _ => None,
        }
    }

    /// What is declared under a name: for every way to sign in, or as a plain field of some.
    pub(super) fn declared(&self, name: &str) -> Vec<&written::Variable> {
        let shared = self.definition.variables.get(name);
        let plain = self.plain.iter().filter_map(|fields| fields.get(name));
        shared.into_iter().chain(plain).collect()
    }

    fn name(&self, name: &Name, site: Site, is_url: bool) -> Result<(), (String, Option<String>)> {
        let namespace = name.namespace.as_str();
        if !NAMESPACES.contains(&namespace) {
            let allowed = site.namespaces(is_url);
            let message = format!("there is no `{namespace}`; known here are {}", allowed.join(", "));
            return Err((message, suggest::nearest(namespace, allowed.iter().copied())));
        }
        let is_marked = |variable: &&written::Variable| variable.secret == Some(true);
        let secret = namespace == "credential"
            || (namespace == "app" && name.path == "client_secret")
            || (namespace == "variables" && self.declared(&name.path).iter().any(is_marked));
        if secret && (is_url || matches!(site, Site::AuthorizeParameter)) {
            let message =
                format!("`{name}` is a secret, which never stands in an address: use a header or `api.query`");
            return Err((message, None));
        }
        let token_parameter = matches!(
            site,
            Site::TokenParameter
                | Site::TokenHeader
                | Site::DeviceParameter
                | Site::DeviceThen
                | Site::ThenParameter
                | Site::RefreshParameter(_)
                | Site::SignedIn(_)
                | Site::AppLogin(_)
        );
        if namespace == "app" && name.path == "client_secret" && !token_parameter {
            let message =
                format!("`{name}` is for the token endpoint only: use it in `token.params` or `refresh.params`");
            return Err((message, None));
        }
        if let Some(right) = self.other_kind(name) {
            let message = match namespace {
                "credential" => format!("`{}` is no secret but a variable", name.path),
                _ => format!("`{}` is a secret, which is part of the credential", name.path),
            };
            return Err((message, Some(right)));
        }
        let allowed = site.namespaces(is_url);
        if !allowed.contains(&namespace) {
            // What a token answer has is kept, and sent, under a name of its own.
            let kept =
                (namespace == "token" && allowed.contains(&"credential")).then(|| "credential.access_token".to_owned());
            return Err((
                format!("`{name}` is not known here; known are {}", allowed.join(", ")),
                kept,
            ));
        }
        let known: Vec<&str> = match namespace {
            "variables" => self.variables(name, site)?,
            "credential" => self.credential(name, site)?,
            "app" if matches!(site, Site::AppLogin(_)) => vec!["client_id", "client_secret", "client_assertion"],
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
        let suggestion = suggest::nearest_name(&name.path, known)
            .map(|found| format!("{namespace}.{found}"))
            .or_else(|| self.nearest_of_other_kind(name));
        let mut message = format!("there is no `{name}` here; there is {listed}");
        if namespace == "variables" && suggestion.is_none() {
            let _ = write!(
                message,
                ". Declare it: `variables: {{ {}: {{ title: … }} }}`",
                name.path
            );
        }
        Err((message, suggestion))
    }

    /// A name like this one that is a secret in place of a variable, or the other way round.
    fn nearest_of_other_kind(&self, name: &Name) -> Option<String> {
        let ways = 0..self.definition.auth.len();
        let (namespace, names): (&str, Vec<&str>) = match name.namespace.as_str() {
            "variables" => ("credential", self.definition.auth.iter().flat_map(secrets).collect()),
            "credential" => (
                "variables",
                ways.flat_map(|index| self.own(index))
                    .chain(self.definition.variables.keys().map(String::as_str))
                    .collect(),
            ),
            _ => return None,
        };
        suggest::nearest_name(&name.path, names).map(|found| format!("{namespace}.{found}"))
    }

    /// Declared variables, those of a way to sign in, and learnt ones where a token has been received whichever way one
    /// signed in.
    fn variables(&self, name: &Name, site: Site) -> Result<Vec<&'a str>, (String, Option<String>)> {
        let ways = 0..self.definition.auth.len();
        let mut names: Vec<&str> = self.definition.variables.keys().map(String::as_str).collect();
        let wanted = name.path.as_str();
        let somewhere = ways.clone().any(|index| self.own(index).contains(&wanted));
        if self.is_declared(wanted) || !somewhere {
            names.extend(
                ways.flat_map(|index| self.own(index))
                    .filter(|name| !self.is_declared(name)),
            );
            names.dedup();
            return Ok(names);
        }
        // Revocation has to work for a grant that is given up before these calls.
        let later = match site {
            Site::SignedIn(index) => Some((index, 0)),
            Site::Calls(index, number) => Some((index, number)),
            _ => None,
        };
        if let Some((index, number)) = later
            && let Some(auth) = self.definition.auth.get(index)
            && calls(auth)
                .iter()
                .skip(number)
                .any(|call| call.learn.contains_key(wanted))
        {
            return Err((
                format!("`{name}` is learnt by a call after the sign-in, which may not be made yet"),
                None,
            ));
        }
        // Nor does it wait for the choice.
        if let Site::Calls(index, _) | Site::Choose(index) | Site::SignedIn(index) = site
            && let Some(chosen) = self.definition.auth.get(index).and_then(choose)
            && chosen.learn.contains_key(wanted)
        {
            return Err((
                format!("`{name}` is set by the choice, which may not be made yet"),
                None,
            ));
        }
        self.own_at(name, site)
    }

    /// The ways to sign in that a place is for. The check is for those without one of their own.
    fn ways(&self, site: Site) -> impl Iterator<Item = usize> {
        let auth = self.definition.auth.iter().enumerate();
        let has_own = |auth: &Auth| auth.typed().is_some_and(|typed| typed.check.is_some());
        auth.filter(move |(_, auth)| !matches!(site, Site::Check | Site::Account) || !has_own(auth))
            .map(|(index, _)| index)
    }

    /// The variables that only a way to sign in has: its plain fields, and what it learns.
    fn own(&self, index: usize) -> Vec<&'a str> {
        let learned = self.definition.auth.get(index).map(kept).unwrap_or_default();
        let plain = self.plain.get(index).into_iter().flat_map(BTreeMap::keys).copied();
        learned.into_iter().map(|(name, _)| name).chain(plain).collect()
    }

    /// Those at a site, where this one is of some way to sign in.
    fn own_at(&self, name: &Name, site: Site) -> Result<Vec<&'a str>, (String, Option<String>)> {
        let ways = 0..self.definition.auth.len();
        let wanted = name.path.as_str();
        let is_field = self.plain.iter().any(|fields| fields.contains_key(wanted));
        let without = match site {
            Site::SignIn
            | Site::SignInFragment
            | Site::AuthorizeParameter
            | Site::TokenParameter
            | Site::TokenHeader
            | Site::ThenParameter
                if is_field =>
            {
                return Err((format!("`{name}` is a field of another way to sign in"), None));
            }
            Site::SignIn
            | Site::SignInFragment
            | Site::AuthorizeParameter
            | Site::TokenParameter
            | Site::TokenHeader
            | Site::ThenParameter => {
                return Err((
                    format!("`{name}` is learnt from the token answer, which is not there yet"),
                    None,
                ));
            }
            // Before the log-in nothing is learnt; its own fields are there.
            Site::Login(index) | Site::AppLogin(index) | Site::Sign(index) => {
                let fields = self.plain.get(index).is_some_and(|fields| fields.contains_key(wanted));
                if !is_field {
                    return Err((
                        format!("`{name}` is learnt from the token answer, which is not there yet"),
                        None,
                    ));
                }
                (!fields).then_some(index)
            }
            Site::Method(index)
            | Site::MethodCheck(index)
            | Site::MethodAccount(index)
            | Site::MethodEntryName(index)
            | Site::SignedIn(index)
            | Site::RefreshParameter(index)
            | Site::Calls(index, _)
            | Site::Choose(index) => (!self.own(index).contains(&wanted)).then_some(index),
            _ => self.ways(site).find(|index| !self.own(*index).contains(&wanted)),
        };
        match without {
            Some(index) if is_field => Err((
                format!("`auth[{index}]` has no field `{wanted}`: move this under the way to sign in that has it"),
                None,
            )),
            Some(index) => Err((
                format!("`auth[{index}]` does not learn `{name}`, so it has no value there"),
                None,
            )),
            None => Ok(ways.flat_map(|index| self.own(index)).collect()),
        }
    }

    /// Fields of the credential. What stands in `api` must be there for every way to sign in.
    fn credential(&self, name: &Name, site: Site) -> Result<Vec<&'a str>, (String, Option<String>)> {
        match site {
            Site::Method(index) | Site::MethodCheck(index) | Site::Calls(index, _) => {
                return Ok(self.definition.auth.get(index).map(fields).unwrap_or_default());
            }
            Site::Login(index) | Site::Sign(index) => {
                return Ok(self.definition.auth.get(index).map(secrets).unwrap_or_default());
            }
            _ => {}
        }
        let wanted = name.path.as_str();
        let all = &self.definition.auth;
        let mut without = self
            .ways(site)
            .filter_map(|index| Some((index, all.get(index)?)))
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
        let Some(bought) = self.definition.auth.get(index).and_then(Auth::bought) else {
            return Vec::new();
        };
        bought
            .requests()
            .iter()
            .flat_map(|request| request.keep.keys())
            .map(String::as_str)
            .collect()
    }

    /// What is signed for this site.
    fn signed(&self, site: Site) -> Vec<&'a str> {
        let (Site::Login(index) | Site::Method(index) | Site::MethodCheck(index)) = site else {
            return Vec::new();
        };
        let auth = self.definition.auth.get(index);
        let signs = auth
            .and_then(Auth::bought)
            .is_some_and(|bought| bought.sign().is_some());
        // The signature of a log-in is for its requests.
        let here = matches!(site, Site::Login(_)) || matches!(auth, Some(Auth::Jwt(_)));
        if signs && here { vec!["jwt"] } else { Vec::new() }
    }

    /// Where a variable stands in the texts that were checked so far.
    pub(crate) fn uses(&self, name: &str) -> Uses {
        self.uses.borrow().get(name).copied().unwrap_or_default()
    }

    /// Whether the base address names one of these variables.
    pub(crate) fn base_names(&self, is_one: &dyn Fn(&str) -> bool) -> bool {
        let base = Template::parse(&self.definition.api.base_url);
        base.is_ok_and(|base| {
            let mut names = base.names().into_iter();
            names.any(|name| name.namespace == "variables" && is_one(&name.path))
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
            .any(|auth| matches!(auth, Auth::OAuth2(method) | Auth::Device(method) if method.discover.is_some()))
    }
}

/// The list to choose from of a way to sign in.
pub(super) fn choose(auth: &Auth) -> Option<&written::Choose> {
    match auth {
        Auth::OAuth2(method) | Auth::Device(method) => method.choose.as_ref(),
        Auth::OAuth1(method) => method.choose.as_ref(),
        other => other.typed().and_then(|typed| typed.choose.as_deref()),
    }
}

/// The calls after the sign-in that learn more.
pub(super) fn calls(auth: &Auth) -> &[written::LearningCall] {
    match auth {
        Auth::OAuth2(method) => &method.calls,
        Auth::OAuth1(method) => &method.calls,
        _ => &[],
    }
}

/// What a way to sign in keeps with its connections: what it learns, and what a choice sets.
pub(super) fn kept(auth: &Auth) -> Vec<(&str, &written::Learn)> {
    let learned = match auth {
        Auth::OAuth2(method) | Auth::Device(method) => Some(&method.learn),
        Auth::OAuth1(method) => Some(&method.learn),
        Auth::Mcp(method) => Some(&method.learn),
        other => other.bought().map(|bought| &bought.learn),
    };
    let chosen = choose(auth).map(|choose| &choose.learn);
    let called = calls(auth).iter().map(|call| &call.learn);
    let all = learned.into_iter().chain(called).chain(chosen).flatten();
    all.map(|(name, learn)| (name.as_str(), learn)).collect()
}

/// The fields of a credential.
pub(crate) fn fields(auth: &Auth) -> Vec<&str> {
    match auth {
        Auth::OAuth2(_) | Auth::Device(_) | Auth::Mcp(_) => vec!["access_token", "token_type"],
        // Its token signs, and is sent with the signature alone.
        Auth::OAuth1(_) => Vec::new(),
        Auth::Login(_) | Auth::ClientCredentials(_) => {
            let mut all = vec!["access_token", "token_type"];
            all.extend(secrets(auth));
            all
        }
        typed => secrets(typed),
    }
}

/// The secrets that the person types in.
fn secrets(auth: &Auth) -> Vec<&str> {
    let secrets = auth.fields().iter().filter(|field| field.secret);
    secrets.map(|field| field.name.as_str()).collect()
}
