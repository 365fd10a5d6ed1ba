//! Posting a webhook: the guarded client, a short time, and a look at the beginning of the answer.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::egress::{BodyStream, EgressError, Refusal, TimeoutPhase, body_of};
use crate::oauth2::Scrub;
use crate::{Protocol, retry_after};

/// How long an endpoint may take to begin its answer.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest beginning of an answer that is kept, in bytes.
pub const EXCERPT_LIMIT: usize = 2 * 1024;
/// The longest beginning of a body that was sent and is kept, in bytes: more than an event has.
pub const SENT_LIMIT: usize = 64 * 1024;
/// What is read of an answer: more than is kept, so that a secret across the cut is seen whole.
const READ_LIMIT: usize = 2 * EXCERPT_LIMIT;
/// How long the body of an answer is waited for; it is only kept for people.
const BODY_PATIENCE: Duration = Duration::from_secs(2);

/// A delivery to make.
#[derive(Debug)]
pub struct WebhookRequest {
    /// Where to.
    pub url: String,
    /// The signature's headers.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Bytes,
    /// What an answer may echo and nobody may read: the signing secrets.
    pub secrets: Vec<SecretString>,
}

/// A delivery as it goes out, for people: no secret, no signature.
#[derive(Clone, Debug, PartialEq)]
pub struct SentWebhook {
    /// The address; the values of its query are hidden, since they often are secrets.
    pub url: String,
    /// Headers by their names in lower case. Of a signature only its version is told.
    pub headers: BTreeMap<String, String>,
    /// The beginning of the body, [`SENT_LIMIT`] bytes at most.
    pub body: String,
}

impl WebhookRequest {
    fn all_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("Latchkey-Webhooks/", env!("CARGO_PKG_VERSION"))),
        );
        headers
    }

    /// What [`Protocol::post_webhook`] sends, as a log may keep it. A recorded signature would let whoever reads the log
    /// send the request again.
    pub fn as_sent(&self) -> SentWebhook {
        let scrub = of_secrets(&self.secrets);
        let headers = self.all_headers();
        let shown = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let value = if name.as_str().ends_with("-signature") {
                without_signatures(&value)
            } else {
                scrub.text(&value)
            };
            (name.as_str().to_owned(), value)
        };
        let mut body = scrub.text(&String::from_utf8_lossy(&self.body));
        body.truncate(body.floor_char_boundary(SENT_LIMIT));
        SentWebhook {
            url: scrub.text(&without_query_values(&self.url)),
            headers: headers.iter().map(shown).collect(),
            body,
        }
    }
}

/// `v1,…` keeps its version; a bare signature is hidden whole.
fn without_signatures(value: &str) -> String {
    let hide = |signature: &str| match signature.split_once(',') {
        Some((version, _)) => format!("{version},[hidden]"),
        None => "[hidden]".to_owned(),
    };
    value.split_whitespace().map(hide).collect::<Vec<_>>().join(" ")
}

fn without_query_values(url: &str) -> String {
    let Some((place, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) => format!("{name}=[hidden]"),
        None => "[hidden]".to_owned(),
    };
    format!("{place}?{}", query.split('&').map(hide).collect::<Vec<_>>().join("&"))
}

/// What an endpoint answered.
#[derive(Debug)]
pub struct WebhookAnswer {
    /// The status.
    pub status: StatusCode,
    /// How long it wants to be left alone, at most [`crate::RETRY_AFTER_LIMIT`].
    pub retry_after: Option<Duration>,
    /// The beginning of its answer as plain text, without secrets and markup.
    pub excerpt: Option<String>,
}

impl Protocol {
    /// Posts a webhook. Follows no redirect; an answer of any status is an answer, whatever becomes of its body.
    ///
    /// # Errors
    /// There was no status line within [`WEBHOOK_TIMEOUT`], or the guard did not let the call out.
    pub async fn post_webhook(&self, webhook: WebhookRequest) -> Result<WebhookAnswer, EgressError> {
        let scrub = scrub(&webhook);
        let mut request = Request::new(body_of(webhook.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = webhook.url.parse().map_err(|_| Refusal::Malformed)?;
        *request.headers_mut() = webhook.all_headers();
        let late = |_| EgressError::Timeout {
            phase: TimeoutPhase::FirstByte,
        };
        let answer = tokio::time::timeout(WEBHOOK_TIMEOUT, self.egress().stream(request)).await;
        let (parts, pieces) = answer.map_err(late)??.into_parts();
        let beginning = beginning(pieces).await;
        Ok(WebhookAnswer {
            status: parts.status,
            retry_after: retry_after(&parts.headers),
            excerpt: scrub.excerpt(&String::from_utf8_lossy(&beginning), EXCERPT_LIMIT),
        })
    }
}

/// The first bytes of an answer, as far as they come.
async fn beginning(mut pieces: BodyStream) -> BytesMut {
    let mut beginning = BytesMut::new();
    let reading = async {
        while let Some(Ok(piece)) = pieces.next().await {
            let room = READ_LIMIT - beginning.len();
            beginning.extend_from_slice(&piece[..piece.len().min(room)]);
            if beginning.len() == READ_LIMIT {
                break;
            }
        }
    };
    // The status line decided already.
    drop(tokio::time::timeout(BODY_PATIENCE, reading).await);
    beginning
}

/// The signing secrets with and without their prefix, and what the address carries: such addresses are often secrets.
fn scrub(webhook: &WebhookRequest) -> Scrub {
    let mut scrub = of_secrets(&webhook.secrets);
    if let Ok(url) = Url::parse(&webhook.url) {
        for (_, value) in url.query_pairs() {
            scrub.add(&SecretString::from(value.as_ref()));
        }
    }
    scrub
}

fn of_secrets(secrets: &[SecretString]) -> Scrub {
    let mut scrub = Scrub::default();
    for secret in secrets {
        scrub.add(secret);
        if let Some((_, body)) = secret.expose_secret().split_once('_') {
            scrub.add(&SecretString::from(body));
        }
    }
    scrub
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_request_holds_no_secret_and_no_signature() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", "msg-1"),
            (
                "webhook-signature",
                "v1,c2lnbmF0dXJlLWNhbmFyeQ== v1,c2Vjb25kLWNhbmFyeQ==",
            ),
            ("x-webhook-signature", "abcdef0123456789"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let request = WebhookRequest {
            url: "https://hooks.example.com/in?token=query-canary&flag".to_owned(),
            headers,
            body: Bytes::from_static(br#"{"data":{"id":"1"},"metadata":{"mine":"whsec_c2VjcmV0LWNhbmFyeQ=="}}"#),
            secrets: vec![SecretString::from("whsec_c2VjcmV0LWNhbmFyeQ==")],
        };
        let sent = request.as_sent();
        assert_eq!(sent.url, "https://hooks.example.com/in?token=[hidden]&[hidden]");
        assert_eq!(sent.headers["webhook-id"], "msg-1");
        assert_eq!(sent.headers["webhook-signature"], "v1,[hidden] v1,[hidden]");
        assert_eq!(sent.headers["x-webhook-signature"], "[hidden]");
        assert_eq!(sent.headers["content-type"], "application/json");
        assert_eq!(sent.headers["content-length"], request.body.len().to_string());
        assert_eq!(sent.body, r#"{"data":{"id":"1"},"metadata":{"mine":"[hidden]"}}"#);
    }

    #[test]
    fn a_long_body_is_cut_between_letters() {
        let request = WebhookRequest {
            url: "https://hooks.example.com/".to_owned(),
            headers: HeaderMap::new(),
            body: "ü".repeat(SENT_LIMIT).into(),
            secrets: Vec::new(),
        };
        assert_eq!(request.as_sent().body.len(), SENT_LIMIT);
    }
}
