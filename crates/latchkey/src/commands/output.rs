//! What commands print: text for people, or one line of JSON.

use serde_json::Value;

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) json: bool,
}

#[expect(clippy::print_stdout, reason = "this is what a command line prints")]
impl Output {
    /// A value: indented for people.
    pub(super) fn value(self, value: &Value) {
        if self.json {
            println!("{value}");
        } else {
            println!("{value:#}");
        }
    }

    /// One JSON value, or a text in its place.
    pub(super) fn say(self, value: &Value, text: &str) {
        if self.json {
            println!("{value}");
        } else {
            println!("{text}");
        }
    }

    /// Rows: a JSON array, or a table with these columns.
    pub(super) fn rows(self, rows: &[Value], columns: &[&str]) {
        if self.json {
            println!("{}", Value::Array(rows.to_vec()));
            return;
        }
        if rows.is_empty() {
            println!("There is none yet.");
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
        let line = |cells: Vec<String>| {
            let padded: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            println!("{}", padded.join("  ").trim_end());
        };
        line(
            columns
                .iter()
                .map(|column| column.replace('_', " ").to_uppercase())
                .collect(),
        );
        for row in rows {
            line(columns.iter().map(|column| cell(row, column)).collect());
        }
    }
}
