//! What can be changed at a connection: its name, its tags, its switch.

use serde_json::json;

use super::{Connection, event};
use crate::{Store, StoreError, events};

/// Changes to a connection; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct ConnectionChange {
    /// New name; `Some(None)` takes it away.
    pub name: Option<Option<String>>,
    /// New tags, replacing all.
    pub tags: Option<Vec<String>>,
    /// On or off.
    pub active: Option<bool>,
    /// Only a connection that has these tags.
    pub read_tags: Option<Vec<String>>,
}

impl Store {
    /// Changes name, tags or the switch; writes the event in the same transaction. `false` when it is gone, or has other tags
    /// than were read.
    pub async fn change_connection(
        &self,
        connection: &Connection,
        change: &ConnectionChange,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let changed = sqlx::query!(
            "update connections set name = case when $2 then $3 else name end, tags = coalesce($4, tags),
                    active = coalesce($5, active), updated_at = latchkey_now()
             where id = $1 and deleted_at is null and ($6::text[] is null or tags = $6)",
            connection.id.0,
            change.name.is_some(),
            change.name.clone().flatten(),
            change.tags.as_deref(),
            change.active,
            change.read_tags.as_deref()
        )
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        events::record(&mut transaction, event(connection, "connection.updated", &json!({}))).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
