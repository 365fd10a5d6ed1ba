//! `actions` from an OpenAPI document.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use catalog::Files;
use catalog::scaffold::{Wanted, import_actions, read_openapi};
use clap::Args;
use serde_json::json;

use super::super::output::Output;
use super::loaded;
use crate::configuration::Configuration;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// The integration, as `slack`.
    integration: String,
    /// The OpenAPI document (version 3), JSON or YAML.
    #[arg(long)]
    openapi: PathBuf,
    /// An operation by its id, or as "GET /path"; repeat for more. Without any, and without tags: all.
    #[arg(long = "operation", value_name = "OPERATION")]
    operations: Vec<String>,
    /// All operations with this tag; repeat for more.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Write them to the end of this definition's file, in place of printing them.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

pub(super) fn run(configuration: &Configuration, output: Output, arguments: &Arguments) -> anyhow::Result<()> {
    let path = arguments.openapi.display();
    let text = std::fs::read_to_string(&arguments.openapi).with_context(|| format!("{path} cannot be read"))?;
    let document = read_openapi(&text).with_context(|| path.to_string())?;
    let loaded = match &arguments.write {
        Some(file) => {
            let files = Files::read_one(file).with_context(|| format!("{} cannot be read", file.display()))?;
            catalog::load_beside(&crate::composition::built_in(), &files)
        }
        None => loaded(configuration)?,
    };
    let resolved = loaded.resolved.get(&arguments.integration).with_context(|| {
        let id = &arguments.integration;
        match &arguments.write {
            Some(file) => format!("{} holds no definition `{id}` without mistakes", file.display()),
            None => format!("there is no integration `{id}` here: `latchkey integrations list` shows those that there are. The folder of your own is named by LATCHKEY_INTEGRATIONS_DIR"),
        }
    })?;
    let written = resolved.json();
    let known = written["actions"].as_array().into_iter().flatten();
    let wanted = Wanted {
        operations: arguments.operations.clone(),
        tags: arguments.tags.clone(),
        known: known
            .filter_map(|action| action["id"].as_str())
            .map(str::to_owned)
            .collect(),
    };
    let imported = import_actions(&document, base_path(&written["api"]["base_url"]), &wanted);
    if !imported.missing.is_empty() {
        let told = imported.missing.iter().map(|(name, meant)| match meant {
            Some(meant) => format!("`{name}` (did you mean `{meant}`?)"),
            None => format!("`{name}`"),
        });
        bail!("{path} has no {}", told.collect::<Vec<_>>().join(", no "));
    }
    let value = json!({ "actions": imported.ids, "file": arguments.write, "yaml": imported.yaml });
    if imported.ids.is_empty() {
        output.say(&value, "Nothing new: every action is there already.");
        return Ok(());
    }
    let Some(file) = &arguments.write else {
        output.say(&value, &format!("actions:\n{}", imported.yaml.trim_end()));
        return Ok(());
    };
    let before = std::fs::read_to_string(file)?;
    let after = with_actions(&before, &imported.yaml)?;
    check(file, &after)?;
    std::fs::write(file, after).with_context(|| format!("{} cannot be written", file.display()))?;
    output.say(
        &value,
        &format!("{}: {} actions added.", file.display(), imported.ids.len()),
    );
    Ok(())
}

/// The path of a base address, whose host may be an input.
fn base_path(base: &serde_json::Value) -> &str {
    let base = base.as_str().unwrap_or_default();
    let behind = base.split_once("://").map_or(base, |(_, rest)| rest);
    behind.find('/').map_or("", |at| &behind[at..])
}

/// The text with more actions at its end. What stands behind `actions` would be read as a part of them, so they must be last.
fn with_actions(text: &str, actions: &str) -> anyhow::Result<String> {
    let text = text.trim_end();
    let tops: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .collect();
    match tops.iter().position(|line| line.starts_with("actions:")) {
        None => Ok(format!("{text}\n\nactions:\n{actions}")),
        Some(at) if at + 1 == tops.len() && tops[at].trim_end() == "actions:" => Ok(format!("{text}\n\n{actions}")),
        Some(_) => bail!("`actions` must be the last key of the file, as a list below it: move it there first"),
    }
}

/// What would be written must be right.
fn check(file: &std::path::Path, text: &str) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = Files::read_one(file)?.with(&name, text);
    let loaded = catalog::load_beside(&crate::composition::built_in(), &beside);
    if loaded.problems.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    bail!(
        "nothing was written, because the file would have mistakes:\n  {}",
        told.join("\n  ")
    )
}

#[cfg(test)]
mod tests {
    use super::{base_path, with_actions};

    #[test]
    fn actions_are_put_at_the_end() {
        assert_eq!(
            with_actions("id: a\n", "  - id: b\n").unwrap(),
            "id: a\n\nactions:\n  - id: b\n"
        );
        let there = "id: a\nactions:\n  - id: c\n";
        assert_eq!(
            with_actions(there, "  - id: b\n").unwrap(),
            format!("{there}\n  - id: b\n")
        );
        assert!(with_actions("actions:\n  - id: c\nid: a\n", "").is_err());
        assert!(with_actions("id: a\nactions: []\n", "").is_err());
    }

    #[test]
    fn a_base_address_has_a_path_whatever_its_host() {
        let path = |text: &str| base_path(&text.into()).to_owned();
        assert_eq!(path("https://a.example/v2"), "/v2");
        assert_eq!(path("https://${variables.domain}.a.example"), "");
        assert_eq!(path("${variables.origin}/rest/v1"), "/rest/v1");
    }
}
