//! The mail that invites a colleague. It is sent while whoever invites waits: its secret is kept nowhere, so there is no
//! later attempt, and where the mail server does not take it the link is shown instead.

use std::time::Duration;

use askama::Template;
use protocol::mail::{EmailAddress, MailError, OutgoingMail};
use secrecy::SecretString;
use serde_json::json;
use store::AuditEntry;
use tokio::time::timeout;

use super::delivery::sentence;
use super::message::name;
use crate::operators::{MadeOperatorLink, NewInvitation, Signed};
use crate::{Broker, Caller, Problem};

/// How long whoever invites waits for the mail server.
const PATIENCE: Duration = Duration::from_secs(10);

/// What both parts say.
#[derive(Debug)]
struct Words<'a> {
    who: &'a str,
    /// The project, or all of them.
    place: &'a str,
    host: &'a str,
    role: &'static str,
    link: &'a str,
    days: u64,
}

#[derive(Debug, Template)]
#[template(path = "mail/invitation.txt")]
struct Plain<'a> {
    words: &'a Words<'a>,
}

#[derive(Debug, Template)]
#[template(path = "mail/invitation.html")]
struct Html<'a> {
    words: &'a Words<'a>,
    title: &'a str,
}

impl Broker {
    /// Sends an invitation that was just made. Inside, why the mail server did not take it, as a sentence.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mail_invitation(
        &self,
        caller: &Caller,
        by: Option<&Signed>,
        link: &MadeOperatorLink,
        wanted: &NewInvitation,
    ) -> Result<Result<(), String>, Problem> {
        let place = if wanted.everywhere {
            "all projects".to_owned()
        } else {
            self.project(caller.project).await?.name
        };
        // A key invites in the name of its project.
        let team = format!("The team of {place}");
        let who = match by.map(|by| &by.operator) {
            None => &team,
            Some(operator) if operator.name.trim().is_empty() => &operator.email,
            Some(operator) => &operator.name,
        };
        let at = self.store().now().await?.timestamp();
        let sent = match self.written(&name(who), &name(&place), link, wanted, at) {
            Ok(mail) => self.send_now(&mail).await,
            Err(error) => Err(error),
        };
        let why = sent.as_ref().err().map(sentence);
        let detail = json!({ "email": wanted.email.trim(), "taken": why.is_none(), "error": why });
        let entry = AuditEntry {
            project: (!wanted.everywhere).then_some(caller.project),
            environment: None,
            action: "operator.invitation_mailed",
            actor: caller.actor(),
            subject: Some(format!("invitation:{}", link.id)),
            detail: &detail,
        };
        self.store().audit(entry).await?;
        if let Err(error) = &sent {
            tracing::warn!(%error, invitation = %link.id, "an invitation was not mailed");
        }
        Ok(why.map_or(Ok(()), Err))
    }

    fn written(
        &self,
        who: &str,
        place: &str,
        link: &MadeOperatorLink,
        wanted: &NewInvitation,
        at: i64,
    ) -> Result<OutgoingMail, MailError> {
        let unwritable = |what: String| MailError::Unwritable(what);
        let to: EmailAddress = wanted
            .email
            .trim()
            .parse()
            .map_err(|_| unwritable("this is no address that a mail can be sent to".to_owned()))?;
        let origin = self.public_origin();
        let address = link.url(origin);
        let words = Words {
            who,
            place,
            host: origin.split_once("://").map_or(origin, |(_, host)| host),
            role: wanted.role.as_str(),
            link: &address,
            days: link.ttl.as_secs().div_ceil(86_400),
        };
        let subject = format!("{who} invites you to {place}");
        let rendered = |result: askama::Result<String>| result.map_err(|error| unwritable(error.to_string()));
        Ok(OutgoingMail {
            id: link.id.to_string(),
            to,
            text: rendered(Plain { words: &words }.render())?,
            html: rendered(
                Html {
                    words: &words,
                    title: &subject,
                }
                .render(),
            )?,
            subject,
            at,
            secrets: vec![SecretString::from(link.token.expose())],
        })
    }

    async fn send_now(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let unreachable = |why: &str| MailError::Unreachable(why.to_owned());
        let Some(settings) = &self.settings().mail else {
            return Err(unreachable("no mail server is set up"));
        };
        // A copy of a database writes to nobody.
        if !self.is_at_home().await {
            return Err(unreachable("this copy of the database was not adopted"));
        }
        let sending = async {
            let mut connection = settings.mailer.connect().await?;
            connection.send(mail).await?;
            connection.close().await;
            Ok(())
        };
        timeout(PATIENCE, sending)
            .await
            .unwrap_or_else(|_| Err(unreachable("it did not answer in time")))
    }
}
