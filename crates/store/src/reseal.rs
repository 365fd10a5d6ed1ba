//! Sealing again what an old data key sealed, in bites, each under a compare-and-swap: a value that changed since it was
//! read, by a refresh for instance, is left to whoever changed it.

use sqlx::PgConnection;
use uuid::Uuid;
use vault::{Place, Sealed};

use crate::{DataKeyRow, Store, StoreError};

/// What one bite came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bite {
    /// Values that were sealed again.
    pub resealed: u64,
    /// Values that do not open. They stay as they are, and so does their key.
    pub unreadable: u64,
    /// Where the next bite begins; `None` after the last.
    pub next: Option<Uuid>,
}

/// A value under an old key.
struct Old {
    record: Uuid,
    project: Uuid,
    environment: String,
    generation: i64,
    sealed: Vec<u8>,
}

/// Values to swap, as the columns of `unnest`.
#[derive(Default)]
struct Swap {
    records: Vec<Uuid>,
    old: Vec<Vec<u8>>,
    fresh: Vec<Vec<u8>>,
    generations: Vec<i64>,
}

/// Each column with sealed values: its table, the row's id, the generation that the value is bound to, and the column's
/// name in its place. All are served by the table's `…_by_key` index.
macro_rules! sealed_columns {
    ($($name:ident: $table:literal, $record:literal, $column:literal, $generation:literal, $place:literal;)+) => {
        /// A column with sealed values.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum SealedColumn {
            $(#[doc = concat!("`", $table, ".", $column, "`.")] $name,)+
        }

        impl SealedColumn {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The table's name.
            pub const fn table(self) -> &'static str {
                match self { $(Self::$name => $table),+ }
            }

            const fn place(self) -> &'static str {
                match self { $(Self::$name => $place),+ }
            }

            /// Values under a key.
            pub(crate) async fn count(self, connection: &mut PgConnection, key: Uuid) -> Result<i64, StoreError> {
                Ok(match self {
                    $(Self::$name => sqlx::query_scalar!(
                        r#"select count(*) as "count!" from "# + $table + " t where substring(" + $column
                            + " from 5 for 16) = uuid_send($1)",
                        key
                    )
                    .fetch_one(connection)
                    .await?,)+
                })
            }

            async fn old(self, store: &Store, key: Uuid, after: Uuid, limit: i64) -> Result<Vec<Old>, StoreError> {
                Ok(match self {
                    $(Self::$name => sqlx::query_as!(
                        Old,
                        "select t." + $record + r#" as "record!", t.project_id as "project!", t.environment as "environment!", "#
                            + $generation + r#" as "generation!", t."# + $column + r#" as "sealed!" from "# + $table
                            + " t where substring(t." + $column + " from 5 for 16) = uuid_send($1) and t." + $record
                            + " > $2 order by t." + $record + " limit $3",
                        key,
                        after,
                        limit
                    )
                    .fetch_all(&store.pool)
                    .await?,)+
                })
            }

            // Skips what somebody else holds, so that it delays no refresh and waits in no circle.
            async fn swap(self, store: &Store, swap: &Swap) -> Result<u64, StoreError> {
                Ok(match self {
                    $(Self::$name => sqlx::query!(
                        "with mine as (
                             select t." + $record + " as record, n.fresh
                             from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bigint[]) as n (record, old, fresh, generation)
                             join " + $table + " t on t." + $record + " = n.record and t." + $column + " = n.old and "
                            + $generation + " = n.generation
                             for update of t skip locked)
                         update " + $table + " t set " + $column + " = mine.fresh from mine where t." + $record + " = mine.record",
                        &swap.records,
                        &swap.old,
                        &swap.fresh,
                        &swap.generations
                    )
                    .execute(&store.pool)
                    .await?
                    .rows_affected(),)+
                })
            }
        }
    };
}

sealed_columns! {
    Credentials: "credentials", "connection_id", "sealed", "t.generation", "credentials.sealed";
    Apps: "apps", "id", "sealed", "t.generation", "apps.sealed";
    AppKeys: "apps", "id", "key_sealed", "t.key_generation", "apps.key_sealed";
    AppSecrets: "apps", "id", "secrets_sealed", "t.secrets_generation", "apps.secrets_sealed";
    Flows: "flows", "id", "sealed", "0::bigint", "flows.sealed";
    Quarantined: "flows", "id", "quarantined", "0::bigint", "flows.quarantined";
    Revocations: "revocations", "id", "sealed", "0::bigint", "revocations.sealed";
    SandboxClients: "sandbox_clients", "id", "sealed", "0::bigint", "sandbox_clients.sealed";
    Webhooks: "webhook_endpoints", "id", "sealed", "t.generation", "webhook_endpoints.sealed";
    // It moved to its own column under the generation that it had.
    WebhooksBefore: "webhook_endpoints", "id", "previous_sealed", "(t.generation - 1)", "webhook_endpoints.sealed";
}

impl Store {
    /// Seals one bite of a column again, with the current key of the project: `limit` values after a row at most.
    pub async fn reseal_bite(
        &self,
        column: SealedColumn,
        key: &DataKeyRow,
        after: Uuid,
        limit: i64,
    ) -> Result<Bite, StoreError> {
        let rows = column.old(self, key.id, after, limit).await?;
        let mut bite = Bite::default();
        if i64::try_from(rows.len()).is_ok_and(|found| found >= limit) {
            bite.next = rows.last().map(|row| row.record);
        }
        if rows.is_empty() {
            return Ok(bite);
        }
        let current = self.current_key(&self.pool, key.project.0).await?;
        let mut swap = Swap::default();
        for row in rows {
            let place = Place {
                project: row.project,
                environment: crate::database::environment(column.table(), row.record, &row.environment)?,
                record: row.record,
                column: column.place(),
                generation: row.generation,
            };
            let plaintext = match self.open(column.table(), row.sealed.clone(), &place).await {
                Ok(plaintext) => plaintext,
                Err(error) if error.may_pass() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "a value is not sealed again");
                    bite.unreadable += 1;
                    continue;
                }
            };
            let fresh: Sealed = self
                .ring
                .seal(current, &place, &plaintext)
                .map_err(|_| StoreError::NoDataKey)?;
            swap.records.push(row.record);
            swap.old.push(row.sealed);
            swap.fresh.push(fresh.as_bytes().to_vec());
            swap.generations.push(row.generation);
        }
        bite.resealed = column.swap(self, &swap).await?;
        Ok(bite)
    }
}
