//! From the written form to the checked one. Every mistake is reported; only a definition without any comes through.

mod actions;
mod auth;
mod calls;
mod choose;
mod fields;
mod hostable;
mod learn;
mod login;
mod mcp;
mod names;
mod oauth1;
mod oauth2;
mod origin;
mod proof;
mod site;
mod sources;
mod text;
mod variables;

use std::collections::BTreeMap;

use self::names::{Names, Site};
use self::proof::{Call, call, pointer};
pub use self::text::is_allowed_header;
pub(crate) use self::text::{is_id, variable_value};
use crate::definition as written;
use crate::model::{Api, AuthKind, EntryName, Integration, IntegrationId, Origin, Variable};
use crate::report::{Place, Report};
use crate::template::{Slot, Template};

/// Named templates, as headers or parameters are.
pub(crate) type NamedTemplates = Vec<(String, Template)>;

/// The same with names that may hold inputs.
pub(crate) type Entries = Vec<(EntryName, Template)>;

/// Checks a definition; `whole` is the same as JSON.
pub(crate) fn definition(
    written: written::Definition,
    whole: &serde_json::Value,
    report: &mut Report<'_>,
) -> Option<Integration> {
    let root = Place::default();
    identity(&written, report);
    let names = Names::new(&written);
    let docs = link(&written.docs, &root.key("docs"), report);
    let sources = sources::sources(&written.sources, whole, report);
    sources::unconfirmed(&written.unconfirmed, &sources, whole, report);
    sources::check_off(&written, report);
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
    let query = query(&written.api.query, &names, Site::Api, &place.key("query"), report);
    text::hosts(&written.api.hosts, &place.key("hosts"), report);
    let check = written
        .check
        .as_ref()
        .map(|check| proof::check(check, &names, None, &root.key("check"), report));
    let shared = (headers, query, check.clone().flatten());
    let methods = auth::methods(&written.auth, &names, &shared, report);
    // Last, when it is known where each value stands.
    let typed = auth::typed(&written.auth, &names, report);
    let variables: BTreeMap<String, Variable> = written
        .variables
        .iter()
        .filter_map(|(name, variable)| {
            let place = root.key("variables").key(name);
            let checked = variables::variable(name, variable, names.uses(name), &place, report)?;
            Some((name.clone(), checked))
        })
        .collect();
    let actions = actions::actions(&written.actions, report);
    if !report.problems.is_empty() {
        return None;
    }
    let (headers, query, _) = shared;
    let mut auth = Vec::new();
    for (mut method, typed) in methods.into_iter().zip(typed) {
        if let (Some(typed), AuthKind::ApiKey(own)) = (typed, &mut method.kind) {
            (own.fields, own.help_url) = (typed.fields, typed.help_url);
        }
        auth.push(method);
    }
    let mut integration = Integration {
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
            hosts: written.api.hosts,
            headers,
            query,
        },
        check: match check {
            None => None,
            Some(check) => Some(check?),
        },
        sources,
        unconfirmed: written.unconfirmed,
        confidence: sources::confidence(written.confidence),
        check_off_reason: written.check_off_reason,
        origin: Origin {
            overrides: written.overrides,
            ..Origin::default()
        },
        environments: written
            .environments
            .iter()
            .map(|environment| match environment {
                written::Environment::Test => "test".to_owned(),
                written::Environment::Live => "live".to_owned(),
            })
            .collect(),
        actions,
    };
    crate::destinations::fill_in(&mut integration);
    Some(integration)
}

/// Id, names, lists.
fn identity(written: &written::Definition, report: &mut Report<'_>) {
    let root = Place::default();
    if !text::is_id(&written.id) {
        report.add(
            &root.key("id"),
            format!(
                "`{}` is no id: at most 63 lower-case letters, digits and single hyphens, as `acme-calendar`",
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
            format!("`{logo}` is no logo: the file's name without its ending, as `acme`"),
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
) -> Entries {
    let headers = entries(written, names, (site, true), place, report);
    for (index, (name, template)) in headers.iter().enumerate() {
        let place = place.key(name.as_str());
        let literal: String = name.template().literals().collect();
        let fixed = name.template().literal().is_some();
        if (fixed || !literal.is_empty()) && !text::is_header_name(&literal) {
            report.add(&place, format!("`{name}` is no header name"));
        } else if fixed && !is_allowed_header(&literal) {
            report.add(
                &place,
                format!("the header `{name}` belongs to the connection and cannot be set"),
            );
        } else if headers[..index]
            .iter()
            .any(|(other, _)| other.as_str().eq_ignore_ascii_case(name.as_str()))
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
    headers
}

/// The same for requests of a sign-in, whose names are fixed.
pub(crate) fn fixed_headers(
    written: &BTreeMap<String, String>,
    names: &Names<'_>,
    site: Site,
    place: &Place,
    report: &mut Report<'_>,
) -> NamedTemplates {
    let all = headers(written, names, site, place, report);
    let fixed = |(name, template): (EntryName, Template)| {
        if name.template().literal().is_none() {
            report.add(&place.key(name.as_str()), "the name of a header is fixed here");
        }
        (name.as_str().to_owned(), template)
    };
    all.into_iter().map(fixed).collect()
}

/// The same for query parameters, whose names may hold inputs.
pub(crate) fn query(
    written: &BTreeMap<String, String>,
    names: &Names<'_>,
    site: Site,
    place: &Place,
    report: &mut Report<'_>,
) -> Entries {
    entries(written, names, (site, false), place, report)
}

fn entries(
    written: &BTreeMap<String, String>,
    names: &Names<'_>,
    (site, is_header): (Site, bool),
    place: &Place,
    report: &mut Report<'_>,
) -> Entries {
    let entry = |(name, source): (&String, &String)| {
        let below = place.key(name);
        if name.is_empty() {
            report.add(&below, "the name is empty");
        }
        let name = names.entry_name(name, site.of_names(), is_header, &below, report);
        let value = names.template(source, site, &below, report);
        Some((name?, value?))
    };
    written.iter().filter_map(entry).collect()
}
