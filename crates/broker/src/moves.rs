//! Connections that move to another instance: packed with their credentials here, unpacked there under the same keys.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    ChainedEntry, Connection, ConnectionChange, ConnectionState, Grant, Imported, NewConnection, NewCredential, Origin,
    Owner, TakenOut,
};
use vault::{Credential, Environment};
use zeroize::Zeroizing;

use crate::exports::unwritable;
use crate::refresh::refresh_in;
use crate::{Broker, Caller, Kind, Problem, Scope};

/// The version of the format.
const VERSION: u32 = 1;

/// Connections of one project and environment, in clear: it is encrypted before it is written anywhere. It has no `Debug`.
#[derive(Serialize, Deserialize)]
pub struct Parcel {
    format: String,
    version: u32,
    /// The project's name.
    pub project: String,
    /// The environment.
    pub environment: Environment,
    /// What moves.
    connections: Vec<Item>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    key: String,
    integration: String,
    auth_method: String,
    client_id: Option<String>,
    name: Option<String>,
    identity: Option<String>,
    identity_type: Option<String>,
    group: Option<String>,
    label: Option<String>,
    tags: Vec<String>,
    active: bool,
    proved: bool,
    account_id: Option<String>,
    account_name: Option<String>,
    variables: BTreeMap<String, String>,
    scopes: Option<Vec<String>>,
    expires_at: Option<DateTime<Utc>>,
    credential: Zeroizing<String>,
}

/// What became of one connection.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// Its key.
    pub key: String,
    /// The integration.
    pub integration: String,
    /// `packed`, `unpacked`, `would_unpack`, or why not.
    pub result: &'static str,
}

impl Parcel {
    /// How many connections move.
    pub fn count(&self) -> usize {
        self.connections.len()
    }

    /// The bytes to encrypt; wiped when dropped.
    pub fn to_plaintext(&self) -> Zeroizing<Vec<u8>> {
        // Plain texts and maps with text keys cannot fail.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads what [`Parcel::to_plaintext`] wrote.
    pub fn from_plaintext(bytes: &[u8]) -> Result<Self, Problem> {
        let wrong = || {
            Problem::new(
                Kind::BadRequest,
                "not_a_parcel",
                "The file opens, but holds no connections that this version can read. Export it with the same version.",
            )
        };
        let parcel: Self = serde_json::from_slice(bytes).map_err(|_| wrong())?;
        if parcel.format != "latchkey-connections" || parcel.version != VERSION {
            return Err(wrong());
        }
        Ok(parcel)
    }
}

impl Broker {
    /// Packs connections with their credentials, refresh tokens too, for an operator who may read both. With `release`
    /// they are never refreshed here again: two instances must not spend one refresh token. Each is in the audit log
    /// before it is in the parcel.
    pub async fn pack(
        &self,
        caller: &Caller,
        integrations: &[String],
        release: bool,
    ) -> Result<(Parcel, Vec<Moved>), Problem> {
        caller.require(Scope::Admin)?;
        caller.require(Scope::CredentialsRead)?;
        let project = self.project(caller.project).await?;
        let mut parcel = Parcel {
            format: "latchkey-connections".to_owned(),
            version: VERSION,
            project: project.name,
            environment: caller.environment,
            connections: Vec::new(),
        };
        let mut report = Vec::new();
        match self.fill(caller, integrations, release, &mut parcel, &mut report).await {
            Ok(()) => Ok((parcel, report)),
            Err(problem) => {
                // There is no parcel: nothing of it left.
                for moved in report.iter().filter(|moved| moved.result == "packed") {
                    let detail = json!({ "result": problem.key() });
                    self.audit_outcome(move_entry(caller, "connection.export", &moved.key, detail))
                        .await;
                }
                Err(problem)
            }
        }
    }

    async fn fill(
        &self,
        caller: &Caller,
        integrations: &[String],
        release: bool,
        parcel: &mut Parcel,
        report: &mut Vec<Moved>,
    ) -> Result<(), Problem> {
        for id in self.store().movable(caller.project, caller.environment).await? {
            let found = self.store().connection(caller.project, caller.environment, id).await?;
            let wanted = |one: &Connection| integrations.is_empty() || integrations.contains(&one.integration);
            let Some(connection) = found.filter(wanted) else {
                continue;
            };
            self.audit_move(
                caller,
                "connection.export",
                &connection.key,
                json!({ "released": release }),
            )
            .await?;
            let packed = self.pack_one(&connection, release, parcel).await;
            let result = packed.as_ref().map_or_else(Problem::key, |result| *result);
            if result != "packed" {
                let detail = json!({ "result": result });
                self.audit_outcome(move_entry(caller, "connection.export", &connection.key, detail))
                    .await;
            }
            packed?;
            report.push(Moved {
                key: connection.key,
                integration: connection.integration,
                result,
            });
        }
        Ok(())
    }

    async fn pack_one(
        &self,
        connection: &Connection,
        release: bool,
        parcel: &mut Parcel,
    ) -> Result<&'static str, Problem> {
        Ok(match self.store().take_out(connection, release).await? {
            TakenOut::Whole(credential) => {
                parcel.connections.push(self.item(connection, &credential).await?);
                "packed"
            }
            TakenOut::Busy => "refresh_in_flight",
            TakenOut::Gone => "deleted",
        })
    }

    async fn item(&self, connection: &Connection, credential: &Credential) -> Result<Item, Problem> {
        let app = self.store().app(connection.app).await?;
        let plaintext = credential.to_plaintext();
        let owner = connection.owner.clone();
        Ok(Item {
            key: connection.key.clone(),
            integration: connection.integration.clone(),
            auth_method: connection.auth_method.clone(),
            client_id: app.and_then(|app| app.client_id),
            name: connection.name.clone(),
            identity: owner.identity,
            identity_type: owner.identity_type.map(|kind| kind.as_str().to_owned()),
            group: owner.group,
            label: owner.label,
            tags: connection.tags.clone(),
            active: connection.active,
            proved: matches!(
                connection.state,
                ConnectionState::Operational | ConnectionState::Degraded
            ),
            account_id: connection.account_id.clone(),
            account_name: connection.account_name.clone(),
            variables: connection.variables.clone(),
            scopes: connection.scopes.clone(),
            expires_at: connection.expires_at,
            credential: Zeroizing::new(String::from_utf8_lossy(&plaintext).into_owned()),
        })
    }

    /// Unpacks connections into the caller's project and environment, under the same keys. One that is there already, or
    /// whose integration or OAuth client is not, is left out and told. With `dry_run` nothing is written.
    pub async fn unpack(&self, caller: &Caller, parcel: &Parcel, dry_run: bool) -> Result<Vec<Moved>, Problem> {
        caller.require(Scope::ConnectionsImport)?;
        if parcel.environment != caller.environment {
            return Err(Problem::new(
                Kind::Conflict,
                "other_environment",
                format!(
                    "The parcel is of `{}`, and nothing crosses environments.",
                    parcel.environment
                ),
            ));
        }
        let platforms = self.platforms(caller.project, caller.environment).await?;
        let now = self.store().now().await?;
        let mut report = Vec::with_capacity(parcel.connections.len());
        for item in &parcel.connections {
            let platform = platforms
                .iter()
                .find(|one| one.integration.id.as_str() == item.integration);
            let result = match platform {
                None => "integration_not_offered",
                Some(platform) if platform.method(Some(&item.auth_method)).is_err() => "auth_not_offered",
                Some(platform) if is_oauth(platform, item) && platform.app.client_id != item.client_id => {
                    "other_oauth_client"
                }
                Some(platform) if !may_be_kept(platform, item) => "value_refused",
                Some(_) if self.store().is_key_taken(&item.key).await? => "there_already",
                Some(_) if dry_run => "would_unpack",
                Some(platform) => {
                    let new = self.unpacked(caller, platform, item, now)?;
                    self.unpack_one(caller, item, &new).await?
                }
            };
            report.push(Moved {
                key: item.key.clone(),
                integration: item.integration.clone(),
                result,
            });
        }
        Ok(report)
    }

    async fn unpack_one(&self, caller: &Caller, item: &Item, new: &NewConnection) -> Result<&'static str, Problem> {
        self.audit_move(
            caller,
            "connection.import",
            &item.key,
            json!({ "result": "accepted", "moved": true }),
        )
        .await?;
        let made = self
            .store()
            .import_connection(new, &item.tags, Origin::Move, None)
            .await
            .map_err(Problem::from);
        if let Err(problem) = &made {
            let detail = json!({ "result": problem.key(), "moved": true });
            self.audit_outcome(move_entry(caller, "connection.import", &item.key, detail))
                .await;
        }
        let made = made?;
        if let (Imported::New(id), false) = (made, item.active) {
            let connection = self.find(caller, &id.to_string()).await?;
            let off = ConnectionChange {
                active: Some(false),
                ..ConnectionChange::default()
            };
            self.store().change_connection(&connection, &off).await?;
        }
        Ok("unpacked")
    }

    fn unpacked(
        &self,
        caller: &Caller,
        platform: &crate::Platform,
        item: &Item,
        now: DateTime<Utc>,
    ) -> Result<NewConnection, Problem> {
        let unreadable = || Problem::internal("A credential in the parcel cannot be read. Export it again.");
        let credential = Credential::from_plaintext(item.credential.as_bytes()).map_err(|_| unreadable())?;
        let identity_type = item.identity_type.as_deref().map(str::parse).transpose();
        let expires_in = item
            .expires_at
            .map(|end| (end - now).num_seconds().max(0).unsigned_abs());
        let can_refresh = credential.is_renewable();
        Ok(NewConnection {
            project: caller.project,
            environment: caller.environment,
            app: platform.app.id,
            integration: item.integration.clone(),
            auth_method: item.auth_method.clone(),
            key: item.key.clone(),
            name: item.name.clone(),
            owner: Owner {
                identity: item.identity.clone(),
                identity_type: identity_type.map_err(|_| unreadable())?,
                group: item.group.clone(),
                label: item.label.clone(),
            },
            grant: Grant {
                proved: item.proved,
                account_id: item.account_id.clone(),
                account_name: item.account_name.clone(),
                variables: item.variables.clone(),
                scopes: item.scopes.clone(),
                credential: NewCredential {
                    credential,
                    expires_in,
                    // The definition's own limit for idle tokens counts from the next refresh.
                    refresh_in: refresh_in(expires_in, None, can_refresh, self.settings().refresh_margin),
                },
            },
        })
    }

    async fn audit_move(
        &self,
        caller: &Caller,
        action: &'static str,
        key: &str,
        detail: serde_json::Value,
    ) -> Result<(), Problem> {
        let entry = move_entry(caller, action, key, detail);
        self.store().audit_first(entry).await.map_err(unwritable)
    }
}

fn move_entry(caller: &Caller, action: &'static str, key: &str, detail: serde_json::Value) -> ChainedEntry {
    ChainedEntry {
        project: caller.project,
        environment: caller.environment,
        action,
        actor: caller.actor(),
        subject: key.to_owned(),
        detail,
    }
}

/// Whether a credential is of an OAuth client: a key that somebody typed in is of none.
fn is_oauth(platform: &crate::Platform, item: &Item) -> bool {
    platform
        .method(Some(&item.auth_method))
        .is_ok_and(|method| method.kind.is_at_the_service())
}

/// Whether key and variables are such as this server could have made: whoever knows the public key can make a parcel.
fn may_be_kept(platform: &crate::Platform, item: &Item) -> bool {
    let integration = &platform.integration;
    let method = platform.method(Some(&item.auth_method)).ok();
    let kept = |name: &str| method.and_then(|method| method.kept().find(|learned| learned.name == name));
    let variables_fit = item.variables.iter().all(|(name, value)| match kept(name) {
        Some(learned) => learned.kind.accepts(value),
        None => method
            .and_then(|method| method.variable(name))
            .or_else(|| integration.variables.get(name))
            .is_some_and(|variable| variable.check(value).is_ok()),
    });
    let key_fits = item.key.split("::").count() == 4
        && item.key.split("::").nth(1) == Some(item.integration.as_str())
        && item.key.len() <= 400
        && item.key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    variables_fit && key_fits
}
