//! What a definition would send, with sample values: made by what makes it in a server, and sent to nobody.

mod requests;
mod samples;

use std::fmt::Display;
use std::sync::Arc;

use catalog::Integration;
use protocol::Protocol;
use protocol::egress::{Egress, EgressPolicy, Noted};
use serde_json::Value;

use self::samples::Samples;
use crate::{Broker, Caller, Problem};

/// Most bytes that are told of what would be sent.
const MOST_TOLD: usize = 256 * 1024;
/// Longest answer of a service that is looked at.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A definition that cannot be tried, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrialError(String);

impl TrialError {
    fn new(what: impl Display, why: impl Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

/// The engine with a client that sends nothing, and what it noted.
#[derive(Debug)]
pub struct Trial {
    protocol: Protocol,
    noted: Noted,
}

impl Trial {
    /// By the rules of a server for addresses that it may call.
    ///
    /// # Errors
    /// The certificates that are trusted besides cannot be read.
    pub fn new(policy: EgressPolicy) -> Result<Self, TrialError> {
        let (egress, noted) = Egress::trial(policy).map_err(|error| TrialError::new("nothing can be tried", error))?;
        Ok(Self {
            protocol: Protocol::new(egress),
            noted,
        })
    }

    /// What each way to sign in would send. `variables` take the place of samples; `answer` is what the service would
    /// answer to the check: with it, which account that would be.
    ///
    /// # Errors
    /// A variable that is not there or has no such value; a template that cannot be filled in.
    pub async fn run(
        &self,
        integration: &Integration,
        variables: &[(String, String)],
        answer: Option<&Value>,
    ) -> Result<Vec<Value>, TrialError> {
        let (mut ways, mut bytes) = (Vec::new(), 0);
        for way in &integration.auth {
            let samples = Samples::new(integration, way, variables)?;
            let way = samples.way(integration, way, self, answer).await?;
            bytes += way.to_string().len();
            if bytes > MOST_TOLD {
                return Err(TrialError("it would send more than can be shown".to_owned()));
            }
            ways.push(way);
        }
        Ok(ways)
    }
}

impl Broker {
    /// What a definition would send that is not saved yet, each way to sign in with its lines for people. `answer` is
    /// what the service would answer to its check, as JSON, or empty.
    ///
    /// # Errors
    /// Those of [`Broker::put_definition`] for a text with mistakes; `answer_is_no_json`, `answer_too_long`; `cannot_be_tried`.
    pub async fn try_definition(
        &self,
        caller: &Caller,
        id: &str,
        document: &str,
        answer: &str,
    ) -> Result<(Arc<Integration>, Vec<Tried>), Problem> {
        self.require_operator(caller).await?;
        let answer: Option<Value> = match answer.trim() {
            "" => None,
            text if text.len() > LONGEST_ANSWER => {
                return Err(Problem::unprocessable(
                    "answer_too_long",
                    "The answer of the check is longer than 64 KiB. Paste the part that names the account.",
                ));
            }
            text => Some(serde_json::from_str(text).map_err(|_| {
                Problem::unprocessable(
                    "answer_is_no_json",
                    "The answer of the check is no JSON. Paste what the service answers, or leave it empty.",
                )
            })?),
        };
        let stored = self.store().stored_definitions().await?;
        let (integration, _) = self.checked(id, document, stored).await?;
        let (egress, noted) = self.protocol().egress().trying();
        let trial = Trial {
            protocol: Protocol::new(egress),
            noted,
        };
        let ways = trial
            .run(&integration, &[], answer.as_ref())
            .await
            .map_err(|error| Problem::unprocessable("cannot_be_tried", format!("It cannot be tried: {error}.")))?;
        Ok((integration, ways.iter().map(Tried::new).collect()))
    }
}

/// A way to sign in, as it was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What it is called.
    pub title: String,
    /// Its kind, as `oauth2`.
    pub kind: String,
    /// What it would send: the name of a part, empty where the part goes on, and the line.
    pub lines: Vec<(String, String)>,
    lacks_account: bool,
}

impl Tried {
    /// Whether an answer was given that does not name the account.
    pub const fn lacks_account(&self) -> bool {
        self.lacks_account
    }

    /// Of what [`Trial::run`] told.
    pub fn new(way: &Value) -> Self {
        let word = |key: &str| way[key].as_str();
        let mut lines = Vec::new();
        let mut line = |name: &str, text: String| lines.push((name.to_owned(), text));
        let requested: Vec<&Value> = way["requests"].as_array().into_iter().flatten().collect();
        let is_shown = |key: &str| requested.iter().any(|request| request["for"] == key);
        for key in ["authorize", "device", "token", "revoke"] {
            if let Some(text) = word(key).filter(|_| !is_shown(key)) {
                line(key, text.to_owned());
            }
        }
        for (what, text) in requested.iter().flat_map(|request| requests::lines(request)) {
            line(&what, text);
        }
        for key in ["signature", "api"] {
            if let Some(text) = word(key) {
                line(key, text.to_owned());
            }
        }
        if let Some(refused) = word("api_refused") {
            line("", format!("this address would be refused: {refused}"));
        }
        for (key, separator) in [("headers", ": "), ("query", "=")] {
            for (name, value) in way[key].as_object().into_iter().flatten() {
                let value = value.as_str().unwrap_or_default();
                line(key.trim_end_matches('s'), format!("{name}{separator}{value}"));
            }
        }
        if let (Some(method), Some(url)) = (way["check"]["method"].as_str(), way["check"]["url"].as_str()) {
            line("check", format!("{method} {url}"));
        }
        if let Some(account) = way["account"].as_object() {
            let part = |key: &str| account.get(key).and_then(Value::as_str).unwrap_or("not in the answer");
            line("account", format!("id {}, name {}", part("id"), part("name")));
            for (key, why) in way["absent"].as_object().into_iter().flatten() {
                line("", format!("{key}: {}", why.as_str().unwrap_or_default()));
            }
        }
        Self {
            title: word("title").unwrap_or_default().to_owned(),
            kind: word("kind").unwrap_or_default().to_owned(),
            lacks_account: way["absent"].is_object(),
            lines,
        }
    }
}
