//! `/v1/webhooks`: subscriptions and what was delivered.

use broker::Scope;
use serde_json::{Value, json};

use super::{Setting, body, id, ok};

const SUBSCRIPTIONS: &str = "/v1/webhooks/subscriptions";

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_made_read_changed_and_deleted() {
    let setting = Setting::start().await;
    let url = format!("{}/hook", setting.receiver.uri());
    let wanted = json!({
        "url": url, "events": ["connection.created", "connection.*", "connection.created"], "description": "Orders",
        "metadata": { "team": "a" },
    });
    let made = setting.call("POST", SUBSCRIPTIONS, &wanted).await.expect(201).json();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"), "{made}");
    assert_eq!(made["events"], json!(["connection.created", "connection.*"]));
    assert_eq!((&made["active"], &made["environment"]), (&json!(true), &json!("test")));
    let place = format!("{SUBSCRIPTIONS}/{}", id(&made));
    let read = setting.get(&place).await;
    assert_eq!(read.get("secret"), None, "{read}");
    assert_eq!(read["metadata"], json!({ "team": "a" }));
    let list = setting.get(SUBSCRIPTIONS).await;
    assert_eq!((&list["total"], list["rows"][0].get("secret")), (&json!(1), None));

    let changed = setting
        .call(
            "PATCH",
            &place,
            &json!({ "active": false, "description": null, "events": [] }),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(changed["disabledReason"], "switched_off");
    assert_eq!(
        (&changed["description"], &changed["events"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(changed["url"], url.as_str());
    let secret = json!({ "active": true, "secret": "whsec_canary" });
    let refused = setting.call("PATCH", &place, &secret).await;
    assert_eq!(refused.problem(400), "secret_not_changed");
    assert!(
        refused.text.contains("rotate-secret") && !refused.text.contains("canary"),
        "{}",
        refused.text
    );
    assert_eq!(setting.get(&place).await["active"], false, "nothing was changed");
    let changed = setting
        .call("PATCH", &place, &json!({ "active": true }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["disabledReason"], &changed["disabledAt"]),
        (&Value::Null, &Value::Null)
    );

    setting.call("DELETE", &place, &json!({})).await.expect(200);
    setting.call("GET", &place, &json!({})).await.problem(404);
    setting.call("DELETE", &place, &json!({})).await.problem(404);
    assert_eq!(setting.get(SUBSCRIPTIONS).await["total"], 0);
    let actions = "select string_agg(action, ' ' order by id) from audit_log where action like 'webhook.%'";
    assert_eq!(
        setting.server.database.text(actions).await,
        "webhook.created webhook.changed webhook.changed webhook.deleted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused() {
    let setting = Setting::start().await;
    let good = format!("{}/hook", setting.receiver.uri());
    for (body, key) in [
        (json!({ "url": "https://10.0.0.1/hook" }), "url_not_allowed"),
        (json!({ "url": "https://169.254.169.254/latest" }), "url_not_allowed"),
        (json!({ "url": "https://localhost/hook" }), "url_not_allowed"),
        (json!({ "url": "http://hooks.example.com/" }), "url_not_allowed"),
        (json!({ "url": "https://hooks.example.com:8443/" }), "url_not_allowed"),
        (json!({ "url": "https://u:p@hooks.example.com/" }), "url_not_allowed"),
        (json!({ "url": "ftp://hooks.example.com/" }), "url_not_allowed"),
        (json!({ "url": "" }), "url_not_allowed"),
        (json!({ "url": good, "events": ["connection.creatd"] }), "unknown_event"),
        (json!({ "url": good, "secret": "short" }), "secret_malformed"),
        (json!({ "url": good, "secret": "whsec_c2hvcnQ=" }), "secret_malformed"),
        (json!({ "url": good, "metadata": [1] }), "metadata_not_allowed"),
        (
            json!({ "url": good, "metadata": { "a": "x".repeat(9000) } }),
            "metadata_not_allowed",
        ),
        (json!({ "url": good, "description": "x".repeat(301) }), "value_too_long"),
    ] {
        let answer = setting.call("POST", SUBSCRIPTIONS, &body).await;
        assert_eq!(answer.problem(400), key, "{body}");
    }
    assert_eq!(setting.get(SUBSCRIPTIONS).await["total"], 0);
    for place in ["not-an-id", "0190b0e0-0000-7000-8000-000000000000"] {
        setting
            .call("GET", &format!("{SUBSCRIPTIONS}/{place}"), &json!({}))
            .await
            .problem(404);
        setting
            .call("GET", &format!("/v1/webhooks/deliveries/{place}"), &json!({}))
            .await
            .problem(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_scope_and_another_project_see_nothing() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &[]).await;
    setting.answers("/hook", ok()).await;
    let place = format!("{SUBSCRIPTIONS}/{}", id(&made));
    let tested = setting
        .call("POST", &format!("{place}/test"), &json!({}))
        .await
        .expect(200)
        .json();
    let delivery = format!("/v1/webhooks/deliveries/{}", id(&tested));
    let calls = [
        ("GET", SUBSCRIPTIONS.to_owned()),
        ("POST", SUBSCRIPTIONS.to_owned()),
        ("PUT", format!("{SUBSCRIPTIONS}/by-key/a")),
        ("GET", place.clone()),
        ("PATCH", place.clone()),
        ("DELETE", place.clone()),
        ("POST", format!("{place}/test")),
        ("POST", format!("{place}/rotate-secret")),
        ("GET", format!("{place}/deliveries")),
        ("POST", format!("{place}/redeliver")),
        ("GET", delivery.clone()),
        ("POST", format!("{delivery}/redeliver")),
    ];
    // A new key does not have the scope.
    for (method, place) in &calls {
        assert_eq!(
            setting.server.api(method, place).send().await.problem(403),
            "missing_scope",
            "{place}"
        );
    }
    let (other, _) = setting.server.another_project().await;
    let key = setting
        .server
        .broker
        .create_key(other, vault::Environment::Test, "a", &[Scope::Admin])
        .await;
    let (_, key) = key.unwrap();
    let key = vault::ExposeSecret::expose_secret(&key).to_owned();
    for (method, place) in &calls[3..] {
        let again = json!({ "from": "2020-01-01T00:00:00Z" });
        setting
            .server
            .api(method, place)
            .key(&key)
            .json(&again)
            .send()
            .await
            .problem(404);
    }
    let mine = setting
        .server
        .api("GET", SUBSCRIPTIONS)
        .key(&key)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(mine["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_by_key_makes_and_then_changes() {
    let setting = Setting::start().await;
    let place = format!("{SUBSCRIPTIONS}/by-key/orders");
    let wanted = |path: &str| json!({ "url": format!("{}{path}", setting.receiver.uri()), "events": ["oauth.failed"] });
    let made = setting.call("PUT", &place, &wanted("/a")).await.expect(201).json();
    assert!(made["secret"].is_string());
    assert_eq!(made["key"], "orders");
    let changed = setting.call("PUT", &place, &wanted("/b")).await.expect(200).json();
    assert_eq!(id(&changed), id(&made));
    assert!(
        changed["url"].as_str().unwrap().ends_with("/b") && changed.get("secret").is_none(),
        "{changed}"
    );
    // The same secret changes nothing, another one rotates.
    let mut same = wanted("/b");
    same["secret"] = made["secret"].clone();
    let changed = setting.call("PUT", &place, &same).await.expect(200).json();
    assert_eq!(changed["previousSecretUntil"], Value::Null);
    same["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let changed = setting.call("PUT", &place, &same).await.expect(200).json();
    assert!(
        changed["previousSecretUntil"].is_string() && changed.get("secret").is_none(),
        "{changed}"
    );
    let mut taken = wanted("/c");
    taken["key"] = json!("orders");
    assert_eq!(
        setting.call("POST", SUBSCRIPTIONS, &taken).await.problem(409),
        "webhook_key_taken"
    );
    // A deleted one frees its key.
    setting
        .call("DELETE", &format!("{SUBSCRIPTIONS}/{}", id(&made)), &json!({}))
        .await
        .expect(200);
    setting.call("POST", SUBSCRIPTIONS, &taken).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_sent_at_once_and_only_once() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["oauth.failed"]).await;
    let place = format!("{SUBSCRIPTIONS}/{}", id(&made));
    {
        let _down = setting.answering("/hook", wiremock::ResponseTemplate::new(410)).await;
        let tested = setting
            .call("POST", &format!("{place}/test"), &json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&tested["status"], &tested["lastStatus"]),
            (&json!("failed"), &json!(410)),
            "{tested}"
        );
        assert!(tested["log"][0]["error"].as_str().unwrap().contains("410"), "{tested}");
    }
    let read = setting.get(&place).await;
    assert_eq!(
        (&read["active"], &read["failures"]),
        (&json!(true), &json!(0)),
        "a test says nothing about health"
    );
    setting.answers("/hook", ok()).await;
    setting
        .call("PATCH", &place, &json!({ "active": false }))
        .await
        .expect(200);
    let tested = setting
        .call("POST", &format!("{place}/test"), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&tested["status"], &tested["eventType"]),
        (&json!("delivered"), &json!("webhook.test")),
        "{tested}"
    );
    assert_eq!(setting.deliver().await, (0, 0));
    let seen = setting.seen("/hook").await;
    assert_eq!(body(&seen[0])["type"], "webhook.test");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_paged_by_key_and_made_once_more() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.*"]).await;
    let place = format!("{SUBSCRIPTIONS}/{}", id(&made));
    setting.answers("/hook", ok()).await;
    let connection = setting.connect("u-1").await;
    for tag in ["a", "b", "c", "d"] {
        setting.change(&connection, tag).await;
    }
    assert_eq!(setting.deliver().await, (5, 0));
    let mut listed = Vec::new();
    let mut next = String::new();
    loop {
        let page = setting.get(&format!("{place}/deliveries?limit=2{next}")).await;
        listed.extend(page["rows"].as_array().unwrap().iter().map(|row| id(row).to_owned()));
        match page["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => break,
        }
    }
    let all = setting.get(&format!("{place}/deliveries")).await;
    let whole: Vec<&str> = all["rows"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(listed, whole);
    assert_eq!(all["rows"][4]["eventType"], "connection.created");
    assert_eq!(
        setting.get(&format!("{place}/deliveries?status=failed")).await["rows"],
        json!([])
    );
    setting
        .call("GET", &format!("{place}/deliveries?status=lost"), &json!({}))
        .await
        .problem(400);

    // One.
    let again = format!("/v1/webhooks/deliveries/{}/redeliver", whole[4]);
    let on_its_way = setting.call("POST", &again, &json!({})).await.expect(200).json();
    assert_eq!(on_its_way["status"], "pending");
    assert_eq!(setting.deliver().await, (1, 0));
    let seen = setting.seen("/hook").await;
    assert_eq!(seen.len(), 6);
    assert_eq!(
        super::header(&seen[5], "webhook-id"),
        super::header(&seen[0], "webhook-id")
    );
    let log = setting.get(&format!("/v1/webhooks/deliveries/{}", whole[4])).await;
    assert_eq!(log["log"].as_array().unwrap().len(), 2, "{log}");
    assert_eq!(log["payload"]["id"], connection.as_str());

    // A range: everything, in the order of the connection.
    let now = setting.server.store.now().await.unwrap();
    let before = |hours: i64| (now - chrono::TimeDelta::hours(hours)).to_rfc3339();
    let range = json!({ "from": before(2), "status": "all" });
    let answer = setting
        .call("POST", &format!("{place}/redeliver"), &range)
        .await
        .expect(200)
        .json();
    assert_eq!(answer, json!({ "redelivered": 5, "next": null }));
    assert_eq!(setting.deliver().await, (5, 0));
    let seen = setting.seen("/hook").await;
    let order = |requests: &[wiremock::Request]| -> Vec<String> {
        requests
            .iter()
            .map(|request| super::header(request, "webhook-id").to_owned())
            .collect()
    };
    assert_eq!(order(&seen[6..]), order(&seen[..5]));
    // Nothing failed, so nothing of it is made again without `status`; and a range has an end.
    for range in [
        json!({ "from": before(2) }),
        json!({ "from": before(2), "to": before(1), "status": "all" }),
    ] {
        let answer = setting
            .call("POST", &format!("{place}/redeliver"), &range)
            .await
            .expect(200)
            .json();
        assert_eq!(answer["redelivered"], 0);
    }
    let reversed = json!({ "from": before(1), "to": before(2) });
    let refused = setting.call("POST", &format!("{place}/redeliver"), &reversed).await;
    assert_eq!(refused.problem(400), "range_reversed");
    assert!(refused.text.contains("`to` is before `from`"), "{}", refused.text);
    setting
        .call("PATCH", &place, &json!({ "active": false }))
        .await
        .expect(200);
    assert_eq!(
        setting.call("POST", &again, &json!({})).await.problem(409),
        "webhook_off"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_older_than_what_is_kept_is_refused_with_the_limit() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.*"]).await;
    let again = format!("{SUBSCRIPTIONS}/{}/redeliver", id(&made));
    let now = setting.server.store.now().await.unwrap();
    let days = |days: i64| (now - chrono::TimeDelta::days(days)).to_rfc3339();
    for from in ["2020-01-01T00:00:00Z".to_owned(), days(31)] {
        let refused = setting.call("POST", &again, &json!({ "from": from })).await;
        assert_eq!(refused.problem(400), "range_not_kept");
        assert!(
            refused.text.contains("Deliveries are kept for 30 days") && refused.text.contains("Send a `from` of"),
            "{}",
            refused.text
        );
        // What it proposes is taken.
        let next = refused.json()["meta"]["from"].clone();
        setting.call("POST", &again, &json!({ "from": next })).await.expect(200);
    }
    setting
        .call("POST", &again, &json!({ "from": days(29) }))
        .await
        .expect(200);
    // A page whose last row is not there would look like the end.
    let unknown = json!({ "from": days(1), "after": uuid::Uuid::now_v7() });
    let refused = setting.call("POST", &again, &unknown).await;
    assert_eq!(refused.problem(400), "after_unknown");
    assert!(refused.text.contains("`next` of the call before"), "{}", refused.text);
    // A project of few days keeps no deliveries for longer.
    setting
        .server
        .database
        .execute("update projects set event_days = 5")
        .await;
    let refused = setting.call("POST", &again, &json!({ "from": days(6) })).await;
    assert_eq!(
        (refused.problem(400), &refused.json()["meta"]["keptDays"]),
        ("range_not_kept".into(), &json!(5))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_makes_one_subscription() {
    let setting = Setting::start().await;
    let call = |name: &str, body: &Value| {
        let call = setting.server.api("POST", SUBSCRIPTIONS).key(&setting.key).json(body);
        call.header("idempotency-key", name).send()
    };
    let wanted = json!({ "url": format!("{}/hook", setting.receiver.uri()), "key": "orders" });
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..5 {
        calls.spawn(call("k-1", &wanted));
    }
    let answers = calls.join_all().await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(
        (created, setting.get(SUBSCRIPTIONS).await["total"].clone()),
        (1, json!(1))
    );
    let first = answers[0].json();
    for answer in &answers {
        // Whoever lost the answer needs the secret as well.
        let answer = answer.json();
        assert_eq!((&answer["id"], &answer["secret"]), (&first["id"], &first["secret"]));
        assert!(answer["secret"].as_str().unwrap().starts_with("whsec_"));
    }
    let created = "select count(*) from audit_log where action = 'webhook.created'";
    assert_eq!(setting.server.database.number(created).await, 1);
    let other = json!({ "url": format!("{}/other", setting.receiver.uri()) });
    let refused = call("k-1", &other).await;
    assert_eq!(refused.problem(422), "idempotency_key_reused");
    assert!(refused.text.contains("Send a new key"), "{}", refused.text);
    call(&"k".repeat(300), &other).await.problem(400);
    call("k-2", &other).await.expect(201);
    // A secret that was replaced is not told again.
    let rotate = format!("{SUBSCRIPTIONS}/{}/rotate-secret", id(&first));
    setting.call("POST", &rotate, &json!({})).await.expect(200);
    let late = call("k-1", &wanted).await.expect(200).json();
    assert_eq!((&late["id"], late.get("secret")), (&first["id"], None));
    // After a day the key is forgotten.
    setting.server.advance(86_401).await;
    call("k-1", &json!({ "url": format!("{}/third", setting.receiver.uri()) }))
        .await
        .expect(201);
    assert_eq!(setting.get(SUBSCRIPTIONS).await["total"], 3);
}
