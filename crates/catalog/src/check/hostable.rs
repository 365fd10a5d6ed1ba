//! Texts that a pattern lets through, as much like a host as it allows: where none of them is one, nothing is.

use regex_syntax::hir::{Class, Hir, HirKind};

/// So many texts at most; patterns of hosts have few forms.
const MOST: usize = 64;
/// What stands in hosts, the best first; then what only some of them take.
const WANTED: [(char, char); 5] = [('a', 'z'), ('0', '9'), ('-', '-'), ('A', 'Z'), ('.', '.')];

/// One text for each form that the pattern has.
pub(super) fn samples(pattern: &str) -> Vec<String> {
    let Ok(read) = regex_syntax::parse(pattern) else {
        return Vec::new();
    };
    texts(&read)
}

fn texts(part: &Hir) -> Vec<String> {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Class(class) => one_of(class).map(String::from).into_iter().collect(),
        HirKind::Capture(capture) => texts(&capture.sub),
        HirKind::Alternation(parts) => {
            let mut all: Vec<String> = parts.iter().flat_map(texts).collect();
            all.truncate(MOST);
            all
        }
        HirKind::Repetition(repetition) => {
            let inner = texts(&repetition.sub);
            let least = repetition.min as usize;
            let longer = least.max(1).min(repetition.max.map_or(usize::MAX, |max| max as usize));
            let mut all: Vec<String> = inner.iter().map(|text| text.repeat(least)).collect();
            if least == 0 {
                all = vec![String::new()];
            }
            if longer != least {
                all.extend(inner.iter().map(|text| text.repeat(longer)));
            }
            all.truncate(MOST);
            all
        }
        HirKind::Concat(parts) => {
            let mut all = vec![String::new()];
            for part in parts {
                let ends = texts(part);
                all = all
                    .iter()
                    .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")))
                    .take(MOST)
                    .collect();
            }
            all
        }
    }
}

/// A character of a class, the most useful one.
fn one_of(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .map(|range| (range.start().into(), range.end().into()))
            .collect(),
    };
    let common = |(from, to): (char, char)| {
        let overlap = ranges.iter().map(|range| (range.0.max(from), range.1.min(to)));
        overlap.filter(|(from, to)| from <= to).map(|(from, _)| from).min()
    };
    let wanted = WANTED.into_iter().find_map(common);
    wanted.or_else(|| ranges.first().map(|range| range.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_a_text() {
        for (pattern, expected) in [
            ("[a-z0-9-]+", &["a"][..]),
            ("login|test|[a-z0-9]{1,9}\\.my", &["login", "test", "a.my"]),
            ("(?:[A-Z]{2,3}-)?[0-9]{3}", &["000", "AA-000"]),
            ("[^/]+", &["a"]),
            ("[ _]", &[" "]),
            ("x*", &["", "x"]),
        ] {
            assert_eq!(samples(pattern), expected, "{pattern}");
        }
        assert!(samples("(a|b)(c|d){40}[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*").len() <= MOST);
    }
}
