//! The exchange: what the commit needs is read first, then the code is spent with no transaction open, then one commit.

use std::collections::BTreeMap;

use protocol::oauth2::{Client, Granted, PkceVerifier, TokenError};
use serde_json::Value;
use store::{Flow, Grant, NewCredential};
use vault::{Credential, OAuth2Tokens, SecretString};

use super::callback::{CallbackEnd, Query};
use super::choice::Chosen;
use super::departure::{ClientParts, FlowSecrets};
use super::oauth1::{self, Allowed};
use super::settle::Around;
use crate::refresh::{not_bound, refresh_in};
use crate::texts::quoted;
use crate::{Broker, Kind, Problem};

/// All that an exchange and its commit need.
pub(super) struct Ready {
    around: Around,
    spent: Spent,
    query: Value,
}

/// What buys the tokens.
enum Spent {
    /// A code (RFC 6749 §4.1.3).
    Code {
        code: SecretString,
        verifier: Option<PkceVerifier>,
    },
    /// A verifier (RFC 5849 §2.3).
    Verifier(Allowed),
}

/// What came of it.
pub(super) struct Bought {
    grant: Grant,
    /// Whether the answer had a value that the definition does not allow.
    forbidden: bool,
}

impl Broker {
    /// Everything that can be asked before the code is spent. An unavailable database or provider changes nothing.
    pub(super) async fn prepare_exchange(
        &self,
        flow: &Flow,
        secrets: &FlowSecrets,
        query: Query,
    ) -> Result<Ready, Problem> {
        let mut parts = self.flow_client_parts(flow).await?;
        parts.registered = secrets.client.as_ref().map(super::departure::FlowClient::registered);
        parts.dpop = secrets.dpop_key();
        let name = &parts.integration.name;
        if parts.oauth1().is_some() {
            let spent = Spent::Verifier(oauth1::judge(name, secrets, &query)?);
            let around = self.around(flow, parts).await?;
            return Ok(Ready {
                around,
                spent,
                query: query.all,
            });
        }
        self.require_issuer(&parts, query.issuer.as_deref()).await?;
        if let Some(error) = &query.error {
            return Err(provider_error(name, error, query.error_description.as_deref()));
        }
        self.require_signature(&parts, &query.all)?;
        let Some(code) = query.code else {
            return Err(Problem::new(
                Kind::FailedDependency,
                "no_code",
                format!("{name} sent no code. Try again."),
            ));
        };
        let verifier = secrets
            .verifier
            .as_ref()
            .map(|verifier| PkceVerifier::new(SecretString::from(verifier.as_str())))
            .transpose()
            .map_err(|_| Problem::internal("The sign-in could not be read back. Start again in the app."))?;
        let around = self.around(flow, parts).await?;
        Ok(Ready {
            around,
            spent: Spent::Code { code, verifier },
            query: query.all,
        })
    }

    /// Spends the code.
    pub(super) async fn exchange(
        &self,
        flow: &Flow,
        ready: Ready,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        let bought = match self.spend(flow, &ready).await? {
            Ok(bought) => bought,
            Err(error) if error.surely_not_sent() => {
                tracing::warn!(%error, flow = %flow.id, "the token request was not sent");
                return Ok(self.put_back(flow).await);
            }
            Err(error) => {
                let problem = exchange_problem(&ready.around.parts.integration.name, &error);
                self.note_refused_app(&ready.around.parts, &error).await;
                let TokenError::NotBound { tokens, .. } = error else {
                    return Err(problem);
                };
                self.give_back(flow, &ready.around.parts, &unbound(flow, *tokens), &problem)
                    .await;
                return self.end_of(flow, handle, Some(problem.message())).await;
            }
        };
        self.take_grant(flow, &ready.around, bought, handle).await
    }

    /// What a service granted becomes the connection, waits for a choice, or is given back.
    pub(super) async fn take_grant(
        &self,
        flow: &Flow,
        around: &Around,
        bought: Bought,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        let Bought { mut grant, forbidden } = bought;
        let chosen = if forbidden {
            Err(value_refused(&around.parts.integration.name))
        } else {
            self.choose_or_ask(around, &mut grant).await
        };
        match chosen {
            Ok(Chosen::Settled) => self.settle(flow, around, grant, handle).await,
            Ok(Chosen::Ask(list)) => self.hold(flow, around, grant, list, handle).await,
            Err(problem) => {
                self.give_back(flow, &around.parts, &grant, &problem).await;
                self.end_of(flow, handle, Some(problem.message())).await
            }
        }
    }

    /// Asks for the tokens.
    async fn spend(&self, flow: &Flow, ready: &Ready) -> Result<Result<Bought, TokenError>, Problem> {
        let parts = &ready.around.parts;
        let (code, verifier) = match (&ready.spent, parts.oauth1()) {
            (Spent::Code { code, verifier }, _) => (code, verifier.as_ref()),
            (Spent::Verifier(allowed), Some(method)) => {
                let granted = self.spend_verifier(parts, method, allowed, &ready.query).await;
                return Ok(granted.map(|granted| Bought {
                    forbidden: !granted.forbidden.is_empty(),
                    grant: grant_of(
                        flow,
                        granted.learned,
                        None,
                        NewCredential {
                            credential: Credential::OAuth1(granted.token),
                            expires_in: granted.expires_in,
                            refresh_in: None,
                        },
                    ),
                }));
            }
            (Spent::Verifier(_), None) => return Err(Problem::internal("The sign-in was changed meanwhile.")),
        };
        let client = parts.client(self)?;
        let granted = self.protocol().exchange(&client, code, verifier, &ready.query).await;
        Ok(granted.map(|granted| self.bought(flow, &client, granted)))
    }

    /// What a token endpoint granted.
    pub(super) fn bought(&self, flow: &Flow, client: &Client<'_>, granted: Granted) -> Bought {
        let refreshable = granted.tokens.refresh_token.is_some() && client.method.refresh.supported;
        let refresh_in = refresh_in(
            granted.expires_in,
            client.method.refresh.idle,
            refreshable,
            self.settings().refresh_margin,
        );
        Bought {
            forbidden: !granted.forbidden.is_empty(),
            grant: grant(flow, granted, refresh_in),
        }
    }

    /// A service that signs its callbacks: a missing or wrong signature ends the flow before the code is sent.
    fn require_signature(&self, parts: &ClientParts, query: &Value) -> Result<(), Problem> {
        if parts.client(self)?.is_signed(query) {
            return Ok(());
        }
        Err(from_elsewhere("signature_mismatch", &parts.integration.name))
    }

    /// RFC 9207: a missing or different issuer ends the flow where one is known or promised.
    async fn require_issuer(&self, parts: &ClientParts, given: Option<&str>) -> Result<(), Problem> {
        let client = parts.client(self)?;
        let expected = self.protocol().expected_issuer(&client).await.map_err(|error| {
            if error.surely_not_sent() {
                tracing::warn!(%error, "the issuer of a callback is not known yet");
                return Problem::new(
                    Kind::Unavailable,
                    "provider_unavailable",
                    "The service cannot be reached.",
                );
            }
            exchange_problem(&parts.integration.name, &error)
        })?;
        let Some(expected) = expected else { return Ok(()) };
        let fits = match given {
            Some(given) => given == expected.issuer,
            None => !expected.required,
        };
        if fits {
            return Ok(());
        }
        Err(from_elsewhere("issuer_mismatch", &parts.integration.name))
    }
}

pub(super) fn from_elsewhere(key: &'static str, name: &str) -> Problem {
    Problem::new(
        Kind::FailedDependency,
        key,
        format!("The answer did not come from {name}. Start again; tell whoever runs the app if it happens twice."),
    )
}

/// Tokens become a grant, with the values that were learnt.
/// What the provider wrote is cleaned first: a stray control character must not keep a grant from being stored.
pub(super) fn grant(flow: &Flow, granted: Granted, refresh_in: Option<u64>) -> Grant {
    let credential = NewCredential {
        credential: Credential::OAuth2(granted.tokens),
        expires_in: granted.expires_in,
        refresh_in,
    };
    let scopes = granted.scopes;
    let scopes = scopes.map(|scopes| scopes.iter().map(|scope| quoted(scope)).collect());
    grant_of(flow, granted.learned, scopes, credential)
}

fn grant_of(
    flow: &Flow,
    learned: BTreeMap<String, String>,
    scopes: Option<Vec<String>>,
    credential: NewCredential,
) -> Grant {
    let mut own = flow.variables.clone();
    own.extend(
        learned
            .into_iter()
            .filter(|(_, value)| !value.chars().any(char::is_control)),
    );
    Grant {
        proved: false,
        account_id: None,
        account_name: None,
        variables: own,
        scopes,
        credential,
    }
}

/// Tokens that are bound to no key, to be revoked.
pub(super) fn unbound(flow: &Flow, tokens: OAuth2Tokens) -> Grant {
    let credential = NewCredential {
        credential: Credential::OAuth2(tokens),
        expires_in: None,
        refresh_in: None,
    };
    grant_of(flow, BTreeMap::new(), None, credential)
}

/// A value of the service's answer that its definition does not allow.
pub(crate) fn value_refused(name: &str) -> Problem {
    Problem::new(
        Kind::FailedDependency,
        "value_refused",
        format!(
            "{name} answered with an address or value that its definition does not allow. Whoever runs the app has to look at it."
        ),
    )
}

/// The provider's own refusal, in our words, with its words as a quotation.
pub(super) fn provider_error(name: &str, error: &str, description: Option<&str>) -> Problem {
    let words = description.map(quoted).filter(|words| !words.is_empty());
    if asks_for_approval(error, words.as_deref()) {
        let said = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
        let message = format!(
            "{name} lets people of this organisation connect an app only after an administrator there has approved it.{said}"
        );
        return Problem::new(Kind::FailedDependency, "approval_needed", message);
    }
    let (key, message) = match error {
        "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" => (
            "access_denied",
            format!("{name} was not connected: the access was not allowed."),
        ),
        "temporarily_unavailable" | "server_error" => (
            "provider_unavailable",
            format!("{name} cannot sign anybody in at the moment. Try again in a few minutes."),
        ),
        "login_required" | "consent_required" | "interaction_required" => (
            "login_required",
            format!("{name} wants you to sign in there first. Try again."),
        ),
        "invalid_scope"
        | "unauthorized_client"
        | "invalid_request"
        | "unsupported_response_type"
        | "invalid_client" => (
            "app_refused",
            format!(
                "{name} refused the way this app asks for access. Whoever runs the app has to look at its settings there."
            ),
        ),
        _ => ("provider_refused", format!("{name} refused the sign-in.")),
    };
    let message = match words {
        Some(words) if key != "access_denied" => format!("{message} It said: “{words}”"),
        _ => message,
    };
    Problem::new(Kind::FailedDependency, key, message)
}

/// Services have no common word for "your administrator has to allow this first": some have a code, others say it in the
/// description of a general one.
fn asks_for_approval(error: &str, description: Option<&str>) -> bool {
    let mut codes = error.split(['_', ' ', '.']);
    if codes.any(|word| matches!(word, "admin" | "administrator")) {
        return true;
    }
    let Some(words) = description.map(str::to_lowercase) else {
        return false;
    };
    words.contains("admin")
        && ["consent", "approv", "grant", "permission", "allow"]
            .iter()
            .any(|word| words.contains(word))
}

/// The service does not know the app's client, or not by what it proves itself with.
pub(crate) fn app_refused(name: &str, said: Option<&str>) -> Problem {
    let words = said.map(quoted).filter(|words| !words.is_empty());
    let quote = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
    let message = format!(
        "{name} refused this app's client. Whoever runs the app has to check its client id, and its secret or key.{quote}"
    );
    Problem::new(Kind::FailedDependency, "app_broken", message)
}

pub(super) fn exchange_problem(name: &str, error: &TokenError) -> Problem {
    tracing::warn!(%error, integration = name, "a code could not be exchanged");
    let words = error.provider_message().map(quoted).filter(|words| !words.is_empty());
    let quote = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
    let (key, message) = match error {
        TokenError::GrantGone { .. } => (
            "code_expired",
            format!("{name} no longer accepts this sign-in. Start again."),
        ),
        TokenError::AppBroken { .. } => return app_refused(name, error.provider_message()),
        TokenError::NotBound { .. } => ("app_broken", not_bound(name)),
        TokenError::Refused { .. } => ("provider_refused", format!("{name} refused the sign-in.{quote}")),
        TokenError::Configuration(..) => (
            "app_broken",
            format!("The settings for {name} are not complete. Whoever runs the app has to look at them."),
        ),
        _ => (
            "provider_unavailable",
            format!("{name} did not answer as expected. Start again in a minute."),
        ),
    };
    Problem::new(Kind::FailedDependency, key, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_plain_words_and_quotes_nothing_foreign() {
        let problem = provider_error("Gmail", "access_denied", Some("<img onerror=x>"));
        assert_eq!(problem.key(), "access_denied");
        assert!(!problem.message().contains("img"));
        for (error, description) in [
            ("admin_policy_enforced", None),
            (
                "access_denied",
                Some("AADSTS90094: The grant requires admin permission."),
            ),
            ("consent_required", Some("Need admin approval")),
            (
                "access_denied",
                Some("An Administrator has to consent to this app first"),
            ),
        ] {
            let problem = provider_error("Gmail", error, description);
            assert_eq!(problem.key(), "approval_needed", "{error}");
            assert!(
                problem.message().contains("administrator there has approved it"),
                "{error}"
            );
        }
        for (error, description) in [
            ("access_denied", Some("The person said no")),
            ("server_error", Some("Ask the admin of the moon")),
        ] {
            assert_ne!(provider_error("Gmail", error, description).key(), "approval_needed");
        }
        let problem = provider_error("Gmail", "server_error", Some("a\u{202e}b"));
        assert!(problem.message().contains("“ab”"));
    }
}
