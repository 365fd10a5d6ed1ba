//! JSON Web Tokens that we sign (RFC 7515, RFC 7519), with the algorithms of RFC 7518 §3.1.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use catalog::{Inputs, KeyAlgorithm, KeyFormat, RenderError, Signature, SignatureAlgorithm, Slot, Template};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::signing::SigningKey;

/// Tokens are issued this many seconds ago: a service's clock may be behind.
const BEHIND: i64 = 30;

/// Why nothing was signed. It names no value.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    /// A template cannot be filled in.
    #[error("`sign` cannot be filled in: {0}")]
    Render(#[from] RenderError),
    /// The key is not what the algorithm takes.
    #[error("it is no key for {0}")]
    Key(&'static str),
}

/// Signs with the key of the inputs; `now` is in seconds since 1970.
pub(super) fn sign(written: &Signature, inputs: &Inputs<'_>, now: i64) -> Result<SecretString, SignError> {
    let algorithm = written.algorithm;
    let mut header = members(&written.header, inputs)?;
    header.insert("alg".to_owned(), Value::from(algorithm.name()));
    header.insert("typ".to_owned(), Value::from("JWT"));
    let mut claims = members(&written.claims, inputs)?;
    let issued = now - BEHIND;
    claims.insert("iat".to_owned(), Value::from(issued));
    let lifetime = i64::try_from(written.lifetime).unwrap_or(0);
    claims.insert("exp".to_owned(), Value::from(issued + lifetime));
    let part = |members: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(members).to_string());
    let mut token = Zeroizing::new(format!("{}.{}", part(header), part(claims)));
    let key = written.key.render(inputs, Slot::Plain)?;
    let signature = signature_of(algorithm, written.key_format, key.expose_secret(), token.as_bytes())?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(SecretString::from(token.as_str()))
}

fn members(templates: &[(String, Template)], inputs: &Inputs<'_>) -> Result<Map<String, Value>, SignError> {
    let member = |(name, template): &(String, Template)| {
        let value = template.render(inputs, Slot::Plain)?;
        Ok((name.clone(), Value::from(value.expose_secret())))
    };
    templates.iter().map(member).collect()
}

fn signature_of(
    algorithm: SignatureAlgorithm,
    format: KeyFormat,
    key: &str,
    message: &[u8],
) -> Result<Vec<u8>, SignError> {
    let malformed = || SignError::Key(algorithm.name());
    let asymmetric = |algorithm| {
        let key = SigningKey::of_text(key).map_err(|_| malformed())?;
        key.signature(algorithm, message).map_err(|_| malformed())
    };
    match algorithm {
        SignatureAlgorithm::Hs256 => {
            let key = Zeroizing::new(match format {
                KeyFormat::Hex => hex::decode(key.trim()).map_err(|_| malformed())?,
                KeyFormat::Base64 => STANDARD.decode(key.trim()).map_err(|_| malformed())?,
                KeyFormat::Text | KeyFormat::Pem => key.as_bytes().to_vec(),
            });
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            Ok(hmac::sign(&key, message).as_ref().to_vec())
        }
        SignatureAlgorithm::Rs256 => asymmetric(KeyAlgorithm::Rs256),
        SignatureAlgorithm::Es256 => asymmetric(KeyAlgorithm::Es256),
    }
}
