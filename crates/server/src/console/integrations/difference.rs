//! What changed between two texts, line by line.

use similar::{ChangeTag, TextDiff};

/// Lines that stand around a change.
const AROUND: usize = 3;

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// `added`, `removed`, `same` or `gap`.
    pub(super) kind: &'static str,
    /// For people who do not see colours.
    pub(super) mark: &'static str,
    pub(super) number: Option<usize>,
    pub(super) text: String,
}

/// The changes with what stands around them. Without a text before, all of the text.
pub(super) fn lines(old: &str, new: &str) -> Vec<Line> {
    let difference = TextDiff::configure()
        .timeout(std::time::Duration::from_millis(300))
        .diff_lines(old, new);
    let mut shown = Vec::new();
    for (number, group) in difference.grouped_ops(AROUND).iter().enumerate() {
        if number > 0 {
            shown.push(Line {
                kind: "gap",
                mark: "…",
                number: None,
                text: String::new(),
            });
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let (kind, mark, number) = match change.tag() {
                ChangeTag::Insert => ("added", "+", change.new_index()),
                ChangeTag::Delete => ("removed", "−", change.old_index()),
                ChangeTag::Equal => ("same", " ", change.new_index()),
            };
            shown.push(Line {
                kind,
                mark,
                number: number.map(|index| index + 1),
                text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
            });
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_shown() {
        let old: Vec<String> = (1..=20).map(|number| format!("line {number}\n")).collect();
        let old = old.concat();
        let new = old.replace("line 3\n", "line three\n").replace("line 18\n", "");
        let shown = lines(&old, &new);
        let marked: Vec<(&str, Option<usize>, &str)> = shown
            .iter()
            .filter(|line| line.kind != "same")
            .map(|line| (line.kind, line.number, line.text.as_str()))
            .collect();
        assert_eq!(
            marked,
            [
                ("removed", Some(3), "line 3"),
                ("added", Some(3), "line three"),
                ("gap", None, ""),
                ("removed", Some(18), "line 18")
            ]
        );
        assert!(lines(&old, &old).is_empty());
        assert_eq!(lines("", "a\nb\n").len(), 2);
    }
}
