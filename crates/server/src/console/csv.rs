//! Files for spreadsheets.

/// What a spreadsheet skips before it looks whether a cell is a formula.
fn is_skipped(character: char) -> bool {
    (character.is_whitespace() && !matches!(character, '\t' | '\r' | '\n'))
        || matches!(character, '\u{feff}' | '\u{200b}' | '\0')
}

/// A text as a cell of RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
/// injection).
pub(super) fn cell(text: &str) -> String {
    let start = text.trim_start_matches(is_skipped);
    let is_formula = start.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let safe = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if is_formula || safe.contains([',', '"', '\n', '\r', ';', '\t', '\'']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("plain", "plain"),
            ("", ""),
            (" plain", " plain"),
            ("a=1", "a=1"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("it's", "\"it's\""),
            ("=1+1", "\"'=1+1\""),
            (
                "=HYPERLINK(\"https://evil.test\",\"x\")",
                "\"'=HYPERLINK(\"\"https://evil.test\"\",\"\"x\"\")\"",
            ),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("+49", "\"'+49\""),
            ("\t=1", "\"'\t=1\""),
            ("a\r\n=1", "\"a\r\n=1\""),
            ("＝1", "\"'＝1\""),
            // Behind what is skipped.
            (" =1", "\"' =1\""),
            ("\u{a0}=1", "\"'\u{a0}=1\""),
            ("\u{3000}@a", "\"'\u{3000}@a\""),
            ("\u{feff}=1", "\"'\u{feff}=1\""),
            (" \u{feff} +1", "\"' \u{feff} +1\""),
            (" \t=1", "\"' \t=1\""),
        ] {
            assert_eq!(cell(text), written, "{text}");
        }
    }
}
