//! What goes over the wire, and that the secret does not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vault::WebhookSecret;
use wiremock::{Request, ResponseTemplate};

use super::{Setting, body, header, id, ok};

fn signature(secret: &str, request: &Request) -> String {
    let secret = WebhookSecret::parse(secret).unwrap();
    let (id, time) = (header(request, "webhook-id"), header(request, "webhook-timestamp"));
    let mac = secret.sign(&[format!("{id}.{time}.").as_bytes(), &request.body]);
    format!("v1,{}", STANDARD.encode(mac))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_has_both_shapes_and_both_signatures() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.created"]).await;
    setting.answers("/hook", ok()).await;
    let connection = setting.connect("u-1").await;
    assert_eq!(setting.deliver().await, (1, 0));
    let seen = setting.seen("/hook").await;
    let request = &seen[0];
    let body = body(request);
    assert_eq!(
        (&body["type"], &body["eventType"]),
        (&json!("connection.created"), &json!("connection.created"))
    );
    assert_eq!(body["data"], body["payload"]);
    assert_eq!(
        (&body["data"]["id"], &body["data"]["identity"]),
        (&json!(connection), &json!("u-1"))
    );
    assert_eq!(body["id"], header(request, "webhook-id"));
    assert_eq!(body["metadata"]["subscriptionId"], made["id"]);
    body["timestamp"]
        .as_str()
        .unwrap()
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap();
    assert_eq!(header(request, "content-type"), "application/json");

    let secret = made["secret"].as_str().unwrap();
    assert_eq!(header(request, "webhook-signature"), signature(secret, request));
    let plain = WebhookSecret::parse(secret).unwrap().sign(&[&request.body]);
    let hex = header(request, "x-webhook-signature");
    let pairs = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    assert_eq!(pairs.collect::<Vec<_>>(), plain);
    let sent: i64 = header(request, "webhook-timestamp").parse().unwrap();
    let now = setting.server.store.now().await.unwrap().timestamp();
    assert!((now - 60..=now).contains(&sent), "{sent} {now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_rotation_both_secrets_sign() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.*"]).await;
    setting.answers("/hook", ok()).await;
    let place = format!("/v1/webhooks/subscriptions/{}/rotate-secret", id(&made));
    let too_long = json!({ "overlapSeconds": 700_000 });
    assert_eq!(
        setting.call("POST", &place, &too_long).await.problem(400),
        "overlap_too_long"
    );
    let rotated = setting
        .call("POST", &place, &json!({ "overlapSeconds": 3600 }))
        .await
        .expect(200)
        .json();
    let (old, new) = (made["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap());
    assert_ne!(old, new);
    let connection = setting.connect("u-1").await;
    setting.deliver().await;
    setting.server.advance(3601).await;
    setting.change(&connection, "a").await;
    setting.deliver().await;
    let seen = setting.seen("/hook").await;
    let both = format!("{} {}", signature(new, &seen[0]), signature(old, &seen[0]));
    assert_eq!(header(&seen[0], "webhook-signature"), both);
    assert_eq!(
        header(&seen[1], "webhook-signature"),
        signature(new, &seen[1]),
        "the overlap is over"
    );
    // Without an overlap the old one ends at once.
    let last = setting
        .call("POST", &place, &json!({ "overlapSeconds": 0 }))
        .await
        .expect(200)
        .json();
    assert_eq!(last["previousSecretUntil"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_rotation_takes_no_secret_that_is_in_use() {
    let setting = Setting::start().await;
    setting.answers("/hook", ok()).await;
    let by_key = "/v1/webhooks/subscriptions/by-key/orders";
    let wanted = json!({ "url": format!("{}/hook", setting.receiver.uri()), "events": ["connection.*"] });
    let made = setting.call("PUT", by_key, &wanted).await.expect(201).json();
    let place = format!("/v1/webhooks/subscriptions/{}/rotate-secret", id(&made));
    let rotate = async |body: Value| setting.call("POST", &place, &body).await;
    let second = rotate(json!({})).await.expect(200).json();
    let refused = rotate(json!({})).await;
    assert_eq!(refused.problem(409), "secret_overlap");
    let until = refused.json()["meta"]["until"].as_str().unwrap().to_owned();
    assert!(
        refused.text.contains(&format!("signs until {until}")) && refused.text.contains(r#"send `\"force\": true`"#),
        "{}",
        refused.text
    );
    // An upsert with another secret is a rotation, too, and changes nothing else where it is refused.
    let mut other = wanted.clone();
    other["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    other["description"] = json!("not taken");
    assert_eq!(setting.call("PUT", by_key, &other).await.problem(409), "secret_overlap");
    let read = setting.get(&format!("/v1/webhooks/subscriptions/{}", id(&made))).await;
    assert_eq!(read["description"], Value::Null);

    let (first, second) = (made["secret"].as_str().unwrap(), second["secret"].as_str().unwrap());
    let connection = setting.connect("u-1").await;
    setting.deliver().await;
    let seen = setting.seen("/hook").await;
    let both = format!("{} {}", signature(second, &seen[0]), signature(first, &seen[0]));
    assert_eq!(header(&seen[0], "webhook-signature"), both, "receivers may use either");

    let third = rotate(json!({ "force": true })).await.expect(200).json();
    let third = third["secret"].as_str().unwrap();
    setting.change(&connection, "a").await;
    setting.deliver().await;
    let seen = setting.seen("/hook").await;
    let both = format!("{} {}", signature(third, &seen[1]), signature(second, &seen[1]));
    assert_eq!(header(&seen[1], "webhook-signature"), both);
    other["force"] = json!(true);
    setting.call("PUT", by_key, &other).await.expect(200);
    // After the overlap nobody has to force anything.
    setting.server.advance(86_401).await;
    rotate(json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_shows_what_was_sent_without_what_proves_it() {
    let setting = Setting::start().await;
    let url = format!("{}/hook?token=canary-in-the-address", setting.receiver.uri());
    let wanted = json!({ "url": url, "events": ["connection.created"], "metadata": { "team": "a" } });
    let made = setting
        .call("POST", "/v1/webhooks/subscriptions", &wanted)
        .await
        .expect(201)
        .json();
    let failing = setting.answering("/hook", ResponseTemplate::new(500)).await;
    setting.connect("u-1").await;
    assert_eq!(setting.deliver().await, (0, 1));
    drop(failing);
    setting.answers("/hook", ok()).await;
    setting.server.advance(6).await;
    assert_eq!(setting.deliver().await, (1, 0));
    let list = setting
        .get(&format!("/v1/webhooks/subscriptions/{}/deliveries", id(&made)))
        .await;
    let whole = setting
        .get(&format!("/v1/webhooks/deliveries/{}", id(&list["rows"][0])))
        .await;
    let seen = setting.receiver.received_requests().await.unwrap();
    assert_eq!(seen.len(), 2);
    for (attempt, request) in whole["log"].as_array().unwrap().iter().zip(&seen) {
        let sent = &attempt["request"];
        assert_eq!(
            sent["body"].as_str().unwrap().as_bytes(),
            request.body,
            "the body as it was sent"
        );
        for name in [
            "webhook-id",
            "webhook-timestamp",
            "content-type",
            "content-length",
            "user-agent",
        ] {
            assert_eq!(sent["headers"][name], header(request, name), "{name}");
        }
        assert_eq!(sent["headers"]["webhook-signature"], "v1,[hidden]");
        assert_eq!(sent["headers"]["x-webhook-signature"], "[hidden]");
        let shown = sent["url"].as_str().unwrap();
        assert!(shown.ends_with("/hook?token=[hidden]"), "{shown}");
        for name in ["webhook-signature", "x-webhook-signature"] {
            let proof = header(request, name).trim_start_matches("v1,");
            assert!(!whole.to_string().contains(proof), "{name}");
        }
    }
    assert_eq!(
        (&whole["log"][0]["status"], &whole["log"][1]["status"]),
        (&json!(500), &json!(204))
    );
    let dump = setting.server.database.dump().await;
    for form in testkit::forms_of(made["secret"].as_str().unwrap()) {
        assert!(!dump.contains(&form), "the secret is in the database in clear");
    }
    for request in &seen {
        let proof = header(request, "webhook-signature").trim_start_matches("v1,");
        assert!(!dump.contains(proof), "a signature is in the database");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_short_and_without_the_secret() {
    let setting = Setting::start().await;
    let place = "/hook";
    let url = format!("{}{place}?token=canary-in-the-address", setting.receiver.uri());
    let wanted = json!({ "url": url, "events": ["connection.created"] });
    let made = setting
        .call("POST", "/v1/webhooks/subscriptions", &wanted)
        .await
        .expect(201)
        .json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    let echo = format!(
        "<script>alert(1)</script>\u{1b}[31m {secret} {} canary-in-the-address {}",
        &secret[6..],
        "x ".repeat(100_000)
    );
    setting
        .answers(place, ResponseTemplate::new(500).set_body_string(echo))
        .await;
    setting.connect("u-1").await;
    assert_eq!(setting.deliver().await, (0, 1));
    let list = setting
        .get(&format!("/v1/webhooks/subscriptions/{}/deliveries", id(&made)))
        .await;
    let whole = setting
        .get(&format!("/v1/webhooks/deliveries/{}", id(&list["rows"][0])))
        .await;
    let kept = whole["log"][0]["response"].as_str().unwrap();
    assert!(kept.len() <= 2048 && kept.len() > 1000, "{}", kept.len());
    assert!(
        kept.starts_with("script alert(1) /script [31m [hidden] [hidden] [hidden] x x"),
        "{kept}"
    );
    let dump = setting.server.database.dump().await;
    for form in testkit::forms_of(&secret) {
        assert!(!dump.contains(&form), "the secret is in the database in clear");
    }
    // The address is the customer's configuration and stays readable; the log of answers does not repeat it.
    assert_eq!(dump.matches("canary-in-the-address").count(), 1);
}
