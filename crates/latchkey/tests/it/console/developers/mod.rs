//! Keys, webhooks, requests and what to embed.

mod keys;
mod webhooks;

use broker::Scope;
use serde_json::{Value, json};
use store::Role;
use testkit::{Account, Consent, TestServer};
use wiremock::MockServer;

use super::{Seen, home, operator};

const ANN: Consent = Consent::Allow(Account::Ann);

/// The text between two others.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end)
        .unwrap_or_else(|| panic!("no {end} behind {start}"))
        .0
}

/// The secret that a page shows.
fn shown(seen: &Seen) -> String {
    between(&seen.text, "data-copy=\"", "\"").to_owned()
}

async fn works(server: &TestServer, key: &str) -> bool {
    server.api("GET", "/v1/users/whoami").key(key).send().await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_place_is_not_there() {
    let receiver = MockServer::start().await;
    let server = TestServer::builder().allowing(&receiver.uri()).start().await;
    let (other, _) = server.another_project().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let own = home(&server);
    let key = server
        .database
        .text(&format!(
            "select id::text from api_keys where project_id = '{}' and environment = 'test'",
            server.project.id
        ))
        .await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let body = json!({ "url": receiver.uri() });
    let hook = server.api("POST", "/v1/webhooks/subscriptions").key(&admin).json(&body);
    let hook = hook.send().await.expect(201).json();
    let hook = hook["id"].as_str().unwrap();
    let tested = owner
        .post(&format!("{own}/webhooks/{hook}/test"), &[])
        .await
        .expect(303)
        .location;
    let delivery = tested
        .split('/')
        .next_back()
        .unwrap()
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    server.broker.write_requests().await.unwrap();
    let request = server.database.text("select id::text from requests limit 1").await;
    for thing in [
        format!("keys/{key}"),
        format!("webhooks/{hook}"),
        format!("webhooks/{hook}/edit"),
        format!("webhooks/{hook}/deliveries/{delivery}"),
        format!("requests/{request}"),
    ] {
        owner.get(&format!("{own}/{thing}")).await.expect(200);
        for place in [
            format!("/console/{other}/test"),
            format!("/console/{}/live", server.project.id),
        ] {
            owner.get(&format!("{place}/{thing}")).await.expect(404);
        }
    }
    for action in [
        format!("keys/{key}/roll"),
        format!("keys/{key}/revoke"),
        format!("webhooks/{hook}/test"),
        format!("webhooks/{hook}/secret"),
        format!("webhooks/{hook}/delete"),
        format!("webhooks/{hook}/deliveries/{delivery}/redeliver"),
    ] {
        owner
            .post(&format!("/console/{other}/test/{action}"), &[])
            .await
            .expect(404);
    }
    // A delivery stands under its own webhook alone.
    let second = server.api("POST", "/v1/webhooks/subscriptions").key(&admin).json(&body);
    let second = second.send().await.expect(201).json();
    let second = second["id"].as_str().unwrap();
    owner
        .get(&format!("{own}/webhooks/{second}/deliveries/{delivery}"))
        .await
        .expect(404);
    owner
        .post(&format!("{own}/webhooks/{second}/deliveries/{delivery}/redeliver"), &[])
        .await
        .expect(404);
    assert!(works(&server, &server.test_key).await);
    // No other site's page sends these forms.
    let foreign = owner.from(Some("https://evil.example"));
    foreign.post(&format!("{own}/keys/{key}/revoke"), &[]).await.expect(403);
    assert!(works(&server, &server.test_key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_found_by_what_an_error_names() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let list = format!("{}/requests", home(&server));
    let empty = developer.get(&list).await.expect(200).text;
    assert!(empty.contains("Nothing was asked yet"), "{empty}");
    let connection = server.connect("u-42", ANN).await;
    let (id, key) = (connection["id"].as_str().unwrap(), connection["key"].as_str().unwrap());
    server
        .api("GET", "/v1/passthrough/me?q=canary")
        .connection(key)
        .send()
        .await
        .expect(200);
    let failed = server
        .api("GET", "/v1/passthrough/me")
        .connection("test::x|y")
        .send()
        .await;
    let correlation: Value = failed.expect(404).json()["correlationId"].clone();
    let correlation = correlation.as_str().unwrap();
    server.broker.write_requests().await.unwrap();

    let rows = |text: &str| text.matches("<th scope=\"row\">").count();
    for (query, found) in [
        ("kind=passthrough".to_owned(), 2),
        ("status=4xx".to_owned(), 1),
        (format!("correlation={correlation}"), 1),
        (format!("connection={id}"), 1),
        (format!("connection={id}&status=5xx"), 0),
    ] {
        let page = developer.get(&format!("{list}?{query}")).await.expect(200).text;
        assert_eq!(rows(&page), found, "{query}");
        assert_eq!(page.contains("No request fits"), found == 0, "{query}");
        assert!(page.contains("Take away the filter"), "{query}");
    }
    for wrong in ["kind=x", "status=600", "connection=x", "key=x", "before=x"] {
        developer.get(&format!("{list}?{wrong}")).await.expect(400);
    }
    let long = "x".repeat(101);
    developer.get(&format!("{list}?correlation={long}")).await.expect(400);

    let page = developer.get(&format!("{list}?connection={id}")).await.text;
    let address = between(&page, "class=\"cell-link\" href=\"", "\"").to_owned();
    let one = developer.get(&address).await.expect(200).text;
    for part in [
        "127.0.0.1",
        "/me?q=VALUE",
        "$SECRET_KEY",
        &format!("/connections/{id}\""),
        "<code>q</code>",
    ] {
        assert!(one.contains(part), "{part} in {one}");
    }
    assert!(!one.contains("canary"), "{one}");

    // On the connection's page for whoever may see requests.
    let place = format!("{}/connections/{id}", home(&server));
    let seen = developer.get(&place).await.expect(200).text;
    assert!(seen.contains("Recent requests") && rows(&seen) == 1, "{seen}");
    assert!(!support.get(&place).await.expect(200).text.contains("Recent requests"));
    // What it named may be gone.
    developer.post(&format!("{place}/delete"), &[]).await.expect(303);
    let one = developer.get(&address).await.expect(200).text;
    assert!(one.contains("Deleted"), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rare_request_is_looked_for_in_stretches() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let list = format!("{}/requests", home(&server));
    // One that was sent on, behind more than a stretch of others.
    let insert = format!(
        "insert into requests (id, project_id, environment, correlation_id, kind, method, path, query_names, status, duration_ms)
         select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{}', 'test', 'c-' || n,
                case when n = 7 then 'passthrough' else 'api' end, 'GET', '/x', '',
                case when n = 7 then 302 when n = 9 then 503 else 200 end, 1
         from generate_series(1, 50100) n",
        server.project.id
    );
    server.database.execute(&insert).await;
    for query in ["status=3xx", "kind=passthrough"] {
        let first = developer.get(&format!("{list}?{query}")).await.expect(200).text;
        assert!(
            first.contains("No request fits among the 50000") && first.contains("Look through older ones"),
            "{query}: {first}"
        );
        let next = between(&first, "<a class=\"button primary\" href=\"", "\"").replace("&#38;", "&");
        let second = developer.get(&next).await.expect(200).text;
        assert_eq!(second.matches("<th scope=\"row\">").count(), 1, "{query}: {second}");
        assert!(!second.contains("looked through"), "{query}");
    }
    // These have indexes of their own.
    for (query, found) in [
        ("status=5xx", 1),
        ("status=4xx", 0),
        ("correlation=c-7&status=3xx", 1),
        ("status=2xx", 50),
    ] {
        let page = developer.get(&format!("{list}?{query}")).await.expect(200).text;
        assert_eq!(page.matches("<th scope=\"row\">").count(), found, "{query}");
        assert!(!page.contains("looked through"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_embed_has_the_projects_own_values() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let address = format!("{}/embed", home(&server));
    let page = viewer.get(&address).await.expect(200).text;
    for part in [
        server.project.publishable_id.as_str(),
        &server.url,
        testkit::SHOP,
        "sk_test_lk_…",
        "/embed/v1.mjs",
        "If your page is in a frame",
        "allow-popups allow-popups-to-escape-sandbox",
        "Without it the service&#39;s sign-in window stays shut.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("/keys/new") && !page.contains(&server.test_key));
    assert!(developer.get(&address).await.text.contains("/keys/new"));
}
