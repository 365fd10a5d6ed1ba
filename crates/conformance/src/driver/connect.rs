//! Connecting: as a customer's page, its modal and a person's browser do it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{Answer, Browser, SHOP, StartedFlow};
use vault::Token;

use super::Scene;
use crate::player::{INTERVAL, Mood, SERVERS, Take, sample_key};
use crate::sample;

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    /// The connection's record.
    pub(crate) connection: Value,
    /// The account as the person reads it.
    pub(crate) account: Option<String>,
    /// Access that was asked for and is missing, in words.
    pub(crate) missing: Value,
}

impl Scene<'_> {
    /// The take of this number: each variable, secret and alternative in the value of that number. Number 0 is what
    /// happens when nobody says anything: the defaults.
    pub(crate) fn take(&self, number: usize) -> Result<Take, String> {
        let mut take = Take {
            number,
            account: 1,
            alternative: number,
            expires_in: Some(3600),
            ..Take::default()
        };
        for given in self.given() {
            let value = match given.part.at("default").text() {
                Some(text) if number == 0 => text.to_owned(),
                None if number == 0 && given.is_optional() => continue,
                _ => sample::of_variable(&given, number)?,
            };
            let is_server = self.is_mcp() && given.part.at("type").text() == Some("url");
            let is_last = number % SERVERS == SERVERS - 1;
            // Such addresses are what they are, with or without a last slash.
            let end = if is_server && is_last { "/" } else { "" };
            take.variables.insert(given.name.to_owned(), format!("{value}{end}"));
        }
        let sign = self.way().at("sign");
        for field in self.fields() {
            let name = field.name;
            let pattern = field.texts.as_ref().and_then(|field| field.at("pattern").text());
            if number == 0 && field.texts.as_ref().is_some_and(|field| field.at("optional").is_true()) {
                continue;
            }
            let is_key = sign
                .at("key")
                .text()
                .is_some_and(|key| key.contains(&format!("credential.{name}")));
            let value = match pattern {
                Some(pattern) => sample::matching(pattern, number)?,
                None if is_key => sample_key(&sign),
                None => format!("{name}-of-{}-{number}", self.script.id),
            };
            take.secrets.insert(name.to_owned(), value);
        }
        Ok(take)
    }

    /// What the person types in for a take; defaults are left out where nobody says anything.
    pub(crate) fn typed(&self, take: &Take) -> BTreeMap<String, String> {
        let mut typed = take.secrets.clone();
        typed.extend(self.said(take, false));
        typed
    }

    /// The values of a take that the operator gives, or the person, without those that are the default.
    fn said(&self, take: &Take, by_operator: bool) -> BTreeMap<String, String> {
        let given = self
            .given()
            .into_iter()
            .filter(|given| given.is_operators() == by_operator);
        given
            .filter_map(|given| {
                let value = take.variables.get(given.name)?;
                let is_default = given.part.at("default").text() == Some(value);
                (!is_default).then(|| (given.name.to_owned(), value.clone()))
            })
            .collect()
    }

    /// Sets the app and begins to play a take.
    pub(crate) async fn begin(&self, take: &Take) -> Result<(), String> {
        let own = self.said(take, true);
        // An app that asked for others asks for the default ones from now on; before, it says nothing.
        let changed = self
            .stage
            .player
            .with(|role| role.take.scopes.is_some() || role.scopes_changed)?;
        let defaults = || {
            self.way()
                .at("scopes")
                .at("default")
                .texts()
                .into_iter()
                .map(ToOwned::to_owned)
                .collect()
        };
        let scopes = take.scopes.clone().or_else(|| changed.then(defaults));
        self.stage.set_app(own, scopes).await?;
        self.stage.player.with(|role| {
            role.scopes_changed = changed;
            role.begin(take.clone());
        })
    }

    /// Connects.
    pub(crate) async fn connect(&self, take: &Take) -> Result<Connected, String> {
        let session = self
            .stage
            .server
            .session(&json!({ "identity": self.identity, "identityType": "user" }))
            .await;
        self.connect_in(&session, take).await
    }

    /// The same in a session that is there. What went wrong is told with what the service noticed.
    pub(crate) async fn connect_in(&self, session: &str, take: &Take) -> Result<Connected, String> {
        self.begin(take).await?;
        let connected = self.try_connect(session, take).await;
        match (connected, self.stage.complaints()) {
            (Ok(connected), Ok(())) => Ok(connected),
            (Ok(_) | Err(_), Err(complaints)) => Err(complaints),
            (Err(error), Ok(())) => Err(error),
        }
    }

    /// Connects while the service is in this mood: the problem's text, or an error where it went through.
    pub(crate) async fn refused(&self, take: &Take, mood: Mood) -> Result<String, String> {
        let session = self
            .stage
            .server
            .session(&json!({ "identity": self.identity, "identityType": "user" }))
            .await;
        self.begin(take).await?;
        self.stage.player.with(|role| role.mood = mood.clone())?;
        let connected = self.try_connect(&session, take).await;
        self.stage.complaints()?;
        match connected {
            Ok(_) => Err(format!(
                "the service was to refuse ({mood:?}), and there is a connection"
            )),
            Err(problem) => Ok(problem),
        }
    }

    async fn try_connect(&self, session: &str, take: &Take) -> Result<Connected, String> {
        if self.is_by_code() {
            self.enter_code(session, take).await
        } else if self.signs_in() {
            self.sign_in(session, take).await
        } else {
            self.submit(session, take).await
        }
    }

    async fn submit(&self, session: &str, take: &Take) -> Result<Connected, String> {
        let body = json!({
            "integration": self.script.id, "auth": self.way_id(), "values": self.typed(take), "name": null, "embedder": SHOP,
        });
        let browser = self.stage.server.browser();
        let answer = browser.post("/connect/api/submit", Some(session), &body).await;
        let outcome = read(&answer, 200)?;
        if outcome["status"] == "choosing" {
            let flow = outcome["flow"].as_str().unwrap_or_default();
            self.choose(&browser, session, flow).await?;
            return ended(&browser.check(outcome["result"].as_str().unwrap_or_default()).await);
        }
        ended(&outcome)
    }

    async fn sign_in(&self, session: &str, take: &Take) -> Result<Connected, String> {
        let browser = self.stage.server.browser();
        let (ticket, proof) = (Token::generate().expose(), Token::generate().expose());
        let body = json!({
            "integration": self.script.id, "auth": self.way_id(), "values": self.typed(take), "name": null,
            "mode": "popup", "ticket": ticket, "proof": proof, "embedder": SHOP,
        });
        let started = read(&browser.post("/connect/api/flows", Some(session), &body).await, 201)?;
        let text = |field: &str| started[field].as_str().unwrap_or_default().to_owned();
        let flow = StartedFlow {
            flow: text("flow"),
            result: text("result"),
            code: text("code"),
            ticket,
            proof,
            url: None,
        };
        let left = read(&browser.redeem(&flow).await, 200)?;
        let authorize = left["url"]
            .as_str()
            .ok_or_else(|| format!("the browser is not sent away: {left}"))?;
        // What is over before the person leaves sends them back.
        if authorize.starts_with(&format!("{}/connect/", self.stage.server.url)) {
            return ended(&browser.check(&flow.result).await);
        }
        let reply = self.stage.player.visit(authorize)?;
        let callback = reply.location.ok_or(reply.body)?;
        let back = browser.get(&callback).await;
        if back.status != 303 {
            return Err(format!("the callback answers {}", back.status));
        }
        if browser.check(&flow.result).await["stage"] == "choosing" {
            self.choose(&browser, session, &flow.flow).await?;
        }
        ended(&browser.check(&flow.result).await)
    }

    /// The person enters the code that the modal shows; before and after, the service is asked in its interval.
    async fn enter_code(&self, session: &str, take: &Take) -> Result<Connected, String> {
        let browser = self.stage.server.browser();
        let body = json!({
            "integration": self.script.id, "auth": self.way_id(), "values": self.typed(take), "name": null, "embedder": SHOP,
        });
        let started = read(&browser.post("/connect/api/codes", Some(session), &body).await, 201)?;
        let text = |field: &str| started[field].as_str().unwrap_or_default();
        let (flow, result) = (text("flow"), text("result"));
        self.ask(1, 0).await?;
        self.ask(INTERVAL - 1, 1).await?;
        // A refusal of the token endpoint comes before anybody enters anything.
        if browser.check(result).await["stage"] == "away" {
            self.stage.player.with(|role| role.enter(&started))?;
            self.ask(INTERVAL - 1, 0).await?;
            self.ask(1, 1).await?;
        }
        if browser.check(result).await["stage"] == "choosing" {
            self.choose(&browser, session, flow).await?;
        }
        ended(&browser.check(result).await)
    }

    /// After so many seconds the product asks the service so many times.
    async fn ask(&self, seconds: i64, times: usize) -> Result<(), String> {
        self.stage.server.advance(seconds).await;
        let tick = self.stage.server.broker.poll_tick().await;
        let asked = tick.map_err(|error| error.to_string())?.asked;
        if asked != times {
            return Err(format!(
                "after {seconds} seconds the service is asked {asked} times, not {times}"
            ));
        }
        Ok(())
    }

    /// The person reads the list and picks.
    async fn choose(&self, browser: &Browser, session: &str, flow: &str) -> Result<(), String> {
        let path = |what: &str| format!("/connect/api/flows/{flow}/{what}");
        let list = read(&browser.post(&path("choices"), Some(session), &json!({})).await, 200)?;
        let way = self.way();
        let (expected, pick) = self.stage.player.with(|role| {
            let expected = role.choices_to_read(&way.at("choose"));
            (expected, role.pick)
        })?;
        let expected: Vec<Value> = expected?
            .into_iter()
            .map(|(name, description)| json!([name, description]))
            .collect();
        let shown = list["choices"].as_array().cloned().unwrap_or_default();
        let shown: Vec<Value> = shown
            .iter()
            .map(|one| json!([one["name"], one["description"]]))
            .collect();
        // What a document shows is not the player's list.
        let recites = self.stage.player.with(|role| role.recital.is_some())?;
        if !recites && shown != expected {
            return Err(format!(
                "the person is shown {shown:?}, and the service listed {expected:?}"
            ));
        }
        read(
            &browser
                .post(&path("choose"), Some(session), &json!({ "pick": pick }))
                .await,
            200,
        )
        .map(drop)
    }
}

/// The JSON of an answer that must have this status.
pub(crate) fn read(answer: &Answer, status: u16) -> Result<Value, String> {
    if answer.status != status {
        return Err(format!("{} in place of {status}: {}", answer.status, answer.text));
    }
    serde_json::from_str(&answer.text).map_err(|error| format!("{error}: {}", answer.text))
}

fn ended(outcome: &Value) -> Result<Connected, String> {
    if outcome["status"] != "success" {
        return Err(match outcome["code"].as_str() {
            Some(code) => format!("{code}: {}", outcome["message"]),
            None => format!("it has not ended: {outcome}"),
        });
    }
    Ok(Connected {
        connection: outcome["connection"].clone(),
        account: outcome["account"].as_str().map(ToOwned::to_owned),
        missing: outcome["missing"].clone(),
    })
}
