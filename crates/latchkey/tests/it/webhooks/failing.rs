//! Endpoints that fail, in every way that the schedule knows.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{Setting, header, id, ok};

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_answers_410_is_switched_off() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.*"]).await;
    let place = format!("/v1/webhooks/subscriptions/{}", id(&made));
    let connection = setting.connect("u-1").await;
    {
        let _gone = setting.answering("/hook", ResponseTemplate::new(410)).await;
        assert_eq!(setting.deliver().await, (0, 1));
    }
    let read = setting.get(&place).await;
    assert_eq!(
        (&read["active"], &read["disabledReason"]),
        (&json!(false), &json!("gone")),
        "{read}"
    );
    assert!(read["disabledAt"].is_string());
    setting.answers("/hook", ok()).await;
    setting.change(&connection, "a").await;
    setting.server.advance(90_000).await;
    assert_eq!(setting.deliver().await, (0, 0), "nothing is written for it");
    setting
        .call("PATCH", &place, &json!({ "active": true }))
        .await
        .expect(200);
    setting.change(&connection, "b").await;
    assert_eq!(setting.deliver().await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_holds_for_the_whole_endpoint() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.created"]).await;
    setting.connect("u-1").await;
    {
        let busy = ResponseTemplate::new(429).insert_header("retry-after", "120");
        let _busy = setting.answering("/hook", busy).await;
        assert_eq!(setting.deliver().await, (0, 1));
    }
    setting.answers("/hook", ok()).await;
    let read = setting.get(&format!("/v1/webhooks/subscriptions/{}", id(&made))).await;
    assert!(read["pausedUntil"].is_string(), "{read}");
    setting.connect("u-2").await;
    assert_eq!(setting.deliver().await, (0, 0));
    setting.server.advance(115).await;
    assert_eq!(setting.deliver().await, (0, 0));
    setting.server.advance(6).await;
    assert_eq!(setting.deliver().await, (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_days_a_delivery_is_given_up_and_the_next_goes() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.*"]).await;
    let connection = setting.connect("u-1").await;
    setting.change(&connection, "a").await;
    setting.answers("/hook", ResponseTemplate::new(500)).await;
    let place = format!("/v1/webhooks/subscriptions/{}/deliveries", id(&made));
    let mut attempts = 0;
    for pause in [0, 6, 331, 1981, 7921, 19_801, 39_601, 55_441, 79_201, 95_041] {
        setting.server.advance(pause).await;
        assert_eq!(setting.deliver().await, (0, 1), "after {pause} s");
        attempts += 1;
        let list = setting.get(&place).await;
        assert_eq!(list["rows"][1]["attempts"], attempts);
        assert_eq!(list["rows"][0]["waitsForEarlier"], attempts < 10, "{list}");
    }
    let list = setting.get(&place).await;
    assert_eq!(list["rows"][1]["status"], "failed");
    assert_eq!(list["rows"][1]["nextAttemptAt"], Value::Null);
    let whole = setting
        .get(&format!("/v1/webhooks/deliveries/{}", id(&list["rows"][1])))
        .await;
    let log = whole["log"].as_array().unwrap();
    assert_eq!(log.len(), 10);
    assert!(log.iter().all(|attempt| attempt["status"] == 500));
    let seen = setting.seen("/hook").await;
    let ids: std::collections::HashSet<&str> = seen.iter().map(|request| header(request, "webhook-id")).collect();
    assert_eq!((seen.len(), ids.len()), (10, 1), "the id is the same over all attempts");
    setting.server.advance(301).await;
    assert_eq!(
        setting.deliver().await,
        (0, 1),
        "the next of the connection has its turn"
    );
    assert_eq!(setting.get(&place).await["rows"][0]["attempts"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_endpoint_is_probed_by_one_and_wakes_all() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.created"]).await;
    let place = format!("/v1/webhooks/subscriptions/{}", id(&made));
    for round in 0..8 {
        setting.connect(&format!("u-{round}")).await;
    }
    {
        let _down = setting.answering("/hook", ResponseTemplate::new(503)).await;
        let (delivered, failed) = setting.deliver().await;
        assert_eq!(delivered, 0);
        assert!((5..=8).contains(&failed), "{failed}");
        setting.server.advance(60).await;
        assert_eq!(setting.deliver().await, (0, 1), "one probe and no more");
        assert_eq!(setting.deliver().await, (0, 0));
    }
    assert!(setting.get(&place).await["failures"].as_i64().unwrap() > 5);
    setting.answers("/hook", ok()).await;
    // The pause doubles with each failure, and is five minutes at most.
    setting.server.advance(300).await;
    assert_eq!(setting.deliver().await, (8, 0), "with the probe everything goes");
    assert_eq!(setting.get(&place).await["failures"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed_and_nobody_home_is_no_panic() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/moved", &["connection.created"]).await;
    let moved =
        ResponseTemplate::new(307).insert_header("location", format!("{}/new", setting.receiver.uri()).as_str());
    setting.answers("/moved", moved).await;
    let nobody = json!({ "url": "http://127.0.0.1:1/x", "events": ["connection.created"] });
    let nobody = setting
        .call("POST", "/v1/webhooks/subscriptions", &nobody)
        .await
        .expect(201)
        .json();
    setting.connect("u-1").await;
    assert_eq!(setting.deliver().await, (0, 2));
    assert!(setting.seen("/new").await.is_empty());
    for (made, words) in [(made, "redirects are not followed"), (nobody, "could not be reached")] {
        let list = setting
            .get(&format!("/v1/webhooks/subscriptions/{}/deliveries", id(&made)))
            .await;
        let error = list["rows"][0]["lastError"].as_str().unwrap();
        assert!(error.contains(words), "{error}");
    }
}
