//! The team and the audit log by the API: a live key with the scope `admin` stands for an admin.

use broker::Scope;
use serde_json::{Value, json};
use store::Role;
use testkit::TestServer;

use super::{PASSWORD, Person, operator};

/// The live key, with the scopes `admin` and `credentials:read` from now on.
async fn admin_key(server: &TestServer) -> String {
    server
        .database
        .execute("update api_keys set scopes = '{admin,credentials:read}' where environment = 'live'")
        .await;
    server.live_key.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_invites_changes_and_removes_below_owners() {
    let server = TestServer::start().await;
    let admin = admin_key(&server).await;
    let (owner, _) = operator(&server, Some(Role::Owner)).await;
    let (viewer, person) = operator(&server, Some(Role::Viewer)).await;
    let api = |method: &str, path: &str| server.api(method, path).key(&admin);

    let list = api("GET", "/v1/operators").send().await.expect(200).json();
    assert_eq!(
        (list["rows"].as_array().unwrap().len(), &list["next"]),
        (2, &Value::Null)
    );
    let first = api("GET", "/v1/operators?limit=1").send().await.expect(200).json();
    let next = format!("/v1/operators?limit=1&after={}", first["next"].as_str().unwrap());
    let second = api("GET", &next).send().await.expect(200).json();
    assert_ne!(first["rows"][0]["id"], second["rows"][0]["id"]);
    assert_eq!(second["next"], Value::Null);

    let of = |id: &dyn std::fmt::Display| format!("/v1/operators/{id}");
    let set = |role: &str| json!({ "role": role });
    let changed = api("PATCH", &of(&viewer))
        .json(&set("admin"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["role"], &changed["roleEverywhere"]),
        (&json!("admin"), &Value::Null)
    );
    assert_eq!(
        api("PATCH", &of(&viewer)).json(&set("owner")).send().await.problem(422),
        "owner_of_all"
    );
    api("PATCH", &of(&viewer))
        .json(&set("emperor"))
        .send()
        .await
        .problem(422);
    assert_eq!(
        api("PATCH", &of(&owner)).json(&set("viewer")).send().await.problem(403),
        "person_above"
    );
    assert_eq!(api("DELETE", &of(&owner)).send().await.problem(403), "person_above");
    api("DELETE", &of(&"nonsense")).send().await.problem(404);
    api("DELETE", &of(&viewer)).send().await.expect(204);
    person.get(&format!("{}/team", super::home(&server))).await.expect(404);
    assert_eq!(api("DELETE", &of(&viewer)).send().await.problem(404), "not_on_team");

    let invite = |email: &str, role: &str| json!({ "email": email, "role": role });
    let path = "/v1/operators/invitations";
    assert_eq!(
        api("POST", path).json(&invite("x", "viewer")).send().await.problem(422),
        "no_email"
    );
    assert_eq!(
        api("POST", path)
            .json(&invite("x@example.com", "owner"))
            .send()
            .await
            .problem(422),
        "owner_of_all"
    );
    let made = api("POST", path)
        .json(&invite("cleo@example.com", "support"))
        .send()
        .await
        .expect(201)
        .json();
    let secret = made["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let open = api("GET", path).send().await.expect(200);
    assert!(!open.text.contains(&secret), "{}", open.text);
    assert_eq!(open.json()["rows"][0]["email"], "cleo@example.com");
    let joining = json!({ "secret": secret, "password": PASSWORD });
    Person::new(&server)
        .call("/console/api/invitation/accept", &joining)
        .await
        .expect(200);
    assert_eq!(
        api("POST", path)
            .json(&invite("cleo@example.com", "support"))
            .send()
            .await
            .problem(409),
        "on_team_already"
    );
    let made = api("POST", path)
        .json(&invite("dora@example.com", "viewer"))
        .send()
        .await
        .expect(201)
        .json();
    let ended = format!("{path}/{}", made["id"].as_str().unwrap());
    api("DELETE", &ended).send().await.expect(204);
    assert_eq!(api("DELETE", &ended).send().await.problem(404), "invitation_over");
    let noted = "select count(*) from audit_log where actor like 'key:%' and action like 'operator.%'";
    assert_eq!(server.database.number(noted).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_live_key_with_the_scope_admin_may() {
    let server = TestServer::start().await;
    let (viewer, _) = operator(&server, Some(Role::Viewer)).await;
    let test = server.key_with(&[Scope::Admin]).await;
    let narrow = server.live_key.clone();
    let body = json!({ "email": "eve@example.com", "role": "admin" });
    for (method, path) in [
        ("GET", "/v1/audit".to_owned()),
        ("GET", "/v1/operators".to_owned()),
        ("GET", "/v1/operators/invitations".to_owned()),
        ("POST", "/v1/operators/invitations".to_owned()),
        (
            "DELETE",
            format!("/v1/operators/invitations/{}", store::OperatorLinkId::generate()),
        ),
        ("PATCH", format!("/v1/operators/{viewer}")),
        ("DELETE", format!("/v1/operators/{viewer}")),
    ] {
        for (key, refusal) in [(&test, "live_key_needed"), (&narrow, "missing_scope")] {
            let call = server.api(method, &path).key(key);
            let call = if matches!(method, "POST" | "PATCH") {
                call.json(&body)
            } else {
                call
            };
            assert_eq!(call.send().await.problem(403), refusal, "{method} {path}");
        }
        server.api(method, &path).no_key().send().await.problem(401);
    }
    assert_eq!(server.database.number("select count(*) from operator_links").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_in_pages_by_filters() {
    let server = TestServer::start().await;
    let admin = admin_key(&server).await;
    let (other, _) = server.another_project().await;
    server
        .database
        .execute(&format!(
            "insert into audit_log (id, project_id, environment, action, actor, subject)
             select (lpad(to_hex(1700000000000 + n), 12, '0') || '7000800000000000' || lpad(n::text, 4, '0'))::uuid,
                    case when n % 10 = 0 then '{other}' else '{}' end::uuid, 'live',
                    case when n % 2 = 0 then 'link.created' else 'connection.test' end, 'cli', 'connection:x'
             from generate_series(1, 100) n",
            server.project.id
        ))
        .await;
    let read = |query: String| {
        let (server, admin) = (&server, &admin);
        async move { server.api("GET", &format!("/v1/audit{query}")).key(admin).send().await }
    };
    let (mut seen, mut query) = (Vec::new(), "?limit=40".to_owned());
    loop {
        let page = read(query.clone()).await.expect(200).json();
        seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=40&before={next}");
    }
    assert_eq!(seen.len(), 90);
    seen.dedup();
    assert_eq!(seen.len(), 90);
    for (query, found) in [
        ("?action=connection.", 50),
        ("?action=connection.&actor=key%3A1", 0),
        ("?subject=connection%3Ax&action=link", 40),
        ("?to=2001-01-01T00:00:00Z", 0),
        ("?from=1500-01-01T00:00:00Z&limit=1000", 90),
    ] {
        let page = read(query.to_owned()).await.expect(200).json();
        assert_eq!(page["rows"].as_array().unwrap().len(), found, "{query}");
    }
    for wrong in ["?from=today", "?to=2026-01-31", "?before=x"] {
        read(wrong.to_owned()).await.problem(400);
    }
    read("?actor=%00".to_owned()).await.problem(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_nobody_more_than_it_may_itself() {
    let server = TestServer::start().await;
    let key = admin_key(&server).await;
    let (viewer, _) = operator(&server, Some(Role::Viewer)).await;
    let place = format!("/v1/operators/{viewer}");
    let invite = |role: &str| {
        let body = json!({ "email": format!("{role}@example.com"), "role": role });
        server
            .api("POST", "/v1/operators/invitations")
            .key(&key)
            .json(&body)
            .send()
    };
    let give = |role: &str| {
        server
            .api("PATCH", &place)
            .key(&key)
            .json(&json!({ "role": role }))
            .send()
    };
    let become_ = |what: &str| {
        let text = format!("update api_keys set {what} where environment = 'live'");
        let database = &server.database;
        async move { database.execute(&text).await }
    };
    become_("scopes = '{admin}'").await;
    let refused = invite("admin").await;
    assert_eq!(refused.problem(403), "role_above_key");
    assert!(refused.text.contains("credentials:read"), "{}", refused.text);
    assert_eq!(give("admin").await.problem(403), "role_above_key");
    invite("developer").await.expect(201);
    give("developer").await.expect(200);
    // What has an end or a place gives nothing that has neither.
    for limit in [
        "ip_allow = '{127.0.0.0/8,::1}', expires_at = null",
        "ip_allow = '{}', expires_at = latchkey_now() + interval '1 day'",
    ] {
        become_(&format!("scopes = '{{admin,credentials:read}}', {limit}")).await;
        assert_eq!(invite("viewer").await.problem(403), "key_is_limited", "{limit}");
        assert_eq!(give("viewer").await.problem(403), "key_is_limited", "{limit}");
    }
    assert_eq!(server.database.number("select count(*) from operator_links").await, 1);
    become_("ip_allow = '{}', expires_at = null").await;
    invite("admin").await.expect(201);
    give("admin").await.expect(200);
    // Taking a role gives nobody anything.
    become_("expires_at = latchkey_now() + interval '1 day'").await;
    server.api("DELETE", &place).key(&key).send().await.expect(204);
}
