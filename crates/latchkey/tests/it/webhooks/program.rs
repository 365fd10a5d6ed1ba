//! `latchkey webhooks`.

use std::process::Command;

use serde_json::{Value, json};

use super::{Setting, header, id, ok};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_it_all() {
    let setting = Setting::start().await;
    setting.answers("/hook", ok()).await;
    let run = |arguments: &[&str]| -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(["webhooks", "--json"])
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env("LATCHKEY_DATABASE_URL", setting.server.database.address())
            .env("LATCHKEY_MASTER_KEY", setting.server.master.to_text().as_str())
            .env("LATCHKEY_PUBLIC_URL", &setting.server.url)
            .env("LATCHKEY_ALLOW_PRIVATE_HOSTS", setting.receiver.uri())
            .output()
            .unwrap();
        let text = if output.status.success() {
            output.stdout
        } else {
            output.stderr
        };
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let json_of = |arguments: &[&str]| -> Value {
        let (succeeded, text) = run(arguments);
        assert!(succeeded, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let url = format!("{}/hook", setting.receiver.uri());
    let made = json_of(&["create", &url, "--event", "connection.*"]);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let list = json_of(&["list"]);
    assert_eq!((&list[0]["id"], list[0].get("secret")), (&made["id"], None));
    assert_eq!(json_of(&["test", id(&made)])["status"], "delivered");

    setting.connect("u-1").await;
    setting.deliver().await;
    let deliveries = json_of(&["deliveries", id(&made), "--status", "delivered"]);
    assert_eq!(deliveries.as_array().unwrap().len(), 2);
    assert_eq!(
        json_of(&["redeliver", "--delivery", id(&deliveries[0])])["status"],
        "pending"
    );
    setting.deliver().await;
    let from = (setting.server.store.now().await.unwrap() - chrono::TimeDelta::hours(1)).to_rfc3339();
    let range = ["redeliver", "--endpoint", id(&made), "--from", &from, "--all"];
    assert_eq!(json_of(&range), json!({ "redelivered": 2 }));
    setting.deliver().await;
    let seen = setting.seen("/hook").await;
    assert_eq!(seen.len(), 5);

    let rotated = json_of(&["rotate-secret", id(&made), "--overlap", "60"]);
    assert_ne!(rotated["secret"], made["secret"]);
    json_of(&["test", id(&made)]);
    let seen = setting.seen("/hook").await;
    assert_eq!(header(&seen[5], "webhook-signature").split(' ').count(), 2);
    let (succeeded, text) = run(&["rotate-secret", id(&made)]);
    assert!(!succeeded && text.contains("signs until"), "{text}");
    json_of(&["rotate-secret", id(&made), "--force"]);
    assert_eq!(json_of(&["delete", id(&made)])["deleted"], true);
    assert_eq!(json_of(&["list"]), json!([]));
    let (succeeded, text) = run(&["test", id(&made)]);
    assert!(!succeeded && text.contains("does not exist"), "{text}");
}
