use secrecy::{ExposeSecret as _, SecretString};

use super::address::Encryption;
use super::*;

fn server(text: &str) -> Result<MailServer, MailServerError> {
    MailServer::parse(&SecretString::from(text))
}

fn mail(to: &str, subject: &str) -> OutgoingMail {
    OutgoingMail {
        id: "0198".to_owned(),
        to: to.parse().unwrap(),
        subject: subject.to_owned(),
        text: "Hello.\n".to_owned(),
        html: "<p>Hello.</p>\n".to_owned(),
        at: 1_700_000_000,
        secrets: Vec::new(),
    }
}

fn written(mail: &OutgoingMail) -> String {
    let sender = "Shop <connect@example.com>".parse().unwrap();
    String::from_utf8(message(mail, &sender, "connect.example.com").unwrap().formatted()).unwrap()
}

#[test]
fn encryption_is_required_beyond_this_machine() {
    for (text, encryption, place) in [
        ("smtp://mail.example.com", Encryption::StartTls, "mail.example.com:587"),
        ("smtp://10.0.0.7:25", Encryption::StartTls, "10.0.0.7:25"),
        ("smtps://mail.example.com/", Encryption::Implicit, "mail.example.com:465"),
        ("smtps://127.0.0.1:465", Encryption::Implicit, "127.0.0.1:465"),
        ("smtp://localhost:1025", Encryption::Loopback, "localhost:1025"),
        ("smtp://127.0.0.9:1025", Encryption::Loopback, "127.0.0.9:1025"),
        ("smtp://[::1]:1025", Encryption::Loopback, "[::1]:1025"),
        ("smtp://localhost.example.com", Encryption::StartTls, "localhost.example.com:587"),
    ] {
        let server = server(text).unwrap();
        assert_eq!((server.encryption, server.place().as_str()), (encryption, place), "{text}");
    }
}

#[test]
fn user_and_password_are_read_back_and_never_printed() {
    let server = server("smtp://ann%40example.com:p%40ss%2Fword@mail.example.com").unwrap();
    let (user, password) = server.sign_in.clone().unwrap();
    assert_eq!((user.as_str(), password.expose_secret()), ("ann@example.com", "p@ss/word"));
    assert!(!format!("{server:?}").contains("p@ss"));
}

#[test]
fn mistakes_in_the_address_are_named_without_it() {
    for (text, expected) in [
        ("mail.example.com:587", MailServerError::NotSmtp),
        ("https://mail.example.com", MailServerError::NotSmtp),
        ("smtp://", MailServerError::NotSmtp),
        ("smtp://mail.example.com/path", MailServerError::TooMuch),
        ("smtp://mail.example.com?tls=none", MailServerError::TooMuch),
        ("smtp://ann@mail.example.com", MailServerError::HalfASignIn),
        ("smtp://:hunter2canary@mail.example.com", MailServerError::HalfASignIn),
    ] {
        let error = server(text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("canary"));
    }
}

#[test]
fn an_address_cannot_bring_a_header() {
    for bad in [
        "",
        "ann",
        "ann@example.com\r\nBcc: eve@example.net",
        "ann@example.com\nX: y",
        "ann@example.com, eve@example.net",
        "Ann <ann@example.com>",
        "ann@exa mple.com",
    ] {
        assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
    }
    assert!("Shop <connect@example.com>\r\nBcc: eve@example.net".parse::<Sender>().is_err());
    let long = format!("{}@example.com", "a".repeat(300));
    assert!(long.parse::<EmailAddress>().is_err());
    let error = "ann".parse::<EmailAddress>().unwrap_err().to_string();
    assert_eq!(
        error,
        "this is not a mail address: write one as ann@example.com, 254 characters at most"
    );
}

#[test]
fn a_subject_cannot_bring_a_header_and_the_mail_says_that_nobody_wrote_it() {
    let text = written(&mail("ann@example.com", "Hi\r\nBcc: eve@example.net\r\n\r\nBody"));
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = headers
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':').map(|(name, _)| name))
        .collect();
    assert!(!names.contains(&"Bcc"), "{headers}");
    assert!(headers.contains("Auto-Submitted: auto-generated"), "{headers}");
    assert!(headers.contains("Message-ID: <0198@connect.example.com>"), "{headers}");
    assert!(headers.contains("Date: Tue, 14 Nov 2023 22:13:20"), "{headers}");
    assert!(text.contains("text/plain") && text.contains("text/html"));
}

#[test]
fn long_and_foreign_subjects_are_encoded_line_by_line() {
    let text = written(&mail("ann@example.com", &"Größe مرحبا ".repeat(60)));
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(headers.is_ascii());
    assert!(headers.lines().all(|line| line.len() <= 998), "{headers}");
    assert!(headers.contains("Subject: =?utf-8?b?"), "{headers}");
}
