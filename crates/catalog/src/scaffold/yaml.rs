//! Writes YAML as people write it: a value per line, quotes where they are needed.

/// A file that grows.
#[derive(Default)]
pub(super) struct Writer(String);

impl Writer {
    /// A line at this indentation.
    pub(super) fn line(&mut self, indent: usize, line: &str) {
        self.0.extend(std::iter::repeat_n(' ', indent));
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A key that needs no quotes, and a text.
    pub(super) fn pair(&mut self, indent: usize, key: &str, value: &str) {
        self.line(indent, &format!("{key}: {}", text(value)));
    }

    /// A text of several lines.
    pub(super) fn block(&mut self, indent: usize, key: &str, value: &str) {
        self.line(indent, &format!("{key}: |"));
        for line in value.trim_end().lines() {
            if line.trim().is_empty() {
                self.blank();
            } else {
                self.line(indent + 2, line.trim_end());
            }
        }
    }

    pub(super) fn blank(&mut self) {
        self.0.push('\n');
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// A text, in quotes where it would be read as something else. What JSON writes in double quotes, YAML reads alike.
pub(super) fn text(value: &str) -> String {
    let begins = value.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '_'));
    let ends = !value.ends_with([' ', ':']);
    let plain = value
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || " _./:-()".contains(character));
    let word = value.to_ascii_lowercase();
    let reserved = matches!(
        word.as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if begins && ends && plain && !reserved && !value.contains(": ") {
        return value.to_owned();
    }
    serde_json::Value::from(value).to_string()
}
