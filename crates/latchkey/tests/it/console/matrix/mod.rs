//! Every route of the console and every role. A new route fails here until somebody says who may.

mod connections;
mod developers;
mod front;
mod integrations;
mod looks;
mod people;
mod projects;
mod system;
mod team;

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use serde_json::json;
use store::Role;
use testkit::{Account, Consent, TestServer};

use super::{PASSWORD, Person, home, operator, owner, sign_in_again};

/// What somebody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gets {
    /// This status.
    Status(u16),
    /// The way to the sign-in.
    SignIn,
    /// A redirect inside the console.
    Inside,
}

use Gets::{Inside, SignIn, Status};

/// Nobody, somebody without a role, then the roles from viewer to owner.
pub(super) type Who = [Gets; 7];

const ALL_SIGNED: Who = signed(Status(200));

/// What everybody gets who is signed in, whatever their role.
const fn signed(gets: Gets) -> Who {
    [SignIn, gets, gets, gets, gets, gets, gets]
}

/// Who may see what only some roles may: the others are told so.
const fn page_from(least: Role) -> Who {
    from(least, Status(200))
}

/// The same for a form, which leads back inside.
const fn form_from(least: Role) -> Who {
    from(least, Inside)
}

/// What everybody of this role and above gets.
const fn from(least: Role, gets: Gets) -> Who {
    let mut who = [
        SignIn,
        Status(404),
        Status(403),
        Status(403),
        Status(403),
        Status(403),
        Status(403),
    ];
    let mut number = match least {
        Role::Viewer => 2,
        Role::Support => 3,
        Role::Developer => 4,
        Role::Admin => 5,
        Role::Owner => 6,
    };
    while number < who.len() {
        who[number] = gets;
        number += 1;
    }
    who
}

/// A route: how it is written, its method, and who gets what.
pub(super) type Row = (&'static str, &'static str, Who);

/// All of them, by room.
const MATRIX: [&[Row]; 9] = [
    front::ROWS,
    connections::ROWS,
    people::ROWS,
    integrations::ROWS,
    looks::ROWS,
    developers::ROWS,
    team::ROWS,
    projects::ROWS,
    system::ROWS,
];

/// The addresses of pages that are shown to this role, from a viewer on, where what they are about is there.
pub(super) fn pages_of(role: Role) -> Vec<&'static str> {
    let number = 2 + Role::ALL.iter().position(|one| *one == role).unwrap();
    let shown = |(path, method, who): &&Row| {
        let is_of_one = path.replace("/{project}/{environment}", "").contains('{');
        *method == "GET" && (who[number] == Status(200) || is_of_one && who[number] == Status(404))
    };
    rows().filter(shown).map(|(path, ..)| *path).collect()
}

pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    MATRIX.iter().copied().flatten()
}

/// The console's sources.
fn sources() -> Vec<String> {
    fn read(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.file_name().is_some_and(|name| name != "routing.rs") {
                let source = std::fs::read_to_string(path).unwrap();
                // A long route stands on several lines.
                let words: Vec<&str> = source.split_whitespace().collect();
                found.push(words.join(" ").replace("( ", "("));
            }
        }
    }
    let mut found = Vec::new();
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/console"),
        &mut found,
    );
    found
}

/// The addresses in the sources, with their methods.
fn routes() -> BTreeSet<(String, &'static str)> {
    let mut found = BTreeSet::new();
    for source in sources() {
        let kinds: [(&str, &[&'static str]); 4] = [
            ("page!(config", &["GET"]),
            ("post!(config", &["POST"]),
            ("call!(config", &["POST"]),
            ("form!(config", &["GET", "POST"]),
        ];
        for (kind, methods) in kinds {
            for part in source.split(kind).skip(1) {
                let (named, _) = part.split_once(");").unwrap();
                for path in named.split('"').filter(|text| text.starts_with("/console")) {
                    for method in methods {
                        found.insert((path.to_owned(), *method));
                    }
                }
            }
        }
    }
    found
}

/// How often the sources write a route in any way.
fn written() -> usize {
    let ways = [
        "page!(",
        "post!(",
        "call!(",
        "form!(",
        "web::resource(",
        "web::scope(",
        ".route(",
    ];
    let count = |source: &String| ways.iter().map(|way| source.matches(way).count()).sum::<usize>();
    sources().iter().map(count).sum()
}

#[test]
fn every_route_is_classified() {
    let routes = routes();
    // The scope around all of them is none; a page with a form is two.
    let forms = sources()
        .iter()
        .map(|source| source.matches("form!(config").count())
        .sum::<usize>();
    assert_eq!(
        routes.len() + 1,
        written() + forms,
        "the reader of the sources misses a route: {routes:?}"
    );
    let classified: BTreeSet<(String, &str)> = rows().map(|(path, method, _)| ((*path).to_owned(), *method)).collect();
    assert_eq!(
        routes, classified,
        "say in the rows of its room who may use the new route"
    );
}

/// The address with an id that nothing has in each place that is left.
fn missing(address: &str) -> String {
    let parts = address.split('/').map(|part| {
        if part.starts_with('{') {
            store::OperatorSessionId::generate().to_string()
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The address in the server's project, of things that are not there.
pub(super) fn filled(server: &TestServer, path: &str) -> String {
    let address = path
        .replace("{project}", &server.project.id.to_string())
        .replace("{environment}", "test")
        .replace("{integration}", "sandbox");
    missing(&address)
}

async fn ask(person: &Person, method: &str, path: &str) -> Gets {
    let seen = match (method, path.contains("/api/")) {
        ("GET", _) => person.get(path).await,
        (_, true) => {
            let secret = vault::Token::generate().expose();
            let mut body = json!({ "secret": secret });
            if path.ends_with("/accept") {
                body["password"] = json!("velvet harbour 93 tulip");
            }
            person.call(path, &body).await
        }
        _ => {
            person
                .send(
                    Method::POST,
                    path,
                    Some(("application/x-www-form-urlencoded", String::new())),
                )
                .await
        }
    };
    match seen.status {
        303 if seen.location.starts_with("/console/sign-in") => SignIn,
        303 if seen.location.starts_with("/console/") || seen.location == "/console" => Inside,
        status => Status(status),
    }
}

/// Definitions are read from what they were loaded from.
pub(super) fn with_definitions(server: &TestServer) {
    server.broker.set_sources(broker::Sources {
        built_in: latchkey::composition::built_in(),
        own: None,
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_gets_what_it_may() {
    let server = TestServer::start().await;
    with_definitions(&server);
    let roles = [
        None,
        Some(Role::Viewer),
        Some(Role::Support),
        Some(Role::Developer),
        Some(Role::Admin),
        Some(Role::Owner),
    ];
    let mut people = vec![(None, Person::new(&server))];
    for role in roles {
        let (id, person) = operator(&server, role).await;
        people.push((Some(id), person));
    }
    let mut wrong = Vec::new();
    for (path, method, who) in rows() {
        for (number, ((operator, person), expected)) in people.iter().zip(who).enumerate() {
            // What is done to it by one is no matter of the next.
            let connection = if path.contains("{connection}") {
                server.connect("u-42", Consent::Allow(Account::Ann)).await["id"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            } else {
                String::new()
            };
            let address = path
                .replace("{project}", &server.project.id.to_string())
                .replace("{environment}", "test")
                .replace("{connection}", &connection)
                .replace("{integration}", "sandbox");
            // Whatever else is named is not there.
            let address = missing(&address);
            if let Some(operator) = operator {
                sign_in_again(&server, *operator, person).await;
            }
            if address.ends_with("/doctor") {
                // One check of an app at a time.
                server.advance(11).await;
            }
            let got = ask(person, method, &address).await;
            if got != *expected {
                wrong.push(format!(
                    "{method} {path} by number {number}: {got:?} instead of {expected:?}"
                ));
            }
        }
        server.database.execute("delete from sign_in_attempts").await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let read = "select count(*) from audit_log where action = 'credential.reveal' and detail ->> 'result' = 'exported'";
    assert_eq!(server.database.number(read).await, 2, "an admin and an owner");
    // Who may not has done nothing: four may, and nobody else is noted.
    for action in ["test", "refresh", "delete"] {
        let noted =
            format!("select count(*) from audit_log where action = 'connection.{action}' and actor like 'operator:%'");
        assert_eq!(server.database.number(&noted).await, 4, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_form_leads_to_its_page() {
    let server = TestServer::start().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let with = |wanted: &'static str| {
        rows()
            .filter(move |(_, method, _)| *method == wanted)
            .map(|(path, ..)| *path)
    };
    let pages: BTreeSet<&str> = with("GET").collect();
    let mut wrong = Vec::new();
    for path in with("POST").filter(|path| !pages.contains(path)) {
        let address = filled(&server, path);
        let seen = owner.get(&address).await;
        if path.contains("/api/") {
            assert_eq!(seen.status, 405, "{path}");
            continue;
        }
        // The same part of the address as it is written.
        let parts: Vec<&str> = path.split('/').take(seen.location.split('/').count()).collect();
        let is_above = address.starts_with(&format!("{}/", seen.location));
        if seen.status != 303 || !is_above || !pages.contains(parts.join("/").as_str()) {
            wrong.push(format!("{path}: {} {}", seen.status, seen.location));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_too_late_comes_back_to_its_page() {
    let server = TestServer::start().await;
    let nobody = Person::new(&server);
    let mut wrong = Vec::new();
    for (path, method, who) in rows() {
        // What leads there for everybody is a part of the sign-in.
        if *method != "POST" || who[0] != SignIn || who[6] == SignIn || path.contains("/api/") {
            continue;
        }
        let address = filled(&server, path);
        let seen = nobody.post(&format!("{address}?q=1"), &[("name", "x")]).await;
        let next = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("next", &address)
            .finish();
        if seen.status != 303 || seen.location != format!("/console/sign-in?{next}") {
            wrong.push(format!("{path}: {} {}", seen.status, seen.location));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The way back, to its end.
    let _first = owner(&server).await;
    let sent = format!("{}/branding/domain", home(&server));
    let form = [
        ("email", "ann@example.com"),
        ("password", PASSWORD),
        ("next", sent.as_str()),
    ];
    let came = nobody.post("/console/sign-in", &form).await.expect(303);
    assert_eq!(came.location, sent);
    let page = nobody.get(&sent).await.expect(303).location;
    assert_eq!(page, format!("{}/branding", home(&server)));
    nobody.get(&page).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_project_and_environment_are_not_there() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let id = connection["id"].as_str().unwrap();
    let (other, _) = server.another_project().await;
    let (own, live) = (
        format!("/console/{}/test", server.project.id),
        format!("/console/{}/live", server.project.id),
    );
    admin.get(&format!("{own}/connections/{id}")).await.expect(200);
    for path in [
        format!("/console/{other}/test"),
        format!("/console/{other}/test/connections"),
        format!("/console/{other}/test/connections/{id}"),
        format!("{live}/connections/{id}"),
        format!(
            "{own}/connections/{}",
            connection["key"].as_str().unwrap().replace(':', "%3A")
        ),
        format!("{own}/connections/nonsense"),
        format!("/console/{}/prod", server.project.id),
        "/console/nonsense/test".to_owned(),
        "/console/nonsense".to_owned(),
    ] {
        let seen = admin.get(&path).await.expect(404);
        assert!(
            seen.kind.starts_with("text/html") && seen.text.contains("Go to the console"),
            "{path}"
        );
    }
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    owner.get(&format!("/console/{other}/test")).await.expect(200);
    for action in ["test", "refresh", "delete"] {
        owner
            .post(&format!("/console/{other}/test/connections/{id}/{action}"), &[])
            .await
            .expect(404);
        owner
            .post(&format!("{live}/connections/{id}/{action}"), &[])
            .await
            .expect(404);
    }
    admin.get(&format!("{own}/connections/{id}")).await.expect(200);
}
