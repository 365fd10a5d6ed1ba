//! `latchkey integrations`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};
use store::AppSettings;

use super::apps;
use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::composition::{BadDefinition, load_catalog};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// All definitions.
    List,
    /// Check the definitions in a folder; every mistake is named with file and line.
    Check {
        /// The folder.
        folder: PathBuf,
    },
    /// The JSON Schema of the format, for editors.
    Schema,
    /// Switch an integration on. One that signs in with OAuth also needs `latchkey apps set`.
    Enable {
        /// The integration, as `stripe`.
        integration: String,
        #[command(flatten)]
        target: ProjectArguments,
        /// A value that the definition asks the operator for; repeat for more.
        #[arg(long)]
        variable: Vec<String>,
    },
    /// Switch an integration off. Connections stay as they are.
    Disable {
        /// The integration.
        integration: String,
        #[command(flatten)]
        target: ProjectArguments,
    },
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let catalog = load_catalog(configuration.integrations_dir.as_deref(), BadDefinition::LeaveOut)?;
            let rows: Vec<Value> = catalog
                .iter()
                .map(|integration| {
                    json!({
                        "id": integration.id,
                        "name": integration.name,
                        "auth": integration.auth.iter().map(|method| method.kind.name()).collect::<Vec<_>>(),
                        "categories": integration.categories,
                    })
                })
                .collect();
            output.rows(&rows, &["id", "name", "auth", "categories"]);
        }
        Command::Check { folder } => check(output, &folder)?,
        Command::Schema => output.value(&catalog::json_schema()),
        Command::Enable {
            integration,
            target,
            variable,
        } => {
            switch(configuration, output, &integration, &target, &variable, true).await?;
        }
        Command::Disable { integration, target } => {
            switch(configuration, output, &integration, &target, &[], false).await?;
        }
    }
    Ok(())
}

fn check(output: Output, folder: &std::path::Path) -> anyhow::Result<()> {
    let loaded = catalog::load_directory(folder)?;
    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    let good = loaded.catalog.len();
    let value = json!({ "definitions": good, "problems": problems });
    if problems.is_empty() {
        output.say(&value, &format!("{good} definitions, no mistakes."));
        return Ok(());
    }
    output.say(&value, &problems.join("\n"));
    bail!("{} mistakes in {}", problems.len(), folder.display())
}

async fn switch(
    configuration: &Configuration,
    output: Output,
    integration: &str,
    target: &ProjectArguments,
    given: &[String],
    enabled: bool,
) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    let project = target::project(&broker, target.project.as_deref()).await?;
    let catalog = broker.catalog();
    let integration = apps::find(&catalog, integration)?;
    let variables = (!given.is_empty())
        .then(|| apps::variables(integration, given))
        .transpose()?;
    let settings = AppSettings {
        enabled: Some(enabled),
        variables,
        ..AppSettings::default()
    };
    let app = apps::set(&broker, &project, target.environment, integration, settings).await?;
    let on = if enabled { "on" } else { "off" };
    output.say(
        &apps::row(&app),
        &format!("{} is switched {on} in {}.", integration.name, target.environment),
    );
    Ok(())
}
