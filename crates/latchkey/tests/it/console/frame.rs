//! What stands around every page: refusals that keep the navigation, the first steps, and the search.

use serde_json::Value;
use store::{Environment, Role};
use testkit::{Account, Consent, TestServer};

use super::{Person, home, operator};

const ANN: Consent = Consent::Allow(Account::Ann);

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_keeps_the_navigation_and_names_who_can_help() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (admin_id, _) = operator(&server, Some(Role::Admin)).await;
    let (owner_id, _) = operator(&server, Some(Role::Owner)).await;
    let (gone, _) = operator(&server, Some(Role::Owner)).await;
    let off = format!("update operators set disabled_at = now() where id = '{gone}'");
    server.database.execute(&off).await;
    let named = format!("update operators set name = 'Olga <b>Owner' where id = '{owner_id}'");
    server.database.execute(&named).await;

    let page = viewer.get(&format!("{}/audit", home(&server))).await.expect(403).text;
    for part in [
        "You may not do this",
        "takes the role admin",
        "These people can give you the role <strong>admin</strong>:",
        "Olga &#60;b&#62;Owner",
        &format!("{owner_id}@example.com"),
        &format!("{admin_id}@example.com"),
        "aria-label=\"Console\"",
        &format!("href=\"{}/connections\"", home(&server)),
        "Go to the console",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains(&gone.to_string()) && !page.contains("<b>"), "{page}");
    assert!(
        page.find("Olga").unwrap() < page.find(&admin_id.to_string()).unwrap(),
        "owners first"
    );
    // What only an owner has, an admin cannot give.
    let page = viewer.get(&format!("{}/system", home(&server))).await.expect(403).text;
    assert!(
        page.contains("the role <strong>owner</strong>") && !page.contains(&admin_id.to_string()),
        "{page}"
    );
    // A form says it too, and leads back to the page that it stood on.
    let team = format!("{}/team", home(&server));
    let back = viewer.clone().with("referer", &format!("{}{team}", server.url));
    let page = back.post(&format!("{team}/invite"), &[]).await.expect(403).text;
    assert!(
        page.contains(&format!("<a class=\"button\" href=\"{team}\">Back</a>")),
        "{page}"
    );
    let evil = viewer.clone().with("referer", "https://evil.example/console/x");
    let page = evil.post(&format!("{team}/invite"), &[]).await.expect(403).text;
    assert!(!page.contains("evil.example"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_keeps_the_navigation_of_the_place() {
    let server = TestServer::start().await;
    let (other, _) = server.another_project().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let page = viewer
        .get(&format!("{}/connections/nonsense", home(&server)))
        .await
        .expect(404)
        .text;
    assert!(
        page.contains("There is nothing here") && page.contains(&format!("href=\"{}/sessions\"", home(&server))),
        "{page}"
    );
    assert!(!page.contains("can give you the role"), "{page}");
    // Of a place that is not theirs, nothing of the place.
    let page = viewer.get(&format!("/console/{other}/test")).await.expect(404).text;
    assert!(
        page.contains("Go to the console") && !page.contains("Other") && page.contains(">Home</a>"),
        "{page}"
    );
    // Nobody in particular sees a page that stands alone.
    let stranger = Person::new(&server);
    let page = stranger.get("/console/nonsense").await.expect(404).text;
    assert!(
        page.contains("Go to the console") && !page.contains("aria-label=\"Console\""),
        "{page}"
    );
}

fn steps(page: &str) -> Vec<(bool, String)> {
    let Some((_, list)) = page.split_once("class=\"rows steps\"") else {
        return Vec::new();
    };
    let list = list.split("</ol>").next().unwrap();
    let step = |part: &str| {
        let done = part.contains("Done:");
        let (_, name) = part.split_once("class=\"row-name\">").unwrap();
        let name = name.split('>').nth(1).unwrap().split('<').next().unwrap();
        (done, name.to_owned())
    };
    list.split("<li").skip(1).map(step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_steps_are_ticked_by_what_is_there() {
    let server = TestServer::start().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let live = format!("/console/{}/live", server.project.id);
    for statement in ["delete from api_keys", "delete from project_origins"] {
        server.database.execute(statement).await;
    }
    let names = [
        "Add an integration",
        "Make an API key",
        "Put the modal into your page",
        "Connect once yourself",
        "Invite a colleague",
    ];
    let state = async |address: &str| {
        let found = steps(&owner.get(address).await.expect(200).text);
        if !found.is_empty() {
            assert_eq!(found.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), names);
        }
        found.iter().map(|(done, _)| *done).collect::<Vec<_>>()
    };
    // Live has nothing; test has the sandbox.
    assert_eq!(state(&live).await, [false; 5]);
    assert_eq!(state(&home(&server)).await, [true, false, false, false, false]);
    let page = owner.get(&live).await.expect(200).text;
    for path in ["integrations", "keys/new", "embed", "add-connection", "team"] {
        assert!(page.contains(&format!("<a href=\"{live}/{path}\">")), "{path}: {page}");
    }
    let key = server
        .broker
        .create_key(server.project.id, Environment::Live, "x", &[])
        .await
        .unwrap()
        .0;
    assert_eq!(state(&live).await, [false, true, false, false, false]);
    server.store.revoke_api_key(server.project.id, key).await.unwrap();
    assert_eq!(state(&live).await, [false; 5]);
    server
        .store
        .add_origin(server.project.id, "https://shop.example.test")
        .await
        .unwrap();
    assert_eq!(state(&live).await, [false, false, true, false, false]);
    let invite = [("email", "cleo@example.com"), ("role", "support")];
    owner
        .post(&format!("{}/team/invite", home(&server)), &invite)
        .await
        .expect(200);
    assert_eq!(state(&live).await, [false, false, true, false, true]);
    server
        .database
        .execute("update operator_links set ends_at = now()")
        .await;
    assert_eq!(state(&live).await, [false, false, true, false, false]);
    operator(&server, Some(Role::Viewer)).await;
    assert_eq!(state(&live).await, [false, false, true, false, true]);
    // Who may not do a step is told what it takes.
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let page = viewer.get(&live).await.expect(200).text;
    assert!(
        page.contains("It takes the role developer.") && !page.contains(&format!("<a href=\"{live}/keys/new\">")),
        "{page}"
    );
    // A modal that was opened stands somewhere, whether or not a page is on the list.
    server.database.execute("delete from project_origins").await;
    assert_eq!(state(&live).await, [false, false, false, false, true]);
    let opened = "insert into connect_sessions (id, project_id, environment, request_digest, expires_at, opened_at)
                  select gen_random_uuid(), id, 'live', sha256('x'), now(), now() from projects";
    server.database.execute(opened).await;
    assert_eq!(state(&live).await, [false, false, true, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_steps_go_away_when_somebody_connected() {
    let server = TestServer::start().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let page = owner.get(&home(&server)).await.expect(200).text;
    assert!(page.contains("First steps in test"), "{page}");
    server.connect("u-42", ANN).await;
    let page = owner.get(&home(&server)).await.expect(200).text;
    assert!(!page.contains("First steps"), "{page}");
    // Without a key no backend can call: that step is open again, and the others are not.
    server.database.execute("update api_keys set revoked_at = now()").await;
    let page = owner.get(&home(&server)).await.expect(200).text;
    let open: Vec<String> = steps(&page)
        .into_iter()
        .filter(|(done, _)| !done)
        .map(|(_, name)| name)
        .collect();
    assert_eq!(open, ["Make an API key", "Invite a colleague"]);
}

async fn searched(server: &TestServer, person: &Person, text: &str) -> super::Seen {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("q", text)
        .finish();
    person.get(&format!("{}/search?{query}", home(server))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_finds_each_kind_and_a_whole_id_leads_there() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let made: Value = server.connect("u-42", ANN).await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let here = home(&server);
    let connection = format!("{here}/connections/{id}");
    for text in [id, key, &format!("  {} ", id.to_uppercase())] {
        let seen = searched(&server, &viewer, text).await.expect(303);
        assert_eq!(seen.location, connection, "{text}");
    }
    // By what people know it by.
    let account = server.database.text("select account_id from connections").await;
    for text in ["u-4", "U-42", "ann", &account] {
        let page = searched(&server, &viewer, text).await.expect(200).text;
        assert!(page.contains(&format!("href=\"{connection}\"")), "{text}: {page}");
    }
    let page = searched(&server, &viewer, "u-42").await.expect(200).text;
    assert!(
        page.contains(&format!("<a class=\"row-link\" href=\"{here}/identities/")),
        "{page}"
    );
    // By the name of the person, who is found too.
    server
        .database
        .execute("update connections set label = 'Zoe Miller'")
        .await;
    let page = searched(&server, &viewer, "zoe").await.expect(200).text;
    assert!(
        page.contains(&format!("href=\"{connection}\"")) && page.contains(&format!("href=\"{here}/identities/")),
        "{page}"
    );
    assert!(page.contains("of <bdi>Zoe Miller</bdi>, <bdi>u-42</bdi>"), "{page}");
    let page = searched(&server, &viewer, "sandb").await.expect(200).text;
    assert!(
        page.contains(&format!("href=\"{here}/integrations/sandbox\"")),
        "{page}"
    );
    // Pages that a role has.
    let webhooks = format!("<a class=\"row-link\" href=\"{here}/webhooks\">");
    let of_viewer = searched(&server, &viewer, "webh").await.expect(200).text;
    assert!(!of_viewer.contains(&webhooks), "{of_viewer}");
    let of_developer = searched(&server, &developer, "webh").await.expect(200).text;
    assert!(of_developer.contains(&webhooks), "{of_developer}");
    // An attempt, by its id and by the reference that a person quotes.
    let session = server
        .database
        .text("select id::text from connect_sessions limit 1")
        .await;
    let there = searched(&server, &viewer, &session).await.expect(303);
    assert_eq!(there.location, format!("{here}/sessions/{session}"));
    let reference = uuid::Uuid::now_v7();
    let told = format!(
        "insert into connect_problems (id, session_id, project_id, environment, reference, code, message)
         select gen_random_uuid(), id, project_id, environment, '{reference}', 'x', 'y' from connect_sessions limit 1"
    );
    server.database.execute(&told).await;
    let there = searched(&server, &viewer, &reference.to_string()).await.expect(303);
    assert_eq!(there.location, format!("{here}/sessions/{session}"));
    // A request, by its correlation id, for those who see the log.
    let asked = server.api("GET", "/v1/vault/connections").send().await;
    let correlation = asked.header("x-request-id").to_owned();
    server.broker.write_requests().await.unwrap();
    let line = format!("select id::text from requests where correlation_id = '{correlation}'");
    let line = server.database.text(&line).await;
    for text in [&correlation, &line] {
        let there = searched(&server, &developer, text).await.expect(303);
        assert_eq!(there.location, format!("{here}/requests/{line}"));
        let nothing = searched(&server, &viewer, text).await.expect(200).text;
        assert!(nothing.contains("Nothing here fits"), "{nothing}");
    }
    // Without a place it begins in the first project.
    let first = viewer.get("/console/search?q=u-42").await.expect(303);
    assert_eq!(first.location, format!("{here}/search?q=u-42"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_stays_where_it_is_and_says_when_nothing_fits() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let made: Value = server.connect("u-42", ANN).await;
    let id = made["id"].as_str().unwrap();
    let live = format!("/console/{}/live", server.project.id);
    for text in [id, "u-42", "ann"] {
        let page = viewer.get(&format!("{live}/search?q={text}")).await.expect(200).text;
        assert!(
            page.contains("Nothing here fits") && page.contains(&format!("href=\"{}/search?q={text}\"", home(&server))),
            "{page}"
        );
    }
    let (other, _) = server.another_project().await;
    viewer
        .get(&format!("/console/{other}/test/search?q={id}"))
        .await
        .expect(404);
    for text in ["zzz", "%", "_", "' or 1=1 --", "\u{10ffff}", "a\\b"] {
        let page = searched(&server, &viewer, text).await.expect(200).text;
        assert!(page.contains("Nothing here fits"), "{text}: {page}");
    }
    let hostile = searched(&server, &viewer, "\"><script>alert(1)</script>")
        .await
        .expect(200)
        .text;
    assert!(!hostile.contains("<script>alert"), "{hostile}");
    let empty = searched(&server, &viewer, " ").await.expect(200).text;
    assert!(
        empty.contains("What are you looking for?") && empty.contains("data-find autofocus"),
        "{empty}"
    );
    let long = searched(&server, &viewer, &"x".repeat(301)).await.expect(400).text;
    assert!(long.contains("Take at most 300 characters"), "{long}");
    // Every other page has the box in its bar.
    let page = viewer.get(&home(&server)).await.expect(200).text;
    assert!(page.contains(&format!("action=\"{}/search\"", home(&server))), "{page}");
}
