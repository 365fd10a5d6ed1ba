//! How a project looks: over the API, in what pages are given, and on a domain of its own.

mod domain;
mod pictures;

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Answer, SHOP, TestServer};

/// What scripts, style sheets and markup are tried with.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "javascript:alert(1)",
    "red;}body{display:none",
    "url(https://evil.test/x)",
    "@import 'https://evil.test/x.css'",
    "{{7*7}}",
];

/// A server with a key that may change how its project looks.
async fn server() -> (TestServer, String) {
    let server = TestServer::start().await;
    let key = server.key_with(&[Scope::BrandingWrite]).await;
    (server, key)
}

async fn put(server: &TestServer, key: &str, body: &Value) -> Answer {
    server.api("PUT", "/v1/branding").key(key).json(body).send().await
}

/// What the modal reads.
async fn view(server: &TestServer) -> Value {
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let call = server.browser();
    let asked = json!({ "embedder": SHOP });
    call.post("/connect/api/session", Some(&session), &asked)
        .await
        .expect(200)
        .json()
}

async fn embed(server: &TestServer) -> Answer {
    let path = format!("/embed/{}", server.project.publishable_id);
    let call = server.api("GET", &path).no_key().header("sec-fetch-dest", "iframe");
    call.send().await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_is_read_and_reaches_the_modal() {
    let (server, key) = server().await;
    let before = server.api("GET", "/v1/branding").key(&key).send().await.expect(200);
    assert_eq!(before.json()["name"], "Shop");
    assert_eq!(before.json()["poweredBy"], true);
    let set = json!({
        "name": "Shöp", "theme": "dark", "accent": { "light": "#ffd400", "dark": "#3b5bdb" }, "background": "#fffdf5",
        "radius": 20, "font": "Inter, sans-serif", "poweredBy": false,
        "texts": { "en": { "title": "Connect your tools", "explain": "We only read." }, "de": { "title": "Verbinden" } },
        "privacyUrl": "https://shop.example.test/privacy", "termsUrl": "https://shop.example.test/terms",
    });
    let answer = put(&server, &key, &set).await.expect(200);
    let told = answer.json();
    assert_eq!(told["accent"], json!({ "light": "#ffd400", "dark": "#3b5bdb" }));
    let moved: Vec<&str> = told["adjusted"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["field"].as_str())
        .collect();
    assert!(
        moved.contains(&"accent.light") && moved.contains(&"background.dark"),
        "{told}"
    );
    assert_ne!(answer.header("etag"), before.header("etag"));

    let view = view(&server).await;
    assert_eq!(
        (&view["app"]["name"], &view["white_label"]),
        (&json!("Shöp"), &json!(true))
    );
    let branding = &view["branding"];
    assert_eq!(branding["theme"], "dark");
    assert_eq!(branding["style"]["--radius-modal"], "20px");
    assert_eq!(branding["style"]["--font"], "\"Inter\", sans-serif");
    assert!(
        branding["style"]["--accent"]
            .as_str()
            .unwrap()
            .starts_with("light-dark(#"),
        "{branding}"
    );
    assert_eq!(branding["texts"]["de"]["title"], "Verbinden");
    assert_eq!(branding["privacy_url"], "https://shop.example.test/privacy");
    let page = embed(&server).await;
    assert!(
        page.text.contains(":root{--surface:light-dark(#") && page.text.contains("data-theme=\"dark\""),
        "{}",
        page.text
    );
    assert!(page.text.contains("--font:\"Inter\", sans-serif;"), "{}", page.text);

    // An answer can be sent back; what is left out is ours again.
    put(&server, &key, &told).await.expect(200);
    let cleared = put(&server, &key, &json!({})).await.expect(200).json();
    assert_eq!(cleared["name"], "Shöp");
    // The project keeps its own name, which is what people read until there is another one.
    let project = async || server.store.project(server.project.id).await.unwrap().unwrap();
    assert_eq!(project().await.name, "Shop");
    put(&server, &key, &json!({ "name": "Shop" })).await.expect(200);
    assert_eq!(project().await.brand_name, None);
    let change = store::ProjectChange {
        name: Some("Shop two".to_owned()),
        ..store::ProjectChange::default()
    };
    server.store.change_project(server.project.id, change).await.unwrap();
    assert_eq!(project().await.shown_name(), "Shop two");
    put(&server, &key, &json!({ "name": "Shöp" })).await.expect(200);
    assert_eq!(project().await.name, "Shop two");
    assert_eq!(
        (&cleared["accent"], &cleared["poweredBy"]),
        (&Value::Null, &json!(true))
    );
    assert!(!embed(&server).await.text.contains("<style"), "nothing is set");
    assert_eq!(server.store.audit_count("branding.changed").await.unwrap(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_meets_the_revision_that_was_read() {
    let (server, key) = server().await;
    let read = server.api("GET", "/v1/branding").key(&key).send().await.expect(200);
    let with = |tag: &str, radius: u8| {
        let call = server.api("PUT", "/v1/branding").key(&key).header("if-match", tag);
        call.json(&json!({ "radius": radius }))
    };
    let first = with(read.header("etag"), 4).send().await.expect(200);
    let late = with(read.header("etag"), 5).send().await;
    assert_eq!(late.problem(412), "branding_changed");
    assert!(
        late.text
            .contains("Read it again, and send your change with its new `ETag`."),
        "{}",
        late.text
    );
    assert_eq!(
        server.api("GET", "/v1/branding").key(&key).send().await.json()["radius"],
        4
    );
    with(first.header("etag"), 6).send().await.expect(200);
    with("*", 7).send().await.expect(200);
    let odd = with("yesterday", 8).send().await;
    odd.problem(400);
    assert!(
        odd.text.contains("`If-Match` is not an `ETag` of `GET /v1/branding`"),
        "{}",
        odd.text
    );
    let late = server
        .api("DELETE", "/v1/branding/logo")
        .key(&key)
        .header("if-match", read.header("etag"));
    assert_eq!(late.send().await.problem(412), "branding_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_is_named_and_nothing_is_changed() {
    let (server, key) = server().await;
    let refused = put(
        &server,
        &key,
        &json!({ "accent": "red", "radius": 99, "texts": { "xx": {} } }),
    )
    .await;
    assert_eq!(refused.problem(422), "branding_not_valid");
    let body = refused.json();
    let message = body["message"].as_str().unwrap();
    assert!(
        message.starts_with("Nothing was changed. `accent.light`: write a colour as six hexadecimal digits"),
        "{message}"
    );
    assert_eq!(body["meta"]["fields"]["radius"], "write whole pixels from 0 to 24");
    assert!(
        body["meta"]["fields"]["texts.xx"]
            .as_str()
            .unwrap()
            .starts_with("the modal speaks en, de")
    );
    let unknown = put(&server, &key, &json!({ "colour": "#fff" })).await;
    unknown.problem(400);
    assert!(
        unknown.text.contains("a field that this call does not have"),
        "{}",
        unknown.text
    );
    let other = put(&server, &server.test_key, &json!({})).await;
    assert_eq!(other.problem(403), "missing_scope");
    assert!(other.text.contains("`branding:write`"), "{}", other.text);
    assert_eq!(server.database.text("select branding::text from projects").await, "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_are_refused_or_stay_texts() {
    let (server, key) = server().await;
    for text in HOSTILE {
        for field in ["accent", "background", "font", "privacyUrl", "termsUrl", "theme"] {
            let refused = put(&server, &key, &json!({ field: text })).await;
            assert_eq!(refused.problem(422), "branding_not_valid", "{field} {text}");
        }
        let texts = json!({ "title": text, "lead": text, "explain": text, "success": text });
        put(&server, &key, &json!({ "name": text, "texts": { "en": texts } }))
            .await
            .expect(200);
        let page = embed(&server).await.text;
        assert!(!page.contains(text) || !text.contains(['<', '"']), "{text}: {page}");
        assert_eq!(view(&server).await["branding"]["texts"]["en"]["title"], text);
    }
    // What a hand wrote into the database reaches no style sheet either.
    for text in HOSTILE {
        let stored = json!({ "accent": text, "background": { "light": text }, "font": text, "radius": text, "theme": text, "logo_url": text });
        let sql = format!(
            "update projects set branding = '{}'",
            stored.to_string().replace('\'', "''")
        );
        server.database.execute(&sql).await;
        let page = embed(&server).await.text;
        assert!(!page.contains("<style") && !page.contains("alert(1)"), "{text}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_replicas_show_a_change_at_once() {
    let (server, key) = server().await;
    let beside = server.beside().await;
    let path = format!("/embed/{}", server.project.publishable_id);
    let shown = async || {
        let call = server
            .api_of(&beside, "GET", &path)
            .no_key()
            .header("sec-fetch-dest", "iframe");
        call.send().await.expect(200).text
    };
    assert!(!shown().await.contains("--radius-modal"));
    put(&server, &key, &json!({ "radius": 3 })).await.expect(200);
    assert!(shown().await.contains("--radius-modal:3px;"));
    put(&server, &key, &json!({ "radius": 9 })).await.expect(200);
    assert!(shown().await.contains("--radius-modal:9px;"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_version_before_wrote_is_still_shown() {
    let (server, key) = server().await;
    let sql = r##"update projects set branding = '{"accent": "#3b5bdb", "theme": "dark", "logo_url": "https://cdn.shop.test/a.png"}'"##;
    server.database.execute(sql).await;
    let view = view(&server).await;
    assert_eq!(view["app"]["logo_url"], "https://cdn.shop.test/a.png");
    assert!(
        view["branding"]["style"]["--accent"]
            .as_str()
            .unwrap()
            .contains("#3b5bdb"),
        "{view}"
    );
    let told = server
        .api("GET", "/v1/branding")
        .key(&key)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(told["accent"], json!({ "light": "#3b5bdb", "dark": "#3b5bdb" }));
}
