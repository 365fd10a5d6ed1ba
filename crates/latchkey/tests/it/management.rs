//! What a backend looks up and sets about its own tenant: project, keys, and which integrations the modal shows.

use broker::Scope;
use serde_json::{Value, json};
use testkit::TestServer;

const SECRET: &str = "canary-client-secret-9f8e7d";

#[tokio::test(flavor = "multi_thread")]
async fn the_tenant_is_the_project() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let project = server.project.id.to_string();
    let path = format!("/v1/management/organizations/{project}");
    let tenant = server.api("GET", &path).key(&admin).send().await.expect(200).json();
    assert_eq!(
        (&tenant["id"], &tenant["name"], &tenant["members"]),
        (&json!(project), &json!("Shop"), &json!([]))
    );
    assert_eq!(tenant["projects"][0]["pid"], server.project.publishable_id.as_str());
    assert_eq!(tenant["projects"][0]["origins"], json!([testkit::SHOP]));
    let page = server.api("GET", &format!("{path}/projects")).key(&admin).send().await;
    let page = page.expect(200).json();
    assert_eq!((&page["total"], &page["rows"][0]), (&json!(1), &tenant["projects"][0]));
    for path in [path.clone(), format!("{path}/projects")] {
        let narrow = server.api("GET", &path).send().await;
        assert_eq!(narrow.problem(403), "missing_scope");
        assert!(narrow.text.contains("--scope admin"), "{}", narrow.text);
        server.api("DELETE", &path).key(&admin).send().await.problem(405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_and_never_shown() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let (_, stranger) = server.another_project().await;
    let project = server.project.id.to_string();
    let mut seen = Vec::new();
    for path in [
        "/v1/event-access".to_owned(),
        format!("/v1/event-access/organizations/{project}"),
        format!("/v1/event-access/organizations/{project}/projects/{project}"),
        format!("/v1/management/organizations/{project}/keys"),
        format!("/v1/management/organizations/{project}/projects/{project}/keys"),
    ] {
        let answer = server.api("GET", &path).key(&admin).send().await.expect(200);
        for key in [&admin, &server.test_key, &server.live_key, &stranger] {
            assert!(!answer.text.contains(key.as_str()), "{path}");
        }
        let page = answer.json();
        for row in page["rows"].as_array().unwrap() {
            assert_eq!(
                (&row["environment"], &row["projectId"], &row["active"]),
                (&json!("test"), &json!(project), &json!(true))
            );
            assert!(row["keyPreview"].as_str().unwrap().starts_with("sk_test_lk_"), "{row}");
        }
        seen.push(page["rows"].clone());
    }
    let scopes: Vec<&Value> = seen[0].as_array().unwrap().iter().map(|row| &row["scopes"]).collect();
    assert!(scopes.contains(&&json!(["admin"])), "{scopes:?}");

    let narrow = server.api("GET", "/v1/event-access").send().await;
    assert_eq!(narrow.problem(403), "missing_scope");
    let own = server.api("GET", "/v1/event-access?environment=test").key(&admin);
    own.send().await.expect(200);
    let other = server
        .api("GET", "/v1/event-access?environment=live")
        .key(&admin)
        .send()
        .await;
    assert_eq!(other.problem(403), "other_environment");
    assert!(other.text.contains("This key is one of `test`"), "{}", other.text);
    let bad = server
        .api("GET", "/v1/event-access?environment=prod")
        .key(&admin)
        .send()
        .await;
    bad.problem(400);
    assert!(bad.text.contains("neither `test` nor `live`"), "{}", bad.text);

    let total = seen[0].as_array().unwrap().len();
    server
        .database
        .execute("update api_keys set revoked_at = latchkey_now() where scopes <> '{admin}'")
        .await;
    let left = server
        .api("GET", "/v1/event-access")
        .key(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert!(
        left["rows"].as_array().unwrap().len() < total,
        "a revoked key is not listed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_chooses_what_the_modal_shows() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let project = server.project.id.to_string();
    let paths = [
        format!("/v1/management/organizations/{project}/authkit"),
        format!("/v1/management/organizations/{project}/projects/{project}/authkit"),
    ];
    let shown = async || {
        let page = server.api("POST", "/v1/authkit/token").send().await.expect(200).json();
        let rows = page["rows"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["type"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown().await, ["sandbox"]);
    let put = async |path: &str, body: Value| server.api("PUT", path).key(&admin).json(&body).send().await;

    let gmail = json!({
        "connectionDefinitionId": "conn_def_gmail", "environment": "test", "active": true,
        "clientId": "1234567.apps", "clientSecret": SECRET, "scopes": "one two"
    });
    let tile = put(&paths[0], gmail).await.expect(200);
    assert!(!tile.text.contains(SECRET), "{}", tile.text);
    let tile = tile.json();
    assert_eq!(
        (
            &tile["type"],
            &tile["active"],
            &tile["scopes"],
            &tile["clientIdDisplay"],
            &tile["clientSecretDisplay"]
        ),
        (
            &json!("gmail"),
            &json!(true),
            &json!("one two"),
            &json!("1234****"),
            &json!("****")
        )
    );
    assert_eq!(shown().await, ["gmail", "sandbox"]);
    assert!(!server.database.dump().await.contains(SECRET));
    let audited = "select detail::text from audit_log where action = 'app.set'";
    let line = server.database.text(audited).await;
    assert!(
        line.contains("client_secret_changed") && !line.contains(SECRET),
        "{line}"
    );

    // What is not given stays; both addresses mean the same row.
    let off = json!({ "connectionDefinitionId": "conn_def_gmail", "environment": "test", "active": false });
    let tile = put(&paths[1], off).await.expect(200).json();
    assert_eq!((&tile["active"], &tile["scopes"]), (&json!(false), &json!("one two")));
    assert_eq!(shown().await, ["sandbox"]);
    let on = json!({ "connectionDefinitionId": "conn_def_gmail", "environment": "test", "active": true });
    put(&paths[0], on).await.expect(200);
    assert_eq!(shown().await, ["gmail", "sandbox"]);
    // One with a key needs no client.
    let stripe = json!({ "connectionDefinitionId": "conn_def_stripe", "environment": "test", "active": true });
    put(&paths[0], stripe).await.expect(200);
    assert_eq!(shown().await, ["gmail", "sandbox", "stripe"]);
    let elsewhere = server
        .api("POST", "/v1/authkit/token")
        .key(&server.live_key)
        .send()
        .await;
    assert_eq!(elsewhere.expect(200).json()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_say_what_to_change() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let path = format!("/v1/management/organizations/{}/authkit", server.project.id);
    let with = |changes: Value| {
        let mut body = json!({ "connectionDefinitionId": "conn_def_slack", "environment": "test", "active": true });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (body, status, said) in [
        (
            with(json!({})),
            422,
            "Slack needs an OAuth client. Send `clientId` and `clientSecret`",
        ),
        (with(json!({ "environment": "live" })), 403, "This key is one of `test`"),
        (with(json!({ "environment": "prod" })), 400, "neither `test` nor `live`"),
        (
            with(json!({ "connectionDefinitionId": "conn_def_nothing" })),
            404,
            "There is no such integration in `test`",
        ),
        (
            with(json!({ "connectionDefinitionId": 8 })),
            400,
            "connectionDefinitionId",
        ),
        (
            with(json!({ "connectionDefinitionId": "8" })),
            400,
            "`connectionDefinitionId` is none of ours",
        ),
        (with(json!({ "clientId": "" })), 400, "`clientId` is empty"),
        (
            with(json!({ "clientId": "a", "clientSecret": "" })),
            400,
            "`clientSecret` is empty",
        ),
        (
            with(json!({ "clientId": "a", "scopes": "x".repeat(501) })),
            400,
            "`scopes` holds more than 200 scopes",
        ),
        (
            with(json!({ "useDefaultOauthCreds": true })),
            501,
            "no OAuth clients here but your own",
        ),
        (
            with(json!({ "guide": "https://a.test" })),
            501,
            "`guide` is not kept here",
        ),
        (
            with(json!({ "mistyped": 1 })),
            400,
            "a field that this call does not have",
        ),
        (
            json!({ "connectionDefinitionId": "conn_def_slack", "environment": "test" }),
            400,
            "active",
        ),
        (
            with(json!({ "connectionDefinitionId": "conn_def_stripe", "clientId": "a" })),
            422,
            "Stripe takes no OAuth client of yours",
        ),
        (
            with(json!({ "connectionDefinitionId": "conn_def_sandbox", "clientId": "a" })),
            422,
            "takes no OAuth client of yours",
        ),
    ] {
        let answer = server.api("PUT", &path).key(&admin).json(&body).send().await;
        answer.problem(status);
        assert!(answer.text.contains(said), "{body}: {}", answer.text);
    }
    let narrow = server.api("PUT", &path).json(&with(json!({}))).send().await;
    assert_eq!(narrow.problem(403), "missing_scope");
    let (_, stranger) = server.another_project().await;
    let theirs = server
        .api("PUT", &path)
        .key(&stranger)
        .json(&with(json!({})))
        .send()
        .await;
    theirs.problem(404);
    let apps = "select count(*) from apps where integration <> 'sandbox'";
    assert_eq!(server.database.number(apps).await, 0, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_was_never_set_up_is_said_to_be_so() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let path = format!("/v1/management/organizations/{}/authkit", server.project.id);
    server
        .database
        .execute("update apps set client_id = null, enabled = false")
        .await;
    let sandbox = json!({ "connectionDefinitionId": "conn_def_sandbox", "environment": "test", "active": true });
    let answer = server.api("PUT", &path).key(&admin).json(&sandbox).send().await;
    assert_eq!(answer.problem(409), "sandbox_not_set_up");
    assert!(
        answer.text.contains("latchkey integrations enable sandbox"),
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_definitions_have_a_tag() {
    let server = TestServer::start().await;
    for path in [
        "/v1/connection-definitions",
        "/v1/public/connection-definitions?limit=100",
        "/v1/connection-oauth-definitions",
        "/v1/available-actions/gmail",
        "/v1/knowledge?connectionPlatform=gmail",
    ] {
        let first = server.api("GET", path).send().await.expect(200);
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 10, "{path} {tag}");
        assert_eq!(first.header("cache-control"), "private, no-cache", "{path}");
        let known = server
            .api("GET", path)
            .header("if-none-match", &tag)
            .send()
            .await
            .expect(304);
        assert_eq!(
            (known.text.as_str(), known.header("etag")),
            ("", tag.as_str()),
            "{path}"
        );
        let changed = server
            .api("GET", path)
            .header("if-none-match", "\"old\"")
            .send()
            .await
            .expect(200);
        assert_eq!(changed.text, first.text, "{path}");
    }
    let one = server.api("GET", "/v1/knowledge?connectionPlatform=gmail").send().await;
    let other = server.api("GET", "/v1/knowledge?connectionPlatform=slack").send().await;
    assert_ne!(one.header("etag"), other.header("etag"));
}
