//! Everything about a service is in its definition: the program's own code names none.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use catalog::{Files, load};

/// Ids and names that are words of the language, of Rust or of this product.
const PLAIN_WORDS: [&str; 22] = [
    "apikey",
    "attio",
    "basic",
    "box",
    "canva",
    "close",
    "front",
    "linear",
    "loops",
    "mcp",
    "mcpserver",
    "netlify",
    "notion",
    "oauth2",
    "oidc",
    "openidconnect",
    "render",
    "sandbox",
    "sandboxsites",
    "segment",
    "square",
    "x",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Lower case, letters and digits only: `google-calendar` and `Google Calendar` alike.
fn squeezed(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .flat_map(char::to_lowercase)
        .collect()
}

/// What is searched for.
struct Providers {
    /// Names of one word.
    words: BTreeSet<String>,
    /// Names of several, which code joins in its own ways.
    phrases: BTreeSet<String>,
}

impl Providers {
    /// Ids, names and families.
    fn all() -> Self {
        let built_in = Files::read(&root().join("integrations")).unwrap();
        let loaded = load(&built_in, None);
        assert!(loaded.catalog.len() > 50, "{:?}", loaded.problems);
        let mut names: Vec<String> = Vec::new();
        for integration in loaded.catalog.iter() {
            names.extend([integration.id.as_str().to_owned(), integration.name.clone()]);
        }
        for family in std::fs::read_dir(root().join("integrations/families")).unwrap() {
            let path = family.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                names.push(path.file_stem().unwrap().to_string_lossy().into_owned());
            }
        }
        let several = |name: &&String| name.contains(|letter: char| !letter.is_ascii_alphanumeric());
        let known = |name: &String| !PLAIN_WORDS.contains(&squeezed(name).as_str());
        let (phrases, words): (Vec<&String>, Vec<&String>) = names.iter().filter(|name| known(name)).partition(several);
        Self {
            words: words.into_iter().map(|name| squeezed(name)).collect(),
            phrases: phrases.into_iter().map(|name| squeezed(name)).collect(),
        }
    }

    fn named_in(&self, line: &str) -> Option<String> {
        let words: Vec<String> = line
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(squeezed)
            .collect();
        let joined = (1..=3).flat_map(|count| words.windows(count).map(<[String]>::concat));
        let phrase = joined.into_iter().find(|phrase| self.phrases.contains(phrase));
        words.iter().find(|word| self.words.contains(*word)).cloned().or(phrase)
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !matches!(name.as_str(), "tests.rs" | "testing.rs")
        {
            found.push(path);
        }
    }
}

/// The code of a file: without comments, without the examples of the API's document, without the tests at its end.
fn code(text: &str) -> Vec<(usize, &str)> {
    let mut in_example = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if line.starts_with("#[cfg(test)]") {
            break;
        }
        in_example |= code.contains("example = json!(");
        if !in_example && !code.starts_with("//") {
            found.push((index + 1, code.split(" // ").next().unwrap_or(code)));
        }
        in_example &= !code.contains("))");
    }
    found
}

#[test]
fn no_line_of_code_names_a_provider() {
    let providers = Providers::all();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        // What only tests use.
        if folder.file_name().unwrap() != "testkit" {
            sources(&folder.join("src"), &mut files);
        }
    }
    assert!(files.len() > 150, "only {} files were found", files.len());
    let mut hits = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in code(&text) {
            if let Some(word) = providers.named_in(line) {
                hits.push(format!("{}:{number}: {word}: {line}", file.display()));
            }
        }
    }
    assert!(hits.is_empty(), "these lines name a provider:\n{}", hits.join("\n"));
}

#[test]
fn the_search_finds_what_it_is_for() {
    let providers = Providers::all();
    let finds = |text: &str| code(text).iter().any(|(_, line)| providers.named_in(line).is_some());
    for text in [
        "if integration.id.as_str() == \"slack\" {",
        "const GOOGLE_CALENDAR: &str = \"x\";",
        "fn is_github() {}",
        "let name = \"Google Calendar\";",
        "match family { Family::Microsoft => 1 }",
    ] {
        assert!(finds(text), "{text}");
    }
    for text in [
        "/// As Slack does.",
        "let x = 1; // as Stripe",
        "#[cfg(test)]\nmod tests { \"slack\" }",
    ] {
        assert!(!finds(text), "{text}");
    }
}
