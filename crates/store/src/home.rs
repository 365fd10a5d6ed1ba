//! Where this database lives, by marks that a dump cannot carry: a restored or copied database is not at home, and its
//! tokens may be in use elsewhere.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Store, StoreError};

/// How long an answer of [`Store::look_home`] holds.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// States of a watch; 0 before the first look.
const HERE: u8 = 1;
const ELSEWHERE: u8 = 2;

/// What one process knows about the home of its database.
#[derive(Debug, Default)]
pub(crate) struct HomeWatch {
    name: Option<String>,
    state: AtomicU8,
    looked: Mutex<Option<Instant>>,
}

/// A place where a database lives.
///
/// `system/database/table/name`: the cluster's system identifier (`-` where this role may not ask for it), the OIDs of
/// the database and of the table `instance`, and the operator's `LATCHKEY_INSTANCE` (`-` without). A dump carries none
/// of them; a clone inside the cluster has another OID, a restore over the same database another table. A standby that
/// takes over has the same, and so has a copy of the volume: only the name tells that one apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The marks, compared as a whole.
    pub marks: String,
    /// The database's name, for people.
    pub database: String,
    /// Whether the cluster could be asked who it is. Without, a restore into a new cluster may look like home.
    pub cluster_known: bool,
}

/// What a look has to say: a change, once.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Elsewhere,
    Adopted,
}

/// What is new between two looks.
fn news(before: u8, now: u8) -> Option<News> {
    match (before, now) {
        (ELSEWHERE, HERE) => Some(News::Adopted),
        (before, ELSEWHERE) if before != ELSEWHERE => Some(News::Elsewhere),
        _ => None,
    }
}

/// What the database says about itself.
struct Recorded {
    here: Home,
    home: Option<String>,
}

impl Store {
    /// The same store with the operator's name for this instance (`LATCHKEY_INSTANCE`).
    #[must_use]
    pub fn named(mut self, name: Option<String>) -> Self {
        self.home = std::sync::Arc::new(HomeWatch {
            name,
            ..HomeWatch::default()
        });
        self
    }

    /// Whether the database was at home at the last look; `false` before the first. Whatever changes something at a
    /// service or tells the outside asks this before it claims work: refresh, revocation, webhook delivery.
    pub fn is_at_home(&self) -> bool {
        self.home.state.load(Ordering::Acquire) == HERE
    }

    /// Looks whether the database is at home, at most each ten seconds, so that every turn of a loop can ask: an
    /// adoption takes effect on running servers. A failed look leaves the last answer. Before the first answer everybody
    /// looks: nobody may take “not seen yet” for “elsewhere”.
    pub async fn look_home(&self) -> Result<bool, StoreError> {
        if self.home.state.load(Ordering::Acquire) != 0 {
            let mut looked = self.home.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_some_and(|at| at.elapsed() < LOOK_AGAIN) {
                return Ok(self.is_at_home());
            }
            *looked = Some(Instant::now());
        }
        let looked = self.look_home_now().await;
        if looked.is_err() {
            *self.home.looked.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        looked
    }

    /// The same at once.
    pub async fn look_home_now(&self) -> Result<bool, StoreError> {
        let recorded = self.recorded().await?;
        // Nothing recorded: of a version before, which had no home.
        let is_here = recorded.home.is_none_or(|home| home == recorded.here.marks);
        let state = if is_here { HERE } else { ELSEWHERE };
        let before = self.home.state.swap(state, Ordering::AcqRel);
        match news(before, state) {
            Some(News::Elsewhere) => tracing::warn!(
                database = recorded.here.database,
                "this database was restored or copied: nothing is refreshed, revoked or delivered until somebody runs `latchkey adopt`, which shows where it came from"
            ),
            Some(News::Adopted) => {
                tracing::info!("this database was adopted: refresh, revocation and delivery go on");
            }
            None => {}
        }
        Ok(is_here)
    }

    /// Takes this place as the home of a database that has none: a new one, or one of an earlier version.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        let here = self.here().await?;
        if !here.cluster_known {
            tracing::warn!(
                "the database role may not call pg_control_system(), so a restore into another cluster may not be noticed: grant it, or set LATCHKEY_INSTANCE to a name of this instance"
            );
        }
        sqlx::query!(
            "update instance set home = $1, home_database = $2, home_at = latchkey_now() where home is null",
            here.marks,
            here.database
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The place where this database is now.
    pub async fn here(&self) -> Result<Home, StoreError> {
        Ok(self.recorded().await?.here)
    }

    async fn recorded(&self) -> Result<Recorded, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let row = sqlx::query!(
            r#"select current_database()::text as "name!", d.oid::int8 as "database!", 'instance'::regclass::oid::int8 as "table!",
                      has_function_privilege('pg_control_system()', 'execute') as "may_ask!",
                      (select home from instance) as home
               from pg_database d where d.datname = current_database()"#
        )
        .fetch_one(&mut *connection)
        .await?;
        // Asked by itself: where it is not allowed, naming it is enough to be refused.
        let system = if row.may_ask {
            sqlx::query_scalar!(r#"select system_identifier::text as "system!" from pg_control_system()"#)
                .fetch_optional(&mut *connection)
                .await?
        } else {
            None
        };
        let cluster_known = system.is_some();
        let (system, name) = (
            system.as_deref().unwrap_or("-"),
            self.home.name.as_deref().unwrap_or("-"),
        );
        Ok(Recorded {
            here: Home {
                marks: format!("{system}/{}/{}/{name}", row.database, row.table),
                database: row.name,
                cluster_known,
            },
            home: row.home,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_news() {
        assert_eq!(news(0, ELSEWHERE), Some(News::Elsewhere));
        assert_eq!(news(ELSEWHERE, ELSEWHERE), None, "a copy that nobody adopted");
        assert_eq!(news(ELSEWHERE, HERE), Some(News::Adopted));
        assert_eq!(news(HERE, ELSEWHERE), Some(News::Elsewhere));
        for quiet in [(0, HERE), (HERE, HERE)] {
            assert_eq!(news(quiet.0, quiet.1), None);
        }
    }
}
