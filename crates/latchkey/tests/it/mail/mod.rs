//! Mail to the person behind a connection: when it goes out, what it says, and where its link leads.

mod links;
mod program;
mod sending;
mod text;

use serde_json::{Value, json};
use store::ProjectChange;
use testkit::{Account, Consent, MailServer, TestServer};

const DAY: i64 = 86_400;

/// A server that writes by a mail server.
struct Setting {
    mail: MailServer,
    server: TestServer,
}

impl Setting {
    /// With the project's switch on.
    async fn start() -> Self {
        let setting = Self::switched_off().await;
        setting.switch(true).await;
        setting
    }

    async fn switched_off() -> Self {
        let mail = MailServer::start().await;
        let server = TestServer::builder().mailing(mail.mailer(&mail.url())).start().await;
        Self { mail, server }
    }

    async fn switch(&self, on: bool) {
        let change = ProjectChange {
            mail: Some(on),
            ..ProjectChange::default()
        };
        self.server
            .store
            .change_project(self.server.project.id, change)
            .await
            .unwrap();
    }

    /// Ann's account at the sandbox, of this identity, whose person gets mail at this address.
    async fn connect(&self, identity: &str, email: &str) -> Value {
        let body = json!({ "identity": identity, "identityType": "user", "email": email });
        let session = self.server.session(&body).await;
        self.server
            .connect_in(&session, Consent::AllowShortly(Account::Ann))
            .await
    }

    /// The person withdrew the grants at the service: all connections fail, at the second refusal.
    async fn withdraw(&self) {
        self.server
            .database
            .execute("update sandbox_grants set revoked_at = latchkey_now() where revoked_at is null")
            .await;
        for _ in 0..2 {
            self.server.advance(11).await;
            self.server.broker.refresh_tick().await.unwrap();
        }
        assert_eq!(
            self.count("connections where state = 'failed' and deleted_at is null")
                .await,
            self.count("connections where deleted_at is null").await
        );
    }

    /// One turn: how many were sent and not sent.
    async fn tick(&self) -> (usize, usize) {
        let tick = self.server.broker.mail_tick().await.unwrap();
        assert!(!tick.running);
        (tick.sent, tick.failed)
    }

    async fn count(&self, what: &str) -> i64 {
        self.server
            .database
            .number(&format!("select count(*) from {what}"))
            .await
    }

    async fn events(&self, kind: &str) -> i64 {
        self.count(&format!("events where type = '{kind}'")).await
    }

    /// State and last error of the only mail.
    async fn outbox(&self) -> String {
        self.server
            .database
            .text("select string_agg(status || ':' || coalesce(last_error, ''), ' | ' order by created_at) from mails")
            .await
    }
}
