//! The variables of a definition.

use super::{hostable, label, pattern, text};
use crate::definition as written;
use crate::model::{Choice, OtherValue, SetBy, Uses, Variable, VariableKind};
use crate::report::{Place, Report};

/// Checks one variable. `uses` are the places where a value obeys more than its own rules.
pub(super) fn variable(
    name: &str,
    written: &written::Variable,
    uses: Uses,
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
        written::VariableType::Email => Some(VariableKind::Email),
        written::VariableType::Origin => Some(VariableKind::Origin),
        written::VariableType::Url => Some(VariableKind::Url),
        written::VariableType::Path => Some(VariableKind::Path),
        written::VariableType::Number => Some(VariableKind::Number),
        written::VariableType::Multiline => Some(VariableKind::Multiline),
        written::VariableType::Choice => Some(VariableKind::Choice(choices(written, place, report))),
    };
    if written.kind != written::VariableType::Text && written.pattern.is_some() {
        report.add(&place.key("pattern"), "only `type: text` has a pattern");
    }
    if written.kind != written::VariableType::Choice && written.choices.is_some() {
        report.add(&place.key("choices"), "only `type: choice` has choices");
    }
    if written.kind != written::VariableType::Choice && written.other.is_some() {
        report.add(
            &place.key("other"),
            "only `type: choice` has something else than its choices",
        );
    }
    if written.optional && written.default.is_some() {
        report.add(
            &place.key("optional"),
            "a value with a default is never absent: leave `optional` or `default` out",
        );
    }
    secrecy(name, written, uses, place, report);
    let variable = Variable {
        title: written.title.clone(),
        help: written.help.clone(),
        set_by: match written.set_by {
            written::SetBy::Person => SetBy::Person,
            written::SetBy::Operator => SetBy::Operator,
        },
        kind: kind?,
        other: written.other.map(|other| match other {
            written::OtherValue::Origin => OtherValue::Origin,
            written::OtherValue::Url => OtherValue::Url,
        }),
        secret: written.secret == Some(true),
        optional: written.optional,
        default: written.default.clone(),
        placeholder: written.placeholder.clone(),
        uses,
    };
    in_a_host(&variable, written, place, report);
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
            let what = if uses.header_name {
                "the name of a header"
            } else {
                "part of a host"
            };
            let message = format!("the choice `{}` cannot be {what}", choice.value);
            report.add(&place.key("choices").index(index).key("value"), message);
        }
    }
    (report.problems.len() == mistakes).then_some(variable)
}

/// Last words of names that secrets have.
const SECRET_WORDS: [&str; 9] = [
    "token",
    "secret",
    "password",
    "passphrase",
    "passwd",
    "key",
    "apikey",
    "credential",
    "pin",
];

/// A variable is kept and shown in plain unless it says that it is a secret. One that is named like a secret has to say
/// which it is.
fn secrecy(name: &str, written: &written::Variable, uses: Uses, place: &Place, report: &mut Report<'_>) {
    let is_text = matches!(
        written.kind,
        written::VariableType::Text | written::VariableType::Multiline
    );
    let is_operators = written.set_by == written::SetBy::Operator;
    if written.secret == Some(true) {
        let place = place.key("secret");
        if !is_operators {
            report.add(
                &place,
                "a secret of the person who connects is a field of a way to sign in: write it under `fields` there, or say `set_by: operator`",
            );
        } else if !is_text {
            report.add(&place, "a secret is a `text` or `multiline`");
        } else if written.default.is_some() {
            report.add(&place, "a secret has no default: anybody reads the definition");
        } else if uses.host.is_some() || uses.header_name {
            report.add(
                &place,
                "a secret cannot be a part of a host or the name of a header, which everybody on the way reads",
            );
        }
        return;
    }
    let last = name.rsplit('_').next().unwrap_or(name);
    if written.secret.is_none() && is_text && SECRET_WORDS.contains(&last) {
        let message = if is_operators {
            format!(
                "`{name}` is named like a secret, and would be kept and shown in plain: write `secret: true`, or `secret: false` where anybody may know it"
            )
        } else {
            format!(
                "`{name}` is named like a secret, and would be kept and shown in plain: write it under `fields` of the way to sign in, or `secret: false` where anybody may know it"
            )
        };
        report.advise(place, message);
    }
}

/// A value that becomes part of a host has to be one, whatever the pattern lets through: at least one must be possible, and
/// the one that people are shown.
fn in_a_host(variable: &Variable, written: &written::Variable, place: &Place, report: &mut Report<'_>) {
    if variable.uses.host.is_none() {
        return;
    }
    if let Some(pattern) = written
        .pattern
        .as_deref()
        .filter(|_| matches!(variable.kind, VariableKind::Text { .. }))
    {
        let samples = hostable::samples(pattern);
        if let Some(sample) = samples.first()
            && samples.iter().all(|sample| variable.check(sample).is_err())
        {
            let message = format!(
                "nobody could connect: what this lets through, as `{sample}`, can never be part of a host, which has lower-case \
                 letters, digits and `-` between dots; write another pattern, as `[a-z0-9-]+`, or leave it out"
            );
            report.add(&place.key("pattern"), message);
            return;
        }
    }
    if let Some(placeholder) = &variable.placeholder
        && let Err(why) = variable.check(placeholder)
    {
        let message = format!("people who type in what they are shown, `{placeholder}`, are refused: {why}");
        report.add(&place.key("placeholder"), message);
    }
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
