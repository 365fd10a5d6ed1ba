//! Housekeeping of the database: what is old enough is forgotten, what will end is told of.

use chrono::TimeDelta;
use store::{PURGE_BITE, Purged};

use crate::{Broker, Problem};

impl Broker {
    /// Forgets one bite of what is kept long enough. A copy that nobody adopted is left as it came.
    pub async fn purge_tick(&self) -> Result<Purged, Problem> {
        if !self.is_at_home().await {
            return Ok(Purged::default());
        }
        let kept = TimeDelta::from_std(self.settings().event_retention).unwrap_or(TimeDelta::MAX);
        let purged = self.store().purge(kept, PURGE_BITE).await?;
        for (table, rows) in [
            ("events", purged.events),
            ("revocations", purged.revocations),
            ("connections", purged.connections),
            ("heartbeats", purged.heartbeats),
            ("mail", purged.mail),
            ("brand_images", purged.images),
        ] {
            metrics::counter!("latchkey_purged_rows_total", "table" => table).increment(rows);
        }
        Ok(purged)
    }

    /// Records `connection.expiring` for grants that end and cannot be refreshed, and fails the connections of those that
    /// have ended; how many were told.
    pub async fn forecast_tick(&self) -> Result<u64, Problem> {
        if !self.is_at_home().await {
            return Ok(0);
        }
        Ok(self.store().forecast().await? + self.store().end_unrenewable().await?)
    }

    /// Records `session.expired` for sessions that ended unused; how many were told.
    pub async fn expired_sessions_tick(&self) -> Result<u64, Problem> {
        if !self.is_at_home().await {
            return Ok(0);
        }
        Ok(self.store().tell_expired_sessions().await?)
    }
}
