//! Scopes.

use super::super::{label, text};
use crate::definition as written;
use crate::model::Scopes;
use crate::report::{Place, Report};

/// Checks scopes.
pub(super) fn scopes(written: &written::Scopes, place: &Place, report: &mut Report<'_>) -> Scopes {
    let bad = |scope: &str| {
        scope.is_empty()
            || !scope.bytes().all(|byte| byte.is_ascii_graphic())
            || (!written.separator.is_empty() && scope.contains(&written.separator))
    };
    for (key, list) in [
        ("default", &written.default),
        ("required", &written.required),
        ("optional", &written.optional),
    ] {
        for (index, scope) in list.iter().enumerate() {
            let place = place.key(key).index(index);
            if bad(scope) {
                report.add(
                    &place,
                    format!("`{scope}` is not one scope: it is empty, or has a space or the separator in it"),
                );
            } else if list[..index].contains(scope) {
                report.add(&place, format!("the scope `{scope}` stands twice"));
            }
        }
    }
    for (scope, meaning) in &written.known {
        if bad(scope) {
            report.add(&place.key("known").key(scope), format!("`{scope}` is not one scope"));
        }
        label(meaning, &place.key("known").key(scope), report);
    }
    if written.separator.is_empty() || written.separator.len() > 3 {
        report.add(
            &place.key("separator"),
            "the separator has one to three characters, as `,`",
        );
    }
    if !text::is_name(&written.parameter) {
        report.add(
            &place.key("parameter"),
            format!("`{}` is no name of a parameter", written.parameter),
        );
    }
    let optional = optional(written, place, report);
    if written.unescaped && written.separator.contains(['&', '=', '#', '%']) {
        report.add(
            &place.key("separator"),
            "this separator must be escaped: leave `unescaped` out",
        );
    }
    if written.answer_prefix.as_deref().is_some_and(bad) {
        report.add(
            &place.key("answer_prefix"),
            "the prefix is what stands before a scope, as `https://graph.example.com/`",
        );
    }
    Scopes {
        default: written.default.clone(),
        required: written.required.clone(),
        optional,
        separator: written.separator.clone(),
        parameter: written.parameter.clone(),
        unescaped: written.unescaped,
        answer_prefix: written.answer_prefix.clone(),
        ignore_case: written.ignore_case,
        known: written.known.clone(),
    }
}

fn optional(written: &written::Scopes, place: &Place, report: &mut Report<'_>) -> Option<(String, Vec<String>)> {
    for (index, scope) in written.optional.iter().enumerate() {
        if written.default.contains(scope) || written.required.contains(scope) {
            report.add(
                &place.key("optional").index(index),
                format!("the scope `{scope}` cannot be optional and be asked for elsewhere"),
            );
        }
    }
    let below = place.key("optional_parameter");
    match &written.optional_parameter {
        None if written.optional.is_empty() => None,
        None => {
            report.add(
                &place.key("optional"),
                "`optional` needs `optional_parameter`: what the service calls the parameter, as `optional_scope`",
            );
            None
        }
        Some(_) if written.optional.is_empty() => {
            report.add(&below, "`optional` is empty: name the scopes, or leave this out");
            None
        }
        Some(parameter) => {
            if !text::is_name(parameter) || *parameter == written.parameter {
                report.add(&below, format!("`{parameter}` is no name of a second parameter"));
            }
            Some((parameter.clone(), written.optional.clone()))
        }
    }
}
