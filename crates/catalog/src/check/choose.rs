//! The list of accounts, sites or workspaces of which a connection uses one.

use super::learn::learn;
use super::names::{Names, Site};
use super::proof::json_body;
use super::{Call, Entries, call, pointer};
use crate::definition as written;
use crate::model::{CheckTarget, Choose};
use crate::report::{Place, Report};

/// Checks the list of one way to sign in. `sent` are the headers and query parameters of its API calls.
pub(super) fn choose(
    written: &written::Choose,
    names: &Names<'_>,
    index: usize,
    sent: (&Entries, &Entries),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Choose> {
    let asked = Call {
        name: "choose",
        get: written.get.as_ref(),
        post: written.post.as_ref(),
        has_body: written.body.is_some(),
        site: Site::Choose(index),
    };
    let called = call(&asked, names, place, report);
    if matches!(called, Some((_, Some(CheckTarget::Path(_)))))
        && names.base_names(&|name| written.learn.contains_key(name))
    {
        report.add(
            place,
            "`api.base_url` needs the choice itself: write the whole address of the list",
        );
    }
    if written.learn.is_empty() {
        report.add(
            &place.key("learn"),
            "a choice sets at least one variable, as `site: { from: \"${item.id}\" }`",
        );
    }
    let mut text = |source: &String, key: &str| names.template(source, Site::Item, &place.key(key), report);
    let id = text(&written.id, "id");
    let name = text(&written.name, "name");
    let description = written.description.as_ref().map(|source| text(source, "description"));
    let (list_pointer, ok_pointer) = (
        pointer(written.list.as_ref(), &place.key("list"), report),
        pointer(written.ok.as_ref(), &place.key("ok"), report),
    );
    let body = written
        .body
        .as_ref()
        .map(|body| json_body(body, names, Site::Choose(index), &place.key("body"), report));
    let learn = learn(&written.learn, (Site::Item, "${item.id}"), names, place, report);
    let (method, target) = called?;
    Some(Choose {
        method,
        target: target?,
        body: body.flatten(),
        ok_pointer,
        headers: without(sent.0, &|name| written.learn.contains_key(name)),
        query: without(sent.1, &|name| written.learn.contains_key(name)),
        list_pointer,
        id: id?,
        name: name?,
        description: description.flatten(),
        learn,
    })
}

/// What can be sent before these variables are known.
pub(super) fn without(sent: &Entries, is_unknown: &dyn Fn(&str) -> bool) -> Entries {
    let needs_unknown = |name: &&crate::template::Name| name.namespace == "variables" && is_unknown(&name.path);
    sent.iter()
        .filter(|(name, template)| {
            !name
                .template()
                .names()
                .iter()
                .chain(&template.names())
                .any(needs_unknown)
        })
        .cloned()
        .collect()
}
