//! Signatures of OAuth 1.0a (RFC 5849 §3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalog::OAuth1Method;
use http::header::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use zeroize::Zeroizing;

/// Everything but the unreserved characters (RFC 5849 §3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Bytes of a nonce.
const NONCE: usize = 16;

/// What a request is signed with.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// `oauth_consumer_key`.
    pub(super) consumer_key: SecretString,
    /// The client's secret.
    pub(super) consumer_secret: SecretString,
    /// `oauth_token` and its secret.
    pub(super) token: Option<(SecretString, SecretString)>,
}

/// What makes each signature another one.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// Seconds since 1970.
    pub(super) timestamp: i64,
    /// Never the same twice at a timestamp.
    pub(super) nonce: String,
}

impl Moment {
    /// Now. `None`: the operating system gives no randomness.
    pub(super) fn new(timestamp: i64) -> Option<Self> {
        let mut bytes = [0; NONCE];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let nonce = hex::encode(bytes);
        Some(Self { timestamp, nonce })
    }
}

/// A request that is to be signed.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    /// Its method.
    pub(super) method: &'a http::Method,
    /// Its address, with the query.
    pub(super) url: &'a Url,
    /// Its body, where that is a form.
    pub(super) form: &'a [u8],
    /// Further parameters of the protocol, as `oauth_callback`.
    pub(super) extra: &'a [(&'static str, &'a str)],
}

/// The parameters of the protocol, with the signature at the end. Values are not encoded.
pub(super) struct Parameters(Vec<(&'static str, Zeroizing<String>)>);

/// Signs.
pub(super) fn sign(algorithm: OAuth1Method, keys: &Keys, moment: &Moment, request: Signed<'_>) -> Parameters {
    let mut own: Vec<(&'static str, Zeroizing<String>)> = Vec::new();
    let mut put = |name, value: &str| own.push((name, Zeroizing::new(value.to_owned())));
    put("oauth_consumer_key", keys.consumer_key.expose_secret());
    if let Some((token, _)) = &keys.token {
        put("oauth_token", token.expose_secret());
    }
    put("oauth_signature_method", algorithm.name());
    put("oauth_timestamp", &moment.timestamp.to_string());
    put("oauth_nonce", &moment.nonce);
    for (name, value) in request.extra {
        put(name, value);
    }
    put("oauth_version", "1.0");
    let signature = signature(algorithm, keys, &own, request);
    own.push(("oauth_signature", signature));
    Parameters(own)
}

/// The signature over these parameters of the protocol (RFC 5849 §3.4).
fn signature(
    algorithm: OAuth1Method,
    keys: &Keys,
    own: &[(&'static str, Zeroizing<String>)],
    request: Signed<'_>,
) -> Zeroizing<String> {
    let token_secret = keys.token.as_ref().map_or("", |(_, secret)| secret.expose_secret());
    let key = Zeroizing::new(format!(
        "{}&{}",
        encoded(keys.consumer_secret.expose_secret().as_bytes()),
        encoded(token_secret.as_bytes())
    ));
    let hash = match algorithm {
        OAuth1Method::Plaintext => return key,
        OAuth1Method::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        OAuth1Method::HmacSha256 => hmac::HMAC_SHA256,
    };
    let message = Zeroizing::new(base_string(own, request));
    let tag = hmac::sign(&hmac::Key::new(hash, key.as_bytes()), message.as_bytes());
    Zeroizing::new(STANDARD.encode(tag))
}

/// What is signed (RFC 5849 §3.4.1).
fn base_string(own: &[(&'static str, Zeroizing<String>)], request: Signed<'_>) -> String {
    let mut all = pairs(request.url.query().unwrap_or_default().as_bytes());
    all.extend(pairs(request.form));
    all.extend(
        own.iter()
            .map(|(name, value)| (encoded(name.as_bytes()), encoded(value.as_bytes()))),
    );
    // By name, then by value, as they are once encoded (§3.4.1.3.2).
    all.sort();
    let all: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    // The scheme and the host are in lower case and a usual port is left out: `Url` has seen to it (§3.4.1.2).
    let address = &request.url[..url::Position::AfterPath];
    format!(
        "{}&{}&{}",
        encoded(request.method.as_str().as_bytes()),
        encoded(address.as_bytes()),
        encoded(all.join("&").as_bytes())
    )
}

/// The parameters of a query or a form (RFC 5849 §3.4.1.3.1), encoded anew.
fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let anew = |part: &[u8]| {
        let spaced: Vec<u8> = part
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect();
        let decoded: Vec<u8> = percent_decode(&spaced).collect();
        encoded(&decoded)
    };
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            (anew(&pair[..end]), anew(pair.get(end + 1..).unwrap_or_default()))
        })
        .collect()
}

/// A parameter of the protocol in a query or a form, where only a signature may put one.
pub(super) fn foreign(query: Option<&str>, form: &[u8]) -> Option<String> {
    const OWN: [&str; 7] = [
        "oauth_consumer_key",
        "oauth_nonce",
        "oauth_signature",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_token",
        "oauth_version",
    ];
    let mut all = pairs(query.unwrap_or_default().as_bytes());
    all.extend(pairs(form));
    all.into_iter()
        .map(|(name, _)| name)
        .find(|name| OWN.contains(&name.as_str()))
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

impl Parameters {
    /// As a header (RFC 5849 §3.5.1).
    pub(super) fn header(&self, realm: Option<&str>) -> Option<HeaderValue> {
        let mut parts: Vec<Zeroizing<String>> = Vec::new();
        // No quotation mark and no `\` stands in it: the definition's check sees to the literals, and here to the values.
        if let Some(realm) = realm {
            if realm.contains(['"', '\\']) {
                return None;
            }
            parts.push(Zeroizing::new(format!("realm=\"{realm}\"")));
        }
        for (name, value) in &self.0 {
            parts.push(Zeroizing::new(format!("{name}=\"{}\"", encoded(value.as_bytes()))));
        }
        let mut text = Zeroizing::new("OAuth ".to_owned());
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str(part);
        }
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// As further parameters of a query or a form (RFC 5849 §3.5.2, §3.5.3).
    pub(super) fn behind(&self, before: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(before.to_owned());
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            text.push_str(&encoded(value.as_bytes()));
        }
        text
    }
}

#[cfg(test)]
mod tests;
