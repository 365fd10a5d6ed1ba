//! Signatures: what a definition says that we sign (RFC 7515, 7518, 7519), proved with the other half of the key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256,
    RsaKeyPair, UnparsedPublicKey,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::Sha256;

use super::Role;
use crate::script::Part;
use crate::template::Template;

/// An RSA key for tests; it protects nothing.
const RSA: &str = include_str!("../../keys/rsa.pem");
/// A P-256 key for tests; it protects nothing.
const P256: &str = include_str!("../../keys/p256.pem");

/// The key for an algorithm with a private one.
pub(super) fn key_for(algorithm: &str) -> &'static str {
    if algorithm == "ES256" { P256 } else { RSA }
}

/// What stands for the token while a text is compared.
const TOKEN: &str = "\u{1}signed\u{1}";

/// HMAC-SHA256 in hex.
pub(super) fn hmac_hex(key: &str, message: &str) -> String {
    hex::encode(hmac(key.as_bytes(), message.as_bytes()))
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // Any length of key will do (RFC 2104 §3).
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

/// A key as a person would paste it.
pub(crate) fn sample_key(sign: &Part<'_>) -> String {
    let algorithm = sign.at("algorithm").text_or("");
    let format = sign
        .at("key_format")
        .text_or(if algorithm == "HS256" { "text" } else { "pem" });
    match (algorithm, format) {
        ("RS256", _) => RSA.to_owned(),
        ("ES256", _) => P256.to_owned(),
        (_, "hex") => hex::encode("a key of thirty-two bytes, in hex"),
        (_, "base64") => STANDARD.encode("a key of some bytes, in base64"),
        _ => "a-key-as-it-is".to_owned(),
    }
}

/// The inputs with something in place of the token.
pub(super) fn with_token(mut inputs: Value) -> Value {
    inputs["signed"] = json!({ "jwt": TOKEN });
    inputs
}

impl Role {
    /// Whether `found` is `expected`, in which a token may stand; the token must be right.
    pub(super) fn is_same(&mut self, expected: &str, found: &str) -> Result<bool, String> {
        let Some((before, after)) = expected.split_once(TOKEN) else {
            return Ok(expected == found);
        };
        let token = found.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let token = token
            .ok_or_else(|| format!("`{found}` holds no signed token"))?
            .to_owned();
        self.prove(&token).map(|()| true)
    }

    /// A token has the declared header and claims, and its signature is that of the key.
    fn prove(&mut self, token: &str) -> Result<(), String> {
        let script = std::sync::Arc::clone(&self.script);
        let sign = script.ways()[self.way].at("sign");
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err("a signed token has three parts".to_owned());
        };
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|error| error.to_string());
        let json = |part: &str| serde_json::from_slice::<Value>(&bytes(part)?).map_err(|error| error.to_string());
        let (head, body) = (json(header)?, json(claims)?);
        let algorithm = sign.at("algorithm").text_or("");
        if head["alg"] != algorithm {
            return Err(format!("the signed token says alg {}", head["alg"]));
        }
        for (place, found, more) in [
            ("header", &head, vec!["alg", "typ"]),
            ("claims", &body, vec!["iat", "exp"]),
        ] {
            let declared = sign.at(place).entries();
            for (name, part) in &declared {
                let value = self.plain(part)?;
                self.ledger.used(&part.path);
                if found[*name] != value.as_str() {
                    return Err(format!("{}: the signed token says {}", part.path, found[*name]));
                }
            }
            for name in found.as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
                if !more.contains(&name) && !declared.iter().any(|(other, _)| *other == name) {
                    return Err(format!("the signed token has `{name}`, which the definition has not"));
                }
            }
        }
        let lifetime = sign.at("lifetime");
        let lives = body["exp"]
            .as_u64()
            .unwrap_or(0)
            .checked_sub(body["iat"].as_u64().unwrap_or(1));
        if lives != crate::sample::seconds(lifetime.text_or("")).ok() {
            return Err(format!("{}: the signed token lives {lives:?} seconds", lifetime.path));
        }
        let key = Template::parse(sign.at("key").text_or(""))?.plain(&self.inputs())?;
        let message = format!("{header}.{claims}");
        if !is_signed(&sign, &key, message.as_bytes(), &bytes(signature)?)? {
            return Err("the signature is not that of the key".to_owned());
        }
        for key in ["algorithm", "key", "key_format", "lifetime"] {
            self.ledger.used(&sign.at(key).path);
        }
        Ok(())
    }
}

fn is_signed(sign: &Part<'_>, key: &str, message: &[u8], signature: &[u8]) -> Result<bool, String> {
    let pem = || PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|error| error.to_string());
    match sign.at("algorithm").text_or("") {
        "RS256" => {
            let pair = RsaKeyPair::from_pkcs8(pem()?.secret_pkcs8_der()).map_err(|error| error.to_string())?;
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref().to_vec());
            Ok(public.verify(message, signature).is_ok())
        }
        "ES256" => {
            let (pem, random) = (pem()?, SystemRandom::new());
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pem.secret_pkcs8_der(), &random);
            let pair = pair.map_err(|error| error.to_string())?;
            let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref().to_vec());
            Ok(public.verify(message, signature).is_ok())
        }
        "HS256" => {
            let bytes = match sign.at("key_format").text_or("text") {
                "hex" => hex::decode(key).map_err(|error| error.to_string())?,
                "base64" => STANDARD.decode(key).map_err(|error| error.to_string())?,
                _ => key.as_bytes().to_vec(),
            };
            Ok(hmac(&bytes, message) == signature)
        }
        other => Err(format!("the player does not know `{other}`")),
    }
}
