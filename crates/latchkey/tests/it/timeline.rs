//! What happened to a connection, newest first, also after it was deleted.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Consent, TestServer};

use crate::credential::of;

const ANN: Consent = Consent::Allow(Account::Ann);

async fn page(server: &TestServer, connection: &Value, query: &str) -> Value {
    let path = format!("{}{query}", of(connection, "events"));
    server.api("GET", &path).send().await.expect(200).json()
}

fn kinds(page: &Value) -> Vec<&str> {
    page["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_is_told_newest_first() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let begun = page(&server, &connection, "").await;
    assert_eq!(
        (kinds(&begun), &begun["lastUsedAt"]),
        (vec!["connection.created"], &Value::Null)
    );
    let key = connection["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200);
    server.advance(3301).await;
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    server.api("POST", &of(&connection, "test")).send().await.expect(200);
    let session = server.session(&json!({ "connection": connection["id"] })).await;
    server.connect_in(&session, ANN).await;
    server
        .database
        .execute("update sandbox_grants set revoked_at = latchkey_now()")
        .await;
    server.advance(3301).await;
    assert_eq!(server.broker.refresh_tick().await.unwrap().failed, 1);
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    server.api("DELETE", &path).send().await.expect(200);

    let told = page(&server, &connection, "").await;
    assert_eq!(
        kinds(&told),
        [
            "connection.deleted",
            "connection.degraded",
            "connection.reconnected",
            "connection.tested",
            "oauth.refreshed",
            "connection.created"
        ]
    );
    assert!(
        told["lastUsedAt"].is_string() && told["deletedAt"].is_string(),
        "{told}"
    );
    assert_eq!(told["nextCursor"], Value::Null);
    for row in told["rows"].as_array().unwrap() {
        assert!(
            !row["message"].as_str().unwrap().is_empty() && row["createdAt"].is_string(),
            "{row}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_without_gap_or_repetition() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    for number in 0..6 {
        let change = json!({ "name": format!("n-{number}") });
        server.api("PATCH", &path).json(&change).send().await.expect(200);
    }
    let all = page(&server, &connection, "?limit=1000").await;
    let ids = |page: &Value| -> Vec<String> {
        page["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&all).len(), 7);
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = page(&server, &connection, &query).await;
        seen.extend(ids(&page));
        // What happens meanwhile does not shift the pages.
        server
            .api("PATCH", &path)
            .json(&json!({ "name": "later" }))
            .send()
            .await
            .expect(200);
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        query = format!("?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, ids(&all));
    let wrong = server
        .api("GET", &format!("{}?cursor=x", of(&connection, "events")))
        .send()
        .await;
    wrong.problem(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_projects_own() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let (_, other) = server.another_project().await;
    let path = of(&connection, "events");
    for key in [&other, &server.live_key] {
        server.api("GET", &path).key(key).send().await.problem(404);
    }
    let narrow = server.key_with(&[Scope::CredentialsRead]).await;
    assert_eq!(
        server.api("GET", &path).key(&narrow).send().await.problem(403),
        "missing_scope"
    );
    let named = connection["key"].as_str().unwrap().replace('|', "%7C");
    server
        .api("GET", &format!("/v1/vault/connections/{named}/events"))
        .send()
        .await
        .expect(200);
}
