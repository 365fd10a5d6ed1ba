//! What the sandbox does wrong when it is asked to: what can be chosen, and what a choice must look like.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The scopes of the sandbox.
pub const SCOPES: [&str; 2] = ["profile", "items"];

/// What happens to a call that is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Done, and answered late.
    Slow,
    /// Not done, and not answered until the sandbox's limit; then the connection is closed.
    Hanging,
    /// Not done; 500.
    ServerError,
    /// Not done; 429 with `Retry-After`.
    RateLimited,
    /// Not done; 200 with a page in place of JSON.
    Html,
    /// Not done; 200 with an `error` member.
    ErrorInSuccess,
    /// Not done; the code is refused as too old.
    ExpiredCode,
    /// Not done; `invalid_grant`, although the grant is well.
    RefreshRefused,
    /// Not done; `invalid_client`, although the client is well.
    ClientRefused,
    /// Done, and the connection is closed without an answer.
    AnswerLost,
}

impl Fault {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 10] = [
        Self::Slow,
        Self::Hanging,
        Self::ServerError,
        Self::RateLimited,
        Self::Html,
        Self::ErrorInSuccess,
        Self::ExpiredCode,
        Self::RefreshRefused,
        Self::ClientRefused,
        Self::AnswerLost,
    ];

    /// The name in JSON and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Hanging => "hanging",
            Self::ServerError => "server_error",
            Self::RateLimited => "rate_limited",
            Self::Html => "html",
            Self::ErrorInSuccess => "error_in_success",
            Self::ExpiredCode => "expired_code",
            Self::RefreshRefused => "refresh_refused",
            Self::ClientRefused => "client_refused",
            Self::AnswerLost => "answer_lost",
        }
    }

    /// The calls that it can hit; the first is the one that it hits unless others are chosen.
    const fn calls(self) -> &'static [FaultedCall] {
        use FaultedCall::{Api, Exchange, Refresh, Revoke};
        match self {
            Self::ExpiredCode => &[Exchange],
            Self::RefreshRefused => &[Refresh],
            Self::ClientRefused => &[Refresh, Exchange, Revoke],
            _ => &[Refresh, Exchange, Revoke, Api],
        }
    }
}

/// A call that can be hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultedCall {
    /// A code for tokens.
    Exchange,
    /// A refresh token for tokens.
    Refresh,
    /// A revocation.
    Revoke,
    /// The API, with an access token.
    Api,
}

impl FaultedCall {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Exchange, Self::Refresh, Self::Revoke, Self::Api];

    /// The name in JSON and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
            Self::Api => "api",
        }
    }
}

/// What becomes of a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Replaced; the old one is refused, and the grant goes on.
    #[default]
    Refuse,
    /// Replaced; a second use of the old one revokes the whole grant (RFC 9700 §4.14.2).
    Strict,
    /// Replaced; the old one works for some time more. After it, a second use revokes the whole grant.
    Grace,
    /// Kept, and not told again.
    None,
}

/// What a refresh token that is used again in its grace gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraceAnswer {
    /// A refresh token of its own.
    #[default]
    New,
    /// The refresh token that the first use got.
    Same,
}

/// What the revocation endpoint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// It revokes.
    #[default]
    Works,
    /// 404, as if there were none.
    NotFound,
    /// 400 `unsupported_token_type` (RFC 7009 §2.2.1).
    UnsupportedTokenType,
}

/// What goes wrong, and how tokens are made. Nothing set is a provider that is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Faults {
    /// What happens to calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Which calls; without, those that the fault is made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Vec<FaultedCall>>,
    /// How many calls; without, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<i32>,
    /// How long the answer waits, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u32>,
    /// `Retry-After` of `rate_limited`: sent as it is, or `date+N` for the HTTP date in N seconds. Seconds may come as a
    /// number.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "text_or_seconds")]
    pub retry_after: Option<String>,
    /// The `error` member of `error_in_success`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What becomes of a used refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// How long a used refresh token works on, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u32>,
    /// What it gets in that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_answer: Option<GraceAnswer>,
    /// Lifetime of access tokens, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_seconds: Option<i32>,
    /// Leave `expires_in` out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub omit_expires_in: Option<bool>,
    /// Grant only these of the allowed scopes, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What the revocation endpoint says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
}

fn text_or_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Seconds(u32),
    }
    Ok(Option::<Either>::deserialize(deserializer)?.map(|either| match either {
        Either::Text(text) => text,
        Either::Seconds(seconds) => seconds.to_string(),
    }))
}

/// A choice that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFaults {
    /// Not an object.
    #[error("faults are an object, as {{\"fault\": \"server_error\"}}; an empty one is a provider that is well")]
    Shape,
    /// A field that does not exist.
    #[error(
        "there is a field that does not exist; the fields are fault, on, times, delayMs, retryAfter, error, rotation, graceSeconds, graceAnswer, tokenSeconds, omitExpiresIn, scope and revocation"
    )]
    UnknownField,
    /// A value that does not fit.
    #[error("{field} must be {must}")]
    Field {
        /// The field's name in JSON.
        field: &'static str,
        /// What it must be.
        must: &'static str,
    },
}

/// The fields, each with what it must be.
const FIELDS: [(&str, &str); 13] = [
    (
        "fault",
        "one of slow, hanging, server_error, rate_limited, html, error_in_success, expired_code, refresh_refused, \
         client_refused, answer_lost",
    ),
    (
        "on",
        "a list of exchange, refresh, revoke and api, beside a fault that can happen there (expired_code only on \
         exchange, refresh_refused only on refresh, client_refused not on api)",
    ),
    ("times", "a whole number from 1 to 1000, beside a fault"),
    (
        "delayMs",
        "a whole number of milliseconds from 1 to 60000, beside a fault",
    ),
    (
        "retryAfter",
        "a number of seconds, or a string of 1 to 100 printable ASCII characters, beside the fault rate_limited: \
         seconds, an HTTP date, date+N for the date in N seconds, or junk",
    ),
    (
        "error",
        "1 to 64 small letters and underscores, beside the fault error_in_success",
    ),
    ("rotation", "one of refuse, strict, grace, none"),
    (
        "graceSeconds",
        "a whole number of seconds from 1 to 86400, beside rotation grace",
    ),
    ("graceAnswer", "new or same, beside rotation grace"),
    ("tokenSeconds", "a whole number of seconds from 1 to 31536000"),
    ("omitExpiresIn", "true or false"),
    ("scope", "a string: profile, items, or both separated by a space"),
    ("revocation", "one of works, not_found, unsupported_token_type"),
];

impl Faults {
    /// How long `slow` waits unless told otherwise, in milliseconds.
    pub const DELAY_MS: u32 = 2_000;
    /// How long a used refresh token works on in `grace` unless told otherwise, in seconds.
    pub const GRACE_SECONDS: u32 = 60;

    /// The names of all fields in JSON.
    pub fn fields() -> impl Iterator<Item = &'static str> {
        FIELDS.into_iter().map(|(name, _)| name)
    }

    /// Reads a choice.
    ///
    /// # Errors
    /// Names the field that does not fit, and never its value.
    pub fn read(value: &Value) -> Result<Self, InvalidFaults> {
        let fields = value.as_object().ok_or(InvalidFaults::Shape)?;
        for (name, value) in fields {
            let (field, must) = FIELDS
                .into_iter()
                .find(|(field, _)| field == name)
                .ok_or(InvalidFaults::UnknownField)?;
            // One by one, as the error of the whole does not name the field.
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<Self>(alone.into()).map_err(|_| InvalidFaults::Field { field, must })?;
        }
        let faults: Self = serde_json::from_value(value.clone()).map_err(|_| InvalidFaults::Shape)?;
        match faults.misfit() {
            None => Ok(faults),
            Some(misfit) => Err(FIELDS.into_iter().find(|(field, _)| *field == misfit).map_or(
                InvalidFaults::Shape,
                |(field, must)| InvalidFaults::Field { field, must },
            )),
        }
    }

    /// The first field that is out of its range, or has nothing to belong to.
    fn misfit(&self) -> Option<&'static str> {
        let within = |value: Option<u32>, most: u32| value.is_none_or(|value| (1..=most).contains(&value));
        let counted = |value: Option<i32>, most: i32| value.is_none_or(|value| (1..=most).contains(&value));
        let beside = |is_given: bool, fault: Fault| !is_given || self.fault == Some(fault);
        let in_grace = self.rotation == Some(Rotation::Grace);
        let can_hit = |calls: &[FaultedCall]| {
            let possible = self.fault.map(Fault::calls).unwrap_or_default();
            !calls.is_empty() && calls.iter().all(|call| possible.contains(call))
        };
        let printable = |text: &str, allowed: fn(&u8) -> bool, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| allowed(&byte))
        };
        let is_header = |text: &String| printable(text, |byte| matches!(byte, 0x20..=0x7e), 100) && text.trim() == text;
        let is_code = |text: &String| printable(text, |byte| byte.is_ascii_lowercase() || *byte == b'_', 64);
        let are_scopes = |text: &String| !text.is_empty() && text.split(' ').all(|name| SCOPES.contains(&name));
        [
            ("on", self.on.as_deref().is_none_or(can_hit)),
            (
                "times",
                counted(self.times, 1_000) && (self.times.is_none() || self.fault.is_some()),
            ),
            (
                "delayMs",
                within(self.delay_ms, 60_000) && (self.delay_ms.is_none() || self.fault.is_some()),
            ),
            (
                "retryAfter",
                self.retry_after.as_ref().is_none_or(is_header)
                    && beside(self.retry_after.is_some(), Fault::RateLimited),
            ),
            (
                "error",
                self.error.as_ref().is_none_or(is_code) && beside(self.error.is_some(), Fault::ErrorInSuccess),
            ),
            (
                "graceSeconds",
                within(self.grace_seconds, 86_400) && (self.grace_seconds.is_none() || in_grace),
            ),
            ("graceAnswer", self.grace_answer.is_none() || in_grace),
            ("tokenSeconds", counted(self.token_seconds, 31_536_000)),
            ("scope", self.scope.as_ref().is_none_or(are_scopes)),
        ]
        .into_iter()
        .find(|(_, fits)| !fits)
        .map(|(field, _)| field)
    }

    /// Whether a call is one of those that are hit.
    pub fn hits(&self, call: FaultedCall) -> bool {
        match (self.fault, &self.on) {
            (None, _) => false,
            (Some(_), Some(calls)) => calls.contains(&call),
            (Some(fault), None) => fault.calls().first() == Some(&call),
        }
    }

    /// How long the answer to a call that is hit waits, in milliseconds.
    pub fn delay_ms(&self) -> u32 {
        let of_fault = if self.fault == Some(Fault::Slow) {
            Self::DELAY_MS
        } else {
            0
        };
        self.delay_ms.unwrap_or(of_fault)
    }

    /// Those of the scopes that are granted.
    pub(super) fn narrow(&self, mut scopes: Vec<String>) -> Vec<String> {
        if let Some(granted) = &self.scope {
            scopes.retain(|scope| granted.split(' ').any(|name| name == scope));
        }
        scopes
    }
}

#[cfg(test)]
mod tests;
