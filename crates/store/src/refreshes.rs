//! How a refresh ends: committed only while the generation is still the claimed one, or noted as failed while the lease
//! is still this one. A late winner may commit, a late loser overwrites nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use vault::Credential;

use crate::credentials::{place, seconds};
use crate::{
    ConnectionId, ConnectionState, Fence, Lease, NewCredential, NewEvent, RevocationId, Store, StoreError, events,
};

/// A provider's answer to a refresh, ready to be written.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The new credential. Its lifetimes count from `claimed_at`.
    pub new: NewCredential,
    /// When the refresh was claimed: the provider's own clock started later.
    pub claimed_at: DateTime<Utc>,
    /// Values learnt from the answer; others of the connection stay.
    pub variables: BTreeMap<String, String>,
    /// The granted scopes, where the answer names them.
    pub scopes: Option<Vec<String>>,
    /// The answer had no access token to use, and renewed only what the next refresh is asked with: the access token is the
    /// one of before, with its times, and the connection is degraded.
    pub degraded: Option<Degraded>,
}

/// Why the connection of an answer is degraded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Degraded {
    /// A machine's word, as `app_broken`.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// How a refresh failed.
#[derive(Clone, Debug)]
pub struct RefreshFailure {
    /// The state that the connection gets; `None` leaves it as it is.
    pub state: Option<ConnectionState>,
    /// A machine's word, as `grant_gone`.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The service's own words, scrubbed.
    pub provider_message: Option<String>,
    /// The service's own code, as `invalid_grant`.
    pub provider_code: Option<String>,
    /// Seconds until the next attempt; `None` ends refreshing.
    pub retry_in: Option<f64>,
    /// The service refused this very token.
    pub refused: bool,
    /// The request was sent and not answered: nobody knows whether it was carried out.
    pub unanswered: bool,
    /// Whether it counts as an attempt of this connection. A fault of the app does not.
    pub counts: bool,
}

impl Store {
    /// Commits one refreshed credential: see [`Store::commit_refreshes`].
    pub async fn commit_refresh(&self, fence: &Fence, refreshed: &Refreshed) -> Result<bool, StoreError> {
        let answers = BTreeMap::from([(fence.connection, (fence, refreshed))]);
        Ok(self.commit_refreshes(&answers).await?.contains(&fence.connection))
    }

    /// Commits refreshed credentials with their events, in one transaction: of each connection whose generation is still
    /// the claimed one. The others are not among the answered ids: a newer generation is there, or the connection is
    /// gone, and nothing was written.
    ///
    /// The lease is not asked for: an answer that is in hand is the newest credential, also when its holder was given
    /// up in the meantime. An error means that none was written. Served by the primary keys; rows are locked in the order
    /// of their ids, so that two batches do not wait for each other.
    pub async fn commit_refreshes(
        &self,
        answers: &BTreeMap<ConnectionId, (&Fence, &Refreshed)>,
    ) -> Result<HashSet<ConnectionId>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let sealed = self.seal_answers(&mut transaction, answers).await?;
        let ids: Vec<Uuid> = answers.keys().map(|id| id.0).collect();
        let generations: Vec<i64> = answers.values().map(|(fence, _)| fence.generation).collect();
        let expires: Vec<_> = answers.values().map(|(_, new)| seconds(new.new.expires_in)).collect();
        let refreshes: Vec<_> = answers.values().map(|(_, new)| seconds(new.new.refresh_in)).collect();
        let claimed: Vec<DateTime<Utc>> = answers.values().map(|(_, new)| new.claimed_at).collect();
        let renewed: Vec<bool> = answers.values().map(|(_, new)| new.degraded.is_none()).collect();
        if ids.len() > 1 {
            sqlx::query!(
                "select from credentials where connection_id = any ($1) order by connection_id for no key update",
                &ids
            )
            .execute(&mut *transaction)
            .await?;
        }
        let written = sqlx::query_scalar!(
            "update credentials k set sealed = a.sealed, generation = k.generation + 1,
                    refreshed_at = case when a.renewed then latchkey_now() else k.refreshed_at end,
                    issued_at = case when a.renewed then a.claimed_at else k.issued_at end,
                    expires_at = case when a.renewed then a.claimed_at + make_interval(secs => a.expires_in)
                                      else k.expires_at end,
                    refresh_at = a.claimed_at + make_interval(secs => a.refresh_in),
                    lease_owner = null, lease_boot = null, lease_until = null, attempts = 0, refusals = 0,
                    interrupted = false, rejected_until = null, uncertain_since = null,
                    uncertain_reason = null, forecast_days = 0, updated_at = latchkey_now()
             from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::float8[], $5::float8[], $6::timestamptz[],
                         $7::bool[]) as a (connection_id, generation, sealed, expires_in, refresh_in, claimed_at, renewed)
             where k.connection_id = a.connection_id and k.generation = a.generation
             returning k.connection_id",
            &ids,
            &generations,
            &sealed,
            &expires as &[Option<f64>],
            &refreshes as &[Option<f64>],
            &claimed,
            &renewed,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let written: HashSet<ConnectionId> = written.into_iter().map(ConnectionId).collect();
        let committed: BTreeMap<_, _> = answers.iter().filter(|(id, _)| written.contains(id)).collect();
        if committed.is_empty() {
            return Ok(written);
        }
        let before = note_states(&mut transaction, &committed).await?;
        let told: Vec<_> = committed
            .iter()
            .filter_map(|(id, (fence, new))| Some((*fence, change(fence, new, before.get(*id).map(String::as_str))?)))
            .collect();
        let new_events: Vec<_> = told
            .iter()
            .map(|(fence, (kind, payload))| event(fence, kind, payload))
            .collect();
        events::record_all(&mut transaction, &new_events).await?;
        transaction.commit().await?;
        Ok(written)
    }

    /// The new credentials, sealed in the order of their connections; the key is asked for once a project.
    async fn seal_answers(
        &self,
        transaction: &mut PgConnection,
        answers: &BTreeMap<ConnectionId, (&Fence, &Refreshed)>,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut keys = HashMap::new();
        let mut sealed = Vec::with_capacity(answers.len());
        for (fence, refreshed) in answers.values() {
            let project = fence.project.0;
            let key = if let Some(key) = keys.get(&project) {
                *key
            } else {
                let key = self.current_key(&mut *transaction, project).await?;
                keys.insert(project, key);
                key
            };
            let place = place(project, fence.environment, fence.connection.0, fence.generation + 1);
            let value = self.seal_with(key, &place, &refreshed.new.credential.to_plaintext())?;
            sealed.push(value.as_bytes().to_vec());
        }
        Ok(sealed)
    }

    /// Notes a failed refresh and frees the lease, if generation and lease are still the claimed ones. Events are
    /// recorded for a change of the connection's state, not for each attempt.
    pub async fn fail_refresh(&self, lease: &Lease, failure: &RefreshFailure) -> Result<bool, StoreError> {
        let fence = &lease.fence;
        let mut transaction = self.pool.begin().await?;
        let written = sqlx::query!(
            "update credentials set attempts = attempts + $6, refusals = refusals + $7, interrupted = interrupted or $8,
                    refresh_at = latchkey_now() + make_interval(secs => $5), lease_owner = null, lease_boot = null,
                    lease_until = null, updated_at = latchkey_now()
             where connection_id = $1 and generation = $2 and lease_owner = $3 and lease_number = $4",
            fence.connection.0,
            fence.generation,
            lease.replica.id,
            lease.number,
            failure.retry_in,
            i32::from(failure.counts),
            i16::from(failure.refused),
            failure.unanswered,
        )
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(state) = failure.state {
            let before = sqlx::query_scalar!(
                "update connections c set state = $2, state_reason = $3, state_message = $4, updated_at = latchkey_now()
                 from (select id, state, state_reason from connections where id = $1 for update) old
                 where c.id = old.id and c.deleted_at is null
                   and (c.state <> $2 or c.state_reason is distinct from $3 or c.state_message is distinct from $4)
                 returning old.state",
                fence.connection.0,
                state.as_str(),
                failure.reason,
                failure.message
            )
            .fetch_optional(&mut *transaction)
            .await?;
            if before.is_some_and(|before| before != state.as_str()) {
                // One change, one event: who waits for `oauth.failed` hears of it under that name.
                let kind = match state {
                    ConnectionState::Failed => "connection.failed",
                    _ => "connection.degraded",
                };
                let payload = json!({
                    "reason": failure.reason, "message": failure.message, "providerCode": failure.provider_code,
                    "providerMessage": failure.provider_message,
                });
                events::record(&mut transaction, event(fence, kind, &payload)).await?;
            }
        } else if failure.retry_in.is_none() {
            // Nothing renews it from now on, so a check has to find out when it is over.
            sqlx::query!(
                "update connections set check_at = latchkey_now() where id = $1 and deleted_at is null",
                fence.connection.0
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// A refreshed credential came back after its connection was deleted: it is queued to be revoked. `false` when the
    /// connection is there, and another generation was first.
    pub async fn revoke_late_refresh(&self, fence: &Fence, late: &Credential) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(connection) = self.deleted_connection(&mut transaction, fence).await? else {
            return Ok(false);
        };
        let revocation = crate::NewRevocation {
            id: RevocationId::generate(),
            project: connection.project,
            environment: connection.environment,
            app: connection.app,
            connection: Some(connection.id),
            flow: None,
            held_by: None,
            account: None,
            integration: &connection.integration,
            auth_method: &connection.auth_method,
            variables: &connection.variables,
            plaintext: &late.to_plaintext(),
        };
        self.insert_revocation(&mut transaction, revocation).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A refresh was cut off after it may have been sent; the retry decides, and until then nobody knows.
    pub(crate) async fn record_interrupted(
        &self,
        transaction: &mut PgConnection,
        fence: &Fence,
    ) -> Result<(), StoreError> {
        let payload = json!({ "generation": fence.generation, "reason": "rotation_uncertain" });
        events::record(transaction, event(fence, "oauth.interrupted", &payload)).await
    }

    /// The service answered 401 to a token: how many seconds old it was, if a refresh may help. It may when the token is
    /// older than a minute, can be refreshed, and no earlier 401 was the service's last word. Where the clock was put back
    /// since, nobody knows its age: that is 0.
    pub async fn age_of_rejected(&self, connection: ConnectionId, generation: i64) -> Result<Option<u64>, StoreError> {
        let age = sqlx::query_scalar!(
            r#"select greatest(extract(epoch from latchkey_now() - issued_at), 0)::bigint as "age!" from credentials
               where connection_id = $1 and generation = $2 and refresh_at is not null
                 and (issued_at < latchkey_now() - interval '1 minute' or issued_at > latchkey_now())
                 and (rejected_until is null or rejected_until <= latchkey_now())"#,
            connection.0,
            generation
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(age.map(|seconds| u64::try_from(seconds).unwrap_or(0)))
    }

    /// What a 401 taught: with a lifetime, tokens of this connection end after so many seconds; without, the service
    /// refuses new tokens as well, and for a quarter of an hour a 401 is no reason to refresh.
    pub async fn learn_from_rejection(
        &self,
        connection: ConnectionId,
        lifetime_seconds: Option<u64>,
    ) -> Result<(), StoreError> {
        let lifetime = lifetime_seconds.map(|seconds| i32::try_from(seconds.max(1)).unwrap_or(i32::MAX));
        sqlx::query!(
            "update credentials set
                    learned_lifetime = case when $2::int is null then learned_lifetime
                                            else least(coalesce(learned_lifetime, $2), $2) end,
                    rejected_until = case when $2::int is null then latchkey_now() + interval '15 minutes' end
             where connection_id = $1",
            connection.0,
            lifetime
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// What an answer is told as, where the state of its connection was this and changed. One change, one event: who waits for
/// `oauth.refreshed` hears of a recovery under that name.
fn change(fence: &Fence, new: &Refreshed, before: Option<&str>) -> Option<(&'static str, serde_json::Value)> {
    match &new.degraded {
        None => {
            let kind = match before {
                Some("degraded" | "failed") => "connection.recovered",
                _ => "oauth.refreshed",
            };
            Some((kind, json!({ "generation": fence.generation + 1 })))
        }
        Some(degraded) => {
            before.filter(|before| *before != "degraded")?;
            let payload = json!({
                "reason": degraded.reason, "message": degraded.message, "providerCode": null, "providerMessage": null,
            });
            Some(("connection.degraded", payload))
        }
    }
}

/// What the answers taught about their connections, and whether these are well. Answers with the states before, of those
/// that changed.
async fn note_states(
    transaction: &mut PgConnection,
    committed: &BTreeMap<&ConnectionId, &(&Fence, &Refreshed)>,
) -> Result<HashMap<ConnectionId, String>, StoreError> {
    let ids: Vec<Uuid> = committed.keys().map(|id| id.0).collect();
    let variables: Vec<_> = committed.values().map(|(_, new)| json!(new.variables)).collect();
    // Lists of different lengths fit into no array of the database.
    let scopes: Vec<_> = committed
        .values()
        .map(|(_, new)| new.scopes.as_ref().map(|scopes| json!(scopes)))
        .collect();
    let degraded = || committed.values().map(|(_, new)| new.degraded.as_ref());
    let reasons: Vec<Option<String>> = degraded().map(|degraded| Some(degraded?.reason.clone())).collect();
    let messages: Vec<Option<String>> = degraded().map(|degraded| Some(degraded?.message.clone())).collect();
    let changed = sqlx::query!(
        r#"update connections c set state = old.next, state_reason = old.reason, state_message = old.message,
                variables = c.variables || old.learnt, scopes = coalesce(old.granted, c.scopes), updated_at = latchkey_now()
         from (select o.id, o.state, a.learnt, a.reason, a.message,
                      case when a.reason is null then 'operational' else 'degraded' end as next,
                      case when a.granted is not null then array(select jsonb_array_elements_text(a.granted)) end as granted
               from unnest($1::uuid[], $2::jsonb[], $3::jsonb[], $4::text[], $5::text[])
                    as a (id, learnt, granted, reason, message)
               join connections o on o.id = a.id) old
         where c.id = old.id and (c.state <> old.next or c.state_reason is distinct from old.reason
               or c.state_message is distinct from old.message or not c.variables @> old.learnt
               or old.granted is not null and c.scopes is distinct from old.granted)
         returning c.id, old.state as "before!""#,
        &ids,
        &variables,
        &scopes as &[Option<serde_json::Value>],
        &reasons as &[Option<String>],
        &messages as &[Option<String>],
    )
    .fetch_all(transaction)
    .await?;
    Ok(changed
        .into_iter()
        .map(|row| (ConnectionId(row.id), row.before))
        .collect())
}

pub(crate) fn event<'a>(fence: &Fence, kind: &'static str, payload: &'a serde_json::Value) -> NewEvent<'a> {
    NewEvent {
        project: fence.project,
        environment: fence.environment,
        kind,
        connection: Some(fence.connection),
        payload,
    }
}
