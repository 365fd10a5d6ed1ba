//! Who may show the modal, what all pages say to browsers, and how the modal hears of the end.

use serde_json::json;
use testkit::{Account, Answer, Consent, SHOP, TestServer};

fn ancestors(page: &Answer) -> String {
    let policy = page.header("content-security-policy");
    let directive = policy
        .split(';')
        .map(str::trim)
        .find_map(|directive| directive.strip_prefix("frame-ancestors "));
    directive
        .unwrap_or_else(|| panic!("{} without frame-ancestors: {policy}", page.status))
        .to_owned()
}

async fn framed(server: &TestServer, path: &str, referrer: Option<&str>) -> Answer {
    let call = server.api("GET", path).no_key().header("sec-fetch-dest", "iframe");
    match referrer {
        Some(referrer) => call.header("referer", referrer).send().await,
        None => call.send().await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_pages_frame_the_modal() {
    let server = TestServer::start().await;
    let embed = format!("/embed/{}", server.project.publishable_id);
    let page = framed(&server, &embed, None).await.expect(200);
    assert_eq!(ancestors(&page), SHOP);
    assert_eq!(
        page.header("x-frame-options"),
        "",
        "it would forbid what the policy allows"
    );
    assert_eq!(
        ancestors(
            &framed(&server, "/?data=e30%3D", Some("https://shop.example.test/x"))
                .await
                .expect(200)
        ),
        SHOP
    );
    assert_eq!(
        ancestors(&framed(&server, "/?data=e30%3D", None).await.expect(200)),
        SHOP,
        "the default project's"
    );
    assert_eq!(
        ancestors(&framed(&server, "/?data=e30%3D", Some("https://evil.test/")).await),
        "'none'"
    );
    let unknown = framed(&server, "/embed/pub_nobody", None).await;
    assert_eq!((unknown.status, ancestors(&unknown).as_str()), (404, "'none'"));
    let opened = server.api("GET", "/embed/pub_nobody").no_key();
    let opened = opened.header("sec-fetch-dest", "document").send().await.expect(404);
    assert!(opened.text.contains("This address is not in use"), "{}", opened.text);
    let top = server
        .browser()
        .navigate("/?data=e30%3D", &[("sec-fetch-site", "none")])
        .await;
    assert!(
        !top.text.contains("<script"),
        "a page at top level runs nothing: {}",
        top.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_common_headers() {
    let server = TestServer::start().await;
    let embed = format!("/embed/{}", server.project.publishable_id);
    for path in [
        "/",
        "/connect/start",
        "/connect/done",
        "/connect/confirm",
        "/v1/users/flags",
        "/healthz",
        "/nothing",
        &embed,
    ] {
        let answer = server
            .api("GET", path)
            .header("origin", "https://evil.test")
            .send()
            .await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let open = answer
            .headers
            .keys()
            .find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(open, None, "{path}");
    }
    for path in ["/connect/start", "/connect/done"] {
        let page = server.browser().get(path).await;
        assert_eq!(
            (page.header("x-frame-options"), ancestors(&page).as_str()),
            ("DENY", "'none'"),
            "{path}"
        );
        assert!(
            matches!(page.header("cross-origin-opener-policy"), "" | "unsafe-none"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_tells_each_change_to_the_end() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let path = format!("/connect/api/flows/{}/events", flow.flow);
    server.api("GET", &path).no_key().send().await.problem(404);
    let stranger = vault::Token::generate().expose();
    let call = |handle: &str| {
        server
            .api("GET", &path)
            .no_key()
            .header("authorization", &format!("Bearer {handle}"))
    };
    call(&stranger).send().await.problem(404);
    let mut stream = call(&flow.result).begin().await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains(r#""stage":"created""#));
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Allow(Account::Ann)).await;
    browser.get(&callback).await.expect(303);
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.push_str(&String::from_utf8_lossy(&chunk));
    }
    let last = rest.lines().rev().find_map(|line| line.strip_prefix("data:")).unwrap();
    let last: serde_json::Value = serde_json::from_str(last.trim()).unwrap();
    assert_eq!(
        (&last["status"], &last["stage"]),
        (&json!("success"), &json!("succeeded"))
    );
    assert_eq!(last, browser.check(&flow.result).await, "the same as the poll");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_were_refused_are_told_to_the_operator() {
    let server = TestServer::start().await;
    let embed = format!("/embed/{}", server.project.publishable_id);
    let known = async || server.store.refused_embedders(server.project.id).await.unwrap();
    let until = async |count: usize| {
        while known().await.len() < count {
            tokio::task::yield_now().await;
        }
    };
    framed(&server, &embed, Some("https://evil.test/page?secret=1"))
        .await
        .expect(200);
    until(1).await;
    framed(&server, "/?data=e30%3D", Some("https://other.test/")).await;
    until(2).await;
    // The same again within a minute is not written.
    server.advance(30).await;
    server
        .store
        .note_refused_embedder(server.project.id, "https://evil.test")
        .await
        .unwrap();
    let rows = known().await;
    let seen: Vec<_> = rows.iter().map(|page| (page.origin.as_str(), page.times)).collect();
    assert_eq!(seen, [("https://other.test", 1), ("https://evil.test", 1)], "{rows:?}");
    server.advance(61).await;
    server
        .store
        .note_refused_embedder(server.project.id, "https://evil.test")
        .await
        .unwrap();
    assert_eq!(
        (known().await[0].origin.as_str(), known().await[0].times),
        ("https://evil.test", 2)
    );

    // A listed page, no page, a visit that frames nothing and what cannot be on the list are no question.
    framed(&server, &embed, Some(SHOP)).await;
    framed(&server, &embed, None).await;
    framed(&server, &embed, Some("http://plain.test/")).await;
    let visit = server.api("GET", &embed).no_key().header("sec-fetch-dest", "document");
    visit.header("referer", "https://visitor.test/").send().await;
    // The session call of a page that the list does not have is the inner wall.
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let walled = server
        .browser()
        .post(
            "/connect/api/session",
            Some(&session),
            &json!({ "embedder": "https://inner.test" }),
        )
        .await;
    assert_eq!(walled.problem(403), "embedder_not_allowed");
    until(3).await;
    let origins: Vec<_> = known().await.into_iter().map(|page| page.origin).collect();
    assert!(origins.contains(&"https://inner.test".to_owned()), "{origins:?}");
    assert_eq!(origins.len(), 3, "{origins:?}");

    // Who is put on the list is refused no more; the list itself stays short.
    server
        .store
        .add_origin(server.project.id, "https://evil.test")
        .await
        .unwrap();
    assert_eq!(known().await.len(), 2);
    for number in 0..store::REFUSED_EMBEDDERS_KEPT + 5 {
        server.advance(1).await;
        let origin = format!("https://flood-{number}.test");
        server
            .store
            .note_refused_embedder(server.project.id, &origin)
            .await
            .unwrap();
    }
    let kept = known().await;
    assert_eq!(i64::try_from(kept.len()).unwrap(), store::REFUSED_EMBEDDERS_KEPT);
    assert!(kept[0].origin.contains("flood-104"), "{kept:?}");
}
