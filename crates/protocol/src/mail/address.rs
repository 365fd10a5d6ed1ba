//! Addresses of people, and of the mail server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// The longest address (RFC 5321 §4.5.3.1.3, without the brackets).
const ADDRESS_LIMIT: usize = 254;

/// The address of a person, as `ann@example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress(pub(super) lettre::Address);

/// A text that is no address.
#[derive(Debug, thiserror::Error)]
#[error("this is not a mail address: write one as ann@example.com, 254 characters at most")]
pub struct NotAnAddress;

impl std::str::FromStr for EmailAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let plain = text.len() <= ADDRESS_LIMIT && !text.chars().any(|letter| letter.is_control() || letter == ' ');
        let address: Option<lettre::Address> = plain.then(|| text.parse().ok()).flatten();
        address.map(Self).ok_or(NotAnAddress)
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Who mails come from, as `Shop <connect@example.com>` or the address alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(pub(super) Mailbox);

impl std::str::FromStr for Sender {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if text.chars().any(char::is_control) {
            return Err(NotAnAddress);
        }
        let mailbox: Mailbox = text.parse().map_err(|_| NotAnAddress)?;
        mailbox.email.to_string().parse::<EmailAddress>()?;
        Ok(Self(mailbox))
    }
}

/// How the way to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// From the first byte (`smtps`).
    Implicit,
    /// By STARTTLS, or nothing is sent (`smtp`).
    StartTls,
    /// Not at all: the server is on this machine.
    Loopback,
}

/// The operator's mail server.
#[derive(Clone, Debug)]
pub struct MailServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) sign_in: Option<(String, SecretString)>,
}

/// Why an address is not one of a mail server. It never holds the address: there is a password in it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MailServerError {
    /// No address at all, or of another kind.
    #[error("it must be smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465 (TLS)")]
    NotSmtp,
    /// More than host and port.
    #[error("it must end after host and port, as smtp://user:password@host:587")]
    TooMuch,
    /// A user without a password, or the other way round.
    #[error(
        "user and password belong together: give both or none, and write `@`, `/`, `:`, `?`, `#` and `%` in them as %40, %2F, %3A, %3F, %23 and %25"
    )]
    HalfASignIn,
}

impl MailServer {
    /// Reads `smtp://user:password@host:587` or `smtps://…:465`. User and password may be left out, and the port.
    /// Where the host is this machine (`localhost`, a loopback address), `smtp` is spoken as it is; else STARTTLS is
    /// required.
    pub fn parse(text: &SecretString) -> Result<Self, MailServerError> {
        let url = Url::parse(text.expose_secret().trim()).map_err(|_| MailServerError::NotSmtp)?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(MailServerError::NotSmtp),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(MailServerError::TooMuch);
        }
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(MailServerError::NotSmtp)?;
        // `smtp` is no special scheme, so addresses arrive as names.
        let host = Host::parse(host).map_err(|_| MailServerError::NotSmtp)?;
        let (host, loopback) = match host {
            Host::Domain(name) => {
                let local = name == "localhost";
                (name, local)
            }
            Host::Ipv4(address) => (address.to_string(), Ipv4Addr::is_loopback(&address)),
            Host::Ipv6(address) => (address.to_string(), Ipv6Addr::is_loopback(&address)),
        };
        let decoded = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| MailServerError::HalfASignIn)
        };
        let sign_in = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) | (_, None) => return Err(MailServerError::HalfASignIn),
            (user, Some(password)) => Some((decoded(user)?, SecretString::from(decoded(password)?))),
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(if implicit { 465 } else { 587 }),
            encryption: match (implicit, loopback) {
                (true, _) => Encryption::Implicit,
                (false, true) => Encryption::Loopback,
                (false, false) => Encryption::StartTls,
            },
            sign_in,
        })
    }

    /// Host and port, for messages.
    pub fn place(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}
