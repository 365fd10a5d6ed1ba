//! From files to a catalog.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::definition::Definition;
use crate::model::{Catalog, Integration};
use crate::problem::Problem;
use crate::report::{Place, Report};
use crate::{check, shape, tree};

/// What came of loading definitions: those that are right, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The definitions without a mistake.
    pub catalog: Catalog,
    /// Every mistake of every file.
    pub problems: Vec<Problem>,
}

/// Loads each `*.yaml` and `*.yml` of a directory, not of those below it, in the order of their names. A file with a
/// mistake is left out and reported; the others are loaded. The error is the directory's, when it cannot be read.
pub fn load_directory(path: &Path) -> std::io::Result<Loaded> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    let mut texts = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match read(&path) {
            Ok(text) => texts.push((file, text)),
            Err(message) => problems.push(whole_file(&file, message)),
        }
    }
    let mut loaded = load_sources(texts.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    problems.append(&mut loaded.problems);
    Ok(Loaded {
        catalog: loaded.catalog,
        problems,
    })
}

/// A file's text; one that is too large is not read at all.
fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path)
        .map_err(|error| format!("the file cannot be read: {error}"))?
        .len();
    if size > tree::MAX_BYTES as u64 {
        return Err(format!("the file is larger than {} KiB", tree::MAX_BYTES / 1024));
    }
    std::fs::read_to_string(path).map_err(|error| format!("the file cannot be read: {error}"))
}

/// Loads definitions from their texts, each with the name of its file.
pub fn load_sources<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Loaded {
    let schema = json_schema();
    let mut loaded = Loaded::default();
    let mut defined_in: BTreeMap<String, &str> = BTreeMap::new();
    for (file, text) in files {
        let node = match tree::read(text) {
            Ok(node) => node,
            Err(unreadable) => {
                let mut problem = whole_file(file, unreadable.message);
                problem.line = unreadable.position.map(|position| position.line);
                problem.column = unreadable.position.map(|position| position.column);
                loaded.problems.push(problem);
                continue;
            }
        };
        let mut report = Report::new(file, &node);
        let integration = definition(&schema, &node, &mut report);
        if let Some(integration) = &integration
            && let Some(other) = defined_in.get(integration.id.as_str())
        {
            let message = format!(
                "the id `{}` is taken by {other}: ids are unique",
                integration.id.as_str()
            );
            report.add(&Place::default().key("id"), message);
        }
        if report.problems.is_empty()
            && let Some(integration) = integration
        {
            let id = integration.id.as_str().to_owned();
            defined_in.insert(id.clone(), file);
            loaded.catalog.by_id.insert(id, Arc::new(integration));
        }
        report.problems.sort_by_key(|problem| (problem.line, problem.column));
        loaded.problems.append(&mut report.problems);
    }
    loaded
}

fn definition(schema: &Value, node: &tree::Node, report: &mut Report<'_>) -> Option<Integration> {
    let json = shape::compare(schema, node, report);
    match serde_json::from_value::<Definition>(json) {
        Ok(definition) => check::definition(definition, report),
        Err(error) => {
            // Its cause was reported with its line already, unless schema and types disagree.
            if report.problems.is_empty() {
                report.add(&Place::default(), error.to_string());
            }
            None
        }
    }
}

fn whole_file(file: &str, message: String) -> Problem {
    Problem {
        file: file.to_owned(),
        line: None,
        column: None,
        at: String::new(),
        message,
        suggestion: None,
    }
}

/// The JSON Schema of a definition (draft 2020-12), for editors. `integrations/schema.json` is this.
pub fn json_schema() -> Value {
    schemars::schema_for!(Definition).to_value()
}
