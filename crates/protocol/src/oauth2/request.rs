//! Requests to token and revocation endpoints, put together as the definition says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use catalog::{ClientAuth, Inputs, ParameterValue, RequestBody, RequestMethod, Slot, TokenRequest};
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::client_assertion::{ASSERTION_TYPE, Assertions};
use super::{Client, Resolved, Resource, Scrub, TokenError, unrenderable};

/// A request that is being put together, and the secrets in it.
#[derive(Clone)]
pub(super) struct Draft<'a> {
    shape: &'a TokenRequest,
    parameters: Vec<(&'a str, Sent)>,
    /// What stands in the query whatever the body is.
    query: Vec<(&'a str, Zeroizing<String>)>,
    headers: HeaderMap,
    /// The client proves itself so, anew each time.
    assertions: Option<Assertions<'a>>,
    scrub: Scrub,
}

/// The value of a parameter.
#[derive(Clone)]
enum Sent {
    Text(Zeroizing<String>),
    Json(Value),
}

impl Sent {
    fn text(&self) -> Zeroizing<String> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Json(value) => Zeroizing::new(value.to_string()),
        }
    }
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn no_header() -> TokenError {
    TokenError::Configuration("the client id or a header has a character that a header cannot carry".to_owned())
}

impl<'a> Draft<'a> {
    /// One without parameters, with the client's authentication: exactly the declared one (RFC 6749 §2.3.1).
    pub(super) fn new(
        client: &Client<'a>,
        shape: &'a TokenRequest,
        (resolved, now): (&Resolved, i64),
    ) -> Result<Self, TokenError> {
        let mut draft = Self {
            shape,
            parameters: Vec::new(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            assertions: None,
            scrub: Scrub::default(),
        };
        let secret = || {
            client
                .secret()
                .ok_or_else(|| TokenError::Configuration("the app has no client secret".to_owned()))
        };
        let id = shape.names.client_id.as_deref();
        match client.authentication(shape.client_auth) {
            ClientAuth::Basic => draft.basic(client.id(), secret()?)?,
            ClientAuth::Body => {
                draft.plain(id, client.id());
                draft.secret(&shape.names.client_secret, secret()?);
            }
            ClientAuth::Query => {
                let secret = secret()?;
                draft.scrub.add(secret);
                draft
                    .query
                    .extend(id.map(|id| (id, Zeroizing::new(client.id().to_owned()))));
                draft.query.push((
                    &shape.names.client_secret,
                    Zeroizing::new(secret.expose_secret().to_owned()),
                ));
            }
            // The declared headers have it.
            ClientAuth::Header => draft.scrub.add(secret()?),
            ClientAuth::PrivateKeyJwt => {
                draft.plain(id, client.id());
                draft.assertions = Some(Assertions::of(client, resolved, now)?);
            }
            ClientAuth::None => draft.plain(id, client.id()),
            ClientAuth::Bearer => {}
        }
        Ok(draft)
    }

    fn basic(&mut self, id: &str, secret: &SecretString) -> Result<(), TokenError> {
        self.scrub.add(secret);
        let pair = Zeroizing::new(format!("{}:{}", form_encoded(id), form_encoded(secret.expose_secret())));
        self.scrub.add_basic(&pair);
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        self.header(AUTHORIZATION, &value)
    }

    fn header(&mut self, name: HeaderName, value: &str) -> Result<(), TokenError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| no_header())?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// Sends a token as `Authorization: Bearer` (RFC 6750).
    pub(super) fn bearer(&mut self, token: &SecretString) -> Result<(), TokenError> {
        self.scrub.add(token);
        let value = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
        self.header(AUTHORIZATION, &value)
    }

    /// A parameter that is no secret; without a name it is not sent.
    pub(super) fn plain(&mut self, name: Option<&'a str>, value: &str) {
        let value = Sent::Text(Zeroizing::new(value.to_owned()));
        self.parameters.extend(name.map(|name| (name, value)));
    }

    /// Whether there is a parameter of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(other, _)| *other == name)
    }

    pub(super) fn secret(&mut self, name: &'a str, value: &SecretString) {
        self.scrub.add(value);
        let value = Zeroizing::new(value.expose_secret().to_owned());
        self.parameters.push((name, Sent::Text(value)));
    }

    /// Which service the token is for (RFC 8707).
    pub(super) fn resource(&mut self, resource: Option<&Resource>) {
        if let Some(resource) = resource {
            self.plain(Some("resource"), &resource.identifier);
        }
    }

    /// The definition's own headers and parameters. They may hold secrets.
    fn declared(&mut self, at: &'static str, inputs: &Inputs<'_>) -> Result<(), TokenError> {
        let shape = self.shape;
        for (name, template) in &shape.headers {
            let value = template.render(inputs, Slot::Header).map_err(unrenderable(at))?;
            if template.literal().is_none() {
                self.scrub.add(&value);
            }
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| no_header())?;
            self.header(name, value.expose_secret())?;
        }
        for (name, value) in &shape.params {
            match value {
                ParameterValue::Json(value) => self.parameters.push((name, Sent::Json(value.clone()))),
                ParameterValue::Text(template) => {
                    let value = template.render(inputs, Slot::Plain).map_err(unrenderable(at))?;
                    match template.literal() {
                        Some(literal) => self.plain(Some(name), literal),
                        None => self.secret(name, &value),
                    }
                }
            }
        }
        Ok(())
    }

    /// The whole request, with the definition's headers and parameters, which stand under `at` there.
    pub(super) fn request(
        mut self,
        url: &Url,
        at: &'static str,
        inputs: &Inputs<'_>,
    ) -> Result<(http::Request<Bytes>, Scrub), TokenError> {
        self.declared(at, inputs)?;
        if let Some(assertions) = &self.assertions {
            let assertion = assertions.next()?;
            self.plain(Some("client_assertion_type"), ASSERTION_TYPE);
            self.secret("client_assertion", &assertion);
        }
        let mut url = url.clone();
        let body = match self.shape.body {
            RequestBody::None => Zeroizing::default(),
            RequestBody::Query => {
                let parameters = std::mem::take(&mut self.parameters);
                self.query
                    .extend(parameters.into_iter().map(|(name, value)| (name, value.text())));
                Zeroizing::default()
            }
            RequestBody::Form => {
                self.headers.insert(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-www-form-urlencoded"),
                );
                self.form()
            }
            RequestBody::Json => {
                self.headers
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                self.json()
            }
        };
        if !self.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &self.query {
                pairs.append_pair(name, value);
            }
        }
        let method = match self.shape.method {
            RequestMethod::Post => Method::POST,
            RequestMethod::Get => Method::GET,
            RequestMethod::Delete => Method::DELETE,
        };
        self.headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        let mut request = http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(Bytes::from_owner(body))
            .map_err(|_| TokenError::Configuration("the token address is no address".to_owned()))?;
        *request.headers_mut() = self.headers;
        Ok((request, self.scrub))
    }

    fn form(&self) -> Zeroizing<Vec<u8>> {
        let mut body = Zeroizing::new(String::new());
        for (name, value) in &self.parameters {
            form_urlencoded::Serializer::for_suffix(&mut *body, 0).append_pair(name, &value.text());
        }
        Zeroizing::new(body.as_bytes().to_vec())
    }

    /// One flat object.
    fn json(&self) -> Zeroizing<Vec<u8>> {
        let mut body = Zeroizing::new(b"{".to_vec());
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend_from_slice(Value::from(*name).to_string().as_bytes());
            body.push(b':');
            let value = match value {
                Sent::Text(text) => Zeroizing::new(Value::from(text.as_str()).to_string()),
                Sent::Json(_) => value.text(),
            };
            body.extend_from_slice(value.as_bytes());
        }
        body.push(b'}');
        body
    }
}
