//! Checks of texts that come from outside and are shown to people or kept.

use crate::Problem;

/// A text of at most `limit` characters without control characters; blank ones count as absent.
pub(crate) fn plain(name: &'static str, text: Option<String>, limit: usize) -> Result<Option<String>, Problem> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > limit {
        return Err(Problem::bad_request(
            "value_too_long",
            format!("`{name}` may have {limit} characters at most."),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::bad_request(
            "value_not_plain",
            format!("`{name}` must not hold control characters."),
        ));
    }
    Ok(Some(text))
}

/// A provider's words as plain text: no control or direction characters, 300 characters at most.
pub(crate) fn quoted(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .filter(|character| !matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .take(300)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_absent_and_limits_hold() {
        assert_eq!(plain("name", Some("  ".into()), 3).unwrap(), None);
        assert_eq!(plain("name", Some("äöü".into()), 3).unwrap().as_deref(), Some("äöü"));
        assert_eq!(
            plain("name", Some("abcd".into()), 3).unwrap_err().key(),
            "value_too_long"
        );
        assert_eq!(
            plain("name", Some("a\nb".into()), 3).unwrap_err().key(),
            "value_not_plain"
        );
    }

    #[test]
    fn quoted_words_are_harmless() {
        assert_eq!(quoted("a\u{202e}b\r\nc"), "ab  c");
        assert_eq!(quoted(&"x".repeat(100_000)).len(), 300);
    }
}
