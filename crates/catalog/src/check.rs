//! From the written form to the checked one. Every mistake is reported; only a definition without any comes through.

mod actions;
mod auth;
mod choose;
mod learn;
mod login;
mod mcp;
mod names;
mod oauth2;
mod text;
mod variables;

use std::collections::BTreeMap;

use self::names::{Names, Site};
pub(crate) use self::text::variable_value;
use crate::definition as written;
use crate::model::{Api, Check, CheckMethod, CheckTarget, Integration, IntegrationId, Variable};
use crate::report::{Place, Report};
use crate::template::{Slot, Template};

/// Named templates, as headers or parameters are.
pub(crate) type NamedTemplates = Vec<(String, Template)>;

/// Headers that belong to the connection or to the caller.
const FORBIDDEN_HEADERS: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Checks a definition.
pub(crate) fn definition(written: written::Definition, report: &mut Report<'_>) -> Option<Integration> {
    let root = Place::default();
    identity(&written, report);
    let names = Names::new(&written);
    let docs = link(&written.docs, &root.key("docs"), report);
    let sources: Vec<_> = written
        .sources
        .iter()
        .enumerate()
        .filter_map(|(index, source)| link(source, &root.key("sources").index(index), report))
        .collect();
    if written.api.base_url.contains('?') {
        report.add(
            &root.key("api").key("base_url"),
            "write the parameters under `api.query`, not in the address",
        );
    }
    let base_url = names.url(
        &written.api.base_url,
        Site::Api,
        &root.key("api").key("base_url"),
        report,
    );
    let place = root.key("api");
    let headers = headers(&written.api.headers, &names, Site::Api, &place.key("headers"), report);
    let query = templates(&written.api.query, &names, Site::Api, &place.key("query"), report);
    let shared = (headers, query);
    let auth = auth::methods(&written.auth, &names, &shared, report);
    let check = written
        .check
        .as_ref()
        .map(|check| self::check(check, &names, &root.key("check"), report));
    let variables: BTreeMap<String, Variable> = written
        .variables
        .iter()
        .filter_map(|(name, variable)| {
            let checked = variables::variable(
                name,
                variable,
                &names.in_hosts(),
                &root.key("variables").key(name),
                report,
            )?;
            Some((name.clone(), checked))
        })
        .collect();
    let actions = actions::actions(&written.actions, report);
    if !report.problems.is_empty() {
        return None;
    }
    let (headers, query) = shared;
    Some(Integration {
        id: IntegrationId(written.id),
        name: written.name,
        description: written.description,
        categories: written.categories,
        aliases: written.aliases,
        docs: docs?,
        logo: written.logo,
        variables,
        auth,
        api: Api {
            base_url: base_url?,
            headers,
            query,
        },
        check: match check {
            None => None,
            Some(check) => Some(check?),
        },
        sources,
        environments: written
            .environments
            .iter()
            .map(|environment| match environment {
                written::Environment::Test => "test".to_owned(),
                written::Environment::Live => "live".to_owned(),
            })
            .collect(),
        actions,
    })
}

/// Id, names, lists.
fn identity(written: &written::Definition, report: &mut Report<'_>) {
    let root = Place::default();
    if !text::is_id(&written.id) {
        report.add(
            &root.key("id"),
            format!(
                "`{}` is no id: at most 63 lower-case letters, digits and single hyphens, as `google-calendar`",
                written.id
            ),
        );
    }
    label(&written.name, &root.key("name"), report);
    label(&written.description, &root.key("description"), report);
    if let Some(logo) = &written.logo
        && !text::is_id(logo)
    {
        report.add(
            &root.key("logo"),
            format!("`{logo}` is no logo: the file's name without its ending, as `slack`"),
        );
    }
    for (name, list) in [("categories", &written.categories), ("aliases", &written.aliases)] {
        for (index, entry) in list.iter().enumerate() {
            let place = root.key(name).index(index);
            label(entry, &place, report);
            if list[..index].contains(entry) {
                report.add(&place, format!("`{entry}` stands twice"));
            }
        }
    }
    if written.sources.is_empty() {
        report.add(
            &root.key("sources"),
            "name at least one document of the provider that the definition was written from",
        );
    }
    let place = root.key("environments");
    if written.environments.is_empty() {
        report.add(&place, "name at least one environment: `test`, `live`");
    }
    for (index, environment) in written.environments.iter().enumerate() {
        if written.environments[..index].contains(environment) {
            report.add(&place.index(index), "this environment stands twice");
        }
    }
}

/// A text for people.
fn label(text: &str, place: &Place, report: &mut Report<'_>) {
    if text.trim().is_empty() {
        report.add(place, "the text is empty");
    } else if text.chars().count() > 500 {
        report.add(place, "the text is longer than 500 characters");
    } else if text.chars().any(char::is_control) {
        report.add(place, "the text has a line break or another control character");
    }
}

fn link(text: &str, place: &Place, report: &mut Report<'_>) -> Option<url::Url> {
    text::link(text).map_err(|message| report.add(place, message)).ok()
}

fn pattern(source: Option<&str>, place: &Place, report: &mut Report<'_>) -> Option<regex::Regex> {
    text::pattern(source)
        .map_err(|message| report.add(&place.key("pattern"), message))
        .ok()
}

/// Parses named templates and checks the inputs that they name.
pub(crate) fn templates(
    written: &BTreeMap<String, String>,
    names: &Names<'_>,
    site: Site,
    place: &Place,
    report: &mut Report<'_>,
) -> NamedTemplates {
    let parse = |(name, source): (&String, &String)| {
        let below = place.key(name);
        if name.is_empty() {
            report.add(&below, "the name is empty");
        }
        Some((name.clone(), names.template(source, site, &below, report)?))
    };
    written.iter().filter_map(parse).collect()
}

/// The same for headers, whose names and literals have rules of their own.
pub(crate) fn headers(
    written: &BTreeMap<String, String>,
    names: &Names<'_>,
    site: Site,
    place: &Place,
    report: &mut Report<'_>,
) -> NamedTemplates {
    let templates = templates(written, names, site, place, report);
    for (index, (name, template)) in templates.iter().enumerate() {
        let place = place.key(name);
        let lower = name.to_ascii_lowercase();
        if !text::is_header_name(name) {
            report.add(&place, format!("`{name}` is no header name"));
        } else if FORBIDDEN_HEADERS.contains(&lower.as_str()) || lower.starts_with("proxy-") {
            report.add(
                &place,
                format!("the header `{name}` belongs to the connection and cannot be set"),
            );
        } else if templates[..index]
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            report.add(&place, format!("the header `{name}` stands twice"));
        }
        if template
            .literals()
            .any(|literal| crate::template::encode(literal, Slot::Header).is_err())
        {
            report.add(&place, "a header can only have visible ASCII characters and spaces");
        }
    }
    templates
}

/// A JSON pointer (RFC 6901).
pub(crate) fn pointer(written: Option<&String>, place: &Place, report: &mut Report<'_>) -> Option<String> {
    let pointer = written?;
    if !pointer.starts_with('/') || pointer.len() < 2 {
        report.add(
            place,
            format!("`{pointer}` is no JSON pointer: write `/` and the key, as `/ok`"),
        );
    }
    Some(pointer.clone())
}

/// A call that a definition makes by itself: either `get` or `post`, to a path behind the base address or a whole one.
pub(crate) struct Call<'a> {
    /// As `check`.
    pub(crate) name: &'static str,
    pub(crate) get: Option<&'a String>,
    pub(crate) post: Option<&'a String>,
    pub(crate) has_body: bool,
    pub(crate) site: Site,
}

/// Method and target of such a call; `None` for either was reported.
pub(crate) fn call(
    call: &Call<'_>,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<(CheckMethod, Option<CheckTarget>)> {
    let (method, target, key) = match (call.get, call.post) {
        (Some(target), None) => (CheckMethod::Get, target, "get"),
        (None, Some(target)) => (CheckMethod::Post, target, "post"),
        _ => {
            report.add(place, format!("`{}` needs either `get` or `post`", call.name));
            return None;
        }
    };
    if call.has_body && method == CheckMethod::Get {
        report.add(&place.key("body"), "a `get` has no body");
    }
    let at = place.key(key);
    let target = if target.starts_with('/') {
        check_path(target, &at, report).map(CheckTarget::Path)
    } else {
        names.url(target, call.site, &at, report).map(CheckTarget::Url)
    };
    Some((method, target))
}

fn check(written: &written::Check, names: &Names<'_>, place: &Place, report: &mut Report<'_>) -> Option<Check> {
    let asked = Call {
        name: "check",
        get: written.get.as_ref(),
        post: written.post.as_ref(),
        has_body: written.body.is_some(),
        site: Site::Check,
    };
    let (method, target) = call(&asked, names, place, report)?;
    let ok_pointer = pointer(written.ok.as_ref(), &place.key("ok"), report);
    let account = place.key("account");
    let mut account_template = |source: &Option<String>, key: &str| {
        source
            .as_ref()
            .map(|source| names.template(source, Site::Account, &account.key(key), report))
    };
    let account_id = account_template(&written.account.id, "id");
    let account_name = account_template(&written.account.name, "name");
    Some(Check {
        method,
        target: target?,
        body: written.body.clone(),
        account_id: account_id.flatten(),
        account_name: account_name.flatten(),
        ok_pointer,
    })
}

fn check_path(path: &str, place: &Place, report: &mut Report<'_>) -> Option<String> {
    let plain = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\#".contains(&byte));
    if path.contains("${") {
        report.add(place, "a path here is fixed: it takes no inputs");
    } else if path.starts_with("//") || !plain || path.split(['/', '?']).any(|segment| matches!(segment, "." | "..")) {
        report.add(
            place,
            format!("`{path}` is no plain path: no `//` at its start, no `.` or `..` segment, no `#`"),
        );
    } else {
        return Some(path.to_owned());
    }
    None
}
