//! `latchkey keyring`.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use store::Retired;
use uuid::Uuid;

use super::output::Output;
use super::target;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// All data keys, and how many values each still seals.
    Status,
    /// Make a new data key; running servers seal with it at once, and seal again what is there.
    Rotate {
        /// The project's id; the default project without.
        #[arg(long)]
        project: Option<String>,
    },
    /// Delete a data key that seals nothing any more.
    Retire {
        /// Its id, as `latchkey keyring status` shows it.
        key: Uuid,
    },
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::Status => {
            let mut rows: Vec<Value> = Vec::new();
            for key in broker.store().data_keys().await? {
                rows.push(json!({
                    "key_id": key.id, "project_id": key.project, "current": key.is_current,
                    "created_at": key.created_at, "rows": broker.store().sealed_rows(key.id).await?,
                }));
            }
            output.rows(&rows, &["key_id", "project_id", "current", "created_at", "rows"]);
        }
        Command::Rotate { project } => {
            let project = target::project(&broker, project.as_deref()).await?;
            let key = broker
                .rotate_data_key(project.id)
                .await?
                .context("the project is gone")?;
            output.say(
                &json!({ "key_id": key, "project_id": project.id }),
                &format!(
                    "{} seals with the data key {key} from now on.\nRunning servers seal again what is there; `latchkey keyring status` shows how far they are.",
                    project.name
                ),
            );
        }
        Command::Retire { key } => match broker.retire_data_key(key).await? {
            Retired::Yes => output.say(
                &json!({ "key_id": key, "retired": true }),
                &format!("{key} is deleted."),
            ),
            Retired::Current => bail!("{key} is what its project seals with: run `latchkey keyring rotate` first"),
            Retired::InUse(rows) => bail!(
                "{rows} values are sealed with {key}: running servers seal them again; look at `latchkey keyring status` and try again when it shows 0 rows"
            ),
            Retired::Unknown => bail!("there is no data key {key}: `latchkey keyring status` shows all"),
        },
    }
    Ok(())
}
