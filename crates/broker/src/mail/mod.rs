//! Mail to the people behind connections: one with a link to reconnect, when a connection has failed or ends soon.

mod delivery;
mod invitation;
mod message;
mod schedule;

pub use delivery::MailTick;
pub(crate) use delivery::Sending;

use protocol::mail::Mailer;

/// How mail is sent. Without it, none is.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The way to the mail server.
    pub mailer: Mailer,
    /// Days that a link lives.
    pub link_days: u32,
}
