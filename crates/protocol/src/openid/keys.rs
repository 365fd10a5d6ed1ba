//! The keys of a provider (RFC 7517), with which it signs ID tokens.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use catalog::KeyAlgorithm;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::Value;
use url::Url;

use crate::Protocol;
use crate::egress::{ANSWER_LIMIT, Egress};
use crate::oauth2::TokenError;

/// Keys that an ID token can be checked with.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<PublicKey>);

#[derive(Debug)]
struct PublicKey {
    id: Option<String>,
    algorithm: Option<KeyAlgorithm>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

impl PublicKey {
    /// One that signs in a way that is known here.
    fn read(key: &Value) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
        if text("use").is_some_and(|used| used != "sig") {
            return None;
        }
        let algorithm = match text("alg") {
            None => None,
            Some(name) => Some(KeyAlgorithm::from_name(name)?),
        };
        let without_zeros = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        let kind = match (text("kty")?, text("crv")) {
            ("RSA", _) => Kind::Rsa {
                n: without_zeros(number("n")?),
                e: without_zeros(number("e")?),
            },
            ("EC", Some("P-256")) => {
                // An uncompressed point: 4, and both coordinates of 32 bytes (SEC 1 §2.3.3).
                let (x, y) = (number("x")?, number("y")?);
                if (x.len(), y.len()) != (32, 32) {
                    return None;
                }
                Kind::P256([vec![4], x, y].concat())
            }
            _ => return None,
        };
        Some(Self {
            id: text("kid").map(ToOwned::to_owned),
            algorithm,
            kind,
        })
    }

    fn fits(&self, algorithm: KeyAlgorithm) -> bool {
        let is_curve = matches!(self.kind, Kind::P256(_));
        is_curve == (algorithm == KeyAlgorithm::Es256) && self.algorithm.is_none_or(|own| own == algorithm)
    }

    fn signed(&self, algorithm: KeyAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (&self.kind, algorithm) {
            (Kind::P256(point), _) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Kind::Rsa { n, e }, KeyAlgorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Kind::Rsa { n, e }, _) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.is_ok()
    }
}

impl KeySet {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(body).ok()?;
        let keys = document.get("keys")?.as_array()?;
        Some(Self(keys.iter().filter_map(PublicKey::read).collect()))
    }

    /// Whether the key of this id signed; `None` where it has no such key. A token without an id is checked with the only key
    /// that fits (OpenID Connect Core 1.0 §10.1).
    pub(super) fn signed(
        &self,
        id: Option<&str>,
        algorithm: KeyAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.fits(algorithm) && (id.is_none() || key.id.as_deref() == id));
        let key = fitting.next()?;
        if fitting.next().is_some() {
            return None;
        }
        Some(key.signed(algorithm, message, signature))
    }
}

async fn fetch(egress: &Egress, address: &Url) -> Result<KeySet, TokenError> {
    let unusable = |why: &str| TokenError::transient(format!("its keys cannot be used: {why}"), true);
    let request = http::Request::get(address.as_str())
        .header(http::header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| TokenError::Configuration("jwks_uri is no address".to_owned()))?;
    let answer = egress.call(request, ANSWER_LIMIT).await.map_err(TokenError::from)?;
    if !answer.status().is_success() {
        return Err(unusable(&format!("HTTP {}", answer.status().as_u16())));
    }
    KeySet::read(answer.body()).ok_or_else(|| unusable("they are no JSON Web Key Set"))
}

impl Protocol {
    /// The keys that a provider's metadata names, remembered for ten minutes.
    pub(super) async fn keys_of(&self, document: &Value) -> Result<Arc<KeySet>, TokenError> {
        let address = address_in(document)?;
        if let Some(known) = self.discovery().known_keys(&address) {
            return known;
        }
        self.fetched(&address).await
    }

    /// The same, asked for now: the provider signs with a key that was not there before.
    pub(super) async fn renewed_keys_of(&self, document: &Value) -> Result<Arc<KeySet>, TokenError> {
        self.fetched(&address_in(document)?).await
    }

    async fn fetched(&self, address: &Url) -> Result<Arc<KeySet>, TokenError> {
        let found = fetch(self.egress(), address).await.map_err(TokenError::before_sending);
        self.discovery().keep_keys(address, found)
    }
}

fn address_in(document: &Value) -> Result<Url, TokenError> {
    let text = document.get("jwks_uri").and_then(Value::as_str);
    let unusable = || TokenError::transient("its metadata cannot be used: jwks_uri is missing or no address", true);
    text.and_then(|text| Url::parse(text).ok()).ok_or_else(unusable)
}
