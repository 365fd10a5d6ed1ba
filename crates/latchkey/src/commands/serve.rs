//! `latchkey serve`: production.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use sandbox::Sandbox;
use secrecy::ExposeSecret as _;
use server::{Bound, Demo, Options, Rates};
use store::{AdoptError, InstanceMode, PoolerError, Store, StoreError};
use tokio::signal::unix::{Signal, SignalKind, signal};
use vault::MasterKey;

use crate::composition::{self, BadDefinition, Identity};
use crate::configuration::Configuration;
use crate::reload::{self, Hangup};

/// Serves until it is told to stop. A database that is away is waited for: alive, but not ready.
pub(super) async fn run(configuration: &Configuration) -> anyhow::Result<()> {
    let master = configuration.master_key()?;
    let missing: Vec<&str> = [
        (
            configuration.database_url.is_none(),
            "LATCHKEY_DATABASE_URL (postgres://user:password@host/database)",
        ),
        (
            master.is_none(),
            "LATCHKEY_MASTER_KEY or LATCHKEY_MASTER_KEY_FILE (32 random bytes: openssl rand -base64 32)",
        ),
        (
            configuration.public_url.is_none(),
            "LATCHKEY_PUBLIC_URL (https://connect.example.com)",
        ),
    ]
    .into_iter()
    .filter_map(|(is_missing, name)| is_missing.then_some(name))
    .collect();
    let (Some(database_url), Some(master), Some(public_url)) =
        (&configuration.database_url, master, &configuration.public_url)
    else {
        bail!(
            "`latchkey serve` needs:\n  {}\nFor development, `latchkey dev` needs nothing.",
            missing.join("\n  ")
        );
    };
    let local = matches!(public_url.host_str(), Some("localhost" | "127.0.0.1"));
    if public_url.scheme() != "https" && !local {
        bail!(
            "LATCHKEY_PUBLIC_URL is {public_url}, but browsers keep sign-ins safe over https only: write the https address, also when a proxy in front ends TLS"
        );
    }
    let catalog = composition::load_catalog(configuration.integrations_dir.as_deref(), BadDefinition::Refuse)?;
    let store = composition::open_store(configuration, database_url.expose_secret(), &master)?;
    let bound =
        Bound::to(&configuration.bind).with_context(|| format!("{} cannot be listened on", configuration.bind))?;
    let identity = Identity {
        public_url: public_url.clone(),
        address: Some(bound.address()),
        development: false,
        journal: configuration.journal_dir.clone(),
    };
    let broker = composition::build(configuration, store.clone(), catalog, &master, identity)?;
    let mut stop = stop_signal()?;

    // A wrong key or mode is noticed before the first request when the database answers.
    let adopted = match adopt(&store, InstanceMode::Production, &master).await {
        Ok(()) => true,
        Err(error) if is_unavailable(&error) => false,
        Err(error) => return Err(error),
    };
    let sandbox = Sandbox::new(store.clone(), public_url.clone());
    let running = bound.serve(broker.clone(), options(configuration, None, sandbox)?)?;
    tracing::info!(address = %running.address(), "serving");
    if configuration.journal_dir.is_none() {
        tracing::warn!(
            "LATCHKEY_JOURNAL_DIR is not set: a refreshed token is lost if this process dies while the database is away"
        );
    }
    let watching = reload::watch(broker.clone(), configuration.integrations_dir.clone(), Hangup::Reloads)?;
    let mut scheduler = None;
    let waiting = async {
        if !adopted {
            prepare_database(&store, InstanceMode::Production, &master).await?;
        }
        // Before anything is refreshed: what is connected through a definition of the database needs it.
        reload::first(&broker, configuration.integrations_dir.as_deref()).await?;
        broker.start_replica().await?;
        scheduler = Some(
            broker::Scheduler::start(&broker)
                .await
                .context("the scheduler did not start")?,
        );
        std::future::pending::<anyhow::Result<()>>().await
    };
    let result = tokio::select! {
        result = waiting => result,
        () = stop.received() => Ok(()),
    };
    tracing::info!("stopping");
    watching.abort();
    if let Some(scheduler) = scheduler {
        scheduler.stop().await;
    }
    running.stop().await;
    write_numbers(&broker).await;
    store.close().await;
    result
}

/// What was counted since the last time, after the last request.
pub(super) async fn write_numbers(broker: &broker::Broker) {
    if let Err(problem) = broker.write_numbers().await {
        tracing::warn!(%problem, "the numbers of the last seconds are lost");
    }
}

/// Migrates and adopts, waiting for a database that is away.
pub(super) async fn prepare_database(store: &Store, mode: InstanceMode, master: &MasterKey) -> anyhow::Result<()> {
    let mut pause = Duration::from_millis(250);
    loop {
        match adopt(store, mode, master).await {
            Err(error) if is_unavailable(&error) => {
                tracing::warn!("waiting for the database: {error:#}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            other => return other,
        }
    }
}

async fn adopt(store: &Store, mode: InstanceMode, master: &MasterKey) -> anyhow::Result<()> {
    store.check_pooler().await?;
    if store.missing_migrations().await? > 0 {
        store.migrate().await?;
    }
    store.adopt_instance(Some(mode), master).await?;
    Ok(())
}

fn is_unavailable(error: &anyhow::Error) -> bool {
    let of_store = error.downcast_ref::<StoreError>();
    let of_adoption = match error.downcast_ref::<AdoptError>() {
        Some(AdoptError::Store(error)) => Some(error),
        _ => None,
    };
    let of_probe = match error.downcast_ref::<PoolerError>() {
        Some(PoolerError::Store(error)) => Some(error),
        _ => None,
    };
    let error = of_store.or(of_adoption).or(of_probe);
    error.is_some_and(StoreError::is_unavailable)
}

/// What the server is told.
pub(super) fn options(configuration: &Configuration, demo: Option<Demo>, sandbox: Sandbox) -> anyhow::Result<Options> {
    #[expect(
        clippy::disallowed_methods,
        reason = "here the clock of the process is made; everything else is given it"
    )]
    let clock: server::Clock = Arc::new(chrono::Utc::now);
    Ok(Options {
        workers: configuration.workers,
        rates: Rates {
            key: configuration.rate_per_key,
            source: configuration.rate_per_source,
        },
        trusted_proxies: configuration.proxies()?,
        clock,
        demo,
        sandbox: Some(sandbox),
        metrics: true,
        configuration: configuration.told(),
    })
}

/// SIGINT or SIGTERM.
pub(super) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

pub(super) fn stop_signal() -> anyhow::Result<StopSignal> {
    Ok(StopSignal {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    })
}

impl StopSignal {
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
