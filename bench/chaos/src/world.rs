//! What is in the database: a project with an app, connections, a webhook endpoint. Written through `store`, as the
//! product would.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::Row as _;
use store::{
    ApiKeyId, App, AppSettings, ConnectionId, Destinations, Grant, InstanceMode, NewApiKey, NewConnection,
    NewCredential, NewEndpoint, NewSession, Owner, PoolOptions, ProjectId, Store,
};
use tokio::sync::Mutex;
use uuid::Uuid;
use vault::{ApiKey, Credential, Environment, KeyRing, MasterKey, OAuth2Tokens, Token, WebhookSecret};

use crate::history::{FamilyId, Recorder, Stored};
use crate::postgres::Postgres;
use crate::provider::{CLIENT_ID, CLIENT_SECRET, Pair, Provider};

/// The id of an integration.
pub(crate) fn integration_id(number: u32) -> String {
    format!("chaos-{number}")
}

/// The way to sign in that the definition has.
pub(crate) const AUTH_METHOD: &str = "oauth2";

const TEST: Environment = Environment::Test;

/// A connection under test.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) id: ConnectionId,
    /// As callers name it.
    pub(crate) key: String,
    /// Seconds that its access tokens live.
    lifetime: u64,
}

/// The project and its connections.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) store: Store,
    project: ProjectId,
    /// By integration.
    apps: Vec<App>,
    /// The project's secret key.
    pub(crate) key: SecretString,
    pub(crate) connections: Vec<Connected>,
    provider: Provider,
    recorder: Recorder,
    /// One person signs in at a time.
    signing_in: Mutex<()>,
}

impl World {
    /// Migrates the database and fills it with an empty project.
    pub(crate) async fn create(
        postgres: &Postgres,
        master: &MasterKey,
        provider: Provider,
        integrations: u32,
        recorder: Recorder,
        public_url: &str,
    ) -> anyhow::Result<Self> {
        let limits = PoolOptions {
            connections: 8,
            ..PoolOptions::default()
        };
        let store = Store::from_options(postgres.options(), limits, Arc::new(KeyRing::new(master)));
        store.migrate().await?;
        store.adopt_instance(Some(InstanceMode::Production), master).await?;
        let project = store.create_project("Chaos").await?.id;
        let mut apps = Vec::new();
        for integration in 0..integrations {
            let settings = AppSettings {
                client_id: Some(CLIENT_ID.to_owned()),
                client_secret: Some(SecretString::from(CLIENT_SECRET)),
                ..AppSettings::default()
            };
            let id = integration_id(integration);
            apps.push(store.set_app(project, TEST, &id, public_url, settings).await?);
        }
        let key = ApiKey::generate(TEST);
        let scopes = ["passthrough", "connections:read", "connections:write"];
        let new = NewApiKey {
            id: ApiKeyId::generate(),
            project,
            name: "chaos".to_owned(),
            scopes: scopes.map(str::to_owned).to_vec(),
            ip_allow: Vec::new(),
            expires_at: None,
        };
        store.create_api_key(&key, &new).await?;
        Ok(Self {
            key: key.expose(),
            store,
            project,
            apps,
            connections: Vec::new(),
            provider,
            recorder,
            signing_in: Mutex::default(),
        })
    }

    /// Agrees to the addresses that the definition of each replica names for the secrets of an app.
    pub(crate) async fn agree(&self, integration: u32, all: Vec<BTreeSet<String>>) -> anyhow::Result<()> {
        let all = all.into_iter().flatten().collect();
        let agreed = Destinations::from([(AUTH_METHOD.to_owned(), all)]);
        let app = self.apps[integration as usize].id;
        let taken = self.store.take_destinations(app, |_| Some(agreed)).await?;
        anyhow::ensure!(taken.is_some(), "the app of {} is gone", integration_id(integration));
        Ok(())
    }

    /// An endpoint that subscribes to everything.
    pub(crate) async fn subscribe(&self, address: SocketAddr) -> anyhow::Result<()> {
        let new = NewEndpoint {
            project: self.project,
            environment: TEST,
            key: None,
            url: format!("http://{address}/hook"),
            types: Vec::new(),
            description: None,
            metadata: serde_json::json!({}),
            active: true,
            secret: WebhookSecret::generate(),
        };
        let made = self.store.create_endpoint(&new, None, "chaos").await?;
        anyhow::ensure!(
            matches!(made, store::Subscribed::New(_)),
            "the webhook endpoint: {made:?}"
        );
        Ok(())
    }

    /// Connects one more, whose access tokens live for so many seconds, the first one for `first`.
    pub(crate) async fn connect(&mut self, lifetime: u64, first: u64) -> anyhow::Result<FamilyId> {
        let number = u32::try_from(self.connections.len())?;
        let (family, mut pair) = self.provider.sign_in(number, first);
        self.provider.set_lifetime(family, lifetime);
        pair.expires_in = first;
        let unique = Uuid::new_v4().simple();
        let integration = &self.app(number).integration;
        let key = format!("test::{integration}::default::{unique}|u-{number}");
        let session = self.session(None).await?;
        let new = self.new_connection(number, &key, pair);
        let id = self
            .store
            .connect_directly(&session, &new)
            .await?
            .context("a new session")?;
        self.recorder.lock().families[family as usize].from = self.recorder.now();
        self.connections.push(Connected { id, key, lifetime });
        Ok(family)
    }

    /// The person of a connection signs in again; tried until it is known to be committed.
    pub(crate) async fn reconnect(&self, number: u32) -> anyhow::Result<()> {
        let _one = self.signing_in.lock().await;
        let connected = &self.connections[number as usize];
        let (family, pair) = self.provider.sign_in(number, connected.lifetime);
        let new = self.new_connection(number, &connected.key, pair);
        for _ in 0..300 {
            let committed = match self.session(Some(connected.id)).await {
                Ok(session) => self
                    .store
                    .connect_directly(&session, &new)
                    .await
                    .is_ok_and(|id| id.is_some()),
                Err(_) => false,
            };
            // An answer that was lost may have been a commit.
            if committed || self.holds(number, family).await == Some(true) {
                let now = self.recorder.now();
                let mut history = self.recorder.lock();
                for older in &mut history.families[..family as usize] {
                    if older.connection == number {
                        older.replaced_at.get_or_insert(now);
                    }
                }
                history.families[family as usize].from = now;
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::bail!("connection {number} could not be connected again for a minute")
    }

    /// From now on all tokens live for so many seconds.
    pub(crate) fn quieten(&self, lifetime: u64) {
        let families = self.recorder.lock().families.len();
        for family in 0..u32::try_from(families).unwrap_or(u32::MAX) {
            self.provider.set_lifetime(family, lifetime);
        }
    }

    async fn session(&self, connection: Option<ConnectionId>) -> anyhow::Result<store::Session> {
        let token = Token::generate().digest();
        let new = NewSession {
            project: self.project,
            environment: TEST,
            owner: Owner::default(),
            integrations: None,
            connection,
            hosted: false,
            manages: false,
            verify: None,
            parent: None,
        };
        self.store.open_session(&token, &new).await?;
        self.store
            .session(&token)
            .await?
            .context("the session that was just opened")
    }

    fn app(&self, number: u32) -> &App {
        &self.apps[number as usize % self.apps.len()]
    }

    fn new_connection(&self, number: u32, key: &str, pair: Pair) -> NewConnection {
        let app = self.app(number);
        let credential = NewCredential {
            credential: Credential::OAuth2(OAuth2Tokens {
                access_token: SecretString::from(pair.access),
                refresh_token: Some(SecretString::from(pair.refresh)),
                token_type: "Bearer".to_owned(),
                client: None,
                dpop_key: None,
            }),
            expires_in: Some(pair.expires_in),
            refresh_in: Some((pair.expires_in * 4 / 5).max(1)),
        };
        NewConnection {
            project: self.project,
            environment: TEST,
            app: app.id,
            integration: app.integration.clone(),
            auth_method: AUTH_METHOD.to_owned(),
            key: key.to_owned(),
            name: None,
            owner: Owner::default(),
            grant: Grant {
                proved: true,
                account_id: Some("chaos".to_owned()),
                account_name: None,
                variables: BTreeMap::new(),
                scopes: None,
                credential,
            },
        }
    }

    async fn holds(&self, number: u32, family: FamilyId) -> Option<bool> {
        Some(self.stored(number).await.ok()?.0 == family)
    }

    /// Family and number of the stored refresh token.
    async fn stored(&self, number: u32) -> anyhow::Result<(FamilyId, u32)> {
        let key = &self.connections[number as usize].key;
        let callable = self
            .store
            .callable(self.project, TEST, key)
            .await?
            .context("the connection is gone")?;
        let tokens = callable.credential.tokens().context("no tokens")?;
        let refresh = tokens.refresh_token.as_ref().context("no refresh token")?;
        let read = self.provider.read_refresh(refresh.expose_secret());
        read.context("a refresh token that the provider never gave")
    }

    /// Notes what the database holds for each connection.
    pub(crate) async fn observe(&self) -> anyhow::Result<()> {
        for number in 0..u32::try_from(self.connections.len())? {
            let at = self.recorder.now();
            let (family, serial) = self
                .stored(number)
                .await
                .with_context(|| format!("connection {number}"))?;
            let row = sqlx::query("select state, state_reason from connections where id = $1")
                .bind(self.connections[number as usize].id.0)
                .fetch_one(self.store.pool())
                .await?;
            let stored = Stored {
                connection: number,
                at,
                family,
                serial,
                state: row.try_get("state")?,
                reason: row.try_get("state_reason")?,
            };
            self.recorder.lock().stored.push(stored);
        }
        Ok(())
    }

    /// The number of a connection.
    pub(crate) fn number(&self, id: Uuid) -> Option<u32> {
        let place = self.connections.iter().position(|connected| connected.id.0 == id)?;
        u32::try_from(place).ok()
    }

    /// Connections that need their person.
    pub(crate) async fn failed(&self) -> anyhow::Result<Vec<u32>> {
        let ids: Vec<Uuid> = sqlx::query_scalar("select id from connections where state = 'failed'")
            .fetch_all(self.store.pool())
            .await?;
        Ok(ids.into_iter().filter_map(|id| self.number(id)).collect())
    }
}
