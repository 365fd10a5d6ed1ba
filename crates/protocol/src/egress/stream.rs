//! Bodies on their way: limits, timeouts and back-pressure of a passed-through call.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::header::CONTENT_LENGTH;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};
use url::Url;

use super::error::{EgressError, TimeoutPhase};
use super::policy::EgressPolicy;

/// A body in pieces. Nothing is read ahead of the reader. For the body of a request, an error of the sender is
/// [`EgressError::RequestBody`].
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, EgressError>> + Send>>;

/// A body that is already whole.
pub fn body_of(bytes: impl Into<Bytes>) -> BodyStream {
    let bytes = bytes.into();
    stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed()
}

/// The length that the headers announce, if they announce one.
pub(super) fn announced_length(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The head of an answer, and its body in pieces.
pub(super) fn taken_apart(answer: reqwest::Response) -> (http::response::Parts, BodyStream) {
    let mut head = http::Response::new(());
    *head.status_mut() = answer.status();
    *head.version_mut() = answer.version();
    *head.headers_mut() = answer.headers().clone();
    let pieces = answer
        .bytes_stream()
        .map(|piece| piece.map_err(|error| in_the_answer(EgressError::from_client(error))));
    (head.into_parts().0, pieces.boxed())
}

/// An error after the status line: the request was certainly sent, whatever the client's words are.
fn in_the_answer(error: EgressError) -> EgressError {
    if error.surely_not_sent() {
        EgressError::Interrupted(error.to_string())
    } else {
        error
    }
}

/// Sends the request and waits for the status line. The wait begins anew with each piece of the request's body.
pub(super) async fn run(
    client: &reqwest::Client,
    policy: &EgressPolicy,
    url: Url,
    request: http::Request<BodyStream>,
) -> Result<http::Response<BodyStream>, EgressError> {
    let end = Instant::now() + policy.stream_timeout;
    let (parts, body) = request.into_parts();
    let (announced, is_head) = (announced_length(&parts.headers), parts.method == http::Method::HEAD);
    if announced.is_some_and(|length| length > policy.request_limit) {
        return Err(EgressError::TooLarge {
            limit: policy.request_limit,
            request: true,
        });
    }
    let moved = Arc::new(Notify::new());
    let begin = end.min(Instant::now() + policy.idle_timeout);
    let body = timeout_at(
        begin,
        request_body(body, announced, policy.request_limit, Arc::clone(&moved)),
    )
    .await
    .unwrap_or_else(|_| Err(EgressError::RequestBody("it did not begin in time".to_owned())))?;

    let mut answer = std::pin::pin!(client.execute(super::outgoing(parts, url, body)));
    let answer = loop {
        let first_byte = Instant::now() + policy.first_byte_timeout;
        tokio::select! {
            biased;
            answer = &mut answer => break answer.map_err(EgressError::from_client)?,
            () = moved.notified() => {}
            () = sleep_until(first_byte.min(end)) => {
                return Err(EgressError::Timeout { phase: TimeoutPhase::FirstByte });
            }
        }
    };
    if answer.status() == http::StatusCode::SWITCHING_PROTOCOLS {
        return Err(EgressError::Interrupted("it wanted to change the protocol".to_owned()));
    }
    let (parts, body) = taken_apart(answer);
    let limit = policy.response_limit;
    // The answer to HEAD announces the length of a body that does not come.
    if !is_head && announced_length(&parts.headers).is_some_and(|length| length > limit) {
        return Err(EgressError::TooLarge { limit, request: false });
    }
    Ok(http::Response::from_parts(
        parts,
        answer_body(body, limit, policy.idle_timeout, end),
    ))
}

/// The request's body with its limit. An empty one becomes none, so that no chunked coding is announced for it.
async fn request_body(
    mut body: BodyStream,
    announced: Option<u64>,
    limit: u64,
    moved: Arc<Notify>,
) -> Result<reqwest::Body, EgressError> {
    let first = match announced {
        Some(0) => return Ok(Bytes::new().into()),
        Some(_) => None,
        None => match body.next().await {
            None => return Ok(Bytes::new().into()),
            Some(first) => Some(first),
        },
    };
    let mut sent = 0_u64;
    let counted = stream::iter(first).chain(body).map(move |piece| {
        moved.notify_one();
        let piece = piece?;
        sent = sent.saturating_add(piece.len() as u64);
        if sent > limit {
            Err(EgressError::TooLarge { limit, request: true })
        } else {
            Ok(piece)
        }
    });
    Ok(reqwest::Body::wrap_stream(counted))
}

/// The answer's body with its limit and timeouts. After an error it is over.
fn answer_body(body: BodyStream, limit: u64, idle: std::time::Duration, end: Instant) -> BodyStream {
    let state = Some((body, 0_u64));
    stream::unfold(state, move |state| async move {
        let (mut pieces, received) = state?;
        let deadline = (Instant::now() + idle).min(end);
        let piece = match timeout_at(deadline, pieces.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(error))) => return Some((Err(error), None)),
            Err(_) => {
                let phase = if deadline == end {
                    TimeoutPhase::Total
                } else {
                    TimeoutPhase::Idle
                };
                return Some((Err(EgressError::Timeout { phase }), None));
            }
        };
        let received = received.saturating_add(piece.len() as u64);
        if received > limit {
            return Some((Err(EgressError::TooLarge { limit, request: false }), None));
        }
        Some((Ok(piece), Some((pieces, received))))
    })
    .boxed()
}
