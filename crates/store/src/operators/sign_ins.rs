//! Sign-ins that are half done: the password was right, the code is missing.

use std::time::Duration;

use vault::Digest;

use super::Operator;
use crate::{OperatorId, Store, StoreError};

impl Store {
    /// Keeps that somebody gave the right password, unless it is another by now or the operator was switched off; whether
    /// it did. Those that ended are forgotten.
    pub async fn begin_sign_in(
        &self,
        digest: &Digest,
        operator: OperatorId,
        verified: &str,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Served by operator_sign_ins_by_end.
        sqlx::query!("delete from operator_sign_ins where ends_at <= latchkey_now()")
            .execute(&mut *transaction)
            .await?;
        // The lock waits for a change that is under way, and makes the next one find this row.
        let begun = sqlx::query!(
            "insert into operator_sign_ins (token_hash, operator_id, ends_at)
             select $1, o.id, latchkey_now() + make_interval(secs => $3) from operators o
             where o.id = $2 and o.disabled_at is null and o.password = $4 for share",
            digest.as_bytes(),
            operator.0,
            ttl.as_secs_f64(),
            verified
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(begun.rows_affected() > 0)
    }

    /// Whose sign-in it is, while it has not ended and the operator may sign in. Served by the primary key.
    pub async fn half_signed_in(&self, digest: &Digest) -> Result<Option<Operator>, StoreError> {
        Ok(sqlx::query_as!(
            Operator,
            r#"select o.id as "id: OperatorId", o.email, o.name, o.disabled_at, o.created_at, o.signed_in_at
               from operator_sign_ins s join operators o on o.id = s.operator_id
               where s.token_hash = $1 and s.ends_at > latchkey_now() and o.disabled_at is null"#,
            digest.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Ends it; whether it was there. Served by the primary key.
    pub async fn end_sign_in(&self, digest: &Digest) -> Result<bool, StoreError> {
        let ended = sqlx::query!(
            "delete from operator_sign_ins where token_hash = $1 and ends_at > latchkey_now()",
            digest.as_bytes()
        );
        Ok(ended.execute(&self.pool).await?.rows_affected() > 0)
    }
}
