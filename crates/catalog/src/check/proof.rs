//! The calls that a definition makes by itself, and the one that proves a credential.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::{Names, Site};
use super::{headers, templates};
use crate::definition as written;
use crate::model::{Check, CheckBody, CheckMethod, CheckTarget, Expected};
use crate::report::{Place, Report};
use crate::template::JsonTemplate;

/// A JSON pointer (RFC 6901).
pub(super) fn pointer(written: Option<&String>, place: &Place, report: &mut Report<'_>) -> Option<String> {
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
pub(super) struct Call<'a> {
    /// As `check`.
    pub(super) name: &'static str,
    pub(super) get: Option<&'a String>,
    pub(super) post: Option<&'a String>,
    pub(super) has_body: bool,
    pub(super) site: Site,
}

/// Method and target of such a call; `None` for either was reported.
pub(super) fn call(
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
    if !target.contains("://") && !target.starts_with(['/', '$']) {
        let message = format!(
            "`{target}` must begin with `https://`, or with `/`: then it is below `api.base_url`, as `/{target}`"
        );
        report.add(&at, message);
        return Some((method, None));
    }
    let target = if names.is_path_target(target) {
        names.path(target, call.site, &at, report).map(CheckTarget::Path)
    } else {
        names.url(target, call.site, &at, report).map(CheckTarget::Url)
    };
    Some((method, target))
}

/// Checks a check: of every way to sign in, or of the one of this number.
pub(super) fn check(
    written: &written::Check,
    names: &Names<'_>,
    method: Option<usize>,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Check> {
    let site = method.map_or(Site::Check, Site::MethodCheck);
    let account_site = method.map_or(Site::Account, Site::MethodAccount);
    let asked = Call {
        name: "check",
        get: written.get.as_ref(),
        post: written.post.as_ref(),
        has_body: written.body.is_some() || written.form.is_some(),
        site,
    };
    let called = call(&asked, names, place, report);
    let body = body(written, names, site, place, report);
    let headers = headers(&written.headers, names, site, &place.key("headers"), report);
    let expect = expected(written, place, report);
    let account = place.key("account");
    let mut account_template = |source: &Option<String>, key: &str| {
        source
            .as_ref()
            .map(|source| names.template(source, account_site, &account.key(key), report))
    };
    let account_id = account_template(&written.account.id, "id");
    let account_name = account_template(&written.account.name, "name");
    if written.account.required && written.account.id.is_none() {
        report.add(
            &account.key("required"),
            "nothing can be required without `id`: write where it stands, as `${body.id}`",
        );
    }
    let (method, target) = called?;
    Some(Check {
        method,
        target: target?,
        body,
        headers,
        account_id: account_id.flatten(),
        account_required: written.account.required,
        account_name: account_name.flatten(),
        expect,
    })
}

fn body(
    written: &written::Check,
    names: &Names<'_>,
    site: Site,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<CheckBody> {
    match (&written.body, &written.form) {
        (Some(_), Some(_)) => {
            report.add(&place.key("form"), "a call has one body: write either `body` or `form`");
            None
        }
        (Some(json), None) => json_body(json, names, site, &place.key("body"), report),
        (None, Some(form)) => Some(CheckBody::Form(templates(
            form,
            names,
            site,
            &place.key("form"),
            report,
        ))),
        (None, None) => None,
    }
}

/// A JSON body with its templates.
pub(super) fn json_body(
    json: &Value,
    names: &Names<'_>,
    site: Site,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<CheckBody> {
    let mut parse = |text: &str, place: &Place| names.template(text, site, place, report);
    JsonTemplate::new(json, place, &|place: &Place, key: &str| place.key(key), &mut parse).map(CheckBody::Json)
}

fn expected(written: &written::Check, place: &Place, report: &mut Report<'_>) -> BTreeMap<String, Expected> {
    let mut all = BTreeMap::new();
    if let Some(ok) = pointer(written.ok.as_ref(), &place.key("ok"), report) {
        all.insert(ok, Expected::Equal(Value::Bool(true)));
    }
    let place = place.key("expect");
    for (at, value) in &written.expect {
        let below = place.key(at);
        pointer(Some(at), &below, report);
        let expected = match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(Expected::Equal(value.clone())),
            Value::Object(object) => match (object.len(), object.get("present")) {
                (1, Some(Value::Bool(true))) => Some(Expected::Present),
                (1, Some(Value::Bool(false))) => Some(Expected::Absent),
                _ => None,
            },
            Value::Null | Value::Array(_) => None,
        };
        let Some(expected) = expected else {
            report.add(
                &below,
                "write the text, number or truth value that must stand there, or `{ present: true }` or `{ present: false }`",
            );
            continue;
        };
        if all.insert(at.clone(), expected).is_some() {
            report.add(&below, format!("`{at}` is said by `ok` already"));
        }
    }
    all
}
