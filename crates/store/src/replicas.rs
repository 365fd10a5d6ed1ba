//! Replicas: who lives, in which life, and since when one is silent.

use crate::{Replica, Store, StoreError};

impl Store {
    /// Announces a new life of a replica. Its earlier leases stay as they are until [`Store::journal_replayed`].
    pub async fn register_replica(&self, replica: Replica) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into replicas (id, boot, seen_pulse) select $1, $2, beats from pulse
             on conflict (id) do update set boot = excluded.boot, replayed = false, seen_pulse = excluded.seen_pulse,
                 started_at = latchkey_now(), seen_at = latchkey_now()",
            replica.id,
            replica.boot
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// All answers that earlier lives of this replica kept are committed: what else they had claimed was lost.
    pub async fn journal_replayed(&self, replica: Replica) -> Result<(), StoreError> {
        sqlx::query!(
            "update replicas set replayed = true where id = $1 and boot = $2",
            replica.id,
            replica.boot
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A sign of life, each few seconds. The pulse steps at most once in five seconds, whoever beats; a clock that was
    /// put back does not stop it. `false` when another process runs under this replica's name.
    pub async fn beat_replica(&self, replica: Replica) -> Result<bool, StoreError> {
        sqlx::query!(
            "update pulse set beats = beats + 1, beat_at = latchkey_now()
             where beat_at <= latchkey_now() - interval '5 seconds' or beat_at > latchkey_now()"
        )
        .execute(&self.pool)
        .await?;
        let seen = sqlx::query!(
            "update replicas set seen_at = latchkey_now(), seen_pulse = (select beats from pulse)
             where id = $1 and boot = $2",
            replica.id,
            replica.boot
        )
        .execute(&self.pool)
        .await?;
        Ok(seen.rows_affected() == 1)
    }

    /// Forgets replicas that were silent for a day and hold nothing. Served by `credentials_leased`.
    pub async fn forget_replicas(&self) -> Result<u64, StoreError> {
        let gone = sqlx::query!(
            "delete from replicas r using pulse p
             where p.beats - r.seen_pulse > 17280 and not exists (select from credentials k where k.lease_owner = r.id)"
        )
        .execute(&self.pool)
        .await?;
        Ok(gone.rows_affected())
    }
}
