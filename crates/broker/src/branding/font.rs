//! A font stack: names of fonts that people have, read from a line as CSS writes it and written anew.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names in a stack at most.
const MOST: usize = 8;
/// Characters of a name at most.
const LONGEST: usize = 40;

/// Words of CSS that stand without quotes.
const GENERIC: [&str; 13] = [
    "serif",
    "sans-serif",
    "monospace",
    "cursive",
    "fantasy",
    "system-ui",
    "ui-serif",
    "ui-sans-serif",
    "ui-monospace",
    "ui-rounded",
    "math",
    "emoji",
    "-apple-system",
];

/// Families, first choice first. Only letters, digits, spaces, `-` and `_` are in their names, so none can end the
/// declaration that it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct FontStack(Vec<String>);

/// Why a line is no font stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoFontStack {
    #[error("write one to eight names of fonts with commas between them")]
    Count,
    #[error("the name of a font has 1 to 40 letters, digits, spaces, - and _; fonts are not loaded from elsewhere")]
    Name,
}

impl FontStack {
    pub(crate) fn parse(text: &str) -> Result<Self, NoFontStack> {
        let names: Vec<&str> = text.split(',').map(str::trim).collect();
        if names.len() > MOST || text.trim().is_empty() {
            return Err(NoFontStack::Count);
        }
        names.into_iter().map(family).collect::<Result<_, _>>().map(Self)
    }
}

fn family(text: &str) -> Result<String, NoFontStack> {
    let unquoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text);
    let name = unquoted.split_whitespace().collect::<Vec<_>>().join(" ");
    let allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    if name.is_empty() || name.chars().count() > LONGEST || !name.chars().all(allowed) {
        return Err(NoFontStack::Name);
    }
    Ok(name)
}

impl fmt::Display for FontStack {
    /// As CSS reads it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(", ")?;
            }
            if GENERIC.contains(&name.as_str()) {
                formatter.write_str(name)?;
            } else {
                write!(formatter, "\"{name}\"")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for FontStack {
    type Error = NoFontStack;

    fn try_from(text: String) -> Result<Self, NoFontStack> {
        Self::parse(&text)
    }
}

impl From<FontStack> for String {
    fn from(stack: FontStack) -> Self {
        stack.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_written_anew() {
        for (given, written) in [
            ("Inter", "\"Inter\""),
            ("Inter, 'Segoe UI',sans-serif", "\"Inter\", \"Segoe UI\", sans-serif"),
            ("\"Source  Sans 3\", system-ui", "\"Source Sans 3\", system-ui"),
            ("ヒラギノ角ゴ, -apple-system", "\"ヒラギノ角ゴ\", -apple-system"),
        ] {
            let stack = FontStack::parse(given).unwrap();
            assert_eq!(stack.to_string(), written);
            assert_eq!(FontStack::parse(written), Ok(stack));
        }
    }

    #[test]
    fn nothing_else_is_a_font() {
        for given in [
            "",
            " ",
            "Inter,",
            ",",
            "a,b,c,d,e,f,g,h,i",
            "Inter; color: red",
            "url(https://evil.test/x)",
            "Inter) ; @import 'x'",
            "@import",
            "\"Inter",
            "In\"ter",
            "Inter\\",
            "a/*",
            "</style><script>",
            "x{}",
            "a\u{202e}b",
            "a\u{0}b",
        ] {
            assert!(FontStack::parse(given).is_err(), "{given}");
        }
        assert_eq!(FontStack::parse(&"x".repeat(41)), Err(NoFontStack::Name));
    }
}
