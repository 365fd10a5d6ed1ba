//! Actions: unique ids, plain paths, a page of knowledge that is one.

use serde_json::Value;

use super::label;
use super::text;
use crate::action::{Action, ActionIo, ActionMethod};
use crate::definition as written;
use crate::report::{Place, Report};

/// Most characters of a page.
const KNOWLEDGE: usize = 8_000;

/// Most characters of schemas and example as JSON.
const IO: usize = 16_000;

/// Published clients add the connection's key to the body of an action with this tag, and so would tell it to the service.
const TELLS_THE_KEY: &str = "custom";

/// Checks all of them.
pub(super) fn actions(written: &[written::Action], report: &mut Report<'_>) -> Vec<Action> {
    let place = Place::default().key("actions");
    let mut checked: Vec<Action> = Vec::with_capacity(written.len());
    for (index, action) in written.iter().enumerate() {
        let place = place.index(index);
        if !text::is_id(&action.id) {
            report.add(
                &place.key("id"),
                format!(
                    "`{}` is no id: at most 63 lower-case letters, digits and single hyphens, as `send-message`",
                    action.id
                ),
            );
        } else if checked.iter().any(|other| other.id == action.id) {
            report.add(&place.key("id"), format!("the id `{}` stands twice", action.id));
        }
        label(&action.title, &place.key("title"), report);
        if let Some(wrong) = path(&action.path) {
            report.add(&place.key("path"), wrong);
        }
        for (index, tag) in action.tags.iter().enumerate() {
            let place = place.key("tags").index(index);
            label(tag, &place, report);
            if tag.contains(',') {
                report.add(&place, "a tag has no comma: lists of tags are written with them");
            }
            if tag == TELLS_THE_KEY {
                report.add(
                    &place,
                    "the tag `custom` makes published clients send the connection's key to the service",
                );
            }
        }
        knowledge(&action.knowledge, &place.key("knowledge"), report);
        checked.push(Action {
            id: action.id.clone(),
            title: action.title.clone(),
            method: match action.method {
                written::ActionMethod::Get => ActionMethod::Get,
                written::ActionMethod::Post => ActionMethod::Post,
                written::ActionMethod::Put => ActionMethod::Put,
                written::ActionMethod::Patch => ActionMethod::Patch,
                written::ActionMethod::Delete => ActionMethod::Delete,
            },
            path: action.path.clone(),
            tags: action.tags.clone(),
            knowledge: action.knowledge.trim().to_owned(),
            io: action.io.as_ref().map(|written| io(written, &place.key("io"), report)),
        });
    }
    checked
}

/// Looks at what is said for machines: schemas are objects, and all of it is short.
fn io(written: &written::ActionIo, place: &Place, report: &mut Report<'_>) -> ActionIo {
    for (name, schema) in [("input", &written.input), ("output", &written.output)] {
        match schema {
            None => {}
            Some(Value::Object(schema)) if !schema.is_empty() => {}
            Some(Value::Object(_)) => report.add(&place.key(name), "the schema says nothing: leave it out"),
            Some(_) => report.add(
                &place.key(name),
                "this is no JSON Schema: write an object, as `{ type: object }`",
            ),
        }
    }
    let example = written.example.as_ref();
    let checked = ActionIo {
        input: written.input.clone(),
        output: written.output.clone(),
        example_input: example.and_then(|example| example.input.clone()),
        example_output: example.and_then(|example| example.output.clone()),
    };
    let parts = [
        &checked.input,
        &checked.output,
        &checked.example_input,
        &checked.example_output,
    ];
    let length: usize = parts
        .iter()
        .filter_map(|part| part.as_ref())
        .map(|part| part.to_string().len())
        .sum();
    if length == 0 {
        report.add(place, "`io` has no schema and no example: leave it out");
    } else if length > IO {
        report.add(
            place,
            format!("schemas and example are longer than {IO} characters of JSON"),
        );
    }
    checked
}

/// What is wrong with a path.
fn path(path: &str) -> Option<String> {
    if path.contains("${") {
        return Some(
            "the caller fills in what is between `{{` and `}}`; inputs as `${…}` are not put in here".to_owned(),
        );
    }
    let plain = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\#?".contains(&byte));
    let dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    if !path.starts_with('/') || path.starts_with("//") || !plain || dots {
        return Some(format!(
            "`{path}` is no plain path: it begins with one `/` and has no `.` or `..` segment, no `?` and no `#`"
        ));
    }
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("{{") {
        let name = after.split_once("}}").filter(|(name, _)| is_name(name));
        let Some((_, after)) = name.filter(|_| !before.contains(['{', '}'])) else {
            return Some(format!("`{path}` has braces that are no name: write `{{{{name}}}}`"));
        };
        rest = after;
    }
    rest.contains(['{', '}'])
        .then(|| format!("`{path}` has braces that are no name: write `{{{{name}}}}`"))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn knowledge(text: &str, place: &Place, report: &mut Report<'_>) {
    if text.trim().is_empty() {
        report.add(
            place,
            "the page is empty: say what the parameters, the body and the answer are",
        );
    } else if text.chars().count() > KNOWLEDGE {
        report.add(place, format!("the page is longer than {KNOWLEDGE} characters"));
    } else if text
        .chars()
        .any(|character| character.is_control() && character != '\n')
    {
        report.add(place, "the page has a control character");
    }
}
