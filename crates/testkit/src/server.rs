//! A whole server on a port of its own, with a project, keys and the sandbox.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use broker::{Broker, DEFAULT_SCOPES, Journal, MailSettings, Network, Scope, Settings};
use chrono::TimeDelta;
use protocol::Protocol;
use protocol::mail::Mailer;
use sandbox::Sandbox;
use secrecy::{ExposeSecret as _, SecretString};
use server::{Bound, Options, Rates, Running};
use sqlx::postgres::PgConnectOptions;
use store::{AppSettings, InstanceMode, Project, ProjectId, Replica, Store};
use uuid::Uuid;
use vault::{Environment, JournalKey, KeyRing, MasterKey, Purpose};

use crate::outside::Outside;
use crate::{Call, Database, OddProvider, Pair};

/// The origin on the project's list.
pub const SHOP: &str = "https://shop.example.test";

/// A server that answers. It ends with the test's runtime.
pub struct TestServer {
    /// Its address, without a path.
    pub url: String,
    /// Its database.
    pub database: Database,
    /// Its store.
    pub store: Store,
    /// Its broker. The scheduler does not run: call `refresh_tick` and `revoke_tick`.
    pub broker: Broker,
    /// The project.
    pub project: Project,
    /// A secret key of `test`.
    pub test_key: String,
    /// A secret key of `live`.
    pub live_key: String,
    /// The sandbox's client secret.
    pub client_secret: String,
    /// Follows no redirect.
    pub client: reqwest::Client,
    /// Of the database.
    pub master: MasterKey,
    /// The data keys that the server holds.
    pub ring: Arc<KeyRing>,
    ahead: Arc<AtomicI64>,
    outside: Outside,
    mailer: Option<Mailer>,
    _running: Running,
}

impl std::fmt::Debug for TestServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TestServer")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Another replica with a server of its own, on the same database. It ends with the test's runtime.
pub struct Beside {
    /// Its address, without a path. Browsers and services know the first server's only.
    pub url: String,
    /// Its broker.
    pub broker: Broker,
    _running: Running,
}

impl std::fmt::Debug for Beside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Beside")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// How a server is started.
#[derive(Debug)]
pub struct TestServerBuilder {
    link: bool,
    on: Option<PgConnectOptions>,
    odd: Option<String>,
    outside: Outside,
    journal: Option<PathBuf>,
    mailer: Option<Mailer>,
    sites: bool,
    /// Further integrations of the odd provider.
    more: Vec<&'static str>,
    /// Whose `X-Forwarded-For` is believed.
    proxies: Vec<Network>,
    pool_wait: Option<Duration>,
}

impl TestServerBuilder {
    /// With the integrations whose connections are for one site: `sandbox-sites`, and `odd-sites` of an odd provider.
    #[must_use]
    pub fn with_sites(mut self) -> Self {
        self.sites = true;
        self
    }

    /// Every public name leads to this address, whose certificates are of this authority (PEM), and the built-in sandbox
    /// is at this address of it.
    #[must_use]
    pub fn played_by(mut self, address: SocketAddr, authority: &str, sandbox_url: &str) -> Self {
        self.outside.player = Some(address);
        self.outside.policy.extra_roots.push(authority.as_bytes().to_vec());
        self.outside.sandbox_url = Some(sandbox_url.to_owned());
        self
    }

    /// With these definitions too, each with the name of its file. They win over ours.
    #[must_use]
    pub fn with_definitions(mut self, definitions: impl IntoIterator<Item = (String, String)>) -> Self {
        self.outside.definitions.extend(definitions);
        self
    }

    /// With single sign-on of operators by this provider, as the client `latchkey-console` with this secret.
    #[must_use]
    pub fn signing_on(mut self, provider: &OddProvider, secret: &str) -> Self {
        self.outside.policy.allow.push(provider.url().parse().unwrap());
        self.outside.sign_on = Some((provider.url(), secret.to_owned()));
        self
    }

    /// Behind a proxy in this network.
    #[must_use]
    pub fn behind_proxy(mut self, network: &str) -> Self {
        self.proxies.push(network.parse().unwrap());
        self
    }

    /// With the integration `odd-signed` of an odd provider.
    #[must_use]
    pub fn with_signed_callbacks(mut self) -> Self {
        self.more.push("odd-signed");
        self
    }

    /// With the integration `odd-device` of an odd provider.
    #[must_use]
    pub fn with_codes(mut self) -> Self {
        self.more.push("odd-device");
        self
    }

    /// With the integration `odd-oauth1` of an odd provider.
    #[must_use]
    pub fn with_oauth1(mut self) -> Self {
        self.more.push("odd-oauth1");
        self
    }

    /// With the integration `odd-calls` of an odd provider.
    #[must_use]
    pub fn with_calls(mut self) -> Self {
        self.more.push("odd-calls");
        self
    }

    /// Writes to people this way.
    #[must_use]
    pub fn mailing(mut self, mailer: Mailer) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// Behind a link to the database that can be cut.
    #[must_use]
    pub fn behind_link(mut self) -> Self {
        self.link = true;
        self
    }

    /// On the first server of this pair, behind a link.
    #[must_use]
    pub fn on(mut self, pair: &Pair) -> Self {
        self.on = Some(pair.options());
        self
    }

    /// With the integration `odd`, which is this provider.
    #[must_use]
    pub fn with_odd_provider(mut self, provider: &OddProvider) -> Self {
        self.outside.policy.allow.push(provider.url().parse().unwrap());
        self.odd = Some(provider.url());
        self
    }

    /// With a journal in this folder.
    #[must_use]
    pub fn journal(mut self, folder: &Path) -> Self {
        self.journal = Some(folder.to_owned());
        self
    }

    /// May call this origin too, as one of an operator's list.
    #[must_use]
    pub fn allowing(mut self, origin: &str) -> Self {
        self.outside.policy.allow.push(origin.parse().unwrap());
        self
    }

    /// Waits so long for a whole small answer of a provider.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.outside.policy.total_timeout = patience;
        self.outside.policy.first_byte_timeout = patience;
        self
    }

    /// A request waits so long for a connection to the database: for tests of hundreds at once that all have to succeed.
    #[must_use]
    pub fn pool_wait(mut self, wait: Duration) -> Self {
        self.pool_wait = Some(wait);
        self
    }

    /// Starts it.
    pub async fn start(self) -> TestServer {
        let mut database = match self.on {
            Some(server) => Database::behind_link_to(server).await,
            None if self.link => Database::behind_link().await,
            None => Database::create().await,
        };
        if let Some(wait) = self.pool_wait {
            database.set_wait(wait);
        }
        let master = MasterKey::generate();
        let ring = Arc::new(KeyRing::new(&master));
        let store = database.store_with(Arc::clone(&ring));
        store
            .adopt_instance(Some(InstanceMode::Production), &master)
            .await
            .unwrap();
        let bound = Bound::to("127.0.0.1:0").unwrap();
        let url = format!("http://{}", bound.address());
        let broker = broker(
            &store,
            &master,
            &url,
            &self.outside,
            self.journal.as_deref(),
            self.mailer.as_ref(),
            None,
        );
        broker.start_replica().await.unwrap();
        let project = store.create_project("Shop").await.unwrap();
        store.add_origin(project.id, SHOP).await.unwrap();
        let client_secret = enable_sandbox(&broker, project.id, "sandbox").await;
        if self.sites {
            enable_sandbox(&broker, project.id, "sandbox-sites").await;
        }
        if let Some(base) = self.odd {
            let sites = self.sites.then_some("odd-sites");
            let more = self.more.into_iter().chain(sites);
            enable_odd(&broker, project.id, base, more).await;
        }
        let test_key = key(&broker, project.id, Environment::Test, &DEFAULT_SCOPES).await;
        let live_key = key(&broker, project.id, Environment::Live, &DEFAULT_SCOPES).await;
        let ahead = Arc::new(AtomicI64::new(0));
        let mut options = options(&store, &url, &ahead);
        options.trusted_proxies = self.proxies;
        let running = bound.serve(broker.clone(), options).unwrap();
        TestServer {
            url,
            database,
            store,
            broker,
            project,
            test_key,
            live_key,
            client_secret,
            client: client(),
            master,
            ring,
            ahead,
            outside: self.outside,
            mailer: self.mailer,
            _running: running,
        }
    }
}

impl TestServer {
    /// With what most tests need.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// With more.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder {
            link: false,
            on: None,
            odd: None,
            outside: Outside::default(),
            journal: None,
            mailer: None,
            sites: false,
            more: Vec::new(),
            proxies: Vec::new(),
            pool_wait: None,
        }
    }

    /// A server of a database that does not answer, as `latchkey serve` starts one; its address and its broker.
    pub fn start_without_database(database: &Database, master: &MasterKey) -> (String, Broker) {
        let store = database.store(master);
        let bound = Bound::to("127.0.0.1:0").unwrap();
        let url = format!("http://{}", bound.address());
        let broker = broker(&store, master, &url, &Outside::default(), None, None, None);
        let running = bound
            .serve(broker.clone(), options(&store, &url, &Arc::default()))
            .unwrap();
        // It ends with the process.
        std::mem::forget(running);
        (url, broker)
    }

    /// A server as this one, started on a copy of its database.
    pub async fn over(&self, database: Database, provider: &OddProvider) -> Self {
        let master = MasterKey::parse(&self.master.to_text()).unwrap();
        let ring = Arc::new(KeyRing::new(&master));
        let store = database.store_with(Arc::clone(&ring));
        store
            .adopt_instance(Some(InstanceMode::Production), &master)
            .await
            .unwrap();
        let bound = Bound::to("127.0.0.1:0").unwrap();
        let url = format!("http://{}", bound.address());
        let mut outside = Outside::default();
        outside.policy.allow.push(provider.url().parse().unwrap());
        let broker = broker(&store, &master, &url, &outside, None, self.mailer.as_ref(), None);
        broker.start_replica().await.unwrap();
        let ahead = Arc::new(AtomicI64::new(self.ahead.load(Ordering::SeqCst)));
        let running = bound.serve(broker.clone(), options(&store, &url, &ahead)).unwrap();
        Self {
            url,
            database,
            store,
            broker,
            project: self.project.clone(),
            test_key: self.test_key.clone(),
            live_key: self.live_key.clone(),
            client_secret: self.client_secret.clone(),
            client: client(),
            master,
            ring,
            ahead,
            outside,
            mailer: self.mailer.clone(),
            _running: running,
        }
    }

    /// A call of a customer's backend with the test key.
    pub fn api(&self, method: &str, path: &str) -> Call {
        Call::new(
            &self.client,
            method,
            &format!("{}{path}", self.url),
            Some(self.test_key.clone()),
        )
    }

    /// Another replica, without a server, and with a way to the database of its own: never cut.
    pub async fn replica(&self, journal: Option<&Path>) -> Broker {
        let store = self.database.store_beside_the_link(&self.master);
        store.adopt_instance(None, &self.master).await.unwrap();
        let broker = broker(
            &store,
            &self.master,
            &self.url,
            &self.outside,
            journal,
            self.mailer.as_ref(),
            None,
        );
        broker.start_replica().await.unwrap();
        broker
    }

    /// Another replica, with a server.
    pub async fn beside(&self) -> Beside {
        let broker = self.replica(None).await;
        self.serve_beside(broker)
    }

    /// Another replica, with a server, whose settings name this server's project as the operator's.
    pub async fn beside_of_operator(&self) -> Beside {
        let store = self.database.store(&self.master);
        store.adopt_instance(None, &self.master).await.unwrap();
        let broker = broker(
            &store,
            &self.master,
            &self.url,
            &self.outside,
            None,
            self.mailer.as_ref(),
            Some(self.project.id),
        );
        broker.start_replica().await.unwrap();
        self.serve_beside(broker)
    }

    fn serve_beside(&self, broker: Broker) -> Beside {
        let bound = Bound::to("127.0.0.1:0").unwrap();
        let url = format!("http://{}", bound.address());
        let running = bound
            .serve(broker.clone(), options(broker.store(), &self.url, &self.ahead))
            .unwrap();
        Beside {
            url,
            broker,
            _running: running,
        }
    }

    /// A call as [`TestServer::api`] makes, to a server beside this one.
    pub fn api_of(&self, beside: &Beside, method: &str, path: &str) -> Call {
        let url = format!("{}{path}", beside.url);
        Call::new(&self.client, method, &url, Some(self.test_key.clone()))
    }

    /// Connections of the odd provider, brought by import with these refresh tokens; their keys.
    pub async fn import_odd(&self, platform: &str, refresh_tokens: &[String]) -> Vec<String> {
        let importing = self.key_with(&[Scope::ConnectionsImport]).await;
        let mut keys = Vec::new();
        for token in refresh_tokens {
            let body = serde_json::json!({
                "platform": platform, "identity": token, "identityType": "user", "expiresIn": 3600, "prove": "none",
                "tokens": { "accessToken": format!("access of {token}").replace(' ', "-"), "refreshToken": token },
            });
            let call = self.api("POST", "/v1/vault/connections").key(&importing).json(&body);
            let made = call.send().await.expect(201).json();
            keys.push(made["key"].as_str().unwrap().to_owned());
        }
        keys
    }

    /// Moves the clocks of database and server forward.
    pub async fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
        self.database.advance(seconds).await;
    }

    /// Another project with the sandbox; its id and a test key.
    pub async fn another_project(&self) -> (ProjectId, String) {
        let project = self.store.create_project("Other").await.unwrap();
        enable_sandbox(&self.broker, project.id, "sandbox").await;
        let key = key(&self.broker, project.id, Environment::Test, &DEFAULT_SCOPES).await;
        (project.id, key)
    }

    /// A test key with these scopes only.
    pub async fn key_with(&self, scopes: &[Scope]) -> String {
        key(&self.broker, self.project.id, Environment::Test, scopes).await
    }
}

fn options(store: &Store, url: &str, ahead: &Arc<AtomicI64>) -> Options {
    let ahead = Arc::clone(ahead);
    #[expect(clippy::disallowed_methods, reason = "the test's own clock is the real one, moved")]
    let clock: server::Clock = Arc::new(move || chrono::Utc::now() + TimeDelta::seconds(ahead.load(Ordering::SeqCst)));
    Options {
        workers: Some(2),
        rates: Rates {
            key: None,
            source: None,
        },
        trusted_proxies: Vec::new(),
        clock,
        demo: None,
        sandbox: Some(Sandbox::new(store.clone(), url.parse().unwrap())),
        metrics: true,
        configuration: vec![("LATCHKEY_PUBLIC_URL", true), ("LATCHKEY_SMTP_URL", false)],
    }
}

fn broker(
    store: &Store,
    master: &MasterKey,
    url: &str,
    outside: &Outside,
    journal: Option<&Path>,
    mailer: Option<&Mailer>,
    operator_project: Option<ProjectId>,
) -> Broker {
    let journal = journal.map(|folder| Journal::open(folder, JournalKey::of(master), 32).unwrap());
    let settings = Settings {
        public_url: url.parse().unwrap(),
        sandbox_url: outside.sandbox_url.clone().unwrap_or_else(|| format!("{url}/sandbox")),
        development: false,
        replica: Replica {
            id: journal.as_ref().map_or_else(Uuid::new_v4, Journal::replica),
            boot: Uuid::new_v4(),
        },
        refresh_margin: Duration::from_mins(5),
        refresh_interval: Duration::from_secs(1),
        refresh_parallel: 16,
        event_retention: Duration::from_hours(30 * 24),
        request_log_days: 7,
        operator_project,
        single_sign_on: outside.single_sign_on(url),
        mail: mailer.cloned().map(|mailer| MailSettings { mailer, link_days: 7 }),
    };
    let protocol = Protocol::new(outside.egress(url));
    Broker::new(
        store.clone(),
        protocol,
        outside.catalog(),
        settings,
        master.derive(Purpose::Evidence),
        journal,
    )
}

async fn key(broker: &Broker, project: ProjectId, environment: Environment, scopes: &[Scope]) -> String {
    let (_, key) = broker.create_key(project, environment, "Test", scopes).await.unwrap();
    key.expose_secret().to_owned()
}

/// As `latchkey dev` does; the client's secret.
async fn enable_sandbox(broker: &Broker, project: ProjectId, integration: &str) -> String {
    let (store, origin) = (broker.store(), broker.public_origin());
    let set = async |settings| {
        store
            .set_app(project, Environment::Test, integration, origin, settings)
            .await
            .unwrap()
    };
    let app = set(AppSettings::default()).await;
    let client = sandbox::ensure_client(store, project, Environment::Test, &app.redirect_uri())
        .await
        .unwrap();
    let secret = client.client_secret.expose_secret().to_owned();
    set(AppSettings {
        client_id: Some(client.client_id),
        client_secret: Some(client.client_secret),
        ..AppSettings::default()
    })
    .await;
    secret
}

async fn enable_odd(broker: &Broker, project: ProjectId, base: String, more: impl Iterator<Item = &'static str>) {
    let settings = || AppSettings {
        client_id: Some("odd-client".to_owned()),
        client_secret: Some(SecretString::from("odd-secret")),
        variables: Some(BTreeMap::from([("base".to_owned(), base.clone())])),
        ..AppSettings::default()
    };
    let key = || AppSettings {
        variables: Some(BTreeMap::from([("base".to_owned(), base.clone())])),
        ..AppSettings::default()
    };
    for integration in ["odd-key", "odd-typed"] {
        broker
            .store()
            .set_app(project, Environment::Test, integration, broker.public_origin(), key())
            .await
            .unwrap();
    }
    for integration in std::iter::once("odd").chain(more) {
        broker
            .store()
            .set_app(
                project,
                Environment::Test,
                integration,
                broker.public_origin(),
                settings(),
            )
            .await
            .unwrap();
    }
}

/// A client that follows no redirect.
#[expect(clippy::disallowed_methods, reason = "this is the test's side of the network")]
pub fn client() -> reqwest::Client {
    // Another test of this process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}
