//! The variables of a definition.

use std::collections::BTreeSet;

use super::{label, pattern, text};
use crate::definition as written;
use crate::model::{Choice, SetBy, Variable, VariableKind};
use crate::report::{Place, Report};

/// Checks one variable. `in_hosts` are those that stand in a host, where a value is made of DNS labels.
pub(super) fn variable(
    name: &str,
    written: &written::Variable,
    in_hosts: &BTreeSet<String>,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Variable> {
    let mistakes = report.problems.len();
    if !text::is_name(name) {
        report.add(
            place,
            format!("`{name}` is no name: lower-case letters, digits and `_`, beginning with a letter"),
        );
    }
    label(&written.title, &place.key("title"), report);
    if let Some(help) = &written.help {
        label(help, &place.key("help"), report);
    }
    let kind = match written.kind {
        written::VariableType::Text => {
            pattern(written.pattern.as_deref(), place, report).map(|pattern| VariableKind::Text { pattern })
        }
        written::VariableType::Origin => Some(VariableKind::Origin),
        written::VariableType::Url => Some(VariableKind::Url),
        written::VariableType::Choice => Some(VariableKind::Choice(choices(written, place, report))),
    };
    if written.kind != written::VariableType::Text && written.pattern.is_some() {
        report.add(&place.key("pattern"), "only `type: text` has a pattern");
    }
    if written.kind != written::VariableType::Choice && written.choices.is_some() {
        report.add(&place.key("choices"), "only `type: choice` has choices");
    }
    let variable = Variable {
        title: written.title.clone(),
        help: written.help.clone(),
        set_by: match written.set_by {
            written::SetBy::Person => SetBy::Person,
            written::SetBy::Operator => SetBy::Operator,
        },
        kind: kind?,
        default: written.default.clone(),
        placeholder: written.placeholder.clone(),
        in_host: in_hosts.contains(name),
    };
    if let Some(default) = &variable.default
        && variable.check(default).is_err()
    {
        report.add(
            &place.key("default"),
            format!("the default `{default}` is not what the variable may be"),
        );
    }
    if let VariableKind::Choice(choices) = &variable.kind {
        for (index, choice) in choices
            .iter()
            .enumerate()
            .filter(|(_, choice)| variable.check(&choice.value).is_err())
        {
            let message = format!("the choice `{}` cannot be part of a host", choice.value);
            report.add(&place.key("choices").index(index).key("value"), message);
        }
    }
    (report.problems.len() == mistakes).then_some(variable)
}

fn choices(written: &written::Variable, place: &Place, report: &mut Report<'_>) -> Vec<Choice> {
    let place = place.key("choices");
    let choices = written.choices.as_deref().unwrap_or_default();
    if choices.is_empty() {
        report.add(&place, "`type: choice` needs at least one entry in `choices`");
    }
    for (index, choice) in choices.iter().enumerate() {
        if choice.value.is_empty() || choices[..index].iter().any(|other| other.value == choice.value) {
            report.add(
                &place.index(index).key("value"),
                format!("the choice `{}` is empty or stands twice", choice.value),
            );
        }
    }
    choices
        .iter()
        .map(|choice| Choice {
            value: choice.value.clone(),
            label: choice.label.clone().unwrap_or_else(|| choice.value.clone()),
        })
        .collect()
}
