//! `latchkey keys`.

use anyhow::bail;
use broker::{DEFAULT_SCOPES, KeyKeeper, KeyRequest, Scope};
use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keys of a project, never the secrets themselves.
    List {
        /// The project's id; the default project without.
        #[arg(long)]
        project: Option<String>,
    },
    /// Make a key. It is shown this one time.
    Create {
        #[command(flatten)]
        target: ProjectArguments,
        /// What people call it.
        #[arg(long, default_value = "Made on the command line")]
        name: String,
        /// What it may do; without, what an application needs.
        #[arg(long)]
        scope: Vec<Scope>,
        /// Days until it ends; never without.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
        ends_in: Option<u16>,
        /// A network or address that it is good from, as 203.0.113.0/24; everywhere without.
        #[arg(long = "from", value_name = "NETWORK")]
        ip_allow: Vec<String>,
    },
    /// End a key at once.
    Revoke {
        /// The key's id.
        id: store::ApiKeyId,
        /// The project's id; the default project without.
        #[arg(long)]
        project: Option<String>,
    },
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::List { project } => {
            let project = target::project(&broker, project.as_deref()).await?;
            let rows: Vec<Value> = broker.store().api_keys(project.id).await?.iter().map(row).collect();
            output.rows(
                &rows,
                &[
                    "id",
                    "name",
                    "hint",
                    "environment",
                    "scopes",
                    "last_used_at",
                    "revoked_at",
                ],
            );
        }
        Command::Create {
            target,
            name,
            scope,
            ends_in,
            ip_allow,
        } => {
            let project = target::project(&broker, target.project.as_deref()).await?;
            let scopes = if scope.is_empty() {
                DEFAULT_SCOPES.to_vec()
            } else {
                scope
            };
            let ends = match ends_in {
                Some(days) => Some(broker.store().now().await? + chrono::TimeDelta::days(days.into())),
                None => None,
            };
            let wanted = KeyRequest {
                id: store::ApiKeyId::generate(),
                name,
                scopes: scopes.clone(),
                ends,
                ip_allow,
            };
            let keeper = KeyKeeper::at_command_line(project.id, target.environment);
            let made = broker.make_key(&keeper, wanted).await?;
            let (id, key) = (made.key.id, made.secret.expose_secret());
            let value = json!({
                "id": id, "key": key, "project_id": project.id, "environment": target.environment,
                "scopes": scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
            });
            output.say(&value, &format!("{key}\nKeep it now: it is not shown again."));
        }
        Command::Revoke { id, project } => {
            let project = target::project(&broker, project.as_deref()).await?;
            if !broker.store().revoke_api_key(project.id, id).await? {
                bail!("{} has no live key {id}", project.name);
            }
            output.say(&json!({ "id": id, "revoked": true }), "The key no longer works.");
        }
    }
    Ok(())
}

fn row(key: &store::ApiKeyRow) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "environment": key.environment,
        "scopes": key.scopes,
        "ip_allow": key.ip_allow,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    })
}
