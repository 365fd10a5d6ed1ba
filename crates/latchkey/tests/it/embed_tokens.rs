//! The calls of `@picahq/authkit-node` 1.x, under both of its addresses.

use serde_json::{Value, json};
use testkit::{Answer, TestServer};

async fn post(server: &TestServer, path: &str, body: &Value) -> Answer {
    server.api("POST", path).json(body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embed_token_carries_a_session() {
    let server = TestServer::start().await;
    for base in ["", "/internal"] {
        let settings = server
            .api("POST", &format!("{base}/v1/settings/get"))
            .send()
            .await
            .expect(200)
            .json();
        let platforms = &settings["connectedPlatforms"];
        assert_eq!(
            (&platforms[0]["type"], &platforms[0]["active"]),
            (&json!("sandbox"), &json!(true))
        );
        assert!(platforms[0]["activatedAt"].is_i64() && platforms[0]["environment"] == "test");

        let body = json!({ "identity": "u-42", "identityType": "team", "ttl": 1000, "environment": "live", "usageSource": "sdk" });
        let link = post(&server, &format!("{base}/v1/event-links/create"), &body)
            .await
            .expect(200)
            .json();
        let token = link["token"].as_str().unwrap().to_owned();
        assert_eq!(
            (token.len(), &link["environment"]),
            (43, &json!("test")),
            "the key decides"
        );
        for (field, value) in [
            ("identity", "u-42"),
            ("identityType", "team"),
            ("group", "u-42"),
            ("label", "u-42"),
        ] {
            assert_eq!(link[field], value, "{field}");
        }

        let body = json!({
            "linkSettings": { "connectedPlatforms": platforms, "eventIncToken": token },
            "identity": "u-42", "identityType": "team", "group": "u-42", "label": "u-42", "environment": "live",
            "expiresAt": 1_700_000_300_000_i64, "sessionId": "session_id::a::b", "features": settings["features"],
        });
        let embed = post(&server, &format!("{base}/v1/embed-tokens/create"), &body)
            .await
            .expect(200)
            .json();
        assert_eq!(embed["linkSettings"], body["linkSettings"]);
        assert_eq!(
            (&embed["environment"], &embed["sessionId"]),
            (&json!("test"), &json!("session_id::a::b"))
        );
        assert_eq!(embed["expiresAt"], 1_700_000_300_000_i64);
        assert!(embed["_id"].as_str().unwrap().starts_with("embed_tk::") && embed["createdAt"].is_i64());
    }
    let kinds = "select string_agg(identity_type, ',' order by id) from connect_sessions";
    assert_eq!(
        server.database.text(kinds).await,
        "team,team",
        "only the second call opens a session"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_is_accepted_where_clients_send_nothing() {
    let server = TestServer::start().await;
    for body in ["", "null", "{}"] {
        for path in ["/v1/settings/get", "/v1/event-links/create"] {
            let call = server
                .api("POST", path)
                .header("content-type", "application/json")
                .body(body);
            call.send().await.expect(200);
        }
    }
    let link = server
        .api("POST", "/v1/event-links/create")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&link["identity"], &link["group"], &link["label"]),
        (&json!(null), &json!(null), &json!(null))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn white_label_is_a_feature() {
    let server = TestServer::start().await;
    let features = async || server.api("POST", "/v1/settings/get").send().await.expect(200).json()["features"].clone();
    assert_eq!(features().await, json!([]));
    server.database.execute("update projects set white_label = true").await;
    assert_eq!(
        features().await,
        json!([{ "key": "authkit::white-label", "value": "enabled" }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_session_is_refused() {
    let server = TestServer::start().await;
    for (body, place) in [
        (json!({ "linkSettings": { "connectedPlatforms": [] } }), "eventIncToken"),
        (json!({}), "linkSettings"),
        (json!({ "linkSettings": { "eventIncToken": "" } }), "eventIncToken"),
    ] {
        let refused = post(&server, "/v1/embed-tokens/create", &body).await;
        refused.problem(400);
        assert!(
            refused.json()["message"].as_str().unwrap().contains(place),
            "{}",
            refused.text
        );
    }
    for path in ["/v1/settings/get", "/v1/event-links/create", "/v1/embed-tokens/create"] {
        server.api("POST", path).no_key().send().await.problem(401);
    }
    // Hundreds of integrations make a large body.
    let rows: Vec<Value> = (0..1000)
        .map(|number| json!({ "type": "x".repeat(300), "number": number }))
        .collect();
    let body = json!({ "linkSettings": { "connectedPlatforms": rows, "eventIncToken": "t" } });
    post(&server, "/v1/embed-tokens/create", &body).await.expect(200);
}
