//! Accounts at a provider that sign operators in.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::factors;
use crate::{AuditEntry, OperatorId, OperatorLoginId, OperatorSessionId, Store, StoreError, audit};

/// An account at a provider that signs an operator in.
#[derive(Clone, Debug)]
pub struct OperatorLogin {
    /// The id.
    pub id: OperatorLoginId,
    /// Whom it signs in.
    pub operator: OperatorId,
    /// The provider.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// What people know the account by. It proves nothing.
    pub label: String,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it last signed in or confirmed.
    pub used_at: Option<DateTime<Utc>>,
}

/// One to link.
#[derive(Clone, Copy, Debug)]
pub struct NewOperatorLogin<'a> {
    /// The id.
    pub id: OperatorLoginId,
    /// The provider.
    pub issuer: &'a str,
    /// Who it is there.
    pub subject: &'a str,
    /// What people know the account by, 200 characters at most.
    pub label: &'a str,
}

/// What became of one that was unlinked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// It signs in nobody any more.
    Yes,
    /// There was none.
    NotThere,
    /// It is the only way of the operator to sign in, and stays.
    OnlyWay,
}

/// What became of one that was to be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It signs the operator in.
    Yes,
    /// It is somebody else's, and stays theirs.
    OfSomebodyElse,
    /// The session in which it was wanted has ended meanwhile, as by a new password.
    SessionOver,
}

/// Links an account; whether it was nobody's before.
pub(super) async fn insert_login(
    connection: &mut PgConnection,
    operator: OperatorId,
    new: NewOperatorLogin<'_>,
) -> Result<bool, StoreError> {
    let made = sqlx::query!(
        "insert into operator_logins (id, operator_id, issuer, subject, label) values ($1, $2, $3, $4, $5)
         on conflict (issuer, subject) do nothing",
        new.id.0,
        operator.0,
        new.issuer,
        new.subject,
        new.label
    );
    Ok(made.execute(connection).await?.rows_affected() > 0)
}

/// Takes all accounts of an operator away.
pub(super) async fn drop_logins(connection: &mut PgConnection, operator: OperatorId) -> Result<(), StoreError> {
    // Served by operator_logins_by_operator.
    sqlx::query!("delete from operator_logins where operator_id = $1", operator.0)
        .execute(connection)
        .await?;
    Ok(())
}

impl Store {
    /// The accounts of an operator, the first first, a hundred at most. Served by `operator_logins_by_operator`.
    pub async fn operator_logins(&self, operator: OperatorId) -> Result<Vec<OperatorLogin>, StoreError> {
        Ok(sqlx::query_as!(
            OperatorLogin,
            r#"select id as "id: OperatorLoginId", operator_id as "operator: OperatorId", issuer, subject, label,
                      created_at, used_at
               from operator_logins where operator_id = $1 order by created_at limit 100"#,
            operator.0
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// The account of this subject at this issuer. Served by `operator_logins_one_person`.
    pub async fn operator_login(&self, issuer: &str, subject: &str) -> Result<Option<OperatorLogin>, StoreError> {
        Ok(sqlx::query_as!(
            OperatorLogin,
            r#"select id as "id: OperatorLoginId", operator_id as "operator: OperatorId", issuer, subject, label,
                      created_at, used_at
               from operator_logins where issuer = $1 and subject = $2"#,
            issuer,
            subject
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Links an account to an operator, as long as this session of theirs goes on.
    pub async fn link_login(
        &self,
        operator: OperatorId,
        session: OperatorSessionId,
        new: NewOperatorLogin<'_>,
        entry: AuditEntry<'_>,
    ) -> Result<Linked, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // A reset of the password waits for this, or this for it: what it unlinks and ends is not linked again behind it.
        let goes_on = sqlx::query!(
            "select id from operators where id = $1 and disabled_at is null for update",
            operator.0
        )
        .fetch_optional(&mut *transaction)
        .await?
        .is_some()
            && sqlx::query!(
                "select id from operator_sessions where id = $1 and operator_id = $2 and ends_at > latchkey_now()",
                session.0,
                operator.0
            )
            .fetch_optional(&mut *transaction)
            .await?
            .is_some();
        if !goes_on {
            return Ok(Linked::SessionOver);
        }
        if insert_login(&mut transaction, operator, new).await? {
            audit::note(&mut transaction, entry).await?;
            transaction.commit().await?;
            return Ok(Linked::Yes);
        }
        let theirs = sqlx::query!(
            "update operator_logins set label = $4 where issuer = $1 and subject = $2 and operator_id = $3",
            new.issuer,
            new.subject,
            operator.0,
            new.label
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(if theirs.rows_affected() > 0 {
            Linked::Yes
        } else {
            Linked::OfSomebodyElse
        })
    }

    /// Takes an account of an operator away; every session of theirs but `keep` ends. Not where they have no password and no
    /// other account at `issuer`, the provider that is set up.
    pub async fn unlink_login(
        &self,
        operator: OperatorId,
        login: OperatorLoginId,
        issuer: Option<&str>,
        keep: OperatorSessionId,
        entry: AuditEntry<'_>,
    ) -> Result<Unlinked, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Two at once: the second waits, and finds what the first has left.
        let has_password = sqlx::query_scalar!(
            r#"select password is not null as "has!" from operators where id = $1 for update"#,
            operator.0
        )
        .fetch_optional(&mut *transaction)
        .await?
        .unwrap_or(false);
        let removed = sqlx::query_scalar!(
            "delete from operator_logins where id = $1 and operator_id = $2 returning issuer",
            login.0,
            operator.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(removed) = removed else {
            return Ok(Unlinked::NotThere);
        };
        if !has_password && issuer == Some(removed.as_str()) {
            let has_other = sqlx::query_scalar!(
                r#"select exists (select from operator_logins where operator_id = $1 and issuer = $2) as "has!""#,
                operator.0,
                removed
            )
            .fetch_one(&mut *transaction)
            .await?;
            if !has_other {
                return Ok(Unlinked::OnlyWay);
            }
        }
        factors::end_others(&mut transaction, operator, Some(keep)).await?;
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(Unlinked::Yes)
    }

    /// Notes that an account was used, with what the provider calls it now; whether it is there. Served by the primary key.
    pub async fn use_login(&self, login: OperatorLoginId, label: &str) -> Result<bool, StoreError> {
        let used = sqlx::query!(
            "update operator_logins set used_at = latchkey_now(), label = $2 where id = $1",
            login.0,
            label
        );
        Ok(used.execute(&self.pool).await?.rows_affected() > 0)
    }
}
