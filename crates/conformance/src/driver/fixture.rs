//! A fixture replayed: product and player go through what the provider's documents show.

use serde_json::{Value, json};

use super::connect::{Connected, read};
use super::{Done, Scene};
use crate::fixture::{End, Exchange, Fixture, Lifetime, Moment, Then};
use crate::player::{Recital, Take};

/// Seconds within which a moment is the same.
const MARGIN: u64 = 60;

impl Scene<'_> {
    /// What goes well, and then each error.
    pub(super) async fn fixture(&self, fixture: &Fixture) -> Result<Done, String> {
        // Nothing of the steps before is under way when the addresses are those of the documents.
        self.clear().await?;
        self.goes_well(fixture).await?;
        for (exchanges, moment, end) in fixture.bad() {
            let went = self.goes_wrong(fixture, exchanges, moment, end).await;
            went.map_err(|problem| format!("an error at {moment:?}: {problem}"))?;
            self.clear().await?;
        }
        Ok(Done::Ok)
    }

    fn fixed_take(&self, fixture: &Fixture) -> Result<Take, String> {
        let mut take = self.take(0)?;
        for (name, value) in &fixture.input {
            let is_secret = self.fields().iter().any(|field| field.name == name);
            let values = if is_secret {
                &mut take.secrets
            } else {
                &mut take.variables
            };
            values.insert(name.clone(), value.clone());
        }
        Ok(take)
    }

    fn recite(&self, exchanges: Vec<Exchange>) -> Result<(), String> {
        self.stage
            .player
            .with(|role| role.recital = Some(Recital::new(exchanges)))
    }

    async fn goes_well(&self, fixture: &Fixture) -> Result<(), String> {
        self.recite(fixture.good().cloned().collect())?;
        let connected = self.connect(&self.fixed_take(fixture)?).await?;
        if !fixture.input.is_empty() {
            // A refresh takes an app as it was a second ago, and its addresses are others now.
            tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        }
        self.is_known(&connected, &fixture.then).await?;
        for call in fixture.good().filter(|exchange| exchange.step == Moment::Call) {
            self.calls(&connected, call).await?;
        }
        if fixture.good().any(|exchange| exchange.step == Moment::Refresh) {
            self.refreshes_as_shown(&connected, &fixture.then).await?;
        } else if fixture.then.refresh_token == Some(false) {
            self.refreshes_never(&connected, &fixture.then).await?;
        }
        self.remove(&connected.connection).await?;
        self.stage.complaints()?;
        let left = self.stage.player.with(|role| {
            let left = role.recital.as_ref().map(Recital::left);
            left.unwrap_or_default()
        })?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("never asked for: {}", left.join(", ")))
        }
    }

    async fn credential(&self, connected: &Connected) -> Result<Value, String> {
        let id = connected.connection["id"].as_str().unwrap_or_default();
        let path = format!("/v1/vault/connections/{id}/credential");
        let key = &self.stage.reading;
        read(&self.stage.server.api("GET", &path).key(key).send().await, 200)
    }

    /// What Latchkey knows is what the exchanges say.
    async fn is_known(&self, connected: &Connected, then: &Then) -> Result<(), String> {
        let credential = self.credential(connected).await?;
        let mut wrong = Vec::new();
        let mut compare = |what: &str, shown: Value, known: &Value| {
            if shown != *known {
                wrong.push(format!("{what} should be {shown}, is {known}"));
            }
        };
        if let Some(account) = &then.account {
            if let Some(id) = &account.id {
                compare("the account's id", json!(id), &credential["account"]["id"]);
            }
            if let Some(name) = &account.name {
                compare("the account's name", json!(name), &credential["account"]["name"]);
            }
        }
        if let Some(scopes) = &then.scopes {
            let mut known: Vec<&str> = credential["scopes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let mut shown: Vec<&str> = scopes.iter().map(String::as_str).collect();
            known.sort_unstable();
            shown.sort_unstable();
            compare("the scopes", json!(shown), &json!(known));
        }
        match (then.expires_in, credential["expiresIn"].as_u64()) {
            (Lifetime::Unsaid, _) | (Lifetime::Unknown, None) => {}
            (Lifetime::Seconds(shown), Some(known)) if known <= shown && known + MARGIN >= shown => {}
            (shown, known) => wrong.push(format!("the token ends in {known:?} seconds, and {shown:?} is shown")),
        }
        if self.has_token() {
            let token = self.stage.player.with(|role| role.access_token().to_owned())?;
            if credential["accessToken"] != token.as_str() {
                wrong.push("the access token is not the one that is shown".to_owned());
            }
        }
        if !then.variables.is_empty() {
            let id = connected.connection["id"].as_str().unwrap_or_default();
            let sql = format!("select variables::text from connections where id::text = '{id}'");
            let known: Value = serde_json::from_str(&self.stage.server.database.text(&sql).await)
                .map_err(|error| error.to_string())?;
            for (name, shown) in &then.variables {
                if known[name] != shown.as_str() {
                    wrong.push(format!("`{name}` should be {shown}, is {}", known[name]));
                }
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        }
    }

    /// A call through the connection brings the answer that is shown.
    async fn calls(&self, connected: &Connected, call: &Exchange) -> Result<(), String> {
        let (Some(request), Some(response)) = (&call.request, &call.response) else {
            return Err("a call shows no request and answer".to_owned());
        };
        let base = self
            .stage
            .player
            .with(|role| role.address(&self.script.at("api").at("base_url")))??;
        let whole = url::Url::parse(&request.url).map_err(|error| error.to_string())?;
        let base_path = format!("/{}", base.path.join("/"));
        let below = whole.path().strip_prefix(base_path.trim_end_matches('/'));
        let path = below.ok_or_else(|| format!("{} is not below {}", request.url, base.place()))?;
        let mut path = path.trim_start_matches('/').to_owned();
        if let Some(query) = whole.query() {
            path = format!("{path}?{query}");
        }
        let passed = self
            .stage
            .pass(&connected.connection, call.method(), &path, request.json.as_ref());
        let (status, answer) = passed.await?;
        self.stage.complaints()?;
        if status != response.status || response.json.as_ref().is_some_and(|shown| *shown != answer) {
            return Err(format!("{} gives {status} {answer}", request.url));
        }
        Ok(())
    }

    /// Time until the token has ended.
    fn past_the_end(then: &Then) -> u64 {
        match then.expires_in {
            Lifetime::Seconds(seconds) => seconds + 1,
            Lifetime::Unsaid | Lifetime::Unknown => 90 * 86_400,
        }
    }

    async fn ask_for_new_tokens(&self, connected: &Connected) -> Result<(), String> {
        let id = connected.connection["id"].as_str().unwrap_or_default();
        let path = format!("/v1/vault/connections/{id}/refresh");
        let refreshed = self.stage.server.api("POST", &path).send().await;
        self.stage.complaints()?;
        read(&refreshed, 200).map(drop)
    }

    async fn refreshes_as_shown(&self, connected: &Connected, then: &Then) -> Result<(), String> {
        if let Lifetime::Seconds(seconds) = then.expires_in {
            self.advance(seconds + 1).await?;
        }
        self.ask_for_new_tokens(connected).await?;
        let (token, credential) = (
            self.stage.player.with(|role| role.access_token().to_owned())?,
            self.credential(connected).await?,
        );
        if credential["accessToken"] != token.as_str() {
            return Err("after the refresh the access token is not the one that is shown".to_owned());
        }
        Ok(())
    }

    async fn refreshes_never(&self, connected: &Connected, then: &Then) -> Result<(), String> {
        self.advance(Self::past_the_end(then)).await?;
        let tick = self.stage.server.broker.refresh_tick().await;
        tick.map_err(|error| error.to_string())?;
        self.stage.complaints()?;
        let count = self
            .stage
            .player
            .with(|role| role.count(&crate::player::Seen::Refresh))?;
        if count == 0 {
            return Ok(());
        }
        Err(format!(
            "{} has no refresh token, and was refreshed",
            connected.connection["id"]
        ))
    }

    async fn goes_wrong(
        &self,
        fixture: &Fixture,
        exchanges: Vec<Exchange>,
        moment: Moment,
        end: End,
    ) -> Result<(), String> {
        self.recite(exchanges)?;
        let take = self.fixed_take(fixture)?;
        if moment == Moment::Refresh {
            let connected = self.connect(&take).await?;
            self.advance(Self::past_the_end(&fixture.then)).await?;
            let mut states = vec![self.after_refresh(&connected).await?];
            self.advance(61).await?;
            states.push(self.after_refresh(&connected).await?);
            let expected = match end {
                End::Passes => ["degraded refresh_failing"; 2],
                End::Refused | End::Fails => ["degraded grant_refused", "failed grant_gone"],
            };
            return if states == expected {
                Ok(())
            } else {
                Err(format!("the connection is {states:?}"))
            };
        }
        if moment == Moment::Check && self.is_oauth2() {
            return self.tested(&take, end).await;
        }
        let connected = self.connect(&take).await;
        self.stage.complaints()?;
        match (connected, end) {
            (Ok(_), _) => Err("there is a connection".to_owned()),
            (Err(problem), End::Refused) if !problem.contains("credential_refused") => Err(problem),
            (Err(problem), End::Passes) if problem.contains("credential_refused") => Err(problem),
            (Err(_), _) => Ok(()),
        }
    }

    /// Who signed in has a connection even if the check is refused; a test of it says so.
    async fn tested(&self, take: &Take, end: End) -> Result<(), String> {
        let connected = self.connect(take).await?;
        let id = connected.connection["id"].as_str().unwrap_or_default();
        let path = format!("/v1/vault/connections/{id}/test");
        let tested = read(&self.stage.server.api("POST", &path).send().await, 200)?;
        self.stage.complaints()?;
        let is_refused = tested["reason"] == "credential_refused";
        if tested["ok"] == false && is_refused == (end != End::Passes) {
            Ok(())
        } else {
            Err(format!("a test of the connection says {tested}"))
        }
    }
}
