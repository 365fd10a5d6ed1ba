//! Webhooks against a real receiver.

mod api;
mod failing;
mod order;
mod outbox;
mod program;
mod signed;

use std::collections::HashMap;

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Answer, Consent, TestServer};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// A server, and the receiver that its webhooks may reach.
struct Setting {
    server: TestServer,
    receiver: MockServer,
    key: String,
}

impl Setting {
    async fn start() -> Self {
        let receiver = MockServer::start().await;
        let server = TestServer::builder()
            .allowing(&receiver.uri())
            // Nobody listens here.
            .allowing("http://127.0.0.1:1")
            .start()
            .await;
        let key = server.key_with(&[Scope::WebhooksWrite]).await;
        Self { server, receiver, key }
    }

    /// A call with a key for webhooks.
    async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let call = self.server.api(method, path).key(&self.key);
        let call = if method == "GET" { call } else { call.json(body) };
        call.send().await
    }

    /// Subscribes a path of the receiver; the subscription with its secret.
    async fn subscribe(&self, place: &str, events: &[&str]) -> Value {
        let body = json!({ "url": format!("{}{place}", self.receiver.uri()), "events": events });
        self.call("POST", "/v1/webhooks/subscriptions", &body)
            .await
            .expect(201)
            .json()
    }

    /// How the receiver answers at a path from now on, until its guard goes.
    async fn answering(&self, place: &str, answer: impl Respond + 'static) -> wiremock::MockGuard {
        Mock::given(path(place))
            .respond_with(answer)
            .mount_as_scoped(&self.receiver)
            .await
    }

    /// The same for good.
    async fn answers(&self, place: &str, answer: impl Respond + 'static) {
        Mock::given(path(place))
            .respond_with(answer)
            .mount(&self.receiver)
            .await;
    }

    /// What arrived at a path.
    async fn seen(&self, place: &str) -> Vec<Request> {
        let all = self.receiver.received_requests().await.unwrap();
        all.into_iter().filter(|request| request.url.path() == place).collect()
    }

    /// Turns until nothing is due and nothing runs.
    async fn deliver(&self) -> (usize, usize) {
        let mut total = (0, 0);
        loop {
            let tick = self.server.broker.webhook_tick().await.unwrap();
            total.0 += tick.delivered;
            total.1 += tick.failed;
            if (tick.delivered, tick.failed, tick.running) == (0, 0, 0) {
                return total;
            }
        }
    }

    /// Connects the sandbox; the connection's id.
    async fn connect(&self, identity: &str) -> String {
        let record = self.server.connect(identity, Consent::Allow(Account::Ann)).await;
        record["_id"].as_str().unwrap().to_owned()
    }

    /// A change of a connection, which is an event.
    async fn change(&self, connection: &str, tag: &str) {
        self.server
            .api("PATCH", &format!("/v1/vault/connections/{connection}"))
            .json(&json!({ "tags": [tag] }))
            .send()
            .await
            .expect(200);
    }

    async fn get(&self, place: &str) -> Value {
        self.call("GET", place, &Value::Null).await.expect(200).json()
    }
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// What arrived, as types by connection in the order of arrival.
fn by_connection(requests: &[Request]) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for request in requests {
        let body = body(request);
        let connection = body["metadata"]["connectionId"].as_str().unwrap_or_default();
        all.entry(connection.to_owned())
            .or_default()
            .push(body["id"].as_str().unwrap().to_owned());
    }
    all
}

fn ok() -> ResponseTemplate {
    ResponseTemplate::new(204)
}
