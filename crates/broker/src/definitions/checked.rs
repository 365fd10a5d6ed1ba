//! The check of a definition beside all others, as it would be loaded.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use store::StoredDefinition;

use super::DEFINITION_LIMIT;
use crate::{Broker, Kind, Problem};

impl Broker {
    /// The definition that came out, with the text of the built-in one in whose place it stands, or every mistake in it. While others have mistakes, it would not come in force: then
    /// only one is taken that mends its own.
    pub(super) async fn checked(
        &self,
        id: &str,
        document: &str,
        mut stored: Vec<StoredDefinition>,
    ) -> Result<(Arc<catalog::Integration>, Option<String>), Problem> {
        if document.len() > DEFINITION_LIMIT {
            return Err(Problem::bad_request(
                "definition_too_large",
                format!("A definition has at most {} KiB.", DEFINITION_LIMIT / 1024),
            ));
        }
        let before = stored.clone();
        stored.retain(|one| one.integration != id);
        stored.push(StoredDefinition {
            integration: id.to_owned(),
            version: 0,
            document: Some(document.to_owned()),
            made_at: self.store().now().await?,
            made_by: String::new(),
        });
        let loaded = self.load_with(stored).await?;
        let file = file_of(id);
        let mut problems: Vec<Value> = loaded
            .problems
            .iter()
            .chain(&loaded.advice)
            .filter(|problem| problem.file == file)
            .map(told)
            .collect();
        let found = loaded.catalog.iter().find(|one| one.origin.file == file).cloned();
        match found {
            Some(found) if problems.is_empty() && found.id.as_str() == id => {
                self.require_others_are_right(&loaded.problems, before, &file).await?;
                return Ok((found, loaded.replaced.get(id).map(catalog::Resolved::yaml)));
            }
            Some(found) if problems.is_empty() => problems.push(json!({
                "line": null, "column": null, "at": "id",
                "message": format!("the id is `{}`, and the address names `{id}`: they must be the same", found.id.as_str()),
                "suggestion": id,
            })),
            _ => {}
        }
        Err(Problem::new(
            Kind::Unprocessable,
            "definition_mistakes",
            match problems.first() {
                Some(first) => format!(
                    "The definition has mistakes ({}). The first: {}.",
                    problems.len(),
                    first["message"].as_str().unwrap_or_default()
                ),
                None => "The definition cannot be read.".to_owned(),
            },
        )
        .with_meta(json!({ "problems": problems })))
    }

    /// A set with a mistake anywhere is not put in force. One definition at a time can be mended all the same.
    async fn require_others_are_right(
        &self,
        problems: &[catalog::Problem],
        before: Vec<StoredDefinition>,
        file: &str,
    ) -> Result<(), Problem> {
        let Some(first) = problems.first() else { return Ok(()) };
        let of_file = |problem: &catalog::Problem| problem.file == file;
        if self.load_with(before).await?.problems.iter().any(of_file) {
            return Ok(());
        }
        let files: BTreeSet<&str> = problems.iter().map(|problem| problem.file.as_str()).collect();
        let files = files.into_iter().collect::<Vec<_>>().join(", ");
        let told: Vec<Value> = problems
            .iter()
            .map(|problem| {
                let mut told = told(problem);
                told["file"] = json!(problem.file);
                told
            })
            .collect();
        Err(Problem::new(
            Kind::Conflict,
            "other_definitions_have_mistakes",
            format!(
                "The definition is right, and would not come in force while others have mistakes: {files}. Mend or take away those first. The first mistake: {first}."
            ),
        )
        .with_meta(json!({ "problems": told })))
    }
}

/// A mistake, as the answer of a call names it.
fn told(problem: &catalog::Problem) -> Value {
    json!({
        "line": problem.line, "column": problem.column, "at": problem.at, "message": problem.message,
        "suggestion": problem.suggestion,
    })
}

/// The name under which mistakes are told.
pub(super) fn file_of(id: &str) -> String {
    format!("api/{id}.yaml")
}
