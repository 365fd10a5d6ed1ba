//! Values that a definition allows, and some that it does not.

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use regex::Regex;

use crate::script::{Given, LABEL, Part};

/// What people would type; the first that fits is taken.
const USUAL: &[&str] = &[
    "acme",
    "globex",
    "initech",
    "acme.example.com",
    "globex.example.com",
    "ann@acme.example",
    "ben@globex.example",
    "4620816365",
    "9341453123",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "7c9e6679-7425-40de-944b-e07fc1f90ae7",
];

/// What fits hardly anything.
const ODD: &[&str] = &["not right!", "../../etc", "x y:z@", "\u{1f511}", "?#"];

fn whole(pattern: &str) -> Result<Regex, String> {
    Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|error| error.to_string())
}

/// The texts of this number that match a pattern: different ones for different numbers, as far as the pattern has them.
pub(crate) fn matching(pattern: &str, number: usize) -> Result<String, String> {
    let whole = whole(pattern)?;
    let mut found: Vec<String> = USUAL
        .iter()
        .filter(|text| whole.is_match(text))
        .map(|text| (*text).to_owned())
        .collect();
    let generated = proptest::string::string_regex(pattern).map_err(|error| error.to_string())?;
    let mut runner = TestRunner::deterministic();
    let mut rest = Vec::new();
    for _ in 0..4000 {
        if found.len() > number {
            break;
        }
        let text = generated
            .new_tree(&mut runner)
            .map_err(|error| error.to_string())?
            .current();
        let plain = !text.is_empty() && text.chars().all(|one| one.is_ascii_graphic()) && whole.is_match(&text);
        if !plain || found.contains(&text) || rest.contains(&text) {
            continue;
        }
        if is_host_like(&text) {
            found.push(text);
        } else {
            rest.push(text);
        }
    }
    found.extend(rest);
    let last = found
        .len()
        .checked_sub(1)
        .ok_or_else(|| format!("nothing was found that matches `{pattern}`"))?;
    Ok(found.swap_remove(number.min(last)))
}

/// Whether it may stand in a host too.
fn is_host_like(text: &str) -> bool {
    let ends = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
    text.split('.').all(|label| {
        let inside = label.chars().all(|one| ends(one) || one == '-');
        label.len() <= 63 && label.starts_with(ends) && label.ends_with(ends) && inside
    })
}

/// A text that does not match, if there is one.
pub(crate) fn violating(pattern: &str) -> Option<String> {
    let whole = whole(pattern).ok()?;
    ODD.iter()
        .find(|text| !whole.is_match(text))
        .map(|text| (*text).to_owned())
}

/// A value of this number for a variable; the choices come round.
pub(crate) fn of_variable(given: &Given<'_>, number: usize) -> Result<String, String> {
    let (variable, name) = (&given.part, given.name);
    let origin = || format!("https://{}-{number}.player.example", name.replace('_', "-"));
    let url = || format!("https://own-{number}.player.example/{name}");
    match variable.at("type").text_or("text") {
        "text" => matching(variable.at("pattern").text_or(given.usual), number),
        "email" => Ok(format!("ann-{number}@acme.example")),
        "number" => Ok(format!("{number}.5")),
        "path" => Ok(format!("/played/{name}?of={number}")),
        "multiline" => Ok(format!("the first line of {number}\nand the second")),
        "origin" => Ok(origin()),
        "url" => Ok(url()),
        "choice" => {
            let choices = variable.at("choices").items();
            let other = variable.at("other");
            let position = number % (choices.len() + usize::from(other.is_there())).max(1);
            let Some(choice) = choices.get(position) else {
                return Ok(if other.text() == Some("url") { url() } else { origin() });
            };
            choice
                .at("value")
                .text()
                .map(ToOwned::to_owned)
                .ok_or_else(|| "a choice has no value".to_owned())
        }
        other => Err(format!("the player does not know the type `{other}`")),
    }
}

/// A value that a variable must refuse.
pub(crate) fn against_variable(given: &Given<'_>) -> Option<String> {
    match given.part.at("type").text_or("text") {
        "text" => violating(given.part.at("pattern").text_or(given.usual)),
        "multiline" => None,
        "choice" => Some("no-such-choice".to_owned()),
        _ => Some("not an address".to_owned()),
    }
}

/// A value of this number for a learnt variable. Origins are at the listed hosts in turn.
pub(crate) fn of_learn(learn: &Part<'_>, number: usize) -> Result<String, String> {
    match learn.at("type").text_or("text") {
        "text" => matching(learn.at("pattern").text_or(LABEL), number),
        "origin" => {
            let hosts = learn.at("hosts").texts();
            let host = hosts
                .get(number % hosts.len().max(1))
                .ok_or("a learnt origin has no hosts")?;
            Ok(if host.starts_with('.') {
                format!("https://learnt-{number}{host}")
            } else {
                format!("https://{host}")
            })
        }
        other => Err(format!("the player does not know the type `{other}`")),
    }
}

/// A value that a learnt variable must refuse.
pub(crate) fn against_learn(learn: &Part<'_>) -> Option<String> {
    match learn.at("type").text_or("text") {
        "text" => violating(learn.at("pattern").text_or(LABEL)),
        _ => Some("https://evil.example".to_owned()),
    }
}

/// A time as the format writes it: a number and `s`, `m`, `h` or `d`.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no time"))?;
    Ok(number
        * match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(format!("`{text}` is no time")),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_fit_and_differ() {
        for pattern in [
            LABEL,
            "AC[0-9a-fA-F]{32}",
            r"[^\s:@]+@[^\s:@]+",
            "login|test|[a-z0-9]{1,9}\\.my",
            "[^:]+",
        ] {
            let whole = whole(pattern).unwrap();
            let two: Vec<String> = (0..2).map(|number| matching(pattern, number).unwrap()).collect();
            assert!(
                two.iter().all(|text| whole.is_match(text)) && two[0] != two[1],
                "{pattern}: {two:?}"
            );
        }
        assert_eq!(violating("[a-z]+").as_deref(), Some("not right!"));
        assert_eq!(violating(r"(?s).*"), None);
    }
}
