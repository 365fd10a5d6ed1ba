//! `latchkey sandbox`: what the built-in service does wrong.

use anyhow::Context as _;
use broker::SandboxFaults;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::connections::operator;
use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What it does wrong, for all of a project's connections or for one.
    #[command(subcommand)]
    Faults(Faults),
}

#[derive(Debug, Subcommand)]
pub(super) enum Faults {
    /// What is set, and how many calls it has hit.
    Show(Target),
    /// Set what goes wrong, in place of what was set. Without a choice: a provider that is well.
    Set(Box<SetArguments>),
    /// Take away what was set. A connection then meets what is set for the project.
    Clear(Target),
}

#[derive(Debug, Args)]
pub(super) struct Target {
    /// One connection, by its id or key; all of the project's without.
    #[arg(long)]
    connection: Option<String>,
    #[command(flatten)]
    target: ProjectArguments,
}

#[derive(Debug, Args)]
pub(super) struct SetArguments {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    choice: Choice,
}

/// As in the API's body; that is where it is checked.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Choice {
    /// What happens to calls: slow, hanging, `server_error`, `rate_limited`, html, `error_in_success`, `expired_code`,
    /// `refresh_refused`, `client_refused` or `answer_lost`.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Which calls: exchange, refresh, revoke or api; repeat for more.
    #[arg(long)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    on: Vec<String>,
    /// How many calls; all without.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// How long the answer waits.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u32>,
    /// Retry-After of `rate_limited`, sent as it is; date+N is the HTTP date in N seconds.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
    /// The error member of `error_in_success`.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What becomes of a used refresh token: refuse, strict, grace or none.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation: Option<String>,
    /// How long a used refresh token works on in grace.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_seconds: Option<u32>,
    /// What it gets in that time: new or same.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_answer: Option<String>,
    /// Lifetime of access tokens.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_seconds: Option<u32>,
    /// Leave `expires_in` out of token answers.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    omit_expires_in: bool,
    /// Grant only these scopes, separated by spaces.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// What the revocation endpoint says: works, `not_found` or `unsupported_token_type`.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<String>,
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let Command::Faults(command) = command;
    let broker = target::broker(configuration).await?;
    let set = match command {
        Faults::Show(Target { connection, target }) => {
            let caller = operator(&broker, &target).await?;
            broker.sandbox_faults(&caller, connection.as_deref()).await?
        }
        Faults::Set(arguments) => {
            let Target { connection, target } = arguments.target;
            let caller = operator(&broker, &target).await?;
            let choice = serde_json::to_value(&arguments.choice).context("the options cannot be written as JSON")?;
            broker
                .set_sandbox_faults(&caller, connection.as_deref(), &choice)
                .await?
        }
        Faults::Clear(Target { connection, target }) => {
            let caller = operator(&broker, &target).await?;
            broker.clear_sandbox_faults(&caller, connection.as_deref()).await?
        }
    };
    tell(output, &set);
    Ok(())
}

fn tell(output: Output, set: &SandboxFaults) {
    let whose = match set.connection {
        Some(connection) => format!("connection {connection}"),
        None => "all connections of the project".to_owned(),
    };
    let value = json!({ "connection": set.connection, "faults": set.setting.faults, "hits": set.setting.hits });
    let text = if set.setting.faults.is_none() {
        format!("Nothing is set for {whose}.")
    } else {
        format!(
            "For {whose}: {:#}\n{} calls were hit.",
            value["faults"], set.setting.hits
        )
    };
    output.say(&value, &text);
}
