//! Everything else that a definition foresees: other values, other answers, refusals.

use serde_json::{Value, json};

use super::connect::{Connected, read};
use super::{Done, Scene};
use crate::player::{Mood, SERVERS, Take};
use crate::sample;
use crate::template::Template;

/// What a service says of a key that it does not take.
const WORDS: &str = "This key was turned off by its owner";

impl Scene<'_> {
    /// Each choice, each host, each alternative of `first`, values in place of defaults, and every known scope.
    pub(super) async fn variants(&self) -> Result<Done, String> {
        let mut variants = 1;
        for given in self.given() {
            let variable = &given.part;
            self.stage.used(&variable.at("type").path)?;
            self.stage.used(&variable.at("pattern").path)?;
            // Without a word the default is taken, and the choices then begin anew.
            let default = usize::from(variable.at("default").is_there() || given.is_optional());
            let choices = variable.at("choices").items().len() + usize::from(variable.at("other").is_there());
            variants = variants.max(choices + default).max(1 + default);
        }
        let mut secrets = self.fields().into_iter().filter_map(|field| field.texts);
        if secrets.any(|field| field.at("optional").is_true()) {
            variants = variants.max(2);
        }
        let way = self.way();
        let calls = way.at("calls").items();
        let called = calls.iter().flat_map(|call| call.at("learn").entries());
        for (_, learn) in way.at("learn").entries().into_iter().chain(called) {
            variants = variants.max(learn.at("hosts").items().len());
        }
        if self.is_mcp() {
            variants = variants.max(SERVERS);
        }
        let name = self.check().at("account").at("name");
        variants = variants.max(Template::parse(name.text_or(""))?.alternatives());
        let known: Vec<String> = self
            .way()
            .at("scopes")
            .at("known")
            .entries()
            .iter()
            .map(|(scope, _)| (*scope).to_owned())
            .collect();
        if self.is_oauth2() && !known.is_empty() {
            variants = variants.max(2);
        }
        for number in 0..variants {
            let mut take = self.take(number)?;
            // The first time was with the default ones.
            take.scopes = (number > 0 && !known.is_empty()).then(|| known.clone());
            let connected = self
                .connect(&take)
                .await
                .map_err(|error| format!("variant {number}: {error}"))?;
            self.note_choices(&take)?;
            let expected = self.stage.player.with(|role| role.account("name"))??;
            let shown = connected.account.clone().unwrap_or_default();
            if !shown.ends_with(expected.as_deref().unwrap_or_default()) {
                return Err(format!(
                    "variant {number}: the account is shown as {shown}, and is {expected:?}"
                ));
            }
            self.call(&connected)
                .await
                .map_err(|error| format!("variant {number}: {error}"))?;
            if take.scopes.is_some() {
                let session = self.stage.server.session(&json!({ "identity": "scopes" })).await;
                let body = json!({ "integration": self.script.id, "auth": self.way_id() });
                let form = self
                    .stage
                    .server
                    .browser()
                    .post("/connect/api/form", Some(&session), &body)
                    .await;
                self.words(
                    &read(&form, 200)?,
                    &self.stage.player.with(|role| role.scopes_to_read())?,
                )?;
            }
            self.remove(&connected.connection).await?;
        }
        Ok(if variants > 1 { Done::Ok } else { Done::Nothing })
    }

    fn note_choices(&self, take: &Take) -> Result<(), String> {
        for given in self.given() {
            let value = take.variables.get(given.name).map(String::as_str);
            let (variable, default) = (&given.part, given.part.at("default"));
            self.stage.used(&variable.at("name").path)?;
            if default.text() == value {
                self.stage.used(&default.path)?;
            }
            if value.is_none() {
                self.stage.used(&variable.at("optional").path)?;
            }
            let choices = variable.at("choices").items();
            let choice = choices.iter().find(|choice| choice.at("value").text() == value);
            match choice {
                Some(choice) => self.stage.used(&choice.at("value").path)?,
                None => self.stage.used(&variable.at("other").path)?,
            }
        }
        for field in self.fields() {
            if let Some(texts) = field.texts {
                self.stage.used(&texts.at("name").path)?;
                if !take.secrets.contains_key(field.name) {
                    self.stage.used(&texts.at("optional").path)?;
                }
            }
        }
        Ok(())
    }

    /// Refusals, each with the service's own reason.
    pub(super) async fn errors(&self) -> Result<Done, String> {
        let take = self.take(0)?;
        if self.signs_in() {
            self.errors_of_sign_in(&take).await?;
        }
        if self.is_mcp() {
            self.errors_of_mcp(&take).await?;
        }
        if self.has_token() {
            self.errors_of_refresh(&take).await?;
        }
        if self.check().is_there() {
            self.errors_of_check(&take).await?;
        }
        let connected = self.connect(&take).await?;
        self.mood(Mood::Unauthorized)?;
        let (status, answer) = self.stage.pass(&connected.connection, "GET", "played", None).await?;
        self.stage.complaints()?;
        if status != 401 || answer["error"] != "unauthorized" {
            return Err(format!("the API refuses, and the caller gets {status} {answer}"));
        }
        self.mood(Mood::Willing)?;
        self.remove(&connected.connection).await?;
        Ok(Done::Ok)
    }

    /// A check that the service refuses, or answers with its own "no", proves nothing.
    async fn errors_of_check(&self, take: &Take) -> Result<(), String> {
        let mut moods = vec![Mood::Refuses(WORDS.to_owned())];
        let (check, account) = (self.check(), self.check().at("account"));
        moods.extend(check.at("ok").text().map(|pointer| Mood::NotOk(pointer.to_owned())));
        let expected = check.at("expect").entries();
        moods.extend(expected.iter().map(|(pointer, _)| Mood::NotOk((*pointer).to_owned())));
        if account.at("required").is_true() {
            moods.push(Mood::Nobody);
        }
        for mood in moods {
            if !self.signs_in() {
                let told = self.refused(take, mood.clone()).await?;
                let quotes = matches!(mood, Mood::NotOk(_) | Mood::Nobody) || told.contains(WORDS);
                // Nobody typed in what the service refuses.
                let of_app = self.is_of_app() && matches!(mood, Mood::Refuses(_));
                let key = if of_app { "app_broken" } else { "credential_refused" };
                if !told.contains(key) || !quotes {
                    return Err(format!("a refused key ({mood:?}): {told}"));
                }
            }
            let connected = self.connect(take).await?;
            self.mood(mood.clone())?;
            let path = format!("{}/test", path_of(&connected));
            let tested = read(&self.stage.server.api("POST", &path).send().await, 200)?;
            self.stage.complaints()?;
            if tested["ok"] != false || tested["reason"] != "credential_refused" {
                return Err(format!("a test that the service refuses ({mood:?}): {tested}"));
            }
            self.mood(Mood::Willing)?;
            self.remove(&connected.connection).await?;
        }
        Ok(())
    }

    fn mood(&self, mood: Mood) -> Result<(), String> {
        self.stage.player.with(|role| role.mood = mood)
    }

    async fn errors_of_sign_in(&self, take: &Take) -> Result<(), String> {
        let denied = self.refused(take, Mood::Denies).await?;
        if !denied.contains("denied") {
            return Err(format!("the person said no: {denied}"));
        }
        let way = self.way();
        // Nobody comes back from a service where a code is entered.
        let comes_back = !self.is_by_code();
        if comes_back && (way.at("issuer").is_there() || way.at("discover").is_there() || self.is_mcp()) {
            self.refused(take, Mood::ForeignIssuer).await?;
        }
        if way.at("callback").at("signature").is_there() {
            self.refused(take, Mood::ForeignSignature).await?;
        }
        let (code, told) = if self.is_oauth1() {
            let told = self.refused(take, Mood::ForeignToken).await?;
            if !told.contains("token_mismatch") {
                return Err(format!("the callback named another token: {told}"));
            }
            ("consumer_key_unknown", "app_broken")
        } else {
            ("invalid_client", "")
        };
        let refused = self.refused(take, Mood::TokenError(code.to_owned())).await?;
        if !refused.contains(told) {
            return Err(format!("the app is refused: {refused}"));
        }
        let mut learnt = way.at("learn").entries();
        for call in way.at("calls").items() {
            learnt.extend(call.at("learn").entries());
        }
        for (name, learn) in learnt {
            if sample::against_learn(&learn).is_some() {
                let mut take = take.clone();
                take.wrong = Some(name.to_owned());
                self.refused(&take, Mood::Willing)
                    .await
                    .map_err(|error| format!("{name}: {error}"))?;
            }
        }
        Ok(())
    }

    /// The service's codes at a refresh: each leaves the connection as the definition says.
    async fn errors_of_refresh(&self, take: &Take) -> Result<(), String> {
        let errors = self.way().at("refresh").at("errors");
        if self.way().at("refresh").at("supported").value() == Some(&json!(false)) {
            return Ok(());
        }
        let refused = if self.is_of_app() { "app_broken" } else { "grant_gone" };
        let mut codes = vec![(refused, None, "invalid_grant".to_owned())];
        // A client that registered itself is this connection's alone: one that is gone is no operator's trouble.
        if self.is_mcp() {
            codes.push(("grant_gone", None, "invalid_client".to_owned()));
        }
        for meaning in ["transient", "app_broken", "grant_gone"] {
            for code in errors.at(meaning).items() {
                codes.push((meaning, Some(code.path.clone()), code.text_or("").to_owned()));
            }
        }
        for (meaning, place, code) in codes {
            let connected = self.connect(take).await?;
            self.advance(3601).await?;
            self.mood(Mood::TokenError(code.clone()))?;
            let wrong = if meaning == "app_broken" {
                self.app_is_broken(&connected).await?
            } else {
                let mut states = vec![self.after_refresh(&connected).await?];
                self.advance(61).await?;
                states.push(self.after_refresh(&connected).await?);
                let expected = if meaning == "grant_gone" {
                    ["degraded grant_refused", "failed grant_gone"]
                } else {
                    ["degraded refresh_failing"; 2]
                };
                (states != expected).then(|| format!("{states:?}"))
            };
            if let Some(wrong) = wrong {
                return Err(format!("`{code}` means {meaning}, and the connection is {wrong}"));
            }
            if let Some(place) = place {
                self.stage.used(&place)?;
            }
            self.mood(Mood::Willing)?;
            self.remove(&connected.connection).await?;
        }
        Ok(())
    }

    /// The operator's app is refused: no connection is to blame, and all is well when the app is.
    async fn app_is_broken(&self, connected: &Connected) -> Result<Option<String>, String> {
        let path = path_of(connected);
        let refused = self.stage.server.api("POST", &format!("{path}/refresh")).send().await;
        self.stage.complaints()?;
        let problem: Value = serde_json::from_str(&refused.text).unwrap_or(Value::Null);
        if problem["meta"]["reason"] != "app_broken" {
            return Ok(Some(refused.text));
        }
        let state = self.state_of(connected).await?;
        if state != "operational " {
            return Ok(Some(state));
        }
        self.mood(Mood::Willing)?;
        for _ in 0..5 {
            self.advance(60).await?;
            let tick = self.stage.server.broker.refresh_tick().await;
            tick.map_err(|error| error.to_string())?;
        }
        let (status, answer) = self.stage.pass(&connected.connection, "GET", "played", None).await?;
        Ok((status != 200).then(|| format!("not usable when the app is mended: {status} {answer}")))
    }

    async fn state_of(&self, connected: &Connected) -> Result<String, String> {
        let record = self.stage.server.api("GET", &path_of(connected)).send().await;
        let record = read(&record, 200)?;
        let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
        Ok(format!("{} {}", text("state"), text("stateReason")))
    }

    pub(super) async fn after_refresh(&self, connected: &Connected) -> Result<String, String> {
        let tick = self.stage.server.broker.refresh_tick().await;
        tick.map_err(|error| error.to_string())?;
        self.stage.complaints()?;
        self.state_of(connected).await
    }
}

fn path_of(connected: &Connected) -> String {
    let id = connected.connection["id"].as_str().unwrap_or_default();
    format!("/v1/vault/connections/{id}")
}
