//! Tokens that are bound to a key (RFC 9449): each request with one carries a proof that is signed with the key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::{AuthKind, AuthMethod, KeyAlgorithm};
use http::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use vault::Credential;

use crate::Protocol;
use crate::signing::{SigningKey, UnusableKey, object, once};

/// The header with the proof.
pub(crate) const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header with a number that the next proof must name.
pub(crate) const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// The error that asks for it.
const ASKS: &str = "use_dpop_nonce";
/// The longest that is remembered, and of how many servers.
const LONGEST: usize = 512;
const REMEMBERED: usize = 1024;

/// What is said where a grant has no key though its definition binds tokens to one.
pub(crate) const NO_KEY: &str = "the tokens of this connection are bound to no key; it must be connected again";

/// The key of one grant.
#[derive(Debug)]
pub struct DpopKey {
    key: SigningKey,
    text: SecretString,
}

impl DpopKey {
    /// Makes one: on P-256, for ES256.
    pub fn generate() -> Result<Self, UnusableKey> {
        let (key, text) = SigningKey::generate()?;
        Ok(Self { key, text })
    }

    /// Reads what [`DpopKey::secret`] gave.
    pub fn read(text: &SecretString) -> Result<Self, UnusableKey> {
        let key = SigningKey::read(text)?;
        key.algorithm(Some(KeyAlgorithm::Es256))?;
        Ok(Self {
            key,
            text: text.clone(),
        })
    }

    /// The private key, to be sealed.
    pub fn secret(&self) -> &SecretString {
        &self.text
    }

    /// `dpop_jkt` (RFC 9449 §10).
    pub(super) fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// The key of a credential that was made in this way to sign in; `None` where its tokens need none. A token that
    /// should have one and has none is sent nowhere.
    pub(crate) fn of(method: Option<&AuthMethod>, credential: &Credential) -> Result<Option<Self>, &'static str> {
        let Some(tokens) = credential.tokens() else {
            return Ok(None);
        };
        let needed = matches!(method.map(|method| &method.kind), Some(AuthKind::OAuth2(oauth2)) if oauth2.dpop);
        match &tokens.dpop_key {
            Some(text) => Self::read(text).map(Some).map_err(|_| NO_KEY),
            None if needed => Err(NO_KEY),
            None => Ok(None),
        }
    }
}

/// Whose numbers they are: those of an authorization server are none of a resource server (RFC 9449 §8 and §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    AuthorizationServer,
    ResourceServer,
}

/// The newest number of each server.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<HashMap<(Party, String), String>>);

impl Nonces {
    fn of(&self, party: Party, url: &Url) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(party, url.origin().ascii_serialization())).cloned()
    }

    /// Keeps the number of an answer, if it has one; whether there was one.
    pub(crate) fn keep(&self, party: Party, url: &Url, headers: &HeaderMap) -> bool {
        let Some(nonce) = headers.get(&NONCE).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        // RFC 9449 §8.1: NQCHAR.
        let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if !(1..=LONGEST).contains(&nonce.len()) || !nonce.bytes().all(allowed) {
            return false;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (party, url.origin().ascii_serialization());
        if known.len() >= REMEMBERED && !known.contains_key(&key) {
            known.clear();
        }
        known.insert(key, nonce.to_owned());
        true
    }
}

/// Whether a token endpoint asks for a proof with its number, which came beside (RFC 9449 §8).
pub(super) fn asks_at_server(answer: &http::Response<bytes::Bytes>) -> bool {
    let document: Option<Value> = serde_json::from_slice(answer.body()).ok();
    matches!(answer.status(), StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED)
        && document.is_some_and(|document| document["error"] == ASKS)
}

/// Whether an API does so (RFC 9449 §9).
pub(crate) fn asks_at_resource(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED
        && headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .any(|value| value.to_str().is_ok_and(|text| text.contains(ASKS)))
}

/// An answer that asks for the same call with the number that came with it. Nothing was done at the service.
#[derive(Clone, Copy, Debug)]
pub struct NonceWanted;

impl Protocol {
    /// Puts the proof for one request in: `token` is the access token that goes with it.
    pub(crate) fn prove(
        &self,
        key: &DpopKey,
        (party, token): (Party, Option<&SecretString>),
        (method, url): (&Method, &Url),
        headers: &mut HeaderMap,
    ) -> Result<(), UnusableKey> {
        let header = object([("typ", json!("dpop+jwt")), ("jwk", Value::Object(key.key.public_jwk()))]);
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut claims = object([
            ("jti", json!(once()?)),
            ("htm", json!(method.as_str())),
            ("htu", json!(target.as_str())),
            ("iat", json!(self.now())),
        ]);
        if let Some(token) = token {
            let digest = Sha256::digest(token.expose_secret());
            claims.insert("ath".to_owned(), json!(URL_SAFE_NO_PAD.encode(digest)));
        }
        if let Some(nonce) = self.nonces().of(party, url) {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        let proof = key.key.sign(KeyAlgorithm::Es256, header, claims)?;
        let mut value = HeaderValue::from_str(proof.expose_secret()).map_err(|_| UnusableKey::Malformed)?;
        value.set_sensitive(true);
        headers.insert(PROOF, value);
        Ok(())
    }
}
