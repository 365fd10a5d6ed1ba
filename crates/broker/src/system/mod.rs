//! The server as its owner sees it: replicas and loops, what waits, the database, keys.

mod checks;

use std::time::Duration;

use store::{DataKeyRow, DatabaseFacts, LoopRow, OpenCircuit, ProjectId, Queues, ReplicaRow};

pub use checks::Check;
pub(crate) use checks::WayToDatabase;

use crate::operators::{Permission, Signed};
use crate::{Broker, Problem};

/// Counting what old keys still seal may take this long; then it is left out.
const COUNTING: Duration = Duration::from_millis(100);

/// A data key and what is known of its use.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// The key; never the key itself.
    pub key: DataKeyRow,
    /// The project that it seals for, by name.
    pub project: String,
    /// Values that it still seals and that wait to be sealed anew; of old keys, where counting them was quick.
    pub left: Option<i64>,
}

/// What there is to see of the server.
#[derive(Debug)]
pub struct System {
    /// The version of this replica.
    pub version: &'static str,
    /// Which of the replicas answers.
    pub here: uuid::Uuid,
    /// All that were seen lately.
    pub replicas: Vec<ReplicaRow>,
    /// Their loops.
    pub loops: Vec<LoopRow>,
    /// What waits.
    pub queues: Queues,
    /// Apps whose circuit is open, in all projects.
    pub circuits: Vec<OpenCircuit>,
    /// The database.
    pub database: DatabaseFacts,
    /// Migrations that are missing.
    pub missing_migrations: usize,
    /// Data keys.
    pub keys: Vec<KeyUse>,
}

/// Whether a loop stands still: it missed two of its turns and a little.
pub(crate) fn is_stuck(row: &LoopRow) -> bool {
    row.age_seconds > f64::from(row.interval_seconds).mul_add(2.0, 5.0)
}

impl System {
    /// The loops that stand still.
    pub fn stuck(&self) -> impl Iterator<Item = &LoopRow> {
        self.loops.iter().filter(|row| is_stuck(row))
    }

    /// Whether this loop does.
    pub fn is_stuck(row: &LoopRow) -> bool {
        is_stuck(row)
    }
}

impl Broker {
    /// What there is to see of the server, for whoever may manage it.
    pub async fn system(&self, signed: &Signed, project: ProjectId) -> Result<System, Problem> {
        signed.require(project, Permission::Own)?;
        let store = self.store();
        Ok(System {
            version: env!("CARGO_PKG_VERSION"),
            here: self.settings().replica.id,
            replicas: store.replicas().await?,
            loops: store.loops().await?,
            queues: store.queues().await?,
            circuits: store.circuits(None).await?,
            database: store.database_facts().await?,
            missing_migrations: store.missing_migrations().await?,
            keys: self.key_uses().await?,
        })
    }

    async fn key_uses(&self) -> Result<Vec<KeyUse>, Problem> {
        let projects = self.store().projects().await?;
        let name = |id: ProjectId| {
            let found = projects.iter().find(|project| project.id == id);
            found.map_or_else(|| id.to_string(), |project| project.name.clone())
        };
        let mut uses = Vec::new();
        for key in self.store().data_keys().await? {
            let left = if key.is_current {
                None
            } else {
                let counting = tokio::time::timeout(COUNTING, self.store().sealed_rows(key.id));
                counting.await.ok().transpose()?
            };
            uses.push(KeyUse {
                project: name(key.project),
                left,
                key,
            });
        }
        Ok(uses)
    }
}
