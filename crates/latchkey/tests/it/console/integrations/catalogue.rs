//! The catalogue.

use broker::Environment;
use store::{AppSettings, Role};
use testkit::TestServer;

use super::super::{home, operator};
use super::{ACME, ANN, rows};

fn catalog_size(server: &TestServer) -> usize {
    let catalog = server.broker.catalog();
    catalog
        .iter()
        .filter(|one| one.environments.iter().any(|name| name == "test"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_is_searched_filtered_and_switched() {
    let server = TestServer::start().await;
    let list = format!("{}/integrations", home(&server));
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (id, developer) = operator(&server, Some(Role::Developer)).await;
    let page = viewer.get(&list).await.expect(200).text;
    assert_eq!(rows(&page).len(), 100, "a page of them");
    assert!(page.contains("rel=\"next\"") && !page.contains("/switch\""), "{page}");
    let shown = async |query: &str| rows(&viewer.get(&format!("{list}{query}")).await.expect(200).text);
    assert_eq!(shown("?q=SLACK").await, ["slack", "slack-user"]);
    assert!(
        shown("?q=test%20service").await.contains(&"sandbox".to_owned()),
        "by an alias"
    );
    assert_eq!(shown("?state=on").await, ["sandbox"]);
    assert!(shown("?kind=oauth1").await.contains(&"trello".to_owned()) || !shown("?kind=oauth1").await.is_empty());
    assert!(shown("?category=crm&kind=oauth2").await.contains(&"hubspot".to_owned()));
    assert!(shown("?q=nothing-like-it").await.is_empty());
    let whole = catalog_size(&server);
    let after = viewer
        .get(&format!("{list}?after={}", rows(&page).last().unwrap()))
        .await
        .expect(200)
        .text;
    assert_eq!(rows(&after).len(), whole - 100);
    let live = viewer
        .get(&format!("/console/{}/live/integrations?q=sandbox", server.project.id))
        .await
        .expect(200)
        .text;
    assert!(live.contains("No integration fits"), "{live}");
    let odd = viewer.get(&format!("{list}?q=%3Cscript%3E")).await.expect(200).text;
    assert!(odd.contains("&#60;script&#62;") && !odd.contains("<script>"), "{odd}");

    // A press leads back to the same list.
    let switched = developer
        .post(
            &format!("{list}/stripe/switch"),
            &[("on", "true"), ("back", "q=str&state=evil")],
        )
        .await
        .expect(303);
    assert_eq!(switched.location, format!("{list}?q=str&switched=stripe#stripe"));
    let said = developer.get(&switched.location).await.expect(200).text;
    assert!(said.contains("Stripe is switched on: people can connect it."), "{said}");
    assert_eq!(shown("?state=on").await, ["sandbox", "stripe"]);
    let noted = format!("select count(*) from audit_log where action = 'app.set' and actor = 'operator:{id}'");
    assert_eq!(server.database.number(&noted).await, 1);
    developer
        .post(&format!("{list}/stripe/switch"), &[("on", "false")])
        .await
        .expect(303);
    // One that needs an app is on, and seen by nobody.
    developer
        .post(&format!("{list}/gmail/switch"), &[("on", "true")])
        .await
        .expect(303);
    assert_eq!(shown("?state=lacking").await, ["gmail"]);
    assert_eq!(shown("?state=on").await, ["sandbox"]);
    for path in ["nosuch", "..%2f"] {
        developer
            .post(&format!("{list}/{path}/switch"), &[("on", "true")])
            .await
            .expect(404);
    }
    let foreign = developer.clone().from(Some("https://evil.test"));
    foreign
        .post(&format!("{list}/stripe/switch"), &[("on", "true")])
        .await
        .expect(403);

    // The sandbox gets its client again.
    server
        .database
        .execute("delete from apps where integration = 'sandbox'")
        .await;
    developer
        .post(&format!("{list}/sandbox/switch"), &[("on", "true")])
        .await
        .expect(303);
    assert_eq!(shown("?state=on").await, ["sandbox"]);
    server.connect("u-1", ANN).await;
    let counted = viewer.get(&format!("{list}?q=sandbox")).await.expect(200).text;
    assert!(counted.contains("connections?integration=sandbox\">1<"), "{counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_projects_apps_are_not_there() {
    let server = TestServer::start().await;
    let (other, _) = server.another_project().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    for path in [
        "integrations",
        "integrations/sandbox",
        "integrations/sandbox/definition",
        "add-connection",
        "definitions",
    ] {
        admin.get(&format!("/console/{other}/test/{path}")).await.expect(404);
    }
    for path in ["switch", "app", "doctor", "try"] {
        admin
            .post(&format!("/console/{other}/test/integrations/sandbox/{path}"), &[])
            .await
            .expect(404);
    }
    // In live there is no sandbox.
    admin
        .get(&format!("/console/{}/live/integrations/sandbox", server.project.id))
        .await
        .expect(404);
    let names = "select count(*) from apps where environment = 'live'";
    assert_eq!(server.database.number(names).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_names_and_a_thousand_definitions() {
    let many = (0..900).map(|number| {
        let name = format!("many-{number}");
        let title = if number == 7 {
            "W".repeat(60)
        } else {
            format!("Many {number}")
        };
        (
            format!("{name}.yaml"),
            ACME.replace("id: acme", &format!("id: {name}"))
                .replace("name: Acme", &format!("name: {title}")),
        )
    });
    let server = TestServer::builder().with_definitions(many).start().await;
    let catalog = server.broker.catalog();
    for id in ["slack", "many-7"] {
        let definition = catalog.get(id).unwrap();
        server
            .broker
            .set_app(server.project.id, Environment::Test, definition, AppSettings::default())
            .await
            .unwrap();
    }
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let list = format!("{}/integrations", home(&server));
    developer.get(&list).await.expect(200);
    developer.get(&format!("{list}?q=man&kind=api_key")).await.expect(200);
    assert_eq!(
        rows(&developer.get(&format!("{list}?q=WWWW")).await.expect(200).text),
        ["many-7"]
    );
}
