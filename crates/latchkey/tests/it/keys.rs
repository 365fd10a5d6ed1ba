//! Keys made, replaced and ended by other keys; where a key is good from.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Answer, Call, TestServer};

async fn post(call: Call, key: &str, body: &Value) -> Answer {
    call.key(key).json(body).send().await
}

async fn make(server: &TestServer, key: &str, body: &Value) -> Answer {
    post(server.api("POST", "/v1/management/keys"), key, body).await
}

/// Whether a key is accepted.
async fn works(server: &TestServer, key: &str) -> bool {
    let status = server.api("GET", "/v1/users/whoami").key(key).send().await.status;
    assert!([200, 401, 403].contains(&status), "{status}");
    status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_rolled_and_revoked() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let made = make(&server, &admin, &json!({ "name": "backend" }))
        .await
        .expect(201)
        .json();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(
        made["scopes"],
        json!(["sessions:write", "connections:read", "connections:write", "passthrough"])
    );
    assert!(works(&server, secret).await);
    let id = made["id"].as_str().unwrap();
    let listed = server
        .api("GET", "/v1/management/keys")
        .key(&admin)
        .send()
        .await
        .expect(200);
    assert!(
        listed.text.contains(id) && !listed.text.contains(secret),
        "{}",
        listed.text
    );

    let roll = |body| {
        post(
            server.api("POST", &format!("/v1/management/keys/{id}/roll")),
            &admin,
            body,
        )
    };
    let long = json!({ "overlapSeconds": 604_801 });
    assert_eq!(roll(&long).await.problem(422), "overlap_too_long");
    let hour = json!({ "overlapSeconds": 3600 });
    let rolled = roll(&hour).await.expect(201).json();
    let new = rolled["secret"].as_str().unwrap();
    assert_eq!((&rolled["scopes"], &rolled["name"]), (&made["scopes"], &made["name"]));
    assert!(works(&server, secret).await && works(&server, new).await);
    assert_eq!(roll(&hour).await.problem(409), "key_replaced");
    server.advance(3_601).await;
    assert!(!works(&server, secret).await && works(&server, new).await);

    let path = format!("/v1/management/keys/{}", rolled["id"].as_str().unwrap());
    // Another replica knows at once: each asks the database.
    let beside = server.beside().await;
    let there = async || {
        server
            .api_of(&beside, "GET", "/v1/users/whoami")
            .key(new)
            .send()
            .await
            .status
    };
    assert_eq!(there().await, 200);
    server.api("DELETE", &path).key(&admin).send().await.expect(200);
    assert_eq!(there().await, 401);
    assert!(!works(&server, new).await);
    server.api("DELETE", &path).key(&admin).send().await.problem(404);

    let audit = server
        .database
        .text("select string_agg(action || ' ' || actor || ' ' || detail::text, E'\\n' order by id) from audit_log where action like 'key.%'")
        .await;
    let actions: Vec<&str> = audit.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(actions, ["key.created", "key.rolled", "key.revoked"]);
    assert!(!audit.contains(secret) && !audit.contains(new), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_none_that_may_do_more() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let one = |scope: &str| json!({ "name": "x", "scopes": [scope] });
    assert_eq!(
        make(&server, &server.test_key, &one("passthrough")).await.problem(403),
        "missing_scope"
    );
    assert_eq!(
        make(&server, &admin, &one("credentials:read")).await.problem(403),
        "scope_beyond_yours"
    );
    make(&server, &admin, &one("everything")).await.problem(400);
    make(&server, &admin, &one("admin")).await.expect(201);
    // Nor takes the place of one that may.
    let reader = server.key_with(&[Scope::CredentialsRead]).await;
    let id = server
        .database
        .text("select id::text from api_keys where scopes = '{credentials:read}'")
        .await;
    let roll = format!("/v1/management/keys/{id}/roll");
    assert_eq!(
        post(server.api("POST", &roll), &admin, &json!({})).await.problem(403),
        "scope_beyond_yours"
    );
    assert!(works(&server, &reader).await);

    // Where and as long as the one that asks, and no further.
    server
        .database
        .execute(
            "update api_keys set ip_allow = '{127.0.0.0/8}', expires_at = latchkey_now() + interval '10 days'
             where scopes = '{admin}'",
        )
        .await;
    let far = json!({ "name": "x", "expiresAt": "2099-01-01T00:00:00Z" });
    assert_eq!(make(&server, &admin, &far).await.problem(422), "bad_end");
    let wide = json!({ "name": "x", "ipAllow": ["0.0.0.0/0"] });
    assert_eq!(make(&server, &admin, &wide).await.problem(422), "bad_addresses");
    let plain = make(&server, &admin, &json!({ "name": "x" })).await.expect(201).json();
    assert_eq!(plain["ipAllow"], json!(["127.0.0.0/8"]));
    assert!(plain["expiresAt"].is_string());

    for (body, key) in [
        (json!({ "name": "" }), "bad_name"),
        (json!({ "name": "x".repeat(121) }), "bad_name"),
        (json!({ "name": "x", "scopes": [] }), "bad_scopes"),
        (json!({ "name": "x", "expiresAt": "2001-01-01T00:00:00Z" }), "bad_end"),
        (json!({ "name": "x", "ipAllow": ["nonsense"] }), "bad_addresses"),
    ] {
        assert_eq!(make(&server, &admin, &body).await.problem(422), key, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_projects_keys_are_not_there() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let (other, stranger) = server.another_project().await;
    let ids = server
        .database
        .text(&format!(
            "select string_agg(id::text, ' ') from api_keys
             where project_id = '{other}' or environment = 'live'"
        ))
        .await;
    for id in ids
        .split(' ')
        .chain(["nonsense", "00000000-0000-0000-0000-000000000000"])
    {
        let path = format!("/v1/management/keys/{id}");
        assert_eq!(
            server.api("DELETE", &path).key(&admin).send().await.problem(404),
            "not_found"
        );
        let roll = server.api("POST", &format!("{path}/roll"));
        assert_eq!(post(roll, &admin, &json!({})).await.problem(404), "not_found");
    }
    assert!(works(&server, &stranger).await && works(&server, &server.live_key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_a_list_is_good_from_its_addresses_only() {
    let server = TestServer::builder().behind_proxy("127.0.0.0/8").start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let office = json!({ "name": "office", "ipAllow": ["203.0.113.0/24", "2001:db8::/32"] });
    let made = make(&server, &admin, &office).await.expect(201).json();
    let key = made["secret"].as_str().unwrap();
    let from = async |address: &str| {
        let call = server.api("GET", "/v1/users/whoami").key(key);
        call.header("x-forwarded-for", address).send().await
    };
    for good in [
        "203.0.113.7",
        "2001:db8::1",
        "198.51.100.1, 203.0.113.7",
        "203.0.113.7, 127.0.0.9",
    ] {
        from(good).await.expect(200);
    }
    for bad in ["198.51.100.1", "203.0.113.7, 198.51.100.1", "junk", "2001:db9::1"] {
        let refused = from(bad).await;
        assert_eq!(refused.problem(403), "address_not_allowed", "{bad}");
        assert!(
            !refused.text.contains("203.0.113.0"),
            "the list is nobody's business: {}",
            refused.text
        );
    }

    // Without a trusted proxy the header says nothing.
    let direct = TestServer::start().await;
    let admin = direct.key_with(&[Scope::Admin]).await;
    let made = make(&direct, &admin, &office).await.expect(201).json();
    let key = made["secret"].as_str().unwrap();
    let forged = direct.api("GET", "/v1/users/whoami").key(key);
    let forged = forged.header("x-forwarded-for", "203.0.113.7").send().await;
    assert_eq!(forged.problem(403), "address_not_allowed");
    let here = json!({ "name": "here", "ipAllow": ["127.0.0.1"] });
    let made = make(&direct, &admin, &here).await.expect(201).json();
    assert!(works(&direct, made["secret"].as_str().unwrap()).await);
}
