use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

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
        (
            "smtps://mail.example.com/",
            Encryption::Implicit,
            "mail.example.com:465",
        ),
        ("smtps://127.0.0.1:465", Encryption::Implicit, "127.0.0.1:465"),
        ("smtp://localhost:1025", Encryption::Loopback, "localhost:1025"),
        ("smtp://127.0.0.9:1025", Encryption::Loopback, "127.0.0.9:1025"),
        ("smtp://[::1]:1025", Encryption::Loopback, "[::1]:1025"),
        (
            "smtp://localhost.example.com",
            Encryption::StartTls,
            "localhost.example.com:587",
        ),
    ] {
        let server = server(text).unwrap();
        assert_eq!(
            (server.encryption, server.place().as_str()),
            (encryption, place),
            "{text}"
        );
    }
}

#[test]
fn user_and_password_are_read_back_and_never_printed() {
    let server = server("smtp://ann%40example.com:p%40ss%2Fword@mail.example.com").unwrap();
    let (user, password) = server.sign_in.clone().unwrap();
    assert_eq!(
        (user.as_str(), password.expose_secret()),
        ("ann@example.com", "p@ss/word")
    );
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
    assert!(
        "Shop <connect@example.com>\r\nBcc: eve@example.net"
            .parse::<Sender>()
            .is_err()
    );
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

/// A mail server with this greeting to `EHLO`, and a certificate for `localhost`. Tells each line that it reads, those
/// that came encrypted with `tls ` before them.
struct TlsServer {
    port: u16,
    root: Vec<u8>,
    lines: UnboundedReceiver<String>,
}

impl TlsServer {
    async fn start(offers_starttls: bool) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let configuration = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(configuration));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, lines) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                stream.get_mut().write_all(b"220 localhost\r\n").await.unwrap();
                if talk(&mut stream, "", offers_starttls, &told).await
                    && let Ok(encrypted) = acceptor.accept(stream.into_inner()).await
                {
                    talk(&mut BufReader::new(encrypted), "tls ", false, &told).await;
                }
            }
        });
        Self {
            port,
            root: certificate.pem().into_bytes(),
            lines,
        }
    }

    fn mailer(&self, roots: &[Vec<u8>]) -> Mailer {
        let server = MailServer {
            host: "localhost".to_owned(),
            port: self.port,
            // As for a host elsewhere.
            encryption: Encryption::StartTls,
            sign_in: Some(("shop".to_owned(), SecretString::from("canary-password"))),
        };
        Mailer::new(
            server,
            "connect@example.com".parse().unwrap(),
            "connect.example.com",
            roots,
        )
        .unwrap()
    }

    fn said(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.lines.try_recv().ok()).collect()
    }
}

/// Answers until the end, or until encryption begins, which is `true`.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    mark: &str,
    offers_starttls: bool,
    told: &UnboundedSender<String>,
) -> bool {
    let (mut line, mut in_data) = (String::new(), false);
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let said = std::mem::take(&mut line);
        let word = said.trim_end().split([' ', ':']).next().unwrap_or_default().to_owned();
        if in_data && word != "." {
            continue;
        }
        in_data = word == "DATA";
        told.send(format!("{mark}{word}")).unwrap();
        let reply = match word.as_str() {
            "EHLO" if offers_starttls => "250-localhost\r\n250 STARTTLS",
            "EHLO" => "250-localhost\r\n250 AUTH PLAIN",
            "STARTTLS" => "220 go",
            "AUTH" => "235 in",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if stream
            .get_mut()
            .write_all(format!("{reply}\r\n").as_bytes())
            .await
            .is_err()
        {
            return false;
        }
        if word == "STARTTLS" {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn the_sign_in_and_the_mail_go_through_starttls_only() {
    let mut server = TlsServer::start(true).await;
    let mut connection = server.mailer(&[server.root.clone()]).connect().await.unwrap();
    connection.send(&mail("ann@example.com", "Hello")).await.unwrap();
    connection.close().await;
    let said = server.said();
    assert_eq!(
        said,
        [
            "EHLO", "STARTTLS", "tls EHLO", "tls AUTH", "tls MAIL", "tls RCPT", "tls DATA", "tls .", "tls QUIT"
        ]
    );
}

#[tokio::test]
async fn without_starttls_or_with_a_strange_certificate_nothing_is_said() {
    let mut server = TlsServer::start(false).await;
    let error = server.mailer(&[server.root.clone()]).connect().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("offers no STARTTLS, and without it nothing is sent"),
        "{error}"
    );
    let said = server.said();
    assert!(!said.iter().any(|line| line == "AUTH" || line == "MAIL"), "{said:?}");

    let mut server = TlsServer::start(true).await;
    let error = server.mailer(&[]).connect().await.unwrap_err();
    assert!(
        matches!(&error, MailError::Unreachable(text) if text.contains("cannot be used")),
        "{error}"
    );
    assert!(!error.to_string().contains("canary"));
    assert_eq!(server.said(), ["EHLO", "STARTTLS"]);
}
