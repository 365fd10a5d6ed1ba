//! A second factor of an operator: the secret of its codes, sealed, and the recovery codes, as tags.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use vault::Sealed;
use zeroize::Zeroizing;

use crate::{OperatorId, OperatorSessionId, Store, StoreError};

const COLUMN: &str = "operator_factors.sealed";

/// A second factor.
pub struct Factor {
    /// The secret of its codes.
    pub secret: Zeroizing<Vec<u8>>,
    /// Seconds since 1970, by the clock of the database.
    pub now: i64,
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Factor(redacted)")
    }
}

/// What an operator is told about the own factor.
#[derive(Clone, Copy, Debug)]
pub struct FactorView {
    /// Since when it is asked for.
    pub confirmed_at: DateTime<Utc>,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
}

impl Store {
    /// Begins a factor; whether there was none yet that counts. One that was begun before is replaced.
    pub async fn begin_factor(&self, operator: OperatorId, secret: &[u8]) -> Result<bool, StoreError> {
        let sealed = self.ring.seal_for_instance(operator.0, COLUMN, secret);
        // Served by the primary key.
        let begun = sqlx::query!(
            "insert into operator_factors as known (operator_id, sealed) values ($1, $2)
             on conflict (operator_id) do update set sealed = excluded.sealed, created_at = latchkey_now()
             where known.confirmed_at is null",
            operator.0,
            sealed.as_bytes()
        );
        Ok(begun.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// The factor that was begun within this time and counts for nothing yet. Served by the primary key.
    pub async fn begun_factor(&self, operator: OperatorId, within: Duration) -> Result<Option<Factor>, StoreError> {
        let row = sqlx::query!(
            r#"select sealed, extract(epoch from latchkey_now())::bigint as "now!" from operator_factors
               where operator_id = $1 and confirmed_at is null
                 and created_at > latchkey_now() - make_interval(secs => $2)"#,
            operator.0,
            within.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| self.opened_factor(operator, row.sealed, row.now))
            .transpose()
    }

    /// The factor that is asked for. Served by the primary key.
    pub async fn factor(&self, operator: OperatorId) -> Result<Option<Factor>, StoreError> {
        let row = sqlx::query!(
            r#"select sealed, extract(epoch from latchkey_now())::bigint as "now!" from operator_factors
               where operator_id = $1 and confirmed_at is not null"#,
            operator.0
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| self.opened_factor(operator, row.sealed, row.now))
            .transpose()
    }

    fn opened_factor(&self, operator: OperatorId, sealed: Vec<u8>, now: i64) -> Result<Factor, StoreError> {
        let opened = self
            .ring
            .open_for_instance(&Sealed::from_bytes(sealed), operator.0, COLUMN);
        let secret = opened.map_err(|source| StoreError::Sealed {
            table: "operator_factors",
            record: operator.0,
            source,
        })?;
        Ok(Factor { secret, now })
    }

    /// Whether a factor is asked for, and how many recovery codes are left. Served by the primary keys.
    pub async fn factor_view(&self, operator: OperatorId) -> Result<Option<FactorView>, StoreError> {
        Ok(sqlx::query_as!(
            FactorView,
            r#"select f.confirmed_at as "confirmed_at!",
                      (select count(*) from operator_recovery_codes c
                       where c.operator_id = f.operator_id and c.used_at is null) as "recovery_codes!"
               from operator_factors f where f.operator_id = $1 and f.confirmed_at is not null"#,
            operator.0
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Makes the begun factor count, with its recovery codes; every session of the operator but `keep` ends. Not where
    /// another was begun meanwhile.
    pub async fn confirm_factor(
        &self,
        operator: OperatorId,
        factor: &Factor,
        step: i64,
        codes: &[Zeroizing<String>],
        keep: OperatorSessionId,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Waits for whoever begins another one just now. Served by the primary key.
        let sealed = sqlx::query_scalar!(
            "select sealed from operator_factors where operator_id = $1 and confirmed_at is null for update",
            operator.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(sealed) = sealed else { return Ok(false) };
        if self.opened_factor(operator, sealed, factor.now)?.secret != factor.secret {
            return Ok(false);
        }
        sqlx::query!(
            "update operator_factors set confirmed_at = latchkey_now(), last_step = $2 where operator_id = $1",
            operator.0,
            step
        )
        .execute(&mut *transaction)
        .await?;
        self.put_recovery_codes(&mut transaction, operator, codes).await?;
        end_others(&mut transaction, operator, Some(keep)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes the code of a step, where neither it nor a later one was taken: of two at once, one is.
    pub async fn take_code(&self, operator: OperatorId, step: i64) -> Result<bool, StoreError> {
        // Served by the primary key.
        let taken = sqlx::query!(
            "update operator_factors set last_step = $2
             where operator_id = $1 and confirmed_at is not null and last_step < $2",
            operator.0,
            step
        );
        Ok(taken.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Takes a recovery code, where it is one and was not taken.
    pub async fn take_recovery_code(&self, operator: OperatorId, code: &str) -> Result<bool, StoreError> {
        // Served by the primary key.
        let taken = sqlx::query!(
            "update operator_recovery_codes set used_at = latchkey_now()
             where operator_id = $1 and code_hash = $2 and used_at is null",
            operator.0,
            &self.recovery_hash(operator, code)[..]
        );
        Ok(taken.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Puts new recovery codes in the place of all before; whether there is a factor that they belong to.
    pub async fn replace_recovery_codes(
        &self,
        operator: OperatorId,
        codes: &[Zeroizing<String>],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let found = sqlx::query_scalar!(
            "select operator_id from operator_factors where operator_id = $1 and confirmed_at is not null for update",
            operator.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if found.is_none() {
            return Ok(false);
        }
        self.put_recovery_codes(&mut transaction, operator, codes).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes the factor away with its recovery codes; every session of the operator but `keep` ends.
    pub async fn remove_factor(&self, operator: OperatorId, keep: OperatorSessionId) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let removed = drop_factor(&mut transaction, operator).await?;
        end_others(&mut transaction, operator, Some(keep)).await?;
        transaction.commit().await?;
        Ok(removed)
    }

    async fn put_recovery_codes(
        &self,
        connection: &mut PgConnection,
        operator: OperatorId,
        codes: &[Zeroizing<String>],
    ) -> Result<(), StoreError> {
        let hashes: Vec<Vec<u8>> = codes
            .iter()
            .map(|code| self.recovery_hash(operator, code).to_vec())
            .collect();
        sqlx::query!("delete from operator_recovery_codes where operator_id = $1", operator.0)
            .execute(&mut *connection)
            .await?;
        sqlx::query!(
            "insert into operator_recovery_codes (operator_id, code_hash) select $1, hash from unnest($2::bytea[]) as hash",
            operator.0,
            &hashes
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Without the master key, nobody can try codes against a copy of the database.
    fn recovery_hash(&self, operator: OperatorId, code: &str) -> [u8; 32] {
        let bytes = Zeroizing::new([operator.0.as_bytes(), code.as_bytes()].concat());
        self.ring.tag("operator recovery code", &bytes)
    }
}

/// Takes a factor away, whether it counts or not.
pub(super) async fn drop_factor(connection: &mut PgConnection, operator: OperatorId) -> Result<bool, StoreError> {
    let dropped = sqlx::query!("delete from operator_factors where operator_id = $1", operator.0);
    Ok(dropped.execute(connection).await?.rows_affected() > 0)
}

/// Ends the sessions of an operator but one, and sign-ins that are half done.
pub(super) async fn end_others(
    connection: &mut PgConnection,
    operator: OperatorId,
    keep: Option<OperatorSessionId>,
) -> Result<(), StoreError> {
    // Served by operator_sessions_by_operator.
    sqlx::query!(
        "delete from operator_sessions where operator_id = $1 and id is distinct from $2",
        operator.0,
        keep.map(|id| id.0)
    )
    .execute(&mut *connection)
    .await?;
    // Served by operator_sign_ins_by_operator.
    sqlx::query!("delete from operator_sign_ins where operator_id = $1", operator.0)
        .execute(connection)
        .await?;
    Ok(())
}
