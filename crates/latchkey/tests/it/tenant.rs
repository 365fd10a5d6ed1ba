//! The published addresses that name their tenant: they answer as those without it, and to their own tenant alone.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Answer, Consent, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);
const NOBODY: &str = "0190a000-0000-7000-8000-000000000000";

/// The two forms of a tenant's address.
fn tenants(project: &str) -> [String; 2] {
    [
        format!("organizations/{project}"),
        format!("organizations/{project}/projects/{project}"),
    ]
}

async fn read(server: &TestServer, key: &str, path: &str) -> Answer {
    server.api("GET", path).key(key).send().await
}

/// What is refused, without the id that differs from answer to answer.
fn said(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["correlationId"].take();
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_read_under_their_tenant() {
    let server = TestServer::start().await;
    let record = server.connect("u-42", ANN).await;
    let (id, key) = (record["id"].as_str().unwrap(), record["key"].as_str().unwrap());
    let me = read(&server, &server.test_key, "/v1/users/whoami")
        .await
        .expect(200)
        .json();
    let project = me["project"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        me["organization"]["id"],
        project.as_str(),
        "what stands in the addresses"
    );
    let plain = read(&server, &server.test_key, "/v1/vault/connections?identity=u-42").await;
    let plain = plain.expect(200).json();
    for tenant in tenants(&project) {
        for list in [
            format!("/v1/vault/{tenant}/connections"),
            format!("/v1/connections/{tenant}"),
        ] {
            let page = read(&server, &server.test_key, &format!("{list}?identity=u-42")).await;
            assert_eq!(page.expect(200).json(), plain, "{list}");
            let none = read(&server, &server.test_key, &format!("{list}?identity=u-43")).await;
            assert_eq!(none.expect(200).json()["total"], 0, "{list}");
            let bad = read(&server, &server.test_key, &format!("{list}?identityType=robot")).await;
            bad.problem(400);
            assert!(
                bad.text.contains("none of user, team, organization, project"),
                "{}",
                bad.text
            );
            for name in [id, key, &key.replace('|', "%7C"), &key.replace("::", "%3A%3A")] {
                let one = read(&server, &server.test_key, &format!("{list}/{name}")).await;
                assert_eq!(one.expect(200).json(), plain["rows"][0], "{list} {name}");
            }
            let nobodys = read(&server, &server.test_key, &format!("{list}/{NOBODY}")).await;
            assert_eq!(nobodys.problem(404), "not_found");
            assert_eq!(
                nobodys.json()["message"],
                "This connection does not exist, or belongs to somebody else."
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_and_the_other_environment_reach_nothing() {
    let server = TestServer::start().await;
    let record = server.connect("u-42", ANN).await;
    let id = record["id"].as_str().unwrap();
    let project = server.project.id.to_string();
    let (other, stranger) = server.another_project().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let mut addresses = Vec::new();
    for tenant in tenants("TENANT") {
        addresses.extend([
            format!("/v1/vault/{tenant}/connections"),
            format!("/v1/vault/{tenant}/connections/{id}"),
            format!("/v1/connections/{tenant}"),
            format!("/v1/connections/{tenant}/{id}"),
            format!("/v1/event-access/{tenant}"),
            format!("/v1/management/{tenant}/keys"),
            format!("/v1/webhooks/subscriptions/{tenant}"),
            format!("/v1/webhooks/events/{tenant}"),
        ]);
    }
    addresses.push("/v1/management/organizations/TENANT".to_owned());
    addresses.push("/v1/management/organizations/TENANT/projects".to_owned());
    for address in addresses {
        // The answer does not tell a tenant that is there from one that is not.
        let theirs = read(&server, &stranger, &address.replace("TENANT", &project)).await;
        let nobodys = read(&server, &stranger, &address.replace("TENANT", NOBODY)).await;
        assert_eq!(theirs.problem(404), "not_found", "{address}");
        assert_eq!(said(&theirs), said(&nobodys), "{address}");
        let message = theirs.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("This organization does not exist"), "{message}");
        assert!(message.contains("GET /v1/users/whoami"), "{message}");
        let as_ours = read(&server, &admin, &address.replace("TENANT", &other.to_string())).await;
        assert_eq!(said(&as_ours), said(&nobodys), "{address}");
        // The right organization and somebody else's project.
        if address.contains("projects/TENANT") {
            let mixed = address
                .replacen("TENANT", &project, 1)
                .replace("TENANT", &other.to_string());
            let mixed = read(&server, &admin, &mixed).await;
            mixed.problem(404);
            assert!(mixed.text.contains("This project does not exist"), "{}", mixed.text);
        }
        let unkeyed = server
            .api("GET", &address.replace("TENANT", &project))
            .no_key()
            .send()
            .await;
        unkeyed.problem(401);
    }
    for tenant in tenants(&project) {
        let live = read(&server, &server.live_key, &format!("/v1/connections/{tenant}")).await;
        assert_eq!(live.expect(200).json()["total"], 0);
        read(&server, &server.live_key, &format!("/v1/connections/{tenant}/{id}"))
            .await
            .problem(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_changed_and_deleted_under_their_tenant() {
    let server = TestServer::start().await;
    let project = server.project.id.to_string();
    for tenant in tenants(&project) {
        let record = server.connect("u-42", ANN).await;
        let path = format!("/v1/connections/{tenant}/{}", record["id"].as_str().unwrap());
        let call = |method: &str| server.api(method, &path);
        let changed = call("PATCH")
            .json(&json!({ "name": "Work", "tags": ["a"] }))
            .send()
            .await;
        assert_eq!(changed.expect(200).json()["tags"], json!(["a"]));
        let bad = call("PATCH").json(&json!({ "tags": ["a,b"] })).send().await;
        assert_eq!(bad.problem(400), "tag_with_comma");
        let other = call("PATCH").json(&json!({ "identity": "u-1" })).send().await;
        other.problem(501);
        assert!(other.text.contains("A connection keeps its owner"), "{}", other.text);
        call("DELETE").send().await.expect(200);
        call("GET").send().await.problem(404);
        // Under the vault it is only read.
        let vault = path.replace("/v1/connections/", "/v1/vault/");
        let (before, id) = vault.rsplit_once('/').unwrap();
        let vault = server.api("DELETE", &format!("{before}/connections/{id}")).send().await;
        vault.problem(405);
        assert_eq!(vault.header("allow"), "GET");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted() {
    let server = TestServer::start().await;
    let metrics = async |key: &str| read(&server, key, "/v1/connections/metrics").await;
    let none = metrics(&server.test_key).await.expect(200).json();
    assert_eq!(
        none,
        json!({ "total": 0, "connections": [], "byEnvironment": [], "byPlatform": [] })
    );
    server.connect("u-1", ANN).await;
    server.connect("u-2", ANN).await;
    let two = metrics(&server.test_key).await.expect(200).json();
    assert_eq!(two["total"], 2);
    assert_eq!(
        two["byPlatform"],
        json!([{ "name": "sandbox", "count": 2, "percentage": 100.0 }])
    );
    assert_eq!(
        two["byEnvironment"],
        json!([{ "name": "test", "count": 2, "percentage": 100.0 }])
    );
    assert_eq!(two["connections"].as_array().unwrap().len(), 2);
    assert_eq!(two["connections"][0]["platform"], "sandbox");
    let (_, stranger) = server.another_project().await;
    for foreign in [&stranger, &server.live_key] {
        assert_eq!(metrics(foreign).await.expect(200).json(), none);
    }
    let narrow = server.key_with(&[Scope::Passthrough]).await;
    assert_eq!(metrics(&narrow).await.problem(403), "missing_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_managed_and_events_listed_under_their_tenant() {
    let server = TestServer::builder().allowing("http://127.0.0.1:1").start().await;
    let key = server.key_with(&[Scope::WebhooksWrite]).await;
    let project = server.project.id.to_string();
    let url = "http://127.0.0.1:1/hook";
    for tenant in tenants(&project) {
        let list = format!("/v1/webhooks/subscriptions/{tenant}");
        let call = |method: &str, path: &str| server.api(method, path).key(&key);
        let made = call("POST", &list)
            .json(&json!({ "url": url, "events": ["connection.created"] }))
            .send()
            .await;
        let made = made.expect(201).json();
        assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
        let one = format!("{list}/{}", made["id"].as_str().unwrap());
        let read_back = call("GET", &one).send().await.expect(200).json();
        assert_eq!((&read_back["id"], read_back.get("secret")), (&made["id"], None));
        let page = call("GET", &list).send().await.expect(200).json();
        assert_eq!(page["total"], 1);
        let paused = call("PATCH", &one).json(&json!({ "active": false })).send().await;
        assert_eq!(paused.expect(200).json()["active"], false);
        let tested = call("POST", &format!("{one}/test")).json(&json!({})).send().await;
        assert_eq!(tested.expect(200).json()["eventType"], "webhook.test");
        let bad = call("POST", &list)
            .json(&json!({ "url": url, "events": ["no.such"] }))
            .send()
            .await;
        bad.problem(400);
        assert!(bad.text.contains("no.such"), "{}", bad.text);
        call("DELETE", &one).send().await.expect(200);
        call("GET", &one).send().await.problem(404);
    }

    let record = server.connect("u-42", ANN).await;
    let (_, stranger) = server.another_project().await;
    let mut addresses = vec!["/v1/webhooks/events".to_owned()];
    addresses.extend(tenants(&project).map(|tenant| format!("/v1/webhooks/events/{tenant}")));
    for address in &addresses {
        let page = read(&server, &key, &format!("{address}?eventType=connection.created")).await;
        let page = page.expect(200).json();
        assert_eq!((&page["total"], &page["pages"]), (&json!(1), &json!(1)), "{page}");
        let row = &page["rows"][0];
        assert_eq!(row["eventType"], "connection.created");
        assert_eq!(row["payload"]["id"], record["id"]);
        assert_eq!(
            row["metadata"],
            json!({ "environment": "test", "connectionId": record["id"] })
        );
        assert_eq!(
            (&row["projectId"], &row["organizationId"]),
            (&json!(project), &json!(project))
        );
        let all = read(&server, &key, address).await.expect(200).json();
        assert!(all["total"].as_i64().unwrap() > 1, "{all}");
        let at = row["timestamp"].as_str().unwrap();
        let (day, _) = at.split_once('T').unwrap();
        let found = async |filter: &str| {
            let path = format!("{address}?eventType=connection.created&{filter}");
            read(&server, &key, &path).await.expect(200).json()["total"].clone()
        };
        assert_eq!(found(&format!("after={day}T00:00:00Z")).await, 1);
        assert_eq!(found("before=2001-01-01T00:00:00Z").await, 0);
        assert_eq!(
            found("after=2001-01-01T00:00:00%2B02:00&skip=1").await,
            1,
            "the total of all pages"
        );
        for (filter, name) in [("after=yesterday", "after"), ("before=1700000000", "before")] {
            let bad = read(&server, &key, &format!("{address}?{filter}")).await;
            bad.problem(400);
            assert_eq!(
                bad.json()["message"],
                format!("`{name}` is no time. Write it as 2026-11-25T08:00:00Z.")
            );
        }
        let narrow = read(&server, &server.test_key, address).await;
        assert_eq!(narrow.problem(403), "missing_scope");
    }
    // Another project and the other environment have their own.
    for (project, environment) in [(server.another_project().await.0, "test"), (server.project.id, "live")] {
        let filter = store::EventFilter {
            limit: 20,
            ..Default::default()
        };
        let environment = environment.parse().unwrap();
        assert_eq!(server.store.events(project, environment, &filter).await.unwrap().1, 0);
    }
    read(&server, &stranger, &addresses[1]).await.problem(404);
}
