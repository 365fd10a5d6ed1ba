//! Posting a webhook: the guarded client, a short time, and a look at the beginning of the answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
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
        let headers = request.headers_mut();
        *headers = webhook.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(webhook.body.len()));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("Latchkey-Webhooks/", env!("CARGO_PKG_VERSION"))),
        );
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
    let mut scrub = Scrub::default();
    for secret in &webhook.secrets {
        scrub.add(secret);
        if let Some((_, body)) = secret.expose_secret().split_once('_') {
            scrub.add(&SecretString::from(body));
        }
    }
    if let Ok(url) = Url::parse(&webhook.url) {
        for (_, value) in url.query_pairs() {
            scrub.add(&SecretString::from(value.as_ref()));
        }
    }
    scrub
}
