//! What a mail says, and what names from outside cannot make of it.

use serde_json::json;
use store::ProjectChange;

use super::Setting;

#[tokio::test(flavor = "multi_thread")]
async fn names_are_text_and_bring_no_header() {
    let setting = Setting::start().await;
    let name = "Shop\r\nBcc: eve@example.test\r\n\r\n<script>alert(1)</script>";
    let change = ProjectChange {
        name: Some(name.to_owned()),
        ..ProjectChange::default()
    };
    setting
        .server
        .store
        .change_project(setting.server.project.id, change)
        .await
        .unwrap();
    setting.connect("u-1", "ann@example.test").await;
    let evil = "update connections set account_name = E'\"><img src=x>\\r\\nX-Evil: 1'";
    setting.server.database.execute(evil).await;
    setting.withdraw().await;
    assert_eq!(setting.tick().await, (1, 0));
    let taken = setting.mail.taken();
    assert_eq!(taken[0].to, ["ann@example.test"]);
    let headers = taken[0].headers();
    for header in ["Bcc:", "X-Evil:"] {
        assert!(!headers.lines().any(|line| line.starts_with(header)), "{headers}");
    }
    assert_eq!(taken[0].header("Auto-Submitted").as_deref(), Some("auto-generated"));
    let html = taken[0].part("text/html");
    assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    // Nothing is fetched when it is read.
    assert!(!html.contains("src=\"") && !html.contains("url("), "{html}");
    assert_eq!(html.matches("http").count(), 2, "the link and its text: {html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_name_is_cut_and_the_link_stays_whole() {
    let setting = Setting::start().await;
    let change = ProjectChange {
        name: Some("Größenwahn ".repeat(10)),
        ..ProjectChange::default()
    };
    setting
        .server
        .store
        .change_project(setting.server.project.id, change)
        .await
        .unwrap();
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    assert_eq!(setting.tick().await, (1, 0));
    let mail = setting.mail.taken().remove(0);
    assert!(mail.data.lines().all(|line| line.len() <= 998));
    assert_eq!(mail.secret().len(), 43);
    assert!(mail.part("text/html").contains(&mail.link()));
    assert!(mail.part("text/plain").contains('…'));
    assert!(mail.part("text/plain").contains("It works once, for 7 days."));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_none_is_refused_where_it_is_given() {
    let setting = Setting::start().await;
    for (body, key) in [
        (json!({ "identity": "u-1", "email": "ann" }), "email_not_valid"),
        (
            json!({ "identity": "u-1", "email": "ann@example.test\r\nBcc: eve@example.test" }),
            "email_not_valid",
        ),
        (json!({ "email": "ann@example.test" }), "email_without_identity"),
    ] {
        let answer = setting.server.api("POST", "/v1/authkit/token").json(&body).send().await;
        assert_eq!(answer.problem(400), key);
    }
    assert_eq!(setting.count("contacts").await, 0);
}
