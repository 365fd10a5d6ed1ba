//! What ends or forgets flows and sessions by itself. Each sweep is bounded.

use crate::{Store, StoreError};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Swept {
    /// Flows whose time was over.
    pub expired: u64,
    /// Exchanges whose replica died.
    pub interrupted: u64,
    /// Grants that nobody confirmed.
    pub unconfirmed: u64,
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
        let interrupted = sqlx::query!(
            "update flows set status = 'failed', error_code = 'interrupted',
                    error_message = 'The sign-in was interrupted on our side. Try again.', sealed = null,
                    ended_at = latchkey_now(), updated_at = latchkey_now()
             where status = 'exchanging' and ended_at is null and exchange_until <= latchkey_now()"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        let unconfirmed = self.refuse_unconfirmed().await?;
        // Served by flows_ended.
        let flows = sqlx::query!(
            "delete from flows where id in (
                 select id from flows where ended_at is not null and ended_at <= latchkey_now() - interval '1 day' limit 1000)"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        // Served by connect_sessions_expired.
        let sessions = sqlx::query!(
            "delete from connect_sessions where id in (
                 select s.id from connect_sessions s where s.expires_at <= latchkey_now() - interval '1 day'
                   and not exists (select from flows f where f.session_id = s.id and f.status = 'verifying') limit 1000)"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(Swept {
            expired,
            interrupted,
            unconfirmed,
            purged: flows + sessions,
        })
    }
}
