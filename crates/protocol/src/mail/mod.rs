//! Mail through the operator's own mail server (RFC 5321, RFC 5322). The server is part of the configuration, so it may be
//! on a private network; nobody else can name one.

mod address;
mod connection;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use vault::SecretString;

pub use address::{EmailAddress, MailServer, MailServerError, NotAnAddress, Sender};
pub use connection::{MailConnection, MailError, Mailer};

/// Characters of a subject and of a name beside an address.
const LINE_LIMIT: usize = 200;

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// The same over all attempts, so that mail servers can tell a repeated one.
    pub id: String,
    /// Who gets it.
    pub to: EmailAddress,
    /// One line.
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Seconds since 1970, for `Date`.
    pub at: i64,
    /// What of it nobody else may read, also when the mail server quotes it.
    pub secrets: Vec<SecretString>,
}

/// The mail as it goes over the wire. Headers are one line each, whatever they were made of.
fn message(mail: &OutgoingMail, sender: &Sender, host: &str) -> Result<Message, MailError> {
    let unwritable = |error: lettre::error::Error| MailError::Unwritable(error.to_string());
    let auto = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    Message::builder()
        .from(sender.0.clone())
        .to(Mailbox::new(None, mail.to.0.clone()))
        .subject(one_line(&mail.subject))
        .date(system_time(mail.at))
        .message_id(Some(format!("<{}@{host}>", mail.id)))
        .raw_header(auto)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(unwritable)
}

/// Without line ends and other control characters, and not too long.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(LINE_LIMIT)
        .collect()
}

/// A given time; no clock is asked.
fn system_time(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
