//! Servers of the Model Context Protocol: calls as their clients make them, and what such a server can say wrong.

use serde_json::{Value, json};
use testkit::Answer;

use super::connect::Connected;
use super::{Done, Scene};
use crate::player::{Mood, Seen, Take};

/// Numbers of addresses that nothing else asks: what a server says of itself is remembered for a while.
const UNKNOWN: usize = 12;

impl Scene<'_> {
    /// Whether it is a sign-in to a server of the Model Context Protocol.
    pub(super) fn is_mcp(&self) -> bool {
        self.way().at("kind").text() == Some("mcp")
    }

    async fn rpc(&self, connected: &Connected, session: &str, request: &Value) -> Result<Answer, String> {
        let key = connected.connection["key"]
            .as_str()
            .ok_or("the connection has no key")?;
        let mut call = self.stage.server.api("POST", "/v1/passthrough").connection(key);
        call = call.header("accept", "application/json, text/event-stream");
        if !session.is_empty() {
            call = call.header("mcp-session-id", session);
        }
        let answer = call.json(request).send().await;
        self.stage.complaints()?;
        Ok(answer)
    }

    /// A client begins a session and asks for the tools.
    pub(super) async fn tools(&self, connected: &Connected) -> Result<Done, String> {
        let hello = json!({
            "jsonrpc": "2.0", "id": "hello", "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "shop", "version": "1" },
            },
        });
        let begun = self.rpc(connected, "", &hello).await?;
        let session = begun.header("x-pica-passthrough-mcp-session-id").to_owned();
        if result_of(&begun)["protocolVersion"] != "2025-06-18" || session.is_empty() {
            return Err(format!("initialize gives {} {}", begun.status, begun.text));
        }
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let taken = self.rpc(connected, &session, &ready).await?;
        if taken.status != 202 {
            return Err(format!("a notification gives {} {}", taken.status, taken.text));
        }
        let list = json!({ "jsonrpc": "2.0", "id": "tools", "method": "tools/list" });
        let listed = self.rpc(connected, &session, &list).await?;
        if result_of(&listed)["tools"][0]["name"] != "play" {
            return Err(format!("tools/list gives {} {}", listed.status, listed.text));
        }
        Ok(Done::Ok)
    }

    /// What a server says of another one is not believed; a client that is refused is told; a token that is refused is
    /// told to the caller as the server says it.
    pub(super) async fn errors_of_mcp(&self, take: &Take) -> Result<(), String> {
        let words = "No more clients today";
        let moods = [
            Mood::ForeignResource,
            Mood::ForeignMetadata,
            Mood::RefusesClient(words.to_owned()),
        ];
        for (number, mood) in moods.into_iter().enumerate() {
            let told = self.refused(&self.take(UNKNOWN + number)?, mood.clone()).await?;
            let seen = self.stage.player.with(|role| role.seen.clone())?;
            let asks_further = seen.contains(&Seen::Authorize)
                || (seen.contains(&Seen::Register) && !matches!(mood, Mood::RefusesClient(_)));
            let reason = if matches!(mood, Mood::RefusesClient(_)) {
                words
            } else {
                "address_unreachable"
            };
            if asks_further || !told.contains(reason) || !seen.contains(&Seen::Discovery) {
                return Err(format!("{mood:?}: {told}, after {seen:?}"));
            }
        }
        let connected = self.connect(take).await?;
        self.stage.player.with(|role| role.mood = Mood::Unauthorized)?;
        let ping = json!({ "jsonrpc": "2.0", "id": "ping", "method": "ping" });
        let refused = self.rpc(&connected, "", &ping).await?;
        let challenge = refused.header("x-pica-passthrough-www-authenticate").to_owned();
        if refused.status != 401 || !challenge.contains("resource_metadata=") {
            return Err(format!("a token that is refused: {}, `{challenge}`", refused.status));
        }
        self.stage.player.with(|role| role.mood = Mood::Willing)?;
        self.remove(&connected.connection).await.map(drop)
    }
}

/// The result of an answer: JSON, or the one event of a stream.
fn result_of(answer: &Answer) -> Value {
    let data = answer.text.lines().find_map(|line| line.strip_prefix("data: "));
    let json: Value = serde_json::from_str(data.unwrap_or(&answer.text)).unwrap_or(Value::Null);
    json["result"].clone()
}
