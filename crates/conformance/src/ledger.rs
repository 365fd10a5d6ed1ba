//! What of a definition a run has used. What is left over is a line that nothing proves.

use std::collections::BTreeSet;

use crate::script::Script;

/// Kinds of lines that a run cannot use, with the reason. A `*` stands for one key or position.
const DESCRIPTIVE: &[(&str, &str)] = &[
    ("sources", "where the facts are from; nothing reads it at run time"),
    ("logo", "names a picture"),
    (
        "confidence",
        "how far the facts were proved; nothing reads it at run time",
    ),
    (
        "unconfirmed",
        "which facts no document was read for; nothing reads it at run time",
    ),
    ("check_off_reason", "a reason for readers of the file"),
    ("overrides", "for a folder of an operator's own; a run has one folder"),
    ("actions", "an index of calls for agents; calls do not depend on it"),
    ("auth.*.setup", "a link for the operator"),
    ("auth.*.pkce_off_reason", "a reason for readers of the file"),
    (
        "variables.*.placeholder",
        "greyed text of the operator's form; the person's is compared",
    ),
    (
        "variables.*.help",
        "text of the operator's form; the person's is compared",
    ),
    (
        "variables.*.choices.*.label",
        "text of the operator's form; the person's is compared",
    ),
    (
        "variables.*.secret",
        "how the operator's value is kept, not what is sent; the tests of keyring and definitions hold it",
    ),
    (
        "variables.*.title",
        "text of the operator's form; the person's is compared",
    ),
];

/// What was used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(BTreeSet<String>);

impl Ledger {
    /// Notes that this place, with everything below it, was used.
    pub(crate) fn used(&mut self, path: &str) {
        if !self.0.contains(path) {
            self.0.insert(path.to_owned());
        }
    }

    /// Adds what another way to sign in used.
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The places of a definition that nothing used.
    pub(crate) fn unused(&self, script: &Script) -> Vec<String> {
        let mut left = script.root().leaves();
        left.retain(|path| !self.covers(path) && !is_descriptive(script, path));
        left
    }

    fn covers(&self, path: &str) -> bool {
        self.0.contains(path)
            || path
                .char_indices()
                .filter(|(_, one)| matches!(one, '.' | '['))
                .any(|(end, _)| self.0.contains(&path[..end]))
    }
}

fn is_descriptive(script: &Script, path: &str) -> bool {
    let keys: Vec<String> = path
        .replace('[', ".")
        .replace(']', "")
        .split('.')
        .map(ToOwned::to_owned)
        .collect();
    DESCRIPTIVE.iter().any(|(pattern, _)| {
        let pattern: Vec<&str> = pattern.split('.').collect();
        let same = |(pattern, key): (&&str, &String)| *pattern == "*" || pattern == key;
        let matches = keys.len() >= pattern.len() && pattern.iter().zip(&keys).all(same);
        // Texts of the person's form are compared with the form.
        let of_operator = || script.at("variables").at(&keys[1]).at("set_by").text() == Some("operator");
        matches && (pattern[0] != "variables" || of_operator())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_over_is_named() {
        let text = "id: x\nsources: [a]\nauth: [{ setup: b, token: { url: c, params: { d: e } } }]\ncheck: { body: { q: [1, 2] } }\n";
        let script = Script::read("x.yaml", text).unwrap();
        let mut ledger = Ledger::default();
        ledger.used("id");
        ledger.used("check.body");
        assert_eq!(ledger.unused(&script), ["auth[0].token.params.d", "auth[0].token.url"]);
        ledger.used("auth[0].token");
        assert!(ledger.unused(&script).is_empty());
    }
}
