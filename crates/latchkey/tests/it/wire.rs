//! `/v1`: the shapes that published clients read, and every refusal in the one error body.

use serde_json::{Value, json};
use testkit::{Account, Consent, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);

#[tokio::test(flavor = "multi_thread")]
async fn the_token_page_has_its_shape() {
    let server = TestServer::start().await;
    let body = json!({ "identity": "u-42", "identityType": "user", "label": "Ann Lee", "somethingNew": [1] });
    let page = server
        .api("POST", "/v1/authkit/token")
        .json(&body)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(page["requestId"], page["request_id"]);
    assert_eq!(page["requestId"].as_str().unwrap().len(), 43);
    snapshot!("token_page", &page);
    let older = server
        .api("POST", "/v1/authkit")
        .json(&body)
        .send()
        .await
        .expect(200)
        .json();
    assert_ne!(older["requestId"], page["requestId"]);
    assert_eq!(older["rows"], page["rows"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_call_is_lenient() {
    let server = TestServer::start().await;
    let call = |query: &str| server.api("POST", &format!("/v1/authkit/token{query}"));
    for answer in [
        call("").send().await,
        call("")
            .body("")
            .header("content-type", "application/json")
            .send()
            .await,
        call("?page=null&limit=undefined").json(&json!({})).send().await,
        call("?page=1&limit=100")
            .json(&json!({ "identity": "u", "identity_type": "team" }))
            .send()
            .await,
        call("")
            .json(&json!({ "identity": 42, "identityType": "USER" }))
            .send()
            .await,
        call("").header("x-one-secret", &server.test_key).send().await,
        call("")
            .no_key()
            .header("authorization", &format!("Bearer {}", server.test_key))
            .send()
            .await,
    ] {
        let page = answer.expect(200).json();
        assert_eq!(
            (&page["page"], &page["total"], &page["pages"]),
            (&json!(1), &json!(1), &json!(1)),
            "{page}"
        );
    }
    let kinds = server
        .database
        .text("select string_agg(coalesce(identity_type, '-'), ',' order by id) from connect_sessions");
    assert_eq!(kinds.await, "-,-,-,team,user,-,-");
    let key = call("")
        .json(&json!({ "identity": "u", "identityType": "robot" }))
        .send()
        .await
        .problem(400);
    assert!(key.starts_with("err::"), "{key}");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_lists_no_sandbox() {
    let server = TestServer::start().await;
    let page = server
        .api("POST", "/v1/authkit/token")
        .key(&server.live_key)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!((&page["rows"], &page["total"]), (&json!([]), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_and_whoami() {
    let server = TestServer::start().await;
    snapshot!(
        "flags",
        server.api("GET", "/v1/users/flags").send().await.expect(200).json()
    );
    let me = server.api("GET", "/v1/users/whoami").send().await.expect(200).json();
    assert_eq!(
        (&me["environment"], &me["project"]["name"]),
        (&json!("test"), &json!("Shop"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connectors_are_listed_with_and_without_a_key() {
    let server = TestServer::start().await;
    let all = server
        .api("GET", "/v1/available-connectors?limit=150")
        .no_key()
        .send()
        .await
        .expect(200)
        .json();
    let names: Vec<&str> = all["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["platform"].as_str())
        .collect();
    for known in ["github", "gmail", "openai", "salesforce", "slack", "stripe"] {
        assert!(names.contains(&known), "{known} in {names:?}");
    }
    let enabled = server
        .api("GET", "/v1/available-connectors?authkit=true")
        .send()
        .await
        .expect(200)
        .json();
    snapshot!("connectors", &enabled);
    let wrong = server
        .api("GET", "/v1/available-connectors")
        .key("sk_test_lk_nothing")
        .send()
        .await;
    wrong.problem(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_listed_read_changed_and_deleted() {
    let server = TestServer::start().await;
    let record = server.connect("u-42", ANN).await;
    snapshot!("link_success", &record);
    assert!(record["createdAt"].is_i64(), "{record}");

    let id = record["id"].as_str().unwrap();
    let key = record["key"].as_str().unwrap();
    let page = server
        .api(
            "GET",
            "/v1/vault/connections?identity=u-42&identityType=user&platform=sandbox",
        )
        .send()
        .await;
    let page = page.expect(200).json();
    snapshot!("vault_page", &page);
    assert!(page["rows"][0]["createdAt"].is_string());
    for path in [
        format!("/v1/vault/connections/{id}"),
        format!("/v1/vault/connections/{key}"),
        format!("/v1/connections/{id}"),
    ] {
        let one = server.api("GET", &path).send().await.expect(200).json();
        assert_eq!(one, page["rows"][0], "{path}");
    }

    let change = json!({ "name": "Work", "tags": ["a", "b"], "active": false, "settings": {} });
    let changed = server
        .api("PATCH", &format!("/v1/vault/connections/{id}"))
        .json(&change)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["name"], &changed["tags"], &changed["active"]),
        (&json!("Work"), &json!(["a", "b"]), &json!(false))
    );
    let total = async |query: &str| {
        let page = server
            .api("GET", &format!("/v1/vault/connections{query}"))
            .send()
            .await
            .expect(200)
            .json();
        page["total"].as_i64().unwrap()
    };
    assert_eq!(total("").await, 0, "inactive ones are listed only when asked for");
    assert_eq!(total("?active=false&tags=a,b").await, 1);
    assert_eq!(total("?active=false&tags=a,c").await, 0);
    assert_eq!(total(&format!("?active=false&key={key}")).await, 1);

    let deleted = server
        .api("DELETE", &format!("/v1/vault/connections/{id}"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&deleted["deleted"], &deleted["active"], &deleted["revocation"]),
        (&json!(true), &json!(false), &json!("pending"))
    );
    server
        .api("GET", &format!("/v1/vault/connections/{id}"))
        .send()
        .await
        .problem(404);
    server
        .api("DELETE", &format!("/v1/vault/connections/{id}"))
        .send()
        .await
        .problem(404);
    assert_eq!(total("?active=false").await, 0);
    let events = "select string_agg(type, ',' order by id) from events where type <> 'revocation.ended'";
    assert_eq!(
        server.database.text(events).await,
        "connection.created,session.completed,connection.updated,connection.deleted"
    );
    assert_eq!(server.database.number("select count(*) from credentials").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_grant_is_revoked_at_the_provider() {
    let server = TestServer::start().await;
    let record = server.connect("u-42", ANN).await;
    let live = "select count(*) from sandbox_grants where revoked_at is null";
    assert_eq!(server.database.number(live).await, 1);
    server
        .api(
            "DELETE",
            &format!("/v1/vault/connections/{}", record["id"].as_str().unwrap()),
        )
        .send()
        .await
        .expect(200);
    // Deleting begins it in the background; the scheduler's turn finds what is left. Either does it once.
    server.advance(121).await;
    server.broker.revoke_tick().await.unwrap();
    while server
        .database
        .number("select count(*) from revocations where status = 'pending'")
        .await
        > 0
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.database.text("select status from revocations").await, "revoked");
    assert_eq!(
        server
            .database
            .number("select count(*) from revocations where sealed is not null")
            .await,
        0
    );
    assert_eq!(server.database.number(live).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_count_exactly() {
    let server = TestServer::start().await;
    let first = server.connect("u-1", ANN).await;
    // Twenty-two more of the same, without twenty-two sign-ins.
    let copied = server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || n, 'u-2'
             from connections, generate_series(1, 22) n",
        )
        .await;
    assert_eq!(copied, 22);
    let page = async |query: &str| {
        server
            .api("GET", &format!("/v1/vault/connections{query}"))
            .send()
            .await
            .expect(200)
            .json()
    };
    let facts = |page: &Value| {
        let rows = page["rows"].as_array().unwrap().len();
        json!([
            rows,
            page["total"],
            page["pages"],
            page["page"],
            page["skip"],
            page["limit"]
        ])
    };
    assert_eq!(facts(&page("").await), json!([20, 23, 2, 1, 0, 20]));
    assert_eq!(facts(&page("?page=2").await), json!([3, 23, 2, 2, 20, 20]));
    assert_eq!(facts(&page("?page=3").await), json!([0, 23, 2, 3, 40, 20]));
    assert_eq!(facts(&page("?limit=100&skip=0").await), json!([23, 23, 1, 1, 0, 100]));
    assert_eq!(facts(&page("?limit=10&skip=20").await), json!([3, 23, 3, 3, 20, 10]));
    assert_eq!(
        facts(&page("?page=null&limit=null").await),
        json!([20, 23, 2, 1, 0, 20])
    );
    assert_eq!(facts(&page("?identity=u-1").await), json!([1, 1, 1, 1, 0, 20]));
    assert_eq!(page("?identity=u-1").await["rows"][0]["id"], first["id"]);
    // Walking through shows each row once.
    let mut seen = std::collections::BTreeSet::new();
    for number in 1..=3 {
        for row in page(&format!("?limit=8&page={number}")).await["rows"]
            .as_array()
            .unwrap()
        {
            assert!(seen.insert(row["id"].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(seen.len(), 23);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_names_and_tags_its_connection() {
    let server = TestServer::start().await;
    let open = |body: Value| server.api("POST", "/v1/authkit/token").json(&body);
    let session = server
        .session(&json!({ "identity": "u-42", "name": "Work", "tags": ["crm", "eu"] }))
        .await;
    let record = server.connect_in(&session, ANN).await;
    assert_eq!(
        (&record["name"], &record["tags"]),
        (&json!("Work"), &json!(["crm", "eu"]))
    );
    let listed = server
        .api("GET", "/v1/vault/connections?tags=eu&name=Work")
        .send()
        .await;
    assert_eq!(listed.expect(200).json()["total"], 1);
    // Connected again it keeps its own.
    let again = server
        .session(&json!({ "connection": record["id"], "name": "Other", "tags": ["new"] }))
        .await;
    let record = server.connect_in(&again, ANN).await;
    assert_eq!(
        (&record["name"], &record["tags"]),
        (&json!("Work"), &json!(["crm", "eu"]))
    );
    for (body, key, said) in [
        (json!({ "tags": ["a,b"] }), "tag_with_comma", "must not hold a comma"),
        (json!({ "tags": vec!["t"; 51] }), "too_many_tags", "50 tags at most"),
        (json!({ "name": "x".repeat(121) }), "value_too_long", "`name`"),
    ] {
        let answer = open(body).send().await;
        assert_eq!(answer.problem(400), key);
        assert!(answer.text.contains(said), "{}", answer.text);
    }
    let odd = open(json!({ "tags": "crm" })).send().await;
    odd.problem(400);
    assert!(odd.text.contains("tags"), "{}", odd.text);
}
