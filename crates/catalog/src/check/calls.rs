//! Calls after the sign-in, whose answers say what a connection keeps.

use super::choose::without;
use super::learn::learn;
use super::names::{Names, Site, kept};
use super::proof::json_body;
use super::{Call, Entries, call, headers, pointer};
use crate::definition as written;
use crate::model::{CheckTarget, LearningCall};
use crate::report::{Place, Report};

/// Checks those of the way to sign in of this number. `sent` are the headers and query parameters of its API calls.
pub(super) fn calls(
    written: &[written::LearningCall],
    (names, index): (&Names<'_>, usize),
    sent: (&Entries, &Entries),
    list: &Place,
    report: &mut Report<'_>,
) -> Vec<LearningCall> {
    let mut all = Vec::new();
    for number in 0..written.len() {
        let place = list.index(number);
        all.extend(one(written, number, (names, index), sent, &place, report));
        for name in written[number].learn.keys() {
            let all = names.definition.auth.get(index).map(kept).unwrap_or_default();
            if all.iter().filter(|(other, _)| other == name).count() > 1 {
                report.add(
                    &place.key("learn").key(name),
                    format!("`{name}` is learnt elsewhere too: give one of them another name"),
                );
            }
        }
    }
    all
}

fn one(
    written: &[written::LearningCall],
    number: usize,
    (names, index): (&Names<'_>, usize),
    sent: (&Entries, &Entries),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<LearningCall> {
    let (site, own) = (Site::Calls(index, number), &written[number]);
    let chosen = names.definition.auth.get(index).and_then(super::names::choose);
    let is_later = |name: &str| {
        let mut later = written[number..].iter();
        later.any(|call| call.learn.contains_key(name)) || chosen.is_some_and(|choose| choose.learn.contains_key(name))
    };
    let asked = Call {
        name: "calls",
        get: own.get.as_ref(),
        post: own.post.as_ref(),
        has_body: own.body.is_some(),
        site,
    };
    let called = call(&asked, names, place, report);
    if matches!(called, Some((_, Some(CheckTarget::Path(_))))) && names.base_names(&is_later) {
        report.add(
            place,
            "`api.base_url` needs what is learnt here or later: write the whole address of the call",
        );
    }
    if own.learn.is_empty() {
        report.add(
            &place.key("learn"),
            "a call learns at least one variable, as `region: { from: \"${body.region}\" }`",
        );
    }
    let own_headers = headers(&own.headers, names, site, &place.key("headers"), report);
    let differs = |(name, _): &&(crate::model::EntryName, crate::template::Template)| {
        let mut own = own_headers.iter();
        !own.any(|(other, _)| other.as_str().eq_ignore_ascii_case(name.as_str()))
    };
    let known = without(sent.0, &is_later);
    let headers = known.iter().filter(differs).chain(&own_headers).cloned().collect();
    let body = own
        .body
        .as_ref()
        .map(|body| json_body(body, names, site, &place.key("body"), report));
    let ok_pointer = pointer(own.ok.as_ref(), &place.key("ok"), report);
    let learn = learn(&own.learn, (Site::Keep, "${body.region}"), names, place, report);
    let (method, target) = called?;
    Some(LearningCall {
        method,
        target: target?,
        body: body.flatten(),
        ok_pointer,
        headers,
        query: without(sent.1, &is_later),
        learn,
    })
}
