//! Test support: a database of its own for each test, a whole server on a port of its own, browsers without a browser,
//! and providers that answer oddly.
//!
//! Here lives what several test binaries share. Nothing waits for time: the database's clock is moved.
//!
//! What never lives here: a test, or anything that the product itself uses.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "what fails here is a failed test, and the panic says why"
)]

mod browser;
mod call;
mod database;
mod forms;
mod leases;
mod link;
mod mail_server;
mod outside;
mod pair;
mod ports;
mod postgres;
mod provider;
mod server;
mod signing;
mod typed;

pub use browser::{Account, Browser, Consent, StartedFlow, callback_of, rewritten_state};
pub use call::{Answer, Call};
pub use database::Database;
pub use forms::forms_of;
pub use leases::{answer, claim, replica};
pub use link::Link;
pub use mail_server::{MailServer, ReceivedMail};
pub use pair::Pair;
pub use ports::free_port;
pub use postgres::{PostgresSource, container};
pub use provider::definition as odd_definition;
pub use provider::{Held, OddProvider, Reply, SERVICE_DATE, Seen};
pub use server::{Beside, SHOP, TestServer, TestServerBuilder, client};
