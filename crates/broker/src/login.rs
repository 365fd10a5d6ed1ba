//! Typed-in values that buy a token: the log-in when a connection is made, and again when the token ends.

use catalog::{AuthKind, AuthMethod, Integration};
use protocol::{AppClient, CheckError, Issued, TokenError};
use store::{App, Grant, Lease, NewCredential, Refreshed};
use vault::{Credential, Fields, IssuedToken};

use crate::client_key::ClientSecrets;
use crate::flows::{ClientParts, app_refused, value_refused};
use crate::refresh::refresh_in;
use crate::{Broker, Problem};

impl Broker {
    /// Buys the token of a grant whose values were typed in, where its way to sign in has one. `explain` says what a
    /// refusal means to whoever gave the values.
    pub(crate) async fn log_in(
        &self,
        (integration, method, app): (&Integration, &AuthMethod, &App),
        grant: &mut Grant,
        explain: impl Fn(&str, &CheckError) -> Problem,
    ) -> Result<(), Problem> {
        let Credential::Fields(fields) = &grant.credential.credential else {
            return Ok(());
        };
        let variables = self
            .agreed_variables(integration, &method.id, app, &grant.variables)
            .await?;
        let of_app = method.typed().is_some_and(|typed| typed.app().is_some());
        let secrets = if of_app {
            self.client_secrets(app).await?
        } else {
            ClientSecrets::default()
        };
        let issued = self.issue(method, fields, (app, &secrets), &variables).await;
        let explained = |error: &CheckError| match error {
            CheckError::Refused { provider_message, .. } if of_app => {
                app_refused(&integration.name, provider_message.as_deref())
            }
            CheckError::Configuration(_) if of_app => app_refused(&integration.name, None),
            _ => explain(&integration.name, error),
        };
        let Some(issued) = issued.map_err(|error| {
            tracing::warn!(%error, integration = integration.name, "a log-in failed");
            explained(&error)
        })?
        else {
            return Ok(());
        };
        if !issued.forbidden.is_empty() {
            tracing::warn!(variables = ?issued.forbidden, "an answer to a log-in has values that the definition does not allow");
            return Err(value_refused(&integration.name));
        }
        grant.variables.extend(issued.learned);
        grant.credential = self.credential_of(issued.token, issued.expires_in);
        Ok(())
    }

    /// The same values once more. What a failure means is said in the words of a refresh.
    pub(crate) async fn log_in_again(
        &self,
        lease: &Lease,
        parts: &ClientParts,
        issued: &IssuedToken,
    ) -> Result<Refreshed, Option<TokenError>> {
        let method = parts.auth().ok_or(None)?;
        let of_app = method.typed().is_some_and(|typed| typed.app().is_some());
        let answer = self
            .issue(method, &issued.fields, (&parts.app, &parts.secrets), &parts.variables)
            .await;
        let failed = |error: CheckError| match error {
            // Nothing was typed in that could have ended.
            CheckError::Refused { provider_message, .. } if of_app => TokenError::AppBroken {
                provider_code: None,
                provider_message,
            },
            other => other.into(),
        };
        let issued = answer.map_err(|error| Some(failed(error)))?.ok_or(None)?;
        let expires_in = issued.expires_in.or(lease.learned_lifetime);
        Ok(Refreshed {
            new: self.credential_of(issued.token, expires_in),
            claimed_at: lease.claimed_at,
            variables: issued
                .learned
                .into_iter()
                .filter(|(_, value)| !value.chars().any(char::is_control))
                .collect(),
            scopes: None,
            degraded: None,
        })
    }

    async fn issue(
        &self,
        method: &AuthMethod,
        fields: &Fields,
        (app, secrets): (&App, &ClientSecrets),
        variables: &std::collections::BTreeMap<String, String>,
    ) -> Result<Option<Issued>, CheckError> {
        let AuthKind::ApiKey(typed) = &method.kind else {
            return Ok(None);
        };
        let mut inputs = self.instance_inputs();
        for (name, value) in variables {
            inputs.insert_text("variables", name, value);
        }
        let client = AppClient {
            id: app.client_id.as_deref(),
            secret: secrets.secret.as_ref(),
            key: secrets.key.as_deref(),
        };
        self.protocol().log_in(typed, fields, Some(client), &inputs).await
    }

    fn credential_of(&self, token: IssuedToken, expires_in: Option<u64>) -> NewCredential {
        NewCredential {
            credential: Credential::Issued(token),
            expires_in,
            // Without a known end it is bought again at times, and when the service refuses a call.
            refresh_in: refresh_in(expires_in, None, true, self.settings().refresh_margin),
        }
    }
}
