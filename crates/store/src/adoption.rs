//! Adoption: somebody says that a restored or copied database is the right one now. Tokens that may have been spent in
//! the meantime are marked, and tried once each.
//!
//! What a mark means to whoever refreshes:
//!
//! - A marked row is left out of the ordinary claim. A slow one takes it, whether it is due or not, by
//!   `credentials_uncertain`: `uncertain_since is not null and refresh_at is not null`, ordered by `refresh_at`.
//! - A refresh that succeeds, and a new grant, clear `uncertain_since` and `uncertain_reason`.
//! - A service that refuses the grant (`invalid_grant`) fails the connection at once, without a second try, with the
//!   reason `rotation_uncertain`. The mark stays: it tells the report what was lost by the adoption.
//! - Any other failure leaves the mark and is tried again.
//! - `uncertain_epoch` is the adoption's and is never changed by a refresh.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;
use vault::Credential;

use crate::credentials::place;
use crate::{ConnectionId, ProjectId, Store, StoreError};

/// Rows of one short statement.
const BITE: i64 = 1000;

/// The start of every order by id.
const FIRST: ConnectionId = ConnectionId(Uuid::nil());

/// Where a database belongs, as it was last recorded.
#[derive(Clone, Debug)]
pub struct Residence {
    /// The marks of its home, as in [`crate::Home::marks`]; `None` before a server of this version first started.
    pub home: Option<String>,
    /// The database's name there.
    pub database: Option<String>,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// 1, and one more with each adoption.
    pub epoch: i64,
}

/// An adoption that was done.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `cli`.
    pub by: String,
    /// The marks of the home before.
    pub from_home: Option<String>,
    /// The database's name there.
    pub from_database: Option<String>,
    /// The marks of the home since.
    pub to_home: String,
    /// Its number.
    pub epoch: i64,
    /// A planned move: nothing was marked and nothing dropped.
    pub trusted: bool,
    /// Credentials that were marked as uncertain.
    pub marked: i64,
    /// Webhook deliveries of before that will not be made.
    pub dropped_deliveries: i64,
    /// Revocations of before that go on.
    pub pending_revocations: i64,
}

/// Why an adoption was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdoptionError {
    /// Somebody else adopted it in the meantime.
    #[error("somebody else adopted this database at the same moment: look at `latchkey adopt --report`")]
    Overtaken,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of the credentials that an adoption marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdoptionTotals {
    /// Not tried yet, or tried without an answer that counts.
    pub waiting: i64,
    /// Refreshed or connected anew since.
    pub proved: i64,
    /// Refused by the service: the person has to connect again.
    pub lost: i64,
    /// Deleted since.
    pub deleted: i64,
}

/// A connection that is still marked.
#[derive(Clone, Debug)]
pub struct UncertainConnection {
    /// Its id.
    pub id: ConnectionId,
    /// The project.
    pub project: ProjectId,
    /// `test` or `live`.
    pub environment: String,
    /// Its key.
    pub key: String,
    /// The integration.
    pub integration: String,
    /// Whose it is.
    pub identity: Option<String>,
    /// Whether the service refused its grant.
    pub lost: bool,
    /// A machine's word for why.
    pub reason: Option<String>,
    /// The sentence for people.
    pub message: Option<String>,
}

impl Store {
    /// Where the database belongs.
    pub async fn residence(&self) -> Result<Residence, StoreError> {
        Ok(sqlx::query_as!(
            Residence,
            "select home, home_database as database, home_at as since, epoch from instance"
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Takes this place as the database's home. Unless `trust`, every credential with a refresh token is marked as
    /// uncertain first, and waiting webhook deliveries and mails are dropped; revocations go on, since they are what somebody
    /// wanted. The home is written last: interrupted, it can be done again, and nothing is refreshed before.
    pub async fn adopt(&self, by: &str, trust: bool) -> Result<Adoption, AdoptionError> {
        let before = self.residence().await?;
        let here = self.here().await?;
        let epoch = before.epoch + 1;
        let (marked, dropped) = if trust {
            (0, 0)
        } else {
            let marked = self.mark_uncertain(epoch).await?;
            let dropped = self.drop_deliveries().await?;
            self.drop_mails().await?;
            (marked, dropped)
        };
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let settled = sqlx::query!(
            "update instance set home = $1, home_database = $2, home_at = latchkey_now(), epoch = $3 where epoch = $4",
            here.marks,
            here.database,
            epoch,
            before.epoch
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        if settled.rows_affected() == 0 {
            return Err(AdoptionError::Overtaken);
        }
        let adoption = sqlx::query_as!(
            Adoption,
            "insert into adoptions (id, by, from_home, from_database, to_home, epoch, trusted, marked, dropped_deliveries,
                    pending_revocations)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, (select count(*) from revocations where status = 'pending')
             returning at, by, from_home, from_database, to_home, epoch, trusted, marked, dropped_deliveries,
                       pending_revocations",
            Uuid::now_v7(),
            by,
            before.home,
            before.database,
            here.marks,
            epoch,
            trust,
            marked,
            dropped
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        sqlx::query!(
            "insert into audit_log (id, action, actor, subject, detail) values ($1, 'instance.adopted', $2, $3, $4)",
            Uuid::now_v7(),
            by,
            here.marks,
            json!({ "from": before.home, "epoch": epoch, "trusted": trust, "marked": marked })
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        transaction.commit().await.map_err(StoreError::from)?;
        self.look_home_now().await?;
        Ok(adoption)
    }

    /// Marks what has a refresh token, in order of the key (`credentials_pkey`) and in short statements. What has no
    /// time for its next refresh is opened to see whether it has one.
    async fn mark_uncertain(&self, epoch: i64) -> Result<i64, StoreError> {
        let (mut after, mut marked) = (FIRST.0, 0);
        loop {
            let rows = sqlx::query!(
                r#"select k.connection_id, k.project_id, k.environment, k.generation,
                          case when k.refresh_at is null then k.sealed end as sealed
                   from credentials k join connections c on c.id = k.connection_id
                   where k.connection_id > $1 and c.deleted_at is null and c.state <> 'failed'
                   order by k.connection_id limit $2"#,
                after,
                BITE
            )
            .fetch_all(&self.pool)
            .await?;
            let Some(last) = rows.last() else { return Ok(marked) };
            after = last.connection_id;
            let mut ids = Vec::with_capacity(rows.len());
            for row in rows {
                let refreshable = match row.sealed {
                    None => true,
                    Some(sealed) => {
                        let environment =
                            crate::database::environment("credentials", row.connection_id, &row.environment)?;
                        let place = place(row.project_id, environment, row.connection_id, row.generation);
                        self.holds_refresh_token(sealed, &place).await?
                    }
                };
                if refreshable {
                    ids.push(row.connection_id);
                }
            }
            let done = sqlx::query!(
                "update credentials set uncertain_since = latchkey_now(), uncertain_reason = 'adopted', uncertain_epoch = $2,
                        refresh_at = coalesce(refresh_at, latchkey_now())
                 where connection_id = any ($1)",
                &ids,
                epoch
            )
            .execute(&self.pool)
            .await?;
            marked += done.rows_affected().cast_signed();
        }
    }

    async fn holds_refresh_token(&self, sealed: Vec<u8>, place: &vault::Place) -> Result<bool, StoreError> {
        let opened = match self.open("credentials", sealed, place).await {
            Ok(plaintext) => Credential::from_plaintext(&plaintext).ok(),
            Err(error) if error.is_unavailable() => return Err(error),
            // What does not open is not refreshed either.
            Err(_) => None,
        };
        Ok(opened.is_some_and(|credential| credential.tokens().is_some_and(|tokens| tokens.refresh_token.is_some())))
    }

    /// Ends every delivery that waits: what it tells was told by the server that this database came from, or is about
    /// another time.
    async fn drop_deliveries(&self) -> Result<i64, StoreError> {
        let mut dropped = 0;
        loop {
            let done = sqlx::query!(
                "update webhook_deliveries set status = 'failed', ended_at = latchkey_now(), lease_until = null,
                        last_error = 'dropped: the database was restored or copied, and adopted later'
                 where id = any (array(select id from webhook_deliveries where status = 'pending' limit $1))",
                BITE
            )
            .execute(&self.pool)
            .await?
            .rows_affected();
            if done == 0 {
                return Ok(dropped);
            }
            dropped += done.cast_signed();
        }
    }

    /// The last adoption.
    pub async fn last_adoption(&self) -> Result<Option<Adoption>, StoreError> {
        Ok(sqlx::query_as!(
            Adoption,
            "select at, by, from_home, from_database, to_home, epoch, trusted, marked, dropped_deliveries,
                    pending_revocations
             from adoptions order by epoch desc limit 1"
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// What became of what an adoption marked. Served by `credentials_by_epoch`.
    pub async fn adoption_totals(&self, adoption: &Adoption) -> Result<AdoptionTotals, StoreError> {
        let row = sqlx::query!(
            r#"select count(*) filter (where k.uncertain_since is not null and c.state <> 'failed') as "waiting!",
                      count(*) filter (where k.uncertain_since is null) as "proved!",
                      count(*) filter (where k.uncertain_since is not null and c.state = 'failed') as "lost!",
                      count(*) as "there!"
               from credentials k join connections c on c.id = k.connection_id where k.uncertain_epoch = $1"#,
            adoption.epoch
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(AdoptionTotals {
            waiting: row.waiting,
            proved: row.proved,
            lost: row.lost,
            deleted: (adoption.marked - row.there).max(0),
        })
    }

    /// Credentials that wait to be tried, whatever made them uncertain. Served by `credentials_uncertain`.
    pub async fn uncertain_count(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from credentials where uncertain_since is not null and refresh_at is not null"#
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// A page of the connections that an adoption marked and that are marked still, in order of their id, with the id
    /// to go on after; `None` at the end. Served by `credentials_uncertain_rows`.
    pub async fn uncertain_connections(
        &self,
        epoch: i64,
        after: Option<ConnectionId>,
    ) -> Result<(Vec<UncertainConnection>, Option<ConnectionId>), StoreError> {
        let rows = sqlx::query_as!(
            UncertainConnection,
            r#"select c.id as "id: ConnectionId", c.project_id as "project: ProjectId", c.environment, c.key, c.integration,
                      c.identity, c.state = 'failed' as "lost!", c.state_reason as reason, c.state_message as message
               from credentials k join connections c on c.id = k.connection_id
               where k.connection_id > $1 and k.uncertain_since is not null and k.uncertain_epoch = $2
               order by k.connection_id limit $3"#,
            after.unwrap_or(FIRST).0,
            epoch,
            BITE
        )
        .fetch_all(&self.pool)
        .await?;
        let next = rows.last().map(|row| row.id);
        Ok((rows, next))
    }
}
