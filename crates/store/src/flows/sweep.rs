//! What ends or forgets flows and sessions by itself. Each sweep is bounded.

use super::told;
use crate::{FlowId, Store, StoreError};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Swept {
    /// Flows whose time was over.
    pub expired: u64,
    /// Exchanges whose replica died.
    pub interrupted: u64,
    /// Grants that nobody confirmed.
    pub unconfirmed: u64,
    /// Grants of which nobody chose an account.
    pub unchosen: u64,
    /// Rows deleted.
    pub purged: u64,
}

impl Store {
    /// Ends what took too long and deletes what ended long ago.
    pub async fn sweep_flows(&self) -> Result<Swept, StoreError> {
        // Served by flows_open.
        let expired = sqlx::query!(
            "update flows set status = 'expired', error_code = 'expired', error_message = 'The sign-in took too long.',
                    sealed = null, ended_at = latchkey_now(), updated_at = latchkey_now()
             where id in (select id from flows where ended_at is null and expires_at <= latchkey_now()
                            and status in ('created', 'bound', 'confirming', 'away') limit 1000)"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        let interrupted = self.end_interrupted().await?;
        let unconfirmed = self.refuse_unconfirmed().await?;
        let unchosen = self.refuse_unchosen().await?;
        // Served by flows_ended.
        let flows = sqlx::query!(
            "delete from flows where id in (
                 select id from flows where ended_at is not null and ended_at <= latchkey_now() - interval '7 days' limit 1000)"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        // Served by connect_sessions_expired.
        let sessions = sqlx::query!(
            "delete from connect_sessions where id in (
                 select s.id from connect_sessions s where s.expires_at <= latchkey_now() - interval '7 days'
                   and (s.expiry_told or s.uses > 0 or s.revoked_at is not null or s.expires_at <= latchkey_now() - interval '14 days')
                   and not exists (select from flows f where f.session_id = s.id and f.status in ('verifying', 'choosing')) limit 1000)"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(Swept {
            expired,
            interrupted,
            unconfirmed,
            unchosen,
            purged: flows + sessions,
        })
    }

    /// Exchanges whose replica died.
    async fn end_interrupted(&self) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query_scalar!(
            r#"update flows set status = 'failed', error_code = 'interrupted',
                    error_message = 'The sign-in was interrupted on our side. Try again.', sealed = null,
                    ended_at = latchkey_now(), updated_at = latchkey_now()
               where id = any (array(select id from flows
                   where status = 'exchanging' and ended_at is null and exchange_until <= latchkey_now()
                   limit 500 for update skip locked))
               returning id as "id: FlowId""#
        )
        .fetch_all(&mut *transaction)
        .await?;
        for flow in &ended {
            told::failed(&mut transaction, *flow).await?;
        }
        transaction.commit().await?;
        Ok(ended.len() as u64)
    }
}
