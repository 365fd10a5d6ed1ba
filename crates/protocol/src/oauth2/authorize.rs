//! The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636).

use catalog::{Pkce, Slot};
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{Client, TokenError, unrenderable};
use crate::Protocol;

/// Parameters that only this crate sets. A caller's own ones can never replace them.
const RESERVED: &[&str] = &[
    "client_id",
    "client_secret",
    "redirect_uri",
    "state",
    "response_type",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "nonce",
    "request",
    "request_uri",
];

/// Whether callers may not set this parameter of the authorization request.
pub fn is_reserved_parameter(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    RESERVED.contains(&name.as_str()) || name.starts_with("code_challenge")
}

/// The PKCE code verifier (RFC 7636 §4.1): made at the start of a flow, sealed, sent with the code.
#[derive(Clone, Debug)]
pub struct PkceVerifier(SecretString);

/// A text that is no code verifier.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a code verifier has 43 to 128 letters, digits, `-`, `.`, `_` or `~`")]
pub struct UnusableVerifier;

impl PkceVerifier {
    /// A verifier from 32 random bytes of the operating system.
    pub fn random() -> Self {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Self(SecretString::from(verifier.into_secret()))
    }

    /// A verifier from elsewhere: 43 base64url characters of 32 random bytes will do.
    pub fn new(text: SecretString) -> Result<Self, UnusableVerifier> {
        let letters = text.expose_secret().as_bytes();
        let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if (43..=128).contains(&letters.len()) && letters.iter().all(unreserved) {
            Ok(Self(text))
        } else {
            Err(UnusableVerifier)
        }
    }

    /// The verifier itself, to be sealed.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }

    fn challenge(&self) -> PkceCodeChallenge {
        PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(self.0.expose_secret().to_owned()))
    }
}

impl Client<'_> {
    /// The scopes of the authorization request, joined as the service wants them.
    fn scope(&self) -> String {
        let scopes = &self.method.scopes;
        let mut wanted: Vec<&str> = self
            .scopes
            .unwrap_or(&scopes.default)
            .iter()
            .chain(&scopes.required)
            .map(String::as_str)
            .collect();
        let mut seen = std::collections::HashSet::new();
        wanted.retain(|scope| seen.insert(*scope));
        wanted.join(&scopes.separator)
    }

    /// The verifier that this sign-in sends, or none where the definition turned PKCE off.
    pub(super) fn verifier<'a>(&self, given: Option<&'a PkceVerifier>) -> Result<Option<&'a PkceVerifier>, TokenError> {
        match (&self.method.pkce, given) {
            (Pkce::Off { .. }, _) => Ok(None),
            (Pkce::S256, Some(verifier)) => Ok(Some(verifier)),
            (Pkce::S256, None) => Err(TokenError::Configuration("the flow has no PKCE verifier".to_owned())),
        }
    }
}

impl Protocol {
    /// The address to which the browser is sent. `extra` are parameters of the caller, as `login_hint`; they may
    /// replace the definition's, but a reserved one is an error ([`is_reserved_parameter`]).
    pub async fn authorize(
        &self,
        client: &Client<'_>,
        state: &str,
        verifier: Option<&PkceVerifier>,
        extra: &[(String, String)],
    ) -> Result<Url, TokenError> {
        let scope_name = client.method.scopes.parameter.as_str();
        if let Some((name, _)) = extra
            .iter()
            .find(|(name, _)| is_reserved_parameter(name) || name == scope_name)
        {
            return Err(TokenError::Configuration(format!(
                "the parameter `{name}` cannot be set from outside"
            )));
        }
        let resolved = self.resolve(client).await?;
        let inputs = client.inputs(resolved.metadata.as_deref());
        let redirect = RedirectUrl::new(client.redirect_uri.to_owned())
            .map_err(|_| TokenError::Configuration("the redirect address is no address".to_owned()))?;
        let application = BasicClient::new(ClientId::new(client.id().to_owned()))
            .set_auth_uri(AuthUrl::from_url(resolved.authorize))
            .set_redirect_uri(redirect);
        let mut request = application.authorize_url(|| CsrfToken::new(state.to_owned()));
        if let Some(verifier) = client.verifier(verifier)? {
            request = request.set_pkce_challenge(verifier.challenge());
        }
        let mut scope = client.scope();
        if let Some(resource) = &resolved.resource {
            if scope.is_empty() {
                scope = resource.scopes.join(" ");
            }
            // RFC 8707
            request = request.add_extra_param("resource", resource.identifier.clone());
        }
        if !scope.is_empty() {
            request = request.add_extra_param(scope_name, scope);
        }
        for (name, template) in &client.method.authorize_params {
            if extra.iter().any(|(given, _)| given == name) {
                continue;
            }
            let value = template
                .render(&inputs, Slot::Plain)
                .map_err(unrenderable("authorize.params"))?;
            request = request.add_extra_param(name.as_str(), value.expose_secret().to_owned());
        }
        for (name, value) in extra {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        Ok(request.url().0)
    }
}
