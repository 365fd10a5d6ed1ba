//! Which database a command works on: the configured one, or the one of a running `latchkey dev`.

use std::path::Path;

use anyhow::{Context as _, bail};
use broker::{Broker, Caller, ProjectId, Scope};
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::{Project, Store};
use url::Url;
use vault::{Environment, MasterKey};

use crate::composition::{self, BadDefinition, Identity};
use crate::configuration::Configuration;
use crate::reload;

/// The project and environment that a command works on.
#[derive(Debug, Args)]
pub(super) struct ProjectArguments {
    /// The project's id; the default project without.
    #[arg(long)]
    pub(super) project: Option<String>,
    /// `test` or `live`.
    #[arg(long, default_value = "test")]
    pub(super) environment: Environment,
}

/// Acts for a project as the command line does: without a key.
pub(super) fn operator_of(project: &Project) -> Caller {
    Caller {
        project: project.id,
        environment: Environment::Test,
        actor: broker::Actor::CommandLine,
        scopes: [Scope::Admin].into(),
    }
}

/// What `latchkey dev` leaves for commands, in its folder, readable by its owner only.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Instance {
    pub(super) database_url: String,
    pub(super) public_url: Url,
}

/// The file in the development folder.
pub(super) const INSTANCE_FILE: &str = "instance.json";
/// The master key in the development folder.
pub(super) const MASTER_KEY_FILE: &str = "master.key";

/// The database's address and its master key.
pub(super) fn database(configuration: &Configuration) -> anyhow::Result<(SecretString, MasterKey)> {
    if let Some(url) = &configuration.database_url {
        let key = match configuration.master_key()? {
            Some(key) => key,
            None => development_key(&configuration.dev_dir).context(
                "LATCHKEY_DATABASE_URL is set, but there is no master key: set LATCHKEY_MASTER_KEY or LATCHKEY_MASTER_KEY_FILE",
            )?,
        };
        return Ok((url.clone(), key));
    }
    let instance = instance(&configuration.dev_dir)?;
    Ok((
        SecretString::from(instance.database_url),
        development_key(&configuration.dev_dir)?,
    ))
}

/// The database's address alone.
pub(super) fn database_url(configuration: &Configuration) -> anyhow::Result<SecretString> {
    match &configuration.database_url {
        Some(url) => Ok(url.clone()),
        None => Ok(SecretString::from(instance(&configuration.dev_dir)?.database_url)),
    }
}

fn instance(folder: &Path) -> anyhow::Result<Instance> {
    let path = folder.join(INSTANCE_FILE);
    let Ok(text) = std::fs::read_to_string(&path) else {
        bail!(
            "no database: set LATCHKEY_DATABASE_URL, or start `bin/dev` in another terminal first. A server that runs left no {}: go to the folder where it was started, or set LATCHKEY_DEV_DIR as there",
            path.display()
        );
    };
    serde_json::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
}

pub(super) fn development_key(folder: &Path) -> anyhow::Result<MasterKey> {
    let path = folder.join(MASTER_KEY_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(MasterKey::parse(&zeroize::Zeroizing::new(text))?)
}

/// The product, for a command.
pub(super) async fn broker(configuration: &Configuration) -> anyhow::Result<Broker> {
    let (store, master) = store(configuration).await?;
    let public_url = match &configuration.public_url {
        Some(url) => url.clone(),
        None => {
            instance(&configuration.dev_dir)
                .context("LATCHKEY_PUBLIC_URL is not set; it is part of callback addresses")?
                .public_url
        }
    };
    let catalog = composition::load_catalog(configuration.integrations_dir.as_deref(), BadDefinition::LeaveOut)?;
    let identity = Identity {
        public_url,
        address: None,
        development: false,
        journal: None,
    };
    let broker = composition::build(configuration, store, catalog, &master, identity)?;
    reload::beside(&broker, configuration.integrations_dir.as_deref()).await?;
    Ok(broker)
}

/// The database: connected, migrated, of the right master key.
pub(super) async fn store(configuration: &Configuration) -> anyhow::Result<(Store, MasterKey)> {
    let (url, master) = database(configuration)?;
    let store = composition::open_store(configuration, url.expose_secret(), &master)?;
    let missing = store.missing_migrations().await.context(
        "the database cannot be reached: check that it runs (in development: that `bin/dev` runs), and its address",
    )?;
    if missing > 0 {
        bail!("the database misses {missing} migrations: run `latchkey migrate` first");
    }
    store.adopt_instance(None, &master).await?;
    Ok((store, master))
}

/// The named project, or the default one.
pub(super) async fn project(broker: &Broker, id: Option<&str>) -> anyhow::Result<Project> {
    let Some(id) = id else {
        return broker
            .store()
            .default_project()
            .await?
            .context("there is no project yet: make one with `latchkey projects create NAME`");
    };
    let by_id = match id.parse::<ProjectId>() {
        Ok(id) => broker.store().project(id).await?,
        Err(_) => broker.store().project_by_publishable_id(id).await?,
    };
    by_id.with_context(|| format!("there is no project `{id}`: `latchkey projects list` shows all"))
}
