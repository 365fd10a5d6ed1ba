//! A link to connect: what it says, one connection comes of it, and then it is over.

use serde_json::json;
use store::{ProjectChange, Verify};
use testkit::{StartedFlow, TestServer};

use super::{complete, count, create, finish, link, made, opened, peek, press, revoke, verifying};

fn body() -> serde_json::Value {
    json!({
        "identity": "u-42", "identityType": "user", "identityLabel": "Ann Lee", "integrations": ["sandbox"],
        "inviter": "Ben of Shop", "locale": "de-AT",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_spends_nothing_and_the_person_connects_once() {
    let server = verifying().await;
    let (made, secret) = made(&server, &body()).await;
    let url = made["url"].as_str().unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!(url, format!("{}/connect/link/{id}?locale=de#{secret}", server.url));
    assert_eq!(
        (&made["state"], &made["purpose"], &made["source"], &made["locale"]),
        (&json!("open"), &json!("connect"), &json!("api"), &json!("de"))
    );
    // A scanner: HEAD, GET, and what the page's script asks.
    let scanner = server.browser();
    let (address, _) = url.split_once('#').unwrap();
    server
        .api("HEAD", &address[server.url.len()..])
        .no_key()
        .send()
        .await
        .expect(200);
    let page = scanner.get(address).await.expect(200);
    assert!(page.text.contains("lang=\"de\"") && !page.text.contains("Ann Lee"));
    let seen = peek(&scanner, &secret).await.expect(200).json();
    assert_eq!(
        (
            &seen["owner"],
            &seen["inviter"],
            &seen["service"]["id"],
            &seen["app"]["name"]
        ),
        (
            &json!("Ann Lee"),
            &json!("Ben of Shop"),
            &json!("sandbox"),
            &json!("Shop")
        )
    );
    assert_eq!(seen["reconnect"], json!(null));
    assert_eq!(link(&server, &made["id"]).await["state"], "open");
    assert_eq!(count(&server, "connect_sessions").await, 0);

    let browser = server.browser();
    let session = opened(&browser, &secret).await;
    assert_eq!(link(&server, &made["id"]).await["state"], "opened");
    let flow = server.begin(&session).await;
    let end = finish(&browser, &flow).await;
    assert!(end.starts_with("https://shop.example.test/verify?code="), "{end}");
    assert_eq!(count(&server, "connections").await, 0, "nothing is usable yet");
    // Not spent by a sign-in that nobody confirmed.
    assert_eq!(link(&server, &made["id"]).await["state"], "opened");
    let code = StartedFlow::parameter(&end, "code").unwrap();
    let done = complete(&server, &code, "u-42").await.expect(200).json();
    assert_eq!(done["connection"]["identity"], "u-42");

    let row = link(&server, &made["id"]).await;
    assert_eq!(row["state"], "used");
    assert!(row["usedAt"].is_string() && row.get("url").is_none(), "{row}");
    for answer in [peek(&browser, &secret).await, press(&browser, &secret).await] {
        assert_eq!(answer.problem(410), "link_used");
        assert!(answer.text.contains("the account is connected"), "{}", answer.text);
        assert_eq!(answer.json()["meta"]["app"], "Shop");
    }
    // Taking back what was used changes nothing.
    assert_eq!(revoke(&server, &made["id"]).await["state"], "used");
    assert_eq!(count(&server, "connections where deleted_at is null").await, 1);
    let audited = server
        .database
        .text("select string_agg(action, ',' order by id) from audit_log where action like 'link.%'")
        .await;
    assert_eq!(audited, "link.created,link.opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_verification_the_connection_is_there_at_once() {
    let server = TestServer::start().await;
    let mut body = body();
    body["verify"] = json!(false);
    let (made, secret) = made(&server, &body).await;
    assert_eq!(made["verify"], false);
    let browser = server.browser();
    let flow = server.begin(&opened(&browser, &secret).await).await;
    let end = finish(&browser, &flow).await;
    assert!(end.contains("/connect/done"), "{end}");
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    assert_eq!(link(&server, &made["id"]).await["state"], "used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_decides_and_a_link_may_ask_for_more() {
    let server = TestServer::start().await;
    let set = async |verify, url: Option<&str>| {
        let change = ProjectChange {
            verify: Some(verify),
            verify_url: url.map(ToOwned::to_owned),
            ..ProjectChange::default()
        };
        server.store.change_project(server.project.id, change).await.unwrap();
    };
    let with = async |verify: serde_json::Value| {
        let mut body = body();
        body["verify"] = verify;
        create(&server, &body).await
    };
    // Without an address nobody could finish: told to the backend, not to the person after the sign-in.
    let refused = with(json!(null)).await;
    assert_eq!(refused.problem(400), "no_verify_url");
    assert!(refused.text.contains("--verify-url"), "{}", refused.text);
    assert_eq!(with(json!(true)).await.problem(400), "no_verify_url");
    set(Verify::Off, None).await;
    with(json!(null)).await.expect(201);
    assert_eq!(with(json!(true)).await.problem(400), "no_verify_url");
    set(Verify::Always, Some(super::VERIFY_URL)).await;
    assert_eq!(with(json!(false)).await.problem(400), "verify_always");
    set(Verify::Off, Some(super::VERIFY_URL)).await;
    let asked = with(json!(true)).await.expect(201).json();
    let (_, secret) = asked["url"].as_str().unwrap().split_once('#').unwrap();
    let browser = server.browser();
    let flow = server.begin(&opened(&browser, secret).await).await;
    assert!(finish(&browser, &flow).await.contains("/verify?code="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_reconnects_its_connection() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", super::ANN).await;
    let (made, secret) = made(&server, &json!({ "connection": connection["id"], "ttl": 300 })).await;
    assert_eq!(
        (&made["identity"], &made["connection"]),
        (&json!("u-42"), &connection["id"])
    );
    let browser = server.browser();
    let seen = peek(&browser, &secret).await.expect(200).json();
    assert_eq!(seen["reconnect"]["mailed"], false, "{seen}");
    let flow = server.begin(&opened(&browser, &secret).await).await;
    finish(&browser, &flow).await;
    let outcome = browser.check(&flow.result).await;
    assert_eq!(outcome["connection"]["id"], connection["id"], "{outcome}");
    assert_eq!(peek(&browser, &secret).await.problem(410), "link_used");
    assert_eq!(link(&server, &made["id"]).await["state"], "used");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_listed_by_person_and_state() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for identity in ["u-1", "u-1", "u-2"] {
        let (made, _) = made(&server, &json!({ "identity": identity, "verify": false, "ttl": 600 })).await;
        ids.push(made["id"].clone());
    }
    revoke(&server, &ids[0]).await;
    let list = async |query: &str| {
        let path = format!("/v1/connect/links?{query}");
        server.api("GET", &path).send().await.expect(200).json()
    };
    assert_eq!(list("").await["total"], 3);
    assert_eq!(list("identity=u-1").await["total"], 2);
    let revoked = list("identity=u-1&state=revoked").await;
    assert_eq!((&revoked["total"], &revoked["rows"][0]["id"]), (&json!(1), &ids[0]));
    let page = list("limit=2&page=2").await;
    assert_eq!((&page["pages"], &page["rows"][0]["id"]), (&json!(2), &ids[0]));
    assert!(!page.to_string().contains('#'), "no secret is listed");
    server.advance(601).await;
    assert_eq!(list("state=expired").await["total"], 2);
    assert_eq!(list("state=open").await["total"], 0);
    let wrong = server.api("GET", "/v1/connect/links?state=closed").send().await;
    wrong.problem(400);
    assert!(wrong.text.contains("none of open, opened, used, revoked, expired"));
    // What is another's is not there.
    let (_, other) = server.another_project().await;
    let path = format!("/v1/connect/links/{}", ids[1].as_str().unwrap());
    for method in ["GET", "DELETE"] {
        server.api(method, &path).key(&other).send().await.problem(404);
        server
            .api(method, &path)
            .key(&server.live_key)
            .send()
            .await
            .problem(404);
    }
    assert_eq!(link(&server, &ids[1]).await["revokedAt"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_makes_one_link_with_one_address() {
    let server = TestServer::start().await;
    let body = json!({ "identity": "u-42", "verify": false });
    let send = async |key: &str, body: &serde_json::Value| {
        let call = server.api("POST", "/v1/connect/links").header("idempotency-key", key);
        call.json(body).send().await
    };
    let first = send("invite-42", &body).await.expect(201).json();
    let again = send("invite-42", &body).await.expect(200).json();
    assert_eq!((&first["id"], &first["url"]), (&again["id"], &again["url"]));
    let other = send("invite-42", &json!({ "identity": "u-43", "verify": false })).await;
    assert_eq!(other.problem(422), "idempotency_key_reused");
    let (one, two) = tokio::join!(send("invite-44", &body), send("invite-44", &body));
    assert_eq!(one.json()["url"], two.json()["url"], "{} {}", one.text, two.text);
    let (_, secret) = first["url"].as_str().unwrap().split_once('#').unwrap();
    peek(&server.browser(), secret).await.expect(200);
    assert_eq!(count(&server, "connect_links").await, 2);
    server.advance(86_401).await;
    let later = send("invite-42", &body).await.expect(201).json();
    assert_ne!(later["url"], first["url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_told() {
    let server = TestServer::start().await;
    for (change, key, says) in [
        (json!({ "identity": null }), "identity_missing", "send `identity`"),
        (json!({ "ttl": 299 }), "ttl_not_valid", "from 300"),
        (json!({ "ttl": 2_592_001 }), "ttl_not_valid", "2592000"),
        (json!({ "purpose": "look" }), "", "neither `connect` nor `manage`"),
        (json!({ "locale": "xx" }), "", "choose one of en, de"),
        (
            json!({ "integrations": [] }),
            "integrations_not_valid",
            "Leave it out for all",
        ),
        (json!({ "integrations": ["nosuch"] }), "unknown_integration", "`nosuch`"),
        (json!({ "inviter": "x".repeat(81) }), "value_too_long", "`inviter`"),
        (json!({ "identityLabel": "a\nb" }), "value_not_plain", "`identityLabel`"),
        (json!({ "ttll": 300 }), "", "a field that this call does not have"),
        (json!({ "connection": "x" }), "", "no connection id"),
        (
            json!({ "purpose": "manage", "connection": "0190f5f0-0000-7000-8000-000000000000" }),
            "manage_with_connection",
            "Leave `connection` or `purpose` out",
        ),
    ] {
        let mut body = json!({ "identity": "u-42", "verify": false });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = create(&server, &body).await;
        let found = refused.problem(400);
        assert!(key.is_empty() || found == key, "{change}: {found}");
        assert!(refused.text.contains(says), "{change}: {}", refused.text);
    }
    let off = json!({ "identity": "u-42", "verify": false, "integrations": ["sandbox", "gmail"] });
    let refused = create(&server, &off).await;
    assert_eq!(refused.problem(409), "integration_not_offered");
    let says = "`gmail` is not switched on in `test`, or lacks its OAuth client. Set it up with `latchkey integrations enable gmail --environment test`";
    assert!(refused.text.contains(says), "{}", refused.text);
    server.database.execute("update apps set enabled = false").await;
    let nothing = create(&server, &json!({ "identity": "u-42", "verify": false })).await;
    assert_eq!(nothing.problem(409), "integration_not_offered");
    assert!(
        nothing.text.contains("the link would lead to nothing"),
        "{}",
        nothing.text
    );
    server.database.execute("update apps set enabled = true").await;
    let gone = json!({ "connection": "0190f5f0-0000-7000-8000-000000000000" });
    create(&server, &gone).await.problem(404);
    let reader = server.key_with(&[broker::Scope::ConnectionsRead]).await;
    for (method, path) in [
        ("POST", "/v1/connect/links"),
        ("GET", "/v1/connect/links"),
        ("DELETE", "/v1/connect/links/0190f5f0-0000-7000-8000-000000000000"),
    ] {
        let refused = server.api(method, path).key(&reader).send().await;
        refused.problem(403);
        assert!(refused.text.contains("sessions:write"), "{}", refused.text);
    }
}
