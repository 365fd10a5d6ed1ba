//! Typed-in values that buy a token: the log-in when a connection is made, and again when the token ends.

use catalog::{AuthKind, AuthMethod, Integration};
use protocol::{CheckError, Issued, TokenError};
use store::{App, Grant, Lease, NewCredential, Refreshed};
use vault::{Credential, Fields, IssuedToken};

use crate::flows::{ClientParts, value_refused};
use crate::refresh::refresh_in;
use crate::sessions::effective_variables;
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
        let variables = effective_variables(integration, &app.variables, &grant.variables);
        let issued = self.issue(method, fields, &variables).await;
        let Some(issued) = issued.map_err(|error| explain(&integration.name, &error))? else {
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
        let answer = self.issue(method, &issued.fields, &parts.variables).await;
        let issued = answer.map_err(|error| Some(error.into()))?.ok_or(None)?;
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
        })
    }

    async fn issue(
        &self,
        method: &AuthMethod,
        fields: &Fields,
        variables: &std::collections::BTreeMap<String, String>,
    ) -> Result<Option<Issued>, CheckError> {
        let AuthKind::ApiKey(typed) = &method.kind else {
            return Ok(None);
        };
        let mut inputs = self.instance_inputs();
        for (name, value) in variables {
            inputs.insert_text("variables", name, value);
        }
        self.protocol().log_in(typed, fields, &inputs).await
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
