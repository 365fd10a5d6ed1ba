//! Revocation.

use super::*;

#[tokio::test]
async fn a_revocation_ends_in_one_of_two_ways() {
    let error = |code: &str| ResponseTemplate::new(400).set_body_json(json!({ "error": code }));
    let good = || ResponseTemplate::new(200);
    let tokens = OAuth2Tokens {
        access_token: "at".into(),
        refresh_token: Some("rt".into()),
        token_type: "Bearer".to_owned(),
        client: None,
    };
    for (answers, expected) in [
        (vec![good(), good()], Some(Revocation::Revoked)),
        (vec![good(), error("invalid_token")], Some(Revocation::Revoked)),
        (vec![error("unsupported_token_type"), good()], Some(Revocation::Revoked)),
        (
            vec![error("unsupported_token_type"), error("unsupported_token_type")],
            Some(Revocation::Unsupported),
        ),
        (vec![ResponseTemplate::new(503), good()], None),
        (vec![error("invalid_client"), good()], None),
    ] {
        let server = stub("/revoke", answers).await;
        let setting = Setting::new(&server, service("basic"));
        assert_eq!(
            protocol(&server).revoke(&setting.client(), &tokens).await.ok(),
            expected
        );
    }
    let without = crate::testing::SERVICE
        .replace("CLIENT_AUTH", "basic")
        .replace("    revoke: { url: \"${instance.sandbox_url}/revoke\" }\n", "");
    let server = MockServer::start().await;
    let setting = Setting::new(&server, definition(&without));
    assert_eq!(
        protocol(&server).revoke(&setting.client(), &tokens).await.unwrap(),
        Revocation::Unsupported
    );
}
