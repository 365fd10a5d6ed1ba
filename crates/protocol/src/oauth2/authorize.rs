//! The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636).

use catalog::{Pkce, Slot};
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

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
    "dpop_jkt",
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
    /// The verifier that this sign-in sends, or none where the definition turned PKCE off.
    pub(super) fn verifier<'a>(&self, given: Option<&'a PkceVerifier>) -> Result<Option<&'a PkceVerifier>, TokenError> {
        match (&self.method.pkce, given) {
            (Pkce::Off { .. }, _) => Ok(None),
            (Pkce::S256, Some(verifier)) => Ok(Some(verifier)),
            (Pkce::S256, None) => Err(TokenError::Configuration("the flow has no PKCE verifier".to_owned())),
        }
    }

    /// Whether only the sign-in itself sets this parameter, under a name of this service or the standard's.
    fn sets(&self, name: &str) -> bool {
        let authorize = &self.method.authorize;
        let scopes = &self.method.scopes;
        let own = [
            &authorize.client_id,
            &authorize.redirect_uri,
            &authorize.response_type,
            &authorize.code_challenge,
            &authorize.code_challenge_method,
            &authorize.state,
            &scopes.parameter,
        ];
        let optional = scopes.optional.as_ref().map(|(parameter, _)| parameter);
        is_reserved_parameter(name) || own.into_iter().chain(optional).any(|own| own == name)
    }
}

/// The query of an authorization request.
#[derive(Default)]
struct Query(String);

impl Query {
    fn pair(&mut self, name: &str, value: &str) {
        self.encoded(
            name,
            &form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>(),
        );
    }

    /// A value that is encoded already.
    fn encoded(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.push_str(value);
    }

    /// Behind what the address has already: in its query, or in the fragment that is given.
    fn put_into(self, mut url: Url, fragment: Option<&str>) -> Url {
        if let Some(fragment) = fragment {
            let joint = if fragment.contains('?') { '&' } else { '?' };
            url.set_fragment(Some(&format!("{fragment}{joint}{}", self.0)));
        } else {
            let query = match url.query().filter(|query| !query.is_empty()) {
                Some(before) => format!("{before}&{}", self.0),
                None => self.0,
            };
            url.set_query(Some(&query));
        }
        url
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
        if let Some((name, _)) = extra.iter().find(|(name, _)| client.sets(name)) {
            return Err(TokenError::Configuration(format!(
                "the parameter `{name}` cannot be set from outside"
            )));
        }
        self.authorization_address(client, state, verifier, extra).await
    }

    /// The same with parameters of our own, which may be reserved ones.
    pub(crate) async fn authorization_address(
        &self,
        client: &Client<'_>,
        state: &str,
        verifier: Option<&PkceVerifier>,
        extra: &[(String, String)],
    ) -> Result<Url, TokenError> {
        let resolved = self.resolve(client).await?;
        let page = resolved
            .authorize
            .clone()
            .ok_or_else(|| TokenError::Configuration("the sign-in has no page to send a browser to".to_owned()))?;
        let inputs = client.inputs(resolved.metadata.as_deref());
        let names = &client.method.authorize;
        let mut query = Query::default();
        query.pair(&names.response_type, "code");
        query.pair(&names.client_id, client.id());
        query.pair(&names.state, state);
        if let Some(verifier) = client.verifier(verifier)? {
            let challenge = verifier.challenge();
            query.pair(&names.code_challenge, challenge.as_str());
            query.pair(&names.code_challenge_method, challenge.method().as_str());
        }
        if let Some(key) = client.bound()? {
            // RFC 9449 §10
            query.pair("dpop_jkt", &key.thumbprint());
        }
        query.pair(&names.redirect_uri, client.redirect_uri);
        let scopes = client.scope_parameters();
        if let Some(resource) = &resolved.resource {
            if scopes.is_empty() && !resource.scopes.is_empty() {
                query.pair("scope", &resource.scopes.join(" "));
            }
            // RFC 8707
            query.pair("resource", &resource.identifier);
        }
        for (name, scopes) in scopes {
            query.encoded(name, &scopes);
        }
        for (name, template) in &names.params {
            if extra.iter().any(|(given, _)| given == name) {
                continue;
            }
            let value = template
                .render(&inputs, Slot::Plain)
                .map_err(unrenderable("authorize.params"))?;
            query.pair(name, value.expose_secret());
        }
        for (name, value) in extra {
            query.pair(name, value);
        }
        if let Some(endpoint) = client.pushed(resolved.metadata.as_deref())? {
            let reference = self.push(client, &resolved, &endpoint, &query.0).await?;
            query = Query::default();
            query.pair(&names.client_id, client.id());
            query.pair("request_uri", &reference);
        }
        let fragment = names
            .fragment
            .as_ref()
            .map(|fragment| fragment.render(&inputs, Slot::Path));
        let fragment = fragment.transpose().map_err(unrenderable("authorize.url"))?;
        Ok(query.put_into(page, fragment.as_ref().map(ExposeSecret::expose_secret)))
    }
}
