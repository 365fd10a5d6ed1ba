//! `latchkey integrations`.

mod begin;
mod check;
mod import;
mod list;
mod trial;

use std::path::PathBuf;

use anyhow::Context as _;
use catalog::Loaded;
use clap::Subcommand;
use serde_json::json;
use store::AppSettings;

use super::apps;
use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::composition;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// All definitions: the built-in ones, and those of `LATCHKEY_INTEGRATIONS_DIR`.
    List,
    /// One definition, laid over its family: as YAML, or as JSON with `--json`.
    Show {
        /// The integration, as `slack`.
        integration: String,
    },
    /// Check definitions; every mistake is named with file and line. Ends with 1 if there is any.
    Check {
        /// A folder or a file. Without one: what a server would load.
        path: Option<PathBuf>,
    },
    /// Begin a definition: from answers, an OpenID provider or an OpenAPI document. Asks on a terminal for what is missing.
    New(Box<begin::Arguments>),
    /// Show what a definition would send, with sample values. Nothing is sent.
    Try(trial::Arguments),
    /// Make `actions` of the operations of an OpenAPI document.
    ImportActions(import::Arguments),
    /// The JSON Schema of the format, for editors.
    Schema {
        /// The schema of families, and of definitions that extend one: no key is required there.
        #[arg(long)]
        part: bool,
    },
    /// The reference page of the format, as Markdown.
    Reference,
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
        Command::List => list::list(output, &loaded(configuration)?),
        Command::Show { integration } => {
            let loaded = loaded(configuration)?;
            apps::find(&loaded.catalog, &integration)?;
            let resolved = loaded.resolved.get(&integration).context("the definition is gone")?;
            output.say(&resolved.json(), resolved.yaml().trim_end());
        }
        Command::Check { path: None } => {
            check::report(output, &loaded(configuration)?, &[], "what a server would load")?;
        }
        Command::Check { path: Some(path) } => check::check(configuration, output, &path)?,
        Command::New(arguments) => begin::run(configuration, output, *arguments).await?,
        Command::Try(arguments) => trial::run(configuration, output, &arguments).await?,
        Command::ImportActions(arguments) => import::run(configuration, output, &arguments)?,
        Command::Reference => output.say(
            &json!({ "markdown": catalog::reference() }),
            catalog::reference().trim_end(),
        ),
        Command::Schema { part: false } => output.value(&catalog::json_schema()),
        Command::Schema { part: true } => output.value(&catalog::part_schema()),
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

/// What a server would load.
fn loaded(configuration: &Configuration) -> anyhow::Result<Loaded> {
    composition::load_definitions(configuration.integrations_dir.as_deref())
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
