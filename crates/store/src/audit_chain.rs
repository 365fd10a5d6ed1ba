//! The chained part of the audit log: entries that are durable before a secret leaves.
//!
//! Each entry carries the tag of the one before it in its project and its own, made with a key outside of the database.
//! One writer a project: the row of `audit_chain` is locked. Entries that wait at the same time share one transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;
use vault::{Environment, KeyRing};

use crate::{ProjectId, Store, StoreError};

/// Entries in one transaction at most.
const BATCH: usize = 256;
/// A caller waits this long for its entry to be durable, then it is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// An entry of a project's chain. Never holds a secret.
#[derive(Clone, Debug)]
pub struct ChainedEntry {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// As `credential.read`.
    pub action: &'static str,
    /// `key:<id>` or `cli`.
    pub actor: String,
    /// What it was done to.
    pub subject: String,
    /// Details: texts and whole numbers.
    pub detail: Value,
}

/// An entry could not be made durable, so what depends on it must not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuditUnwritable {
    /// The database refused or was away.
    #[error("the audit log cannot be written: {0}")]
    Refused(#[source] Arc<StoreError>),
    /// It was not through in time.
    #[error("the audit log was not written in {} seconds", PATIENCE.as_secs())]
    Late,
}

type Written = Result<(), AuditUnwritable>;

#[derive(Debug)]
struct Waiting {
    entry: ChainedEntry,
    done: oneshot::Sender<Written>,
}

/// Entries that wait for their writer, by project. A project that is listed has a writer.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<HashMap<ProjectId, Vec<Waiting>>>);

impl Queues {
    /// Whether the caller has to start the writer.
    fn add(&self, waiting: Waiting) -> bool {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let project = waiting.entry.project;
        let starts = !queues.contains_key(&project);
        queues.entry(project).or_default().push(waiting);
        starts
    }

    /// What waits now; the project is taken off the list when nothing does.
    fn take(&self, project: ProjectId) -> Vec<Waiting> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queues.get_mut(&project) else {
            return Vec::new();
        };
        let batch: Vec<Waiting> = queue.drain(..queue.len().min(BATCH)).collect();
        if batch.is_empty() {
            queues.remove(&project);
        }
        batch
    }

    fn abandon(&self, project: ProjectId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&project);
    }
}

/// A writer's turn. One that ends by a panic must not leave others waiting for it.
struct Turn<'a>(&'a Queues, ProjectId);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandon(self.1);
        }
    }
}

impl Store {
    /// Returns when the entry is durable in its project's chain.
    ///
    /// # Errors
    /// It is not, or not within five seconds. An entry that came late may still be written: the log can hold an
    /// attempt that ended without an answer, never the reverse.
    pub async fn audit_first(&self, entry: ChainedEntry) -> Result<(), AuditUnwritable> {
        let project = entry.project;
        let (done, written) = oneshot::channel();
        if self.audit_queues.add(Waiting { entry, done }) {
            let store = self.clone();
            // Not tied to the caller: others wait for the same writer.
            tokio::spawn(async move { store.write_waiting(project).await });
        }
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) | Err(_) => Err(AuditUnwritable::Late),
        }
    }

    async fn write_waiting(&self, project: ProjectId) {
        let _turn = Turn(&self.audit_queues, project);
        loop {
            let batch = self.audit_queues.take(project);
            if batch.is_empty() {
                return;
            }
            let (entries, waiting): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.entry, one.done)).unzip();
            let written = self.append(project, &entries).await;
            let written = written.map_err(|error| AuditUnwritable::Refused(Arc::new(error)));
            for done in waiting {
                // Whoever gave up waiting is not told.
                drop(done.send(written.clone()));
            }
        }
    }

    /// Appends to a project's chain in one transaction.
    async fn append(&self, project: ProjectId, entries: &[ChainedEntry]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Writes the row only to lock it, also where it is new. Served by the primary key.
        let head = sqlx::query!(
            r#"insert into audit_chain (project_id) values ($1)
               on conflict (project_id) do update set updated_at = latchkey_now()
               returning last_no, last_tag, latchkey_now() as "now!""#,
            project.0
        )
        .fetch_one(&mut *transaction)
        .await?;
        let mut rows = Columns::default();
        let (mut no, mut tag) = (head.last_no, head.last_tag);
        for entry in entries {
            no += 1;
            let link = Link {
                no,
                previous: &tag,
                id: Uuid::now_v7(),
                project: project.0,
                environment: entry.environment.as_str(),
                action: entry.action,
                actor: &entry.actor,
                subject: &entry.subject,
                detail: &entry.detail,
                created_at: head.now,
            };
            let next = link.tag(&self.ring).to_vec();
            rows.push(&link, &next);
            tag = next;
        }
        sqlx::query!(
            "insert into audit_log (project_id, created_at, chain_key, id, environment, action, actor, subject, detail,
                    chain_no, chain_previous, chain_tag)
             select $1, $2, $3, e.*
             from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::bigint[],
                         $11::bytea[], $12::bytea[]) e",
            project.0,
            head.now,
            self.ring.tagged_by(),
            &rows.ids,
            &rows.environments,
            &rows.actions,
            &rows.actors,
            &rows.subjects,
            &rows.details,
            &rows.numbers,
            &rows.previous,
            &rows.tags
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update audit_chain set last_no = $2, last_tag = $3 where project_id = $1",
            project.0,
            no,
            tag
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    environments: Vec<String>,
    actions: Vec<String>,
    actors: Vec<String>,
    subjects: Vec<String>,
    details: Vec<Value>,
    numbers: Vec<i64>,
    previous: Vec<Vec<u8>>,
    tags: Vec<Vec<u8>>,
}

impl Columns {
    fn push(&mut self, link: &Link<'_>, tag: &[u8]) {
        self.ids.push(link.id);
        self.environments.push(link.environment.to_owned());
        self.actions.push(link.action.to_owned());
        self.actors.push(link.actor.to_owned());
        self.subjects.push(link.subject.to_owned());
        self.details.push(link.detail.clone());
        self.numbers.push(link.no);
        self.previous.push(link.previous.to_vec());
        self.tags.push(tag.to_vec());
    }
}

/// All that a tag speaks for.
pub(crate) struct Link<'a> {
    pub(crate) no: i64,
    pub(crate) previous: &'a [u8],
    pub(crate) id: Uuid,
    pub(crate) project: Uuid,
    pub(crate) environment: &'a str,
    pub(crate) action: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) detail: &'a Value,
    pub(crate) created_at: DateTime<Utc>,
}

impl Link<'_> {
    /// The tag. Postgres keeps microseconds, and no order of an object's fields.
    pub(crate) fn tag(&self, ring: &KeyRing) -> [u8; 32] {
        let detail = ordered(self.detail);
        let text = serde_json::json!([
            self.no,
            self.previous,
            self.id,
            self.project,
            self.environment,
            self.action,
            self.actor,
            self.subject,
            detail,
            self.created_at.timestamp_micros()
        ]);
        ring.tag("audit", text.to_string().as_bytes())
    }
}

/// A value as one text, its fields in order.
fn ordered(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), ordered(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(ordered).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vault::MasterKey;

    use super::*;

    #[test]
    fn the_order_of_fields_does_not_count() {
        let one: Value = serde_json::from_str(r#"{"b":[{"y":1,"x":"\""}],"a":null}"#).unwrap_or_default();
        assert_eq!(ordered(&one), r#"{"a":null,"b":[{"x":"\"","y":1}]}"#);
    }

    #[test]
    fn every_part_counts() {
        let ring = KeyRing::new(&MasterKey::generate());
        let detail = json!({ "result": "exported" });
        let other = json!({ "result": "refused" });
        let link = || Link {
            no: 1,
            previous: &[0; 32],
            id: Uuid::nil(),
            project: Uuid::nil(),
            environment: "test",
            action: "credential.read",
            actor: "key:1",
            subject: "connection:1",
            detail: &detail,
            created_at: DateTime::UNIX_EPOCH,
        };
        let tag = link().tag(&ring);
        assert_eq!(link().tag(&ring), tag);
        let changed = [
            Link { no: 2, ..link() },
            Link {
                previous: &[1; 32],
                ..link()
            },
            Link {
                id: Uuid::max(),
                ..link()
            },
            Link {
                project: Uuid::max(),
                ..link()
            },
            Link {
                environment: "live",
                ..link()
            },
            Link {
                action: "credential.exchange",
                ..link()
            },
            Link {
                actor: "key:2",
                ..link()
            },
            Link {
                subject: "connection:2",
                ..link()
            },
            Link {
                detail: &other,
                ..link()
            },
            Link {
                created_at: DateTime::<Utc>::MAX_UTC,
                ..link()
            },
        ];
        for link in changed {
            assert_ne!(link.tag(&ring), tag);
        }
    }
}
