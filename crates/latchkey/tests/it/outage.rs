//! The database goes away: in a call, in the middle of one, and before the start.

use serde_json::json;
use testkit::{Account, Browser, Consent, Database, OddProvider, Reply, StartedFlow, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_the_database_is_told_to_come_back() {
    let server = TestServer::builder().behind_link().start().await;
    let connection = server.connect("u-42", ANN).await;
    let key = connection["key"].as_str().unwrap();
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    let sessions = "select count(*) from connect_sessions";
    let before = server.database.number(sessions).await;
    server.database.link().cut();
    let calls = [
        server.api("POST", "/v1/authkit/token").json(&json!({})),
        server.api("GET", "/v1/vault/connections"),
        server.api("PATCH", &path).json(&json!({ "name": "New" })),
        server.api("DELETE", &path),
        server.api("GET", "/v1/passthrough/me").connection(key),
    ];
    for call in calls {
        let answer = call.send().await;
        assert_eq!(answer.problem(503), "database_unavailable");
        assert!(
            answer
                .header("retry-after")
                .parse::<u64>()
                .is_ok_and(|seconds| (1..=60).contains(&seconds))
        );
    }
    assert_eq!(server.api("GET", "/healthz").no_key().send().await.status, 200);
    let ready = server.api("GET", "/readyz").no_key().send().await.expect(503).json();
    assert_eq!(ready["ready"], false);

    server.database.link().mend().await;
    assert_eq!(server.database.number(sessions).await, before);
    server.api("GET", "/readyz").no_key().send().await.expect(200);
    let same = server.api("GET", &path).send().await.expect(200).json();
    assert_eq!((&same["name"], &same["active"]), (&json!(null), &json!(true)));
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_without_the_database_waits_and_then_works() {
    let server = TestServer::builder().behind_link().start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    server.database.link().cut();
    for _ in 0..2 {
        let page = browser.get(&callback).await;
        assert_eq!((page.status, page.header("retry-after")), (503, "3"), "{}", page.text);
        assert!(page.header("content-type").starts_with("text/html"));
    }
    let stage = format!("select status from flows where id = '{}'", flow.flow);
    assert_eq!(server.database.text(&stage).await, "away");
    server.database.link().mend().await;
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    assert_eq!(
        server
            .database
            .number("select count(*) from sandbox_codes where used_at is not null")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_without_the_database_wait_and_then_work() {
    let server = TestServer::builder().behind_link().start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    browser.get(&callback).await.expect(303);
    let done = format!("/connect/done?f={}", flow.flow);
    let embed = format!("/embed/{}", server.project.publishable_id);
    let opened = || browser.get(&embed);
    let modal = || {
        let call = server.api("GET", &embed).no_key();
        call.header("sec-fetch-dest", "iframe").send()
    };
    server.database.link().cut();
    for page in [browser.get(&done).await, opened().await, modal().await] {
        assert_eq!((page.status, page.header("retry-after")), (503, "3"), "{}", page.text);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.text.contains("One moment"), "{}", page.text);
    }
    server.database.link().mend().await;
    let page = browser.get(&done).await.expect(200);
    assert!(page.text.contains("data-outcome=\"success\""), "{}", page.text);
    let page = modal().await.expect(200);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(&format!("frame-ancestors {}", testkit::SHOP)),
        "{policy}"
    );
}

async fn odd_callback(server: &TestServer) -> (StartedFlow, Browser, String) {
    let session = server.session(&json!({ "identity": "u-42" })).await;
    server.at_odd_callback(&session, "code").await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_arrived_survive_a_database_that_is_away_for_a_moment() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .behind_link()
        .with_odd_provider(&provider)
        .start()
        .await;
    let (flow, browser, callback) = odd_callback(&server).await;
    let (held, reply) = Reply::tokens("access-1", "refresh-1", 3600).held();
    provider.reply(reply);
    let call = tokio::spawn({
        let (browser, callback) = (browser.clone(), callback.clone());
        async move { browser.get(&callback).await }
    });
    held.arrived().await;
    server.database.link().cut();
    held.release();
    // The broker tries for some seconds; the mending comes at some point of that.
    let mending = async {
        while provider.seen("/token").is_empty() {
            tokio::task::yield_now().await;
        }
        server.database.link().mend().await;
    };
    let (answer, ()) = tokio::join!(call, mending);
    answer.unwrap().expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    assert_eq!(provider.seen("/token").len(), 1);
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_token_survives_it_too() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .behind_link()
        .with_odd_provider(&provider)
        .start()
        .await;
    let (flow, browser, callback) = odd_callback(&server).await;
    provider.reply(Reply::tokens("access-1", "refresh-1", 3600));
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    server.advance(3301).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let tick = tokio::spawn(async move { broker.refresh_tick().await });
    held.arrived().await;
    server.database.link().cut();
    held.release();
    server.api("GET", "/v1/users/flags").send().await.problem(503);
    server.database.link().mend().await;
    assert_eq!(tick.await.unwrap().unwrap().refreshed, 1);
    assert_eq!(server.database.number("select generation from credentials").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_its_database() {
    let database = Database::behind_link().await;
    database.link().cut();
    let master = vault::MasterKey::generate();
    let (url, broker) = TestServer::start_without_database(&database, &master);
    let store = broker.store();
    let client = testkit::client();
    let get = async |path: &str| client.get(format!("{url}{path}")).send().await.unwrap();
    assert_eq!(get("/healthz").await.status(), 200);
    assert_eq!(get("/readyz").await.status(), 503);
    assert_eq!(
        get("/v1/vault/connections").await.status(),
        401,
        "without a key nothing is asked"
    );
    assert!(
        store
            .adopt_instance(Some(store::InstanceMode::Production), &master)
            .await
            .is_err()
    );
    database.link().mend().await;
    store
        .adopt_instance(Some(store::InstanceMode::Production), &master)
        .await
        .unwrap();
    let ready: serde_json::Value = get("/readyz").await.json().await.unwrap();
    assert_eq!(
        (&ready["ready"], &ready["refresh"]),
        (&json!(false), &json!("the journal of this replica is not replayed yet"))
    );
    broker.start_replica().await.unwrap();
    assert_eq!(get("/readyz").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_after_the_claim_loses_no_flow() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let (flow, browser, callback) = odd_callback(&server).await;
    // The flow can be claimed, but what is sealed in it cannot be opened: a replica that never saw this data key asks
    // for it, and gets no answer in time.
    let key: uuid::Uuid = sqlx::query_scalar("select id from data_keys where project_id = $1")
        .bind(server.project.id.0)
        .fetch_one(server.database.pool())
        .await
        .unwrap();
    server.ring.forget(vault::DataKeyId(key));
    let mut locked = server.database.pool().begin().await.unwrap();
    sqlx::query("lock table data_keys in access exclusive mode")
        .execute(&mut *locked)
        .await
        .unwrap();
    let page = browser.get(&callback).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "3"), "{}", page.text);
    locked.rollback().await.unwrap();
    // The page tries again by itself.
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    assert_eq!(provider.seen("/token").len(), 1);
}
