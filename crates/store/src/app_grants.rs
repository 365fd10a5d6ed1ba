//! What is kept under an app that its service's address gets.

use crate::{AppId, Store, StoreError};

impl Store {
    /// Whether there are connections of an app, or grants of it that wait in a flow or to be revoked. Served by
    /// `connections_by_app`, `flows_by_quarantine_key` and `revocations_due_by_app`.
    pub async fn app_keeps_grants(&self, app: AppId) -> Result<bool, StoreError> {
        let keeps = sqlx::query_scalar!(
            r#"select exists (select 1 from connections where app_id = $1 and deleted_at is null)
                   or exists (select 1 from flows where app_id = $1 and quarantined is not null)
                   or exists (select 1 from revocations where app_id = $1 and status = 'pending') as "keeps!""#,
            app.0
        );
        Ok(keeps.fetch_one(&self.pool).await?)
    }
}
