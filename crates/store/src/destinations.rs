//! Where the secrets of an app may go: what an operator agreed to, and what definitions name beyond that.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;
use vault::{Environment, KeyRing};

use crate::{AppId, Lease, NewEvent, ProjectId, Store, StoreError, events};

/// Why a connection waits: its definition names an address that nobody agreed to.
pub const NOT_AGREED: &str = "destination_not_agreed";

/// Origins by way to sign in, as the catalogue tells them.
pub type Destinations = BTreeMap<String, BTreeSet<String>>;

/// What an operator agreed to for an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreed {
    /// Nothing was taken yet: the app is older than this, or was just made.
    Never,
    /// These.
    To(Destinations),
    /// The row was changed by somebody who has no key. Nothing is agreed to.
    Damaged,
}

impl Agreed {
    pub(crate) fn read(ring: &KeyRing, app: Uuid, kept: Option<Json<Destinations>>, tag: Option<&[u8]>) -> Self {
        match kept {
            None => Self::Never,
            Some(Json(kept)) if tag == Some(tag_of(ring, app, &kept).as_slice()) => Self::To(kept),
            Some(_) => {
                tracing::error!(%app, "where the secrets of an app may go was changed past this server");
                Self::Damaged
            }
        }
    }
}

/// The tag of what is kept with an app.
fn tag_of(ring: &KeyRing, app: Uuid, destinations: &Destinations) -> [u8; 32] {
    ring.tag("destinations", json!([app, destinations]).to_string().as_bytes())
}

/// An app, as far as it matters where its secrets go.
#[derive(Clone, Debug)]
pub struct AppDestinations {
    /// Its id.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// Whether a client secret or a private key of the client is kept.
    pub has_secret: bool,
    /// Whether values of variables that are secrets are kept, which any way to sign in may use.
    pub has_secret_values: bool,
    /// What was agreed to.
    pub agreed: Agreed,
}

/// What a definition names beyond what was agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationChange {
    /// A digest of app, way to sign in and what is new.
    pub id: String,
    /// The app.
    pub app: AppId,
    /// The way to sign in.
    pub auth_method: String,
    /// All that the definition names.
    pub wanted: BTreeSet<String>,
    /// What of it nobody agreed to.
    pub added: BTreeSet<String>,
}

/// The same as an operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct PendingChange {
    /// Names the change when it is agreed to.
    pub id: String,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The integration.
    pub integration: String,
    /// The app.
    pub app: AppId,
    /// The way to sign in.
    pub auth_method: String,
    /// What was agreed to.
    pub agreed: Vec<String>,
    /// What the definition names now.
    pub wanted: Vec<String>,
    /// What of it is new.
    pub added: Vec<String>,
    /// How many connections wait.
    pub connections: i64,
    /// When a replica saw it first.
    pub since: DateTime<Utc>,
}

struct AppRow {
    integration: String,
    has_secret: bool,
    has_secret_values: bool,
    destinations: Option<Json<Destinations>>,
    destinations_tag: Option<Vec<u8>>,
}

impl AppRow {
    fn read(self, ring: &KeyRing, app: Uuid) -> AppDestinations {
        AppDestinations {
            app: AppId(app),
            integration: self.integration,
            has_secret: self.has_secret,
            has_secret_values: self.has_secret_values,
            agreed: Agreed::read(ring, app, self.destinations, self.destinations_tag.as_deref()),
        }
    }
}

impl Store {
    /// All apps, for a look at each.
    pub async fn app_destinations(&self) -> Result<Vec<AppDestinations>, StoreError> {
        let rows = sqlx::query!(
            r#"select id, integration, (sealed is not null or key_sealed is not null) as "has_secret!",
                      secrets_sealed is not null as "has_secret_values!",
                      destinations as "destinations: Json<Destinations>", destinations_tag
               from apps order by id"#
        )
        .fetch_all(&self.pool)
        .await?;
        let read = rows.into_iter().map(|row| {
            let of_app = AppRow {
                integration: row.integration,
                has_secret: row.has_secret,
                has_secret_values: row.has_secret_values,
                destinations: row.destinations,
                destinations_tag: row.destinations_tag,
            };
            of_app.read(&self.ring, row.id)
        });
        Ok(read.collect())
    }

    /// Decides for an app with nobody else between: `decide` says what is agreed to from now on, or `None` to leave it.
    /// What holds then; `None` when there is no such app.
    pub async fn take_destinations(
        &self,
        app: AppId,
        decide: impl FnOnce(&AppDestinations) -> Option<Destinations>,
    ) -> Result<Option<Agreed>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query_as!(
            AppRow,
            r#"select integration, (sealed is not null or key_sealed is not null) as "has_secret!",
                      secrets_sealed is not null as "has_secret_values!",
                      destinations as "destinations: Json<Destinations>", destinations_tag
               from apps where id = $1 for update"#,
            app.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let known = row.read(&self.ring, app.0);
        let Some(taken) = decide(&known) else {
            return Ok(Some(known.agreed));
        };
        self.write_destinations(&mut transaction, app, &taken).await?;
        transaction.commit().await?;
        Ok(Some(Agreed::To(taken)))
    }

    async fn write_destinations(
        &self,
        transaction: &mut PgConnection,
        app: AppId,
        destinations: &Destinations,
    ) -> Result<(), StoreError> {
        let tag = tag_of(&self.ring, app.0, destinations);
        sqlx::query!(
            "update apps set destinations = $2, destinations_tag = $3 where id = $1",
            app.0,
            Json(destinations) as _,
            tag.as_slice(),
        )
        .execute(transaction)
        .await?;
        Ok(())
    }

    /// Notes what this replica's definitions name beyond what was agreed to. The first who sees a change records an event
    /// for the project; how many were not known. What no replica has seen for three minutes is forgotten.
    pub async fn note_destination_changes(&self, changes: &[DestinationChange]) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let mut new = Vec::new();
        for change in changes {
            let (wanted, added) = (list(&change.wanted), list(&change.added));
            let row = sqlx::query!(
                r#"insert into destination_changes as d (id, app_id, auth_method, wanted, added)
                   select $1, id, $3, $4, $5 from apps where id = $2
                   on conflict (id) do update set wanted = $4, seen_at = latchkey_now()
                   returning xmax = 0 as "is_new!",
                       (select project_id from apps where id = d.app_id) as "project!",
                       (select environment from apps where id = d.app_id) as "environment!",
                       (select integration from apps where id = d.app_id) as "integration!""#,
                change.id,
                change.app.0,
                change.auth_method,
                &wanted,
                &added,
            )
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(row) = row.filter(|row| row.is_new) else {
                continue;
            };
            new.push(change.id.clone());
            let payload = json!({
                "app": change.app, "integration": row.integration, "reason": NOT_AGREED,
                "authMethod": change.auth_method, "added": added,
                "message": "The definition names other addresses for secrets than were agreed to. Nothing is sent until somebody agrees.",
            });
            let event = NewEvent {
                project: ProjectId(row.project),
                environment: crate::database::environment("apps", change.app.0, &row.environment)?,
                kind: "integration.destination_changed",
                connection: None,
                payload: &payload,
            };
            events::record(&mut transaction, event).await?;
        }
        sqlx::query!("delete from destination_changes where seen_at < latchkey_now() - interval '3 minutes'")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(new)
    }

    /// What waits for somebody to agree: of one project and environment, or all.
    pub async fn destination_changes(
        &self,
        of: Option<(ProjectId, Environment)>,
        integration: Option<&str>,
    ) -> Result<Vec<PendingChange>, StoreError> {
        // Few rows; the count is served by connections_by_app.
        let rows = sqlx::query!(
            r#"select d.id, a.project_id, a.environment, a.integration, a.id as app, d.auth_method, d.wanted,
                      d.first_seen_at, a.destinations as "destinations: Json<Destinations>", a.destinations_tag,
                      (select count(*) from connections c where c.app_id = a.id and c.deleted_at is null
                           and c.auth_method = d.auth_method) as "connections!"
               from destination_changes d join apps a on a.id = d.app_id
               where ($1::uuid is null or a.project_id = $1 and a.environment = $2) and ($3::text is null or a.integration = $3)
                 and d.seen_at >= latchkey_now() - interval '3 minutes'
               order by a.integration, d.auth_method, d.id"#,
            of.map(|(project, _)| project.0),
            of.map(|(_, environment)| environment.as_str()),
            integration,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                // Computed from what the tag proves: rows that somebody without a key wrote hide nothing.
                let agreed = match Agreed::read(&self.ring, row.app, row.destinations, row.destinations_tag.as_deref())
                {
                    Agreed::To(mut all) => all.remove(&row.auth_method).unwrap_or_default(),
                    Agreed::Never | Agreed::Damaged => BTreeSet::new(),
                };
                Ok(PendingChange {
                    added: row
                        .wanted
                        .iter()
                        .filter(|one| !agreed.contains(*one))
                        .cloned()
                        .collect(),
                    agreed: agreed.into_iter().collect(),
                    id: row.id,
                    project: ProjectId(row.project_id),
                    environment: crate::database::environment("apps", row.app, &row.environment)?,
                    integration: row.integration,
                    app: AppId(row.app),
                    auth_method: row.auth_method,
                    wanted: row.wanted,
                    connections: row.connections,
                    since: row.first_seen_at,
                })
            })
            .collect()
    }

    /// Agrees to a change: what the operator was shown as new, and nothing else, is added to what was agreed to, and what
    /// waited for it is due now. `false` when it is not there any more.
    pub async fn agree_destinations(&self, change: &PendingChange) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query_as!(
            AppRow,
            r#"select integration, (sealed is not null or key_sealed is not null) as "has_secret!",
                      secrets_sealed is not null as "has_secret_values!",
                      destinations as "destinations: Json<Destinations>", destinations_tag
               from apps where id = $1 for update"#,
            change.app.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let gone = sqlx::query!("delete from destination_changes where id = $1", change.id)
            .execute(&mut *transaction)
            .await?;
        let Some(row) = row.filter(|_| gone.rows_affected() == 1) else {
            return Ok(false);
        };
        let mut all = match row.read(&self.ring, change.app.0).agreed {
            Agreed::To(all) => all,
            // Nothing of it can be relied on.
            Agreed::Never | Agreed::Damaged => Destinations::new(),
        };
        let of_method = all.entry(change.auth_method.clone()).or_default();
        of_method.extend(change.added.iter().cloned());
        self.write_destinations(&mut transaction, change.app, &all).await?;
        resume(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

impl Store {
    /// Nothing was sent, because nobody agreed to where it would go. The lease ends, the state stays, and the connection
    /// says why it waits. `false` when the lease is not this one any more.
    pub async fn pause_refresh(&self, lease: &Lease, message: &str, retry_in: f64) -> Result<bool, StoreError> {
        let fence = &lease.fence;
        let mut transaction = self.pool.begin().await?;
        let written = sqlx::query!(
            "update credentials set refresh_at = latchkey_now() + make_interval(secs => $5), lease_owner = null,
                    lease_boot = null, lease_until = null, updated_at = latchkey_now()
             where connection_id = $1 and generation = $2 and lease_owner = $3 and lease_number = $4",
            fence.connection.0,
            fence.generation,
            lease.replica.id,
            lease.number,
            retry_in,
        )
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "update connections set state_reason = $2, state_message = $3, updated_at = latchkey_now()
             where id = $1 and deleted_at is null and state <> 'failed'
               and (state_reason is distinct from $2 or state_message is distinct from $3)",
            fence.connection.0,
            NOT_AGREED,
            message,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

fn list(set: &BTreeSet<String>) -> Vec<String> {
    set.iter().cloned().collect()
}

/// What waited is due, and says nothing of it any more.
async fn resume(transaction: &mut PgConnection, change: &PendingChange) -> Result<(), StoreError> {
    sqlx::query!(
        "update credentials set refresh_at = latchkey_now()
         from connections c
         where c.id = credentials.connection_id and c.app_id = $1 and c.auth_method = $2
           and c.state_reason = 'destination_not_agreed' and credentials.refresh_at > latchkey_now()",
        change.app.0,
        change.auth_method,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "update connections set state_reason = null, state_message = null, updated_at = latchkey_now()
         where app_id = $1 and auth_method = $2 and state_reason = 'destination_not_agreed' and deleted_at is null",
        change.app.0,
        change.auth_method,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "update revocations set next_attempt_at = latchkey_now()
         where app_id = $1 and auth_method = $2 and status = 'pending' and next_attempt_at > latchkey_now()",
        change.app.0,
        change.auth_method,
    )
    .execute(transaction)
    .await?;
    Ok(())
}
