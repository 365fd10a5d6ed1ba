//! The three steps of a sign-in (RFC 5849 §2).

use bytes::Bytes;
use catalog::{Inputs, OAuth1Place, OAuth1Request, Slot};
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};
use vault::OAuth1Token;
use zeroize::Zeroizing;

use super::signature::Keys;
use super::signer::{form_of, form_type, hide};
use super::{OAuth1Client, OAuth1Granted, Signer};
use crate::Protocol;
use crate::egress::ANSWER_LIMIT;
use crate::oauth2::{Scrub, TokenError, learn, said, unrenderable};
use crate::retry_after::retry_after;

/// The longest token or secret that is taken, in bytes.
const LONGEST: usize = 4096;
/// Words of the extension for problem reporting that blame the operator's app.
const APP_BROKEN: [&str; 5] = [
    "consumer_key_unknown",
    "consumer_key_rejected",
    "consumer_key_refused",
    "signature_invalid",
    "signature_method_rejected",
];

impl<'a> OAuth1Client<'a> {
    fn inputs(&self) -> Inputs<'a> {
        self.inputs.clone().text("app", "client_id", self.consumer_key)
    }

    /// With the temporary token, once there is one.
    fn signer(&self, token: Option<&OAuth1Token>) -> Result<Signer, TokenError> {
        let secret = self
            .consumer_secret
            .ok_or_else(|| TokenError::Configuration("the app has no client secret".to_owned()))?;
        let keys = Keys {
            consumer_key: SecretString::from(self.consumer_key),
            consumer_secret: secret.clone(),
            token: token.map(|token| (token.token.clone(), token.secret.clone())),
        };
        Signer::with(&self.method.signing, keys, &self.inputs())
            .map_err(|error| TokenError::Configuration(error.to_string()))
    }
}

impl Protocol {
    /// Temporary credentials (RFC 5849 §2.1). The service must confirm that it knows the callback: one that does not speaks
    /// an older protocol, in which somebody else's consent can be slipped in.
    pub async fn request_token(&self, client: &OAuth1Client<'_>, callback: &Url) -> Result<OAuth1Token, TokenError> {
        let asked = Asked {
            client,
            request: &client.method.request_token,
            at: "request_token",
            token: None,
            extra: &[("oauth_callback", callback.as_str())],
        };
        let document = self.credentials(asked).await?;
        if document
            .get("oauth_callback_confirmed")
            .is_none_or(|said| !is_true(said))
        {
            return Err(malformed("it does not confirm the callback, as OAuth 1.0a asks"));
        }
        token_of(&document)
    }

    /// Where the person allows it (RFC 5849 §2.2).
    pub fn authorize_token(&self, client: &OAuth1Client<'_>, token: &OAuth1Token) -> Result<Url, TokenError> {
        let inputs = client.inputs();
        let method = client.method;
        let url = method
            .authorize
            .render(&inputs)
            .map_err(unrenderable("authorize.url"))?;
        let mut url = self.for_browsers(&method.authorize, url)?;
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("oauth_token", token.token.expose_secret());
        for (name, template) in &method.authorize_params {
            let value = template
                .render(&inputs, Slot::Plain)
                .map_err(unrenderable("authorize.params"))?;
            pairs.append_pair(name, value.expose_secret());
        }
        drop(pairs);
        Ok(url)
    }

    /// Token credentials (RFC 5849 §2.3) for the verifier of a callback, whose query is `callback_query`. A verifier is never
    /// sent twice by this function.
    pub async fn access_token(
        &self,
        client: &OAuth1Client<'_>,
        temporary: &OAuth1Token,
        verifier: &SecretString,
        callback_query: &Value,
    ) -> Result<OAuth1Granted, TokenError> {
        let asked = Asked {
            client,
            request: &client.method.access_token,
            at: "access_token",
            token: Some(temporary),
            extra: &[("oauth_verifier", verifier.expose_secret())],
        };
        let document = self.credentials(asked).await?;
        let token = token_of(&document)?;
        let document = Value::Object(document);
        let inputs = client.inputs().json("query", callback_query).json("token", &document);
        let (learned, forbidden) = learn(&client.method.learn, &inputs);
        Ok(OAuth1Granted {
            token,
            expires_in: client.method.lifetime,
            learned,
            forbidden: forbidden.into_iter().map(|one| one.name).collect(),
        })
    }

    /// Makes a signed request; gives the answer.
    async fn credentials(&self, asked: Asked<'_>) -> Result<Map<String, Value>, TokenError> {
        let (client, request) = (asked.client, asked.request);
        let inputs = client.inputs();
        let mut url = request.url.render(&inputs).map_err(unrenderable(asked.at))?;
        let mut params = Vec::new();
        for (name, template) in &request.params {
            let value = template.render(&inputs, Slot::Plain).map_err(unrenderable(asked.at))?;
            params.push((name.clone(), Zeroizing::new(value.expose_secret().to_owned())));
        }
        let mut form = Zeroizing::default();
        if !request.is_get {
            form = form_of(&params);
        } else if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(&params_of(&params));
        }
        let method = if request.is_get { Method::GET } else { Method::POST };
        let signer = client.signer(asked.token)?;
        let parameters = signer
            .parameters((&method, &url, form.as_bytes()), self.now(), asked.extra)
            .map_err(|error| TokenError::Configuration(error.to_string()))?;
        let mut headers = HeaderMap::new();
        match request.place {
            OAuth1Place::Header => {
                let value = parameters.header(signer.realm.as_deref()).ok_or_else(|| {
                    TokenError::Configuration("the realm has a character that it cannot have".to_owned())
                })?;
                headers.insert(AUTHORIZATION, value);
            }
            OAuth1Place::Query => {
                let query = parameters.behind(url.query().unwrap_or_default());
                url.set_query(Some(&query));
            }
            OAuth1Place::Body => form = parameters.behind(&form),
        }
        if !form.is_empty() {
            headers.insert(CONTENT_TYPE, form_type());
        }
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let mut call = http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(Bytes::from_owner(Zeroizing::new(form.as_bytes().to_vec())))
            .map_err(|_| TokenError::Configuration(format!("`{}.url` is no address", asked.at)))?;
        *call.headers_mut() = headers;
        let answer = self.egress().call(call, ANSWER_LIMIT).await?;
        read(&answer, &asked)
    }
}

/// A request for credentials.
#[derive(Clone, Copy)]
struct Asked<'a> {
    client: &'a OAuth1Client<'a>,
    request: &'a OAuth1Request,
    /// Its place in the definition.
    at: &'static str,
    token: Option<&'a OAuth1Token>,
    extra: &'a [(&'static str, &'a str)],
}

impl Asked<'_> {
    /// What must not be seen of an answer.
    fn scrub(&self) -> Scrub {
        let mut scrub = Scrub::default();
        self.client
            .consumer_secret
            .into_iter()
            .for_each(|secret| hide(&mut scrub, secret));
        if let Some(token) = self.token {
            hide(&mut scrub, &token.token);
            hide(&mut scrub, &token.secret);
        }
        for (name, value) in self.extra {
            if *name == "oauth_verifier" {
                scrub.add(&SecretString::from(*value));
            }
        }
        scrub
    }
}

fn params_of(params: &[(String, Zeroizing<String>)]) -> Vec<(&str, &str)> {
    params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// A form, whatever type is written on it (RFC 5849 §2.1 says one, and services say `text/html`); or JSON.
fn read(answer: &http::Response<Bytes>, asked: &Asked<'_>) -> Result<Map<String, Value>, TokenError> {
    let body = answer.body();
    let document = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(document)) => document,
        _ => form_urlencoded::parse(body.trim_ascii())
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect(),
    };
    let problem = document.get("oauth_problem").and_then(Value::as_str);
    if answer.status().is_success() && problem.is_none() {
        return Ok(document);
    }
    Err(refused(answer, &document, problem, asked))
}

fn refused(
    answer: &http::Response<Bytes>,
    document: &Map<String, Value>,
    problem: Option<&str>,
    asked: &Asked<'_>,
) -> TokenError {
    let (status, scrub) = (answer.status().as_u16(), asked.scrub());
    let whole = Value::Object(document.clone());
    let (code, words) = said(&whole);
    let in_list = whole.pointer("/errors/0/message").and_then(Value::as_str);
    let advice = document.get("oauth_problem_advice").and_then(Value::as_str);
    let provider_code = problem.or(code).and_then(|code| scrub.code(code));
    let provider_message = advice.or(words).or(in_list).and_then(|words| scrub.message(words));
    match status {
        408 | 425 | 429 | 500.. => TokenError::Transient {
            reason: format!("it answered with HTTP {status}"),
            status: Some(status),
            retry_after: retry_after(answer.headers()),
            not_sent: false,
            provider_code,
            provider_message,
        },
        300..=399 => TokenError::Answer {
            status,
            reason: "it redirects, which is not followed",
            provider_code,
            provider_message,
        },
        // Nobody has allowed anything yet: it can only be the app.
        401 | 403 if asked.token.is_none() => TokenError::AppBroken {
            provider_code,
            provider_message,
        },
        _ if problem.is_some_and(|problem| APP_BROKEN.contains(&problem)) => TokenError::AppBroken {
            provider_code,
            provider_message,
        },
        _ => TokenError::Refused {
            status,
            provider_code,
            provider_message,
        },
    }
}

fn malformed(reason: &'static str) -> TokenError {
    TokenError::Answer {
        status: 200,
        reason,
        provider_code: None,
        provider_message: None,
    }
}

fn is_true(said: &Value) -> bool {
    *said == Value::Bool(true) || said.as_str().is_some_and(|said| said.eq_ignore_ascii_case("true"))
}

fn token_of(document: &Map<String, Value>) -> Result<OAuth1Token, TokenError> {
    let text = |name: &str| {
        let found = document.get(name).and_then(Value::as_str);
        found.filter(|text| text.len() <= LONGEST && !text.chars().any(char::is_control))
    };
    let token = text("oauth_token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| malformed("it has no oauth_token"))?;
    let secret = text("oauth_token_secret").ok_or_else(|| malformed("it has no oauth_token_secret"))?;
    Ok(OAuth1Token {
        token: SecretString::from(token),
        secret: SecretString::from(secret),
    })
}
