//! What this database is: a development or a production instance, and of which master key.

use std::sync::atomic::Ordering;

use uuid::Uuid;
use vault::MasterKey;

use crate::{Store, StoreError};

/// What a database was first used for. `dev` refuses a production database and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceMode {
    /// Made by `latchkey dev`.
    Development,
    /// Made by `latchkey serve`.
    Production,
}

impl InstanceMode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Why a server may not use this database.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The database holds values of another master key.
    #[error(
        "the master key is not the one of this database: give the key that it was first started with, or another database"
    )]
    WrongMasterKey,
    /// The database belongs to the other mode.
    #[error("this database is marked as a {found} instance and `{wanted}` was asked for: use another database")]
    WrongMode {
        /// As marked.
        found: String,
        /// As asked.
        wanted: &'static str,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Marks a new database with its mode, master key and home, or compares the first two with the marks. With a mode
    /// (a server, not a command) it also looks whether the database is at home; elsewhere is no error, see
    /// [`Store::is_at_home`].
    pub async fn adopt_instance(&self, mode: Option<InstanceMode>, master: &MasterKey) -> Result<Uuid, AdoptError> {
        let check = master.check_value();
        if let Some(mode) = mode {
            sqlx::query!(
                "insert into instance (id, mode, master_key_check) values ($1, $2, $3) on conflict do nothing",
                Uuid::now_v7(),
                mode.as_str(),
                &check[..]
            )
            .execute(&self.pool)
            .await
            .map_err(StoreError::from)?;
        }
        let row = sqlx::query!("select id, mode, master_key_check from instance")
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::from)?;
        if row.master_key_check != check {
            return Err(AdoptError::WrongMasterKey);
        }
        match mode {
            Some(mode) if row.mode != mode.as_str() => Err(AdoptError::WrongMode {
                found: row.mode,
                wanted: mode.as_str(),
            }),
            _ => {
                if mode.is_some() {
                    self.settle().await?;
                    self.look_home_now().await?;
                }
                self.adopted.store(true, Ordering::Release);
                Ok(row.id)
            }
        }
    }

    /// What stands for the server at this address where everybody reads it: the same on each of its replicas, and it tells
    /// nothing about them.
    pub fn instance_tag(&self, origin: &str) -> String {
        let tag = self.ring.tag("instance", origin.as_bytes());
        let mut start = [0; 8];
        start.copy_from_slice(&tag[..8]);
        format!("{:016x}", u64::from_be_bytes(start))
    }

    /// Whether this process compared mode and master key with the marks of its database.
    pub fn is_adopted(&self) -> bool {
        self.adopted.load(Ordering::Acquire)
    }

    /// Tells others that a loop of this replica is alive.
    pub async fn beat(&self, replica: Uuid, name: &str, interval_seconds: i32) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into heartbeats (replica, loop, beat_at, interval_seconds) values ($1, $2, latchkey_now(), $3)
             on conflict (replica, loop) do update set beat_at = excluded.beat_at, interval_seconds = excluded.interval_seconds",
            replica,
            name,
            interval_seconds
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Loops of a replica and the seconds since their last beat.
    pub async fn heartbeats(&self, replica: Uuid) -> Result<Vec<Heartbeat>, StoreError> {
        Ok(sqlx::query_as!(
            Heartbeat,
            r#"select loop as name, interval_seconds,
                      extract(epoch from latchkey_now() - beat_at)::float8 as "age_seconds!"
               from heartbeats where replica = $1 order by loop"#,
            replica
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

/// The last sign of life of a loop.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The loop.
    pub name: String,
    /// How often it runs.
    pub interval_seconds: i32,
    /// How long ago it last ran.
    pub age_seconds: f64,
}
