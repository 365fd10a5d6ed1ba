//! Sign-ins with OAuth 1.0a (RFC 5849 §2). The protocol has no `state`: ours stands in the callback address, and the token
//! that comes back must be the one that this flow asked for.

use catalog::{AuthKind, OAuth1};
use protocol::OAuth1Client;
use protocol::oauth2::TokenError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Flow;
use url::Url;
use vault::{ExposeSecret as _, OAuth1Token, SecretString, Token};
use zeroize::Zeroizing;

use super::callback::Query;
use super::departure::{ClientParts, FlowSecrets};
use super::exchange::{from_elsewhere, provider_error};
use super::expired;
use crate::numbers::Counted;
use crate::{Broker, Kind, Problem};

/// What the callback carries our state in.
pub(super) const STATE: &str = "state";

/// Temporary credentials, sealed with the flow until it ends.
#[derive(Serialize, Deserialize)]
pub(super) struct Temporary {
    token: Zeroizing<String>,
    secret: Zeroizing<String>,
}

impl Temporary {
    fn of(token: &OAuth1Token) -> Self {
        let copy = |secret: &SecretString| Zeroizing::new(secret.expose_secret().to_owned());
        Self {
            token: copy(&token.token),
            secret: copy(&token.secret),
        }
    }

    fn token(&self) -> OAuth1Token {
        OAuth1Token {
            token: SecretString::from(self.token.as_str()),
            secret: SecretString::from(self.secret.as_str()),
        }
    }
}

impl ClientParts {
    /// The sign-in, where it is one with OAuth 1.
    pub(super) fn oauth1(&self) -> Option<&OAuth1> {
        match self.auth().map(|method| &method.kind) {
            Some(AuthKind::OAuth1(oauth1)) => Some(oauth1),
            _ => None,
        }
    }

    /// The client as `protocol` takes it.
    pub(super) fn oauth1_client<'a>(&'a self, broker: &'a Broker, method: &'a OAuth1) -> OAuth1Client<'a> {
        OAuth1Client {
            method,
            consumer_key: self.app.client_id.as_deref().unwrap_or_default(),
            consumer_secret: self.secrets.secret.as_ref(),
            inputs: self.inputs(broker),
        }
    }
}

/// What a callback brought that buys a token.
pub(super) struct Allowed {
    temporary: OAuth1Token,
    verifier: SecretString,
}

/// Judges a callback of a flow that has been claimed.
pub(super) fn judge(name: &str, secrets: &FlowSecrets, query: &Query) -> Result<Allowed, Problem> {
    let text = |key: &str| query.all.get(key).and_then(Value::as_str);
    let temporary = secrets
        .temporary
        .as_ref()
        .ok_or_else(|| Problem::internal("The sign-in could not be read back. Start again in the app."))?;
    let token = text("oauth_token");
    if token.is_some_and(|token| token != temporary.token.as_str()) {
        return Err(from_elsewhere("token_mismatch", name));
    }
    let denied = || provider_error(name, "access_denied", None);
    // Words of the extension for problem reporting.
    match query.error.as_deref().or(text("oauth_problem")) {
        None | Some("permission_denied" | "user_refused") => {}
        Some(error) => return Err(provider_error(name, error, query.error_description.as_deref())),
    }
    // Some services say no with a word, and others by leaving the verifier out.
    let verifier = text("oauth_verifier").filter(|verifier| !verifier.is_empty());
    let refused = text("denied").is_some() || text("oauth_problem").is_some();
    match (token, verifier) {
        (Some(_), Some(verifier)) if !refused => Ok(Allowed {
            temporary: temporary.token(),
            verifier: SecretString::from(verifier),
        }),
        (None, Some(_)) => Err(from_elsewhere("token_mismatch", name)),
        _ => Err(denied()),
    }
}

impl Broker {
    /// The provider's address for a flow that is bound: temporary credentials are asked for now.
    pub(super) async fn depart_oauth1(
        &self,
        flow: &Flow,
        parts: &ClientParts,
        method: &OAuth1,
    ) -> Result<Url, Problem> {
        let client = parts.oauth1_client(self, method);
        let state = Token::generate();
        let mut callback = Url::parse(&parts.redirect_uri).map_err(|_| {
            Problem::internal("The address of the callback is none. Whoever runs this server looks at it.")
        })?;
        callback.query_pairs_mut().append_pair(STATE, &state.expose());
        let name = &parts.integration.name;
        let temporary = self.protocol().request_token(&client, &callback).await;
        if let Err(error) = &temporary {
            self.note_refused_app(parts, error).await;
        }
        let temporary = temporary.map_err(|error| not_begun(name, &error))?;
        let url = self.protocol().authorize_token(&client, &temporary);
        let url = url.map_err(|error| not_begun(name, &error))?;
        let mut secrets = self.flow_secrets(flow).await?;
        secrets.temporary = Some(Temporary::of(&temporary));
        let sealed = secrets.to_plaintext()?;
        let store = self.store();
        if !store
            .send_flow(flow, &state.digest(), &parts.redirect_uri, &sealed)
            .await?
        {
            return Err(expired());
        }
        self.count((flow.project, flow.environment), &flow.integration, Counted::Sent);
        Ok(url)
    }

    /// Spends the verifier.
    pub(super) async fn spend_verifier(
        &self,
        parts: &ClientParts,
        method: &OAuth1,
        allowed: &Allowed,
        query: &Value,
    ) -> Result<protocol::OAuth1Granted, TokenError> {
        let client = parts.oauth1_client(self, method);
        self.protocol()
            .access_token(&client, &allowed.temporary, &allowed.verifier, query)
            .await
    }
}

/// Why no temporary credentials came, to the person.
fn not_begun(name: &str, error: &TokenError) -> Problem {
    tracing::warn!(%error, integration = name, "no request token was given");
    match error {
        TokenError::Transient { .. } => Problem::new(
            Kind::Unavailable,
            "provider_unavailable",
            format!("{name} cannot be reached at the moment. Try again in a minute."),
        )
        .with_retry_after(std::time::Duration::from_secs(10)),
        TokenError::Answer { .. } => Problem::new(
            Kind::FailedDependency,
            "provider_unavailable",
            format!("{name} did not answer as expected. Start again in a minute."),
        ),
        _ => Problem::new(
            Kind::FailedDependency,
            "app_broken",
            format!(
                "{name} refused this app's client. Whoever runs the app has to check its client id, secret and redirect address."
            ),
        ),
    }
}
