//! Sending: claim, send with no transaction open, note. One conversation with the mail server a turn.

use std::sync::Arc;
use std::time::Duration;

use protocol::mail::{EmailAddress, MailConnection, MailError, OutgoingMail};
use rand::RngExt as _;
use store::{ClaimedMail, LinkId, MailEnd, MailVerdict};
use tokio::sync::Mutex;
use tokio::time::timeout;
use vault::Token;

use super::{MailSettings, message, schedule};
use crate::{Broker, Problem};

/// Mails of one turn at most.
const IN_A_ROW: usize = 50;
/// How long a turn waits for what it began. A slow mail server goes on by itself, and keeps no other loop waiting.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailTick {
    /// Taken by the mail server.
    pub sent: usize,
    /// Not sent; most are tried again.
    pub failed: usize,
    /// Still at it.
    pub running: bool,
}

/// Held while this replica speaks to the mail server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sending(Arc<Mutex<()>>);

impl Broker {
    /// Sends what is due. Called by the scheduler, and by tests step by step. Returns when all of it is done, or after a
    /// second and a half; the rest goes on.
    pub async fn mail_tick(&self) -> Result<MailTick, Problem> {
        // A copy of a database must not write to people whom the original writes to.
        if !self.is_at_home().await {
            return Ok(MailTick::default());
        }
        let Some(settings) = self.settings().mail.clone() else {
            self.store().drop_old_mails().await?;
            return Ok(MailTick::default());
        };
        let running = MailTick {
            running: true,
            ..MailTick::default()
        };
        let Ok(turn) = self.0.sending.0.clone().try_lock_owned() else {
            return Ok(running);
        };
        let broker = self.clone();
        let sending = tokio::spawn(async move {
            let _turn = turn;
            broker.send_due(&settings).await
        });
        match timeout(PATIENCE, sending).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => {
                tracing::error!(%panic, "sending a mail panicked; its claim ends by itself");
                Err(Problem::internal("Sending a mail failed."))
            }
            Err(_) => Ok(running),
        }
    }

    async fn send_due(&self, settings: &MailSettings) -> Result<MailTick, Problem> {
        let (mut tick, mut connection) = (MailTick::default(), None);
        for _ in 0..IN_A_ROW {
            let Some(mail) = self.store().claim_mail().await? else {
                break;
            };
            match self.send_one(settings, &mail, &mut connection).await? {
                Outcome::Sent => tick.sent += 1,
                Outcome::NotSent => tick.failed += 1,
                // The others wait for the next turn: what keeps this one keeps them.
                Outcome::NoServer => {
                    tick.failed += 1;
                    break;
                }
            }
        }
        if let Some(connection) = connection {
            connection.close().await;
        }
        Ok(tick)
    }

    async fn send_one(
        &self,
        settings: &MailSettings,
        mail: &ClaimedMail,
        connection: &mut Option<MailConnection>,
    ) -> Result<Outcome, Problem> {
        let mut link = None;
        let sent = match self.prepare(settings, mail, &mut link).await? {
            Err(error) => Err(error),
            Ok(None) => return Ok(Outcome::NotSent),
            Ok(Some(outgoing)) => attempt(settings, &outgoing, connection).await,
        };
        let end = match &sent {
            Ok(()) => MailEnd {
                verdict: MailVerdict::Sent,
                error: None,
                unused_link: None,
            },
            Err(error) => MailEnd {
                verdict: schedule::judge(
                    error,
                    mail.attempt,
                    mail.age_seconds,
                    rand::rng().random_range(0.0..1.0),
                ),
                error: Some(sentence(error)),
                unused_link: link.filter(|_| error.surely_not_sent()),
            },
        };
        let (result, outcome) = match (&end.verdict, &sent) {
            (MailVerdict::Sent, _) => ("sent", Outcome::Sent),
            (MailVerdict::Failed, _) => ("failed", Outcome::NotSent),
            (_, Err(MailError::Unreachable(_))) => ("unreachable", Outcome::NoServer),
            _ => ("retried", Outcome::NotSent),
        };
        metrics::counter!("latchkey_mails_total", "result" => result).increment(1);
        match &sent {
            Ok(()) => {
                tracing::info!(mail = %mail.id, connection = %mail.connection, reason = mail.reason.as_str(), "a mail was sent");
            }
            Err(error) => {
                tracing::warn!(%error, mail = %mail.id, connection = %mail.connection, result, "a mail was not sent");
            }
        }
        if !self.store().note_mail(mail, &end).await? {
            tracing::warn!(mail = %mail.id, "a mail ended after its claim; it may be sent once more");
        }
        Ok(outcome)
    }

    /// The mail with a new link. `None` when the claim is over.
    async fn prepare(
        &self,
        settings: &MailSettings,
        mail: &ClaimedMail,
        link: &mut Option<LinkId>,
    ) -> Result<Result<Option<OutgoingMail>, MailError>, Problem> {
        let Ok(to) = mail.to.parse::<EmailAddress>() else {
            return Ok(Err(MailError::Unwritable(
                "the address of its owner is not one".to_owned(),
            )));
        };
        let secret = Token::generate();
        let days = settings.link_days;
        let Some(id) = self.store().make_mail_link(mail, &secret.digest(), days).await? else {
            return Ok(Ok(None));
        };
        *link = Some(id);
        let service = self
            .catalog()
            .get(&mail.integration)
            .map_or_else(|| mail.integration.clone(), |integration| integration.name.clone());
        let base = mail.project_domain.as_deref().unwrap_or_else(|| self.public_origin());
        Ok(message::write(mail, to, &service, base, (id, &secret), days)
            .map(Some)
            .map_err(|error| MailError::Unwritable(error.to_string())))
    }
}

enum Outcome {
    Sent,
    NotSent,
    NoServer,
}

/// One attempt, over the open conversation or a new one. After an error the next mail gets a new one.
async fn attempt(
    settings: &MailSettings,
    mail: &OutgoingMail,
    open: &mut Option<MailConnection>,
) -> Result<(), MailError> {
    let mut connection = match open.take() {
        Some(connection) => connection,
        None => settings.mailer.connect().await?,
    };
    connection.send(mail).await?;
    *open = Some(connection);
    Ok(())
}

/// The error as the timeline and webhooks tell it: to the project, which need not know the operator's mail server.
pub(super) fn sentence(error: &MailError) -> String {
    let text = match error {
        MailError::Unreachable(_) => {
            "the mail server cannot be used; whoever runs this server finds the reason in its log".to_owned()
        }
        other => other.to_string(),
    };
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!(
        "{}{}.",
        first.unwrap_or_default(),
        letters.as_str().trim_end_matches('.')
    )
}
