//! Everything that a run needs, built up and torn down: database, provider, links, replicas, load balancer.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use vault::MasterKey;

use crate::history::Recorder;
use crate::hooks::Hooks;
use crate::journal::JournalDisk;
use crate::options::Options;
use crate::postgres::Postgres;
use crate::provider::Provider;
use crate::proxy::{Proxy, Target};
use crate::readers::Caller;
use crate::replica::{Replica, Setup};
use crate::world::{AUTH_METHOD, World, integration_id};
use crate::{front, witness};

/// A replica with its links and its disk.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) replica: Replica,
    pub(crate) database: Proxy,
    pub(crate) provider: Proxy,
    pub(crate) journal: JournalDisk,
}

/// The whole.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) recorder: Recorder,
    pub(crate) postgres: Postgres,
    pub(crate) provider: Provider,
    pub(crate) world: World,
    pub(crate) stations: Vec<Arc<Station>>,
    pub(crate) hooks: Hooks,
    pub(crate) caller: Caller,
    /// The load balancer.
    pub(crate) origin: String,
    pub(crate) client: reqwest::Client,
}

impl Stage {
    /// Builds everything; replicas are not started yet.
    pub(crate) async fn build(options: &Options, folder: &Path) -> anyhow::Result<Self> {
        let recorder = Recorder::new();
        let postgres = Postgres::start(folder.join("postgres")).await?;
        let secret = random_hex()?;
        let master = MasterKey::parse(&secret).context("a new master key")?;
        let provider = Provider::new(
            options.mode,
            random_hex()?[..12].to_owned(),
            options.integrations,
            recorder.clone(),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let world = World::create(
            &postgres,
            &master,
            provider.clone(),
            options.integrations,
            recorder.clone(),
            &origin,
        )
        .await?;
        witness::begin(&postgres).await?;
        let hooks = Hooks::listen().await?;
        world.subscribe(hooks.address).await?;

        let binary = binary(options)?;
        let mut stations = Vec::new();
        let mut addresses = Vec::new();
        for number in 0..usize::from(options.replicas) {
            let station = station(
                options, folder, number, &binary, &secret, &origin, &postgres, &provider, &hooks, &recorder,
            );
            let station = station.await?;
            addresses.push(station.provider.address);
            stations.push(Arc::new(station));
        }
        // Each replica has a way of its own to the provider, so each names another address for the same secrets.
        for integration in 0..options.integrations {
            let all = addresses
                .iter()
                .map(|address| destinations(&definition(*address, integration), integration));
            world
                .agree(integration, all.collect::<anyhow::Result<Vec<_>>>()?)
                .await?;
        }
        front::serve(
            listener,
            stations.iter().map(|station| station.replica.address()).collect(),
        );
        let client = client()?;
        let caller = Caller::new(client.clone(), world.key.clone(), recorder.clone());
        Ok(Self {
            recorder,
            postgres,
            provider,
            world,
            stations,
            hooks,
            caller,
            origin,
            client,
        })
    }

    /// Starts all replicas and waits until they are ready.
    pub(crate) async fn start(&self) -> anyhow::Result<()> {
        for station in &self.stations {
            station.replica.start().await?;
        }
        for station in &self.stations {
            station.replica.ready(&self.client, Duration::from_mins(1)).await?;
        }
        Ok(())
    }

    /// Ends everything.
    pub(crate) async fn end(&self) {
        for station in &self.stations {
            station.replica.kill().await;
            station.journal.end();
        }
        self.world.store.close().await;
        self.postgres.stop().await;
    }
}

#[expect(clippy::too_many_arguments, reason = "it is the list of what a replica hangs on")]
async fn station(
    options: &Options,
    folder: &Path,
    number: usize,
    binary: &Path,
    master: &str,
    origin: &str,
    postgres: &Postgres,
    provider: &Provider,
    hooks: &Hooks,
    recorder: &Recorder,
) -> anyhow::Result<Station> {
    let database = Proxy::to(Target::Socket(postgres.socket())).await?;
    let provider = Proxy::to(Target::Port(provider.listen(number).await?)).await?;
    let journal = JournalDisk::new(folder.join(format!("journal-{number}")), options.inside)?;
    let definitions = folder.join(format!("integrations-{number}"));
    std::fs::create_dir_all(&definitions)?;
    for integration in 0..options.integrations {
        let file = definitions.join(format!("{}.yaml", integration_id(integration)));
        std::fs::write(file, definition(provider.address, integration))?;
    }
    let address = free_address()?;
    let mut environment = vec![
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("LATCHKEY_DATABASE_URL", Postgres::url(database.address.port())),
        ("LATCHKEY_DATABASE_CONNECTIONS", "12".to_owned()),
        // The journal has two slots for each, and its disk is small.
        ("LATCHKEY_REFRESH_PARALLEL", "64".to_owned()),
        ("LATCHKEY_MASTER_KEY", master.to_owned()),
        ("LATCHKEY_PUBLIC_URL", origin.to_owned()),
        ("LATCHKEY_BIND", address.to_string()),
        ("LATCHKEY_INTEGRATIONS_DIR", definitions.display().to_string()),
        (
            "LATCHKEY_ALLOW_PRIVATE_HOSTS",
            format!("http://{},http://{}", provider.address, hooks.address),
        ),
        ("LATCHKEY_RATE_PER_SOURCE", "100000000".to_owned()),
        ("LATCHKEY_WORKERS", "2".to_owned()),
        ("LATCHKEY_LOG_FORMAT", "json".to_owned()),
    ];
    if !options.no_journal {
        environment.push(("LATCHKEY_JOURNAL_DIR", journal.folder().display().to_string()));
    }
    let setup = Setup {
        binary: binary.to_owned(),
        address,
        environment: environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        logs: folder.to_owned(),
    };
    Ok(Station {
        replica: Replica::new(number, setup, recorder.clone()),
        database,
        provider,
        journal,
    })
}

/// An integration, at the address that one replica has for the provider.
fn definition(provider: SocketAddr, integration: u32) -> String {
    let id = integration_id(integration);
    format!(
        r#"id: {id}
name: Chaos
description: A provider that forgives nothing.
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: {{ title: Base, type: url, set_by: operator, default: "http://{provider}/{integration}" }}
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

/// Where a definition sends the secrets of its way to sign in.
fn destinations(definition: &str, integration: u32) -> anyhow::Result<BTreeSet<String>> {
    let loaded = catalog::load_sources([("chaos.yaml", definition)]);
    let read = loaded.catalog.get(&integration_id(integration));
    let read = read.with_context(|| format!("the definition: {:?}", loaded.problems))?;
    Ok(read.destinations(AUTH_METHOD).into_owned())
}

/// The binary under test: as told, else where cargo puts it beside this program.
fn binary(options: &Options) -> anyhow::Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("latchkey");
    let binary = options.latchkey.clone().unwrap_or(beside);
    ensure!(
        binary.exists(),
        "{} is not there: build it with `cargo build --release -p latchkey`, or name it with --latchkey",
        binary.display()
    );
    Ok(std::fs::canonicalize(binary)?)
}

/// A port that was free a moment ago; a replica comes back to it after each death.
fn free_address() -> std::io::Result<SocketAddr> {
    StdListener::bind("127.0.0.1:0")?.local_addr()
}

fn random_hex() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

#[expect(clippy::disallowed_methods, reason = "this is the callers' side of the network")]
fn client() -> anyhow::Result<reqwest::Client> {
    drop(rustls::crypto::ring::default_provider().install_default());
    // Each call is a new connection, so that the load balancer gives it to the next replica.
    Ok(reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()?)
}
