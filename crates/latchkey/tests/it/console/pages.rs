//! What stands on the pages.

use store::Role;
use testkit::{Account, Consent, TestServer};

use super::furnished::{self, Furnished};
use super::matrix::pages_of;
use super::{Person, home, operator};

const ANN: Consent = Consent::Allow(Account::Ann);

#[tokio::test(flavor = "multi_thread")]
async fn home_counts_and_names_what_needs_attention() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let page = viewer.get(&home(&server)).await.expect(200);
    assert!(
        page.text.contains("Nobody has connected anything here yet"),
        "{}",
        page.text
    );
    assert!(
        page.policy.contains("require-trusted-types-for 'script'"),
        "{}",
        page.policy
    );
    for number in 0..3 {
        server.connect(&format!("u-{number}"), ANN).await;
    }
    server
        .database
        .execute(
            "update connections set state = 'failed', state_message = 'The grant was revoked.' where identity = 'u-1'",
        )
        .await;
    let page = viewer.get(&home(&server)).await.expect(200).text;
    let numbers: Vec<&str> = page
        .split("class=\"number\">")
        .skip(1)
        .map(|part| part.split('<').next().unwrap())
        .collect();
    assert_eq!(numbers, ["2", "0", "1", "0"]);
    assert!(
        page.contains("The grant was revoked.") && page.contains("Failed"),
        "{page}"
    );
    let live = viewer
        .get(&format!("/console/{}/live", server.project.id))
        .await
        .expect(200)
        .text;
    assert!(page.contains("top-test") && !live.contains("top-test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_searched_and_paged() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let list = format!("{}/connections", home(&server));
    let empty = viewer.get(&list).await.expect(200).text;
    assert!(empty.contains("Nobody has connected anything here yet"), "{empty}");
    let connection = server.connect("u-ann", ANN).await;
    let rows = |text: &str| text.matches("<tr><th scope=\"row\">").count();
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, state)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || n, 'p_' || n, 'failed'
             from connections, generate_series(1, 120) n",
        )
        .await;
    for (query, found) in [
        ("", 50),
        ("?q=u-ann", 1),
        ("?q=U-AN", 1),
        ("?q=p_1", 32),
        ("?q=pp1", 0),
        ("?q=%25", 0),
        ("?state=operational", 1),
        ("?state=failed&integration=sandbox", 50),
        ("?integration=nosuch", 0),
    ] {
        let page = viewer.get(&format!("{list}{query}")).await.expect(200).text;
        assert_eq!(rows(&page), found, "{query}");
        assert_eq!(page.contains("No connection fits"), found == 0, "{query}");
    }
    let key = connection["key"].as_str().unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("q", key)
        .finish();
    assert_eq!(rows(&viewer.get(&format!("{list}?{form}")).await.expect(200).text), 1);

    let filtered = viewer.get(&format!("{list}?q=p_1&state=failed")).await.expect(200).text;
    assert!(
        filtered.contains(&format!("href=\"{list}?q=p_1\"")),
        "the chip of the state: {filtered}"
    );
    assert!(
        filtered.contains(&format!("href=\"{list}?state=failed\"")),
        "the chip of the text"
    );

    let (mut seen, mut address) = (Vec::new(), format!("{list}?state=failed"));
    loop {
        let page = viewer.get(&address).await.expect(200).text;
        seen.extend(
            page.split("class=\"cell-link\" href=\"")
                .skip(1)
                .map(|part| part.split('"').next().unwrap().to_owned()),
        );
        let Some(next) = page
            .split("rel=\"next\"")
            .next()
            .filter(|_| page.contains("rel=\"next\""))
        else {
            break;
        };
        let next = next.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        address = next.replace("&amp;", "&").replace("&#38;", "&");
    }
    assert_eq!(seen.len(), 120);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 120, "no row twice");
    for wrong in ["?state=bad", "?before=x", &format!("?q={}", "x".repeat(301))] {
        let refused = viewer.get(&format!("{list}{wrong}")).await.expect(400);
        assert!(refused.kind.starts_with("text/html"), "{wrong}");
    }
    viewer.get(&format!("{list}?q=%00")).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_shown_tested_refreshed_and_deleted() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let page = format!("{}/connections/{}", home(&server), connection["id"].as_str().unwrap());
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let shown = viewer.get(&page).await.expect(200).text;
    assert!(
        !shown.contains("/delete\"") && shown.contains("takes the role support"),
        "{shown}"
    );
    let (id, support) = operator(&server, Some(Role::Support)).await;
    let shown = support.get(&page).await.expect(200).text;
    for text in [
        "u-42",
        connection["key"].as_str().unwrap(),
        "connection.created",
        "curl -X DELETE",
        "This connection works.",
    ] {
        assert!(shown.contains(text), "{text} in {shown}");
    }
    let dump = server.database.dump().await;
    assert!(!dump.is_empty());

    let tested = support.post(&format!("{page}/test"), &[]).await.expect(303);
    assert_eq!(tested.location, format!("{page}?done=tested"));
    assert!(
        support
            .get(&tested.location)
            .await
            .expect(200)
            .text
            .contains("The service accepted the credential")
    );
    let refreshed = support.post(&format!("{page}/refresh"), &[]).await.expect(303);
    assert!(refreshed.location.contains("?done=refreshed"), "{}", refreshed.location);
    // A word that no action gives says nothing.
    let odd = support.get(&format!("{page}?done=%3Cb%3Eevil")).await.expect(200).text;
    assert!(!odd.contains("evil") && !odd.contains("class=\"notice"), "{odd}");

    server
        .database
        .execute("update connections set state = 'failed', state_message = 'Revoked.'")
        .await;
    let refused = support.post(&format!("{page}/refresh"), &[]).await;
    assert!(
        refused.status >= 400 && refused.kind.starts_with("text/html"),
        "{}",
        refused.status
    );
    assert!(
        refused.text.contains("notice-bad") && refused.text.contains("u-42"),
        "{}",
        refused.text
    );

    let deleted = support.post(&format!("{page}/delete"), &[]).await.expect(303);
    let list = support.get(&deleted.location).await.expect(200).text;
    assert!(list.contains("The connection was deleted."), "{list}");
    support.get(&page).await.expect(404);
    support.post(&format!("{page}/delete"), &[]).await.expect(404);
    let noted = format!(
        "select string_agg(action, ' ' order by created_at) from audit_log where actor = 'operator:{id}' and subject = 'connection:{}'",
        connection["id"].as_str().unwrap()
    );
    assert_eq!(
        server.database.text(&noted).await,
        "connection.test connection.refresh connection.refresh connection.delete"
    );
}

/// What somebody outside may be called, or say.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title><svg onload=alert(1)>",
    "`<img src=x onerror=alert(1)>` or `</code><script>alert(1)</script>`",
    "{{ 7*7 }}",
    "\u{202e}txt.exe",
];
/// What stands on no page then.
const RAW: [&str; 4] = ["<script>alert", "<img src=x", "<svg onload", "onmouseover='"];

#[tokio::test(flavor = "multi_thread")]
async fn names_from_outside_are_text_on_every_page() {
    let there = Furnished::start().await;
    let server = &there.server;
    let (_, owner) = operator(server, Some(Role::Owner)).await;
    for text in HOSTILE {
        for change in [
            "update projects set name = $1",
            "update connections set identity = $1, account_name = $1, name = $1, label = $1, state = 'failed',
                    state_message = $1, scopes = array[$1], tags = array[$1]",
            "update connect_sessions set identity = $1, label = $1, browser = $1",
            "update connect_links set identity = $1, label = $1, inviter = $1",
            "update connect_problems set code = $1, message = $1",
            "update flows set name = $1, status = 'failed', error_code = $1, error_message = $1, embedder = $1",
            "update api_keys set name = $1, hint = $1",
            "update webhook_endpoints set description = $1, url = 'https://hooks.example.test/' || $1::text",
            "update webhook_deliveries set last_error = $1",
            "update webhook_attempts set response = $1, error = $1, request_body = $1",
            "update requests set path = $1, query_names = $1, host = $1, error_code = $1",
            "update operators set name = $1",
            "insert into refused_embedders (project_id, origin) select id, $1::text from projects",
            "insert into audit_log (id, project_id, environment, action, actor, subject, detail)
             select gen_random_uuid(), id, 'test', 'key.created', 'cli', $1::text, jsonb_build_object('text', $1::text)
             from projects",
        ] {
            let changed = sqlx::query(change).bind(text).execute(server.database.pool()).await;
            assert!(changed.unwrap().rows_affected() > 0, "nothing is there: {change}");
        }
        let reference = furnished::reference(server, &owner, text).await;
        for path in pages_of(Role::Owner) {
            let address = there.address(&path.replace("{identity}", &reference));
            let seen = owner.get(&address).await.expect(200).text;
            for raw in RAW {
                assert!(!seen.contains(raw), "{raw} on {address}: {seen}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_outside_are_text() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let page = format!("{}/connections/{}", home(&server), connection["id"].as_str().unwrap());
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    for text in HOSTILE {
        sqlx::query("update connections set identity = $1, account_name = $1, name = $1, state_message = $1, scopes = array[$1]")
            .bind(text)
            .execute(server.database.pool())
            .await
            .unwrap();
        sqlx::query("update projects set name = $1")
            .bind(text)
            .execute(server.database.pool())
            .await
            .unwrap();
        server.database.execute("update connections set state = 'failed'").await;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", text)
            .finish();
        for address in [
            home(&server),
            format!("{}/connections?{form}", home(&server)),
            page.clone(),
        ] {
            let shown = admin.get(&address).await.expect(200).text;
            for raw in RAW {
                assert!(!shown.contains(raw), "{raw} on {address}: {shown}");
            }
            assert!(!text.contains("7*7") || shown.contains("{{ 7*7 }}"), "{address}");
            assert!(shown.contains("<bdi"), "{address}");
        }
        let person = Person::new(&server);
        let again = person
            .post("/console/sign-in", &[("email", text), ("next", text)])
            .await;
        assert!(!again.expect(401).text.contains(text) || text.starts_with('{') || text.starts_with('\u{202e}'));
        server.database.execute("delete from sign_in_attempts").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_pages_for_browsers_and_json_for_scripts() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let unknown = viewer.get("/console/no/such/page/here").await.expect(404);
    assert!(unknown.kind.starts_with("text/html") && unknown.policy.contains("default-src 'none'"));
    let method = viewer.post("/console/account", &[]).await.expect(405);
    assert!(method.kind.starts_with("text/html"), "{}", method.kind);
    let called = viewer
        .call("/console/api/welcome", &serde_json::json!({ "secret": 1 }))
        .await;
    assert!(called.status == 400 && called.kind == "application/json", "{called:?}");
    let page = format!(
        "{}/connections/{}/delete",
        home(&server),
        store::ConnectionId::generate()
    );
    let forbidden = viewer.post(&page, &[]).await.expect(403);
    assert!(forbidden.text.contains("You are viewer here"), "{}", forbidden.text);
}
