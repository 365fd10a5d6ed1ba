//! What commands print: text for people, or one line of JSON.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};

use serde_json::Value;

/// What a command unwinds with when its answer cannot be written.
#[derive(Debug)]
pub struct NotPrinted(std::io::Error);

impl NotPrinted {
    /// Whether the reader has gone, as `head` does when it has enough: nothing is wrong then.
    pub fn is_unread(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

impl From<NotPrinted> for anyhow::Error {
    fn from(not: NotPrinted) -> Self {
        Self::new(not.0).context("the answer cannot be written to standard output")
    }
}

/// One line. Where it cannot be written, the command unwinds without a word, so that what it holds is put away; `main`
/// says the rest.
fn line(text: Arguments<'_>) {
    let written = {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{text}").and_then(|()| stdout.flush())
    };
    if let Err(error) = written {
        std::panic::resume_unwind(Box::new(NotPrinted(error)));
    }
}

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// A value: indented for people.
    pub(super) fn value(self, value: &Value) {
        if self.json {
            line(format_args!("{value}"));
        } else {
            line(format_args!("{value:#}"));
        }
    }

    /// One JSON value, or a text in its place.
    pub(super) fn say(self, value: &Value, text: &str) {
        if self.json {
            line(format_args!("{value}"));
        } else {
            line(format_args!("{text}"));
        }
    }

    /// Rows: a JSON array, or a table with these columns.
    pub(super) fn rows(self, rows: &[Value], columns: &[&str]) {
        if self.json {
            line(format_args!("{}", Value::Array(rows.to_vec())));
            return;
        }
        if rows.is_empty() {
            line(format_args!("There is none yet."));
            return;
        }
        let cell = |row: &Value, column: &str| match &row[column] {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(", "),
            other => other.to_string(),
        };
        let width = |column: &str| {
            let widest = rows
                .iter()
                .map(|row| cell(row, column).chars().count())
                .max()
                .unwrap_or(0);
            widest.max(column.len())
        };
        let widths: Vec<usize> = columns.iter().map(|column| width(column)).collect();
        let row_of = |cells: Vec<String>| {
            let padded: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            line(format_args!("{}", padded.join("  ").trim_end()));
        };
        row_of(
            columns
                .iter()
                .map(|column| column.replace('_', " ").to_uppercase())
                .collect(),
        );
        for row in rows {
            row_of(columns.iter().map(|column| cell(row, column)).collect());
        }
    }
}
