//! What is measured: a durable Postgres of its own, two tenants, their apps, and credentials sealed as the product does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use latchkey::cluster::{Cluster, ClusterOptions};
use secrecy::SecretString;
use sqlx::PgPool;
use store::{ApiKeyId, AppSettings, ConnectionId, InstanceMode, NewApiKey, PoolOptions, ProjectId, Store};
use uuid::Uuid;
use vault::{ApiKey, Credential, DataKeyId, Environment, KeyRing, MasterKey, OAuth2Tokens, Place};

use crate::provider::{Provider, tokens};

/// Apps of the large tenant. The small one has another.
pub(crate) const APPS: usize = 10;
/// Rows of one `COPY`.
const PIECE: u64 = 10_000;

/// An app and whose it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct App {
    pub(crate) id: Uuid,
    pub(crate) project: ProjectId,
    pub(crate) key: DataKeyId,
    /// The number in its integration's name.
    pub(crate) integration: usize,
}

/// When seeded rows are due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// Somewhen in the hour before.
    Overdue,
    /// In fifty minutes.
    Later,
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) pool: PgPool,
    pub(crate) url: String,
    pub(crate) master: MasterKey,
    pub(crate) integrations: PathBuf,
    pub(crate) bin_dir: PathBuf,
    /// The last is the small tenant's.
    pub(crate) apps: Vec<App>,
    /// A secret key of the large tenant.
    pub(crate) secret: SecretString,
    pub(crate) next_row: u64,
    ring: Arc<KeyRing>,
    cluster: Cluster,
}

impl World {
    pub(crate) async fn make(folder: &Path, bin_dir: PathBuf, provider: &Provider) -> anyhow::Result<Self> {
        let options = ClusterOptions {
            bin_dir: Some(bin_dir.clone()),
            ..ClusterOptions::new(folder.join("postgres"))
        };
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&options)).await??;
        let url = cluster.url();
        let (master, limits) = (MasterKey::generate(), PoolOptions::default());
        let ring = Arc::new(KeyRing::new(&master));
        let store = Store::connect_lazily(&url, limits, Arc::clone(&ring))?;
        store.migrate().await?;
        store.adopt_instance(Some(InstanceMode::Production), &master).await?;
        let integrations = folder.join("integrations");
        std::fs::create_dir_all(&integrations)?;
        for number in 0..APPS {
            std::fs::write(integrations.join(format!("bench{number}.yaml")), definition(number))?;
        }
        let (large, small) = (
            store.create_project("Large").await?,
            store.create_project("Small").await?,
        );
        let secret = ApiKey::generate(Environment::Test);
        let key = NewApiKey {
            id: ApiKeyId::generate(),
            project: large.id,
            name: "Bench".to_owned(),
            scopes: vec!["passthrough".to_owned()],
            ip_allow: Vec::new(),
            expires_at: None,
        };
        store.create_api_key(&secret, &key).await?;
        let mut apps = Vec::new();
        for (number, base) in provider.addresses().into_iter().enumerate() {
            let project = if number < APPS { large.id } else { small.id };
            apps.push(app(&store, project, number % APPS, base).await?);
        }
        // Statements of the bench may take longer than the product's.
        let pool = PgPool::connect(&url).await?;
        Ok(Self {
            store,
            pool,
            url,
            master,
            integrations,
            bin_dir,
            apps,
            secret: secret.expose(),
            next_row: 0,
            ring,
            cluster,
        })
    }

    /// Makes connections with sealed credentials: `count` of them, over these apps in turn.
    pub(crate) async fn seed(&mut self, apps: &[App], count: u64, due: Due) -> anyhow::Result<()> {
        let (end, now) = (self.next_row + count, self.store.now().await?);
        while self.next_row < end {
            let rows = self.next_row..end.min(self.next_row + PIECE);
            self.next_row = rows.end;
            let (ring, apps) = (Arc::clone(&self.ring), apps.to_vec());
            let (connections, credentials) =
                tokio::task::spawn_blocking(move || write_rows(&ring, &apps, rows, due, now)).await??;
            copy(&self.pool, CONNECTIONS, connections).await?;
            copy(&self.pool, CREDENTIALS, credentials).await?;
        }
        Ok(())
    }

    /// A statement of the bench itself.
    pub(crate) async fn execute(&self, sql: &str) -> anyhow::Result<u64> {
        let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&self.pool)
            .await;
        Ok(done.with_context(|| sql.to_owned())?.rows_affected())
    }

    pub(crate) async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select ({sql})::bigint")));
        query.fetch_one(&self.pool).await.with_context(|| sql.to_owned())
    }

    pub(crate) async fn text(&self, sql: &str) -> anyhow::Result<String> {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select ({sql})::text")));
        query.fetch_one(&self.pool).await.with_context(|| sql.to_owned())
    }

    /// Rows whose stored generation is not the one that the provider issued last. The key of a connection ends with its
    /// row's number.
    pub(crate) async fn lost(&self, provider: &Provider) -> anyhow::Result<usize> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "select substring(c.key from 'r([0-9]+)$')::bigint, k.generation
             from credentials k join connections c on c.id = k.connection_id where k.generation > 1",
        )
        .fetch_all(&self.pool)
        .await?;
        let issued = |row: i64| i64::from(provider.generation(usize::try_from(row).unwrap_or(0)));
        Ok(rows.iter().filter(|(row, stored)| issued(*row) != *stored).count())
    }

    pub(crate) fn postmaster(&self) -> Option<u32> {
        self.cluster.process_id()
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.store.close().await;
        self.pool.close().await;
        let cluster = self.cluster;
        Ok(tokio::task::spawn_blocking(move || cluster.stop()).await??)
    }
}

const CONNECTIONS: &str = "copy connections (id, project_id, environment, app_id, integration, auth_method, key, identity, identity_type, state) from stdin";
const CREDENTIALS: &str = "copy credentials (connection_id, project_id, environment, app_id, sealed, issued_at, expires_at, refresh_at) from stdin";

/// The key of the row's connection.
pub(crate) fn connection_key(row: u64) -> String {
    format!("test::bench::default::r{row}")
}

async fn app(store: &Store, project: ProjectId, integration: usize, base: String) -> anyhow::Result<App> {
    let settings = AppSettings {
        client_id: Some("bench-client".to_owned()),
        client_secret: Some(SecretString::from("bench-secret")),
        variables: Some(BTreeMap::from([("base".to_owned(), base)])),
        ..AppSettings::default()
    };
    let name = format!("bench{integration}");
    let app = store
        .set_app(project, Environment::Test, &name, "http://127.0.0.1", settings)
        .await?;
    let key: Uuid = sqlx::query_scalar("select id from data_keys where project_id = $1 and is_current")
        .bind(project.0)
        .fetch_one(store.pool())
        .await?;
    Ok(App {
        id: app.id.0,
        project,
        key: DataKeyId(key),
        integration,
    })
}

async fn copy(pool: &PgPool, statement: &str, rows: String) -> anyhow::Result<()> {
    let mut connection = pool.acquire().await?;
    let mut copy = connection.copy_in_raw(statement).await?;
    copy.send(rows.into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

fn write_rows(
    ring: &KeyRing,
    apps: &[App],
    rows: std::ops::Range<u64>,
    due: Due,
    now: DateTime<Utc>,
) -> anyhow::Result<(String, String)> {
    let (mut connections, mut credentials) = (String::new(), String::new());
    for row in rows {
        let app = &apps[usize::try_from(row)? % apps.len()];
        let id = ConnectionId::generate();
        let project = app.project.0;
        let place = Place {
            project,
            environment: Environment::Test,
            record: id.0,
            column: "credentials.sealed",
            generation: 1,
        };
        let (access, refresh) = tokens(row, 1);
        let credential = Credential::OAuth2(OAuth2Tokens {
            access_token: SecretString::from(access),
            refresh_token: Some(SecretString::from(refresh)),
            token_type: "Bearer".to_owned(),
            client: None,
            dpop_key: None,
        });
        let sealed = ring.seal(app.key, &place, &credential.to_plaintext())?;
        writeln!(
            connections,
            "{id}\t{project}\ttest\t{}\tbench{}\toauth2\t{}\tuser-{row}\tuser\toperational",
            app.id,
            app.integration,
            connection_key(row),
        )?;
        let ago = TimeDelta::milliseconds(rand::random_range(1_000..3_600_000));
        let refreshed = match due {
            Due::Overdue => now - ago,
            Due::Later => now + TimeDelta::minutes(50),
        };
        let issued = refreshed - TimeDelta::minutes(55);
        let ends = refreshed + TimeDelta::minutes(70);
        write!(credentials, "{id}\t{project}\ttest\t{}\t\\\\x", app.id)?;
        for byte in sealed.as_bytes() {
            write!(credentials, "{byte:02x}")?;
        }
        writeln!(credentials, "\t{issued}\t{ends}\t{refreshed}")?;
    }
    Ok((connections, credentials))
}

fn definition(number: usize) -> String {
    format!(
        r#"
id: bench{number}
name: Bench {number}
description: A provider for measuring.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: {{ title: Base, type: url, set_by: operator }}
auth:
  - kind: oauth2
    title: Sign in
    authorize: {{ url: "${{variables.base}}/authorize" }}
    token: {{ url: "${{variables.base}}/token", client_auth: basic }}
    headers: {{ Authorization: "Bearer ${{credential.access_token}}" }}
api:
  base_url: "${{variables.base}}/api"
"#
    )
}
