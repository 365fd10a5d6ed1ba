//! What is wrong.

use std::path::Path;

use anyhow::{Context as _, bail};
use catalog::{Files, Loaded, Problem};
use serde_json::json;

use super::super::output::Output;
use crate::composition;
use crate::configuration::Configuration;

/// Checks a folder or a file by itself; a server's own folder as a server would load it.
pub(super) fn check(configuration: &Configuration, output: Output, path: &Path) -> anyhow::Result<()> {
    let unreadable = || format!("{} cannot be read", path.display());
    let own = configuration.integrations_dir.as_deref();
    let is_own = own.is_some_and(|own| own.canonicalize().ok() == path.canonicalize().ok());
    let built_in = composition::built_in();
    let (files, folder) = if path.is_dir() {
        (Files::read(path).with_context(unreadable)?, path)
    } else {
        let folder = path.parent().unwrap_or(Path::new(""));
        (Files::read_one(path).with_context(unreadable)?, folder)
    };
    let mut loaded = if is_own {
        let mut loaded = catalog::load(&built_in, Some(&files));
        let advice = std::mem::take(&mut loaded.advice);
        loaded.problems.extend(advice);
        loaded
    } else {
        let mut loaded = catalog::load_beside(&built_in, &files);
        for problem in taken(&built_in, &files, folder) {
            if !loaded.problems.contains(&problem) {
                loaded.problems.push(problem);
            }
        }
        loaded
    };
    for problem in &mut loaded.problems {
        problem.file = folder.join(&problem.file).display().to_string();
    }
    if loaded.problems.is_empty() && loaded.catalog.iter().all(|integration| integration.origin.built_in) {
        let said = format!(
            "there is nothing to check in {}: a definition is a file `ID.yaml` directly in it, as `acme.yaml`",
            path.display()
        );
        output.say(&json!({ "definitions": 0, "problems": [] }), &said);
        return Ok(());
    }
    report(output, &loaded, &path.display().to_string())
}

/// The mistake of having the id of a built-in definition and not saying so. A checkout of the built-in ones has it nowhere.
fn taken(built_in: &Files, files: &Files, folder: &Path) -> Vec<Problem> {
    let ours = catalog::load(built_in, None).catalog;
    if ours
        .iter()
        .all(|integration| folder.join(&integration.origin.file).is_file())
    {
        return Vec::new();
    }
    let mut problems = catalog::load(built_in, Some(files)).problems;
    problems.retain(|problem| problem.at == "id");
    problems
}

/// Says what is wrong, and fails if anything is.
pub(super) fn report(output: Output, loaded: &Loaded, what: &str) -> anyhow::Result<()> {
    // Where the operator's folder is laid over the built-in ones, it is the folder that was asked about.
    let own = loaded.catalog.iter().filter(|integration| !integration.origin.built_in);
    let good = own
        .filter(|integration| {
            !loaded
                .problems
                .iter()
                .any(|problem| is_in(&problem.file, &integration.origin.file))
        })
        .count();
    let good = if good == 0 && loaded.problems.is_empty() {
        loaded.catalog.len()
    } else {
        good
    };
    let value = json!({ "definitions": good, "problems": loaded.problems });
    let mut lines: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    if loaded.problems.is_empty() {
        let noun = if good == 1 { "definition" } else { "definitions" };
        lines.push(format!("{good} {noun}, no mistakes."));
    }
    output.say(&value, &lines.join("\n"));
    match loaded.problems.len() {
        0 => Ok(()),
        1 => bail!("1 mistake in {what}"),
        number => bail!("{number} mistakes in {what}"),
    }
}

/// Whether a mistake stands in this file, whose folder may be told with it.
fn is_in(told: &str, file: &str) -> bool {
    Path::new(told).ends_with(file)
}
