//! How the parts are put together, for the server and for the commands.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use broker::{Broker, Journal, MailSettings, Settings, SingleSignOn};
use catalog::{Catalog, Files, Loaded};
use protocol::egress::{Egress, EgressPolicy};
use protocol::mail::Mailer;
use protocol::{Protocol, RelyingParty};
use store::{PoolOptions, Replica, Store};
use url::Url;
use uuid::Uuid;
use vault::{JournalKey, KeyRing, MasterKey, Purpose};

use crate::configuration::Configuration;

/// The definitions that come with the binary.
#[derive(rust_embed::RustEmbed)]
#[folder = "../../integrations"]
#[include = "*.yaml"]
#[include = "families/*.yaml"]
struct BuiltIn;

/// What to do with a definition that has mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadDefinition {
    /// Say so and go on without it, as development does.
    LeaveOut,
    /// Refuse to start, as production does.
    Refuse,
}

/// The files of the built-in definitions and their families.
pub fn built_in() -> Files {
    Files::new(BuiltIn::iter().filter_map(|name| {
        let file = BuiltIn::get(&name)?;
        Some((name.into_owned(), String::from_utf8(file.data.into_owned()).ok()?))
    }))
}

/// The built-in definitions, and those of the operator's folder. Every mistake of every file is told.
pub fn load_definitions(folder: Option<&Path>) -> anyhow::Result<Loaded> {
    let own = folder
        .map(|folder| {
            Files::read(folder)
                .with_context(|| format!("LATCHKEY_INTEGRATIONS_DIR: {} cannot be read", folder.display()))
        })
        .transpose()?;
    Ok(catalog::load(&built_in(), own.as_ref()))
}

/// The same for a server, which goes on without a bad definition or does not start.
pub fn load_catalog(folder: Option<&Path>, bad: BadDefinition) -> anyhow::Result<Catalog> {
    let Loaded { catalog, problems, .. } = load_definitions(folder)?;
    if problems.is_empty() {
        return Ok(catalog);
    }
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    match bad {
        BadDefinition::LeaveOut => {
            for problem in told {
                tracing::warn!("a definition is left out: {problem}");
            }
            Ok(catalog)
        }
        BadDefinition::Refuse => bail!("definitions have mistakes:\n  {}", told.join("\n  ")),
    }
}

/// The database with its key ring. Nothing is connected yet.
pub fn open_store(configuration: &Configuration, url: &str, master: &MasterKey) -> anyhow::Result<Store> {
    let options = PoolOptions {
        connections: configuration.database_connections,
        ..PoolOptions::default()
    };
    let store = Store::connect_lazily(url, options, Arc::new(KeyRing::new(master)))
        .context("the database address is not one: write postgres://user:password@host/database")?;
    Ok(store.named(configuration.instance.clone()))
}

/// What differs between development and production.
pub struct Identity {
    /// Where browsers and providers reach the server.
    pub public_url: Url,
    /// Where it listens, which is where the sandbox is dialled. `None` for commands.
    pub address: Option<SocketAddr>,
    /// Whether this is `latchkey dev`.
    pub development: bool,
    /// Where this replica keeps its journal, and with it who it is. Without, it is somebody new at each start.
    pub journal: Option<PathBuf>,
}

/// Puts the product together.
pub fn build(
    configuration: &Configuration,
    store: Store,
    catalog: Catalog,
    master: &MasterKey,
    identity: Identity,
) -> anyhow::Result<Broker> {
    let sandbox = identity.address.map(loopback);
    let mut policy = egress_policy(configuration)?;
    if let Some(address) = sandbox {
        policy.allow.push(
            format!("http://{address}")
                .parse()
                .context("the sandbox's own address")?,
        );
    }
    let host = identity.public_url.host_str().unwrap_or("localhost").to_owned();
    let mail = mailer(configuration, &host, &policy.extra_roots)?.map(|mailer| MailSettings {
        mailer,
        link_days: configuration.mail_link_days,
    });
    let egress = Egress::new(policy).context("the outbound client cannot be made")?;
    let parallel = configuration.refresh_parallel.max(1);
    // Room for what the scheduler claims and for what callers wait for.
    let journal = identity
        .journal
        .map(|folder| Journal::open(&folder, JournalKey::of(master), 2 * parallel))
        .transpose()
        .context("LATCHKEY_JOURNAL_DIR")?;
    let single_sign_on = single_sign_on(configuration, &identity.public_url)?;
    let settings = Settings {
        public_url: identity.public_url,
        sandbox_url: sandbox.map_or_else(
            || "http://127.0.0.1/sandbox".to_owned(),
            |address| format!("http://{address}/sandbox"),
        ),
        development: identity.development,
        replica: Replica {
            id: journal.as_ref().map_or_else(Uuid::new_v4, Journal::replica),
            boot: Uuid::new_v4(),
        },
        refresh_margin: configuration.margin(),
        refresh_interval: Duration::from_secs(configuration.refresh_interval.max(1)),
        refresh_parallel: parallel,
        event_retention: configuration.event_retention(),
        request_log_days: configuration.request_log_days,
        operator_project: configuration.operator_project()?,
        mail,
        single_sign_on,
    };
    Ok(Broker::new(
        store,
        Protocol::new(egress),
        catalog,
        settings,
        master.derive(Purpose::Evidence),
        journal,
    ))
}

/// What outbound calls may reach, by the configuration.
pub fn egress_policy(configuration: &Configuration) -> anyhow::Result<EgressPolicy> {
    Ok(EgressPolicy {
        allow: configuration.private_hosts()?,
        extra_roots: extra_roots(configuration)?,
        ..EgressPolicy::default()
    })
}

fn extra_roots(configuration: &Configuration) -> anyhow::Result<Vec<Vec<u8>>> {
    let Some(path) = &configuration.extra_roots else {
        return Ok(Vec::new());
    };
    Ok(vec![std::fs::read(path).with_context(|| {
        format!("LATCHKEY_EXTRA_ROOTS: {}", path.display())
    })?])
}

/// The way to the mail server, where one is set up.
fn mailer(configuration: &Configuration, host: &str, extra_roots: &[Vec<u8>]) -> anyhow::Result<Option<Mailer>> {
    let Some((server, sender)) = configuration.mail()? else {
        return Ok(None);
    };
    let mailer = Mailer::new(server, sender, host, extra_roots).context("LATCHKEY_SMTP_URL cannot be used")?;
    Ok(Some(mailer))
}

/// The provider that says who operators are, where one is set up. Nothing is asked of it yet.
fn single_sign_on(configuration: &Configuration, public_url: &Url) -> anyhow::Result<Option<SingleSignOn>> {
    let (Some(issuer), Some(client_id), Some(secret)) = (
        &configuration.sso_issuer,
        &configuration.sso_client_id,
        configuration.sso_client_secret()?,
    ) else {
        return Ok(None);
    };
    let redirect_uri = format!("{}/console/sso/callback", public_url.origin().ascii_serialization());
    let party = RelyingParty::new(issuer.clone(), client_id.clone(), secret, redirect_uri)
        .context("LATCHKEY_SSO_ISSUER cannot be used")?;
    Ok(Some(SingleSignOn {
        name: configuration.sso_name.trim().to_owned(),
        party,
    }))
}

/// The same for `latchkey mail test`, which needs no database.
pub fn mailer_alone(configuration: &Configuration) -> anyhow::Result<Option<Mailer>> {
    let host = configuration
        .public_url
        .as_ref()
        .and_then(Url::host_str)
        .unwrap_or("localhost");
    mailer(configuration, host, &extra_roots(configuration)?)
}

/// An address that listens everywhere is dialled on loopback.
fn loopback(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let ip: std::net::IpAddr = if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        return SocketAddr::new(ip, address.port());
    }
    address
}
