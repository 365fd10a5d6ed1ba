//! A connection that had a choice before.

use serde_json::{Value, json};
use testkit::{Account, TestServer};

use super::{Waiting, owned, revocations, site};

/// A session to connect this one again.
async fn again(server: &TestServer, connection: &Value) -> String {
    server.session(&json!({ "connection": connection["id"] })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_takes_the_earlier_choice_or_asks_with_a_warning() {
    let waiting = Waiting::new().await;
    waiting.pick(1).await.expect(200);
    let connection = waiting.outcome().await["connection"].clone();
    let server = waiting.server;
    let session = again(&server, &connection).await;
    let (flow, browser, next) = server.at_sites(&session, Account::Ann).await;
    assert!(next.contains("/connect/done"), "taken silently: {next}");
    let same = browser.check(&flow.result).await["connection"].clone();
    assert_eq!((&same["id"], &same["key"]), (&connection["id"], &connection["key"]));
    assert_eq!(site(&server, &same).await, "acme-labs");

    // The site is gone at the service.
    let gone = r#"update connections set variables = '{"site": "gone"}'"#;
    assert_eq!(server.database.execute(gone).await, 1);
    let session = again(&server, &connection).await;
    let (flow, browser, next) = server.at_sites(&session, Account::Ann).await;
    assert!(next.contains("/connect/choose"), "{next}");
    let path = |what: &str| format!("/connect/api/flows/{}/{what}", flow.flow);
    let list = browser
        .post(&path("choices"), Some(&session), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(list["changed"], true);
    let pick = json!({ "pick": 0 });
    browser.post(&path("choose"), Some(&session), &pick).await.expect(200);
    let moved = browser.check(&flow.result).await["connection"].clone();
    assert_eq!((&moved["id"], &moved["key"]), (&connection["id"], &connection["key"]));
    assert_eq!(site(&server, &moved).await, "acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_does_not_move_to_the_only_other_one_unasked() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let (flow, browser, _) = server.at_sites(&session, Account::Ben).await;
    let connection = browser.check(&flow.result).await["connection"].clone();
    let gone = r#"update connections set variables = '{"site": "gone"}'"#;
    server.database.execute(gone).await;
    let session = again(&server, &connection).await;
    let (_, _, next) = server.at_sites(&session, Account::Ben).await;
    assert!(next.contains("/connect/choose"), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_refused_after_the_choice() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let (flow, browser, _) = server.at_sites(&session, Account::Ben).await;
    let connection = browser.check(&flow.result).await["connection"].clone();
    let gone = r#"update connections set variables = '{"site": "gone"}'"#;
    server.database.execute(gone).await;
    let session = again(&server, &connection).await;
    let (flow, browser, _) = server.at_sites(&session, Account::Ann).await;
    let path = format!("/connect/api/flows/{}/choose", flow.flow);
    browser
        .post(&path, Some(&session), &json!({ "pick": 0 }))
        .await
        .expect(200);
    assert_eq!(browser.check(&flow.result).await["code"], "account_changed");
    assert_eq!(revocations(&server).await, 1);
}
