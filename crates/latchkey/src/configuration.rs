//! Configuration: a TOML file, then environment variables named `LATCHKEY_…`. The only place that reads the environment.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use broker::ProjectId;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use protocol::egress::AllowedOrigin;
use protocol::mail::{MailServer, Sender};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use vault::MasterKey;

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Pretty,
}

/// Everything that an operator can decide. Each field is the environment variable `LATCHKEY_` + its name in capitals.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Postgres, as `postgres://user:password@host/database`. Also read from `DATABASE_URL`.
    pub database_url: Option<SecretString>,
    /// The master key: 32 bytes as base64 or hex. Give this or the file.
    pub master_key: Option<SecretString>,
    /// A file that holds the master key.
    pub master_key_file: Option<PathBuf>,
    /// Where browsers and providers reach this server.
    pub public_url: Option<Url>,
    /// The address to listen on.
    pub bind: String,
    /// Networks of reverse proxies whose `X-Forwarded-For` is believed, separated by commas.
    pub trusted_proxies: String,
    /// A folder with more integration definitions.
    pub integrations_dir: Option<PathBuf>,
    /// The id of the project whose keys change definitions by the API, where there are several projects.
    pub operator_project: Option<String>,
    /// Origins `scheme://host:port` that may be http, private or on another port, separated by commas.
    pub allow_private_hosts: String,
    /// A PEM file with root certificates besides the public ones.
    pub extra_roots: Option<PathBuf>,
    /// What is logged, as `info` or `info,broker=debug`.
    pub log: String,
    /// `json` or `pretty`; JSON in production without a choice.
    pub log_format: Option<LogFormat>,
    /// Connections to the database at most.
    pub database_connections: u32,
    /// Refresh tokens this many seconds before they end, or a fifth of their lifetime, whichever is less.
    pub refresh_margin: u64,
    /// Seconds between two looks for due refreshes.
    pub refresh_interval: u64,
    /// Refreshes in flight at most.
    pub refresh_parallel: usize,
    /// A folder on a disk of this replica alone, where answers of providers wait until the database has them. Without
    /// it they wait in memory.
    pub journal_dir: Option<PathBuf>,
    /// Days that events are kept.
    pub event_retention_days: u32,
    /// Days that the log of requests is kept; 0 keeps none.
    pub request_log_days: u32,
    /// The mail server, as `smtp://user:password@host:587` or `smtps://…:465`. Without, nobody is written to.
    pub smtp_url: Option<SecretString>,
    /// Who mails come from, as `Shop <connect@example.com>`.
    pub mail_from: Option<String>,
    /// Days that a link in a mail lives.
    pub mail_link_days: u32,
    /// The issuer of the provider that says who operators are (OpenID Connect). Without, they sign in with passwords.
    pub sso_issuer: Option<Url>,
    /// The client id at that provider.
    pub sso_client_id: Option<String>,
    /// The client secret at that provider. Give this or the file.
    pub sso_client_secret: Option<SecretString>,
    /// A file that holds the client secret.
    pub sso_client_secret_file: Option<PathBuf>,
    /// What people call that provider, as `Okta`.
    pub sso_name: String,
    /// The operator's name for this instance, which tells a copy of its volume apart.
    pub instance: Option<String>,
    /// Threads that answer requests; one a core without.
    pub workers: Option<usize>,
    /// Requests a minute of one secret key; without, no limit.
    pub rate_per_key: Option<std::num::NonZeroU32>,
    /// Requests a minute of one address to the browser's side.
    pub rate_per_source: Option<std::num::NonZeroU32>,
    /// Where `latchkey dev` keeps its database and keys.
    pub dev_dir: PathBuf,
    /// The folder of `initdb` and `postgres` for `latchkey dev`; searched without.
    pub pg_bindir: Option<PathBuf>,
}

/// What holds without a file or a variable.
#[derive(Serialize)]
struct Defaults {
    bind: &'static str,
    trusted_proxies: &'static str,
    allow_private_hosts: &'static str,
    log: &'static str,
    database_connections: u32,
    refresh_margin: u64,
    refresh_interval: u64,
    refresh_parallel: usize,
    event_retention_days: u32,
    request_log_days: u32,
    mail_link_days: u32,
    sso_name: &'static str,
    rate_per_source: u32,
    dev_dir: &'static str,
}

const DEFAULTS: Defaults = Defaults {
    bind: "127.0.0.1:8080",
    trusted_proxies: "",
    allow_private_hosts: "",
    log: "info",
    database_connections: 20,
    refresh_margin: 300,
    refresh_interval: 1,
    refresh_parallel: 256,
    event_retention_days: 30,
    request_log_days: 7,
    mail_link_days: 7,
    sso_name: "single sign-on",
    rate_per_source: 6000,
    dev_dir: ".latchkey",
};

/// Other variables of the same prefix, which scripts and tests use.
const NOT_OURS: [&str; 3] = ["LATCHKEY_CONFIG", "LATCHKEY_BIN", "LATCHKEY_SLOW"];

impl Configuration {
    /// Reads the file named by `LATCHKEY_CONFIG` (or `latchkey.toml` where it is), then the environment.
    pub fn read() -> anyhow::Result<Self> {
        let file = environment("LATCHKEY_CONFIG").unwrap_or_else(|| "latchkey.toml".to_owned());
        let ours = Env::prefixed("LATCHKEY_").filter(|name| {
            let name = format!("LATCHKEY_{}", name.as_str().to_uppercase());
            !NOT_OURS.contains(&name.as_str()) && !name.starts_with("LATCHKEY_TEST_")
        });
        let figment = Figment::from(Serialized::defaults(DEFAULTS)).merge(Toml::file(file));
        let figment = match environment("DATABASE_URL") {
            Some(url) => figment.merge(("database_url", url)),
            None => figment,
        };
        // An empty variable counts as absent: that is what compose files make of a missing one.
        let ours = ours.filter_map(|name| {
            let set = environment(&format!("LATCHKEY_{}", name.as_str().to_uppercase())).is_some();
            set.then(|| name.to_owned().into())
        });
        let configuration: Self = figment
            .merge(ours)
            .extract()
            .context("the configuration cannot be read")?;
        configuration.check()?;
        Ok(configuration)
    }

    /// The names of all that an operator can decide, and whether it is decided: never what.
    pub fn told(&self) -> Vec<(&'static str, bool)> {
        let default = DEFAULTS;
        vec![
            ("LATCHKEY_ALLOW_PRIVATE_HOSTS", !self.allow_private_hosts.is_empty()),
            ("LATCHKEY_BIND", self.bind != default.bind),
            (
                "LATCHKEY_DATABASE_CONNECTIONS",
                self.database_connections != default.database_connections,
            ),
            ("LATCHKEY_DATABASE_URL", self.database_url.is_some()),
            (
                "LATCHKEY_EVENT_RETENTION_DAYS",
                self.event_retention_days != default.event_retention_days,
            ),
            ("LATCHKEY_EXTRA_ROOTS", self.extra_roots.is_some()),
            ("LATCHKEY_INSTANCE", self.instance.is_some()),
            ("LATCHKEY_INTEGRATIONS_DIR", self.integrations_dir.is_some()),
            ("LATCHKEY_JOURNAL_DIR", self.journal_dir.is_some()),
            ("LATCHKEY_LOG", self.log != default.log),
            ("LATCHKEY_LOG_FORMAT", self.log_format.is_some()),
            ("LATCHKEY_MAIL_FROM", self.mail_from.is_some()),
            ("LATCHKEY_MAIL_LINK_DAYS", self.mail_link_days != default.mail_link_days),
            ("LATCHKEY_MASTER_KEY", self.master_key.is_some()),
            ("LATCHKEY_MASTER_KEY_FILE", self.master_key_file.is_some()),
            ("LATCHKEY_OPERATOR_PROJECT", self.operator_project.is_some()),
            ("LATCHKEY_PUBLIC_URL", self.public_url.is_some()),
            ("LATCHKEY_RATE_PER_KEY", self.rate_per_key.is_some()),
            (
                "LATCHKEY_RATE_PER_SOURCE",
                self.rate_per_source.map(std::num::NonZeroU32::get) != Some(default.rate_per_source),
            ),
            (
                "LATCHKEY_REFRESH_INTERVAL",
                self.refresh_interval != default.refresh_interval,
            ),
            ("LATCHKEY_REFRESH_MARGIN", self.refresh_margin != default.refresh_margin),
            (
                "LATCHKEY_REFRESH_PARALLEL",
                self.refresh_parallel != default.refresh_parallel,
            ),
            ("LATCHKEY_SMTP_URL", self.smtp_url.is_some()),
            ("LATCHKEY_SSO_CLIENT_ID", self.sso_client_id.is_some()),
            ("LATCHKEY_SSO_CLIENT_SECRET", self.sso_client_secret.is_some()),
            ("LATCHKEY_SSO_CLIENT_SECRET_FILE", self.sso_client_secret_file.is_some()),
            ("LATCHKEY_SSO_ISSUER", self.sso_issuer.is_some()),
            ("LATCHKEY_SSO_NAME", self.sso_name != default.sso_name),
            ("LATCHKEY_TRUSTED_PROXIES", !self.trusted_proxies.is_empty()),
            ("LATCHKEY_WORKERS", self.workers.is_some()),
        ]
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.master_key.is_some() && self.master_key_file.is_some() {
            bail!("give LATCHKEY_MASTER_KEY or LATCHKEY_MASTER_KEY_FILE, not both");
        }
        if let Some(url) = &self.public_url {
            let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
            if !bare || !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
                bail!("LATCHKEY_PUBLIC_URL must be an address without a path, as https://connect.example.com");
            }
        }
        if !(4..=3650).contains(&self.event_retention_days) {
            bail!("LATCHKEY_EVENT_RETENTION_DAYS must be 4 to 3650: deliveries of an event are tried for three days");
        }
        if self.request_log_days > 365 {
            bail!("LATCHKEY_REQUEST_LOG_DAYS must be 0 to 365: 0 keeps no log of requests");
        }
        let is_name = |name: &String| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            name.len() <= 64 && name != "-" && name.bytes().all(allowed)
        };
        if !self.instance.as_ref().is_none_or(is_name) {
            bail!("LATCHKEY_INSTANCE must be a name of letters, digits, `.`, `_` and `-`, 64 at most, as production");
        }
        if !(1..=30).contains(&self.mail_link_days) {
            bail!("LATCHKEY_MAIL_LINK_DAYS must be 1 to 30");
        }
        self.mail()?;
        self.check_single_sign_on()?;
        self.private_hosts()?;
        self.operator_project()?;
        Ok(())
    }

    /// The mail server and the sender, where mail is set up.
    pub fn mail(&self) -> anyhow::Result<Option<(MailServer, Sender)>> {
        let (url, from) = match (&self.smtp_url, &self.mail_from) {
            (None, None) => return Ok(None),
            (Some(url), Some(from)) => (url, from),
            (Some(_), None) => {
                bail!(
                    "LATCHKEY_SMTP_URL is set, but not LATCHKEY_MAIL_FROM: write who mails come from, as connect@example.com"
                )
            }
            (None, Some(_)) => {
                bail!(
                    "LATCHKEY_MAIL_FROM is set, but not LATCHKEY_SMTP_URL: write the mail server, as smtp://user:password@host:587"
                )
            }
        };
        let server = MailServer::parse(url).context("LATCHKEY_SMTP_URL cannot be used")?;
        let sender = from
            .parse::<Sender>()
            .with_context(|| format!("LATCHKEY_MAIL_FROM holds `{from}`"))?;
        Ok(Some((server, sender)))
    }

    fn check_single_sign_on(&self) -> anyhow::Result<()> {
        let secrets = (self.sso_client_secret.is_some(), self.sso_client_secret_file.is_some());
        let Some(issuer) = &self.sso_issuer else {
            if self.sso_client_id.is_some() || secrets != (false, false) {
                bail!(
                    "LATCHKEY_SSO_CLIENT_ID or its secret is set, but not LATCHKEY_SSO_ISSUER: write the issuer, as https://id.example.com"
                );
            }
            return Ok(());
        };
        let is_plain = issuer.query().is_none() && issuer.fragment().is_none() && issuer.username().is_empty();
        if !is_plain || !matches!(issuer.scheme(), "http" | "https") || issuer.host_str().is_none() {
            bail!("LATCHKEY_SSO_ISSUER must be the provider's issuer, as https://id.example.com");
        }
        if self.sso_client_id.is_none() {
            bail!(
                "LATCHKEY_SSO_ISSUER is set, but not LATCHKEY_SSO_CLIENT_ID: write the client id that the provider gave"
            );
        }
        match secrets {
            (true, true) => bail!("give LATCHKEY_SSO_CLIENT_SECRET or LATCHKEY_SSO_CLIENT_SECRET_FILE, not both"),
            (false, false) => bail!(
                "LATCHKEY_SSO_ISSUER is set, but neither LATCHKEY_SSO_CLIENT_SECRET nor LATCHKEY_SSO_CLIENT_SECRET_FILE: write the client secret that the provider gave"
            ),
            _ => {}
        }
        if self.sso_name.trim().is_empty() || self.sso_name.chars().count() > 40 {
            bail!("LATCHKEY_SSO_NAME must have 1 to 40 characters, as Okta");
        }
        Ok(())
    }

    /// The client secret of single sign-on, if one was given.
    pub fn sso_client_secret(&self) -> anyhow::Result<Option<SecretString>> {
        let Some(path) = &self.sso_client_secret_file else {
            return Ok(self.sso_client_secret.clone());
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("LATCHKEY_SSO_CLIENT_SECRET_FILE: {} cannot be read", path.display()))?;
        let text = zeroize::Zeroizing::new(text);
        let secret = text.trim();
        if secret.is_empty() {
            bail!("LATCHKEY_SSO_CLIENT_SECRET_FILE: {} is empty", path.display());
        }
        Ok(Some(SecretString::from(secret)))
    }

    /// The parsed `operator_project`.
    pub fn operator_project(&self) -> anyhow::Result<Option<ProjectId>> {
        let parse = |id: &String| {
            id.parse().map_err(|_| {
                anyhow::anyhow!(
                    "LATCHKEY_OPERATOR_PROJECT holds `{id}`: write the id that `latchkey projects list` shows"
                )
            })
        };
        self.operator_project.as_ref().map(parse).transpose()
    }

    /// The parsed entries of `allow_private_hosts`.
    pub fn private_hosts(&self) -> anyhow::Result<Vec<AllowedOrigin>> {
        entries(&self.allow_private_hosts)
            .map(|entry| {
                entry
                    .parse()
                    .with_context(|| format!("LATCHKEY_ALLOW_PRIVATE_HOSTS holds `{entry}`"))
            })
            .collect()
    }

    /// The parsed entries of `trusted_proxies`.
    pub fn proxies(&self) -> anyhow::Result<Vec<broker::Network>> {
        entries(&self.trusted_proxies)
            .map(|entry| {
                entry
                    .parse()
                    .with_context(|| format!("LATCHKEY_TRUSTED_PROXIES holds `{entry}`"))
            })
            .collect()
    }

    /// The master key, if one was given.
    pub fn master_key(&self) -> anyhow::Result<Option<MasterKey>> {
        if let Some(key) = &self.master_key {
            return Ok(Some(
                MasterKey::parse(key.expose_secret()).context("LATCHKEY_MASTER_KEY")?,
            ));
        }
        let Some(path) = &self.master_key_file else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("LATCHKEY_MASTER_KEY_FILE: {} cannot be read", path.display()))?;
        let text = zeroize::Zeroizing::new(text);
        let key = MasterKey::parse(&text).with_context(|| format!("LATCHKEY_MASTER_KEY_FILE: {}", path.display()))?;
        Ok(Some(key))
    }

    /// The margin of a refresh.
    pub fn margin(&self) -> Duration {
        Duration::from_secs(self.refresh_margin)
    }

    /// How long events are kept.
    pub fn event_retention(&self) -> Duration {
        Duration::from_hours(24) * self.event_retention_days
    }

    /// What is in force, with secrets masked.
    pub fn masked(&self) -> serde_json::Value {
        let mask = |secret: &Option<SecretString>| secret.as_ref().map(|_| "(set)");
        serde_json::json!({
            "database_url": mask(&self.database_url),
            "master_key": mask(&self.master_key),
            "master_key_file": self.master_key_file,
            "public_url": self.public_url,
            "bind": self.bind,
            "trusted_proxies": self.trusted_proxies,
            "integrations_dir": self.integrations_dir,
            "operator_project": self.operator_project,
            "allow_private_hosts": self.allow_private_hosts,
            "extra_roots": self.extra_roots,
            "log": self.log,
            "log_format": self.log_format,
            "database_connections": self.database_connections,
            "refresh_margin": self.refresh_margin,
            "refresh_interval": self.refresh_interval,
            "refresh_parallel": self.refresh_parallel,
            "journal_dir": self.journal_dir,
            "event_retention_days": self.event_retention_days,
            "request_log_days": self.request_log_days,
            "smtp_url": mask(&self.smtp_url),
            "mail_from": self.mail_from,
            "mail_link_days": self.mail_link_days,
            "sso_issuer": self.sso_issuer,
            "sso_client_id": self.sso_client_id,
            "sso_client_secret": mask(&self.sso_client_secret),
            "sso_client_secret_file": self.sso_client_secret_file,
            "sso_name": self.sso_name,
            "instance": self.instance,
            "workers": self.workers,
            "rate_per_key": self.rate_per_key,
            "rate_per_source": self.rate_per_source,
            "dev_dir": self.dev_dir,
            "pg_bindir": self.pg_bindir,
        })
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_single_sign_on_may_lie_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let mut values = serde_json::to_value(DEFAULTS).unwrap();
        values["sso_client_secret_file"] = path.to_str().unwrap().into();
        let configuration: Configuration = serde_json::from_value(values).unwrap();
        for (text, expected) in [
            (None, Err("cannot be read")),
            (Some("\n"), Err("is empty")),
            (Some("s3cret of the file\n"), Ok("s3cret of the file")),
        ] {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let read = configuration.sso_client_secret();
            match expected {
                Ok(secret) => assert_eq!(read.unwrap().unwrap().expose_secret(), secret),
                Err(why) => assert!(format!("{:#}", read.unwrap_err()).contains(why), "{why}"),
            }
        }
    }
}
