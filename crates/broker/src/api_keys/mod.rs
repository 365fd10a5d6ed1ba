//! Secret keys that are made, replaced and ended by people and by other keys. A key is shown once, to whoever made it, and
//! nobody gives away more than they have.

mod keeper;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use store::{ApiKeyId, ApiKeyRow, AuditEntry, Environment, NewApiKey, Page, ProjectId};
use vault::{ApiKey, SecretString};

pub use self::keeper::KeyKeeper;
use crate::texts::plain;
use crate::{Actor, Broker, Caller, KeyView, Kind, Problem, Scope};

/// How long a key may work beside the one that was made in its place, at most.
pub const OVERLAP_AT_MOST: Duration = Duration::from_hours(7 * 24);

/// A key that somebody wants.
#[derive(Clone, Debug)]
pub struct KeyRequest {
    /// Its id, chosen by whoever asks: the same request twice makes one key.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends; never without.
    pub ends: Option<DateTime<Utc>>,
    /// Networks and addresses that it is good from; empty is everywhere.
    pub ip_allow: Vec<String>,
}

/// A key with its text, which is shown this one time.
#[derive(Debug)]
pub struct MadeKey {
    /// The key.
    pub key: ApiKeyRow,
    /// Its text.
    pub secret: SecretString,
}

/// A page of keys, the newest first, with those that have ended.
pub type KeyPage = Page<KeyView, ApiKeyId>;

impl Broker {
    /// A key as a keeper of its project's keys: it gives away at most what it may do, where and as long as it may.
    ///
    /// # Errors
    /// It does not have the scope `admin`; the database is away.
    pub async fn key_keeper(&self, caller: &Caller) -> Result<KeyKeeper, Problem> {
        caller.require(Scope::Admin)?;
        let own = match caller.actor {
            Actor::Key(id) => self.key_row(caller.project, caller.environment, id).await?,
            Actor::CommandLine | Actor::Operator(_) => None,
        };
        let unreadable = |_| Problem::internal("The list of addresses of this key cannot be read.");
        let networks = own.iter().flat_map(|own| &own.ip_allow);
        let networks = networks.map(|entry| entry.parse()).collect::<Result<_, _>>();
        let all = Scope::ALL.into_iter();
        Ok(KeyKeeper {
            project: caller.project,
            environment: caller.environment,
            actor: caller.actor(),
            gives: all.filter(|scope| caller.require(*scope).is_ok()).collect(),
            remedy: "A key makes none that may do more than itself: use a key that has the scope, or the console.",
            networks: networks.map_err(unreadable)?,
            ends: own.and_then(|own| own.expires_at),
        })
    }

    async fn key_row(
        &self,
        project: ProjectId,
        environment: Environment,
        id: ApiKeyId,
    ) -> Result<Option<ApiKeyRow>, Problem> {
        Ok(self.store().api_key_by_id(project, environment, id).await?)
    }

    /// A key of the keeper's project and environment, also one that has ended.
    pub async fn kept_key(&self, keeper: &KeyKeeper, id: &str) -> Result<KeyView, Problem> {
        let missing = || Problem::not_found("This key");
        let id: ApiKeyId = id.parse().map_err(|_| missing())?;
        let key = self.key_row(keeper.project, keeper.environment, id).await?;
        let now = self.store().now().await?;
        key.map(|key| KeyView::new(key, now)).ok_or_else(missing)
    }

    /// A page of keys.
    pub async fn kept_keys(
        &self,
        keeper: &KeyKeeper,
        before: Option<ApiKeyId>,
        limit: i64,
    ) -> Result<KeyPage, Problem> {
        let limit = limit.clamp(1, 100);
        let rows = self
            .store()
            .api_key_page(keeper.project, keeper.environment, before, limit + 1)
            .await?;
        let now = self.store().now().await?;
        Ok(Page::cut(rows, limit, |row| row.id).map(|key| KeyView::new(key, now)))
    }

    /// Makes a key.
    ///
    /// # Errors
    /// `bad_name`, `bad_scopes`, `bad_end`, `bad_addresses`; `scope_beyond_yours` where it may do more than who makes it;
    /// `key_made_already` for a request that came before; the database is away.
    pub async fn make_key(&self, keeper: &KeyKeeper, request: KeyRequest) -> Result<MadeKey, Problem> {
        let now = self.store().now().await?;
        let wrong_name = |problem: Problem| Problem::unprocessable("bad_name", problem.message().to_owned());
        let name = plain("name", Some(request.name), 120).map_err(wrong_name)?;
        let name = name.map(|name| name.trim().to_owned()).ok_or_else(|| {
            Problem::unprocessable(
                "bad_name",
                "The key has no name. Write one by which it is known, as `backend`.",
            )
        })?;
        let scopes: BTreeSet<Scope> = request.scopes.into_iter().collect();
        if scopes.is_empty() {
            return Err(Problem::unprocessable(
                "bad_scopes",
                "The key would be able to do nothing. Choose at least one scope.",
            ));
        }
        keeper.check_scopes(&scopes)?;
        let new = NewApiKey {
            id: request.id,
            project: keeper.project,
            name,
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            ip_allow: keeper.addresses(&request.ip_allow)?,
            expires_at: keeper.end(request.ends, now)?,
        };
        if self
            .key_row(keeper.project, keeper.environment, new.id)
            .await?
            .is_some()
        {
            return Err(made_already());
        }
        self.note_key(keeper, "key.created", new.id, &facts(&new)).await?;
        let key = ApiKey::generate(keeper.environment);
        if !self.store().create_api_key(&key, &new).await? {
            return Err(made_already());
        }
        self.made(keeper, new.id, key).await
    }

    /// Makes a key with the same rights in the place of another, which works for `overlap` more. Where the old one had an
    /// end, the new one lives as long as it was made for.
    ///
    /// # Errors
    /// `key_ended` and `key_replaced` where there is nothing to replace; `scope_beyond_yours`; the database is away.
    pub async fn roll_key(
        &self,
        keeper: &KeyKeeper,
        id: &str,
        new: ApiKeyId,
        overlap: Duration,
    ) -> Result<MadeKey, Problem> {
        let KeyView { key: old, has_ended } = self.kept_key(keeper, id).await?;
        if overlap > OVERLAP_AT_MOST {
            return Err(Problem::unprocessable(
                "overlap_too_long",
                "The old key may work beside the new one for a week at most.",
            ));
        }
        if old.replaced_by == Some(new) {
            return Err(made_already());
        }
        if old.replaced_by.is_some() {
            return Err(Problem::new(
                Kind::Conflict,
                "key_replaced",
                "This key was replaced already and ends soon. Roll the one that took its place.",
            ));
        }
        if has_ended || old.revoked_at.is_some() {
            return Err(Problem::new(
                Kind::Conflict,
                "key_ended",
                "This key does not work any more, so nothing can take its place. Make a new one.",
            ));
        }
        let scopes = old.scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>();
        let scopes = scopes.map_err(|_: String| {
            Problem::new(
                Kind::Conflict,
                "key_of_later_version",
                "This key has a scope that this version does not know. Roll it once all replicas are of the new version.",
            )
        })?;
        keeper.check_scopes(&scopes)?;
        let now = self.store().now().await?;
        let ends = old.expires_at.map(|end| now + (end - old.created_at));
        let ends = match (ends, keeper.ends) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let new = NewApiKey {
            id: new,
            project: keeper.project,
            name: old.name.clone(),
            scopes: old.scopes.clone(),
            ip_allow: keeper.addresses(&old.ip_allow)?,
            expires_at: ends,
        };
        let mut detail = facts(&new);
        detail["replaces"] = json!(old.id);
        detail["overlap_seconds"] = json!(overlap.as_secs());
        self.note_key(keeper, "key.rolled", new.id, &detail).await?;
        let key = ApiKey::generate(keeper.environment);
        if !self.store().roll_api_key(old.id, &key, &new, overlap).await? {
            return Err(Problem::new(
                Kind::Conflict,
                "key_changed",
                "Somebody replaced or revoked this key at the same moment. Look at the list of keys.",
            ));
        }
        self.made(keeper, new.id, key).await
    }

    /// Ends a key at once, on every replica. Returns it as it was.
    pub async fn revoke_key(&self, keeper: &KeyKeeper, id: &str) -> Result<ApiKeyRow, Problem> {
        let key = self.kept_key(keeper, id).await?.key;
        if key.revoked_at.is_some() {
            return Err(Problem::not_found("This key"));
        }
        let detail = json!({ "name": key.name, "hint": key.hint });
        self.note_key(keeper, "key.revoked", key.id, &detail).await?;
        self.store().revoke_api_key(keeper.project, key.id).await?;
        Ok(key)
    }

    async fn made(&self, keeper: &KeyKeeper, id: ApiKeyId, key: ApiKey) -> Result<MadeKey, Problem> {
        let row = self.key_row(keeper.project, keeper.environment, id).await?;
        Ok(MadeKey {
            key: row.ok_or_else(|| Problem::not_found("This key"))?,
            secret: key.expose(),
        })
    }

    async fn note_key(
        &self,
        keeper: &KeyKeeper,
        action: &'static str,
        id: ApiKeyId,
        detail: &Value,
    ) -> Result<(), Problem> {
        let entry = AuditEntry {
            project: Some(keeper.project),
            environment: Some(keeper.environment),
            action,
            actor: keeper.actor.clone(),
            subject: Some(format!("key:{id}")),
            detail,
        };
        Ok(self.store().audit(entry).await?)
    }
}

/// What the audit log says of a new key.
fn facts(new: &NewApiKey) -> Value {
    json!({ "name": new.name, "scopes": new.scopes, "ip_allow": new.ip_allow, "ends": new.expires_at })
}

fn made_already() -> Problem {
    Problem::new(
        Kind::Conflict,
        "key_made_already",
        "This form has made its key already, and a key is shown once. Where it was not kept, revoke it and make another.",
    )
}
