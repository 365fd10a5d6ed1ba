//! Branding in the console: saved, tried out, refused at its field, and told to the second of two editors.

use reqwest::Method;
use store::Role;
use testkit::TestServer;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Person, Seen, home, operator};

const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}",
];

/// The revision of the form.
fn revision(page: &str) -> String {
    let after = page.split("name=\"revision\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

async fn opened(person: &Person, address: &str) -> String {
    person.get(address).await.expect(200).text
}

async fn upload(person: &Person, address: &str, bytes: &[u8]) -> Seen {
    let text = bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    // The kit sends text; a picture of these bytes needs no more.
    assert!(text.is_ascii(), "only what is refused is sent so");
    person
        .send(Method::POST, address, Some(("application/octet-stream", text)))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_what_people_see() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let address = format!("{}/branding", home(&server));
    let page = opened(&admin, &address).await;
    assert!(
        page.contains("value=\"Shop\"") && page.contains("id=\"preview\""),
        "{page}"
    );
    // The logo is not behind the words of all languages.
    let at = |id: &str| page.find(&format!("id=\"{id}\"")).unwrap();
    assert!(at("name") < at("looks-pictures") && at("looks-pictures") < at("looks-colours"));
    assert!(at("looks-colours") < at("looks-texts"));
    // A form holds no other: what belongs to a picture names its own.
    let (_, form) = page.split_once("<form id=\"looks\"").unwrap();
    let (form, behind) = form.split_once("</form>").unwrap();
    assert!(!form.contains("<form") && form.contains("form=\"logo-light-fetch\""));
    assert!(behind.contains("<form id=\"logo-light-fetch\""));
    let form = [
        ("revision", revision(&page)),
        ("name", "Acme & Söhne".to_owned()),
        ("accent.light", "#ffd400".to_owned()),
        ("radius", "22".to_owned()),
        ("texts.de.title", "Ihre Werkzeuge".to_owned()),
        ("privacyUrl", "https://acme.example.test/privacy".to_owned()),
    ];
    let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let tried = admin.post(&format!("{address}/try"), &pairs).await.expect(200).json();
    assert_eq!(tried["name"], "Acme & Söhne");
    assert_eq!(tried["looks"]["style"]["--radius-modal"], "22px");
    assert_eq!(
        tried["adjusted"][0]["field"], "accent.light",
        "a yellow is darkened on white"
    );
    assert_eq!(tried["whiteLabel"], true);
    assert_eq!(
        server.store.project(server.project.id).await.unwrap().unwrap().name,
        "Shop",
        "trying keeps nothing"
    );

    let saved = admin.post(&address, &pairs).await.expect(303);
    assert!(saved.location.ends_with("/branding?done=saved"), "{}", saved.location);
    let page = opened(&admin, &saved.location).await;
    for text in ["Acme &#38; Söhne", "Ihre Werkzeuge", "Shown as #", "1 of 4", "Saved."] {
        assert!(page.contains(text), "{text} in {page}");
    }
    let embed = server
        .client
        .get(format!("{}/embed/{}", server.url, server.project.publishable_id))
        .header("sec-fetch-dest", "iframe")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        embed.contains("--radius-modal:22px") && embed.contains("Acme &#38; Söhne"),
        "{embed}"
    );
    let noted = "select count(*) from audit_log where action = 'branding.changed' and actor like 'operator:%'";
    assert_eq!(server.database.number(noted).await, 1);
    // The project is not renamed by it.
    let project = server.store.project(server.project.id).await.unwrap().unwrap();
    assert_eq!((project.name.as_str(), project.shown_name()), ("Shop", "Acme & Söhne"));
    let page = opened(&admin, &address).await;
    assert!(page.contains("Operators still call the project Shop."), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_editor_is_told_and_loses_nothing() {
    let server = TestServer::start().await;
    let (_, ann) = operator(&server, Some(Role::Admin)).await;
    let (_, bob) = operator(&server, Some(Role::Admin)).await;
    let address = format!("{}/branding", home(&server));
    let (of_ann, of_bob) = (opened(&ann, &address).await, opened(&bob, &address).await);
    ann.post(&address, &[("revision", &revision(&of_ann)), ("name", "Of Ann")])
        .await
        .expect(303);
    let told = bob
        .post(
            &address,
            &[
                ("revision", &revision(&of_bob)),
                ("name", "Of Bob"),
                ("font", "Georgia"),
            ],
        )
        .await
        .expect(412)
        .text;
    assert!(told.contains("somebody else changed") && told.contains("value=\"Of Bob\"") && told.contains("Georgia"));
    // Now that he knows, he may.
    bob.post(&address, &[("revision", &revision(&told)), ("name", "Of Bob")])
        .await
        .expect(303);
    bob.post(&address, &[("name", "Without")]).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_stands_at_its_field() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let address = format!("{}/branding", home(&server));
    let page = opened(&admin, &address).await;
    let long = "x".repeat(5_000);
    let form = [
        ("revision", revision(&page)),
        ("name", String::new()),
        ("accent.dark", "red".to_owned()),
        ("radius", "big".to_owned()),
        ("texts.fr.lead", long),
        ("termsUrl", "http://acme.example.test".to_owned()),
    ];
    let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let tried = admin.post(&format!("{address}/try"), &pairs).await.expect(200).json();
    assert_eq!(tried["mistakes"].as_object().unwrap().len(), 5, "{tried}");
    let refused = admin.post(&address, &pairs).await.expect(422).text;
    for text in [
        "Nothing was saved. What is wrong stands at its field.",
        "value=\"red\"",
        "value=\"big\"",
        "Write whole pixels from 0 to 24.",
        "Write 160 characters at most.",
        "Write an https address",
    ] {
        assert!(refused.contains(text), "{text} in {refused}");
    }
    assert_eq!(refused.matches("aria-invalid").count(), 5);
    for hostile in HOSTILE {
        let revision = revision(&opened(&admin, &address).await);
        for name in ["name", "texts.en.title", "font", "accent.light", "privacyUrl"] {
            let shown = admin
                .post(&address, &[("revision", &revision), ("name", "Shop"), (name, hostile)])
                .await
                .text;
            assert!(
                !shown.contains("<script>alert") && !shown.contains("<img src=x"),
                "{name}: {shown}"
            );
        }
    }
    // Names hold what they like; every page writes them as text.
    let page = opened(&admin, &address).await;
    admin
        .post(
            &address,
            &[
                ("revision", &revision(&page)),
                ("name", HOSTILE[1]),
                ("texts.en.title", HOSTILE[0]),
            ],
        )
        .await
        .expect(303);
    for page in [address.clone(), format!("{address}/preview"), home(&server)] {
        let shown = opened(&admin, &page).await;
        assert!(
            !shown.contains("<script>alert") && !shown.contains("<img src=x"),
            "{page}: {shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_is_the_modal_and_calls_nobody() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let address = format!("{}/branding", home(&server));
    let around = viewer.get(&address).await.expect(200);
    assert!(around.policy.contains("frame-src 'self'") && around.policy.contains("frame-ancestors 'none'"));
    assert!(
        around.text.contains("takes the role admin") && !around.text.contains("Save branding"),
        "{}",
        around.text
    );
    let preview = viewer.get(&format!("{address}/preview?locale=de")).await.expect(200);
    for part in ["frame-ancestors 'self'", "connect-src 'none'", "form-action 'none'"] {
        assert!(preview.policy.contains(part), "{}", preview.policy);
    }
    for part in [
        "lang=\"de\"",
        "connect/styles/modal.css",
        "console/branding-preview.js",
        "data-services=\"[",
    ] {
        assert!(preview.text.contains(part), "{part} in {}", preview.text);
    }
    let page = server
        .client
        .get(format!("{}{address}/preview", server.url))
        .send()
        .await
        .unwrap();
    assert!(
        !page.url().path().contains("preview") || page.status() == 303,
        "signed in only"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_and_domain_are_refused_at_their_place() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let address = format!("{}/branding", home(&server));
    let revision = revision(&opened(&admin, &address).await);
    let logo = format!("{address}/pictures/logo-light");
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let refused = upload(&admin, &format!("{logo}?revision={revision}"), svg)
        .await
        .expect(422);
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains("SVG pictures are not taken")
    );
    let large = "a".repeat(256 * 1024 + 1);
    let refused = upload(&admin, &format!("{logo}?revision={revision}"), large.as_bytes())
        .await
        .expect(422);
    assert!(refused.json()["message"].as_str().unwrap().contains("256 KiB"));
    upload(&admin, &logo, svg).await.expect(400);
    upload(&admin, &format!("{address}/pictures/banner?revision={revision}"), svg)
        .await
        .expect(404);
    let refused = admin
        .post(&logo, &[("revision", &revision), ("url", "nonsense")])
        .await
        .expect(422)
        .text;
    assert!(refused.contains("The picture could not be fetched"), "{refused}");
    let stale = admin
        .post(&format!("{logo}/remove"), &[("revision", "4711")])
        .await
        .expect(412)
        .text;
    assert!(stale.contains("Somebody else changed"), "{stale}");
    admin
        .post(&format!("{address}/domain"), &[("domain", "http://127.0.0.1:9")])
        .await
        .expect(403);
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let refused = owner
        .post(&format!("{address}/domain"), &[("domain", "not an origin")])
        .await
        .expect(422)
        .text;
    assert!(
        refused.contains("id=\"domain-problem\"") && refused.contains("not an origin"),
        "{refused}"
    );
    let other = Person::new(&server);
    other.post(&address, &[]).await.expect(303);
    let foreign = owner.clone().from(Some("https://evil.example"));
    foreign.post(&address, &[("name", "Evil")]).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_looked_at_when_it_is_saved() {
    let proxy = MockServer::start().await;
    let server = TestServer::builder().allowing(&proxy.uri()).start().await;
    let beside = server.beside().await;
    assert_eq!(server.broker.instance_tag(), beside.broker.instance_tag());
    let health = server.api("GET", "/healthz").no_key().send().await.expect(200).json();
    assert_eq!(health["instance"], server.broker.instance_tag());
    let mut another = health.clone();
    another["instance"] = "0123456789abcdef".into();
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let checks = format!("{}/system/checks", home(&server));
    let none = opened(&owner, &checks).await;
    assert!(none.contains("No project has one."), "{none}");
    let brought = proxy.uri();
    for (status, body, domain, said, checked) in [
        (
            200,
            health.to_string(),
            brought.as_str(),
            "The domain was saved, and leads to this server.",
            format!("{brought} leads to this server."),
        ),
        (
            200,
            another.to_string(),
            brought.as_str(),
            "but something else answers there.",
            format!("At {brought} something else answers (HTTP 200)."),
        ),
        (
            200,
            r#"{"status":"ok"}"#.to_owned(),
            brought.as_str(),
            "but something else answers there.",
            format!("At {brought} something else answers (HTTP 200)."),
        ),
        (
            502,
            health.to_string(),
            brought.as_str(),
            "but something else answers there.",
            format!("At {brought} something else answers (HTTP 502)."),
        ),
        // A private address that nobody allowed is not asked.
        (
            200,
            health.to_string(),
            "http://brand.localhost:9",
            "This server could not reach it",
            "http://brand.localhost:9 could not be reached: ".to_owned(),
        ),
    ] {
        let answer = Mock::given(path("/healthz"))
            .respond_with(ResponseTemplate::new(status).set_body_string(body))
            .mount_as_scoped(&proxy)
            .await;
        for room in ["branding", "projects/settings"] {
            let form = format!("{}/{room}/domain", home(&server));
            let saved = owner.post(&form, &[("domain", domain)]).await.expect(303);
            let page = opened(&owner, &saved.location).await;
            assert!(page.contains(said), "{room}: {said} in {page}");
            assert_eq!(
                page.contains(&format!("<a href=\"{checks}\">")),
                !said.contains("leads")
            );
        }
        let page = opened(&owner, &checks).await;
        assert!(page.contains(&checked), "{checked} in {page}");
        drop(answer);
    }
    for room in ["branding", "projects/settings"] {
        let form = format!("{}/{room}/domain", home(&server));
        let saved = owner.post(&form, &[("domain", "")]).await.expect(303);
        let page = opened(&owner, &saved.location).await;
        assert!(page.contains("The domain was taken away."), "{room}: {page}");
    }
}
