//! `latchkey connections`.

use std::path::PathBuf;

use anyhow::Context as _;
use broker::{Broker, Caller};
use clap::Subcommand;
use serde_json::{Value, json};
use store::ConnectionFilter;

use super::moves::{self, ExportArguments, ImportArguments};
use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Connections of a project and environment, newest first.
    List {
        #[command(flatten)]
        target: ProjectArguments,
        /// Of this identity only.
        #[arg(long)]
        identity: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Delete a connection; its grant is revoked at the service by the running server.
    Delete {
        /// Its id or key.
        connection: String,
        #[command(flatten)]
        target: ProjectArguments,
    },
    /// Make a key that opens exports: the private half goes to a file, the public half is printed.
    ExportKey {
        /// The file to write. It must not be there yet.
        #[arg(long)]
        output: PathBuf,
    },
    /// Pack connections with their credentials into an encrypted file for another instance.
    Export(ExportArguments),
    /// Unpack connections of another instance, under the same keys.
    Import(ImportArguments),
    /// Refresh released connections here again, where the other instance did not take them.
    TakeBack {
        #[command(flatten)]
        target: ProjectArguments,
    },
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    if let Command::ExportKey { output: path } = &command {
        // It touches no database.
        return moves::export_key(output, path);
    }
    let broker = target::broker(configuration).await?;
    match command {
        Command::ExportKey { .. } => {}
        Command::Export(arguments) => moves::export(&broker, output, &arguments).await?,
        Command::Import(arguments) => moves::import(&broker, output, &arguments).await?,
        Command::TakeBack { target } => moves::take_back(&broker, output, &target).await?,
        Command::List {
            target,
            identity,
            limit,
        } => {
            let caller = operator(&broker, &target).await?;
            let filter = ConnectionFilter {
                identity,
                limit: limit.clamp(1, 1000),
                ..ConnectionFilter::default()
            };
            let (connections, total) = broker.list_connections(&caller, &filter).await?;
            let rows: Vec<Value> = connections.iter().map(row).collect();
            output.rows(&rows, &["id", "platform", "identity", "state", "account", "expires_at"]);
            if !output.json && total > limit {
                output.say(
                    &Value::Null,
                    &format!("{limit} of {total} are shown; --limit shows more."),
                );
            }
        }
        Command::Delete { connection, target } => {
            let caller = operator(&broker, &target).await?;
            let deleted = broker
                .delete_connection(&caller, &connection)
                .await
                .context("nothing was deleted")?;
            let parting = deleted.parting;
            let value = json!({
                "id": deleted.connection.id, "revocation": parting.revocation, "reason": parting.why.map(|why| why.0),
            });
            let more = parting.why.map(|why| format!(" {}", why.1)).unwrap_or_default();
            output.say(&value, &format!("{} was deleted.{more}", deleted.connection.key));
        }
    }
    Ok(())
}

/// Whoever can read the master key may do everything with the project.
pub(super) async fn operator(broker: &Broker, target: &ProjectArguments) -> anyhow::Result<Caller> {
    let project = target::project(broker, target.project.as_deref()).await?;
    Ok(Caller {
        environment: target.environment,
        ..target::operator_of(&project)
    })
}

fn row(connection: &store::Connection) -> Value {
    json!({
        "id": connection.id,
        "key": connection.key,
        "platform": connection.integration,
        "name": connection.name,
        "identity": connection.owner.identity,
        "state": connection.state,
        "state_message": connection.state_message,
        "account": connection.account_name,
        "active": connection.active,
        "expires_at": connection.expires_at,
        "created_at": connection.created_at,
    })
}
