//! The ways to sign in.

use std::collections::BTreeMap;

use super::choose::choose;
use super::login::{client_credentials, jwt, login};
use super::mcp::mcp;
use super::names::{Names, Site, fields};
use super::oauth2::oauth2;
use super::{NamedTemplates, headers, label, link, pattern, templates, text};
use crate::definition as written;
use crate::definition::Auth;
use crate::model::{ApiKeyAuth, AuthKind, AuthMethod, FieldsKind, SecretField};
use crate::report::{Place, Report};

/// Checks all ways to sign in. `shared` are the headers and query parameters of `api`.
pub(crate) fn methods(
    written: &[Auth],
    names: &Names<'_>,
    shared: &(NamedTemplates, NamedTemplates),
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
            Auth::ApiKey(method) => (&method.id, &method.title, Some(api_key(method, &place, report))),
            Auth::Login(method) => (&method.id, &method.title, login(method, names, index, &place, report)),
            Auth::ClientCredentials(method) => (
                &method.id,
                &method.title,
                client_credentials(method, names, index, &place, report),
            ),
            Auth::Jwt(method) => (&method.id, &method.title, jwt(method, names, index, &place, report)),
            Auth::Mcp(method) => (&method.id, &method.title, mcp(method, names, index, &place, report)),
        };
        label(title, &place.key("title"), report);
        let none = BTreeMap::new();
        let (own_headers, own_query) = match auth {
            Auth::OAuth2(method) => (&method.headers, &method.query),
            Auth::ApiKey(method) => (&method.headers, &method.query),
            Auth::Login(method) => (&method.headers, &method.query),
            Auth::ClientCredentials(method) => (&method.headers, &method.query),
            Auth::Jwt(method) => (&method.headers, &method.query),
            Auth::Mcp(method) => (&bearer(&method.headers), &none),
        };
        let own_headers = headers(own_headers, names, Site::Method(index), &place.key("headers"), report);
        let own_query = templates(own_query, names, Site::Method(index), &place.key("query"), report);
        let headers = merged(&shared.0, &own_headers, str::eq_ignore_ascii_case);
        let query = merged(&shared.1, &own_query, |left, right| left == right);
        unused((auth, kind.as_ref()), &headers, &query, &place, report);
        let chosen = super::names::choose(auth);
        let choose = chosen.and_then(|written| {
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
                choose,
            });
        }
    }
    methods
}

/// A token of such a server is always a Bearer token.
fn bearer(headers: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = headers.clone();
    all.entry("Authorization".to_owned())
        .or_insert_with(|| "Bearer ${credential.access_token}".to_owned());
    all
}

/// The id of a way to sign in that gives none.
fn default_id(auth: &Auth) -> &'static str {
    match auth {
        Auth::OAuth2(_) => "oauth2",
        Auth::ApiKey(_) => "api_key",
        Auth::Login(_) => "login",
        Auth::ClientCredentials(_) => "client_credentials",
        Auth::Jwt(_) => "jwt",
        Auth::Mcp(_) => "oauth_mcp",
    }
}

/// The method's own entries win.
fn merged(shared: &NamedTemplates, own: &NamedTemplates, same: impl Fn(&str, &str) -> bool) -> NamedTemplates {
    let kept = shared
        .iter()
        .filter(|(name, _)| !own.iter().any(|(other, _)| same(name, other)));
    kept.cloned().chain(own.iter().cloned()).collect()
}

/// A secret that is asked for and sent nowhere is a mistake.
fn unused(
    (auth, kind): (&Auth, Option<&AuthKind>),
    headers: &NamedTemplates,
    query: &NamedTemplates,
    place: &Place,
    report: &mut Report<'_>,
) {
    let mut sent: Vec<_> = headers.iter().chain(query).map(|(_, template)| template).collect();
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
    if report
        .problems
        .iter()
        .any(|problem| problem.at.contains(".headers") || problem.at.contains(".query"))
        || kind.is_none()
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

fn api_key(written: &written::ApiKey, place: &Place, report: &mut Report<'_>) -> AuthKind {
    let fields = secret_fields(&written.fields, place, report);
    let help_url = written
        .help_url
        .as_ref()
        .and_then(|url| link(url, &place.key("help_url"), report));
    AuthKind::ApiKey(ApiKeyAuth {
        kind: FieldsKind::ApiKey,
        fields,
        help_url,
        sign: None,
        login: None,
    })
}

/// Checks the secrets that a way to sign in asks for.
pub(super) fn secret_fields(
    written: &[written::SecretField],
    place: &Place,
    report: &mut Report<'_>,
) -> Vec<SecretField> {
    let list = place.key("fields");
    if written.is_empty() {
        report.add(&list, "name at least one secret to ask for");
    }
    let mut fields: Vec<SecretField> = Vec::new();
    for (index, field) in written.iter().enumerate() {
        let place = list.index(index);
        if !text::is_name(&field.name) {
            let message = format!(
                "`{}` is no name: lower-case letters, digits and `_`, beginning with a letter",
                field.name
            );
            report.add(&place.key("name"), message);
        }
        if fields.iter().any(|other| other.name == field.name) {
            report.add(&place.key("name"), format!("the field `{}` stands twice", field.name));
        }
        label(&field.title, &place.key("title"), report);
        let pattern = field
            .pattern
            .as_deref()
            .and_then(|source| pattern(Some(source), &place, report));
        fields.push(SecretField {
            name: field.name.clone(),
            title: field.title.clone(),
            help: field.help.clone(),
            pattern,
            placeholder: field.placeholder.clone(),
        });
    }
    fields
}
