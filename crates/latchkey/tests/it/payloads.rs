//! What every event about a connection says.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::{Account, Consent, OddProvider, Reply, TestServer};

use crate::credential::of;

const ANN: Consent = Consent::Allow(Account::Ann);

#[tokio::test(flavor = "multi_thread")]
async fn every_event_about_a_connection_says_which_and_whose() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    let place = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    let refused = || Reply::json(400, &json!({ "error": "invalid_grant" }));
    let tick = async |seconds: i64| {
        server.advance(seconds).await;
        server.broker.refresh_tick().await.unwrap();
    };
    tick(3301).await;
    provider.reply(refused());
    tick(3301).await;
    tick(61).await;
    server
        .api("PATCH", &place)
        .json(&json!({ "tags": ["a"] }))
        .send()
        .await
        .expect(200);
    for _ in 0..2 {
        provider.reply(refused());
        tick(3301).await;
    }
    server.api("DELETE", &place).send().await.expect(200);

    // A key of its own: checked when idle, tested, healed.
    let session = server.session(&json!({ "identity": "u-9" })).await;
    let body = json!({
        "integration": "odd-key", "auth": "api_key", "values": { "api_key": "a-typed-in-key" }, "embedder": testkit::SHOP,
    });
    let typed = server
        .browser()
        .post("/connect/api/submit", Some(&session), &body)
        .await;
    let typed = typed.expect(200).json()["connection"].clone();
    server.api("POST", &of(&typed, "test")).send().await.expect(200);
    server.advance(8 * 86_400).await;
    provider.reply_at("/api/me", Reply::json(401, &json!({ "error": "no" })));
    server.broker.check_idle_tick().await.unwrap();
    // One that ends and cannot be refreshed.
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "only", "token_type": "Bearer", "expires_in": 20 * 86_400 }),
    ));
    server.connect_odd().await;
    server.advance(14 * 86_400).await;
    server.broker.forecast_tick().await.unwrap();
    let again = server.connect("u-1", ANN).await;
    let session = server.session(&json!({ "connection": again["id"] })).await;
    server.connect_in(&session, ANN).await;

    let kinds = "select string_agg(distinct type, ' ') from events where connection_id is not null";
    let kinds = server.database.text(kinds).await;
    let seen: BTreeSet<&str> = kinds.split(' ').collect();
    for kind in [
        "connection.created",
        "connection.updated",
        "connection.deleted",
        "connection.reconnected",
        "connection.degraded",
        "connection.recovered",
        "connection.failed",
        "connection.expiring",
        "connection.tested",
        "oauth.refreshed",
    ] {
        assert!(seen.contains(kind), "{kind} did not happen: {kinds}");
    }
    let poor = "select coalesce(string_agg(e.type || ' ' || e.payload, ' '), '')
                from events e join connections c on c.id = e.connection_id
                where e.payload->>'id' <> c.id::text or e.payload->>'key' <> c.key
                   or e.payload->>'platform' <> c.integration or e.payload->>'environment' <> c.environment
                   or e.payload->>'identity' is distinct from c.identity
                   or not e.payload ?& array['id', 'key', 'platform', 'environment', 'identity', 'identityType', 'state']";
    assert_eq!(server.database.text(poor).await, "");
    let states = "select string_agg(distinct type || ' ' || (payload->>'state'), ',') from events
                  where type in ('connection.failed', 'connection.recovered')";
    assert_eq!(
        server.database.text(states).await,
        "connection.failed failed,connection.recovered operational",
        "the state is the one after the change"
    );
}
