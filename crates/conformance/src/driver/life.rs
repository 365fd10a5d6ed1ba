//! The life of a connection: its account, calls, the end of its token, refreshes, and its end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::connect::{Connected, read};
use super::{Done, Scene};
use crate::player::{Role, Seen, Take};
use crate::sample::seconds;
use crate::script::Part;

/// Seconds within which a moment is the same.
const MARGIN: u64 = 60;
/// Far more than a revocation takes, also on a machine that stalls.
const REVOKED_WITHIN: Duration = Duration::from_mins(1);

impl Scene<'_> {
    /// The first connection, with the answers that the definition declares as usual.
    pub(super) async fn connect_first(&self) -> Result<Connected, String> {
        let connected = self.connect(&self.usual_take()?).await?;
        let (exchanged, checked) = self
            .stage
            .player
            .with(|role| (role.count(&Seen::Exchange), role.count(&Seen::Check)))?;
        if (self.has_token() || self.is_oauth1()) && exchanged != 1 {
            return Err(format!("a token was asked for {exchanged} times"));
        }
        if self.check().is_there() && checked == 0 {
            return Err("the check was not made".to_owned());
        }
        let row = self.record(&connected.connection).await?;
        if row["state"] != "operational" || row["platform"] != self.script.id.as_str() {
            return Err(format!(
                "the connection is listed as {} of {}",
                row["state"], row["platform"]
            ));
        }
        Ok(connected)
    }

    fn usual_take(&self) -> Result<Take, String> {
        let mut take = self.take(0)?;
        if self.lifetime_part().is_there() {
            take.expires_in = None;
        }
        Ok(take)
    }

    async fn record(&self, connection: &Value) -> Result<Value, String> {
        let id = connection["id"].as_str().unwrap_or_default();
        read(
            &self
                .stage
                .server
                .api("GET", &format!("/v1/vault/connections/{id}"))
                .send()
                .await,
            200,
        )
    }

    /// The account is the one that the check names, in the service's words, and another one is not taken for it.
    pub(super) async fn account(&self, main: &Connected) -> Result<Done, String> {
        let expected = self.stage.player.with(|role| role.account("name"))??;
        let shown = main.account.as_deref();
        let chosen = self.way().at("choose").is_there();
        let same = match (&expected, shown) {
            // What was chosen stands before it.
            (Some(expected), Some(shown)) if chosen => shown.ends_with(expected.as_str()),
            (expected, shown) => chosen || expected.as_deref() == shown,
        };
        if !same {
            return Err(format!(
                "the account is shown as {shown:?}, and the check says {expected:?}"
            ));
        }
        if main.missing.as_array().is_some_and(|missing| !missing.is_empty()) {
            return Err(format!(
                "all scopes were given, and {} is said to be missing",
                main.missing
            ));
        }
        if !self.check().at("account").at("id").is_there() {
            return Ok(if expected.is_some() { Done::Ok } else { Done::Nothing });
        }
        let mut take = self.usual_take()?;
        self.again(main, &take).await?;
        if self.stage.player.with(|role| role.account_is_told())?? {
            take.account = 2;
            match self.again(main, &take).await {
                Ok(_) => return Err("another account was taken for the same".to_owned()),
                Err(problem) if problem.contains("account_changed") || problem.contains("another account") => {}
                Err(problem) => return Err(format!("another account: {problem}")),
            }
            take.account = 1;
            self.again(main, &take).await?;
        }
        Ok(Done::Ok)
    }

    /// Connects the same connection again.
    async fn again(&self, main: &Connected, take: &Take) -> Result<Connected, String> {
        let body = json!({ "connection": main.connection["id"] });
        let session = self.stage.server.session(&body).await;
        self.connect_in(&session, take).await
    }

    /// Calls go to the API with the credential, and the answer comes back.
    pub(super) async fn call(&self, main: &Connected) -> Result<Done, String> {
        let body = json!({ "greeting": "hello" });
        let calls = [
            ("GET", "played/by/conformance?page=2", None),
            ("POST", "played", Some(&body)),
        ];
        for (method, path, body) in calls {
            let (status, echo) = self.stage.pass(&main.connection, method, path, body).await?;
            self.stage.complaints()?;
            let sent = body.map_or(String::new(), ToString::to_string);
            let place = path.split('?').next().unwrap_or_default();
            if status != 200 || echo["path"] != place || echo["method"] != method || echo["body"] != sent {
                return Err(format!("{method} {path} gives {status} {echo}"));
            }
        }
        if self.is_mcp() {
            self.tools(main).await?;
        }
        self.further_hosts(main).await
    }

    /// The API's further hosts are called where the caller names one, and no other host ever is.
    async fn further_hosts(&self, main: &Connected) -> Result<Done, String> {
        for host in self.script.at("api").at("hosts").texts() {
            let host = if host.starts_with('.') {
                format!("played{host}")
            } else {
                host.to_owned()
            };
            let passed = self
                .stage
                .pass_to(Some(&host), &main.connection, "GET", "further", None);
            let (status, echo) = passed.await?;
            self.stage.complaints()?;
            if status != 200 || echo["path"] != "further" || echo["host"] != host {
                return Err(format!("at {host} the call gives {status} {echo}"));
            }
        }
        let foreign = Some("foreign.player.example");
        let before = self.stage.player.with(|role| role.seen.len())?;
        let (status, answer) = self
            .stage
            .pass_to(foreign, &main.connection, "GET", "further", None)
            .await?;
        self.stage.complaints()?;
        if status < 400 || self.stage.player.with(|role| role.seen.len())? != before {
            return Err(format!(
                "a host that the definition has not is called: {status} {answer}"
            ));
        }
        Ok(Done::Ok)
    }

    fn lifetime(&self) -> Result<u64, String> {
        self.lifetime_part().text().map_or(Ok(3600), seconds)
    }

    /// Where the lifetime stands that counts when the answer has none.
    fn lifetime_part(&self) -> Part<'_> {
        let way = self.way();
        way.at(if self.is_oauth2() { "refresh" } else { "token" })
            .at("lifetime")
    }

    fn refreshes(&self) -> bool {
        self.has_token() && self.way().at("refresh").at("supported").value() != Some(&json!(false))
    }

    /// The token ends when the definition or the answer says, and the next call gets a new one.
    pub(super) async fn expiry(&self, main: &Connected) -> Result<Done, String> {
        if self.is_oauth1() {
            return self.end_of_oauth1(main).await;
        }
        if !self.has_token() {
            return Ok(Done::Nothing);
        }
        let lifetime = self.lifetime()?;
        let left = self.expires_in(main).await?;
        if !left.is_some_and(|left| left <= lifetime && left + MARGIN >= lifetime) {
            return Err(format!(
                "the token ends in {left:?} seconds, and the service says {lifetime}"
            ));
        }
        self.stage.used(&self.lifetime_part().path)?;
        self.advance(lifetime + 1).await?;
        let before = self.stage.player.with(|role| role.count(&Seen::Refresh))?;
        let (status, answer) = self.stage.pass(&main.connection, "GET", "played", None).await?;
        self.stage.complaints()?;
        let refreshed = self.stage.player.with(|role| role.count(&Seen::Refresh))? - before;
        match (self.refreshes(), status, refreshed) {
            // Without a refresh what the service says to the old token is the answer.
            (true, 200, 1) | (false, _, 0) => Ok(Done::Ok),
            _ => Err(format!(
                "the token had ended: the call gives {status} {answer} after {refreshed} refreshes"
            )),
        }
    }

    /// Such a token ends when the definition says, or not at all; there is never a new one.
    async fn end_of_oauth1(&self, main: &Connected) -> Result<Done, String> {
        let part = self.way().at("lifetime");
        let id = main.connection["id"].as_str().unwrap_or_default();
        let path = format!("/v1/vault/connections/{id}/credential");
        let server = &self.stage.server;
        let credential = read(&server.api("GET", &path).key(&self.stage.reading).send().await, 200)?;
        let token = self.stage.player.with(|role| role.access_token().to_owned())?;
        if credential["fields"]["oauth_token"] != token.as_str() {
            return Err("the connection's token is not the one that the service gave".to_owned());
        }
        let left = credential["expiresIn"].as_u64();
        let expected = part.text().map(seconds).transpose()?;
        let same = match (left, expected) {
            (None, None) => true,
            (Some(left), Some(expected)) => left <= expected && left + MARGIN >= expected,
            _ => false,
        };
        if !same {
            return Err(format!(
                "the token ends in {left:?} seconds, and the definition says {expected:?}"
            ));
        }
        self.stage.used(&part.path)?;
        Ok(if expected.is_some() { Done::Ok } else { Done::Nothing })
    }

    /// Seconds that the access token is good for, and it is the service's last one.
    async fn expires_in(&self, main: &Connected) -> Result<Option<u64>, String> {
        let id = main.connection["id"].as_str().unwrap_or_default();
        let path = format!("/v1/vault/connections/{id}/credential");
        let credential = read(
            &self
                .stage
                .server
                .api("GET", &path)
                .key(&self.stage.reading)
                .send()
                .await,
            200,
        )?;
        let token = self.stage.player.with(|role| role.access_token().to_owned())?;
        if credential["accessToken"] != token.as_str() {
            return Err("the connection's access token is not the one that the service gave".to_owned());
        }
        Ok(credential["expiresIn"].as_u64())
    }

    pub(super) async fn advance(&self, seconds: u64) -> Result<(), String> {
        let seconds = i64::try_from(seconds).map_err(|error| error.to_string())?;
        self.stage.server.advance(seconds).await;
        Ok(())
    }

    /// The scheduler gets new tokens in time, with the refresh token that was given last; an idle one is used in half of
    /// its time.
    pub(super) async fn refresh(&self, main: &Connected) -> Result<Done, String> {
        if !self.refreshes() {
            return Ok(Done::Nothing);
        }
        self.advance(self.lifetime()?).await?;
        if self.ticks().await? == 0 {
            return Err("the scheduler did not refresh a token that had ended".to_owned());
        }
        let (status, answer) = self.stage.pass(&main.connection, "GET", "played", None).await?;
        self.stage.complaints()?;
        if status != 200 {
            return Err(format!("after the refresh the call gives {status} {answer}"));
        }
        self.remove(&main.connection).await?;
        let idle = self.way().at("refresh").at("idle");
        let Some(text) = idle.text() else { return Ok(Done::Ok) };
        let idle_seconds = seconds(text)?;
        let mut take = self.take(0)?;
        take.expires_in = Some(idle_seconds * 4);
        let session = self
            .stage
            .server
            .session(&json!({ "identity": format!("{}-idle", self.identity) }))
            .await;
        let rare = self.connect_in(&session, &take).await?;
        self.advance(idle_seconds * 2 / 5).await?;
        let early = self.ticks_of(&rare).await?;
        self.advance(idle_seconds / 10 + MARGIN).await?;
        let late = self.ticks_of(&rare).await?;
        self.stage.used(&idle.path)?;
        self.remove(&rare.connection).await?;
        if (early, late) == (false, true) {
            Ok(Done::Ok)
        } else {
            Err(format!(
                "a refresh token that is forgotten after {text}: used at 40 % {early}, at 50 % {late}"
            ))
        }
    }

    /// Turns of the scheduler until it has nothing to do; the refreshes that the service saw.
    async fn ticks(&self) -> Result<usize, String> {
        let before = self.stage.player.with(|role| role.count(&Seen::Refresh))?;
        let tick = self.stage.server.broker.refresh_tick().await;
        tick.map_err(|error| error.to_string())?;
        self.stage.complaints()?;
        Ok(self.stage.player.with(|role| role.count(&Seen::Refresh))? - before)
    }

    async fn ticks_of(&self, connected: &Connected) -> Result<bool, String> {
        let token = self.credential_generation(connected).await?;
        self.ticks().await?;
        Ok(self.credential_generation(connected).await? != token)
    }

    async fn credential_generation(&self, connected: &Connected) -> Result<Value, String> {
        let id = connected.connection["id"].as_str().unwrap_or_default();
        let path = format!("/v1/vault/connections/{id}/credential");
        let credential = read(
            &self
                .stage
                .server
                .api("GET", &path)
                .key(&self.stage.reading)
                .send()
                .await,
            200,
        )?;
        Ok(credential["accessToken"].clone())
    }

    /// Ends every connection, whatever happened before.
    pub(super) async fn clear(&self) -> Result<(), String> {
        self.stage
            .player
            .with(|role| role.mood = crate::player::Mood::Willing)?;
        let list = self
            .stage
            .server
            .api("GET", "/v1/vault/connections?limit=100")
            .send()
            .await;
        for connection in read(&list, 200)?["rows"].as_array().into_iter().flatten() {
            self.remove(connection).await?;
        }
        self.revocations().await?;
        // One that the service does not take would be tried again for a day.
        self.stage.server.database.execute("delete from revocations").await;
        self.stage.player.with(|role| role.complaints.clear())
    }

    /// Lets revocations be made; a deletion begins them by itself. What the service did not take waits for its next time.
    async fn revocations(&self) -> Result<(), String> {
        let until = Instant::now() + REVOKED_WITHIN;
        while Instant::now() < until {
            let ticked = self.stage.server.broker.revoke_tick().await;
            ticked.map_err(|error| error.to_string())?;
            let at_work = "select count(*) from revocations
                 where status = 'pending' and (lease_until is not null or next_attempt_at <= latchkey_now())";
            if self.stage.server.database.number(at_work).await == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(format!(
            "a revocation was not over within {} seconds",
            REVOKED_WITHIN.as_secs()
        ))
    }

    /// Deletes a connection; the answer.
    pub(super) async fn remove(&self, connection: &Value) -> Result<Value, String> {
        let id = connection["id"].as_str().unwrap_or_default();
        let deleted = self
            .stage
            .server
            .api("DELETE", &format!("/v1/vault/connections/{id}"))
            .send()
            .await;
        let deleted = read(&deleted, 200)?;
        // Before anything else is played.
        self.revocations().await?;
        Ok(deleted)
    }

    /// Deleting gives the grant back, where the service takes it.
    pub(super) async fn revoke(&self) -> Result<Done, String> {
        let mut connected = self.connect(&self.usual_take()?).await?;
        let takes = self.stage.player.with(Role::revokes)?;
        let ends = self.way().at("revoke").at("ends");
        if takes && ends.text() == Some("grant") {
            connected = self.last_of_two(&connected).await?;
            self.stage.used(&ends.path)?;
        }
        self.remove(&connected.connection).await?;
        self.revocations().await?;
        self.stage.complaints()?;
        let live = self.stage.player.with(|role| {
            let revoked = role.seen.iter().filter_map(|seen| match seen {
                Seen::Revoke(token) => Some(token.clone()),
                _ => None,
            });
            revoked.filter(|token| role.is_live(token)).count()
        })?;
        match (takes, live) {
            (true, 0) => Err("the service was not told that the grant is over".to_owned()),
            (false, 1..) => Err("the definition has no revocation, and there was one".to_owned()),
            (true, _) => Ok(Done::Ok),
            (false, _) => Ok(Done::Nothing),
        }
    }

    /// Where a revocation ends all that the account gave the client, it waits for the last connection, which this is.
    async fn last_of_two(&self, first: &Connected) -> Result<Connected, String> {
        let last = self.connect(&self.usual_take()?).await?;
        let deleted = self.remove(&first.connection).await?;
        let revoked = self
            .stage
            .player
            .with(|role| role.seen.iter().any(|seen| matches!(seen, Seen::Revoke(_))))?;
        if revoked || deleted["revocation"] != "shared" {
            return Err(format!(
                "a grant that another connection lives on is {} (told to the service: {revoked})",
                deleted["revocation"]
            ));
        }
        Ok(last)
    }
}
