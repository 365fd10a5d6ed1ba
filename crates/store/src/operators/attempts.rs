//! Attempts to sign in, counted before a password is looked at, so that many at once count as many.

use std::time::Duration;

use vault::Digest;

use crate::{Store, StoreError};

/// How often it was tried.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    /// This one among them.
    pub count: i32,
    /// Seconds until they are forgotten.
    pub forgotten_in: i64,
}

impl Store {
    /// Counts an attempt; all of a key are forgotten a `window` after the last. Served by the primary key.
    pub async fn count_attempt(&self, key: &Digest, window: Duration) -> Result<Attempts, StoreError> {
        let row = sqlx::query!(
            r#"insert into sign_in_attempts as known (key, ends_at)
               values ($1, latchkey_now() + make_interval(secs => $2))
               on conflict (key) do update set
                   attempts = case when known.ends_at > latchkey_now() then known.attempts + 1 else 1 end,
                   ends_at = latchkey_now() + make_interval(secs => $2)
               returning attempts, extract(epoch from ends_at - latchkey_now())::bigint as "forgotten_in!""#,
            key.as_bytes(),
            window.as_secs_f64()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Attempts {
            count: row.attempts,
            forgotten_in: row.forgotten_in,
        })
    }

    /// Counts an attempt; all of a key are forgotten a `window` after the first, so that who comes every day is not held up
    /// by the days before. Served by the primary key.
    pub async fn count_attempt_in(&self, key: &Digest, window: Duration) -> Result<i32, StoreError> {
        Ok(sqlx::query_scalar!(
            "insert into sign_in_attempts as known (key, ends_at)
             values ($1, latchkey_now() + make_interval(secs => $2))
             on conflict (key) do update set
                 attempts = case when known.ends_at > latchkey_now() then known.attempts + 1 else 1 end,
                 ends_at = case when known.ends_at > latchkey_now() then known.ends_at else excluded.ends_at end
             returning attempts",
            key.as_bytes(),
            window.as_secs_f64()
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Forgets the attempts of a key, and those of any key that are over.
    pub async fn forget_attempts(&self, key: &Digest) -> Result<(), StoreError> {
        // Served by the primary key and sign_in_attempts_by_end.
        sqlx::query!(
            "delete from sign_in_attempts where key = $1 or ends_at <= latchkey_now()",
            key.as_bytes()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
