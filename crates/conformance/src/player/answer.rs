//! Answers with tokens (RFC 6749 §5.1), in the shape that a definition declares, and the grants behind them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::authorize::learnt_from;
use super::body::{put, put_at_pointer};
use super::role::Grant;
use super::{Asked, Reply, Role};
use crate::script::Part;

impl Role {
    /// An answer with tokens (RFC 6749 §5.1), in the declared shape.
    pub(super) fn tokens(&mut self, way: &Part<'_>, shape: &Part<'_>, key: Option<String>) -> Result<Reply, String> {
        self.issued.count += 1;
        let made = |kind: &str| format!("{kind}-{}-{}", self.script.id, self.issued.count);
        let (access, refresh) = (made("access"), made("refresh"));
        let (supported, with) = (way.at("refresh").at("supported"), way.at("refresh").at("with"));
        self.ledger.used(&supported.path);
        let gives = supported.value() != Some(&json!(false)) && with.text() != Some("access_token");
        let names = shape.at("answer");
        let kind = if key.is_some() { "DPoP" } else { "Bearer" };
        let mut tokens = json!({ "token_type": kind });
        let mut say = |role: &mut Self, key: &str, or: &str, value: Value| {
            let pointer = names.at(key);
            role.ledger.used(&pointer.path);
            put_at_pointer(&mut tokens, pointer.text_or(or), value);
        };
        say(self, "access_token", "/access_token", json!(access));
        if gives {
            say(self, "refresh_token", "/refresh_token", json!(refresh));
        }
        let scopes = self.answered_scopes(way);
        if !scopes.is_empty() {
            say(self, "scope", "/scope", json!(scopes));
        }
        if let Some(seconds) = self.take.expires_in {
            let unit = names.at("expires_unit");
            if names.at("expires_at").is_there() {
                say(self, "expires_at", "", moment(seconds, self.take.number)?);
            } else {
                self.ledger.used(&unit.path);
                let count = if unit.text() == Some("ms") {
                    seconds * 1000
                } else {
                    seconds
                };
                say(self, "expires_in", "/expires_in", json!(count));
            }
        }
        self.gave(&access);
        self.gave(&refresh);
        let refresh = gives.then_some(refresh);
        self.issued.grants.push(Grant { access, refresh, key });
        let mut answer = json!({});
        let (object, ok) = (shape.at("object"), shape.at("ok"));
        put_at_pointer(&mut answer, object.text_or(""), tokens);
        self.ledger.used(&object.path);
        if let Some(pointer) = ok.text() {
            put_at_pointer(&mut answer, pointer, json!(true));
            self.ledger.used(&ok.path);
        }
        for (name, part) in way.at("learn").entries() {
            if let Some(path) = learnt_from(&part, "token")? {
                put(&mut answer, &path, json!(self.learn(name, &part)?));
            }
        }
        Ok(Reply::json(200, &answer))
    }

    /// The scopes of an answer, as the service spells them.
    fn answered_scopes(&mut self, way: &Part<'_>) -> String {
        let scopes = way.at("scopes");
        let (prefix, ignore_case) = (scopes.at("answer_prefix"), scopes.at("ignore_case"));
        let mut given = self.scopes();
        if let Some(prefix) = prefix.text() {
            given = given.into_iter().map(|scope| format!("{prefix}{scope}")).collect();
            self.ledger.used(&scopes.at("answer_prefix").path);
        }
        if ignore_case.value() == Some(&json!(true)) {
            given = given.iter().map(|scope| scope.to_lowercase()).collect();
            self.ledger.used(&ignore_case.path);
        }
        given.join(scopes.at("separator").text_or(" "))
    }

    /// Whether a token is one of the grant that was used last.
    pub(crate) fn is_live(&self, token: &str) -> bool {
        let last = self.issued.grants.last();
        last.is_some_and(|grant| grant.refresh.as_deref() == Some(token) || grant.access == token)
    }

    /// A call is about the grant whose token it carries; without any, about the last one.
    pub(super) fn turn_to_grant(&mut self, asked: &Asked) {
        let carried = |token: &str| {
            let mut values = asked.headers.iter().chain(&asked.address.query);
            values.any(|(_, value)| value.split([' ', '=']).any(|word| word == token))
        };
        if let Some(position) = self.issued.grants.iter().position(|grant| carried(&grant.access)) {
            let grant = self.issued.grants.remove(position);
            self.issued.grants.push(grant);
        }
    }
}

/// A moment in so many seconds by the real clock, which is that of the answer's `Date`: seconds since 1970, or RFC 3339.
pub(super) fn moment(seconds: u64, number: usize) -> Result<Value, String> {
    #[expect(clippy::disallowed_methods, reason = "a service has a clock of its own")]
    let now = SystemTime::now();
    let at = now + Duration::from_secs(seconds);
    if number % 2 == 1 {
        return Ok(json!(chrono::DateTime::<chrono::Utc>::from(at).to_rfc3339()));
    }
    let since = at.duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    Ok(json!(since.as_secs()))
}
