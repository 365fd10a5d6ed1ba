//! `latchkey integrations`.

mod agree;
mod begin;
mod check;
mod import;
mod list;
mod push;
mod trial;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use catalog::{Files, Integration, Loaded};
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
    /// All definitions: the built-in ones, those of `LATCHKEY_INTEGRATIONS_DIR`, and of the database where there is one.
    List,
    /// One definition, laid over its family: as YAML, or as JSON with `--json`. It is found where `list` finds it.
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
    /// Show what a definition would send, with sample values. Nothing is sent. It is found where `list` finds it.
    Try(trial::Arguments),
    /// Make `actions` of the operations of an OpenAPI document.
    ImportActions(import::Arguments),
    /// Agree to the addresses for secrets that a changed definition names, in every project. Until then its connections wait.
    Agree(agree::Arguments),
    /// Put definitions in force on every server of the database, whatever folder it has.
    Push(push::PushArguments),
    /// Print a definition, as a start for one of your own.
    Pull {
        /// The integration, as `slack`.
        integration: String,
    },
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
        Command::List => list::list(output, &loaded_with_stored(configuration).await?),
        Command::Show { integration } => {
            let loaded = loaded_with_stored(configuration).await?;
            find(configuration, &loaded, &integration)?;
            let resolved = loaded.resolved.get(&integration).context("the definition is gone")?;
            output.say(&resolved.json(), resolved.yaml().trim_end());
        }
        Command::Check { path: None } => {
            check::report(output, &loaded(configuration)?, "what a server would load")?;
        }
        Command::Check { path: Some(path) } => check::check(configuration, output, &path)?,
        Command::New(arguments) => begin::run(configuration, output, *arguments).await?,
        Command::Try(arguments) => trial::run(configuration, output, &arguments).await?,
        Command::ImportActions(arguments) => import::run(configuration, output, &arguments)?,
        Command::Agree(arguments) => agree::run(configuration, output, &arguments).await?,
        Command::Push(arguments) => push::push(configuration, output, &arguments).await?,
        Command::Pull { integration } => push::pull(configuration, output, &integration).await?,
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

/// The same with those of the database, where one is configured.
async fn loaded_with_stored(configuration: &Configuration) -> anyhow::Result<Loaded> {
    if configuration.database_url.is_none() {
        return loaded(configuration);
    }
    match target::broker(configuration).await {
        Ok(broker) => Ok(broker.load_definitions().await?),
        Err(error) => {
            tracing::warn!("without the definitions of the database: {error:#}");
            loaded(configuration)
        }
    }
}

/// The definition of this id. Where a file of the server's folder is of this id and has mistakes, they are the answer.
fn find<'a>(configuration: &Configuration, loaded: &'a Loaded, id: &str) -> anyhow::Result<&'a Integration> {
    let folder = configuration.integrations_dir.as_deref().unwrap_or(Path::new(""));
    let is_of = |problem: &&catalog::Problem| {
        let path = Path::new(&problem.file);
        let written = Files::read_one(&folder.join(path))
            .ok()
            .and_then(|files| catalog::id_of(&files));
        written.as_deref() == Some(id) || path.file_stem().is_some_and(|stem| stem == id)
    };
    let told: Vec<String> = loaded
        .problems
        .iter()
        .filter(is_of)
        .map(|problem| {
            let mut problem = problem.clone();
            let path = folder.join(&problem.file);
            if path.exists() {
                problem.file = path.display().to_string();
            }
            problem.to_string()
        })
        .collect();
    if told.is_empty() {
        return apps::find(&loaded.catalog, id);
    }
    bail!("`{id}` cannot be taken as it is written:\n  {}", told.join("\n  "))
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
        &apps::row(&app, Some(integration)),
        &format!("{} is switched {on} in {}.", integration.name, target.environment),
    );
    Ok(())
}
