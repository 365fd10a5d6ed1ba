//! The list of identities, and the page of one.

use store::Role;
use testkit::TestServer;

use super::super::{home, operator};
use super::{ANN, between, pair};

#[tokio::test(flavor = "multi_thread")]
async fn identities_are_listed_searched_and_paged() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let list = format!("{}/identities", home(&server));
    let empty = viewer.get(&list).await.expect(200).text;
    assert!(empty.contains("Nobody has connected anything here yet"), "{empty}");
    server.connect("u-ann", ANN).await;
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity,
                    identity_type, label, state)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || n || coalesce(k, '-'),
                    'P_' || lpad(n::text, 3, '0'), k, 'Person ' || n, case when n = 7 then 'failed' else 'operational' end
             from connections, generate_series(1, 70) n, unnest(array['user', 'team', null]) k",
        )
        .await;
    let rows = |text: &str| text.matches("<tr><th scope=\"row\">").count();
    for (query, found) in [
        ("?q=p_", 50),
        ("?q=P_00", 18),
        ("?q=p_007", 2),
        ("?q=u", 1),
        ("?q=p%25", 0),
        ("?q=zz", 0),
        // Those whose name begins so, too.
        ("?q=PERSON%207", 4),
        ("?q=person%2070", 2),
    ] {
        let page = viewer.get(&format!("{list}{query}")).await.expect(200).text;
        assert_eq!(rows(&page), found, "{query}: {page}");
        assert_eq!(page.contains("No identity fits"), found == 0, "{query}");
    }
    // Of very many with such a name, the first.
    let page = viewer.get(&format!("{list}?q=person")).await.expect(200).text;
    assert!(
        rows(&page) == 20 && page.contains("More people may have such a name"),
        "{page}"
    );
    let page = viewer.get(&format!("{list}?q=person%207")).await.expect(200).text;
    assert!(!page.contains("More people may have"), "{page}");
    // Without a type it is a user: both are one line.
    let page = viewer.get(&format!("{list}?q=p_007")).await.expect(200).text;
    assert!(
        page.contains("Person 7") && page.contains("2 failed") && page.contains("1 failed"),
        "{page}"
    );
    let (mut seen, mut address) = (Vec::new(), list.clone());
    loop {
        let page = viewer.get(&address).await.expect(200).text;
        seen.extend(
            page.split("class=\"cell-link\" href=\"")
                .skip(1)
                .map(|part| part.split('"').next().unwrap().to_owned()),
        );
        let Some((before, _)) = page.split_once("rel=\"next\"") else {
            break;
        };
        let next = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        address = next.replace("&amp;", "&").replace("&#38;", "&");
    }
    assert_eq!(seen.len(), 141);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 141, "no row twice");
    let one = viewer
        .follow(&format!("{list}/of?{}&type=team", pair("id", "P_007")))
        .await
        .expect(200)
        .text;
    assert!(
        one.contains("1 connection in test") && one.contains("Person 7") && !one.contains("Erase identity"),
        "{one}"
    );
    viewer
        .get(&format!("{list}?{}", pair("q", &"x".repeat(301))))
        .await
        .expect(400);
    viewer.get(&format!("{list}?after=x&type=cat")).await.expect(400);
    // Another environment has none of them.
    let live = format!("/console/{}/live/identities", server.project.id);
    assert!(
        viewer
            .get(&live)
            .await
            .expect(200)
            .text
            .contains("Nobody has connected")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manage_link_is_shown_once() {
    let server = TestServer::start().await;
    server.connect("u-42", ANN).await;
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let form = [("id", "u-42"), ("type", "user"), ("once", "form-1")];
    let made = async || {
        let path = format!("{}/identities/link", home(&server));
        support.post(&path, &form).await.expect(200).text
    };
    let page = made().await;
    let link = between(&page, "<div class=\"made\" role=\"status\">", "</div>");
    assert!(link.contains("/connect/link/"), "{page}");
    // The page that is loaded again has the same.
    assert!(made().await.contains(link));
    let secret = between(link, "data-copy=\"", "\"")
        .split_once('#')
        .map(|(_, secret)| secret.to_owned());
    let secret = secret.unwrap_or_else(|| between(link, "&#35;", "\"").to_owned());
    let again = support
        .follow(&format!("{}/identities/of?id=u-42", home(&server)))
        .await
        .expect(200)
        .text;
    assert!(
        !again.contains(&secret) && !again.contains("class=\"made\""),
        "shown once"
    );
    let listed = support.get(&format!("{}/links", home(&server))).await.expect(200).text;
    assert!(listed.contains("Manage own connections") && listed.contains("Waiting") && !listed.contains(&secret));
    assert_eq!(server.store.audit_count("link.created").await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_team_of_one_id_are_two() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let place = home(&server);
    for who in ["u-1", "u-2"] {
        server.connect(who, ANN).await;
    }
    for table in ["connections", "connect_sessions"] {
        let change = format!(
            "update {table} set identity = 'both', identity_type = case identity when 'u-2' then 'team' end
             where identity is not null"
        );
        server.database.execute(&change).await;
    }
    for kind in ["user", "team", "team"] {
        let form = [("identity", "both"), ("type", kind), ("verify", "off")];
        support.post(&format!("{place}/links"), &form).await.expect(200);
    }
    let rows = async |list: &str| {
        let page = viewer.follow(&format!("{place}/{list}")).await.expect(200).text;
        page.matches("<tr><th scope=\"row\">").count()
    };
    let chosen = async |list: &str| {
        let page = support.follow(&format!("{place}/{list}")).await.expect(200).text;
        assert!(page.contains("name=\"identity\" value=\"both\""), "{page}");
        let form = between(&page, "<select id=\"make-type\"", "</select>");
        let chosen = form.split_once("\" selected").map(|(before, _)| before);
        chosen.map(|before| before.rsplit('"').next().unwrap().to_owned())
    };
    for (kind, links) in [("user", 1), ("team", 2)] {
        let page = format!("{place}/identities/of?id=both&type={kind}");
        let page = viewer.get(&page).await.expect(303).location;
        let reference = page.rsplit('/').next().unwrap();
        let shown = viewer.get(&page).await.expect(200).text;
        assert!(shown.contains("1 connection in test"), "{kind}: {shown}");
        assert_eq!(shown.matches(&format!("href=\"{place}/sessions/")).count(), 1, "{kind}");
        for (list, found) in [("connections", 1), ("sessions", 1), ("links", links)] {
            assert_eq!(rows(&format!("{list}?who={reference}")).await, found, "{kind}: {list}");
        }
        assert_eq!(
            rows(&format!("connections?active=on&who={reference}")).await,
            1,
            "{kind}"
        );
        // Who goes on from there to make a link makes it for the same.
        assert_eq!(chosen(&format!("links?who={reference}")).await.as_deref(), Some(kind));
    }
    // An id that is typed has no type.
    for (list, found) in [("connections", 2), ("sessions", 2), ("links", 3)] {
        assert_eq!(rows(&format!("{list}?identity=both")).await, found, "{list}");
    }
    assert_eq!(chosen("links?identity=both").await, None);
}
