//! `latchkey apps`: OAuth clients and the operator's settings of an integration.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;

use anyhow::{Context as _, bail};
use broker::{Broker, GivenKey, Verdict, parse_origin};
use catalog::{AuthKind, Integration, SetBy};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{App, AppSettings, Project};
use vault::Environment;

use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apps of a project and environment.
    List {
        #[command(flatten)]
        target: ProjectArguments,
    },
    /// Set the OAuth client of an integration and switch it on. The callback address stays the same.
    Set(SetArguments),
    /// Check that the service takes the OAuth client: its id, its secret, the redirect address. No grant is made.
    Doctor {
        /// The integration, as `gmail`.
        integration: String,
        #[command(flatten)]
        target: ProjectArguments,
    },
}

#[derive(Debug, Args)]
pub(super) struct SetArguments {
    #[command(flatten)]
    target: ProjectArguments,
    /// The integration, as `gmail`.
    #[arg(long)]
    integration: String,
    /// The client id that the service gave.
    #[arg(long)]
    client_id: Option<String>,
    /// Read the client secret from standard input, so that it is in no history.
    #[arg(long)]
    client_secret_stdin: bool,
    /// Read the client's private key from standard input, in PEM or as a JWK, for a service that takes one.
    #[arg(long, conflicts_with_all = ["client_secret_stdin", "generate_client_key"])]
    client_key_stdin: bool,
    /// Make the client's private key here; its public half is shown, to be registered at the service.
    #[arg(long)]
    generate_client_key: bool,
    /// The `kid` of that key, where the service gave it one.
    #[arg(long)]
    client_key_id: Option<String>,
    /// A scope to ask for, instead of the definition's; repeat for more.
    #[arg(long)]
    scope: Vec<String>,
    /// A value that the definition asks the operator for, as `issuer=https://id.example.com`; repeat for more.
    #[arg(long)]
    variable: Vec<String>,
    /// Use the plain callback address without the app's id, for clients registered elsewhere before.
    #[arg(long)]
    plain_callback: Option<bool>,
    /// The origin in the callback address: the project's own domain, or this server's own address. Register the new address
    /// at the service first.
    #[arg(long)]
    callback_origin: Option<String>,
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::List { target } => {
            let project = target::project(&broker, target.project.as_deref()).await?;
            let apps = broker.store().apps(project.id, target.environment).await?;
            let catalog = broker.catalog();
            let of = |app: &App| row(app, catalog.get(&app.integration).map(AsRef::as_ref));
            let rows: Vec<Value> = apps.iter().map(of).collect();
            output.rows(&rows, &["integration", "enabled", "client_id", "redirect_uri"]);
        }
        Command::Doctor { integration, target } => doctor(&broker, output, &integration, &target).await?,
        Command::Set(arguments) => {
            let project = target::project(&broker, arguments.target.project.as_deref()).await?;
            let catalog = broker.catalog();
            let integration = find(&catalog, &arguments.integration)?;
            let client_secret = if arguments.client_secret_stdin {
                Some(secret_from_stdin("client secret")?)
            } else {
                None
            };
            let client_key = if arguments.client_key_stdin {
                Some(GivenKey::Text(secret_from_stdin("private key")?))
            } else {
                arguments.generate_client_key.then_some(GivenKey::Made)
            };
            if client_key.is_none() && arguments.client_key_id.is_some() {
                bail!("--client-key-id names a key: give --client-key-stdin or --generate-client-key with it");
            }
            let client_key = client_key
                .map(|key| key.for_client_of(integration, arguments.client_key_id))
                .transpose()
                .map_err(|problem| anyhow::anyhow!("{}", problem.message()))?;
            let settings = AppSettings {
                enabled: Some(true),
                client_id: arguments.client_id,
                client_secret,
                client_key,
                scopes: (!arguments.scope.is_empty()).then_some(arguments.scope),
                variables: (!arguments.variable.is_empty())
                    .then(|| variables(integration, &arguments.variable))
                    .transpose()?,
                plain_callback: arguments.plain_callback,
                callback_origin: arguments
                    .callback_origin
                    .map(|origin| callback_origin(&origin, broker.public_origin(), project.domain.as_deref()))
                    .transpose()?,
                ..AppSettings::default()
            };
            let app = set(&broker, &project, arguments.target.environment, integration, settings).await?;
            let mut text = format!("{} is set.", integration.name);
            if comes_back(integration) {
                write!(text, "\n  redirect address  {}", app.redirect_uri())?;
            }
            let needs_client = integration.auth.iter().any(|method| method.kind.needs_app());
            if needs_client && app.client_id.is_none() {
                text.push_str("\nRegister an OAuth app with this redirect address, then set --client-id and --client-secret-stdin.");
            }
            if needs_key(integration) && app.public_key.is_none() {
                text.push_str(
                    "\nIts client proves itself with a private key: set --client-key-stdin or --generate-client-key.",
                );
            }
            if let (Some(jwks), Some(address)) = (app.jwks(), app.jwks_uri()) {
                write!(text, "\n  public keys       {address}\n  {jwks}")?;
            }
            output.say(&row(&app, Some(integration)), &text);
        }
    }
    Ok(())
}

/// Says what each check found. An app that cannot work is a failure of the command.
async fn doctor(broker: &Broker, output: Output, integration: &str, target: &ProjectArguments) -> anyhow::Result<()> {
    let project = target::project(broker, target.project.as_deref()).await?;
    let mut caller = target::operator_of(&project);
    caller.environment = target.environment;
    let diagnosis = broker.examine_app(&caller, integration).await?;
    let mut text = String::new();
    for check in &diagnosis.checks {
        writeln!(
            text,
            "{:<9}  {}: {}",
            check.verdict.as_str(),
            check.title,
            check.message
        )?;
        if let Some(mend) = &check.mend {
            writeln!(text, "{:<9}  → {mend}", "")?;
        }
    }
    output.say(&serde_json::to_value(&diagnosis)?, text.trim_end());
    if diagnosis.verdict == Verdict::Bad {
        bail!("people cannot connect {integration} with this app");
    }
    Ok(())
}

/// Only our own origins: an answer of a service is not to be sent to anybody else.
fn callback_origin(given: &str, main: &str, domain: Option<&str>) -> anyhow::Result<String> {
    let origin = parse_origin(given)?;
    if origin == main || domain == Some(origin.as_str()) {
        return Ok(origin);
    }
    let other = domain.map_or_else(
        || ", or give the project its own domain first with `latchkey branding domain`".to_owned(),
        |domain| format!(" or {domain}"),
    );
    bail!("{origin} is not an address of ours: write {main}{other}")
}

/// Switches an integration on with its settings.
pub(super) async fn set(
    broker: &Broker,
    project: &Project,
    environment: Environment,
    integration: &Integration,
    settings: AppSettings,
) -> anyhow::Result<App> {
    let id = integration.id.as_str();
    if !integration.environments.iter().any(|name| name == environment.as_str()) {
        bail!("{} does not exist in `{environment}`", integration.name);
    }
    if settings.client_id.as_deref().is_some_and(|id| id.trim().is_empty()) {
        bail!(
            "--client-id is empty: give the client id that {} shows",
            integration.name
        );
    }
    let takes_client = integration.auth.iter().any(|method| method.kind.needs_app());
    let gives_client =
        settings.client_id.is_some() || settings.client_secret.is_some() || settings.client_key.is_some();
    if !takes_client && gives_client {
        bail!(
            "{} is connected with a key, not with an OAuth app: switch it on with `latchkey integrations enable {id}`",
            integration.name
        );
    }
    let is_sandbox = broker::SANDBOXES.contains(&id);
    if is_sandbox && gives_client {
        bail!("the sandbox makes its own client: leave --client-id and --client-secret-stdin out");
    }
    let on = settings.enabled == Some(true);
    let callback = settings.callback_origin.clone();
    let app = broker.set_app(project.id, environment, integration, settings).await?;
    if is_sandbox && on {
        return Ok(server::enable_sandbox(broker, project.id, id, callback.as_deref()).await?);
    }
    Ok(app)
}

pub(super) fn find<'a>(catalog: &'a catalog::Catalog, id: &str) -> anyhow::Result<&'a Integration> {
    let found = catalog
        .get(id)
        .with_context(|| format!("there is no integration `{id}` here: `latchkey integrations list` shows those that there are. The folder of your own is named by LATCHKEY_INTEGRATIONS_DIR"))?;
    Ok(found)
}

/// `name=value` pairs that the definition asks the operator for.
pub(super) fn variables(integration: &Integration, given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    given
        .iter()
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .with_context(|| format!("`{pair}`: write --variable name=value"))?;
            let Some(variable) = integration
                .variables
                .get(name)
                .filter(|variable| variable.set_by == SetBy::Operator)
            else {
                let known: Vec<&str> = integration
                    .variables
                    .iter()
                    .filter(|(_, variable)| variable.set_by == SetBy::Operator)
                    .map(|(name, _)| name.as_str())
                    .collect();
                bail!(
                    "{} has no setting `{name}`; it has: {}",
                    integration.name,
                    known.join(", ")
                );
            };
            variable
                .check(value)
                .map_err(|message| anyhow::anyhow!("{name}: {message}"))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn needs_key(integration: &Integration) -> bool {
    integration
        .auth
        .iter()
        .any(|method| method.kind.client_assertion().is_some())
}

fn secret_from_stdin(what: &str) -> anyhow::Result<SecretString> {
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin()
        .take(16 * 1024)
        .read_to_string(&mut text)
        .with_context(|| format!("the {what} cannot be read"))?;
    let secret = text.trim();
    if secret.is_empty() {
        bail!("no {what} came on standard input");
    }
    Ok(SecretString::from(secret))
}

/// Whether people are sent to the service and come back to an address of ours, which an app there has to name.
fn comes_back(integration: &Integration) -> bool {
    integration.auth.iter().any(|method| match &method.kind {
        AuthKind::OAuth2(oauth2) => oauth2.device.is_none() && !oauth2.registers_clients(),
        AuthKind::OAuth1(_) => true,
        AuthKind::ApiKey(_) => false,
    })
}

/// An app; the redirect address of one whose definition is gone may still be needed.
pub(super) fn row(app: &App, integration: Option<&Integration>) -> Value {
    let redirect_uri = integration.is_none_or(comes_back).then(|| app.redirect_uri());
    json!({
        "id": app.id,
        "integration": app.integration,
        "environment": app.environment,
        "enabled": app.enabled,
        "client_id": app.client_id,
        "has_client_secret": app.has_client_secret,
        "jwks": app.jwks(),
        "jwks_uri": app.jwks_uri(),
        "scopes": app.scopes,
        "variables": app.variables,
        "secret_variables": app.secret_names,
        "redirect_uri": redirect_uri,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_comes_to_an_address_of_ours_alone() {
        const MAIN: &str = "https://latchkey.example.test";
        const OWN: &str = "https://connect.shop.example.test";
        assert_eq!(callback_origin(OWN, MAIN, Some(OWN)).unwrap(), OWN);
        assert_eq!(callback_origin(&format!("{MAIN}/"), MAIN, None).unwrap(), MAIN);
        let refused = |domain| {
            callback_origin("https://evil.test", MAIN, domain)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(Some(OWN)),
            format!("https://evil.test is not an address of ours: write {MAIN} or {OWN}")
        );
        assert!(refused(None).ends_with("or give the project its own domain first with `latchkey branding domain`"));
        assert!(callback_origin("not one", MAIN, None).is_err());
    }
}
