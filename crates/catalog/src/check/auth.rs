//! The ways to sign in.

use std::collections::BTreeMap;

use super::choose::choose;
use super::login::bought;
use super::mcp::mcp;
use super::names::{self, Names, Site, fields};
use super::oauth2::oauth2;
use super::{Entries, headers, label, proof, query, text};
use crate::definition::Auth;
use crate::model::{ApiKeyAuth, AuthKind, AuthMethod, Check, CheckBody, EntryName, TypedKind};
use crate::report::{Place, Report};
use crate::template::Template;

pub(super) use super::fields::typed;

/// Checks all ways to sign in, except what is typed in: [`typed`] does that, last. `shared` are the headers and query
/// parameters of `api`, and the check of the definition.
pub(crate) fn methods(
    written: &[Auth],
    names: &Names<'_>,
    shared: &(Entries, Entries, Option<Check>),
    report: &mut Report<'_>,
) -> Vec<AuthMethod> {
    let list = Place::default().key("auth");
    if written.is_empty() {
        report.add(&list, "name at least one way to sign in");
    }
    let mut methods: Vec<AuthMethod> = Vec::new();
    for (index, auth) in written.iter().enumerate() {
        let place = list.index(index);
        let (id, title, kind) = match auth {
            Auth::OAuth2(method) => (&method.id, &method.title, oauth2(method, names, index, &place, report)),
            Auth::ApiKey(typed) => (&typed.id, &typed.title, Some(untyped(TypedKind::ApiKey))),
            Auth::Basic(typed) => (&typed.id, &typed.title, Some(untyped(TypedKind::Basic))),
            Auth::Form(typed) => (&typed.id, &typed.title, Some(untyped(TypedKind::Form))),
            Auth::Nothing(typed) => (&typed.id, &typed.title, Some(untyped(TypedKind::Nothing))),
            Auth::Login(method) | Auth::ClientCredentials(method) | Auth::Jwt(method) => {
                let kind = bought(method, names, index, &place, report);
                (&method.typed.id, &method.typed.title, kind)
            }
            Auth::Mcp(method) => (&method.id, &method.title, mcp(method, names, index, &place, report)),
        };
        label(title, &place.key("title"), report);
        let (of_server, none) = (bearer(auth), BTreeMap::new());
        let (own_headers, own_query) = match auth {
            Auth::OAuth2(method) => (&method.headers, &method.query),
            Auth::Mcp(_) => (&of_server, &none),
            Auth::Login(method) | Auth::ClientCredentials(method) | Auth::Jwt(method) => {
                (&method.typed.headers, &method.typed.query)
            }
            Auth::ApiKey(typed) | Auth::Basic(typed) | Auth::Form(typed) | Auth::Nothing(typed) => {
                (&typed.headers, &typed.query)
            }
        };
        let own_headers = headers(own_headers, names, Site::Method(index), &place.key("headers"), report);
        let own_query = query(own_query, names, Site::Method(index), &place.key("query"), report);
        let headers = merged(&shared.0, &own_headers, str::eq_ignore_ascii_case);
        let query = merged(&shared.1, &own_query, |left, right| left == right);
        let own_check = auth.typed().and_then(|typed| typed.check.as_deref());
        let check = match own_check {
            Some(own) => proof::check(own, names, Some(index), &place.key("check"), report),
            None => shared.2.clone(),
        };
        unused(
            (auth, kind.as_ref()),
            (&headers, &query, check.as_ref()),
            &place,
            report,
        );
        let choose = names::choose(auth).and_then(|written| {
            let place = place.key("choose");
            choose(written, names, index, (&headers, &query), &place, report)
        });
        let id = id.clone().unwrap_or_else(|| default_id(auth).to_owned());
        if !text::is_name(&id.replace('-', "_")) {
            report.add(
                &place.key("id"),
                format!("`{id}` is no id: lower-case letters, digits, `_` and `-`"),
            );
        }
        // Connections keep the id alone, and it tells what they are.
        if id.starts_with("oauth") != matches!(auth, Auth::OAuth2(_) | Auth::Mcp(_)) {
            let rule = if id.starts_with("oauth") {
                "only the id of an OAuth sign-in begins with `oauth`"
            } else {
                "the id of an OAuth sign-in begins with `oauth`, as `oauth2_user`"
            };
            report.add(
                &place.key("id"),
                format!("`{id}` says something else than its kind: {rule}"),
            );
        }
        if methods.iter().any(|other| other.id == id) {
            report.add(
                &place.key("id"),
                format!("two ways to sign in have the id `{id}`: give one another `id`"),
            );
        }
        if let Some(kind) = kind {
            methods.push(AuthMethod {
                id,
                title: title.clone(),
                kind,
                headers,
                query,
                check,
                choose,
            });
        }
    }
    methods
}

/// What is filled in by [`typed`].
fn untyped(kind: TypedKind) -> AuthKind {
    AuthKind::ApiKey(ApiKeyAuth {
        kind,
        fields: Vec::new(),
        help_url: None,
        sign: None,
        login: None,
    })
}

/// The headers of a server of tools: its tokens are Bearer tokens.
fn bearer(auth: &Auth) -> BTreeMap<String, String> {
    let Auth::Mcp(method) = auth else {
        return BTreeMap::new();
    };
    let mut all = method.headers.clone();
    all.entry("Authorization".to_owned())
        .or_insert_with(|| "Bearer ${credential.access_token}".to_owned());
    all
}

/// The id of a way to sign in that gives none.
fn default_id(auth: &Auth) -> &'static str {
    match auth {
        Auth::OAuth2(_) => "oauth2",
        Auth::ApiKey(_) => "api_key",
        Auth::Basic(_) => "basic",
        Auth::Form(_) => "form",
        Auth::Nothing(_) => "none",
        Auth::Login(_) => "login",
        Auth::ClientCredentials(_) => "client_credentials",
        Auth::Jwt(_) => "jwt",
        Auth::Mcp(_) => "oauth_mcp",
    }
}

/// The method's own entries win.
fn merged(shared: &Entries, own: &Entries, same: impl Fn(&str, &str) -> bool) -> Entries {
    let differs =
        |(name, _): &&(EntryName, Template)| !own.iter().any(|(other, _)| same(name.as_str(), other.as_str()));
    shared.iter().filter(differs).chain(own).cloned().collect()
}

/// A secret that is asked for and sent nowhere is a mistake.
fn unused(
    (auth, kind): (&Auth, Option<&AuthKind>),
    (headers, query, check): (&Entries, &Entries, Option<&Check>),
    place: &Place,
    report: &mut Report<'_>,
) {
    let mut sent: Vec<&Template> = headers.iter().chain(query).map(|(_, template)| template).collect();
    match check.and_then(|check| check.body.as_ref()) {
        Some(CheckBody::Json(json)) => sent.extend(json.templates()),
        Some(CheckBody::Form(form)) => sent.extend(form.iter().map(|(_, template)| template)),
        None => {}
    }
    if let Some(AuthKind::ApiKey(typed)) = kind {
        sent.extend(typed.login.iter().flat_map(|login| login.templates()));
        sent.extend(typed.sign.iter().flat_map(|sign| sign.templates()));
    }
    let named = |namespace: &str, path: &str| {
        let mut names = sent.iter().flat_map(|template| template.names());
        names.any(|name| name.namespace == namespace && name.path == path)
    };
    let used = |field: &str| named("credential", field);
    // A template with a mistake of its own is not among these.
    if report.problems.iter().any(|problem| {
        [".headers", ".query", ".body", ".form"]
            .iter()
            .any(|part| problem.at.contains(part))
    }) || kind.is_none()
    {
        return;
    }
    let signs = matches!(kind, Some(AuthKind::ApiKey(typed)) if typed.sign.is_some());
    if signs && !named("signed", "jwt") {
        report.add(
            place,
            "what is signed is sent nowhere: put `${signed.jwt}` into a header or a request",
        );
    }
    // The token type is no secret and seldom used.
    for field in fields(auth)
        .into_iter()
        .filter(|field| *field != "token_type" && !used(field))
    {
        report.add(
            place,
            format!("`credential.{field}` is sent nowhere: put it into a header, as `Bearer ${{credential.{field}}}`"),
        );
    }
}
