//! The command line.

mod adopt;
mod apps;
mod audit;
mod branding;
mod connections;
mod dev;
mod health;
mod integrations;
mod keyring;
mod keys;
mod links;
mod mail;
mod moves;
mod operators;
mod output;
mod projects;
mod sandbox;
mod serve;
mod target;
mod webhooks;

pub use self::output::NotPrinted;

use clap::{Parser, Subcommand};
use secrecy::ExposeSecret as _;
use vault::MasterKey;

use crate::composition::open_store;
use crate::configuration::{Configuration, LogFormat};
use crate::logging;

/// A self-hosted connection broker: your users connect their services, you call them, the credentials stay with you.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print one line of JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run for development: a private database, a generated key, a demo project.
    Dev,
    /// Run for production: needs a database, a master key and the public address.
    Serve,
    /// Run the migrations that are missing.
    Migrate,
    /// Say that this restored or copied database is the right one now; until then it refreshes nothing.
    Adopt(adopt::AdoptArguments),
    /// Show what is configured, with secrets masked.
    Config,
    /// Ask a running server whether it is alive; for container health checks.
    Health(health::HealthArguments),
    /// Projects and the pages that may embed them.
    #[command(subcommand)]
    Projects(projects::Command),
    /// How a project looks to people: colours, fonts, words, logo, own domain.
    #[command(subcommand)]
    Branding(branding::Command),
    /// Secret keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Data keys, which seal what is secret.
    #[command(subcommand)]
    Keyring(keyring::Command),
    /// Definitions of services, and switching them on.
    #[command(subcommand)]
    Integrations(integrations::Command),
    /// OAuth apps.
    #[command(subcommand)]
    Apps(apps::Command),
    /// Connections.
    #[command(subcommand)]
    Connections(connections::Command),
    /// Links that lead a person to a connection, or to their own connections.
    #[command(subcommand, alias = "link")]
    Links(links::Command),
    /// Where events are delivered to, and what was delivered.
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// Mail to the people behind connections.
    #[command(subcommand)]
    Mail(mail::Command),
    /// The people who sign in to the console.
    #[command(subcommand)]
    Operators(operators::Command),
    /// The built-in service of the test environment.
    #[command(subcommand)]
    Sandbox(sandbox::Command),
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::Command),
}

/// Runs a command.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let configuration = Configuration::read()?;
    let output = output::Output { json: arguments.json };
    let format = match (&arguments.command, configuration.log_format) {
        (_, Some(format)) => format,
        (Command::Serve, None) => LogFormat::Json,
        _ => LogFormat::Pretty,
    };
    let serves = matches!(arguments.command, Command::Dev | Command::Serve);
    // A command answers on standard output; what its parts log would only be noise beside it.
    logging::install(if serves { &configuration.log } else { "warn" }, format);
    match arguments.command {
        Command::Dev => dev::run(&configuration, output).await,
        Command::Serve => serve::run(&configuration).await,
        Command::Migrate => migrate(&configuration, output).await,
        Command::Adopt(arguments) => adopt::run(&configuration, output, &arguments).await,
        Command::Config => {
            output.value(&configuration.masked());
            Ok(())
        }
        Command::Health(arguments) => health::run(&configuration, &arguments).await,
        Command::Projects(command) => projects::run(&configuration, output, command).await,
        Command::Branding(command) => branding::run(&configuration, output, command).await,
        Command::Keys(command) => keys::run(&configuration, output, command).await,
        Command::Keyring(command) => keyring::run(&configuration, output, command).await,
        Command::Integrations(command) => integrations::run(&configuration, output, command).await,
        Command::Apps(command) => apps::run(&configuration, output, command).await,
        Command::Audit(command) => audit::run(&configuration, output, command).await,
        Command::Connections(command) => connections::run(&configuration, output, command).await,
        Command::Links(command) => links::run(&configuration, output, command).await,
        Command::Webhooks(command) => webhooks::run(&configuration, output, command).await,
        Command::Mail(command) => mail::run(&configuration, output, command).await,
        Command::Operators(command) => operators::run(&configuration, output, command).await,
        Command::Sandbox(command) => sandbox::run(&configuration, output, command).await,
    }
}

async fn migrate(configuration: &Configuration, output: output::Output) -> anyhow::Result<()> {
    // Migrations touch no sealed value: whoever runs them needs no master key.
    let url = target::database_url(configuration)?;
    let store = open_store(configuration, url.expose_secret(), &MasterKey::generate())?;
    store.check_pooler().await?;
    let missing = store.missing_migrations().await?;
    store.migrate().await?;
    output.say(
        &serde_json::json!({ "applied": missing }),
        &format!("{missing} migrations were applied."),
    );
    Ok(())
}
