//! A refresh, a test and a reconnect when somebody asks for them.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Consent, OddProvider, Reply, TestServer};

use crate::credential::of;

const ANN: Consent = Consent::Allow(Account::Ann);

async fn odd() -> (OddProvider, TestServer, Value) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    (provider, server, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_forced_refreshes_are_one() {
    let (provider, server, connection) = odd().await;
    let path = of(&connection, "refresh");
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        calls.spawn(server.api("POST", &path).send());
    }
    held.arrived().await;
    held.release();
    let mut own = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap().expect(200).json();
        own += i64::from(answer["refreshed"] == true);
        assert!(
            answer["refreshedAt"].is_string() && answer["state"] == "operational",
            "{answer}"
        );
    }
    assert_eq!((own, provider.seen("/token").len()), (1, 2));
    let again = server.api("POST", &path).send().await.expect(200).json();
    assert_eq!(again["refreshed"], false);
    server.advance(31).await;
    let later = server.api("POST", &path).send().await.expect(200).json();
    assert_eq!((&later["refreshed"], provider.seen("/token").len()), (&json!(true), 3));
    assert_ne!(later["refreshedAt"], again["refreshedAt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_is_told_to_all_and_not_repeated() {
    let (provider, server, connection) = odd().await;
    let path = of(&connection, "refresh");
    let (held, reply) = Reply::With(500, "text/html", "<h1>Oops</h1>".to_owned()).held();
    provider.reply(reply);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        calls.spawn(server.api("POST", &path).send());
    }
    held.arrived().await;
    held.release();
    let meta = json!({ "reason": "refresh_failing", "asked": true });
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.problem(424), "refresh_failed");
        assert_eq!(
            answer.json()["meta"],
            meta,
            "the same for the first and for those who joined"
        );
    }
    let again = server.api("POST", &path).send().await;
    assert_eq!(again.problem(424), "refresh_failed");
    assert_eq!(again.json()["meta"], meta);
    let said = again.json()["message"].as_str().unwrap().to_owned();
    assert!(
        said.contains("did not go through, and the present access token is good until 20") && !said.contains("ended"),
        "{said}"
    );
    // Of a token that has ended, nothing else is said.
    server.advance(3601).await;
    provider.reply(Reply::With(500, "text/html", String::new()));
    let ended = server.api("POST", &path).send().await;
    assert_eq!(ended.problem(424), "refresh_failed");
    assert!(
        ended.text.contains("The access token of this connection has ended."),
        "{}",
        ended.text
    );
    assert!(again.header("retry-after").parse::<u64>().unwrap() <= 30);
    assert_eq!(provider.seen("/token").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_the_app_is_no_fault_of_the_connection() {
    let (provider, server, connection) = odd().await;
    let hold = "insert into refresh_circuits (app_id, not_before, updated_at)
                select app_id, latchkey_now() + interval '90 seconds', latchkey_now() from connections";
    server.database.execute(hold).await;
    let paused = server.api("POST", &of(&connection, "refresh")).send().await;
    assert_eq!(paused.problem(424), "refresh_failed");
    let body = paused.json();
    assert_eq!(body["meta"], json!({ "reason": "too_many_requests", "asked": false }));
    let said = body["message"].as_str().unwrap();
    assert!(
        said.contains("wants to be left alone by this app, until 20") && !said.contains("connection's state"),
        "{said}"
    );
    assert!((85..=90).contains(&paused.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(provider.seen("/token").len(), 1, "only the sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_nothing_to_refresh() {
    let server = TestServer::start().await;
    let body = json!({ "platform": "sandbox", "auth": "api_key", "fields": { "api_key": "sandbox_key_ok" } });
    let importer = server.key_with(&[Scope::ConnectionsImport]).await;
    let call = server.api("POST", "/v1/vault/connections").key(&importer);
    let connection = call.json(&body).send().await.expect(201).json();
    let answer = server.api("POST", &of(&connection, "refresh")).send().await;
    assert_eq!(answer.problem(409), "nothing_to_refresh");
    assert!(answer.text.contains("there is nothing to refresh"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_before_the_service_was_asked_takes_no_turn() {
    let (provider, server, connection) = odd().await;
    let path = of(&connection, "refresh");
    let open = "insert into refresh_circuits (app_id, state, reason, message, opened_at, not_before)
                select app_id, 'open', 'app_broken', 'The client is refused.', latchkey_now(),
                       latchkey_now() + interval '20 seconds' from connections";
    server.database.execute(open).await;
    let refused = server.api("POST", &path).send().await;
    assert_eq!(refused.problem(424), "refresh_failed");
    assert_eq!(
        refused.json()["meta"],
        json!({ "reason": "app_broken", "asked": false })
    );
    assert!(refused.text.contains("The client is refused."), "{}", refused.text);
    assert_eq!(provider.seen("/token").len(), 1, "only the sign-in");
    // The half minute is of calls to the service: as soon as the circuit is closed, the next caller asks.
    server.database.execute("delete from refresh_circuits").await;
    let now = server.api("POST", &path).send().await.expect(200).json();
    assert_eq!((&now["refreshed"], provider.seen("/token").len()), (&json!(true), 2));
}

/// Begins a turn that somebody else has, lets a call join it, and ends it with this outcome.
async fn joined(server: &TestServer, connection: &Value, outcome: &Value) -> testkit::Answer {
    let id = connection["id"].as_str().unwrap();
    let begin = format!(
        "insert into on_demand_calls (connection_id, call, started_at) values ('{id}', 'refresh', latchkey_now())
         on conflict (connection_id, call) do update set started_at = latchkey_now(), ended_at = null, outcome = null"
    );
    server.database.execute(&begin).await;
    let call = tokio::spawn(server.api("POST", &of(connection, "refresh")).send());
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(!call.is_finished(), "it waits for the other's end");
    let end = format!(
        "update on_demand_calls set ended_at = latchkey_now(), outcome = '{outcome}' where connection_id = '{id}'"
    );
    server.database.execute(&end).await;
    call.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joined_gets_what_holds_for_all_and_tries_alone_otherwise() {
    let (provider, server, connection) = odd().await;
    let held = json!({ "message": "The service asked for a pause.", "reason": "too_many_requests", "asked": false, "retryIn": 7 });
    let told = joined(&server, &connection, &held).await;
    assert_eq!(told.problem(424), "refresh_failed");
    assert_eq!(told.header("retry-after"), "7");
    assert_eq!(
        told.json()["meta"],
        json!({ "reason": "too_many_requests", "asked": false })
    );
    assert_eq!(provider.seen("/token").len(), 1, "a pause holds for all replicas");
    // The other's replica had no journal or no database: that says nothing about this one.
    let theirs = json!({ "message": "Not there.", "asked": false });
    let own = joined(&server, &connection, &theirs).await.expect(200).json();
    assert_eq!((&own["refreshed"], provider.seen("/token").len()), (&json!(true), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_refreshed_says_so() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "only", "token_type": "Bearer", "expires_in": 3600 }),
    ));
    let connection = server.connect_odd().await;
    let path = of(&connection, "refresh");
    assert_eq!(server.api("POST", &path).send().await.problem(409), "not_refreshable");
    server
        .database
        .execute("update connections set state = 'failed', state_message = 'It ended. Connect again.'")
        .await;
    let failed = server.api("POST", &path).send().await;
    assert_eq!(failed.problem(424), "connection_failed");
    assert!(failed.text.contains("It ended."));
    let narrow = server.key_with(&[Scope::ConnectionsRead]).await;
    for what in ["refresh", "test", "reconnect"] {
        let call = server.api("POST", &of(&connection, what)).key(&narrow);
        assert_eq!(call.send().await.problem(403), "missing_scope", "{what}");
        let nowhere = json!({ "id": uuid::Uuid::now_v7() });
        server.api("POST", &of(&nowhere, what)).send().await.problem(404);
        let wrong = server.api("GET", &of(&connection, what)).send().await;
        wrong.problem(405);
        assert_eq!(wrong.header("allow"), "POST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_test_makes_nothing_worse() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let test = || server.api("POST", &of(&connection, "test")).send();
    let good = test().await.expect(200).json();
    assert_eq!(
        (&good["ok"], &good["tested"], &good["state"], &good["reason"]),
        (&json!(true), &json!(true), &json!("operational"), &Value::Null)
    );
    server
        .database
        .execute("update sandbox_grants set revoked_at = latchkey_now()")
        .await;
    let same = test().await.expect(200).json();
    assert_eq!(
        (&same["ok"], &same["tested"]),
        (&json!(true), &json!(false)),
        "once in half a minute"
    );
    assert_eq!(same["testedAt"], good["testedAt"]);
    server.advance(31).await;
    let bad = test().await.expect(200).json();
    assert_eq!(
        (&bad["ok"], &bad["reason"], &bad["state"]),
        (&json!(false), &json!("credential_refused"), &json!("operational"))
    );
    assert!(bad["message"].as_str().unwrap().contains("Sandbox"), "{bad}");
    let tested = "select count(*) from events where type = 'connection.tested'";
    assert_eq!(server.database.number(tested).await, 2);
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where state = 'operational'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_test_proves_what_was_never_proved() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    for (before, after) in [("unknown", "operational"), ("degraded", "degraded")] {
        server.advance(31).await;
        server
            .database
            .execute(&format!("update connections set state = '{before}', account_id = null"))
            .await;
        let answer = server
            .api("POST", &of(&connection, "test"))
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&answer["ok"], &answer["state"]),
            (&json!(true), &json!(after)),
            "{before}"
        );
        assert_eq!(server.database.text("select account_id from connections").await, "ann");
    }
    server.advance(31).await;
    server
        .database
        .execute("update connections set account_id = 'ben'")
        .await;
    let answer = server
        .api("POST", &of(&connection, "test"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&answer["ok"], &answer["reason"]),
        (&json!(false), &json!("account_changed"))
    );
    assert_eq!(server.database.text("select account_id from connections").await, "ben");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_check_there_is_no_test() {
    let (_provider, server, connection) = odd().await;
    assert_eq!(
        server.api("POST", &of(&connection, "test")).send().await.problem(422),
        "no_check"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_session_brings_the_same_connection_back() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let state = "update connections set state = 'failed', state_reason = 'grant_gone', state_message = 'Gone.'";
    server.database.execute(state).await;
    let answer = server
        .api("POST", &of(&connection, "reconnect"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&answer["reason"], &answer["message"]),
        (&json!("grant_gone"), &json!("Gone."))
    );
    assert_eq!(answer["connection"]["id"], connection["id"]);
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1);
    let again = server.connect_in(answer["requestId"].as_str().unwrap(), ANN).await;
    assert_eq!(
        (&again["key"], &again["state"]),
        (&connection["key"], &json!("operational"))
    );
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
}
