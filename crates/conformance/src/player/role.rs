//! What is played: a definition, one way to sign in, and the state of the service that it describes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::device::DeviceCode;
use super::mcp::Registered;
use super::oauth1::Temporary;
use super::signed::with_token;
use super::{Address, Asked, Recital, Reply};
use crate::ledger::Ledger;
use crate::sample;
use crate::script::{Part, Script};
use crate::template::Template;

/// One connection to be made, and how the service answers meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Take {
    /// Of sample values; other numbers give other ones.
    pub(crate) number: usize,
    /// Whose account it is.
    pub(crate) account: u32,
    /// Values of variables: the person's, the operator's, and the defaults of the others.
    pub(crate) variables: BTreeMap<String, String>,
    /// Secrets that the person types in.
    pub(crate) secrets: BTreeMap<String, String>,
    /// Which alternative of each `first` the service's answers have.
    pub(crate) alternative: usize,
    /// Seconds in `expires_in`; without, it is left out.
    pub(crate) expires_in: Option<u64>,
    /// The learnt variable that gets a value which is not allowed.
    pub(crate) wrong: Option<String>,
    /// Scopes that the operator's app asks for in place of the default ones.
    pub(crate) scopes: Option<Vec<String>>,
}

/// How the service behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should.
    #[default]
    Willing,
    /// The person says no at the authorization endpoint (RFC 6749 §4.1.2.1), or when the code is entered (RFC 8628 §3.5).
    Denies,
    /// The callback names another issuer (RFC 9207).
    ForeignIssuer,
    /// The callback names another token than was asked for (RFC 5849 §2.2).
    ForeignToken,
    /// The callback is signed with another key.
    ForeignSignature,
    /// The token endpoint answers with this error (RFC 6749 §5.2).
    TokenError(String),
    /// The check is refused, in these words.
    Refuses(String),
    /// The check is answered, and what stands at this pointer is not what must stand there.
    NotOk(String),
    /// The check is answered, and names no account where one is required.
    Nobody,
    /// The API refuses the credential.
    Unauthorized,
    /// The server's metadata is about another one (RFC 9728 §3.3).
    ForeignResource,
    /// The authorization server's metadata is about another one (RFC 8414 §3.3).
    ForeignMetadata,
    /// Clients that register themselves are refused, in these words (RFC 7591 §3.2.2).
    RefusesClient(String),
}

/// What the service saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Discovery,
    Register,
    Authorize,
    Exchange,
    Refresh,
    Revoke(String),
    Check,
    Choose,
    Call,
}

/// The operator's OAuth app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// In PEM.
    pub(crate) key: String,
}

/// A role.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) script: Arc<Script>,
    /// Position of the way to sign in.
    pub(crate) way: usize,
    pub(crate) client: Client,
    /// `instance.public_url` and `instance.sandbox_url`.
    pub(crate) instance: Value,
    pub(crate) take: Take,
    /// Whether the operator's app says which scopes it asks for.
    pub(crate) scopes_changed: bool,
    pub(crate) mood: Mood,
    /// What of the definition was used.
    pub(crate) ledger: Ledger,
    /// What was not as the definition says.
    pub(crate) complaints: Vec<String>,
    /// What came, in order.
    pub(crate) seen: Vec<Seen>,
    /// Learnt and chosen values.
    pub(crate) learnt: BTreeMap<String, String>,
    /// The entry that the person picks.
    pub(crate) pick: usize,
    pub(super) issued: Issued,
    /// What the provider's documents show.
    pub(crate) recital: Option<Recital>,
}

/// What the authorization server gave out.
#[derive(Clone, Debug, Default)]
pub(super) struct Issued {
    pub(super) count: u32,
    /// By code.
    pub(super) codes: BTreeMap<String, Code>,
    /// The code that a person is to enter.
    pub(super) device: Option<DeviceCode>,
    /// That of the last code.
    pub(super) redirect_uri: String,
    /// The answer to a code, while a second exchange is to follow.
    pub(super) short: Option<Value>,
    /// What the steps of a log-in keep.
    pub(super) kept: Map<String, Value>,
    /// The step of a log-in that is next.
    pub(super) step: usize,
    /// The last request that was sent ahead, under its reference.
    pub(super) pushed: Option<(String, Vec<(String, String)>)>,
    /// Numbers that must not come again.
    pub(super) once: BTreeSet<String>,
    /// Counts the nonces of proofs.
    pub(super) nonces: u32,
    /// Grants that live, the last one last.
    pub(super) grants: Vec<Grant>,
    /// Temporary credentials (RFC 5849 §2.1).
    pub(super) temporary: Option<Temporary>,
    /// Timestamps with nonces that were there.
    pub(super) used_nonces: Vec<(String, String)>,
    /// Clients that registered themselves; the one that is used last.
    pub(super) registered: Vec<Registered>,
    /// The client that a code or token was given to.
    pub(super) owners: BTreeMap<String, String>,
    /// The refresh token that a document showed last; it stays good where a refresh shows no other.
    pub(super) before: Option<String>,
}

/// The tokens of a grant that are good now; of OAuth 1 the token, and its secret in place of a refresh token.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    /// The thumbprint of the key that they are bound to.
    pub(super) key: Option<String>,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    /// `dpop_jkt`.
    pub(super) key: Option<String>,
    pub(super) callback: Value,
}

impl Role {
    /// A role without a history.
    pub(crate) fn new(script: &Arc<Script>, way: usize, client: Client, instance: Value) -> Self {
        Self {
            script: Arc::clone(script),
            way,
            client,
            instance,
            take: Take::default(),
            scopes_changed: false,
            mood: Mood::Willing,
            ledger: Ledger::default(),
            complaints: Vec::new(),
            seen: Vec::new(),
            learnt: BTreeMap::new(),
            pick: 0,
            issued: Issued::default(),
            recital: None,
        }
    }

    /// Another connection, whose values are not learnt yet.
    pub(crate) fn begin(&mut self, take: Take) {
        self.take = take;
        self.mood = Mood::Willing;
        self.learnt.clear();
        self.seen.clear();
        self.issued.short = None;
        self.issued.step = 0;
        self.issued.nonces += 1;
    }

    /// The access token that is good now.
    pub(crate) fn access_token(&self) -> &str {
        self.issued.grants.last().map_or("", |grant| grant.access.as_str())
    }

    /// How often this was seen.
    pub(crate) fn count(&self, what: &Seen) -> usize {
        self.seen.iter().filter(|seen| *seen == what).count()
    }

    /// Says that something is not as the definition says.
    pub(super) fn complain(&mut self, what: impl Into<String>) {
        self.complaints.push(what.into());
    }

    /// Compares, notes that the place was used, and says what differs.
    pub(super) fn expect(&mut self, place: &str, what: &str, expected: &str, found: &[&str]) {
        self.ledger.used(place);
        let same = match found {
            [found] => self.is_same(expected, found),
            _ => Ok(false),
        };
        if let Err(problem) = same {
            self.complain(format!("{what}: {problem}"));
        } else if same == Ok(false) {
            self.complain(format!(
                "{what}: the definition says `{expected}` ({place}), there is {found:?}"
            ));
        }
    }

    /// Its kind.
    pub(super) fn kind(&self) -> String {
        self.script.ways()[self.way].at("kind").text_or("").to_owned()
    }

    /// Whether this way is an OAuth sign-in in a browser.
    pub(crate) fn is_oauth2(&self) -> bool {
        matches!(self.kind().as_str(), "oauth2" | "oauth2_device" | "mcp")
    }

    /// What templates may name.
    pub(crate) fn inputs(&self) -> Value {
        let mut variables: Map<String, Value> = Map::new();
        for (name, value) in self.take.variables.iter().chain(&self.learnt) {
            variables.insert(name.clone(), json!(value));
        }
        let mut credential = json!(self.take.secrets);
        if self.is_oauth2() || matches!(self.kind().as_str(), "login" | "oauth2_client_credentials") {
            credential["access_token"] = json!(self.access_token());
            let dpop = self.script.ways()[self.way].at("dpop").is_true();
            credential["token_type"] = json!(if dpop { "DPoP" } else { "Bearer" });
        }
        json!({
            "variables": variables,
            "credential": credential,
            "app": { "client_id": self.client.id, "client_secret": self.client.secret },
            "instance": self.instance,
            "discovered": self.metadata(),
            "kept": self.issued.kept,
        })
    }

    /// The rendered text of a place.
    pub(super) fn plain(&self, part: &Part<'_>) -> Result<String, String> {
        Template::parse(part.text_or(""))?
            .plain(&with_token(self.inputs()))
            .map_err(|error| format!("{}: {error}", part.path))
    }

    /// The rendered address of a place; one that begins with `/` is behind the API's.
    pub(crate) fn address(&self, part: &Part<'_>) -> Result<Address, String> {
        let text = part.text_or("");
        let address = |text: &str| Template::parse(text)?.address(&self.inputs());
        let rendered = address(text).and_then(|whole| {
            if whole.starts_with('/') {
                let base = address(self.script.at("api").at("base_url").text_or(""))?;
                Ok(format!("{}{whole}", base.trim_end_matches('/')))
            } else {
                Ok(whole)
            }
        });
        rendered
            .and_then(|whole| Address::parse(&whole))
            .map_err(|error| format!("{}: {error}", part.path))
    }

    /// Notes a learnt value, in the place of a `learn`.
    pub(super) fn learn(&mut self, name: &str, part: &Part<'_>) -> Result<String, String> {
        for key in ["from", "type", "pattern"] {
            self.ledger.used(&part.at(key).path);
        }
        if self.take.wrong.as_deref() == Some(name) {
            return sample::against_learn(part).ok_or_else(|| format!("{}: nothing is forbidden", part.path));
        }
        let hosts = part.at("hosts").items();
        if !hosts.is_empty() {
            self.ledger.used(&hosts[self.take.number % hosts.len()].path);
        }
        let value = sample::of_learn(part, self.take.number)?;
        self.learnt.insert(name.to_owned(), value.clone());
        Ok(value)
    }

    /// Answers the product.
    pub(super) fn answer(&mut self, asked: &Asked) -> Reply {
        let tampered = self.script.tamper.map(|tamper| tamper.asked(asked));
        let asked = tampered.as_ref().unwrap_or(asked);
        // What is answered with an error that a document shows, the player has not done.
        let before = self.recital.as_ref().map(|_| self.issued.clone());
        let answered = self.try_answer(asked);
        match answered.and_then(|own| self.recite(asked, own, before)) {
            Ok(reply) => reply,
            Err(problem) => {
                self.complain(problem.clone());
                Reply::json(500, &json!({ "error": "not_playable", "error_description": problem }))
            }
        }
    }

    fn try_answer(&mut self, asked: &Asked) -> Result<Reply, String> {
        if let Some(reply) = self.answer_oauth2(asked)? {
            return Ok(reply);
        }
        if let Some(reply) = self.answer_oauth1(asked)? {
            return Ok(reply);
        }
        if let Some(reply) = self.answer_login(asked)? {
            return Ok(reply);
        }
        let asked = &self.unsigned(asked)?;
        if let Some(reply) = self.answer_api(asked)? {
            return Ok(reply);
        }
        let place = format!("{} {}", asked.method, asked.address.place());
        self.complain(format!("{place} is no address of the definition"));
        Ok(Reply::json(404, &json!({ "error": "not_found" })))
    }
}
