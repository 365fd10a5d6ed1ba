//! Definitions of the database: put there from files, and read back.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use broker::{Broker, Caller, Expected};
use catalog::Files;
use clap::Args;
use serde_json::json;

use super::super::output::Output;
use super::super::target;
use crate::configuration::Configuration;

#[derive(Debug, Args)]
pub(in crate::commands) struct PushArguments {
    /// Files with a definition each.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only check them.
    #[arg(long)]
    dry_run: bool,
    /// The version that you changed; refused when it is another by now. Without it, whatever there is, is replaced.
    #[arg(long)]
    version: Option<i64>,
}

/// Checks each file and puts it in force on every server of the database. Ends at the first that has mistakes.
pub(super) async fn push(
    configuration: &Configuration,
    output: Output,
    arguments: &PushArguments,
) -> anyhow::Result<()> {
    if arguments.version.is_some() && arguments.files.len() > 1 {
        bail!("--version is of one definition: push one file with it");
    }
    let (broker, caller) = operator(configuration).await?;
    let expected = arguments.version.map_or(Expected::Any, Expected::Version);
    for path in &arguments.files {
        let document = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let id = id_of(path, &document)?;
        let put = broker
            .put_definition(&caller, &id, document, Some(expected), arguments.dry_run)
            .await
            .map_err(|problem| told(path, &problem))?;
        let text = match put.version {
            Some(version) => format!("{id} is version {version} now. Servers take it within five seconds."),
            None => format!("{id} is right. Nothing was changed."),
        };
        output.say(
            &json!({ "id": id, "version": put.version, "overrides": put.view.overrides }),
            &text,
        );
    }
    Ok(())
}

/// Prints a definition, as it was sent where it came by the API.
pub(super) async fn pull(configuration: &Configuration, output: Output, id: &str) -> anyhow::Result<()> {
    let (broker, caller) = operator(configuration).await?;
    let found = broker.definition(&caller, id).await?;
    output.say(
        &json!({
            "id": found.view.id, "from": found.view.from, "version": found.view.version, "document": found.document,
        }),
        found.document.trim_end(),
    );
    Ok(())
}

async fn operator(configuration: &Configuration) -> anyhow::Result<(Broker, Caller)> {
    let broker = target::broker(configuration).await?;
    let project = target::project(&broker, None).await?;
    let caller = target::operator_of(&project);
    Ok((broker, caller))
}

/// The id that the file says it is of. What is wrong with it is told by the check.
fn id_of(path: &Path, document: &str) -> anyhow::Result<String> {
    let files = Files::new([("definition.yaml", document)]);
    catalog::id_of(&files).with_context(|| {
        format!(
            "{} has no `id`: `latchkey integrations check {0}` tells what is wrong",
            path.display()
        )
    })
}

fn told(path: &Path, problem: &broker::Problem) -> anyhow::Error {
    let mistakes = problem.meta().and_then(|meta| meta["problems"].as_array());
    let lines = mistakes.into_iter().flatten().map(|mistake| {
        let number = |name: &str| {
            mistake[name]
                .as_u64()
                .map(|number| format!(":{number}"))
                .unwrap_or_default()
        };
        let words = |name: &str| mistake[name].as_str().unwrap_or_default();
        let meant = mistake["suggestion"]
            .as_str()
            .map(|meant| format!("; did you mean `{meant}`?"));
        // Those of other definitions name their file.
        let file = mistake["file"]
            .as_str()
            .map_or_else(|| path.display().to_string(), ToOwned::to_owned);
        format!(
            "{file}{}{}: {}: {}{}",
            number("line"),
            number("column"),
            words("at"),
            words("message"),
            meant.unwrap_or_default()
        )
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        anyhow::anyhow!("{}: {}", path.display(), problem.message())
    } else if problem.key() == "definition_mistakes" {
        anyhow::anyhow!("{}", lines.join("\n"))
    } else {
        anyhow::anyhow!("{}: {}\n{}", path.display(), problem.message(), lines.join("\n"))
    }
}
