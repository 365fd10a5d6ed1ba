//! What is wrong with a definition, for the person who wrote it.

use std::fmt;

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// Line, from 1; absent when the file could not even be read.
    pub line: Option<u64>,
    /// Column in characters, from 1.
    pub column: Option<u64>,
    /// Where in the definition, as `auth[0].token.url`; empty for the whole file.
    pub at: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl Problem {
    /// What is wrong with a file as a whole.
    pub(crate) fn of_file(file: &str, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            column: None,
            at: String::new(),
            message,
            suggestion: None,
        }
    }

    /// Whether another says the same of the same place.
    pub(crate) fn is_told_by(&self, other: &Self) -> bool {
        self.file == other.file
            && (self.line, self.column) == (other.line, other.column)
            && self.message == other.message
    }
}

/// `salesforce.yaml:12:5: auth[0].token.url: …; did you mean …?`
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(formatter, ":{column}")?;
        }
        if !self.at.is_empty() {
            write!(formatter, ": {}", self.at)?;
        }
        write!(formatter, ": {}", self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(formatter, "; did you mean `{suggestion}`?")?;
        }
        Ok(())
    }
}
