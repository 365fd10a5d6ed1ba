//! Building and sending a call to a service's API on behalf of a connection.

mod headers;
mod join;
#[cfg(test)]
mod tests;

use catalog::{AuthKind, AuthMethod, Inputs, Integration, RenderError, Slot, Template};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, request, response};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};
use vault::Credential;

use crate::egress::{BodyStream, EgressError};
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

/// The sign-in that a credential came from: of its kind, and for typed-in secrets the one with its fields.
fn method_of<'a>(integration: &'a Integration, credential: &Credential) -> Option<&'a AuthMethod> {
    let names = || {
        credential
            .typed()
            .into_iter()
            .flat_map(|fields| fields.keys().map(String::as_str))
    };
    let same_kind = |method: &&AuthMethod| {
        matches!((&method.kind, credential), (AuthKind::OAuth2(_), Credential::OAuth2(_)))
            || matches!((&method.kind, credential), (AuthKind::ApiKey(typed), Credential::Fields(_)) if typed.login.is_none())
            || matches!((&method.kind, credential), (AuthKind::ApiKey(typed), Credential::Issued(_)) if typed.login.is_some())
    };
    let same_fields = |method: &&AuthMethod| match &method.kind {
        AuthKind::OAuth2(_) => true,
        AuthKind::ApiKey(method) => {
            let fields = &method.fields;
            names().all(|name| fields.iter().any(|field| field.name == name))
                && fields.iter().all(|field| names().any(|name| name == field.name))
        }
    };
    let of_kind = || integration.auth.iter().filter(same_kind);
    of_kind().find(same_fields).or_else(|| of_kind().next())
}

impl ApiCall {
    /// Fills in base address, headers and query.
    pub(crate) fn new(
        integration: &Integration,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Self, PassthroughError> {
        let api = &integration.api;
        let (own_headers, own_query) = method_of(integration, credential)
            .map_or((&api.headers, &api.query), |method| (&method.headers, &method.query));
        let base = api
            .base_url
            .render(inputs)
            .map_err(PassthroughError::render("api.base_url"))?;
        Self::filled(base, own_headers, own_query, inputs)
    }

    /// The same with other headers and parameters than those of the sign-in.
    pub(crate) fn filled(
        base: Url,
        own_headers: &[(String, Template)],
        own_query: &[(String, Template)],
        inputs: &Inputs<'_>,
    ) -> Result<Self, PassthroughError> {
        let mut headers = Vec::with_capacity(own_headers.len());
        for (name, template) in own_headers {
            let at = || format!("api.headers.{name}");
            let malformed = || PassthroughError::Definition {
                at: at(),
                cause: "it is no valid header".to_owned(),
            };
            let value = template
                .render(inputs, Slot::Header)
                .map_err(PassthroughError::render(at()))?;
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| malformed())?;
            value.set_sensitive(true);
            let name = name.parse().map_err(|_| malformed())?;
            headers.push(Own {
                name,
                value,
                secret: carries_secret(template),
            });
        }
        let mut query = Vec::with_capacity(own_query.len());
        for (name, template) in own_query {
            let value = template
                .render(inputs, Slot::Plain)
                .map_err(PassthroughError::render(format!("api.query.{name}")))?;
            query.push(Own {
                name: name.clone(),
                value,
                secret: carries_secret(template),
            });
        }
        Ok(Self { base, headers, query })
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

impl Protocol {
    /// Builds the call of `raw_path_and_query` (what followed `/v1/passthrough`, as it was sent) with the caller's
    /// headers, for the credential of a connection. `inputs` are the connection's `variables`, its `app` and `instance`.
    ///
    /// The host is the definition's, whatever the path says. Of the caller's headers, those of the connection to us,
    /// our own and the identifying ones of proxies are left out before the definition's are put in. A header or
    /// parameter of the definition that carries the credential replaces the caller's of the same name; others, such as
    /// an API version, are defaults that the caller may change.
    pub fn passthrough_request(
        &self,
        integration: &Integration,
        credential: &Credential,
        inputs: &Inputs<'_>,
        method: Method,
        raw_path_and_query: &str,
        headers: &HeaderMap,
    ) -> Result<request::Parts, PassthroughError> {
        if !METHODS.contains(&method) {
            return Err(PassthroughError::Method(method));
        }
        let mut inputs = with_credential(inputs, credential);
        let signed = self.signed_for(integration, credential, &inputs);
        let signed = signed.map_err(|error| PassthroughError::Definition {
            at: "auth.sign".to_owned(),
            cause: error.to_string(),
        })?;
        if let Some(jwt) = &signed {
            inputs.insert_text("signed", "jwt", jwt.expose_secret());
        }
        let call = ApiCall::new(integration, credential, &inputs)?;
        let address = call.address(raw_path_and_query)?;
        let mut forwarded = headers::forwarded(headers);
        call.inject(&mut forwarded);
        let uri: http::Uri = address
            .as_str()
            .parse()
            .map_err(|_| PassthroughError::Path("it makes no address"))?;
        let mut parts = http::Request::new(()).into_parts().0;
        (parts.method, parts.uri, parts.headers) = (method, uri, forwarded);
        Ok(parts)
    }

    /// The token that the sign-in of a credential signs for each call; `inputs` hold the credential.
    pub(crate) fn signed_for(
        &self,
        integration: &Integration,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Option<SecretString>, CheckError> {
        match method_of(integration, credential).map(|method| &method.kind) {
            Some(AuthKind::ApiKey(typed)) if typed.login.is_none() => typed
                .sign
                .as_deref()
                .map(|written| self.signed(written, inputs))
                .transpose(),
            _ => Ok(None),
        }
    }

    /// Sends what [`Protocol::passthrough_request`] built and gives the answer as it comes. Of its headers, those of
    /// one connection and those that would act on our origin in a browser are left out. Dropping the answer ends the
    /// call at the service.
    pub async fn passthrough(
        &self,
        parts: request::Parts,
        body: BodyStream,
    ) -> Result<http::Response<BodyStream>, EgressError> {
        let answer = self.egress().stream(http::Request::from_parts(parts, body)).await?;
        let (parts, body): (response::Parts, _) = answer.into_parts();
        let mut answer = http::Response::new(body);
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = headers::returned(&parts.headers);
        Ok(answer)
    }
}
