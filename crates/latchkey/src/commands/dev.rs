//! `latchkey dev`: everything that a developer needs, from nothing.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use broker::{Broker, Caller, DEFAULT_SCOPES, MadeOperatorLink};
use sandbox::Sandbox;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use server::{Bound, Demo};
use store::{InstanceMode, Project};
use url::Url;
use vault::{Environment, MasterKey};

use super::output::Output;
use super::serve;
use super::target::{INSTANCE_FILE, Instance, MASTER_KEY_FILE, development_key};
use crate::cluster::{Cluster, ClusterOptions};
use crate::composition::{self, BadDefinition, Identity};
use crate::configuration::Configuration;
use crate::reload::{self, Hangup};

/// The secret key of the demo project.
const TEST_KEY_FILE: &str = "test.key";

/// Runs until it is told to stop.
pub(super) async fn run(configuration: &Configuration, output: Output) -> anyhow::Result<()> {
    let folder = &configuration.dev_dir;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let bound = Bound::to(&configuration.bind).with_context(|| {
        format!(
            "{} cannot be listened on; LATCHKEY_BIND chooses another address",
            configuration.bind
        )
    })?;
    let public_url = match &configuration.public_url {
        Some(url) => url.clone(),
        None => format!("http://localhost:{}", bound.address().port()).parse()?,
    };
    let master = match configuration.master_key()? {
        Some(key) => key,
        None => master_key(folder)?,
    };
    let (cluster, database_url) = database(configuration).await?;
    let run = serve_until_stopped(configuration, output, bound, public_url, &master, database_url).await;
    if let Some(cluster) = cluster {
        tokio::task::spawn_blocking(move || cluster.stop()).await??;
    }
    run
}

async fn serve_until_stopped(
    configuration: &Configuration,
    output: Output,
    bound: Bound,
    public_url: Url,
    master: &MasterKey,
    database_url: SecretString,
) -> anyhow::Result<()> {
    let folder = &configuration.dev_dir;
    let store = composition::open_store(configuration, database_url.expose_secret(), master)?;
    let mut stop = serve::stop_signal()?;
    tokio::select! {
        ready = serve::prepare_database(&store, InstanceMode::Development, master) => ready?,
        () = stop.received() => return Ok(()),
    }
    let catalog = composition::load_catalog(configuration.integrations_dir.as_deref(), BadDefinition::LeaveOut)?;
    let identity = Identity {
        public_url: public_url.clone(),
        address: Some(bound.address()),
        development: true,
        journal: Some(
            configuration
                .journal_dir
                .clone()
                .unwrap_or_else(|| folder.join("journal")),
        ),
    };
    let broker = composition::build(configuration, store.clone(), catalog, master, identity)?;
    let project = demo_project(&broker).await?;
    for integration in broker::SANDBOXES {
        server::enable_sandbox(&broker, project.id, integration, None).await?;
    }
    let (caller, test_key) = test_key(&broker, &project, folder).await?;
    write_private(
        &folder.join(INSTANCE_FILE),
        &serde_json::to_string(&Instance {
            database_url: database_url.expose_secret().to_owned(),
            public_url: public_url.clone(),
        })?,
    )?;

    let demo = Demo {
        caller,
        publishable_id: project.publishable_id.clone(),
    };
    let sandbox = Sandbox::new(store.clone(), public_url.clone());
    let options = serve::options(configuration, Some(demo), sandbox)?;
    let running = bound.serve(broker.clone(), options)?;
    reload::first(&broker, configuration.integrations_dir.as_deref()).await?;
    broker.start_replica().await?;
    let scheduler = broker::Scheduler::start(&broker)
        .await
        .context("the scheduler did not start")?;
    let watching = reload::watch(broker.clone(), configuration.integrations_dir.clone(), Hangup::Ends)?;
    // Anew with each start: the one before was spent, or ends.
    let console = broker.make_development_link().await?;
    announce(output, &broker, &project, &test_key, folder, &console);
    stop.received().await;
    tracing::info!("stopping");
    watching.abort();
    scheduler.stop().await;
    running.stop().await;
    serve::write_numbers(&broker).await;
    store.close().await;
    Ok(())
}

/// The configured database, or a private one.
async fn database(configuration: &Configuration) -> anyhow::Result<(Option<Cluster>, SecretString)> {
    if let Some(url) = &configuration.database_url {
        return Ok((None, url.clone()));
    }
    let mut options = ClusterOptions::new(&configuration.dev_dir);
    options.bin_dir.clone_from(&configuration.pg_bindir);
    options.patience = Duration::from_secs(30);
    let cluster = tokio::task::spawn_blocking(move || Cluster::start(&options)).await??;
    let url = SecretString::from(cluster.url());
    Ok((Some(cluster), url))
}

fn master_key(folder: &Path) -> anyhow::Result<MasterKey> {
    let path = folder.join(MASTER_KEY_FILE);
    if path.exists() {
        return development_key(folder);
    }
    if folder.join(INSTANCE_FILE).exists() {
        anyhow::bail!(
            "{} is gone, but the database beside it was sealed with it: put it back from a copy, or remove {} to begin anew",
            path.display(),
            folder.display()
        );
    }
    let key = MasterKey::generate();
    write_private(&path, &key.to_text())?;
    Ok(key)
}

/// The demo's project: the default one, made when there is none.
async fn demo_project(broker: &Broker) -> anyhow::Result<Project> {
    match broker.store().default_project().await? {
        Some(project) => Ok(project),
        None => Ok(broker.store().create_project("Acme notes").await?),
    }
}

/// The key of the demo project, kept beside the database so that it stays the same.
async fn test_key(broker: &Broker, project: &Project, folder: &Path) -> anyhow::Result<(Caller, SecretString)> {
    let path = folder.join(TEST_KEY_FILE);
    if let Ok(text) = fs::read_to_string(&path) {
        let key = SecretString::from(text.trim());
        match broker.authenticate(key.expose_secret(), None).await {
            Ok(caller) if caller.project == project.id => return Ok((caller, key)),
            _ => tracing::warn!("{} belongs to another database: a new key is made", path.display()),
        }
    }
    let (_, key) = broker
        .create_key(project.id, Environment::Test, "Development", &DEFAULT_SCOPES)
        .await?;
    write_private(&path, key.expose_secret())?;
    let caller = broker.authenticate(key.expose_secret(), None).await?;
    Ok((caller, key))
}

/// Writes a file that only its owner can read, all of it or nothing.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let temporary = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

fn announce(
    output: Output,
    broker: &Broker,
    project: &Project,
    test_key: &SecretString,
    folder: &Path,
    console: &MadeOperatorLink,
) {
    let url = broker.public_origin();
    let key = test_key.expose_secret();
    let console = console.url(url);
    let value = json!({
        "url": url,
        "demo_url": format!("{url}/demo"),
        "console_url": console,
        "docs_url": format!("{url}/docs"),
        "project_id": project.id,
        "publishable_id": project.publishable_id,
        "test_key": key,
    });
    let text = format!(
        "\nLatchkey is ready.\n\n  demo            {url}/demo\n  console         {console}\n                  (signs you in once)\n  API docs        {url}/docs\n  embed address   {url}/embed/{}\n  test key        {key}\n  project         {} ({})\n  data            {}\n\nCtrl-C stops it; everything is kept.",
        project.publishable_id,
        project.id,
        project.name,
        folder.display(),
    );
    output.say(&value, &text);
}
