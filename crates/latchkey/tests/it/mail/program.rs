//! `latchkey mail test`, and what is said of a configuration that cannot be.

use std::process::{Command, Output};

use testkit::MailServer;

fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    tokio::task::block_in_place(|| {
        Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(arguments)
            .env_remove("DATABASE_URL")
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    })
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const FROM: (&str, &str) = ("LATCHKEY_MAIL_FROM", "Shop <connect@shop.example.test>");

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_out_and_signs_in() {
    let mail = MailServer::start().await;
    mail.require("shop", "canary-smtp-password-2f8a");
    let url = mail.url_with("shop", "canary-smtp-password-2f8a");
    let output = run(
        &["mail", "test", "ann@example.test"],
        &[("LATCHKEY_SMTP_URL", &url), FROM],
    );
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!((mail.taken().len(), mail.signed_in()), (1, 1));
    assert!(said(&output).contains("took a mail to ann@example.test"));
    assert!(!said(&output).contains("canary"));

    let wrong = mail.url_with("shop", "canary-wrong-password-9b1c");
    let output = run(
        &["mail", "test", "ann@example.test"],
        &[("LATCHKEY_SMTP_URL", &wrong), FROM],
    );
    assert!(!output.status.success());
    assert!(
        said(&output).contains("refused the sign-in (535): check user and password in LATCHKEY_SMTP_URL"),
        "{}",
        said(&output)
    );
    for form in testkit::forms_of("canary-wrong-password-9b1c") {
        assert!(!said(&output).contains(&form), "{}", said(&output));
    }
    let masked = run(&["config"], &[("LATCHKEY_SMTP_URL", &wrong), FROM]);
    assert!(said(&masked).contains("\"smtp_url\": \"(set)\"") && !said(&masked).contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_with_what_to_write() {
    let address = ["mail", "test", "ann@example.test"];
    for (arguments, settings, expected) in [
        (
            &address[..],
            vec![],
            "no mail server is set up: set LATCHKEY_SMTP_URL and LATCHKEY_MAIL_FROM",
        ),
        (
            &address[..],
            vec![("LATCHKEY_SMTP_URL", "smtp://mail.example.test")],
            "LATCHKEY_SMTP_URL is set, but not LATCHKEY_MAIL_FROM",
        ),
        (
            &address[..],
            vec![FROM],
            "LATCHKEY_MAIL_FROM is set, but not LATCHKEY_SMTP_URL",
        ),
        (
            &address[..],
            vec![("LATCHKEY_SMTP_URL", "mail.example.test:587"), FROM],
            "LATCHKEY_SMTP_URL cannot be used",
        ),
        (
            &address[..],
            vec![("LATCHKEY_SMTP_URL", "smtp://u:canary-half@mail.example.test/x"), FROM],
            "it must end after host and port",
        ),
        (
            &address[..],
            vec![
                ("LATCHKEY_SMTP_URL", "smtp://mail.example.test"),
                ("LATCHKEY_MAIL_FROM", "shop"),
            ],
            "LATCHKEY_MAIL_FROM holds `shop`",
        ),
        (
            &address[..],
            vec![("LATCHKEY_MAIL_LINK_DAYS", "31")],
            "LATCHKEY_MAIL_LINK_DAYS must be 1 to 30",
        ),
        (
            &["mail", "test", "ann"][..],
            vec![],
            "this is not a mail address: write one as ann@example.com, 254 characters at most",
        ),
        // Nobody listens there.
        (
            &address[..],
            vec![("LATCHKEY_SMTP_URL", "smtp://127.0.0.1:1"), FROM],
            "the mail server 127.0.0.1:1 cannot be used",
        ),
    ] {
        let output = run(arguments, &settings);
        assert!(!output.status.success(), "{settings:?}");
        assert!(said(&output).contains(expected), "{settings:?}: {}", said(&output));
        assert!(!said(&output).contains("canary"), "{}", said(&output));
    }
}
