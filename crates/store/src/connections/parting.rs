//! The end of a connection, and what becomes of its grant.

use serde_json::json;

use super::{Connection, event};
use crate::{Reach, Store, StoreError, events};

/// What became of a connection's grant after it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationStatus {
    /// It will be revoked at the provider within a day, or reported as failed.
    Pending,
    /// The provider confirmed.
    Revoked,
    /// The provider has no way to revoke; the credential was erased here.
    Unsupported,
    /// The provider did not confirm within a day, or could not be asked.
    Failed,
    /// Another connection lives on the same grant, so the provider was not asked; the last one of them is revoked.
    Shared,
}

impl RevocationStatus {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Revoked => "revoked",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
            Self::Shared => "shared",
        }
    }
}

/// What becomes of the grant of a connection that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// How its revocation stands.
    pub revocation: RevocationStatus,
    /// Why it is not revoked: a word for machines and a sentence for people.
    pub why: Option<(&'static str, &'static str)>,
}

impl Parting {
    pub(crate) const fn of(revocation: RevocationStatus) -> Self {
        Self { revocation, why: None }
    }

    /// The credential is there and nobody can read it: its key is lost, or its row is damaged.
    pub(crate) const UNREADABLE: Self = Self {
        revocation: RevocationStatus::Failed,
        why: Some((
            "credential_unreadable",
            "The connection is deleted, and its grant was not revoked at the service: the credential here cannot be opened, because its key is lost or its row is damaged. End the access at the service.",
        )),
    };

    /// To end the grant would end another connection, too.
    pub(crate) const SHARED: Self = Self {
        revocation: RevocationStatus::Shared,
        why: Some((
            "grant_shared",
            "The connection is deleted, and the access at the service was not ended: another connection uses it. It ends with the last of them.",
        )),
    };
}

impl Store {
    /// Deletes a connection: in one transaction its credential leaves for `revocations` and nothing can read it any
    /// more. `reach` tells whether the provider can be asked, and what that ends: where another connection lives on the same
    /// grant, nothing is revoked. One that nobody can open is erased, and the event says that it was not revoked. `None`
    /// when somebody else deleted it first.
    pub async fn delete_connection(
        &self,
        connection: &Connection,
        reach: Reach,
    ) -> Result<Option<Parting>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Everybody locks the credential first.
        sqlx::query!(
            "select generation from credentials where connection_id = $1 for update",
            connection.id.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let deleted = sqlx::query!(
            "update connections set deleted_at = latchkey_now(), active = false, updated_at = latchkey_now()
             where id = $1 and deleted_at is null",
            connection.id.0
        )
        .execute(&mut *transaction)
        .await?;
        if deleted.rows_affected() == 0 {
            return Ok(None);
        }
        let parting = self.revoke_credential(&mut transaction, connection, reach).await?;
        let payload = match parting.why {
            None => json!({ "revocation": parting.revocation }),
            Some((reason, message)) => {
                json!({ "revocation": parting.revocation, "reason": reason, "message": message })
            }
        };
        events::record(&mut transaction, event(connection, "connection.deleted", &payload)).await?;
        transaction.commit().await?;
        Ok(Some(parting))
    }
}
