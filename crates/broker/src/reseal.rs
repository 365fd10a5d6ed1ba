//! Data keys: a new one, the end of an old one, and in between the work of sealing again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use store::{AuditEntry, DataKeyRow, ProjectId, Retired, SealedColumn};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{Broker, Problem};

/// Values of one statement.
const BITE: i64 = 200;
/// How long a turn works. It comes each five seconds, so the database does this for a fifth of the time at most.
const TURN: Duration = Duration::from_secs(1);
/// Turns from one count of what is left to the next: a minute.
const COUNTED_EACH: usize = 12;

impl Broker {
    /// Seals again with the current keys what old keys sealed, for a second; how many values that were. The next turn
    /// goes on where this one ended, on any replica.
    pub async fn reseal_tick(&self) -> Result<u64, Problem> {
        if !self.is_at_home().await {
            return Ok(0);
        }
        let mut keys = self.store().old_data_keys().await?;
        let end = Instant::now() + TURN;
        // Another begins each turn: values that do not open keep nobody from the next key.
        let turn = self.0.reseal_turns.fetch_add(1, Ordering::Relaxed);
        if !keys.is_empty() {
            let first = turn % keys.len();
            keys.rotate_left(first);
        }
        let (mut resealed, mut unreadable) = (0, 0);
        for key in &keys {
            let (done, failed) = self.reseal_key(key, end).await?;
            resealed += done;
            unreadable += failed;
        }
        if turn.is_multiple_of(COUNTED_EACH) {
            self.count_sealed(&keys).await?;
        }
        if unreadable > 0 {
            tracing::error!(
                unreadable,
                "values do not open with the key that sealed them and stay as they are; `latchkey keyring status` shows the keys"
            );
        }
        Ok(resealed)
    }

    /// Sets the gauge of what is left. With very many keys or rows it stays what it was: work goes before figures.
    async fn count_sealed(&self, keys: &[DataKeyRow]) -> Result<(), Problem> {
        let count = async {
            let mut left = 0_i64;
            for key in keys {
                left += self.store().sealed_rows(key.id).await?;
            }
            Ok::<_, Problem>(left)
        };
        if let Ok(left) = tokio::time::timeout(TURN, count).await {
            #[expect(clippy::cast_precision_loss, reason = "rows are fewer than 2⁵²")]
            metrics::gauge!("latchkey_reseal_rows_left").set(left? as f64);
        }
        Ok(())
    }

    async fn reseal_key(&self, key: &DataKeyRow, end: Instant) -> Result<(u64, u64), Problem> {
        let (mut resealed, mut unreadable) = (0, 0);
        for column in SealedColumn::ALL {
            let mut next = Some(Uuid::nil());
            while let Some(after) = next {
                if Instant::now() >= end {
                    return Ok((resealed, unreadable));
                }
                let bite = self.store().reseal_bite(*column, key, after, BITE).await?;
                metrics::counter!("latchkey_resealed_rows_total", "table" => column.table()).increment(bite.resealed);
                resealed += bite.resealed;
                unreadable += bite.unreadable;
                next = bite.next;
            }
        }
        Ok((resealed, unreadable))
    }

    /// Makes a new data key the current one of a project; its id. `None` when there is no such project.
    pub async fn rotate_data_key(&self, project: ProjectId) -> Result<Option<Uuid>, Problem> {
        let made = self.store().rotate_data_key(project).await?;
        if let Some(key) = made {
            self.audit_key(Some(project), "keyring.rotated", key).await?;
        }
        Ok(made)
    }

    /// Deletes a data key that seals nothing any more.
    pub async fn retire_data_key(&self, key: Uuid) -> Result<Retired, Problem> {
        let retired = self.store().retire_data_key(key).await?;
        if retired == Retired::Yes {
            self.audit_key(None, "keyring.retired", key).await?;
        }
        Ok(retired)
    }

    async fn audit_key(&self, project: Option<ProjectId>, action: &'static str, key: Uuid) -> Result<(), Problem> {
        let entry = AuditEntry {
            project,
            environment: None,
            action,
            actor: "cli".to_owned(),
            subject: Some(format!("data_key:{key}")),
            detail: &json!({}),
        };
        Ok(self.store().audit(entry).await?)
    }
}
