//! Keys that are typed in and reach several.

use serde_json::{Value, json};
use testkit::{Answer, OddProvider, Reply, SHOP, TestServer};

use super::{owned, revocations, site};

async fn submit(server: &TestServer, session: &str, key: &str) -> Answer {
    let body = json!({
        "integration": "sandbox-sites", "auth": "api_key", "values": { "api_key": key }, "name": "Mine", "embedder": SHOP,
    });
    server.browser().post("/connect/api/submit", Some(session), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_in_key_that_reaches_several_is_asked_too() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let none = submit(&server, &session, "sandbox_key_sites_0").await;
    assert_eq!(none.problem(424), "nothing_to_choose");
    let refused = submit(&server, &session, "sandbox_key_revoked").await;
    assert_eq!(refused.problem(422), "credential_refused");
    let asked = submit(&server, &session, "sandbox_key_sites_300")
        .await
        .expect(200)
        .json();
    assert_eq!(asked["status"], "choosing", "{asked}");
    let path = |what: &str| format!("/connect/api/flows/{}/{what}", asked["flow"].as_str().unwrap());
    let modal = server.browser();
    let list = modal
        .post(&path("choices"), Some(&session), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (list["choices"].as_array().map(Vec::len), &list["here"]),
        (Some(300), &json!(true))
    );
    let rows = server
        .database
        .text("select string_agg(f::text, ' ') from flows f")
        .await;
    assert!(!rows.contains("sandbox_key") && !rows.contains("Site 12"), "{rows}");
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
    let pick = json!({ "pick": 299 });
    modal.post(&path("choose"), Some(&session), &pick).await.expect(200);
    let end = modal.check(asked["result"].as_str().unwrap()).await;
    assert_eq!(end["status"], "success", "{end}");
    assert_eq!(site(&server, &end["connection"]).await, "site-300");

    let session = owned(&server).await;
    let one = submit(&server, &session, "sandbox_key_sites_1")
        .await
        .expect(200)
        .json();
    assert_eq!(one["status"], "success", "{one}");
    assert_eq!(site(&server, &one["connection"]).await, "site-1");

    // Nobody chooses: there is nothing to take back, and nothing stays.
    let session = owned(&server).await;
    submit(&server, &session, "sandbox_key_sites_2").await.expect(200);
    server.advance(601).await;
    assert_eq!(server.store.sweep_flows().await.unwrap().unchosen, 1);
    let held = "select count(*) from flows where quarantined is not null or sealed is not null";
    assert_eq!((server.database.number(held).await, revocations(&server).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_in_key_is_proved_at_the_site_that_was_chosen() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .with_odd_provider(&provider)
        .with_sites()
        .start()
        .await;
    let sites = json!([{ "id": "a", "name": "A" }, { "id": "b", "name": "B" }]);
    let asked = async |session: &str| {
        provider.reply_at("/api/sites", Reply::json(200, &sites));
        let body =
            json!({ "integration": "odd-sites", "auth": "api_key", "values": { "api_key": "k" }, "embedder": SHOP });
        let answer = server.browser().post("/connect/api/submit", Some(session), &body).await;
        answer.expect(200).json()
    };
    let pick = async |session: &str, flow: &Value| {
        let path = format!("/connect/api/flows/{}/choose", flow["flow"].as_str().unwrap());
        server.browser().post(&path, Some(session), &json!({ "pick": 1 })).await
    };
    let result = async |flow: &Value| server.browser().check(flow["result"].as_str().unwrap()).await;

    // The service is away: the choice stays, and is made again.
    let session = owned(&server).await;
    let flow = asked(&session).await;
    provider.reply_at("/api/me", Reply::json(500, &json!({})));
    assert_eq!(pick(&session, &flow).await.problem(503), "provider_unavailable");
    assert_eq!(result(&flow).await["stage"], "choosing");
    provider.reply_at("/api/me", Reply::json(200, &json!({ "id": "7", "name": "Ann" })));
    pick(&session, &flow).await.expect(200);
    assert_eq!(result(&flow).await["account"], "B · Ann");
    assert_eq!(server.database.number("select count(*) from connections").await, 1);

    // The service refuses the key there: nothing is saved.
    let session = owned(&server).await;
    let flow = asked(&session).await;
    provider.reply_at("/api/me", Reply::json(401, &json!({ "message": "not at this site" })));
    pick(&session, &flow).await.expect(200);
    let end = result(&flow).await;
    assert_eq!(end["code"], "credential_refused", "{end}");
    assert!(end["message"].as_str().unwrap().contains("“not at this site”"), "{end}");
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
}
