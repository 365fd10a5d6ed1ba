//! OAuth 1.0a (RFC 5849), as far as a definition promises it: credentials for signed requests, a person who allows or does
//! not, and the signature of each call.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::authorize::{back_to, learnt_from, take};
use super::role::Grant;
use super::{Address, Asked, Mood, Reply, Role, Seen};
use crate::script::Part;

/// Parameters with their values.
type Form = Vec<(String, String)>;

/// Temporary credentials.
#[derive(Clone, Debug)]
pub(super) struct Temporary {
    token: String,
    secret: String,
    callback: String,
    /// Once the person has allowed it.
    verifier: Option<String>,
    /// What the callback had besides.
    query: Value,
}

/// What a request is signed with.
struct Keys {
    consumer: (String, String),
    token: Option<(String, String)>,
}

impl Role {
    /// A request of the product for credentials, if it is one.
    pub(super) fn answer_oauth1(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        if self.kind() != "oauth1" {
            return Ok(None);
        }
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        for key in ["request_token", "access_token"] {
            let endpoint = self.address(&way.at(key).at("url"))?;
            if asked.address.is_at(&endpoint) {
                self.ledger.used(&way.at(key).at("url").path);
                return self.credentials(&way, key, asked).map(Some);
            }
        }
        Ok(None)
    }

    fn credentials(&mut self, way: &Part<'_>, key: &str, asked: &Asked) -> Result<Reply, String> {
        let request = way.at(key);
        let is_get = request.at("method").text() == Some("get");
        for part in ["method", "parameters"] {
            self.ledger.used(&request.at(part).path);
        }
        if asked.method != if is_get { "GET" } else { "POST" } {
            self.complain(format!("{key}: the method is {}", asked.method));
        }
        let temporary = self.issued.temporary.clone().filter(|_| key == "access_token");
        let keys = Keys {
            consumer: (self.client.id.clone(), self.client.secret.clone()),
            token: temporary.as_ref().map(|one| (one.token.clone(), one.secret.clone())),
        };
        let place = request.at("parameters").text_or("header");
        let (mut own, rest) = self.proved(way, asked, &keys, place)?;
        let mut given = if is_get {
            rest.address.query.clone()
        } else {
            form_of(&rest)
        };
        for (name, part) in request.at("params").entries() {
            let value = self.plain(&part)?;
            let found = take(&mut given, name);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            self.expect(&part.path, &format!("{key}: parameter `{name}`"), &value, &found);
        }
        for (name, _) in given {
            self.complain(format!("{key}: the parameter `{name}` is not in the definition"));
        }
        if key == "request_token" {
            let callback = take(&mut own, "oauth_callback").concat();
            self.left(key, &own);
            self.issued.count += 1;
            let number = self.issued.count;
            let made = Temporary {
                token: format!("temporary/{number}+&"),
                secret: format!("temporary secret/{number}%"),
                callback,
                verifier: None,
                query: json!({}),
            };
            let body = form_urlencoded::Serializer::new(String::new())
                .append_pair("oauth_token", &made.token)
                .append_pair("oauth_token_secret", &made.secret)
                .append_pair("oauth_callback_confirmed", "true")
                .finish();
            self.issued.temporary = Some(made);
            return Ok(text(200, body));
        }
        self.seen.push(Seen::Exchange);
        let verifier = take(&mut own, "oauth_verifier").concat();
        self.left(key, &own);
        let temporary = temporary.filter(|one| one.verifier.as_deref() == Some(verifier.as_str()));
        let Some(temporary) = temporary else {
            self.complain(format!("{key}: `{verifier}` is not the verifier"));
            return Ok(text(401, "oauth_problem=verifier_invalid".to_owned()));
        };
        if let Mood::TokenError(code) = &self.mood {
            return Ok(text(401, format!("oauth_problem={code}")));
        }
        // It is spent.
        self.issued.temporary = None;
        self.issued.count += 1;
        let grant = Grant {
            access: format!("token/{}={}", self.script.id, self.issued.count),
            refresh: Some(format!("token secret/{}&%", self.issued.count)),
            key: None,
        };
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("oauth_token", &grant.access);
        body.append_pair("oauth_token_secret", grant.refresh.as_deref().unwrap_or_default());
        for (name, part) in way.at("learn").entries() {
            if let Some(path) = learnt_from(&part, "token")? {
                let value = self.learn(name, &part)?;
                body.append_pair(&path, &value);
            } else if let Some(path) = learnt_from(&part, "query")? {
                let value = temporary.query[&path].as_str().unwrap_or_default();
                self.learnt.insert(name.to_owned(), value.to_owned());
            }
        }
        self.issued.grants.push(grant);
        Ok(text(200, body.finish()))
    }

    fn left(&mut self, what: &str, own: &Form) {
        if let Some((name, _)) = own.first() {
            self.complain(format!("{what}: `{name}` is no parameter of this request"));
        }
    }

    /// A browser comes to the page where the person allows it (RFC 5849 §2.2).
    pub(super) fn allow(&mut self, way: &Part<'_>, raw: &str) -> Result<Reply, String> {
        let url = way.at("authorize").at("url");
        self.ledger.used(&url.path);
        let (endpoint, address) = (self.address(&url)?, Address::parse(raw)?);
        if !address.is_at(&endpoint) {
            return Err(format!("the browser is at {}", address.place()));
        }
        let mut given = address.query.clone();
        let token = take(&mut given, "oauth_token").concat();
        for (name, part) in way.at("authorize").at("params").entries() {
            let value = self.plain(&part)?;
            let found = take(&mut given, name);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            self.expect(&part.path, &format!("authorize: parameter `{name}`"), &value, &found);
        }
        for (name, _) in given {
            self.complain(format!("authorize: the parameter `{name}` is not in the definition"));
        }
        let mut temporary = self.issued.temporary.clone().ok_or("no token was asked for")?;
        if token != temporary.token {
            return Err(format!("`{token}` is not the token that was given"));
        }
        let mut pairs: Form = Vec::new();
        match self.mood {
            Mood::Denies => pairs.push(("denied".to_owned(), token)),
            Mood::ForeignToken => {
                pairs.push(("oauth_token".to_owned(), "of somebody else".to_owned()));
                pairs.push(("oauth_verifier".to_owned(), "of somebody else".to_owned()));
            }
            _ => {
                for (name, part) in way.at("learn").entries() {
                    if let Some(path) = learnt_from(&part, "query")? {
                        let value = self.learn(name, &part)?;
                        temporary.query[&path] = json!(value);
                        pairs.push((path, value));
                    }
                }
                let verifier = format!("verifier/{}+&", self.issued.count);
                pairs.push(("oauth_token".to_owned(), token));
                pairs.push(("oauth_verifier".to_owned(), verifier.clone()));
                temporary.verifier = Some(verifier);
            }
        }
        let callback = temporary.callback.clone();
        self.issued.temporary = Some(temporary);
        // The callback's own query stays (RFC 5849 §2.2).
        Ok(back_to(&callback, &pairs))
    }

    /// A call whose signature is right, without it; any other as it is.
    pub(super) fn unsigned(&mut self, asked: &Asked) -> Result<Asked, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let calls = way.at("oauth1");
        let (said, keys) = if self.kind() == "oauth1" {
            let given = parameters(asked, way.at("parameters").text_or("header"));
            let token = given
                .iter()
                .find(|(name, _)| name == "oauth_token")
                .map(|(_, value)| value);
            // A call is about the grant whose token it carries.
            let position = self.issued.grants.iter().position(|grant| Some(&grant.access) == token);
            if let Some(position) = position {
                let grant = self.issued.grants.remove(position);
                self.issued.grants.push(grant);
            }
            let grant = self.issued.grants.last().ok_or("there is no grant")?;
            let secret = grant.refresh.clone().unwrap_or_default();
            let keys = Keys {
                consumer: (self.client.id.clone(), self.client.secret.clone()),
                token: Some((grant.access.clone(), secret)),
            };
            (way.clone(), keys)
        } else if calls.is_there() {
            let mut filled = |key: &str| {
                self.ledger.used(&calls.at(key).path);
                self.plain(&calls.at(key))
            };
            let consumer = (filled("consumer_key")?, filled("consumer_secret")?);
            let token = if calls.at("token").is_there() {
                Some((filled("token")?, filled("token_secret")?))
            } else {
                None
            };
            (calls.clone(), Keys { consumer, token })
        } else {
            return Ok(asked.clone());
        };
        let parameters = said.at("parameters");
        self.ledger.used(&parameters.path);
        let (own, rest) = self.proved(&said, asked, &keys, parameters.text_or("header"))?;
        self.left("a call", &own);
        Ok(rest)
    }

    /// Proves the signature of a request (RFC 5849 §3). Gives the protocol's parameters that only some requests have, and
    /// the request without any of them.
    fn proved(&mut self, said: &Part<'_>, asked: &Asked, keys: &Keys, place: &str) -> Result<(Form, Asked), String> {
        let (method, realm) = (said.at("signature"), said.at("realm"));
        self.ledger.used(&method.path);
        let mut own = parameters(asked, place);
        let mut rest = asked.clone();
        let is_ours = |name: &str| name.starts_with("oauth_");
        match place {
            "header" => rest.headers.retain(|(name, _)| name != "authorization"),
            "query" => rest.address.query.retain(|(name, _)| !is_ours(name)),
            _ => {
                let kept = form_of(asked).into_iter().filter(|(name, _)| !is_ours(name));
                rest.body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(kept)
                    .finish();
            }
        }
        let given = take(&mut own, "realm");
        let expected = if place == "header" && realm.is_there() {
            self.ledger.used(&realm.path);
            vec![self.plain(&realm)?]
        } else {
            Vec::new()
        };
        if given != expected {
            self.complain(format!("{}: the realm is {given:?}", realm.path));
        }
        let signature = take(&mut own, "oauth_signature").concat();
        let mut all: Form = own.clone();
        all.extend(rest.address.query.iter().cloned());
        let kind = asked.header("content-type").concat();
        if kind.starts_with("application/x-www-form-urlencoded") {
            all.extend(form_of(&rest));
        }
        let expected = signature_of(method.text_or(""), keys, asked, &all)?;
        if signature != expected {
            self.complain(format!(
                "{}: the signature of {} is wrong",
                method.path,
                asked.address.place()
            ));
        }
        let mut expect = |name: &str, value: Option<&str>| {
            let found = take(&mut own, name);
            if found.iter().map(String::as_str).ne(value) {
                self.complaints
                    .push(format!("`{name}` should be {value:?}, is {found:?}"));
            }
        };
        expect("oauth_consumer_key", Some(&keys.consumer.0));
        expect("oauth_token", keys.token.as_ref().map(|(token, _)| token.as_str()));
        expect("oauth_signature_method", method.text());
        expect("oauth_version", Some("1.0"));
        let nonce = (
            take(&mut own, "oauth_timestamp").concat(),
            take(&mut own, "oauth_nonce").concat(),
        );
        if nonce.0.parse::<u64>().is_err() || nonce.1.is_empty() || self.issued.used_nonces.contains(&nonce) {
            self.complain(format!(
                "the timestamp and nonce {nonce:?} are none, or were there before"
            ));
        }
        self.issued.used_nonces.push(nonce);
        Ok((own, rest))
    }
}

/// The protocol's parameters of a request, from where they should be.
fn parameters(asked: &Asked, place: &str) -> Form {
    let ours = |all: Form| all.into_iter().filter(|(name, _)| name.starts_with("oauth_")).collect();
    match place {
        "query" => ours(asked.address.query.clone()),
        "body" => ours(form_of(asked)),
        _ => {
            let header = asked.header("authorization").concat();
            let given = header.strip_prefix("OAuth ").unwrap_or_default().split(',');
            let pairs = given.filter_map(|pair| pair.trim().split_once('='));
            let decoded = |value: &str| {
                percent_encoding::percent_decode_str(value.trim_matches('"'))
                    .decode_utf8_lossy()
                    .into_owned()
            };
            pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
        }
    }
}

fn form_of(asked: &Asked) -> Form {
    form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect()
}

/// RFC 5849 §3.4, from what its text says.
fn signature_of(method: &str, keys: &Keys, asked: &Asked, all: &Form) -> Result<String, String> {
    let secret = keys.token.as_ref().map_or("", |(_, secret)| secret.as_str());
    let key = format!("{}&{}", encoded(&keys.consumer.1), encoded(secret));
    let hash = match method {
        "PLAINTEXT" => return Ok(key),
        "HMAC-SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "HMAC-SHA256" => hmac::HMAC_SHA256,
        other => return Err(format!("the player does not know `{other}`")),
    };
    let mut all: Form = all
        .iter()
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    all.sort();
    let all: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let path: Vec<String> = asked.address.path.iter().map(|segment| encoded(segment)).collect();
    let address = format!("{}/{}", asked.address.origin, path.join("/"));
    let message = [asked.method.as_str(), &address, &all.join("&")].map(encoded).join("&");
    Ok(STANDARD.encode(hmac::sign(&hmac::Key::new(hash, key.as_bytes()), message.as_bytes())))
}

/// RFC 5849 §3.6.
fn encoded(text: &str) -> String {
    const RESERVED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(text, RESERVED).to_string()
}

fn text(status: u16, body: String) -> Reply {
    Reply {
        status,
        body,
        location: None,
        headers: Vec::new(),
    }
}
