//! Browsers that were sent to the provider of single sign-on, until they come back.

use std::time::Duration;

use vault::{Digest, Sealed};
use zeroize::Zeroizing;

use crate::{SignOnId, Store, StoreError};

const COLUMN: &str = "operator_sign_ons.sealed";

/// A sign-on that came back, to the browser that it was begun in.
pub struct SignOn {
    /// Its id.
    pub id: SignOnId,
    /// What was kept with it.
    pub kept: Zeroizing<Vec<u8>>,
    /// Seconds since it was begun.
    pub age: i64,
}

impl std::fmt::Debug for SignOn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SignOn({})", self.id)
    }
}

impl Store {
    /// Keeps that a browser is sent away, with what is to be known when it comes back. Those that ended are forgotten.
    pub async fn begin_sign_on(
        &self,
        id: SignOnId,
        (state, browser): (&Digest, &Digest),
        kept: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let sealed = self.ring.seal_for_instance(id.0, COLUMN, kept);
        let mut transaction = self.pool.begin().await?;
        // Served by operator_sign_ons_by_end.
        sqlx::query!("delete from operator_sign_ons where ends_at <= latchkey_now()")
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "insert into operator_sign_ons (state_hash, id, browser_hash, sealed, ends_at)
             values ($1, $2, $3, $4, latchkey_now() + make_interval(secs => $5))",
            state.as_bytes(),
            id.0,
            browser.as_bytes(),
            sealed.as_bytes(),
            ttl.as_secs_f64()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Takes one, once, for the browser that it was begun in. Served by the primary key.
    pub async fn take_sign_on(&self, state: &Digest, browser: &Digest) -> Result<Option<SignOn>, StoreError> {
        let row = sqlx::query!(
            r#"delete from operator_sign_ons where state_hash = $1 and browser_hash = $2 and ends_at > latchkey_now()
               returning id as "id: SignOnId", sealed, extract(epoch from latchkey_now() - created_at)::bigint as "age!""#,
            state.as_bytes(),
            browser.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let opened = self
            .ring
            .open_for_instance(&Sealed::from_bytes(row.sealed), row.id.0, COLUMN);
        let kept = opened.map_err(|source| StoreError::Sealed {
            table: "operator_sign_ons",
            record: row.id.0,
            source,
        })?;
        Ok(Some(SignOn {
            id: row.id,
            kept,
            age: row.age,
        }))
    }

    /// The one that waits for this state, in whichever browser. Served by the primary key.
    pub async fn waiting_sign_on(&self, state: &Digest) -> Result<Option<SignOnId>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select id as "id: SignOnId" from operator_sign_ons where state_hash = $1 and ends_at > latchkey_now()"#,
            state.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?)
    }
}
