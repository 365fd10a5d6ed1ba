//! Claiming mails that are due, and noting how an attempt ended.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;
use vault::{Digest, Environment};

use crate::{ConnectionId, LinkId, MailId, NewEvent, ProjectId, Store, StoreError, events};

/// Longer than an attempt may take: whoever claimed and did not note by then is gone.
const LEASE_SECONDS: f64 = 120.0;

/// Rows of one short statement.
const BITE: i64 = 1000;

/// Why somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailReason {
    /// The connection has failed.
    Failed,
    /// Its access ends soon and cannot be renewed.
    Expiring,
}

impl MailReason {
    /// The name in the database and in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Expiring => "expiring",
        }
    }
}

/// A mail that this caller sends now.
#[derive(Clone, Debug)]
pub struct ClaimedMail {
    /// Its id; the same over all attempts.
    pub id: MailId,
    /// Whose turn it is; a late one notes nothing.
    lease: Uuid,
    /// Which attempt this is, from 1. What met no mail server is not counted.
    pub attempt: i32,
    /// The project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Its own domain, where links lead.
    pub project_domain: Option<String>,
    /// The environment.
    pub environment: Environment,
    /// The connection.
    pub connection: ConnectionId,
    /// Its key.
    pub key: String,
    /// Its integration.
    pub integration: String,
    /// The account at the service.
    pub account_name: Option<String>,
    /// Why.
    pub reason: MailReason,
    /// When the access ends or ended.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who gets it.
    pub to: String,
    /// Seconds since it was queued.
    pub age_seconds: i64,
    /// The database's time of the claim.
    pub now: DateTime<Utc>,
}

/// What becomes of a mail.
#[derive(Clone, Debug, PartialEq)]
pub enum MailVerdict {
    /// The mail server took it.
    Sent,
    /// Again after this many seconds.
    Retry {
        /// Seconds.
        seconds: f64,
        /// Whether the attempt counts: not where no mail server was met.
        counts: bool,
    },
    /// Given up.
    Failed,
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct MailEnd {
    /// What becomes of it.
    pub verdict: MailVerdict,
    /// Why it was not sent, for people.
    pub error: Option<String>,
    /// The link in it that surely reached nobody.
    pub unused_link: Option<LinkId>,
}

impl Store {
    /// Claims the mail that is longest due, for two minutes; the claim is committed before anything is sent. Mails that
    /// are not needed any more are dropped on the way. Served by `mails_due`.
    pub async fn claim_mail(&self) -> Result<Option<ClaimedMail>, StoreError> {
        loop {
            let claimed = sqlx::query!(
                r#"update mails set attempts = attempts + 1, lease = gen_random_uuid(),
                          next_attempt_at = latchkey_now() + make_interval(secs => $1)
                   where id = any (array(
                       select m.id from mails m where m.status = 'pending' and m.next_attempt_at <= latchkey_now()
                       order by m.next_attempt_at limit 1 for update skip locked))
                   returning id as "id: MailId", lease as "lease!""#,
                LEASE_SECONDS
            )
            .fetch_optional(&self.pool)
            .await?;
            let Some(claimed) = claimed else { return Ok(None) };
            if let Some(mail) = self.claimed_mail(claimed.id, claimed.lease).await? {
                return Ok(Some(mail));
            }
        }
    }

    /// The claimed mail with what it says, or `None` when it is not needed any more; then it is dropped.
    async fn claimed_mail(&self, id: MailId, lease: Uuid) -> Result<Option<ClaimedMail>, StoreError> {
        let row = sqlx::query!(
            r#"select m.attempts, m.reason, m.project_id as "project: ProjectId", m.environment,
                      m.connection_id as "connection: ConnectionId", coalesce(p.brand_name, p.name) as "project_name!",
                      p.domain as project_domain, c.key, c.integration,
                      c.account_name, c.state, k.expires_at as "expires_at?", t.email as "email?",
                      extract(epoch from latchkey_now() - m.created_at)::bigint as "age!", latchkey_now() as "now!",
                      case when not p.mail then 'mail is switched off for the project'
                           when c.deleted_at is not null then 'the connection was deleted'
                           when not c.active then 'the connection is switched off'
                           when k.generation is distinct from m.generation then 'it was connected again'
                           when m.reason = 'failed' and c.state <> 'failed' then 'it works again'
                           when c.state_reason = 'moved' then 'it was moved to another instance'
                           when t.email is null then 'its owner has no address any more' end as not_needed
               from mails m
               join projects p on p.id = m.project_id
               join connections c on c.id = m.connection_id
               left join credentials k on k.connection_id = c.id
               left join contacts t on t.project_id = c.project_id and t.environment = c.environment
                    and t.identity = c.identity and t.identity_type = coalesce(c.identity_type, 'user')
               where m.id = $1 and m.lease = $2 and m.status = 'pending'"#,
            id.0,
            lease
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (Some(to), None) = (row.email, row.not_needed.as_ref()) else {
            self.drop_mail(id, lease, row.not_needed.as_deref()).await?;
            return Ok(None);
        };
        // One that was queued before the end and is sent after it tells the end.
        let reason = if row.state == "failed" {
            MailReason::Failed
        } else {
            MailReason::Expiring
        };
        Ok(Some(ClaimedMail {
            id,
            lease,
            attempt: row.attempts,
            project: row.project,
            project_name: row.project_name,
            project_domain: row.project_domain,
            environment: crate::database::environment("mails", id.0, &row.environment)?,
            connection: row.connection,
            key: row.key,
            integration: row.integration,
            account_name: row.account_name,
            reason,
            expires_at: row.expires_at,
            to,
            age_seconds: row.age,
            now: row.now,
        }))
    }

    async fn drop_mail(&self, id: MailId, lease: Uuid, why: Option<&str>) -> Result<(), StoreError> {
        sqlx::query!(
            "with dropped as (
                 update mails set status = 'dropped', ended_at = latchkey_now(), lease = null, last_error = $3
                 where id = $1 and lease = $2 and status = 'pending' returning connection_id)
             update connections c set mailed_at = null from dropped d where c.id = d.connection_id",
            id.0,
            lease,
            why
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes the link of an attempt, for so many days. `None` when the claim is over.
    pub async fn make_mail_link(
        &self,
        mail: &ClaimedMail,
        digest: &Digest,
        days: u32,
    ) -> Result<Option<LinkId>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"insert into connect_links (id, project_id, environment, connection_id, digest, generation, source, identity,
                      identity_type, group_name, label, expires_at)
               select $3, m.project_id, m.environment, m.connection_id, $4, m.generation, 'mail', c.identity,
                      c.identity_type, c.group_name, c.label, latchkey_now() + make_interval(days => $5)
               from mails m join connections c on c.id = m.connection_id
               where m.id = $1 and m.lease = $2 and m.status = 'pending'
               returning id as "id: LinkId""#,
            mail.id.0,
            mail.lease,
            LinkId::generate().0,
            digest.as_bytes(),
            i32::try_from(days).unwrap_or(i32::MAX)
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Notes the end of an attempt, with its event. `false` when the claim was over and somebody else has the mail;
    /// nothing is written then.
    pub async fn note_mail(&self, mail: &ClaimedMail, end: &MailEnd) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let (status, again, uncounted) = match end.verdict {
            MailVerdict::Sent => ("sent", None, 0),
            MailVerdict::Retry { seconds, counts } => ("pending", Some(seconds), i32::from(!counts)),
            MailVerdict::Failed => ("failed", None, 0),
        };
        let noted = sqlx::query!(
            "update mails set status = $3, last_error = $4, lease = null, attempts = attempts - $6,
                    next_attempt_at = coalesce(latchkey_now() + make_interval(secs => $5), next_attempt_at),
                    ended_at = case when $3 <> 'pending' then latchkey_now() end
             where id = $1 and lease = $2 and status = 'pending'",
            mail.id.0,
            mail.lease,
            status,
            end.error,
            again,
            uncounted
        )
        .execute(&mut *transaction)
        .await?;
        if noted.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(link) = end.unused_link {
            sqlx::query!("delete from connect_links where id = $1 and session_id is null", link.0)
                .execute(&mut *transaction)
                .await?;
        }
        let kind = match end.verdict {
            MailVerdict::Sent => {
                sqlx::query!(
                    "update connections set mailed_at = latchkey_now() where id = $1",
                    mail.connection.0
                )
                .execute(&mut *transaction)
                .await?;
                Some("connection.mailed")
            }
            MailVerdict::Failed => Some("connection.mail_failed"),
            MailVerdict::Retry { .. } => None,
        };
        if let Some(kind) = kind {
            let payload = json!({
                "id": mail.connection, "key": mail.key, "platform": mail.integration, "environment": mail.environment,
                "mail": mail.id, "reason": mail.reason.as_str(), "message": end.error,
            });
            let event = NewEvent {
                project: mail.project,
                environment: mail.environment,
                kind,
                connection: Some(mail.connection),
                payload: &payload,
            };
            events::record(&mut transaction, event).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Ends every mail that waits: the server that this database came from has sent it, or will. How many.
    pub(crate) async fn drop_mails(&self) -> Result<i64, StoreError> {
        let mut dropped = 0;
        loop {
            let done = sqlx::query!(
                "update mails set status = 'dropped', ended_at = latchkey_now(), lease = null,
                        last_error = 'the database was restored or copied, and adopted later'
                 where id = any (array(select id from mails where status = 'pending' limit $1))",
                BITE
            )
            .execute(&self.pool)
            .await?
            .rows_affected();
            if done == 0 {
                return Ok(dropped);
            }
            dropped += done.cast_signed();
        }
    }

    /// Ends mails that nobody could send for a week, where this server has no mail server: they tell of another time.
    /// How many.
    pub async fn drop_old_mails(&self) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "update mails set status = 'dropped', ended_at = latchkey_now(), lease = null,
                    last_error = 'no server with a mail server was there for a week'
             where id = any (array(
                 select m.id from mails m
                 where m.status = 'pending' and m.next_attempt_at < latchkey_now() - interval '7 days'
                 order by m.next_attempt_at limit $1 for update skip locked))",
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }
}
