//! The device authorization grant (RFC 8628): a code that the person enters at the service, and the question whether they
//! did.

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::request::Draft;
use super::{Client, Granted, TokenError, answer, lifetime};
use crate::Protocol;
use crate::egress::ANSWER_LIMIT;

/// `grant_type` of the token request (RFC 8628 §3.4).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Seconds between two token requests where the service tells none (RFC 8628 §3.2).
const INTERVAL: u64 = 5;
/// The longest user code that is shown.
const LONGEST_USER_CODE: usize = 64;

/// The device code (RFC 8628 §3.2): whoever has it gets the tokens.
#[derive(Clone, Debug)]
pub struct DeviceCode(SecretString);

impl DeviceCode {
    /// One that was sealed.
    pub fn new(text: SecretString) -> Self {
        Self(text)
    }

    /// The code itself, to be sealed.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// What the service says to a device authorization request (RFC 8628 §3.2).
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// What is sent with each token request.
    pub code: DeviceCode,
    /// What the person enters.
    pub user_code: String,
    /// Where.
    pub verification_uri: Url,
    /// The same with the code in it.
    pub verification_uri_complete: Option<Url>,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds between two token requests, at least.
    pub interval: u64,
}

/// What became of one token request (RFC 8628 §3.5).
#[derive(Debug)]
pub enum Polled {
    /// The person allowed it.
    Granted(Box<Granted>),
    /// `authorization_pending`: the person has not decided.
    Pending,
    /// `slow_down`: the same, and the interval is five seconds longer from now on.
    SlowDown,
    /// The service is busy or out of reach: it is asked again, less often.
    Later(TokenError),
    /// `access_denied`: the person said no.
    Denied(TokenError),
    /// `expired_token`: the person took too long.
    Expired(TokenError),
    /// It will not become tokens any more.
    Failed(TokenError),
}

impl Protocol {
    /// Asks for a code (RFC 8628 §3.1).
    pub async fn authorize_device(&self, client: &Client<'_>) -> Result<DeviceAuthorization, TokenError> {
        let declared = client.method.device.as_ref().ok_or_else(no_device)?;
        let resolved = self.resolve(client).await?;
        let url = match (&declared.url, &resolved.metadata) {
            (Some(url), _) => client.address(url, "device.url")?,
            (None, Some(metadata)) => metadata.device_authorization_endpoint.clone().ok_or_else(|| {
                TokenError::Configuration("the issuer names no `device_authorization_endpoint`".to_owned())
            })?,
            (None, None) => return Err(no_device()),
        };
        let inputs = client.inputs(resolved.metadata.as_deref());
        let scopes = client.scope_texts();
        let mut draft = Draft::new(client, &declared.request, (&resolved, self.now()))?;
        for (name, scopes) in &scopes {
            draft.plain(Some(name), scopes);
        }
        let (request, scrub) = draft.request(&url, "device", &inputs)?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        let document = answer::object(answer.status(), answer.headers(), answer.body(), "device_code", &scrub)?;
        self.read_device(&document, answer.status().as_u16())
    }

    fn read_device(&self, document: &Value, status: u16) -> Result<DeviceAuthorization, TokenError> {
        let malformed = |reason| TokenError::Answer {
            status,
            reason,
            provider_code: None,
            provider_message: None,
        };
        let text = |name: &str| {
            document
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let code = text("device_code").ok_or_else(|| malformed("it has no device_code"))?;
        let user_code = text("user_code")
            .map(str::trim)
            .filter(|code| !code.is_empty() && code.chars().count() <= LONGEST_USER_CODE)
            .filter(|code| !code.chars().any(char::is_control))
            .ok_or_else(|| malformed("it has no user_code that can be shown"))?;
        // Drafts of the standard called it `verification_url`, and services still do.
        let verification_uri = text("verification_uri")
            .or_else(|| text("verification_url"))
            .and_then(|text| self.page(text))
            .ok_or_else(|| malformed("its verification_uri is no https address"))?;
        let expires_in = document
            .get("expires_in")
            .and_then(|value| lifetime(value, false))
            .ok_or_else(|| malformed("it has no expires_in"))?;
        Ok(DeviceAuthorization {
            code: DeviceCode(SecretString::from(code)),
            user_code: user_code.to_owned(),
            verification_uri,
            verification_uri_complete: text("verification_uri_complete")
                .or_else(|| text("verification_url_complete"))
                .and_then(|text| self.page(text)),
            expires_in,
            interval: document
                .get("interval")
                .and_then(|value| lifetime(value, false))
                .unwrap_or(INTERVAL),
        })
    }

    /// An address that a person is sent to. No outbound call guards it, so it is https or allowed; with a user name it
    /// would look like another host.
    fn page(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.has_host();
        (plain && (url.scheme() == "https" || self.egress().admit(&url).is_ok())).then_some(url)
    }

    /// Asks once whether the person has decided (RFC 8628 §3.4). The caller keeps to the interval.
    pub async fn poll_device(&self, client: &Client<'_>, code: &DeviceCode) -> Polled {
        match self.ask_for_decision(client, code).await {
            Ok(granted) => Polled::Granted(Box::new(granted)),
            Err((true, error)) => Polled::Failed(error),
            Err((false, error)) => sorted(error),
        }
    }

    /// The flag of an error: whether the code is spent.
    async fn ask_for_decision(&self, client: &Client<'_>, code: &DeviceCode) -> Result<Granted, (bool, TokenError)> {
        let unspent = |error: TokenError| (false, error);
        let resolved = self.resolve(client).await.map_err(unspent)?;
        let inputs = client.inputs(resolved.metadata.as_deref());
        let names = &client.method.token.names;
        let mut draft = Draft::new(client, &client.method.token, (&resolved, self.now())).map_err(unspent)?;
        draft.plain(names.grant_type.as_deref(), GRANT_TYPE);
        draft.secret(&names.code, &code.0);
        let then = client.second_exchange().map_err(unspent)?;
        let first = self
            .first_token_call(client, &resolved.token, draft, &inputs)
            .await
            .map_err(unspent)?;
        self.complete_exchange((client, &resolved), first, then, inputs)
            .await
            .map_err(|error| (true, error))
    }
}

fn no_device() -> TokenError {
    TokenError::Configuration("the sign-in has no `device`".to_owned())
}

/// What an error says about the person's decision.
fn sorted(error: TokenError) -> Polled {
    // A service without codes has the word in its sentence.
    let said = error.provider_code().or(error.provider_message()).unwrap_or_default();
    match said.to_ascii_lowercase().as_str() {
        "authorization_pending" => Polled::Pending,
        "slow_down" => Polled::SlowDown,
        "access_denied" | "authorization_declined" => Polled::Denied(error),
        "expired_token" => Polled::Expired(error),
        _ if matches!(error, TokenError::Transient { .. }) => Polled::Later(error),
        _ => Polled::Failed(error),
    }
}

#[cfg(test)]
mod tests;
