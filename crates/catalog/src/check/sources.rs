//! What a definition rests on.

use serde_json::Value;

use super::{label, link};
use crate::definition as written;
use crate::definition::Auth;
use crate::model::{Confidence, Source};
use crate::report::{Place, Report};
use crate::suggest;

/// The provider's documents. `whole` is the definition that their fields name keys of.
pub(crate) fn sources(written: &[written::Source], whole: &Value, report: &mut Report<'_>) -> Vec<Source> {
    let list = Place::default().key("sources");
    if written.is_empty() {
        report.add(
            &list,
            "name at least one document of the provider that the definition was written from",
        );
    }
    let mut sources: Vec<Source> = Vec::new();
    for (index, source) in written.iter().enumerate() {
        let place = list.index(index);
        let (address, at, fields) = match source {
            written::Source::Address(address) => (address, place.clone(), &[][..]),
            written::Source::Page(page) => (&page.url, place.key("url"), page.fields.as_slice()),
        };
        if matches!(source, written::Source::Page(_)) && fields.is_empty() {
            report.add(
                &place.key("fields"),
                "name what was read there, or write the address alone",
            );
        }
        for (number, field) in fields.iter().enumerate() {
            if let Err(suggestion) = stands(whole, field) {
                let message = format!("nothing stands at `{field}`");
                report.add_with(&place.key("fields").index(number), message, suggestion);
            }
        }
        let Some(url) = link(address, &at, report) else {
            continue;
        };
        if sources.iter().any(|other| other.url == url) {
            report.add(&at, format!("`{url}` stands twice"));
        }
        sources.push(Source {
            url,
            fields: fields.to_vec(),
        });
    }
    sources
}

/// What holds although it is not written, so that it may be doubted too.
const BY_DEFAULT: [&str; 2] = ["auth.pkce", "auth.refresh"];

/// Keys of `whole` that no document was read for.
pub(crate) fn unconfirmed(written: &[String], sources: &[Source], whole: &Value, report: &mut Report<'_>) {
    let list = Place::default().key("unconfirmed");
    for (index, field) in written.iter().enumerate() {
        let place = list.index(index);
        if written.iter().take(index).any(|other| other == field) {
            report.add(&place, format!("`{field}` stands twice"));
        } else if let Some(source) = sources.iter().find(|source| source.fields.contains(field)) {
            let message = format!("`{field}` was read in {}: it is one or the other", source.url);
            report.add(&place, message);
        } else if !BY_DEFAULT.contains(&field.as_str())
            && let Err(suggestion) = stands(whole, field)
        {
            report.add_with(&place, format!("nothing stands at `{field}`"), suggestion);
        }
    }
}

/// Whether something stands at `auth.token`, in whichever entry of a list; else what was probably meant.
fn stands(value: &Value, path: &str) -> Result<(), Option<String>> {
    match value {
        Value::Array(items) => {
            let mut nearest = None;
            for item in items {
                match stands(item, path) {
                    Ok(()) => return Ok(()),
                    Err(found) => nearest = nearest.or(found),
                }
            }
            Err(nearest)
        }
        Value::Object(object) => {
            // A key may hold dots itself, as a scope does.
            let below = object.iter().filter_map(|(key, value)| {
                let rest = path.strip_prefix(key.as_str())?;
                Some((key, value, rest))
            });
            for (key, value, rest) in below {
                match rest.strip_prefix('.') {
                    _ if rest.is_empty() => return Ok(()),
                    Some(rest) => {
                        return stands(value, rest).map_err(|found| found.map(|found| format!("{key}.{found}")));
                    }
                    None => {}
                }
            }
            let (first, rest) = path
                .split_once('.')
                .map_or((path, None), |(first, rest)| (first, Some(rest)));
            let found = suggest::nearest(first, object.keys().map(String::as_str));
            Err(found.map(|found| rest.map_or(found.clone(), |rest| format!("{found}.{rest}"))))
        }
        _ => Err(None),
    }
}

pub(crate) fn confidence(written: written::Confidence) -> Confidence {
    match written {
        written::Confidence::Documented => Confidence::Documented,
        written::Confidence::Fixture => Confidence::Fixture,
        written::Confidence::Live => Confidence::Live,
    }
}

/// Nothing but a check tells a wrong key from a right one, so where there is none the file says why.
pub(crate) fn check_off(written: &written::Definition, report: &mut Report<'_>) {
    let root = Place::default();
    let place = root.key("check_off_reason");
    // One that asks for nothing has nothing to prove, and some have a check of their own.
    let unproved = |auth: &Auth| match auth {
        Auth::OAuth2(_) | Auth::Device(_) | Auth::OAuth1(_) | Auth::Mcp(_) | Auth::Nothing(_) => false,
        other => other.typed().is_none_or(|typed| typed.check.is_none()),
    };
    let pastes = written.auth.iter().any(unproved);
    match (&written.check, &written.check_off_reason) {
        (Some(_), Some(_)) => report.add(&place, "there is a `check`: take `check_off_reason` out"),
        (None, Some(reason)) => label(reason, &place, report),
        (None, None) if pastes => report.add(
            &root,
            "without `check` any text would pass for a key: name a call that proves it, or say in `check_off_reason` why \
             there is none",
        ),
        _ => {}
    }
}
