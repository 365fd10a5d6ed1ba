//! A conversation with the mail server: connect, encrypt, sign in, then one mail after the other.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::address::Encryption;
use super::{MailServer, OutgoingMail, Sender, message};
use crate::oauth2::Scrub;

/// Until the mail server has taken the connection and the sign-in.
const CONNECT_TIME: Duration = Duration::from_secs(20);
/// Until it has taken a mail.
const SEND_TIME: Duration = Duration::from_mins(1);

/// Why a mail was not sent, without a secret.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum MailError {
    /// The mail server was not reached, not trusted, or let nobody in: nothing about a mail was said.
    #[error("{0}")]
    Unreachable(String),
    /// It refused this mail.
    #[error("the mail server refused the mail ({code}){}", .words.as_ref().map(|words| format!(": “{words}”")).unwrap_or_default())]
    Refused {
        /// Its reply code.
        code: u16,
        /// Its words, scrubbed.
        words: Option<String>,
        /// 5xx: it would refuse again.
        permanent: bool,
    },
    /// The conversation broke off: nobody knows whether the mail is on its way.
    #[error("the mail server did not answer to the end; the mail may have been sent")]
    Lost,
    /// The mail cannot be written, or not to this address.
    #[error("the mail cannot be written: {0}")]
    Unwritable(String),
}

impl MailError {
    /// Whether the mail surely reached nobody.
    pub fn surely_not_sent(&self) -> bool {
        !matches!(self, Self::Lost)
    }
}

/// Speaks to the operator's mail server. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Arc<Parts>);

struct Parts {
    server: MailServer,
    sender: Sender,
    hello: ClientId,
    host: String,
    tls: Option<TlsParameters>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Mailer")
            .field("server", &self.0.server.place())
            .finish_non_exhaustive()
    }
}

impl Mailer {
    /// Sends from this sender. `host` is our own name, for the greeting and for `Message-ID`; `extra_roots` are PEM files
    /// that are trusted besides the public roots.
    ///
    /// # Errors
    /// A root certificate that cannot be read.
    pub fn new(server: MailServer, sender: Sender, host: &str, extra_roots: &[Vec<u8>]) -> Result<Self, MailError> {
        let tls = match server.encryption {
            Encryption::Loopback => None,
            Encryption::Implicit | Encryption::StartTls => {
                let unusable = |error: Error| MailError::Unreachable(format!("TLS cannot be used: {error}"));
                let mut builder = TlsParameters::builder(server.host.clone());
                for pem in extra_roots {
                    builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(unusable)?);
                }
                Some(builder.build_rustls().map_err(unusable)?)
            }
        };
        let hello = match host.parse() {
            Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(host.to_owned()),
        };
        Ok(Self(Arc::new(Parts {
            server,
            sender,
            hello,
            host: host.to_owned(),
            tls,
        })))
    }

    /// Host and port of the mail server.
    pub fn place(&self) -> String {
        self.0.server.place()
    }

    /// Connects, encrypts and signs in, within 20 seconds.
    pub async fn connect(&self) -> Result<MailConnection, MailError> {
        let place = self.place();
        let connected = timeout(CONNECT_TIME, self.connected()).await;
        connected.unwrap_or_else(|_| {
            let text = format!(
                "the mail server {place} did not answer in 20 seconds: check LATCHKEY_SMTP_URL and the way there"
            );
            Err(MailError::Unreachable(text))
        })
    }

    async fn connected(&self) -> Result<MailConnection, MailError> {
        let Parts { server, hello, tls, .. } = &*self.0;
        let place = server.place();
        let away = |error: Error| {
            // A reply before the sign-in holds nothing of ours.
            let words = Scrub::default().message(&error.to_string()).unwrap_or_default();
            MailError::Unreachable(format!(
                "the mail server {place} cannot be used: {words}. Check LATCHKEY_SMTP_URL"
            ))
        };
        let implicit = tls.clone().filter(|_| server.encryption == Encryption::Implicit);
        let at = (server.host.as_str(), server.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(at, Some(CONNECT_TIME), hello, implicit, None)
            .await
            .map_err(away)?;
        if server.encryption == Encryption::StartTls
            && let Some(tls) = tls
        {
            if !connection.can_starttls() {
                connection.abort().await;
                let text = format!(
                    "the mail server {place} offers no STARTTLS, and without it nothing is sent: use its TLS port with smtps://, or switch STARTTLS on there"
                );
                return Err(MailError::Unreachable(text));
            }
            connection.starttls(tls.clone(), hello).await.map_err(away)?;
        }
        if let Some((user, password)) = &server.sign_in {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let signed_in = connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await;
            if let Err(error) = signed_in {
                connection.abort().await;
                // Its words are not quoted: they may hold what was sent.
                let code = error.status().map(|code| format!(" ({code})")).unwrap_or_default();
                let text = format!(
                    "the mail server {place} refused the sign-in{code}: check user and password in LATCHKEY_SMTP_URL"
                );
                return Err(MailError::Unreachable(text));
            }
        }
        Ok(MailConnection {
            connection,
            mailer: self.clone(),
        })
    }
}

/// An open conversation.
pub struct MailConnection {
    connection: AsyncSmtpConnection,
    mailer: Mailer,
}

impl std::fmt::Debug for MailConnection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MailConnection")
    }
}

impl MailConnection {
    /// Sends one mail, within a minute. After an error the conversation is over.
    pub async fn send(&mut self, mail: &OutgoingMail) -> Result<(), MailError> {
        let parts = &self.mailer.0;
        let message = message(mail, &parts.sender, &parts.host)?;
        let bytes = message.formatted();
        let sending = self.connection.send(message.envelope(), &bytes);
        match timeout(SEND_TIME, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refusal(&error, mail)),
            Err(_) => Err(MailError::Lost),
        }
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_secs(2), self.connection.abort()).await;
    }
}

fn refusal(error: &Error, mail: &OutgoingMail) -> MailError {
    let mut scrub = Scrub::default();
    mail.secrets.iter().for_each(|secret| scrub.add(secret));
    let words = std::error::Error::source(error).and_then(|said| scrub.message(&said.to_string()));
    if let Some(code) = error.status() {
        let code = u16::from(code);
        return MailError::Refused {
            code,
            words,
            permanent: error.is_permanent(),
        };
    }
    if error.is_client() {
        return MailError::Unwritable(words.unwrap_or_default());
    }
    MailError::Lost
}
