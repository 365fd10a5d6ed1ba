//! `latchkey links`.

use std::process::Command;

use serde_json::Value;
use testkit::TestServer;

use super::{link, opened, peek};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_makes_lists_and_takes_back() {
    let server = TestServer::start().await;
    let run = |arguments: &[&str]| -> (bool, String) {
        let output = tokio::task::block_in_place(|| {
            Command::new(env!("CARGO_BIN_EXE_latchkey"))
                .arg("links")
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
    };
    let json_of = |arguments: &[&str]| -> Value {
        let (succeeded, text) = run(&[arguments, &["--json"]].concat());
        assert!(succeeded, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let (succeeded, text) = run(&["create", "--identity", "u-1", "--manage", "--locale", "pt"]);
    assert!(succeeded && text.contains("Keep the address now"), "{text}");
    let address = text.lines().next().unwrap();
    assert!(address.contains("?locale=pt-BR#"), "{address}");
    let browser = server.browser();
    opened(&browser, address.split_once('#').unwrap().1).await;
    let made = json_of(&[
        "create",
        "--identity",
        "u-2",
        "--integration",
        "sandbox",
        "--verify",
        "false",
    ]);
    let (_, secret) = made["url"].as_str().unwrap().split_once('#').unwrap();
    peek(&browser, secret).await.expect(200);

    let list = json_of(&["list"]);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!((&list[0]["id"], list[0].get("url")), (&made["id"], None));
    assert_eq!(json_of(&["list", "--state", "opened"])[0]["purpose"], "manage");
    let (_, table) = run(&["list", "--identity", "u-2"]);
    assert!(table.contains("u-2") && !table.contains("u-1"), "{table}");
    assert_eq!(json_of(&["revoke", made["id"].as_str().unwrap()])["state"], "revoked");
    assert_eq!(link(&server, &made["id"]).await["state"], "revoked");
    let (succeeded, text) = run(&["revoke", "nosuch"]);
    assert!(!succeeded && text.contains("This link does not exist"), "{text}");
    let (succeeded, text) = run(&["create"]);
    assert!(!succeeded && text.contains("--identity"), "{text}");
    let (succeeded, text) = run(&["create", "--identity", "u-1", "--locale", "xx"]);
    assert!(!succeeded && text.contains("choose one of en, de"), "{text}");
}
