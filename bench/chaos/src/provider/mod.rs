//! The strict provider: rotates refresh tokens, revokes the family on reuse, and notes every request.
//!
//! Each replica reaches it at an address of its own, so that it knows who asks and its link can be cut alone.

mod book;
mod http;
mod knobs;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use serde_json::json;
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::checker::Mode;
use crate::history::{FamilyId, Millis, Outcome, Recorder, TokenRequest};
pub(crate) use book::Pair;
use book::{Access, Book};
pub(crate) use http::Connection;
use http::Request;
use knobs::Answer;
pub(crate) use knobs::{Knobs, Settings};

/// The OAuth client that Latchkey is to it.
pub(crate) const CLIENT_ID: &str = "chaos-client";
/// Its secret.
pub(crate) const CLIENT_SECRET: &str = "chaos-client-secret";

/// Faults of the provider hit one of so many groups of integrations, or all.
pub(crate) const GROUPS: u32 = 4;

/// The provider. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    book: Arc<Mutex<Book>>,
    /// By integration.
    knobs: Arc<Vec<Knobs>>,
    recorder: Recorder,
}

impl Provider {
    /// One without grants, which is as many services as there are integrations. `mark` is part of its tokens.
    pub(crate) fn new(mode: Mode, mark: String, integrations: u32, recorder: Recorder) -> Self {
        Self {
            book: Arc::new(Mutex::new(Book::new(mode, mark))),
            knobs: Arc::new((0..integrations).map(|_| Knobs::default()).collect()),
            recorder,
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The knobs of the integrations that are in a group, or of all.
    pub(crate) fn knobs(&self, group: Option<u32>) -> impl Iterator<Item = &Knobs> {
        let groups = GROUPS as usize;
        let in_group = move |number: usize| group.is_none_or(|group| number % groups == group as usize);
        let numbered = self.knobs.iter().enumerate();
        numbered
            .filter(move |(number, _)| in_group(*number))
            .map(|(_, knobs)| knobs)
    }

    /// Somebody signs in: a new grant for a connection, whose access tokens live for so many seconds.
    pub(crate) fn sign_in(&self, connection: u32, lifetime: u64) -> (FamilyId, Pair) {
        // Both lists count alike, so both grow under one lock.
        let mut book = self.book();
        self.recorder.lock().families.push(crate::history::Family {
            connection,
            from: Millis::MAX,
            replaced_at: None,
        });
        book.open(connection, lifetime, self.recorder.now())
    }

    /// Changes the lifetime of a grant's tokens to come, in seconds.
    pub(crate) fn set_lifetime(&self, family: FamilyId, lifetime: u64) {
        self.book().set_lifetime(family, lifetime);
    }

    /// Family and number of a refresh token.
    pub(crate) fn read_refresh(&self, token: &str) -> Option<(FamilyId, u32)> {
        self.book().read("rt", token)
    }

    /// Listens for one replica; its address.
    pub(crate) async fn listen(&self, replica: usize) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let provider = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream.set_nodelay(true));
                let (provider, connected_at) = (provider.clone(), provider.recorder.now());
                tokio::spawn(async move { provider.serve(Connection::new(stream), replica, connected_at).await });
            }
        });
        Ok(address)
    }

    async fn serve(&self, mut connection: Connection, replica: usize, connected_at: Millis) {
        while let Ok(Some(request)) = connection.request().await {
            let (integration, path) = place(&request.path);
            let served = match (request.method.as_str(), path) {
                ("POST", "token") => match self
                    .token(connection, &request, integration, replica, connected_at)
                    .await
                {
                    Some(back) => {
                        connection = back;
                        Ok(())
                    }
                    None => return,
                },
                ("GET", "api/me") => {
                    let (status, body) = self.me(&request);
                    connection.answer(status, "", &body).await
                }
                _ => connection.answer(404, "", "{}").await,
            };
            if served.is_err() {
                return;
            }
        }
    }

    /// Says which access token came.
    fn me(&self, request: &Request) -> (u16, String) {
        let token = request
            .authorization
            .as_deref()
            .and_then(|value| value.strip_prefix("Bearer "));
        match self.book().access(token.unwrap_or_default(), self.recorder.now()) {
            Access::Good {
                connection,
                family,
                serial,
            } => (
                200,
                json!({ "connection": connection, "family": family, "serial": serial }).to_string(),
            ),
            Access::Over { family, serial } => (401, json!({ "family": family, "serial": serial }).to_string()),
            Access::Unknown => (401, json!({ "error": "unknown" }).to_string()),
        }
    }

    /// The token endpoint (RFC 6749 §6). `None` when the connection is over.
    async fn token(
        &self,
        connection: Connection,
        request: &Request,
        integration: usize,
        replica: usize,
        connected_at: Millis,
    ) -> Option<Connection> {
        let expected = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
        let authorized = request.authorization.as_deref() == Some(format!("Basic {expected}").as_str());
        let token = form_urlencoded::parse(&request.body)
            .find_map(|(name, value)| (name == "refresh_token").then(|| value.into_owned()));
        let known = token.and_then(|token| self.read_refresh(&token));
        let knobs = self.knobs.get(integration).cloned();
        let (Some((family, presented)), Some(knobs), true) = (known, knobs, authorized) else {
            self.recorder.finding(format!(
                "replica {replica} sent a token request that nobody could answer"
            ));
            return answer(connection, 400, "", r#"{"error":"invalid_request"}"#).await;
        };
        let number = self.note(family, presented, replica, connected_at);
        let (before, after, kind) = knobs.next(|| self.book().may_hiccup(family, presented));
        // A provider goes on with what it has read, whether or not the asker is still there.
        let decided = {
            let provider = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(before).await;
                provider.decide(number, family, presented, kind);
                tokio::time::sleep(after).await;
                while matches!(kind, Answer::Hang { .. }) && knobs.hangs() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            })
        };
        self.finish(connection, number, kind, decided).await
    }

    fn note(&self, family: FamilyId, presented: u32, replica: usize, connected_at: Millis) -> usize {
        let connection = self.book().grant(family).map_or(u32::MAX, |grant| grant.connection);
        let at = self.recorder.now();
        let requests = &mut self.recorder.lock().requests;
        requests.push(TokenRequest {
            connection,
            family,
            presented,
            replica,
            connected_at,
            at,
            outcome: Outcome::Undecided,
            decided_at: None,
            answered_at: None,
            broken_at: None,
        });
        requests.len() - 1
    }

    fn decide(&self, number: usize, family: FamilyId, presented: u32, kind: Answer) {
        let mut book = self.book();
        let now = self.recorder.now();
        let outcome = match kind {
            Answer::Honest | Answer::Truncated | Answer::Reset { decides: true } | Answer::Hang { decides: true } => {
                book.spend(family, presented, now)
            }
            Answer::Hiccup => Outcome::Hiccup,
            _ => Outcome::Unprocessed,
        };
        let request = &mut self.recorder.lock().requests[number];
        request.outcome = outcome;
        request.decided_at = Some(now);
    }

    /// Answers as decided, or breaks off. Notes which of the two.
    async fn finish(
        &self,
        mut connection: Connection,
        number: usize,
        kind: Answer,
        decided: tokio::task::JoinHandle<()>,
    ) -> Option<Connection> {
        let broken = |recorder: &Recorder| {
            let now = recorder.now();
            recorder.lock().requests[number].broken_at = Some(now);
        };
        tokio::select! {
            _ = decided => {}
            () = connection.left() => {
                broken(&self.recorder);
                return None;
            }
        }
        if matches!(kind, Answer::Reset { .. } | Answer::Hang { .. }) {
            broken(&self.recorder);
            connection.reset();
            return None;
        }
        let (status, headers, body) = self.words(number, kind);
        if kind == Answer::Truncated {
            drop(connection.half_answer(status, &body).await);
            broken(&self.recorder);
            return None;
        }
        let written = connection.answer(status, headers, &body).await;
        if written.is_err() {
            broken(&self.recorder);
            return None;
        }
        let now = self.recorder.now();
        self.recorder.lock().requests[number].answered_at = Some(now);
        Some(connection)
    }

    fn words(&self, number: usize, kind: Answer) -> (u16, &'static str, String) {
        let (family, outcome) = {
            let request = &self.recorder.lock().requests[number];
            (request.family, request.outcome)
        };
        let error = |code: &str, words: &str| json!({ "error": code, "error_description": words }).to_string();
        match (outcome, kind) {
            (Outcome::Rotated(serial) | Outcome::Reissued(serial), _) => {
                let pair = self.book().pair(family, serial);
                let body = json!({
                    "access_token": pair.access, "refresh_token": pair.refresh, "token_type": "Bearer",
                    "expires_in": pair.expires_in,
                });
                (200, "", body.to_string())
            }
            (_, Answer::AppBroken) => (401, "", error("invalid_client", "Nobody knows this client.")),
            (_, Answer::Status(429)) => (429, "retry-after: 2\r\n", error("slow_down", "Too many.")),
            (_, Answer::Status(status)) => (status, "", "Oops".to_owned()),
            _ => (400, "", error("invalid_grant", "The refresh token is not valid.")),
        }
    }
}

async fn answer(mut connection: Connection, status: u16, headers: &str, body: &str) -> Option<Connection> {
    connection
        .answer(status, headers, body)
        .await
        .is_ok()
        .then_some(connection)
}

/// `/7/token` is integration 7's `token`.
fn place(path: &str) -> (usize, &str) {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let integration = parts.next().and_then(|part| part.parse().ok());
    (integration.unwrap_or(usize::MAX), parts.next().unwrap_or_default())
}
