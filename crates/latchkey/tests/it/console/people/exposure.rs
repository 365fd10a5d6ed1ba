//! Identities can be email addresses: no address of the console names one.

use std::collections::BTreeSet;

use store::Role;
use testkit::TestServer;

use super::super::{home, operator};
use super::{ANN, between};

const WHO: &str = "ann.lee@example.com";
const ENCODED: &str = "ann.lee%40example.com";

/// The values of an attribute on a page.
fn values(page: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let parts = page.split(&start).skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().replace("&#38;", "&"))
        .collect()
}

/// What the forms of a page would put into an address.
fn carried(page: &str) -> Vec<String> {
    let forms = page
        .split("<form ")
        .skip(1)
        .map(|form| form.split("</form>").next().unwrap());
    let get = forms.filter(|form| !form.split('>').next().unwrap().contains("method=\"post\""));
    get.flat_map(|form| values(form, "value")).collect()
}

/// What kind of page an address of a room is: ids and values are all the same.
fn kind(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let names: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
    let mut parts = path.split('/');
    let room = parts.next().unwrap();
    format!("{room}/{}?{}", parts.count(), names.join("&"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_names_anybody() {
    let server = TestServer::start().await;
    for _ in 0..2 {
        server.connect(WHO, ANN).await;
    }
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, 'many-' || n || c.id,
                    'ann.lee' || n || '@example.com'
             from connections c, generate_series(1, 60) n",
        )
        .await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let place = home(&server);
    let form = [
        ("identity", WHO),
        ("verify", "off"),
        ("purpose", "connect"),
        ("life", "86400"),
    ];
    owner.post(&format!("{place}/links"), &form).await.expect(200);

    // From the lists on, a page of each kind.
    let rooms = ["identities", "sessions", "links", "connections"];
    let mut next: Vec<String> = rooms.iter().map(|room| (*room).to_owned()).collect();
    let mut seen: BTreeSet<String> = next.iter().map(|room| kind(room)).collect();
    while let Some(address) = next.pop() {
        let page = owner.get(&format!("{place}/{address}")).await.expect(200).text;
        assert!(page.contains("ann.lee"), "{address} names nobody: {page}");
        let links = values(&page, "href");
        let all = [&links, &values(&page, "action"), &values(&page, "src"), &carried(&page)];
        for way in all.into_iter().flatten() {
            assert!(!way.contains("ann.lee"), "{way} on {address}");
        }
        let inside = links.iter().filter_map(|link| link.strip_prefix(&format!("{place}/")));
        for link in inside {
            if rooms.contains(&link.split(['/', '?']).next().unwrap()) && seen.insert(kind(link)) {
                next.push(link.to_owned());
            }
        }
    }
    for there in [
        "identities/0?after",
        "identities/1?",
        "sessions/0?who",
        "sessions/1?",
        "links/0?who",
        "links/1?",
        "connections/0?before",
        "connections/1?",
    ] {
        assert!(seen.contains(there), "{there} in {seen:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_somebody_leads_to_an_address_that_does_not() {
    let server = TestServer::start().await;
    server.connect(WHO, ANN).await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let place = home(&server);
    let list = viewer.get(&format!("{place}/identities")).await.expect(200).text;
    let page = between(&list, "class=\"cell-link\" href=\"", "\"");
    let reference = page.rsplit('/').next().unwrap();
    for (old, new) in [
        (format!("identities/of?id={ENCODED}"), format!("identities/{reference}")),
        (
            format!("identities/of?id={ENCODED}&type=user"),
            format!("identities/{reference}"),
        ),
        (
            format!("identities?q=a&after={ENCODED}&type=user"),
            format!("identities?q=a&after={reference}"),
        ),
        (
            format!("sessions?identity={ENCODED}&outcome="),
            format!("sessions?who=any.{reference}"),
        ),
        (
            format!("sessions?outcome=connected&identity={ENCODED}"),
            format!("sessions?outcome=connected&who=any.{reference}"),
        ),
        (
            format!("links?identity={ENCODED}"),
            format!("links?who=any.{reference}"),
        ),
        // Who types somebody means them, whoever was asked for before.
        (
            format!("connections?tag=eu&who=x&identity={ENCODED}"),
            format!("connections?tag=eu&who=any.{reference}"),
        ),
    ] {
        let moved = viewer.get(&format!("{place}/{old}")).await.expect(303);
        assert_eq!(moved.location, format!("{place}/{new}"), "{old}");
    }
    for (address, rows) in [("sessions", 1), ("connections", 1), ("links", 0)] {
        let page = viewer
            .get(&format!("{place}/{address}?who={reference}"))
            .await
            .expect(200)
            .text;
        assert_eq!(
            page.matches("<tr><th scope=\"row\">").count(),
            rows,
            "{address}: {page}"
        );
        if rows > 0 {
            assert!(
                page.contains(&format!("Identity: <bdi class=\"cut\">{WHO}</bdi>")),
                "{page}"
            );
        }
    }
    let one = viewer.get(page).await.expect(200).text;
    assert!(one.contains(WHO) && one.contains("1 connection in test"), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_of_one_project() {
    let server = TestServer::start().await;
    server.connect(WHO, ANN).await;
    let (other, _) = server.another_project().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let place = home(&server);
    let list = owner.get(&format!("{place}/identities")).await.expect(200).text;
    let page = between(&list, "class=\"cell-link\" href=\"", "\"");
    let reference = page.rsplit('/').next().unwrap();
    let elsewhere = format!("/console/{other}/test");
    for (address, status, text) in [
        (
            format!("{elsewhere}/identities/{reference}"),
            404,
            "This address names no identity",
        ),
        (
            format!("{place}/identities/{ENCODED}"),
            404,
            "This address names no identity",
        ),
        (format!("{place}/identities/of"), 404, "This address names no identity"),
        (
            format!("{elsewhere}/identities?after={reference}"),
            400,
            "<code>after</code> stands for no identity here",
        ),
        (
            format!("{elsewhere}/sessions?who={reference}"),
            400,
            "<code>who</code> stands for no identity here",
        ),
        (
            format!("{place}/links?who={ENCODED}"),
            400,
            "<code>who</code> stands for no identity here",
        ),
        (
            format!("{place}/connections?who=x"),
            400,
            "<code>who</code> stands for no identity here",
        ),
        (
            format!("{elsewhere}/connections?who=any.{reference}"),
            400,
            "<code>who</code> stands for no identity here",
        ),
        (
            format!("{place}/sessions?identity={}", "x".repeat(301)),
            400,
            "too long",
        ),
    ] {
        let refused = owner.get(&address).await.expect(status).text;
        assert!(refused.contains(text), "{address}: {refused}");
    }
    // In the other environment of its project it names the same.
    let live = format!("/console/{}/live/identities/{reference}", server.project.id);
    assert!(owner.get(&live).await.expect(200).text.contains(WHO));
}
