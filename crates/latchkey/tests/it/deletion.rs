//! A connection whose credential nobody can open any more must be deletable, and the answer tells the truth about its grant.

use serde_json::{Value, json};
use testkit::{Account, Consent, TestServer};

use crate::credential::of;

const ANN: Consent = Consent::Allow(Account::Ann);

/// Its last bytes changed, as on a bad disk.
const DAMAGED: &str =
    "update credentials set sealed = substring(sealed from 1 for octet_length(sealed) - 4) || '\\x00000000'::bytea";
/// Sealed under a data key that is nowhere.
const KEY_LOST: &str = "update credentials set sealed =
     overlay(sealed placing decode(replace(gen_random_uuid()::text, '-', ''), 'hex') from 5 for 16)";
/// Gone with its row.
const ROW_LOST: &str = "delete from credentials";

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_deleted_and_not_called_revoked() {
    let server = TestServer::start().await;
    server
        .database
        .execute("alter table credentials disable trigger user")
        .await;
    for harm in [DAMAGED, KEY_LOST, ROW_LOST] {
        let connection = server.connect("u-42", ANN).await;
        server.database.execute(harm).await;
        let place = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
        let deleted = server.api("DELETE", &place).send().await.expect(200).json();
        assert_eq!(
            (
                &deleted["deleted"],
                &deleted["revocation"],
                &deleted["revocationReason"]
            ),
            (&json!(true), &json!("failed"), &json!("credential_unreadable")),
            "{harm}"
        );
        let message = deleted["revocationMessage"].as_str().unwrap();
        assert!(
            message.contains("cannot be opened") && message.contains("End the access at the service"),
            "{message}"
        );
        server.api("GET", &place).send().await.problem(404);
        let told = server
            .api("GET", &of(&connection, "events"))
            .send()
            .await
            .expect(200)
            .json();
        let told = &told["rows"][0];
        assert_eq!(
            (
                &told["type"],
                &told["message"],
                &told["data"]["revocation"],
                &told["data"]["reason"]
            ),
            (
                &json!("connection.deleted"),
                &json!(message),
                &json!("failed"),
                &json!("credential_unreadable")
            )
        );
        for table in ["credentials", "revocations"] {
            let left = format!("select count(*) from {table}");
            assert_eq!(server.database.number(&left).await, 0, "{table}");
        }
        // It is over: nobody tells of it once more.
        assert_eq!(server.broker.revoke_tick().await.unwrap(), 0);
    }
    let deleted = "select count(*) from events where type = 'connection.deleted'";
    assert_eq!(server.database.number(deleted).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_opens_is_revoked_as_before() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let place = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    let deleted = server.api("DELETE", &place).send().await.expect(200).json();
    assert_eq!(
        (&deleted["revocation"], deleted.get("revocationReason")),
        (&json!("pending"), None::<&Value>)
    );
}
