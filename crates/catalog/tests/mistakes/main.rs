//! Each mistake in a definition is told with its file, line, place and a way out.

mod cases;
mod device_cases;
mod login_cases;
mod oauth1_cases;
mod typed;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use catalog::{Loaded, Problem, load_sources};

use crate::cases::{CASES, GOOD};

fn problems(yaml: &str) -> Vec<Problem> {
    let loaded = load_sources([("acme.yaml", yaml)]);
    assert_eq!(
        loaded.catalog.is_empty(),
        !loaded.problems.is_empty(),
        "left out exactly if something is wrong"
    );
    loaded.problems
}

#[test]
fn the_good_definition_is_good() {
    assert_eq!(problems(GOOD), Vec::<Problem>::new());
    assert_eq!(problems(device_cases::GOOD), Vec::<Problem>::new());
    assert_eq!(problems(login_cases::GOOD), Vec::<Problem>::new());
    assert_eq!(problems(typed::GOOD), Vec::<Problem>::new());
    assert_eq!(problems(oauth1_cases::GOOD), Vec::<Problem>::new());
}

#[test]
fn each_mistake_has_its_message() {
    insta::assert_snapshot!(messages(GOOD, CASES));
}

#[test]
fn each_mistake_in_a_sign_in_with_a_code_has_its_message() {
    insta::assert_snapshot!(messages(device_cases::GOOD, device_cases::CASES));
}

#[test]
fn each_mistake_in_a_log_in_has_its_message() {
    insta::assert_snapshot!(messages(login_cases::GOOD, login_cases::CASES));
}

#[test]
fn each_mistake_in_signed_calls_has_its_message() {
    insta::assert_snapshot!(messages(oauth1_cases::GOOD, oauth1_cases::CASES));
}

#[test]
fn each_mistake_in_what_is_typed_in_has_its_message() {
    insta::assert_snapshot!(messages(typed::GOOD, typed::CASES));
}

/// What is said of each mistake.
fn messages(good: &str, cases: &[(&str, &str, &str)]) -> String {
    let mut lines = Vec::new();
    for (name, from, to) in cases {
        assert!(good.contains(from), "{name}: nothing to replace");
        let problems = problems(&good.replacen(from, to, 1));
        assert!(!problems.is_empty(), "{name}: no mistake was found");
        lines.push(format!("# {name}"));
        for problem in problems {
            assert!(problem.line.is_some() && problem.column.is_some(), "{name}: no line");
            lines.push(problem.to_string());
        }
    }
    lines.join("\n")
}

#[test]
fn a_definition_needs_a_way_to_sign_in() {
    let (before, after) = (GOOD.find("auth:").unwrap(), GOOD.find("api:").unwrap());
    let yaml = format!("{}auth: []\n{}", &GOOD[..before], &GOOD[after..]);
    let messages: Vec<String> = problems(&yaml).iter().map(ToString::to_string).collect();
    assert!(
        messages.contains(&"acme.yaml:13:1: auth: name at least one way to sign in".to_owned()),
        "{messages:#?}"
    );
}

#[test]
fn ids_are_unique_over_files_and_the_first_stays() {
    let other = GOOD.replace("name: Acme\n", "name: Other\n");
    let loaded = load_sources([("a.yaml", GOOD), ("b.yaml", &other)]);
    let messages: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        ["b.yaml:1:5: id: the id `acme` is taken by a.yaml: ids are unique"]
    );
    assert_eq!(loaded.catalog.get("acme").unwrap().name, "Acme");
}

#[test]
fn a_bad_file_leaves_the_others_alone_and_all_files_are_reported() {
    let other = GOOD.replace("id: acme", "id: other");
    let loaded = load_sources([("a.yaml", "id: 7"), ("b.yaml", &other), ("c.yaml", ":")]);
    assert_eq!(loaded.catalog.len(), 1);
    let files: std::collections::BTreeSet<&str> = loaded.problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files.into_iter().collect::<Vec<_>>(), ["a.yaml", "c.yaml"]);
}

#[test]
fn a_directory_is_read_file_by_file() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(directory.path().join(name), text).unwrap();
    write("acme.yaml", GOOD.as_bytes());
    write("other.yml", GOOD.replace("id: acme", "id: other").as_bytes());
    write("notes.txt", b"not a definition");
    write("binary.yaml", &[0xff, 0xfe, 0x00]);
    write("large.yaml", &vec![b'#'; 300 * 1024]);
    let loaded = catalog::load_directory(directory.path()).unwrap();
    assert_eq!(loaded.catalog.len(), 2);
    let messages: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(
        messages[0].starts_with("binary.yaml: the file cannot be read"),
        "{messages:?}"
    );
    assert_eq!(messages[1], "large.yaml: the file is larger than 256 KiB");
    assert!(catalog::load_directory(&directory.path().join("absent")).is_err());
}

#[test]
fn of_two_catalogs_the_second_wins() {
    let ours = load_sources([("a.yaml", GOOD)]).catalog;
    let theirs = load_sources([("b.yaml", GOOD.replace("name: Acme\n", "name: Theirs\n").as_str())]).catalog;
    let merged = ours.merged(theirs);
    assert_eq!(merged.len(), 1);
    assert_eq!(merged.get("acme").unwrap().name, "Theirs");
}

#[test]
fn bombs_are_refused_at_once() {
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, previous) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        writeln!(
            laughs,
            "{name}: &{name} [{}]",
            vec![format!("*{previous}"); 9].join(", ")
        )
        .unwrap();
    }
    let bombs = [
        ("aliases", laughs),
        ("lists", "[".repeat(10_000)),
        ("mappings", "{a: ".repeat(10_000)),
        (
            "blocks",
            (0..400).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n"),
        ),
        ("nodes", format!("a: [{}]", "1,".repeat(100_000))),
        ("size", "a".repeat(300 * 1024)),
        ("quotes", format!("a: \"{}", "\\".repeat(200_000))),
        ("documents", "---\na: 1\n".repeat(10_000)),
        ("questions", "? ".repeat(50_000)),
    ];
    for (name, bomb) in bombs {
        // The best of several, because the machine may be busy with other tests.
        let mut best = Duration::MAX;
        let mut loaded = Loaded::default();
        for _ in 0..5 {
            let start = Instant::now();
            loaded = load_sources([("bomb.yaml", bomb.as_str())]);
            best = best.min(start.elapsed());
        }
        assert!(!loaded.problems.is_empty(), "{name} was taken");
        assert!(best < Duration::from_secs(1), "{name} took {best:?}");
        assert!(
            loaded.problems.iter().all(|problem| problem.message.len() < 500),
            "{name}: a very long message"
        );
    }
}

/// With `set_by: operator` the operator's secret goes to the token endpoint.
#[test]
fn a_person_does_not_choose_where_the_operators_secret_goes() {
    let moved = login_cases::GOOD
        .replace(
            "site: { title: Site }",
            "site: { title: Site }\n  house: { title: House, type: origin }",
        )
        .replace("    title: Own app\n", "    title: Own app\n    set_by: operator\n")
        .replace(
            "url: https://api.acme.test/oauth/token",
            "url: \"${variables.house}/token\"",
        );
    let found: Vec<String> = problems(&moved).iter().map(ToString::to_string).collect();
    assert!(
        found
            .iter()
            .any(|problem| problem.contains("the app's client secret is sent to")),
        "{found:#?}"
    );
    let operators = moved.replace("type: origin }", "type: origin, set_by: operator }");
    assert!(problems(&operators).is_empty(), "{:#?}", problems(&operators));
}
