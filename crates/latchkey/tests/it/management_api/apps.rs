//! Integrations and their apps: read by whoever reads connections, changed by keys of scope `admin`, as in the console.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Answer, Consent, OddProvider, TestServer};

const BAD_REQUEST: &str = "err::application::bad_request";
const SECRET: &str = "canary-client-secret-5b1d";
const TOKEN: &str = "canary-admin-token";
const OTHER_TOKEN: &str = "canary-other-token";

/// A service with everything that a form can have.
const ACME: &str = "id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
categories: [crm]
variables:
  instance: { title: Instance, type: url, set_by: operator }
  note: { title: Note, set_by: operator, optional: true, secret: false }
  admin_token: { title: Token of the admin, set_by: operator, secret: true, optional: true, pattern: \"[a-z-]+\" }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: https://acme.example/authorize }
    token: { url: https://acme.example/token, client_auth: private_key_jwt }
    scopes:
      default: [read, write]
      required: [offline]
      known: { read: Read everything, admin: Change the settings }
    headers: { Authorization: \"Bearer ${credential.access_token}\", X-Note: \"${variables.note}\" }
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
    headers: { X-Key: \"${credential.key}\", X-Admin: \"${variables.admin_token}\" }
api: { base_url: \"${variables.instance}/v1\" }
check: { get: /me, account: { id: \"${body.id}\" } }
";

async fn with_acme() -> (TestServer, String) {
    let server = TestServer::builder()
        .with_definitions([("acme.yaml".to_owned(), ACME.to_owned())])
        .start()
        .await;
    let admin = server.key_with(&[Scope::Admin]).await;
    (server, admin)
}

async fn read(server: &TestServer, key: &str, path: &str) -> Answer {
    server
        .api("GET", &format!("/v1/integrations{path}"))
        .key(key)
        .send()
        .await
}

async fn change(server: &TestServer, key: &str, id: &str, body: &Value) -> Answer {
    let call = server.api("PATCH", &format!("/v1/integrations/{id}")).key(key);
    let answer = call.json(body).send().await;
    for secret in [SECRET, TOKEN, OTHER_TOKEN] {
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    answer
}

fn ids(answer: &Value) -> Vec<&str> {
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn integrations_are_listed_as_in_the_catalogue() {
    let (server, admin) = with_acme().await;
    let reads = server.key_with(&[Scope::ConnectionsRead]).await;
    let list = async |query: &str| read(&server, &reads, query).await.expect(200).json();
    server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let one = list("?q=SANDBOX&state=on").await;
    let row = &one["rows"][0];
    assert_eq!(
        (&row["id"], &row["standing"], &row["connections"], &row["attention"]),
        (
            &json!("sandbox"),
            &json!("on"),
            &json!({ "number": 1, "isMore": false }),
            &Value::Null
        )
    );
    let one = list("?q=acme").await;
    let row = &one["rows"][0];
    assert_eq!(
        (&row["standing"], &row["lacks"], &row["kinds"], &row["categories"]),
        (
            &json!("off"),
            &json!(["clientId", "clientKey", "variables.instance"]),
            &json!(["oauth2", "api_key"]),
            &json!(["crm"])
        )
    );
    assert!(row.get("app").is_none());
    assert!(ids(&list("?category=crm&limit=100").await).contains(&"acme"));
    assert!(!ids(&list("?category=email&limit=100").await).contains(&"acme"));
    assert_eq!(ids(&list("?q=acme&kind=oauth1").await), Vec::<&str>::new());
    change(&server, &admin, "acme", &json!({ "enabled": true }))
        .await
        .expect(200);
    assert_eq!(ids(&list("?state=lacking").await), ["acme"]);
    assert_eq!(list("?state=attention").await["total"], 0);

    // Page by page, and all of them.
    let total = list("?limit=1").await["total"].as_u64().unwrap();
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = list(&format!("?limit=100{after}")).await;
        seen.extend(ids(&page).into_iter().map(ToOwned::to_owned));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(u64::try_from(seen.len()).unwrap(), total);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(u64::try_from(seen.len()).unwrap(), total, "each once");

    for wrong in [
        "?category=shoes",
        "?state=broken",
        "?kind=magic",
        "?after=nothing-there",
    ] {
        assert_eq!(read(&server, &reads, wrong).await.problem(400), BAD_REQUEST, "{wrong}");
    }
    let narrow = server.key_with(&[Scope::Passthrough]).await;
    for path in ["", "/acme"] {
        assert_eq!(read(&server, &narrow, path).await.problem(403), "missing_scope");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_set_and_read_and_its_secrets_stay_here() {
    let (server, admin) = with_acme().await;
    let reads = server.key_with(&[Scope::ConnectionsRead]).await;
    let before = read(&server, &reads, "/acme").await.expect(200);
    assert_eq!(before.header("etag"), "\"0\"");
    let app = &before.json()["app"];
    assert_eq!(
        (&app["enabled"], &app["redirectUri"], &app["scopes"], &app["revision"]),
        (&json!(false), &Value::Null, &Value::Null, &json!(0))
    );
    assert_eq!(
        app["knownScopes"],
        json!([
            { "scope": "offline", "words": null, "isUsual": false, "isRequired": true },
            { "scope": "read", "words": "Read everything", "isUsual": true, "isRequired": false },
            { "scope": "write", "words": null, "isUsual": true, "isRequired": false },
            { "scope": "admin", "words": "Change the settings", "isUsual": false, "isRequired": false }
        ])
    );

    let wanted = json!({
        "enabled": true, "clientId": "1234567.acme", "clientSecret": SECRET, "generateClientKey": true,
        "clientKeyId": "key-1", "scopes": ["read", "own:1"],
        "variables": { "instance": "https://one.example.test", "note": "eu", "admin_token": TOKEN },
    });
    let set = change(&server, &admin, "acme", &wanted).await.expect(200);
    let now = set.json();
    assert_eq!((&now["standing"], &now["lacks"]), (&json!("on"), &json!([])));
    let app = &now["app"];
    assert_eq!(set.header("etag"), format!("\"{}\"", app["revision"]));
    for (name, value) in [
        ("enabled", json!(true)),
        ("clientId", json!("1234567.acme")),
        ("hasClientSecret", json!(true)),
        ("hasClientKey", json!(true)),
        ("scopes", json!(["read", "own:1"])),
        (
            "variables",
            json!({ "instance": "https://one.example.test", "note": "eu" }),
        ),
        ("secretVariables", json!(["admin_token"])),
    ] {
        assert_eq!(app[name], value, "{name}");
    }
    for (name, part) in [
        ("redirectUri", "/connections/oauth/callback/"),
        ("jwksUri", "/connections/oauth/jwks/"),
    ] {
        assert!(app[name].as_str().unwrap().contains(part), "{app}");
    }
    assert!(app["clientSecretGivenAt"].is_string() && app["clientKeyGivenAt"].is_string());
    // The client id in full is for who sets it.
    let seen = read(&server, &reads, "/acme").await.expect(200);
    assert_eq!(seen.json()["app"]["clientId"], "1234****");
    let listed = read(&server, &admin, "?q=acme").await.expect(200);
    for answer in [&seen, &listed] {
        assert!(!answer.text.contains(SECRET) && !answer.text.contains(TOKEN));
    }

    // A part of it, and the rest stays.
    let part = json!({ "scopes": [], "variables": { "note": null } });
    let app = change(&server, &admin, "acme", &part).await.expect(200).json()["app"].clone();
    assert_eq!(
        (
            &app["enabled"],
            &app["scopes"],
            &app["variables"],
            &app["secretVariables"]
        ),
        (
            &json!(true),
            &Value::Null,
            &json!({ "instance": "https://one.example.test" }),
            &json!(["admin_token"])
        )
    );
    for taken_away in [
        json!({ "removedSecrets": ["admin_token"] }),
        json!({ "variables": { "admin_token": null } }),
    ] {
        let app = change(&server, &admin, "acme", &taken_away).await.expect(200).json()["app"].clone();
        assert_eq!(app["secretVariables"], json!([]), "{taken_away}");
        change(
            &server,
            &admin,
            "acme",
            &json!({ "variables": { "admin_token": TOKEN } }),
        )
        .await
        .expect(200);
    }
    let off = change(&server, &admin, "acme", &json!({ "enabled": false }))
        .await
        .expect(200);
    assert_eq!(off.json()["standing"], "off");
    assert_eq!(off.json()["app"]["clientId"], "1234567.acme");

    let saved =
        "select count(*) from audit_log where action = 'app.set' and actor like 'key:%' and environment = 'test'";
    assert_eq!(server.database.number(saved).await, 7);
    let said = "select count(*) from audit_log where detail::text like '%canary%'";
    assert_eq!(server.database.number(said).await, 0);
    // Nothing to change changes nothing.
    let same = change(&server, &admin, "acme", &json!({})).await.expect(200);
    assert_eq!(same.header("etag"), off.header("etag"));
    assert_eq!(server.database.number(saved).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_changes_nothing() {
    let (server, admin) = with_acme().await;
    let reads = server.key_with(&[Scope::ConnectionsRead]).await;
    let body = json!({ "enabled": true });
    assert_eq!(
        change(&server, &reads, "acme", &body).await.problem(403),
        "missing_scope"
    );
    assert_eq!(
        change(&server, &admin, "nothing", &body).await.problem(404),
        "integration_not_found"
    );
    assert_eq!(
        read(&server, &admin, "/nothing").await.problem(404),
        "integration_not_found"
    );
    for (wrong, status, key) in [
        (json!({ "client_id": "x" }), 400, BAD_REQUEST),
        (json!({ "enabled": "yes" }), 400, BAD_REQUEST),
        (json!({ "clientSecret": [SECRET] }), 400, BAD_REQUEST),
        (json!({ "clientId": null }), 400, BAD_REQUEST),
        (json!({ "clientSecret": null }), 400, BAD_REQUEST),
        (
            json!({ "variables": { "admin_token": { "x": TOKEN } } }),
            400,
            BAD_REQUEST,
        ),
        (json!({ "clientId": "" }), 400, "bad_client_id"),
        (
            json!({ "clientSecret": format!("{SECRET}\n") }),
            400,
            "bad_client_secret",
        ),
        (json!({ "clientKey": SECRET }), 400, "bad_client_key"),
        (json!({ "clientKeyId": "key-1" }), 400, BAD_REQUEST),
        (json!({ "scopes": [""] }), 400, "bad_scopes"),
        (json!({ "variables": { "nothing": "x" } }), 400, "bad_variable"),
        (json!({ "variables": { "admin_token": "CANARY" } }), 400, "bad_variable"),
        (json!({ "variables": { "note": "" } }), 400, "bad_variable"),
        (json!({ "removedSecrets": ["note"] }), 400, "bad_variable"),
    ] {
        let refused = change(&server, &admin, "acme", &wrong).await;
        assert_eq!(refused.problem(status), key, "{wrong}");
        assert!(!refused.text.contains("CANARY"), "{}", refused.text);
    }
    assert_eq!(
        change(&server, &admin, "sandbox", &json!({ "clientId": "x" }))
            .await
            .problem(422),
        "not_an_oauth_app"
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from audit_log where action = 'app.set'")
            .await,
        0
    );

    // Somebody else was faster.
    let tag = read(&server, &admin, "/acme")
        .await
        .expect(200)
        .header("etag")
        .to_owned();
    let with = async |tag: &str| {
        let call = server
            .api("PATCH", "/v1/integrations/acme")
            .key(&admin)
            .header("if-match", tag);
        call.json(&json!({ "clientId": "mine" })).send().await
    };
    change(&server, &admin, "acme", &json!({ "clientId": "theirs" }))
        .await
        .expect(200);
    let stale = with(&tag).await;
    assert_eq!(stale.problem(412), "app_changed");
    assert!(stale.text.contains("Read it again"), "{}", stale.text);
    let now = read(&server, &admin, "/acme").await.expect(200);
    assert_eq!(now.json()["app"]["clientId"], "theirs");
    assert_eq!(with("mine").await.problem(400), BAD_REQUEST);
    assert_eq!(
        with(now.header("etag")).await.expect(200).json()["app"]["clientId"],
        "mine"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_at_once_are_both_kept() {
    let (server, admin) = with_acme().await;
    let note = json!({ "variables": { "note": "eu" } });
    let instance = json!({ "variables": { "instance": "https://one.example.test" } });
    let (one, two) = tokio::join!(
        change(&server, &admin, "acme", &note),
        change(&server, &admin, "acme", &instance)
    );
    one.expect(200);
    two.expect(200);
    let now = read(&server, &admin, "/acme").await.expect(200).json();
    assert_eq!(
        now["app"]["variables"],
        json!({ "instance": "https://one.example.test", "note": "eu" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_is_switched_by_a_key_with_its_client() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    server.database.execute("delete from apps").await;
    let on = change(&server, &admin, "sandbox", &json!({ "enabled": true }))
        .await
        .expect(200)
        .json();
    assert_eq!((&on["standing"], &on["lacks"]), (&json!("on"), &json!([])));
    server.connect("u-42", Consent::Allow(Account::Ann)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_sends_what_is_kept_to_another_address() {
    let (old, new) = (OddProvider::start().await, OddProvider::start().await);
    let server = TestServer::builder()
        .with_odd_provider(&old)
        .allowing(&new.url())
        .with_definitions([("acme.yaml".to_owned(), ACME.to_owned())])
        .start()
        .await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let odd = async |body: Value| change(&server, &admin, "odd", &body).await;
    let base = "select variables ->> 'base' from apps where integration = 'odd'";
    // A secret is kept.
    for moved in [json!(new.url()), Value::Null] {
        let refused = odd(json!({ "variables": { "base": moved } })).await;
        assert_eq!(refused.problem(403), "address_is_kept");
        assert_eq!(refused.json()["meta"]["variable"], "base");
        for place in ["in the console", "latchkey apps set"] {
            assert!(refused.text.contains(place), "{}", refused.text);
        }
    }
    assert_eq!(server.database.text(base).await, old.url());
    // The same address, and all else, is no move.
    odd(json!({ "clientId": "another", "variables": { "base": old.url() } }))
        .await
        .expect(200);
    // Nobody is connected, and the secret that is kept goes away.
    odd(json!({ "variables": { "base": new.url() }, "clientSecret": SECRET }))
        .await
        .expect(200);
    odd(json!({ "variables": { "base": old.url() }, "clientSecret": SECRET }))
        .await
        .expect(200);
    // Somebody is connected.
    server.import_odd("odd", &["one".to_owned()]).await;
    let refused = odd(json!({ "variables": { "base": new.url() }, "clientSecret": SECRET })).await;
    assert_eq!(refused.problem(403), "address_is_kept");
    assert_eq!(server.database.text(base).await, old.url());

    // A value that is a secret, sealed or from before it was marked as one.
    let (one, two) = ("https://one.example.test", "https://two.example.test");
    let acme = async |variables: Value| change(&server, &admin, "acme", &json!({ "variables": variables })).await;
    acme(json!({ "instance": two })).await.expect(200);
    acme(json!({ "instance": one, "admin_token": TOKEN })).await.expect(200);
    assert_eq!(acme(json!({ "instance": two })).await.problem(403), "address_is_kept");
    acme(json!({ "instance": two, "admin_token": OTHER_TOKEN }))
        .await
        .expect(200);
    server
        .database
        .execute(&format!(
            "update apps set secrets_sealed = null, secret_names = '{{}}',
                    variables = variables || '{{\"admin_token\": \"{TOKEN}\"}}' where integration = 'acme'"
        ))
        .await;
    let seen = read(&server, &admin, "/acme").await.expect(200);
    assert!(!seen.text.contains(TOKEN), "{}", seen.text);
    assert_eq!(seen.json()["app"]["secretVariables"], json!(["admin_token"]));
    assert_eq!(acme(json!({ "instance": one })).await.problem(403), "address_is_kept");
    acme(json!({ "note": "eu" })).await.expect(200);
    let names = "select array_to_string(secret_names, ' ') || variables::text from apps where integration = 'acme'";
    let kept = server.database.text(names).await;
    assert!(kept.starts_with("admin_token") && !kept.contains(TOKEN), "{kept}");
}
