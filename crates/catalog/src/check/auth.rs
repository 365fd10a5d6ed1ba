//! The ways to sign in.

use std::collections::BTreeMap;

use super::calls::calls;
use super::choose::choose;
use super::login::bought;
use super::mcp::mcp;
use super::names::{self, Names, Site, fields};
use super::oauth2::oauth2;
use super::{Entries, headers, label, oauth1, proof, query, text};
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
        let (id, title, mut kind) = match auth {
            Auth::OAuth2(method) | Auth::Device(method) => {
                (&method.id, &method.title, oauth2(method, names, index, &place, report))
            }
            Auth::OAuth1(method) => (&method.id, &method.title, oauth1::oauth1(method, names, &place, report)),
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
        if let Some(calls) = auth.typed().and_then(|typed| typed.oauth1.as_deref()) {
            let calls = oauth1::calls(calls, names, index, &place.key("oauth1"), report);
            match (&mut kind, calls) {
                (Some(AuthKind::ApiKey(typed)), Some(calls)) => typed.oauth1 = Some(Box::new(calls)),
                _ => kind = None,
            }
        }
        let (of_server, none) = (bearer(auth), BTreeMap::new());
        let (own_headers, own_query) = match auth {
            Auth::OAuth2(method) | Auth::Device(method) => (&method.headers, &method.query),
            Auth::OAuth1(method) => (&method.headers, &method.query),
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
        let signing = match &kind {
            Some(AuthKind::OAuth1(oauth1)) => Some(&oauth1.signing),
            Some(AuthKind::ApiKey(typed)) => typed.oauth1.as_ref().map(|calls| &calls.signing),
            _ => None,
        };
        if let Some(signing) = signing {
            oauth1::alone(signing, &headers, &query, &place, report);
        }
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
        let asked = calls(
            names::calls(auth),
            (names, index),
            (&headers, &query),
            &place.key("calls"),
            report,
        );
        bound((kind.as_ref(), &headers), &place, report);
        let choose = names::choose(auth).and_then(|written| {
            let place = place.key("choose");
            choose(written, names, index, (&headers, &query), &place, report)
        });
        let id = id.clone().unwrap_or_else(|| default_id(auth).to_owned());
        check_id(&id, auth, &methods, &place.key("id"), report);
        if let Some(kind) = kind {
            methods.push(AuthMethod {
                id,
                title: title.clone(),
                kind,
                headers,
                query,
                check,
                calls: asked,
                choose,
                destinations: std::collections::BTreeSet::new(),
            });
        }
    }
    methods
}

/// Connections keep the id alone, and it tells what they are.
fn check_id(id: &str, auth: &Auth, before: &[AuthMethod], place: &Place, report: &mut Report<'_>) {
    if !text::is_name(&id.replace('-', "_")) {
        report.add(
            place,
            format!("`{id}` is no id: lower-case letters, digits, `_` and `-`"),
        );
    }
    let is_oauth = matches!(auth, Auth::OAuth2(_) | Auth::Device(_) | Auth::OAuth1(_) | Auth::Mcp(_));
    if id.starts_with("oauth") != is_oauth {
        let rule = if is_oauth {
            "the id of an OAuth sign-in begins with `oauth`, as `oauth2_user`"
        } else {
            "only the id of an OAuth sign-in begins with `oauth`"
        };
        report.add(place, format!("`{id}` says something else than its kind: {rule}"));
    }
    if before.iter().any(|other| other.id == id) {
        report.add(
            place,
            format!("two ways to sign in have the id `{id}`: give one another `id`"),
        );
    }
}

/// What is filled in by [`typed`].
fn untyped(kind: TypedKind) -> AuthKind {
    AuthKind::ApiKey(ApiKeyAuth {
        kind,
        fields: Vec::new(),
        help_url: None,
        sign: None,
        login: None,
        oauth1: None,
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
        Auth::Device(_) => "oauth2_device",
        Auth::OAuth1(_) => "oauth1",
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

/// A token that is bound to a key is no Bearer token (RFC 9449 §7.1).
fn bound((kind, headers): (Option<&AuthKind>, &Entries), place: &Place, report: &mut Report<'_>) {
    if !matches!(kind, Some(AuthKind::OAuth2(oauth2)) if oauth2.dpop) {
        return;
    }
    let is_bound = headers.iter().any(|(name, template)| {
        name.as_str().eq_ignore_ascii_case("authorization")
            && template
                .literals()
                .next()
                .is_some_and(|start| start.starts_with("DPoP "))
    });
    if !is_bound {
        report.add(
            &place.key("dpop"),
            "a token that is bound to a key is sent so: write `headers: { Authorization: \"DPoP ${credential.access_token}\" }`",
        );
    }
    if headers
        .iter()
        .any(|(name, _)| name.as_str().eq_ignore_ascii_case("dpop"))
    {
        report.add(
            &place.key("headers"),
            "the header `DPoP` is made for each call: leave it out",
        );
    }
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
        sent.extend(typed.oauth1.iter().flat_map(|calls| calls.templates()));
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
