//! `latchkey mail`.

use anyhow::Context as _;
use clap::Subcommand;
use protocol::mail::{EmailAddress, OutgoingMail};
use serde_json::json;
use uuid::Uuid;

use super::output::Output;
use crate::composition;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Send a mail that says nothing, to see whether the mail server takes it.
    Test {
        /// Who gets it, as `ann@example.com`.
        address: String,
    },
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let Command::Test { address } = command;
    let to: EmailAddress = address.parse().with_context(|| format!("`{address}`"))?;
    let mailer = composition::mailer_alone(configuration)?
        .context("no mail server is set up: set LATCHKEY_SMTP_URL and LATCHKEY_MAIL_FROM")?;
    #[expect(clippy::disallowed_methods, reason = "a command that asks nobody else for the time")]
    let at = chrono::Utc::now().timestamp();
    let mail = OutgoingMail {
        id: Uuid::now_v7().to_string(),
        to,
        subject: "Latchkey can send mail".to_owned(),
        text: "This is the test that `latchkey mail test` sends. There is nothing to do.\n".to_owned(),
        html: "<!doctype html><html lang=\"en\"><body><p>This is the test that <code>latchkey mail test</code> sends. There is nothing to do.</p></body></html>\n".to_owned(),
        at,
        secrets: Vec::new(),
    };
    let mut connection = mailer.connect().await?;
    connection.send(&mail).await?;
    connection.close().await;
    let text = format!(
        "The mail server {} took a mail to {}. Whether it arrives is seen there.",
        mailer.place(),
        mail.to
    );
    output.say(
        &json!({ "to": mail.to.to_string(), "server": mailer.place(), "taken": true }),
        &text,
    );
    Ok(())
}
