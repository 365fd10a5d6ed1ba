//! What is said of a configuration that cannot be, and that it shows no secret.

use std::process::{Command, Output};

fn config(settings: &[(&str, &str)]) -> (bool, String) {
    let output: Output = tokio::task::block_in_place(|| {
        Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .arg("config")
            .env_remove("DATABASE_URL")
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_with_what_to_write() {
    let long = "x".repeat(41);
    let issuer = ("LATCHKEY_SSO_ISSUER", "https://id.example.test");
    let id = ("LATCHKEY_SSO_CLIENT_ID", "latchkey");
    let secret = ("LATCHKEY_SSO_CLIENT_SECRET", "canary-sso-secret-3b9e");
    let file = ("LATCHKEY_SSO_CLIENT_SECRET_FILE", "/run/secrets/sso");
    for (settings, expected) in [
        (
            vec![issuer],
            "LATCHKEY_SSO_ISSUER is set, but not LATCHKEY_SSO_CLIENT_ID",
        ),
        (
            vec![issuer, id],
            "but neither LATCHKEY_SSO_CLIENT_SECRET nor LATCHKEY_SSO_CLIENT_SECRET_FILE",
        ),
        (
            vec![issuer, id, secret, file],
            "give LATCHKEY_SSO_CLIENT_SECRET or LATCHKEY_SSO_CLIENT_SECRET_FILE, not both",
        ),
        (vec![id, secret], "is set, but not LATCHKEY_SSO_ISSUER"),
        (
            vec![("LATCHKEY_SSO_ISSUER", "https://id.example.test/?a=b"), id, secret],
            "LATCHKEY_SSO_ISSUER must be the provider's issuer",
        ),
        (
            vec![issuer, id, secret, ("LATCHKEY_SSO_NAME", &long)],
            "LATCHKEY_SSO_NAME must have 1 to 40 characters",
        ),
    ] {
        let (succeeded, said) = config(&settings);
        assert!(!succeeded && said.contains(expected), "{settings:?}: {said}");
        assert!(!said.contains("canary"), "{said}");
    }
    let (succeeded, said) = config(&[issuer, id, secret, ("LATCHKEY_SSO_NAME", "Okta")]);
    assert!(succeeded, "{said}");
    for part in [
        "https://id.example.test",
        "\"sso_client_secret\": \"(set)\"",
        "\"sso_name\": \"Okta\"",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("canary"), "{said}");
}
