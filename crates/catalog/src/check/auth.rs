//! The ways to sign in.

use super::choose::choose;
use super::names::{Names, Site, fields};
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
        };
        label(title, &place.key("title"), report);
        let (own_headers, own_query) = match auth {
            Auth::OAuth2(method) => (&method.headers, &method.query),
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
        unused(auth, (&headers, &query, check.as_ref()), &place, report);
        let chosen = match auth {
            Auth::OAuth2(method) => method.choose.as_ref(),
            typed => typed.typed().and_then(|typed| typed.choose.as_deref()),
        };
        let choose = chosen.and_then(|written| {
            let place = place.key("choose");
            choose(written, names, index, (&headers, &query), &place, report)
        });
        let id = id.clone().unwrap_or_else(|| match (auth, &kind) {
            (Auth::OAuth2(_), _) | (_, None) => "oauth2".to_owned(),
            (_, Some(kind)) => kind.name().to_owned(),
        });
        if !text::is_name(&id.replace('-', "_")) {
            report.add(
                &place.key("id"),
                format!("`{id}` is no id: lower-case letters, digits, `_` and `-`"),
            );
        }
        // Connections keep the id alone, and it tells what they are.
        if id.starts_with("oauth") != matches!(auth, Auth::OAuth2(_)) {
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
    })
}

/// The method's own entries win.
fn merged(shared: &Entries, own: &Entries, same: impl Fn(&str, &str) -> bool) -> Entries {
    let differs =
        |(name, _): &&(EntryName, Template)| !own.iter().any(|(other, _)| same(name.as_str(), other.as_str()));
    shared.iter().filter(differs).chain(own).cloned().collect()
}

/// A secret that is asked for and sent nowhere is a mistake.
fn unused(
    auth: &Auth,
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
    let used = |field: &str| {
        let mut names = sent.iter().flat_map(|template| template.names());
        names.any(|name| name.namespace == "credential" && name.path == field)
    };
    // A template with a mistake of its own is not among these.
    if report.problems.iter().any(|problem| {
        [".headers", ".query", ".body", ".form"]
            .iter()
            .any(|part| problem.at.contains(part))
    }) {
        return;
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
