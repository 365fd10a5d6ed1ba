//! A server of the product whose whole outside world is one player, and what it plays at the moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{GivenKey, Scope};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::AppSettings;
use testkit::TestServer;
use vault::Environment;

use crate::player::{Client, Player, Role, client_key};
use crate::script::Script;

/// Where the built-in sandbox would be, played as any other service.
const SANDBOX: &str = "https://sandbox.player.example/sandbox";

/// A server and a player. Runs on it are one after another, because they share a clock.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) server: TestServer,
    pub(crate) player: Player,
    /// May read credentials.
    pub(crate) reading: String,
}

impl Stage {
    /// Starts both; the product reads these definitions.
    pub(crate) async fn start(read: &[Arc<Script>]) -> Result<Self, String> {
        let player = Player::start().await?;
        let server = TestServer::builder()
            .played_by(player.address, &player.authority, SANDBOX)
            .with_definitions(read.iter().map(|script| (script.file.clone(), script.text.clone())))
            .start()
            .await;
        let reading = server.key_with(&[Scope::CredentialsRead]).await;
        Ok(Self {
            server,
            player,
            reading,
        })
    }

    /// A role for a way to sign in, and the operator's settings for it.
    pub(crate) fn cast(&self, script: &Arc<Script>, way: usize) {
        // With every character that needs care in a form or in Basic.
        let client = Client {
            id: format!("client {}+&=", script.id),
            secret: format!("secret/{}:%+&= ", script.id).trim_end().to_owned(),
            key: client_key(&script.ways()[way]).to_owned(),
        };
        let instance = json!({ "public_url": self.server.url, "sandbox_url": SANDBOX });
        self.player.play(Some(Role::new(script, way, client, instance)));
    }

    /// The operator's app: client, values of variables, scopes.
    pub(crate) async fn set_app(
        &self,
        variables: BTreeMap<String, String>,
        scopes: Option<Vec<String>>,
    ) -> Result<(), String> {
        let (id, client) = self.player.with(|role| (role.script.id.clone(), role.client.clone()))?;
        let catalog = self.server.broker.catalog();
        let integration = catalog.get(&id).ok_or_else(|| format!("{id} is not loaded"))?;
        let by_key = integration
            .auth
            .iter()
            .any(|method| method.kind.client_assertion().is_some());
        let client_key = by_key
            .then(|| GivenKey::Text(SecretString::from(client.key)).for_client_of(integration, None))
            .transpose()
            .map_err(|problem| problem.message().to_owned())?;
        let settings = AppSettings {
            client_key,
            client_id: Some(client.id),
            client_secret: Some(SecretString::from(client.secret)),
            variables: Some(variables),
            scopes,
            ..AppSettings::default()
        };
        let (project, origin) = (self.server.project.id, self.server.broker.public_origin());
        let set = self
            .server
            .broker
            .store()
            .set_app(project, Environment::Test, &id, origin, settings);
        set.await
            .map(drop)
            .map_err(|error| format!("the app cannot be set: {error}"))
    }

    /// What the player complains of since the last time.
    pub(crate) fn complaints(&self) -> Result<(), String> {
        let complaints = self.player.with(|role| std::mem::take(&mut role.complaints))?;
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(complaints.join("; "))
        }
    }

    /// Notes that the run used a place of the definition.
    pub(crate) fn used(&self, path: &str) -> Result<(), String> {
        self.player.with(|role| role.ledger.used(path))
    }

    /// A call through a connection: the status and the answer.
    pub(crate) async fn pass(
        &self,
        connection: &Value,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), String> {
        self.pass_to(None, connection, method, path, body).await
    }

    /// The same, to one of the API's further hosts.
    pub(crate) async fn pass_to(
        &self,
        host: Option<&str>,
        connection: &Value,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), String> {
        let key = connection["key"].as_str().ok_or("the connection has no key")?;
        let mut call = self
            .server
            .api(method, &format!("/v1/passthrough/{path}"))
            .connection(key);
        if let Some(host) = host {
            call = call.header("X-Latchkey-Host", host);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.send().await;
        let json = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
        Ok((answer.status, json))
    }
}
