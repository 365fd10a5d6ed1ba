//! Revocation (RFC 7009, and what services have in its place).

use catalog::{ClientAuth, Endpoints, Inputs, RequestBody, RevokedToken};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use vault::OAuth2Tokens;

use super::request::Draft;
use super::{Client, Resolved, Revocation, TokenError, answer};
use crate::Protocol;
use crate::egress::ANSWER_LIMIT;

impl Protocol {
    /// Revokes the tokens that the definition names in its order, else refresh token and access token. A token that the
    /// service no longer knows counts as revoked.
    pub async fn revoke(&self, client: &Client<'_>, tokens: &OAuth2Tokens) -> Result<Revocation, TokenError> {
        let resolved = self.resolve(client).await?;
        let url = match &client.method.endpoints {
            Endpoints::Fixed { revoke, .. } => revoke
                .as_ref()
                .map(|url| client.address(url, "revoke.url"))
                .transpose()?,
            Endpoints::Discovered { .. } | Endpoints::Resource { .. } => resolved
                .metadata
                .as_ref()
                .and_then(|found| found.revocation_endpoint.clone()),
        };
        let Some(url) = url else {
            return Ok(Revocation::Unsupported);
        };
        let inputs = client.inputs(resolved.metadata.as_deref());
        let access = tokens.access_token.expose_secret();
        // Where the access token buys the next one, it is both.
        let refresh = tokens
            .refresh_token
            .as_ref()
            .filter(|token| token.expose_secret() != access);
        let mut end = Revocation::Unsupported;
        for kind in &client.method.revoke.tokens {
            let (token, hint) = match kind {
                RevokedToken::Refresh => (refresh, "refresh_token"),
                RevokedToken::Access => (Some(&tokens.access_token), "access_token"),
            };
            let Some(token) = token else { continue };
            match self.revoke_one((client, &resolved), &url, (token, hint), &inputs).await {
                Ok(Revocation::Revoked) => end = Revocation::Revoked,
                Ok(Revocation::Unsupported) => {}
                // With its refresh token the grant is over (RFC 7009 §2.1); the same answer would come tomorrow.
                Err(error) if end == Revocation::Revoked && !matches!(error, TokenError::Transient { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(end)
    }

    async fn revoke_one(
        &self,
        (client, resolved): (&Client<'_>, &Resolved),
        url: &Url,
        (token, hint): (&SecretString, &str),
        inputs: &Inputs<'_>,
    ) -> Result<Revocation, TokenError> {
        let shape = &client.method.revoke.request;
        let mut draft = Draft::new(client, shape, (resolved, self.now()))?;
        if shape.client_auth == ClientAuth::Bearer {
            draft.bearer(token)?;
        }
        draft.secret(&shape.names.token, token);
        // The hint belongs to the standard's form; others may refuse what they do not know.
        if shape.body == RequestBody::Form && shape.names.token == "token" {
            draft.plain(Some("token_type_hint"), hint);
        }
        let (request, scrub) = draft.request(url, "revoke", inputs)?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        let ok_pointer = client.method.answer.ok.as_deref();
        let Err(error) = answer::accepted(answer.status(), answer.headers(), answer.body(), ok_pointer, &scrub) else {
            return Ok(Revocation::Revoked);
        };
        match error.provider_code() {
            Some("unsupported_token_type") => Ok(Revocation::Unsupported),
            Some("invalid_token" | "token_revoked" | "invalid_grant") => Ok(Revocation::Revoked),
            _ => Err(error),
        }
    }
}
