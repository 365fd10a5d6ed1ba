//! Mail to the people behind connections: who gets it, and what of the outbox is on its way.

mod claims;
mod contacts;

pub use claims::{ClaimedMail, MailEnd, MailReason, MailVerdict};

use serde_json::Value;
use sqlx::PgConnection;

use crate::{ConnectionId, MailId, Store, StoreError};

/// Days after which a mail that could not be sent is given up, and a link is forgotten after its end.
const KEPT_DAYS: i32 = 30;

/// Queues a mail for what an event tells, in its transaction: where the project wants mail, the connection is switched
/// on, its owner has an address, and nothing was mailed or is waiting about it. What was dropped, since all was well again
/// when it would have gone out, was not mailed.
///
/// A connection that was moved elsewhere has nobody to connect it here. Served by the primary keys, and by
/// `mails_connection_id_generation_reason_key` for what was mailed before.
pub(crate) async fn queue(
    transaction: &mut PgConnection,
    kind: &str,
    connection: Option<ConnectionId>,
    payload: &Value,
) -> Result<(), StoreError> {
    let reason = match kind {
        "connection.failed" if payload["reason"] != crate::MOVED => MailReason::Failed,
        "connection.expiring" => MailReason::Expiring,
        _ => return Ok(()),
    };
    let Some(connection) = connection else { return Ok(()) };
    // The row lock of `connections` makes two events of one connection queue one mail: who comes second sees its mark.
    sqlx::query!(
        "with marked as (
             update connections c set mailed_at = latchkey_now()
             from projects p, credentials k, contacts t
             where c.id = $1 and c.active and c.deleted_at is null
               and (c.mailed_at is null or c.mailed_at <= latchkey_now() - interval '24 hours')
               and p.id = c.project_id and p.mail
               and k.connection_id = c.id
               and t.project_id = c.project_id and t.environment = c.environment and t.identity = c.identity
               and t.identity_type = coalesce(c.identity_type, 'user')
               and not exists (select from mails m where m.connection_id = c.id
                               and (m.status = 'pending' or m.status <> 'dropped' and m.generation = k.generation
                                    and m.reason = $3))
             returning c.id, c.project_id, c.environment, k.generation)
         insert into mails (id, project_id, environment, connection_id, reason, generation)
         select $2, m.project_id, m.environment, m.id, $3, m.generation from marked m
         on conflict (connection_id, generation, reason) do update
         set status = 'pending', attempts = 0, next_attempt_at = latchkey_now(), lease = null, last_error = null,
             created_at = latchkey_now(), ended_at = null
         where mails.status = 'dropped'",
        connection.0,
        MailId::generate().0,
        reason.as_str(),
    )
    .execute(transaction)
    .await?;
    Ok(())
}

impl Store {
    /// Forgets one bite of links that are over, of mails that ended 30 days ago, and of addresses that nobody renewed
    /// for 30 days and that no connection needs. Served by `connect_links_expired`, `mails_ended`, `contacts_old` and
    /// `connections_by_identity`.
    pub async fn purge_mail(&self, bite: i64) -> Result<u64, StoreError> {
        let links = sqlx::query!(
            "delete from connect_links where id = any (array(
                 select l.id from connect_links l where l.expires_at < latchkey_now() - make_interval(days => $1)
                 order by l.expires_at limit $2 for update skip locked))",
            KEPT_DAYS,
            bite
        )
        .execute(&self.pool)
        .await?;
        let mails = sqlx::query!(
            "delete from mails where id = any (array(
                 select m.id from mails m
                 where m.ended_at is not null and m.ended_at < latchkey_now() - make_interval(days => $1)
                 order by m.ended_at limit $2 for update skip locked))",
            KEPT_DAYS,
            bite
        )
        .execute(&self.pool)
        .await?;
        // Those that are still needed are looked at again after as many days.
        let contacts = sqlx::query_scalar!(
            r#"with old as materialized (
                   select t.ctid, exists (select from connections c
                                          where c.project_id = t.project_id and c.environment = t.environment
                                            and c.identity = t.identity and c.deleted_at is null) as needed
                   from contacts t where t.updated_at < latchkey_now() - make_interval(days => $1)
                   order by t.updated_at limit $2 for update of t skip locked),
               needed as (
                   update contacts t set updated_at = latchkey_now() from old where t.ctid = old.ctid and old.needed),
               gone as (
                   delete from contacts t using old where t.ctid = old.ctid and not old.needed returning 1)
               select count(*) as "count!" from gone"#,
            KEPT_DAYS,
            bite
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(links.rows_affected() + mails.rows_affected() + contacts.unsigned_abs())
    }
}
