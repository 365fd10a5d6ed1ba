//! What is wrong.

use std::path::Path;

use anyhow::{Context as _, bail};
use catalog::{Files, Loaded};
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
        catalog::load(&built_in, Some(&files))
    } else {
        catalog::load_beside(&built_in, &files)
    };
    for problem in &mut loaded.problems {
        problem.file = folder.join(&problem.file).display().to_string();
    }
    let notes = if is_own {
        Vec::new()
    } else {
        overriding(&built_in, &loaded)
    };
    report(output, &loaded, &notes, &path.display().to_string())
}

/// Definitions with the id of a built-in one: right by themselves, but no server takes them from its own folder as they are.
fn overriding(built_in: &Files, loaded: &Loaded) -> Vec<String> {
    let built_in = catalog::load(built_in, None).catalog;
    let same = loaded
        .catalog
        .iter()
        .filter(|integration| built_in.get(integration.id.as_str()).is_some());
    let ids: Vec<&str> = same
        .filter(|integration| !integration.origin.overrides)
        .map(|integration| integration.id.as_str())
        .collect();
    // The built-in ones themselves.
    if ids.is_empty() || ids.len() == built_in.len() {
        return Vec::new();
    }
    vec![format!(
        "built in as well: {}. In a folder of your own each needs `overrides: true` or another id",
        ids.join(", ")
    )]
}

/// Says what is wrong, and fails if anything is.
pub(super) fn report(output: Output, loaded: &Loaded, notes: &[String], what: &str) -> anyhow::Result<()> {
    let good = loaded.catalog.len();
    let value = json!({ "definitions": good, "problems": loaded.problems, "notes": notes });
    let notes = notes.iter().map(|note| format!("note: {note}"));
    let mut lines: Vec<String> = loaded.problems.iter().map(ToString::to_string).chain(notes).collect();
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
