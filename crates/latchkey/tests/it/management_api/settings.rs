//! The settings of the project, and the pages that embed its modal.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Answer, SHOP, TestServer};

use super::encoded;

/// The live key, with the scope `admin` from now on.
async fn admin_key(server: &TestServer) -> String {
    server
        .database
        .execute("update api_keys set scopes = '{admin}' where environment = 'live'")
        .await;
    server.live_key.clone()
}

/// A call about the project of the server.
async fn project(server: &TestServer, key: &str, method: &str, tail: &str, body: Option<&Value>) -> Answer {
    let path = format!("/v1/projects/{}{tail}", server.project.id);
    let call = server.api(method, &path).key(key);
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

async fn noted(server: &TestServer) -> String {
    let actions = "select coalesce(string_agg(action, ' ' order by id), '') from audit_log
                   where action like 'project.%' and actor like 'key:%' and environment is null";
    server.database.text(actions).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_read_and_changed_as_in_the_console() {
    let server = TestServer::start().await;
    let admin = admin_key(&server).await;
    let read = project(&server, &admin, "GET", "", None).await.expect(200);
    let before = read.json();
    let tag = read.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", before["revision"]));
    for (name, value) in [
        ("id", json!(server.project.id.to_string())),
        ("publishableId", json!(server.project.publishable_id)),
        ("verify", json!("hosted")),
        ("verifyUrl", Value::Null),
        ("refuseUnproved", json!(false)),
        ("alwaysConfirm", json!(false)),
        ("origins", json!([SHOP])),
        ("domain", Value::Null),
    ] {
        assert_eq!(before[name], value, "{name}: {before}");
    }
    // A part of it, and the rest stays.
    let change = json!({
        "name": " Shop of Ann ", "verify": "always", "verifyUrl": "https://app.example.com/connected",
        "homeUrl": "https://app.example.com", "refuseUnproved": true, "alwaysConfirm": true, "mail": true,
    });
    let path = format!("/v1/projects/{}", server.project.id);
    let with = |tag: &str| server.api("PATCH", &path).key(&admin).header("if-match", tag);
    let changed = with(&tag).json(&change).send().await.expect(200);
    let now = changed.json();
    assert_ne!(changed.header("etag"), tag);
    for (name, value) in change.as_object().unwrap() {
        let stored = match name.as_str() {
            "name" => json!("Shop of Ann"),
            "homeUrl" => json!("https://app.example.com/"),
            _ => value.clone(),
        };
        assert_eq!(now[name], stored, "{name}");
    }
    let part = json!({ "verify": "off", "verifyUrl": null, "mail": false });
    let now = project(&server, &admin, "PATCH", "", Some(&part))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&now["verify"], &now["verifyUrl"], &now["mail"], &now["homeUrl"]),
        (
            &json!("off"),
            &Value::Null,
            &json!(false),
            &json!("https://app.example.com/")
        )
    );
    assert_eq!(noted(&server).await, "project.changed project.changed");
    let detail =
        "select detail->'after'->>'verify' from audit_log where action = 'project.changed' order by id desc limit 1";
    assert_eq!(server.database.text(detail).await, "off");

    // Somebody else was faster.
    let late = with(&tag).json(&json!({ "name": "Late" })).send().await;
    assert_eq!(late.problem(412), "settings_changed");
    let late = with(&tag).json(&json!({})).send().await;
    assert_eq!(late.problem(412), "settings_changed");
    with("17").json(&json!({ "name": "Late" })).send().await.problem(400);
    with("*").json(&json!({ "name": "Any" })).send().await.expect(200);
    // What changes nothing leaves no line.
    let same = project(&server, &admin, "PATCH", "", Some(&json!({ "name": "Any" }))).await;
    let revision = same.expect(200).json()["revision"].clone();
    let none = project(&server, &admin, "PATCH", "", Some(&json!({})))
        .await
        .expect(200)
        .json();
    assert_eq!(none["revision"], revision);
    assert_eq!(noted(&server).await.split(' ').count(), 3);
    // Without a revision the changes of two come together.
    let (one, other) = (json!({ "name": "Both" }), json!({ "alwaysConfirm": false }));
    let (one, other) = tokio::join!(
        project(&server, &admin, "PATCH", "", Some(&one)),
        project(&server, &admin, "PATCH", "", Some(&other)),
    );
    one.expect(200);
    other.expect(200);
    let both = project(&server, &admin, "GET", "", None).await.expect(200).json();
    assert_eq!((&both["name"], &both["alwaysConfirm"]), (&json!("Both"), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_are_refused_and_nothing_is_changed() {
    let server = TestServer::start().await;
    let admin = admin_key(&server).await;
    let before = project(&server, &admin, "GET", "", None).await.expect(200).text;
    for (change, status, key) in [
        (json!({ "name": " " }), 422, "bad_name"),
        (json!({ "name": "x".repeat(121) }), 422, "bad_name"),
        (json!({ "name": "a\u{7}b" }), 422, "bad_name"),
        (json!({ "verify": "sometimes" }), 422, "bad_verify"),
        (json!({ "verify": "always" }), 422, "no_verify_url"),
        (json!({ "verifyUrl": "http://app.example.com" }), 422, "bad_verify_url"),
        (json!({ "homeUrl": "javascript:alert(1)" }), 422, "bad_home_url"),
        (json!({ "eventDays": 0 }), 422, "bad_event_days"),
        (json!({ "eventDays": 100_000 }), 422, "bad_event_days"),
        (json!({ "requestDays": 3_000 }), 422, "bad_request_days"),
    ] {
        let refused = project(&server, &admin, "PATCH", "", Some(&change)).await;
        assert_eq!(refused.problem(status), key, "{change}");
    }
    for (change, said) in [
        (json!({ "mail": "yes" }), "`mail`"),
        (
            json!({ "eventDays": -1 }),
            "`eventDays` has to be a whole number from 0",
        ),
        (
            json!({ "verify_url": "https://a.example" }),
            "It has `name`, `verify`, `verifyUrl`",
        ),
        (
            json!({ "domain": "https://a.example" }),
            "a field that this call does not have",
        ),
        (json!({ "name": "a\u{0}b" }), "NUL"),
    ] {
        let refused = project(&server, &admin, "PATCH", "", Some(&change)).await.expect(400);
        assert!(refused.text.contains(said), "{change}: {}", refused.text);
    }
    assert_eq!(project(&server, &admin, "GET", "", None).await.text, before);
    assert_eq!(noted(&server).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_were_refused_are_listed_and_allowed() {
    let server = TestServer::start().await;
    let admin = admin_key(&server).await;
    let new = "https://new.example.test";
    server
        .store
        .note_refused_embedder(server.project.id, new)
        .await
        .unwrap();
    let list = server.api("GET", "/v1/embedders").send().await.expect(200).json();
    assert_eq!(
        (&list["rows"][0]["origin"], &list["rows"][0]["times"]),
        (&json!(new), &json!(1))
    );
    assert_eq!(list["allowed"], json!([SHOP]));
    assert!(list["rows"][0]["firstAt"].is_string() && list["rows"][0]["lastAt"].is_string());

    for (origin, said) in [
        ("", "write it as"),
        ("https://*.a.test", "wildcards"),
        ("http://a.test", "use https"),
        ("https://a.test/page", "leave out everything"),
    ] {
        let body = json!({ "origin": origin });
        let refused = project(&server, &admin, "POST", "/origins", Some(&body)).await;
        assert!(refused.text.contains(said), "{}", refused.text);
        assert_eq!(refused.problem(422), "bad_origin");
    }
    for body in [json!({}), json!({ "origin": 1 }), json!({ "origins": [new] })] {
        project(&server, &admin, "POST", "/origins", Some(&body))
            .await
            .problem(400);
    }
    assert_eq!(noted(&server).await, "");
    let body = json!({ "origin": "https://NEW.example.test/" });
    let added = project(&server, &admin, "POST", "/origins", Some(&body))
        .await
        .expect(200);
    assert_eq!(added.json()["origins"], json!([new, SHOP]));
    let list = server.api("GET", "/v1/embedders").send().await.expect(200).json();
    assert_eq!((&list["rows"], &list["allowed"]), (&json!([]), &json!([new, SHOP])));

    let remove = format!("/origins?origin={}", encoded("https://new.example.test/"));
    let removed = project(&server, &admin, "DELETE", &remove, None).await.expect(200);
    assert_eq!(removed.json()["origins"], json!([SHOP]));
    let gone = project(&server, &admin, "DELETE", &remove, None).await;
    assert_eq!(gone.problem(404), "no_such_origin");
    project(&server, &admin, "DELETE", "/origins", None).await.problem(400);
    assert_eq!(noted(&server).await, "project.origin_added project.origin_removed");
    let narrow = server.key_with(&[Scope::SessionsWrite]).await;
    let refused = server.api("GET", "/v1/embedders").key(&narrow).send().await;
    assert_eq!(refused.problem(403), "missing_scope");
    let (_, stranger) = server.another_project().await;
    let none = server
        .api("GET", "/v1/embedders")
        .key(&stranger)
        .send()
        .await
        .expect(200);
    assert_eq!(none.json(), json!({ "rows": [], "allowed": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_for_live_keys_of_the_same_project() {
    let server = TestServer::start().await;
    let test = server.key_with(&[Scope::Admin]).await;
    let narrow = server.live_key.clone();
    let (other, _) = server.another_project().await;
    let origin = json!({ "origin": "https://evil.example.test" });
    let remove = format!("/origins?origin={}", encoded(SHOP));
    let changes = [
        ("PATCH", String::new(), Some(json!({ "verify": "off", "name": "Evil" }))),
        ("POST", "/origins".to_owned(), Some(origin)),
        ("DELETE", remove, None),
    ];
    for (method, tail, body) in &changes {
        let refused = project(&server, &test, method, tail, body.as_ref()).await;
        assert_eq!(refused.problem(403), "live_key_needed", "{method} {tail}");
        let refused = project(&server, &narrow, method, tail, body.as_ref()).await;
        assert_eq!(refused.problem(403), "missing_scope", "{method} {tail}");
    }
    // To read them, the scope is enough.
    project(&server, &test, "GET", "", None).await.expect(200);
    let refused = project(&server, &narrow, "GET", "", None).await;
    assert_eq!(refused.problem(403), "missing_scope");
    // What a key with an end or a list of addresses would set has neither.
    let limited = admin_key(&server).await;
    for limit in [
        "expires_at = now() + interval '1 day'",
        "expires_at = null, ip_allow = '{127.0.0.1}'",
    ] {
        server
            .database
            .execute(&format!(
                "update api_keys set {limit} where environment = 'live' and 'admin' = any (scopes)"
            ))
            .await;
        for (method, tail, body) in &changes {
            let refused = project(&server, &limited, method, tail, body.as_ref()).await;
            assert_eq!(refused.problem(403), "key_is_limited", "{limit}: {method} {tail}");
        }
        project(&server, &limited, "GET", "", None).await.expect(200);
    }
    let unlimited = "update api_keys set expires_at = null, ip_allow = '{}'";
    server.database.execute(unlimited).await;
    let admin = admin_key(&server).await;
    let reading = ("GET", String::new(), None);
    for (method, tail, body) in changes.iter().chain([&reading]) {
        for id in [
            other.to_string(),
            store::ProjectId::generate().to_string(),
            "nonsense".to_owned(),
        ] {
            let call = server.api(method, &format!("/v1/projects/{id}{tail}")).key(&admin);
            let call = match body {
                Some(body) => call.json(body),
                None => call,
            };
            assert_eq!(call.send().await.problem(404), "not_found", "{method} {id}{tail}");
        }
    }
    for project in [server.project.id, other] {
        let stored = server.store.project(project).await.unwrap().unwrap();
        assert_ne!(stored.name, "Evil");
    }
    assert_eq!(server.store.origins(server.project.id).await.unwrap(), [SHOP]);
    assert_eq!(noted(&server).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_things_are_kept_is_set_and_given_back() {
    let server = TestServer::start().await;
    let admin = admin_key(&server).await;
    let days = async |change: Value| {
        let now = project(&server, &admin, "PATCH", "", Some(&change))
            .await
            .expect(200)
            .json();
        (now["eventDays"].clone(), now["requestDays"].clone())
    };
    assert_eq!(days(json!({})).await, (Value::Null, Value::Null));
    assert_eq!(
        days(json!({ "eventDays": 5, "requestDays": 1 })).await,
        (json!(5), json!(1))
    );
    assert_eq!(days(json!({ "requestDays": null })).await, (json!(5), Value::Null));
    assert_eq!(days(json!({ "name": "Any" })).await, (json!(5), Value::Null));
}
