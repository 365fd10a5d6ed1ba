//! A sign-in that reaches several sites: the person picks one, from the list that is sealed in the flow.

mod end;
mod list;
mod pick;
mod reconnect;
mod replicas;
mod typed_keys;

use serde_json::{Value, json};
use testkit::{Account, Answer, Browser, StartedFlow, TestServer};

/// A flow of `u-42` at Sandbox Sites that waits for the choice.
struct Waiting {
    server: TestServer,
    session: String,
    flow: StartedFlow,
    browser: Browser,
}

impl Waiting {
    async fn new() -> Self {
        Self::on(TestServer::builder().with_sites().start().await).await
    }

    async fn on(server: TestServer) -> Self {
        let session = owned(&server).await;
        let (flow, browser, next) = server.at_sites(&session, Account::Ann).await;
        assert!(next.ends_with(&format!("/connect/choose?f={}", flow.flow)), "{next}");
        Self {
            server,
            session,
            flow,
            browser,
        }
    }

    fn path(&self, what: &str) -> String {
        format!("/connect/api/flows/{}/{what}", self.flow.flow)
    }

    /// The modal, in another browser context than the window that was at the service.
    async fn modal(&self, what: &str, body: &Value) -> Answer {
        let modal = self.server.browser();
        modal.post(&self.path(what), Some(&self.session), body).await
    }

    async fn pick(&self, pick: i64) -> Answer {
        self.modal("choose", &json!({ "pick": pick })).await
    }

    async fn stage(&self) -> Value {
        self.browser.check(&self.flow.result).await["stage"].clone()
    }

    async fn outcome(&self) -> Value {
        self.browser.check(&self.flow.result).await
    }

    async fn connections(&self) -> i64 {
        self.server.database.number("select count(*) from connections").await
    }

    /// That the grant is gone here and taken back at the service.
    async fn is_given_back(&self) {
        let database = &self.server.database;
        let held = "select count(*) from flows where quarantined is not null or sealed is not null";
        assert_eq!(database.number(held).await, 0);
        self.server.broker.revoke_tick().await.unwrap();
        assert_eq!(database.text("select status from revocations").await, "revoked");
        let living = "select count(*) from sandbox_grants where revoked_at is null";
        assert_eq!(database.number(living).await, 0);
        assert_eq!(self.connections().await, 0);
    }
}

async fn owned(server: &TestServer) -> String {
    server
        .session(&json!({ "identity": "u-42", "identityType": "user" }))
        .await
}

/// The site that calls through a connection are for.
async fn site(server: &TestServer, connection: &Value) -> Value {
    let key = connection["key"].as_str().unwrap();
    let call = server.api("GET", "/v1/passthrough/site").connection(key);
    call.send().await.expect(200).json()["id"].clone()
}

async fn revocations(server: &TestServer) -> i64 {
    server.database.number("select count(*) from revocations").await
}
