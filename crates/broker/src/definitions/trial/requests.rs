//! The requests of a sign-in as they would be sent: made by what makes them in a server, with a client that sends nothing.

use std::sync::PoisonError;

use catalog::{
    ApiKeyAuth, AuthKind, AuthMethod, CheckMethod, Endpoints, Inputs, LoginRequest, OAuth1, OAuth2, Template,
};
use http::header::{ACCEPT, CONTENT_TYPE};
use protocol::egress::EgressError;
use protocol::oauth2::{Client, DeviceCode, DpopKey, PkceVerifier};
use protocol::{AppClient, OAuth1Client, SigningKey};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use url::Url;
use vault::{Fields, OAuth1Token, OAuth2Tokens};

use super::samples::{REDIRECT_URI, address, dpop_key};
use super::{Trial, TrialError};

impl Trial {
    /// What was noted since the last time, each with what it is for.
    fn noted(&self, what: &str) -> Vec<Value> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let tell = |request| {
            let mut told = told(what, &request);
            if let Some(refused) = self.refused(&request.uri().to_string()) {
                told["refused"] = json!(refused);
            }
            told
        };
        noted.drain(..).map(tell).collect()
    }

    /// Why a server would not call an address.
    pub(super) fn refused(&self, address: &str) -> Option<String> {
        match self.protocol.egress().admit(&Url::parse(address).ok()?) {
            Err(EgressError::Refused(refusal)) => Some(refusal.to_string()),
            _ => None,
        }
    }

    /// The requests of a way to sign in, as far as no answer of the service is needed for them. `inputs` are sample values.
    pub(super) async fn requests(&self, way: &AuthMethod, inputs: &Inputs<'_>) -> Result<Vec<Value>, TrialError> {
        match &way.kind {
            AuthKind::OAuth2(method) if matches!(method.endpoints, Endpoints::Fixed { .. }) => {
                self.of_oauth2(method, inputs).await
            }
            AuthKind::OAuth2(method) => self.of_device(method, inputs).await,
            AuthKind::OAuth1(method) => self.of_oauth1(method, inputs).await,
            AuthKind::ApiKey(method) => Ok(self.of_log_in(method, inputs).await),
        }
    }

    async fn of_oauth2(&self, method: &OAuth2, inputs: &Inputs<'_>) -> Result<Vec<Value>, TrialError> {
        let mut requests = self.of_device(method, inputs).await?;
        let (secret, key) = (secret("client-secret"), signing_key()?);
        let dpop = dpop_key(method)?;
        let client = client(method, inputs, (&secret, &key, dpop.as_ref()));
        // Each ends with the notice that nothing was sent.
        if method.device.is_some() {
            let code = DeviceCode::new(self::secret("device-code"));
            drop(self.protocol.poll_device(&client, &code).await);
        } else {
            let verifier = PkceVerifier::random();
            let query = callback(method);
            let code = self::secret("code");
            drop(self.protocol.exchange(&client, &code, Some(&verifier), &query).await);
        }
        requests.extend(self.noted("token"));
        if method.refresh.supported {
            let token = if method.refresh.with_access_token {
                self::secret("access-token")
            } else {
                self::secret("refresh-token")
            };
            drop(self.protocol.refresh(&client, &token).await);
            requests.extend(self.noted("refresh"));
        }
        let tokens = OAuth2Tokens {
            access_token: self::secret("access-token"),
            refresh_token: Some(self::secret("refresh-token")),
            token_type: if method.dpop { "DPoP" } else { "Bearer" }.to_owned(),
            client: None,
            dpop_key: dpop.as_ref().map(|key| key.secret().clone()),
        };
        drop(self.protocol.revoke(&client, &tokens).await);
        requests.extend(self.noted("revoke"));
        Ok(requests)
    }

    /// The code that a person is to enter is asked for first.
    async fn of_device(&self, method: &OAuth2, inputs: &Inputs<'_>) -> Result<Vec<Value>, TrialError> {
        if method.device.is_none() || !matches!(method.endpoints, Endpoints::Fixed { .. }) {
            return Ok(Vec::new());
        }
        let (secret, key) = (secret("client-secret"), signing_key()?);
        let client = client(method, inputs, (&secret, &key, None));
        drop(self.protocol.authorize_device(&client).await);
        Ok(self.noted("device"))
    }

    async fn of_oauth1(&self, method: &OAuth1, inputs: &Inputs<'_>) -> Result<Vec<Value>, TrialError> {
        let secret = secret("client-secret");
        let client = OAuth1Client {
            method,
            consumer_key: "sample-client-id",
            consumer_secret: Some(&secret),
            inputs: inputs.clone(),
        };
        let redirect = Url::parse(REDIRECT_URI).map_err(|error| TrialError::new(REDIRECT_URI, error))?;
        let token = OAuth1Token {
            token: self::secret("request-token"),
            secret: self::secret("token-secret"),
        };
        drop(self.protocol.request_token(&client, &redirect).await);
        let mut requests = self.noted("request");
        let verifier = self::secret("verifier");
        drop(self.protocol.access_token(&client, &token, &verifier, &json!({})).await);
        requests.extend(self.noted("token"));
        Ok(requests)
    }

    /// The first request of a log-in. Those that follow need its answer: of them the address is told, as it is written
    /// where a part of it is from there.
    async fn of_log_in(&self, method: &ApiKeyAuth, inputs: &Inputs<'_>) -> Vec<Value> {
        let Some(login) = &method.login else { return Vec::new() };
        let fields: Fields = method
            .secrets()
            .map(|(name, _)| (name.to_owned(), secret(&name.replace('_', "-"))))
            .collect();
        let secret = secret("client-secret");
        let key = SigningKey::generate().ok().map(|(key, _)| key);
        let app = AppClient {
            id: Some("sample-client-id"),
            secret: Some(&secret),
            key: key.as_ref(),
        };
        drop(self.protocol.log_in(method, &fields, Some(app), inputs).await);
        let mut requests = self.noted("log-in");
        for request in login.requests.iter().skip(requests.len()) {
            requests.push(later(request, inputs));
        }
        requests
    }
}

fn client<'a>(
    method: &'a OAuth2,
    inputs: &Inputs<'a>,
    (secret, key, dpop): (&'a SecretString, &'a SigningKey, Option<&'a DpopKey>),
) -> Client<'a> {
    Client {
        method,
        client_id: "sample-client-id",
        client_secret: Some(secret),
        key: Some(key),
        dpop,
        redirect_uri: REDIRECT_URI,
        scopes: None,
        registered: None,
        inputs: inputs.clone(),
    }
}

fn signing_key() -> Result<SigningKey, TrialError> {
    let (key, _) = SigningKey::generate().map_err(|error| TrialError::new("no key could be made", error))?;
    Ok(key)
}

fn secret(name: &str) -> SecretString {
    SecretString::from(format!("sample-{name}"))
}

/// What requests take from the callback.
fn callback(method: &OAuth2) -> Value {
    let requests = [Some(&method.token), method.then.as_ref().map(|then| &then.request)];
    let templates = requests
        .into_iter()
        .flatten()
        .flat_map(catalog::TokenRequest::templates);
    let named = templates
        .flat_map(Template::names)
        .filter(|name| name.namespace == "query");
    let query: Map<String, Value> = named.map(|name| (name.path.clone(), json!("sample"))).collect();
    Value::Object(query)
}

fn later(request: &LoginRequest, inputs: &Inputs<'_>) -> Value {
    let method = match request.method {
        CheckMethod::Get => "GET",
        CheckMethod::Post => "POST",
    };
    let written = || request.url.template().source().to_owned();
    let url = address(&request.url, inputs).unwrap_or_else(|_| written());
    json!({ "for": "log-in", "method": method, "url": url })
}

/// A request for programs; bodies as what they are.
fn told(what: &str, request: &http::Request<bytes::Bytes>) -> Value {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let mut headers = Map::new();
    for (name, value) in request.headers() {
        if name != ACCEPT && name != CONTENT_TYPE {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.insert(name.to_string(), json!(value));
        }
    }
    let mut told = json!({
        "for": what, "method": request.method().as_str(), "url": request.uri().to_string(), "headers": headers,
    });
    let body = request.body();
    if kind.is_some_and(|kind| kind.starts_with("application/json")) {
        told["json"] = serde_json::from_slice(body).unwrap_or_default();
    } else if !body.is_empty() {
        let pairs: Vec<Value> = url::form_urlencoded::parse(body)
            .map(|(name, value)| json!([name, value]))
            .collect();
        told["form"] = json!(pairs);
    }
    told
}

/// A request for people: what it is for with its address, then what it has, a line for each.
pub(super) fn lines(request: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut lines = vec![(
        text(&request["for"]),
        format!("{} {}", text(&request["method"]), text(&request["url"])),
    )];
    let mut more = |line: String| lines.push((String::new(), format!("  {line}")));
    if let Some(refused) = request["refused"].as_str() {
        more(format!("this address would be refused: {refused}"));
    }
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        more(format!("{name}: {}", text(value)));
    }
    for pair in request["form"].as_array().into_iter().flatten() {
        more(format!("{}={}", text(&pair[0]), text(&pair[1])));
    }
    if !request["json"].is_null() {
        more(request["json"].to_string());
    }
    lines
}
