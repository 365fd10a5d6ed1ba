//! The console: who comes in, who may do what, and what stands on its pages.

mod account;
mod addresses;
mod attention;
mod audit;
mod calls;
mod connections;
mod counts;
mod definitions;
mod developers;
mod doors;
mod exports;
mod factor;
mod frame;
mod furnished;
mod guesses;
mod home;
mod integrations;
mod looks;
mod mailed_invitations;
mod matrix;
mod once;
mod pages;
mod people;
mod project_deletion;
mod project_deletion_load;
mod projects;
mod reveal;
mod sessions;
pub(crate) mod sso;
mod system;
mod team;
mod team_api;
mod variants;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use store::{NewOperatorSession, OperatorId, OperatorSessionId, Role};
use testkit::TestServer;
use vault::Token;

/// A password that the rules allow.
const PASSWORD: &str = "velvet harbour 93 tulip";

/// An answer with all its cookies.
#[derive(Debug)]
struct Seen {
    status: u16,
    location: String,
    cookies: Vec<String>,
    policy: String,
    cache: String,
    kind: String,
    text: String,
}

impl Seen {
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// A browser in the console: it keeps cookies and follows nothing.
#[derive(Clone, Debug)]
struct Person {
    client: reqwest::Client,
    url: String,
    origin: Option<String>,
    headers: Vec<(&'static str, String)>,
    jar: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Person {
    fn new(server: &TestServer) -> Self {
        Self {
            client: server.client.clone(),
            url: server.url.clone(),
            origin: Some(server.url.clone()),
            headers: Vec::new(),
            jar: Arc::default(),
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn from(mut self, origin: Option<&str>) -> Self {
        self.origin = origin.map(ToOwned::to_owned);
        self
    }

    fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).cloned()
    }

    fn keep(&self, name: &str, value: &str) {
        self.jar.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    async fn send(&self, method: Method, path: &str, body: Option<(&str, String)>) -> Seen {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        let cookies: Vec<String> = {
            let jar = self.jar.lock().unwrap();
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let (Some(origin), true) = (&self.origin, method == Method::POST) {
            request = request.header("origin", origin);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
        }
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        let (location, policy, cache, kind) = (
            header("location"),
            header("content-security-policy"),
            header("cache-control"),
            header("content-type"),
        );
        let cookies: Vec<String> = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        for cookie in &cookies {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.keep(name, value);
        }
        Seen {
            status: answer.status().as_u16(),
            location,
            cookies,
            policy,
            cache,
            kind,
            text: answer.text().await.unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, None).await
    }

    /// The same, where the address is another from now on.
    async fn follow(&self, path: &str) -> Seen {
        let mut seen = self.get(path).await;
        for _ in 0..3 {
            if seen.status != 303 {
                break;
            }
            seen = self.get(&seen.location).await;
        }
        seen
    }

    async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Seen {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        self.send(Method::POST, path, Some(("application/x-www-form-urlencoded", form)))
            .await
    }

    async fn call(&self, path: &str, body: &Value) -> Seen {
        self.send(Method::POST, path, Some(("application/json", body.to_string())))
            .await
    }

    async fn sign_in(&self, email: &str, password: &str) -> Seen {
        self.post("/console/sign-in", &[("email", email), ("password", password)])
            .await
    }

    async fn accept(&self, secret: &str, email: &str, password: &str) -> Seen {
        let body = json!({ "secret": secret, "email": email, "name": "Ann", "password": password });
        self.call("/console/api/welcome/accept", &body).await
    }
}

/// `latchkey operators …` on the server's database.
fn operators(server: &TestServer, arguments: &[&str]) -> (bool, String) {
    let output = tokio::task::block_in_place(|| {
        Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .arg("operators")
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env("LATCHKEY_DATABASE_URL", server.database.address())
            .env("LATCHKEY_MASTER_KEY", server.master.to_text().as_str())
            .env("LATCHKEY_PUBLIC_URL", &server.url)
            .output()
            .unwrap()
    });
    let text = if output.status.success() {
        output.stdout
    } else {
        output.stderr
    };
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// The secret of a link that the command line printed.
fn secret(printed: &str) -> String {
    let value: Value = serde_json::from_str(printed).unwrap();
    value["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

/// A person who has the first owner's session.
async fn owner(server: &TestServer) -> Person {
    let (_, printed) = operators(server, &["setup", "--json"]);
    let person = Person::new(server);
    person
        .accept(&secret(&printed), "ann@example.com", PASSWORD)
        .await
        .expect(200);
    person
}

/// A new operator with this role in the server's project, or with none; signed in.
async fn operator(server: &TestServer, role: Option<Role>) -> (OperatorId, Person) {
    let id = OperatorId::generate();
    let pool = server.database.pool();
    sqlx::query("insert into operators (id, email, email_key) values ($1, $2, $2)")
        .bind(id.0)
        .bind(format!("{id}@example.com"))
        .execute(pool)
        .await
        .unwrap();
    if let Some(role) = role {
        sqlx::query("insert into operator_roles (operator_id, project_id, role) values ($1, $2, $3)")
            .bind(id.0)
            .bind((role != Role::Owner).then_some(server.project.id.0))
            .bind(role.as_str())
            .execute(pool)
            .await
            .unwrap();
    }
    let person = Person::new(server);
    sign_in_again(server, id, &person).await;
    (id, person)
}

/// A new session of an operator, as if with a password.
async fn sign_in_again(server: &TestServer, operator: OperatorId, person: &Person) {
    let token = Token::generate();
    let new = NewOperatorSession {
        id: OperatorSessionId::generate(),
        operator,
        lifetime: std::time::Duration::from_hours(12),
        browser: String::new(),
        address: "192.0.2.1".to_owned(),
        verified: store::Verified::Link,
    };
    let begun = server.store.begin_operator_session(&token.digest(), &new, None).await;
    assert!(begun.unwrap(), "the operator may not sign in");
    person.keep("lk_operator", &token.expose());
}

/// The address of the project's pages in `test`.
fn home(server: &TestServer) -> String {
    format!("/console/{}/test", server.project.id)
}
