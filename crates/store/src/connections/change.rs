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
}

impl Store {
    /// Changes name, tags or the switch; writes the event in the same transaction.
    pub async fn change_connection(
        &self,
        connection: &Connection,
        change: &ConnectionChange,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let changed = sqlx::query!(
            "update connections set name = case when $2 then $3 else name end, tags = coalesce($4, tags),
                    active = coalesce($5, active), updated_at = latchkey_now()
             where id = $1 and deleted_at is null",
            connection.id.0,
            change.name.is_some(),
            change.name.clone().flatten(),
            change.tags.as_deref(),
            change.active
        )
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 1 {
            events::record(&mut transaction, event(connection, "connection.updated", &json!({}))).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
