//! Housekeeping of the database: what is old enough is forgotten, what will end is told of.

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use serde_json::json;
use store::{PURGE_BITE, Project, PurgePositions, Purged};

use crate::{Broker, Kind, Problem, ProjectSettings};

/// Where the purge of projects goes on.
pub(crate) type Positions = Mutex<PurgePositions>;

/// Deliveries of an event are tried for three days: with fewer, one that could not be delivered would be gone before
/// anybody saw it.
const LEAST_EVENT_DAYS: u32 = 4;

/// How long the past is kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDays {
    /// Events, with the timelines and the past of webhooks.
    pub events: u32,
    /// The log of requests; 0 keeps none.
    pub requests: u32,
}

impl KeptDays {
    /// What holds for a project: its own days, where they are fewer.
    #[must_use]
    pub fn of(self, project: &Project) -> Self {
        let shorter = |server: u32, own: Option<u32>| own.map_or(server, |own| own.min(server));
        Self {
            events: shorter(self.events, project.event_days),
            requests: shorter(self.requests, project.request_days),
        }
    }

    /// Checks a project's days that are changed; others may be more than the server's, which was lowered since.
    ///
    /// # Errors
    /// `bad_event_days`, `bad_request_days`, with the most in `meta`.
    pub(crate) fn check(self, before: &ProjectSettings, wanted: &ProjectSettings) -> Result<(), Problem> {
        if wanted.event_days != before.event_days {
            checked_days("bad_event_days", wanted.event_days, (LEAST_EVENT_DAYS, self.events))?;
        }
        if wanted.request_days != before.request_days {
            checked_days("bad_request_days", wanted.request_days, (1, self.requests))?;
        }
        Ok(())
    }
}

fn checked_days(key: &'static str, days: Option<u32>, (least, most): (u32, u32)) -> Result<(), Problem> {
    if days.is_none_or(|days| (least..=most).contains(&days)) {
        return Ok(());
    }
    let said = match most {
        0 => "This server keeps no log of requests, so no days can be given.".to_owned(),
        1 => "This server keeps them for one day, and less there is not. Give 1, or no days.".to_owned(),
        most => format!(
            "Give a whole number of days from {least} to {most}, or nothing at all: then they are kept as long as this server keeps them."
        ),
    };
    Err(Problem::new(Kind::Unprocessable, key, said).with_meta(json!({ "most": most })))
}

impl Broker {
    /// How long this server keeps the past: the most for every project.
    pub fn kept_days(&self) -> KeptDays {
        let days = self.settings().event_retention.as_secs() / 86_400;
        KeptDays {
            events: u32::try_from(days).unwrap_or(u32::MAX),
            requests: self.settings().request_log_days,
        }
    }

    /// Forgets one bite of what the server keeps long enough, and one of what projects keep for less time. A copy that
    /// nobody adopted is left as it came.
    pub async fn purge_tick(&self) -> Result<Purged, Problem> {
        if !self.is_at_home().await {
            return Ok(Purged::default());
        }
        let kept = TimeDelta::from_std(self.settings().event_retention).unwrap_or(TimeDelta::MAX);
        let mut purged = self.store().purge(kept, PURGE_BITE).await?;
        let days = self.settings().request_log_days;
        purged.requests = self.store().purge_requests(days, PURGE_BITE).await?;
        // Lost where a turn breaks off: the next begins with the oldest.
        let mut positions = std::mem::take(&mut *self.0.purging.lock().unwrap_or_else(PoisonError::into_inner));
        purged.events += self
            .store()
            .purge_events_of_projects(kept, PURGE_BITE, &mut positions)
            .await?;
        *self.0.purging.lock().unwrap_or_else(PoisonError::into_inner) = positions;
        purged.requests += self.store().purge_requests_of_projects(days, PURGE_BITE).await?;
        for (table, rows) in [
            ("events", purged.events),
            ("revocations", purged.revocations),
            ("connections", purged.connections),
            ("heartbeats", purged.heartbeats),
            ("mail", purged.mail),
            ("brand_images", purged.images),
            ("requests", purged.requests),
            ("hourly_numbers", purged.numbers),
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
