use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::script::{For, Message, Part, read};
use super::*;

fn messages(language: Language) -> BTreeMap<String, Message> {
    read(language.source()).0
}

fn parts(message: &Message) -> &[Part] {
    match message {
        Message::Text(_) => &[],
        Message::Parts(parts) => parts,
    }
}

fn variables(message: &Message) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for part in parts(message) {
        match part {
            Part::Text(_) => {}
            Part::Variable { name } => {
                found.insert(name.as_str());
            }
            Part::Choice { name, variants, .. } => {
                found.insert(name);
                found.extend(variants.values().flat_map(variables));
            }
        }
    }
    found
}

/// The longest that a message can be, its variables not counted.
fn length(message: &Message) -> usize {
    let of_part = |part: &Part| match part {
        Part::Text(text) => text.chars().count(),
        Part::Variable { .. } => 0,
        Part::Choice { variants, .. } => variants.values().map(length).max().unwrap_or_default(),
    };
    match message {
        Message::Text(text) => text.chars().count(),
        Message::Parts(parts) => parts.iter().map(of_part).sum(),
    }
}

#[test]
fn every_language_has_the_keys_and_variables_of_english() {
    let english = messages(Language::English);
    let mut wrong = Vec::new();
    for language in Language::ALL {
        let tag = language.tag();
        let (ours, mistakes) = read(language.source());
        wrong.extend(mistakes.iter().map(|mistake| format!("{tag}: {mistake}")));
        for key in english.keys().filter(|key| !ours.contains_key(*key)) {
            wrong.push(format!("{tag}: {key} is missing"));
        }
        for (key, message) in &ours {
            match english.get(key) {
                None => wrong.push(format!("{tag}: {key} is not in English")),
                Some(source) if variables(source) != variables(message) => {
                    wrong.push(format!("{tag}: {key} has other variables"));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands on a button or a chip, beside the name that it may hold; a heading; the rest by its English length.
fn limit(key: &str, english: usize) -> usize {
    const ACTIONS: [&str; 10] = [
        "-button",
        "-retry",
        "-list",
        "-close",
        "-again",
        "-reopen",
        "-cancel",
        "-done",
        "-back",
        "-continue",
    ];
    const SMALL: [&str; 9] = [
        "brand-test",
        "form-optional",
        "form-reveal",
        "form-conceal",
        "pick-all",
        "pick-connected",
        "brand-secured",
        "brand-reference",
        "page-confirm-started",
    ];
    // Named like a title and a button, but sentences.
    const SENTENCES: [&str; 2] = ["partial-title", "start-may-close"];
    if SENTENCES.contains(&key) {
        english * 8 / 5 + 16
    } else if SMALL.contains(&key) {
        24
    } else if ACTIONS.iter().any(|end| key.ends_with(end)) {
        30
    } else if key.ends_with("-title") {
        56
    } else {
        english * 8 / 5 + 16
    }
}

#[test]
fn no_text_is_longer_than_the_layout_bears() {
    let english = messages(Language::English);
    let mut wrong = Vec::new();
    for language in Language::ALL {
        for (key, message) in messages(language) {
            let (length, limit) = (length(&message), limit(&key, english.get(&key).map_or(0, length)));
            if length > limit {
                wrong.push(format!(
                    "{}: {key} has {length} characters, {limit} fit",
                    language.tag()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_language_says_something_of_its_own() {
    // The same words in two languages are rare: many of them mean that a file was copied and not translated.
    let english = messages(Language::English);
    for language in Language::ALL.into_iter().skip(1) {
        let ours = messages(language);
        let same = english
            .iter()
            .filter(|(key, text)| ours.get(*key) == Some(text))
            .count();
        assert!(same < 20, "{}: {same} texts are those of English", language.tag());
    }
}

#[test]
fn what_scripts_cannot_do_is_refused() {
    for (source, mistake) in [
        ("a-b = { -name }", "the reference name is not read"),
        ("a-b = { other }", "the reference other is not read"),
        ("a-b = { DATETIME($day) }", "the function DATETIME is not read"),
        ("a-b = { \"x\" }", "literals in braces are not read"),
        ("a-b = Text\n    .title = More", "attributes are not read"),
        ("a-b = One\n    two", "a text stands on one line"),
        ("-name = Latchkey", "terms are not read"),
        ("a-b = One\na-b = Two", "stands there twice"),
        ("a b = One", "this is no message"),
    ] {
        let mistakes = read(source).1.join("\n");
        assert!(mistakes.contains(mistake), "{source}: {mistakes}");
    }
}

#[test]
fn scripts_get_one_language_and_only_what_they_say() {
    let modal = script::named("connect/texts/de.modal.js").unwrap();
    assert!(modal.contains("\"language\":\"de\"") && modal.contains("\"pick-connected-count\""));
    assert!(!modal.contains("\"page-") && !modal.contains("\"start-"), "{modal}");
    let pages = script::named("connect/texts/de.pages.js").unwrap();
    assert!(
        pages.contains("\"confirm-wrong-code\"") && !pages.contains("\"pick-"),
        "{pages}"
    );
    let arabic = script::named("connect/texts/ar.modal.js").unwrap();
    assert!(arabic.contains("\"direction\":\"rtl\""));
    for name in [
        "connect/texts/xx.modal.js",
        "connect/texts/de.js",
        "texts/de.modal.js",
        "connect/texts/../de.modal.js",
    ] {
        assert!(script::named(name).is_none(), "{name}");
    }
}

#[test]
fn a_message_becomes_parts() {
    let (messages, mistakes) = read("a-b = { $n ->\n    [one] { $n } service\n   *[other] { $n } services\n }\n");
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let json = serde_json::to_string(&messages["a-b"]).unwrap();
    let of = r#"{"one":[{"v":"n"}," service"],"other":[{"v":"n"}," services"]}"#;
    assert_eq!(json, format!(r#"[{{"v":"n","of":{of},"else":"other"}}]"#));
}

#[test]
fn names_are_isolated_where_they_run_the_other_way() {
    let of = |language, name| Texts::of(language).with("page-done-success-title", &[("service", name)]);
    assert_eq!(of(Language::English, "Gmail"), "Gmail is connected");
    assert!(of(Language::English, "متجر").starts_with("\u{2068}متجر\u{2069}"));
    assert!(of(Language::Arabic, "Gmail (EU)").contains("\u{2068}Gmail (EU)\u{2069}"));
}

#[test]
fn a_text_that_a_language_lacks_is_english() {
    let none = FluentArgs::new();
    assert!(said(Language::German, "page-no-such-text", &none).is_none());
    assert_eq!(
        Texts::of(Language::German).get("page-no-such-text"),
        "page-no-such-text"
    );
    // A value that is not given: the language's sentence cannot be made, nor can English's.
    assert!(said(Language::German, "pick-lead", &none).is_none());
}

#[test]
fn a_reason_has_a_text_in_other_languages_only() {
    let reason = |language| Texts::of(language).problem("access_denied", "Slack");
    assert_eq!(reason(Language::English), None);
    assert!(reason(Language::German).unwrap().contains("Slack"));
    assert_eq!(Texts::of(Language::German).problem("no_such_reason", "Slack"), None);
}

/// Every file below a folder with one of these ends.
fn files(folder: &Path, ends: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ends, found);
        } else if path.extension().is_some_and(|end| ends.iter().any(|one| end == *one)) {
            found.push(path);
        }
    }
}

/// Words that follow `before` in a text, as far as they are made of `allowed` characters.
fn words<'a>(text: &'a str, before: &str, allowed: fn(char) -> bool) -> Vec<&'a str> {
    let rest = text.split(before).skip(1);
    rest.map(|rest| &rest[..rest.find(|letter| !allowed(letter)).unwrap_or(rest.len())])
        .collect()
}

/// `pick.connectedCount` as `pick-connected-count`.
fn name_of(group: &str, key: &str) -> String {
    let mut name = format!("{group}-");
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// `pick-connected-count` as `pick.connectedCount`, without what stands before the last dot.
fn script_name(name: &str) -> String {
    let mut words = name.split('-').skip(1);
    let mut key = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        key.push_str(&first.to_ascii_uppercase());
        key.push_str(rest);
    }
    key
}

#[test]
fn every_text_that_is_said_is_there_and_every_text_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let english = messages(Language::English);
    let mut used = BTreeSet::new();

    let mut scripts = Vec::new();
    files(&root.join("assets/connect"), &["js"], &mut scripts);
    for path in scripts {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in words(&text, "messages.", |letter| {
            letter.is_ascii_alphanumeric() || letter == '.'
        }) {
            let mut names = word.split('.');
            let group = names.next().unwrap_or_default();
            let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if english.keys().any(|key| key.split('-').next() == Some(group)) {
                let of_pages = matches!(file, "start.js" | "confirm.js" | "api.js" | "dom.js");
                let of_modal = !matches!(file, "start.js" | "confirm.js");
                assert!(
                    !of_pages || For::Pages.has(group),
                    "{file} says {word}, which pages do not get"
                );
                let modal = if matches!(file, "link.js" | "own.js" | "choose.js" | "code.js" | "webview.js") {
                    For::Link
                } else {
                    For::Modal
                };
                assert!(
                    !of_modal || modal.has(group),
                    "{file} says {word}, which the modal does not get"
                );
            }
            match names.next() {
                Some(key) => {
                    used.insert(name_of(group, key));
                }
                // A whole group is handed on: which of its texts are said cannot be seen here.
                None => used.extend(
                    english
                        .keys()
                        .filter(|key| key.split('-').next() == Some(group))
                        .cloned(),
                ),
            }
        }
        // `const { failure } = messages` makes `failure.denied` of it.
        let one = |key: &&String| {
            let group = key.split('-').next().unwrap_or_default();
            text.contains(&format!("{group}.{}", script_name(key)))
        };
        used.extend(english.keys().filter(one).cloned());
    }

    let mut pages = Vec::new();
    files(&root.join("templates/connect"), &["html"], &mut pages);
    files(&root.join("crates/server/src/connect"), &["rs"], &mut pages);
    let mut literals = BTreeSet::new();
    for path in pages {
        let text = std::fs::read_to_string(&path).unwrap();
        let key = |letter: char| letter.is_ascii_lowercase() || letter == '-';
        for before in ["texts.get(\"", "texts.with(\""] {
            used.extend(words(&text, before, key).into_iter().map(ToOwned::to_owned));
        }
        literals.extend(words(&text, "\"", key).into_iter().map(ToOwned::to_owned));
    }
    // `Message::named` takes the middle of two keys.
    for name in &literals {
        for key in [format!("page-{name}-title"), format!("page-{name}-text")] {
            used.extend(english.contains_key(&key).then_some(key));
        }
    }
    // Put together from an outcome, a reason, a category or the name of a screen.
    let made = |key: &str| {
        [
            "page-done-",
            "problem-",
            "category-",
            "brand-fallback-",
            "blocked-",
            "ways-",
        ]
        .iter()
        .any(|start| key.starts_with(start))
    };
    let unsaid: Vec<_> = english
        .keys()
        .filter(|key| !used.contains(*key) && !made(key))
        .collect();
    let missing: Vec<_> = used.iter().filter(|key| !english.contains_key(*key)).collect();
    assert!(
        missing.is_empty(),
        "said, but not in locales/en/connect.ftl: {missing:?}"
    );
    assert!(unsaid.is_empty(), "said nowhere: {unsaid:?}");
}
