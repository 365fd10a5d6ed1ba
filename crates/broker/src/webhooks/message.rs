//! What goes over the wire: the body that both habits read, and the headers that prove it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use store::{ClaimedDelivery, ConnectionId, EndpointId, Environment, EventId, ProjectId};
use vault::WebhookSecret;

/// The body: `type`, `timestamp` and `data` as Standard Webhooks recommends, `eventType` and `payload` as the wire
/// contract (§6.1) has them. The same over all attempts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: EventId,
    #[serde(rename = "type")]
    kind: &'a str,
    event_type: &'a str,
    timestamp: String,
    data: &'a Value,
    payload: &'a Value,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    project_id: ProjectId,
    environment: Environment,
    connection_id: Option<ConnectionId>,
    subscription_id: EndpointId,
    /// What the customer wrote into the subscription.
    subscription: &'a Value,
}

/// The bytes that are signed and sent.
pub(super) fn body(delivery: &ClaimedDelivery) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body {
        id: delivery.event,
        kind: &delivery.kind,
        event_type: &delivery.kind,
        timestamp: delivery.happened_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        data: &delivery.payload,
        payload: &delivery.payload,
        metadata: Metadata {
            project_id: delivery.project,
            environment: delivery.environment,
            connection_id: delivery.connection,
            subscription_id: delivery.endpoint,
            subscription: &delivery.metadata,
        },
    })
}

/// The headers of Standard Webhooks (`id.timestamp.body` under HMAC-SHA-256, version `v1`), with a second signature while
/// the secret before is valid; and `X-Webhook-Signature`, the body alone in hex under the present secret.
pub(super) fn headers(
    id: &str,
    now: DateTime<Utc>,
    body: &[u8],
    secret: &WebhookSecret,
    previous: Option<&WebhookSecret>,
) -> HeaderMap {
    let timestamp = now.timestamp().to_string();
    let one = |secret: &WebhookSecret| {
        let mac = secret.sign(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(mac))
    };
    let signatures: Vec<String> = std::iter::once(secret).chain(previous).map(one).collect();
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.clone()),
        ("webhook-signature", signatures.join(" ")),
        ("x-webhook-signature", hex::encode(secret.sign(&[body]))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signs_the_known_example() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let headers = headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            now,
            br#"{"test": 2432232314}"#,
            &secret,
            None,
        );
        assert_eq!(
            headers["webhook-signature"],
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(headers["webhook-timestamp"], "1614265330");
    }

    #[test]
    fn two_secrets_two_signatures() {
        let (new, old) = (WebhookSecret::generate(), WebhookSecret::generate());
        let now = DateTime::from_timestamp(1, 0).unwrap();
        let both = headers("a", now, b"{}", &new, Some(&old));
        let of = |secret| headers("a", now, b"{}", secret, None)["webhook-signature"].clone();
        let expected = format!("{} {}", of(&new).to_str().unwrap(), of(&old).to_str().unwrap());
        assert_eq!(both["webhook-signature"], expected);
        assert_eq!(both["x-webhook-signature"], hex::encode(new.sign(&[b"{}"])));
    }
}
