//! Building and sending a call to a service's API on behalf of a connection.

mod headers;
mod join;
#[cfg(test)]
mod tests;

use catalog::{AuthKind, AuthMethod, EntryName, Inputs, Integration, RenderError, Slot, Template};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, request, response};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};
use vault::Credential;

use crate::egress::{BodyStream, EgressError};
use crate::oauth1::{SignError, Signer};
use crate::oauth2::{DpopKey, NonceWanted, PROOF, Party, asks_at_resource};
use crate::{CheckError, Protocol};

/// The methods that are passed through.
pub const METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
];

/// The header in which a caller names another host of the service, as `content.example.com`.
pub const HOST_HEADER: HeaderName = HeaderName::from_static("x-latchkey-host");

/// Why a call could not be built. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassthroughError {
    /// A method that is not passed through.
    #[error("the method {0} is not passed through; use one of GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS")]
    Method(Method),
    /// A path that is refused, and why.
    #[error("the path cannot be passed through: {0}; the caller must percent-encode or correct it")]
    Path(&'static str),
    /// Another host than the definition lists.
    #[error("the host in `X-Latchkey-Host` is none of this service: {}", if .known.is_empty() { "it has no other host, leave the header out" } else { .known })]
    Host {
        /// The hosts of the definition.
        known: String,
    },
    /// The caller sends what only a signature may hold.
    #[error("the call cannot be signed: {0}")]
    Signature(String),
    /// The definition cannot be filled in for this connection.
    #[error(
        "`{at}` of the integration's definition cannot be filled in for this connection: {cause}; reconnect it, or ask an operator to correct the definition"
    )]
    Definition {
        /// The place in the definition, as `api.base_url`.
        at: String,
        /// What is wrong; it names inputs, never their values.
        cause: String,
    },
}

impl PassthroughError {
    pub(crate) fn render(at: impl Into<String>) -> impl FnOnce(RenderError) -> Self {
        let at = at.into();
        move |error| Self::Definition {
            at,
            cause: error.to_string(),
        }
    }
}

/// The definition's part of each call, filled in.
pub(crate) struct ApiCall {
    base: Url,
    headers: Vec<Own<HeaderName, HeaderValue>>,
    query: Vec<Own<String, SecretString>>,
}

/// A header or parameter of the definition.
struct Own<N, V> {
    name: N,
    value: V,
    /// Whether a secret is in it. What carries none is a default, and the caller's word counts instead.
    secret: bool,
}

fn carries_secret(template: &Template) -> bool {
    template
        .names()
        .iter()
        .any(|name| matches!(name.namespace.as_str(), "credential" | "app" | "token" | "signed"))
}

/// The inputs with the values of a credential as `credential.NAME`.
pub(crate) fn with_credential<'a>(inputs: &Inputs<'a>, credential: &'a Credential) -> Inputs<'a> {
    let mut inputs = inputs.clone();
    for (name, value) in credential.values() {
        inputs.insert_text("credential", name, value.expose_secret());
    }
    if let Some(tokens) = credential.tokens() {
        inputs.insert_text("credential", "token_type", &tokens.token_type);
    }
    inputs
}

/// The way to sign in that a connection was made in: the one with its id. Where the definition has it no more, one of
/// its credential's kind, and for typed-in secrets one that asks for them.
pub(crate) fn method_of<'a>(
    integration: &'a Integration,
    auth_method: &str,
    credential: &Credential,
) -> Option<&'a AuthMethod> {
    let names = || {
        let fields = credential.typed().into_iter();
        fields.flat_map(|fields| fields.keys().map(String::as_str))
    };
    let same_kind = |method: &&AuthMethod| match (&method.kind, credential) {
        (AuthKind::OAuth2(_), Credential::OAuth2(_)) | (AuthKind::OAuth1(_), Credential::OAuth1(_)) => true,
        (AuthKind::ApiKey(typed), Credential::Fields(_)) => typed.login.is_none(),
        (AuthKind::ApiKey(typed), Credential::Issued(_)) => typed.login.is_some(),
        _ => false,
    };
    let same_fields = |method: &&AuthMethod| match &method.kind {
        AuthKind::OAuth2(_) | AuthKind::OAuth1(_) => true,
        AuthKind::ApiKey(typed) => {
            names().all(|name| typed.secrets().any(|(own, _)| own == name))
                && typed
                    .secrets()
                    .all(|(own, secret)| secret.optional || names().any(|name| name == own))
        }
    };
    let of_kind = || integration.auth.iter().filter(same_kind);
    of_kind()
        .find(|method| method.id == auth_method)
        .or_else(|| of_kind().find(same_fields))
        .or_else(|| of_kind().next())
}

impl ApiCall {
    /// Fills in base address, headers and query for a connection that was made in this way. `host` is another host of the
    /// API, which the caller names.
    pub(crate) fn new(
        integration: &Integration,
        method: Option<&AuthMethod>,
        inputs: &Inputs<'_>,
        host: Option<&str>,
    ) -> Result<Self, PassthroughError> {
        let api = &integration.api;
        let (own_headers, own_query) =
            method.map_or((&api.headers, &api.query), |method| (&method.headers, &method.query));
        let base = match host {
            Some(host) => api.origin_of(host).ok_or_else(|| PassthroughError::Host {
                known: api.hosts.join(", "),
            })?,
            None => api
                .base_url
                .render(inputs)
                .map_err(PassthroughError::render("api.base_url"))?,
        };
        Self::filled(base, own_headers, own_query, inputs)
    }

    /// The same with other headers and parameters than those of the sign-in.
    pub(crate) fn filled(
        base: Url,
        own_headers: &[(EntryName, Template)],
        own_query: &[(EntryName, Template)],
        inputs: &Inputs<'_>,
    ) -> Result<Self, PassthroughError> {
        let mut call = Self {
            base,
            headers: Vec::with_capacity(own_headers.len()),
            query: Vec::with_capacity(own_query.len()),
        };
        call.add_headers("api.headers", own_headers, inputs)?;
        for (name, template) in own_query {
            let at = format!("api.query.{name}");
            let Some(value) = template
                .render_present(inputs, Slot::Plain)
                .map_err(PassthroughError::render(&at))?
            else {
                continue;
            };
            let name = name
                .template()
                .render(inputs, Slot::Plain)
                .map_err(PassthroughError::render(&at))?;
            call.query.push(Own {
                name: name.expose_secret().to_owned(),
                value,
                secret: carries_secret(template),
            });
        }
        Ok(call)
    }

    /// Puts headers in, in place of those that have the same name. One that needs an absent optional input is left out.
    pub(crate) fn add_headers(
        &mut self,
        place: &str,
        added: &[(EntryName, Template)],
        inputs: &Inputs<'_>,
    ) -> Result<(), PassthroughError> {
        for (name, template) in added {
            let at = format!("{place}.{name}");
            let malformed = |cause: &str| PassthroughError::Definition {
                at: at.clone(),
                cause: cause.to_owned(),
            };
            let Some(value) = template
                .render_present(inputs, Slot::Header)
                .map_err(PassthroughError::render(&at))?
            else {
                continue;
            };
            let mut value =
                HeaderValue::from_str(value.expose_secret()).map_err(|_| malformed("it is no valid header"))?;
            value.set_sensitive(true);
            let name = name
                .template()
                .render(inputs, Slot::Header)
                .map_err(PassthroughError::render(&at))?;
            // A value of the connection may be part of it; this is the second lock.
            if !catalog::is_allowed_header(name.expose_secret()) {
                return Err(malformed("its name is not one of a header that can be set"));
            }
            let name: HeaderName = name
                .expose_secret()
                .parse()
                .map_err(|_| malformed("it is no valid header"))?;
            self.headers.retain(|own| own.name != name);
            self.headers.push(Own {
                name,
                value,
                secret: carries_secret(template),
            });
        }
        Ok(())
    }

    /// The address of a path behind the base.
    pub(crate) fn address(&self, raw_path_and_query: &str) -> Result<Url, PassthroughError> {
        let (_, given) = raw_path_and_query.split_once('?').unwrap_or_default();
        let own: Vec<_> = self
            .query
            .iter()
            .filter(|own| own.secret || form_urlencoded::parse(given.as_bytes()).all(|(name, _)| name != own.name))
            .map(|own| (own.name.clone(), own.value.clone()))
            .collect();
        join::join(&self.base, raw_path_and_query, &own)
    }

    /// A whole address with the definition's own parameters that it has not yet.
    pub(crate) fn whole(&self, address: &Url) -> Url {
        let mut whole = address.clone();
        for own in &self.query {
            if address.query_pairs().all(|(name, _)| name != own.name) {
                whole
                    .query_pairs_mut()
                    .append_pair(&own.name, own.value.expose_secret());
            }
        }
        whole
    }

    /// Puts the definition's headers in.
    pub(crate) fn inject(&self, headers: &mut HeaderMap) {
        for own in &self.headers {
            if own.secret || !headers::says_something(headers, &own.name) {
                headers::inject(headers, own.name.clone(), own.value.clone());
            }
        }
    }
}

fn refused_signature(error: &SignError) -> PassthroughError {
    match error {
        SignError::Foreign(_) => PassthroughError::Signature(error.to_string()),
        _ => PassthroughError::Definition {
            at: "auth".to_owned(),
            cause: error.to_string(),
        },
    }
}

impl Protocol {
    /// Builds the call of `raw_path_and_query` (what followed `/v1/passthrough`, as it was sent) with the caller's
    /// headers, for the credential of a connection that was made by `auth_method`. `inputs` are the connection's
    /// `variables`, its `app` and `instance`.
    ///
    /// The host is the definition's, whatever the path says: that of `api.base_url`, or one of `api.hosts` that the caller
    /// names in [`HOST_HEADER`]. Of the caller's headers, those of the connection to us,
    /// our own and the identifying ones of proxies are left out before the definition's are put in. A header or
    /// parameter of the definition that carries the credential replaces the caller's of the same name; others, such as
    /// an API version, are defaults that the caller may change.
    pub fn passthrough_request(
        &self,
        integration: &Integration,
        (auth_method, credential): (&str, &Credential),
        inputs: &Inputs<'_>,
        method: Method,
        raw_path_and_query: &str,
        headers: &HeaderMap,
    ) -> Result<request::Parts, PassthroughError> {
        if !METHODS.contains(&method) {
            return Err(PassthroughError::Method(method));
        }
        let signed_in = method_of(integration, auth_method, credential);
        let host = headers.get(HOST_HEADER).map(|host| host.to_str().unwrap_or_default());
        let mut inputs = with_credential(inputs, credential);
        let signed = self.signed_for(signed_in, &inputs);
        let signed = signed.map_err(|error| PassthroughError::Definition {
            at: "auth.sign".to_owned(),
            cause: error.to_string(),
        })?;
        if let Some(jwt) = &signed {
            inputs.insert_text("signed", "jwt", jwt.expose_secret());
        }
        let oauth1 = Signer::new(signed_in, credential, &inputs).map_err(|error| refused_signature(&error))?;
        let call = ApiCall::new(integration, signed_in, &inputs, host)?;
        let address = call.address(raw_path_and_query)?;
        let mut forwarded = headers::forwarded(headers);
        call.inject(&mut forwarded);
        let unbound = |cause: &dyn std::fmt::Display| PassthroughError::Definition {
            at: "auth.dpop".to_owned(),
            cause: cause.to_string(),
        };
        let key = DpopKey::of(signed_in, credential).map_err(|why| unbound(&why))?;
        if let (Some(key), Some(tokens)) = (&key, credential.tokens()) {
            let with = (Party::ResourceServer, Some(&tokens.access_token));
            self.prove(key, with, (&method, &address), &mut forwarded)
                .map_err(|why| unbound(&why))?;
        }
        let uri: http::Uri = address
            .as_str()
            .parse()
            .map_err(|_| PassthroughError::Path("it makes no address"))?;
        let mut parts = http::Request::new(()).into_parts().0;
        (parts.method, parts.uri, parts.headers) = (method, uri, forwarded);
        if let Some(oauth1) = oauth1 {
            oauth1.admit(&address).map_err(|error| refused_signature(&error))?;
            // It is signed when it is sent, with what the body is then.
            parts.extensions.insert(oauth1);
        }
        Ok(parts)
    }

    /// The token that a way to sign in signs for each call; `inputs` hold the credential.
    pub(crate) fn signed_for(
        &self,
        method: Option<&AuthMethod>,
        inputs: &Inputs<'_>,
    ) -> Result<Option<SecretString>, CheckError> {
        match method.map(|method| &method.kind) {
            Some(AuthKind::ApiKey(typed)) if typed.login.is_none() => {
                let sign = typed.sign.as_deref();
                sign.map(|written| self.signed(written, inputs)).transpose()
            }
            _ => Ok(None),
        }
    }

    /// Sends what [`Protocol::passthrough_request`] built and gives the answer as it comes. Of its headers, those of
    /// one connection and those that would act on our origin in a browser are left out. Dropping the answer ends the
    /// call at the service.
    ///
    /// An answer that asks for the number which came with it is marked [`NonceWanted`]: the same call, built anew, has it.
    pub async fn passthrough(
        &self,
        mut parts: request::Parts,
        mut body: BodyStream,
    ) -> Result<http::Response<BodyStream>, EgressError> {
        if let Some(signer) = parts.extensions.remove::<Signer>() {
            body = signer.sign_stream(&mut parts, body, self.now()).await?;
        }
        let bound = parts
            .headers
            .contains_key(PROOF)
            .then(|| Url::parse(&parts.uri.to_string()));
        let answer = self.egress().stream(http::Request::from_parts(parts, body)).await?;
        let (parts, body): (response::Parts, _) = answer.into_parts();
        let wanted = bound.is_some_and(|url| {
            let kept = url.is_ok_and(|url| self.nonces().keep(Party::ResourceServer, &url, &parts.headers));
            kept && asks_at_resource(parts.status, &parts.headers)
        });
        let mut answer = http::Response::new(body);
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = headers::returned(&parts.headers);
        if wanted {
            answer.extensions_mut().insert(NonceWanted);
        }
        Ok(answer)
    }
}
