//! The ID token (OpenID Connect Core 1.0 §2) and what must hold of it (§3.1.3.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::KeyAlgorithm;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::keys::KeySet;

/// Clocks may differ by so many seconds.
const SKEW: i64 = 60;
/// The longest subject (§2) and the longest label in characters.
const LONGEST_SUBJECT: usize = 255;
const LONGEST_LABEL: usize = 200;

/// Who somebody is. Only the subject, beside its issuer, says so: the label is for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Never given to anybody else by this issuer.
    pub subject: String,
    /// An address or a name. The person may have chosen it.
    pub label: String,
    /// Seconds since the person last proved to the provider who they are, where it says so.
    pub authenticated_ago: Option<u64>,
}

/// Why an ID token does not count. It holds nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedIdToken {
    /// The answer has none.
    #[error("there is none: the provider does not speak OpenID Connect, or the client may not ask for `openid`")]
    Missing,
    /// It is no signed JSON Web Token.
    #[error("it is no signed JSON Web Token")]
    Malformed,
    /// It is not signed, or in another way than RS256, PS256 or ES256.
    #[error("it is not signed with RS256, PS256 or ES256")]
    Algorithm,
    /// It was signed with a key that the provider does not show.
    #[error("it was signed with a key that the provider does not show")]
    UnknownKey,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Another issuer made it.
    #[error("another issuer made it")]
    Issuer,
    /// It is for another client.
    #[error("it is for another client")]
    Audience,
    /// It has ended.
    #[error("it has ended, or the clocks of both servers differ")]
    Expired,
    /// It says no time that makes sense.
    #[error("it says no time that makes sense, or the clocks of both servers differ")]
    Time,
    /// It answers another request.
    #[error("it answers another request")]
    Nonce,
    /// It names nobody.
    #[error("it names nobody")]
    Subject,
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) nonce: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// One that was taken apart and not checked yet.
pub(super) struct IdToken {
    algorithm: KeyAlgorithm,
    key: Option<String>,
    claims: Map<String, Value>,
    message: SecretString,
    signature: Vec<u8>,
}

impl IdToken {
    /// Takes a token apart (RFC 7515 §3.1).
    pub(super) fn read(token: &SecretString) -> Result<Self, RefusedIdToken> {
        let malformed = RefusedIdToken::Malformed;
        let (message, signature) = token.expose_secret().rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = message.split_once('.').ok_or(malformed)?;
        let object = |part: &str| -> Option<Map<String, Value>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let header = object(header).ok_or(malformed)?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let algorithm = text("alg").and_then(KeyAlgorithm::from_name);
        // RFC 7515 §4.1.11: what must be understood and is not.
        if header.contains_key("crit") {
            return Err(malformed);
        }
        Ok(Self {
            algorithm: algorithm.ok_or(RefusedIdToken::Algorithm)?,
            key: text("kid").map(ToOwned::to_owned),
            claims: object(claims).ok_or(malformed)?,
            message: SecretString::from(message),
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?,
        })
    }

    /// Who it names, where everything about it holds.
    pub(super) fn verified(&self, keys: &KeySet, expected: &Expected<'_>) -> Result<Identity, RefusedIdToken> {
        let message = self.message.expose_secret().as_bytes();
        match keys.signed(self.key.as_deref(), self.algorithm, message, &self.signature) {
            None => return Err(RefusedIdToken::UnknownKey),
            Some(false) => return Err(RefusedIdToken::Signature),
            Some(true) => {}
        }
        if self.text("iss") != Some(expected.issuer) {
            return Err(RefusedIdToken::Issuer);
        }
        if !self.is_for(expected.audience) {
            return Err(RefusedIdToken::Audience);
        }
        if self.text("nonce") != Some(expected.nonce) {
            return Err(RefusedIdToken::Nonce);
        }
        let authenticated = self.judge_times(expected.now)?;
        let subject = self.text("sub").filter(|subject| !subject.is_empty());
        let subject = subject.filter(|subject| subject.len() <= LONGEST_SUBJECT);
        let subject = subject.ok_or(RefusedIdToken::Subject)?;
        Ok(Identity {
            subject: subject.to_owned(),
            label: self.label().unwrap_or_else(|| subject.to_owned()),
            authenticated_ago: authenticated,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// Whole seconds since 1970 (RFC 7519 §2 allows fractions).
    fn time(&self, name: &str) -> Result<Option<i64>, RefusedIdToken> {
        match self.claims.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let seconds = value.as_f64().filter(|seconds| (0.0..=1e11).contains(seconds));
                #[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
                seconds.map(|seconds| Some(seconds as i64)).ok_or(RefusedIdToken::Time)
            }
        }
    }

    /// With several audiences, or one that is named as authorized, that must be this client too.
    fn is_for(&self, client: &str) -> bool {
        let (named, several) = match self.claims.get("aud") {
            Some(Value::String(one)) => (one == client, false),
            Some(Value::Array(all)) => (all.iter().any(|one| one == client), all.len() > 1),
            _ => (false, false),
        };
        match self.claims.get("azp") {
            None => named && !several,
            Some(party) => named && party == client,
        }
    }

    /// Seconds since the person proved who they are.
    fn judge_times(&self, now: i64) -> Result<Option<u64>, RefusedIdToken> {
        let (ends, made) = (self.time("exp")?, self.time("iat")?);
        let (Some(ends), Some(made)) = (ends, made) else {
            return Err(RefusedIdToken::Time);
        };
        if ends <= now - SKEW {
            return Err(RefusedIdToken::Expired);
        }
        let begins = self.time("nbf")?.unwrap_or(made);
        let authenticated = self.time("auth_time")?;
        let is_later = |time: i64| time > now + SKEW;
        if is_later(made) || is_later(begins) || authenticated.is_some_and(is_later) {
            return Err(RefusedIdToken::Time);
        }
        Ok(authenticated.map(|time| u64::try_from(now - time).unwrap_or(0)))
    }

    /// What people know the account by.
    fn label(&self) -> Option<String> {
        ["email", "preferred_username", "name"].into_iter().find_map(|name| {
            let plain: String = self
                .text(name)?
                .chars()
                .filter(|one| !one.is_control())
                .take(LONGEST_LABEL)
                .collect();
            let plain = plain.trim();
            (!plain.is_empty()).then(|| plain.to_owned())
        })
    }
}
