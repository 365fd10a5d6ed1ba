//! An address written in another way is no way around a rule (S066), and no form takes what another site sends.

use reqwest::Method;
use store::Role;
use testkit::TestServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::matrix::{filled, rows};
use super::{Person, operator};

/// The same address in ways that a rule could miss.
fn variants(path: &str) -> Vec<String> {
    let (start, last) = path.rsplit_once('/').unwrap();
    let first = last
        .chars()
        .next()
        .map(|one| format!("%{:02x}", u32::from(one)))
        .unwrap_or_default();
    vec![
        format!("{path};x=1"),
        format!("{start};x=1/{last}"),
        format!("{start}//{last}"),
        format!("/{path}"),
        format!("{start}/%2e/{last}"),
        format!("{start}/./{last}"),
        format!("{start}/nosuch/../{last}"),
        format!("{start}/nosuch/%2e%2e/{last}"),
        format!("{path}."),
        format!("{path}%2e"),
        format!("{path}/"),
        format!("{path}/."),
        format!("{path}%20"),
        format!("{path}%00"),
        format!("{path}%2f"),
        format!("{start}%2f{last}"),
        format!("{start}/{}", last.to_uppercase()),
        path.replacen("/console", "/CONSOLE", 1),
        path.replacen("/console", "/%63onsole", 1),
        path.replacen("/console", "/v1/../console", 1),
        format!("{start}/{first}{}", last.get(1..).unwrap_or_default()),
        format!("{start}\\{last}"),
        format!("{path}%3fx=1"),
        format!("{path}.json"),
    ]
}

/// Asks with the address exactly as it is written; no client mends it. Status and `Location`.
async fn ask(server: &TestServer, method: &str, path: &str, person: &Person) -> (u16, String) {
    let authority = server.url.strip_prefix("http://").unwrap();
    let cookie = person.cookie("lk_operator").unwrap_or_default();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nCookie: lk_operator={cookie}\r\nOrigin: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        server.url
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    // A line that is no request is answered by hanging up, or by 400.
    let status = text.split(' ').nth(1).map_or(400, |status| status.parse().unwrap());
    let location = text
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap_or_default();
    (status, location.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_an_address_is_a_way_around() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (_, stranger) = operator(&server, None).await;
    let nobody = Person::new(&server);
    let mut wrong = Vec::new();
    for (path, method, _) in rows() {
        // Signing out is for everybody, and would end the sessions here.
        if path.contains("/api/") || *path == "/console/sign-out" || *path == "/console/sign-in" {
            continue;
        }
        let address = filled(&server, path);
        for (name, person) in [("nobody", &nobody), ("a stranger", &stranger), ("a viewer", &viewer)] {
            let base = ask(&server, method, &address, person).await;
            for variant in variants(&address) {
                let (status, location) = ask(&server, method, &variant, person).await;
                let to_the_door = status == 303 && location.starts_with("/console/sign-in");
                let same = status == base.0 && (status != 303 || location == base.1);
                if !(400..500).contains(&status) && !to_the_door && !same {
                    wrong.push(format!(
                        "{method} {variant} by {name}: {status} {location} instead of {base:?}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_is_refused_from_another_origin() {
    let server = TestServer::start().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    for (path, method, _) in rows() {
        if *method != "POST" {
            continue;
        }
        let address = filled(&server, path);
        for origin in [None, Some("https://evil.example"), Some("null")] {
            let from = owner.clone().from(origin);
            let form = ("application/x-www-form-urlencoded", String::new());
            let seen = from.send(Method::POST, &address, Some(form)).await;
            assert_eq!(seen.status, 403, "{path} from {origin:?}: {}", seen.text);
            assert!(seen.cookies.is_empty(), "{path}");
        }
    }
}
