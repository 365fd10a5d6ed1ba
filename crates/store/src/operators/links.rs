//! Links that let somebody in once. Only their digests are kept.

use std::time::Duration;

use sqlx::PgConnection;
use vault::Digest;

use super::{NewOperatorLogin, Role, factors, logins};
use crate::{AuditEntry, OperatorId, OperatorLinkId, ProjectId, Store, StoreError, audit};

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorLinkPurpose {
    /// Makes the first owner. It opens nothing once there is an operator.
    Setup,
    /// Signs this operator in.
    SignIn(OperatorId),
    /// Lets this operator choose a new password.
    Reset(OperatorId),
    /// Makes an operator.
    Invitation {
        /// The address of the person.
        email: String,
        /// The project; all of them without.
        project: Option<ProjectId>,
        /// The role there.
        role: Role,
    },
}

/// A link to make.
#[derive(Clone, Debug)]
pub struct NewOperatorLink {
    /// Its id.
    pub id: OperatorLinkId,
    /// What it is for.
    pub purpose: OperatorLinkPurpose,
    /// Who makes it; nobody from the command line.
    pub made_by: Option<OperatorId>,
    /// Until it ends.
    pub ttl: Duration,
}

/// A link that still opens.
#[derive(Clone, Debug)]
pub struct OperatorLink {
    /// Its id.
    pub id: OperatorLinkId,
    /// What it is for.
    pub purpose: OperatorLinkPurpose,
}

/// Who accepts a link.
#[derive(Clone, Copy, Debug)]
pub struct Accepting<'a> {
    /// Whom a new operator will be; of a reset, whose it is.
    pub operator: OperatorId,
    /// The address.
    pub email: &'a str,
    /// The address as it is compared.
    pub email_key: &'a str,
    /// May be empty.
    pub name: &'a str,
    /// How they sign in from now on.
    pub way: AcceptedWay<'a>,
}

/// How somebody who accepts a link signs in from now on.
#[derive(Clone, Copy, Debug)]
pub enum AcceptedWay<'a> {
    /// With a password, which has this hash.
    Password(&'a str),
    /// With an account at a provider.
    Login(NewOperatorLogin<'a>),
}

/// Makes a link with what else its making changes.
pub(super) async fn insert_link(
    connection: &mut PgConnection,
    digest: &Digest,
    new: &NewOperatorLink,
) -> Result<(), StoreError> {
    let (purpose, operator) = match &new.purpose {
        OperatorLinkPurpose::Setup => ("setup", None),
        OperatorLinkPurpose::SignIn(operator) => ("sign_in", Some(operator.0)),
        OperatorLinkPurpose::Reset(operator) => ("reset", Some(operator.0)),
        OperatorLinkPurpose::Invitation { .. } => ("invitation", None),
    };
    let (email, project, role) = match &new.purpose {
        OperatorLinkPurpose::Invitation { email, project, role } => {
            (Some(email), project.map(|project| project.0), Some(role.as_str()))
        }
        _ => (None, None, None),
    };
    // Served by operator_links_by_end.
    sqlx::query!("delete from operator_links where ends_at <= latchkey_now() - interval '30 days'")
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "insert into operator_links (token_hash, id, purpose, operator_id, email, project_id, role, made_by, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, latchkey_now() + make_interval(secs => $9))",
        digest.as_bytes(),
        new.id.0,
        purpose,
        operator,
        email,
        project,
        role,
        new.made_by.map(|operator| operator.0),
        new.ttl.as_secs_f64()
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Makes a link. Those that ended a month ago are forgotten.
    pub async fn make_operator_link(&self, digest: &Digest, new: &NewOperatorLink) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        insert_link(&mut transaction, digest, new).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The same with the line of the log that says so; false where there is a link with its id, and then nothing is done.
    pub async fn make_noted_operator_link(
        &self,
        digest: &Digest,
        new: &NewOperatorLink,
        entry: AuditEntry<'_>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        audit::note(&mut transaction, entry).await?;
        match insert_link(&mut transaction, digest, new).await {
            Err(StoreError::Conflict(_)) => return Ok(false),
            made => made?,
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// What a link is for, while it opens. Served by the primary key.
    pub async fn operator_link(&self, digest: &Digest) -> Result<Option<OperatorLink>, StoreError> {
        let row = sqlx::query!(
            r#"select id as "id: OperatorLinkId", purpose, operator_id as "operator: OperatorId", email,
                      project_id as "project: ProjectId", role
               from operator_links
               where token_hash = $1 and used_at is null and ends_at > latchkey_now()
                 and (purpose <> 'setup' or not exists (select from operators))"#,
            digest.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let inconsistent = |what: &str| StoreError::Inconsistent {
            table: "operator_links",
            record: row.id.0,
            what: what.to_owned(),
        };
        let purpose = match (row.purpose.as_str(), row.operator, row.email, row.role) {
            ("setup", ..) => OperatorLinkPurpose::Setup,
            ("sign_in", Some(operator), ..) => OperatorLinkPurpose::SignIn(operator),
            ("reset", Some(operator), ..) => OperatorLinkPurpose::Reset(operator),
            ("invitation", _, Some(email), Some(role)) => OperatorLinkPurpose::Invitation {
                email,
                project: row.project,
                role: role.parse().map_err(|_| inconsistent("its role is unknown"))?,
            },
            _ => return Err(inconsistent("its purpose is unknown")),
        };
        Ok(Some(OperatorLink { id: row.id, purpose }))
    }

    /// Spends a link that signs in; whether it was there to be spent.
    pub async fn spend_operator_link(&self, id: OperatorLinkId) -> Result<bool, StoreError> {
        let spent = sqlx::query!(
            "update operator_links set used_at = latchkey_now()
             where id = $1 and used_at is null and ends_at > latchkey_now()",
            id.0
        );
        Ok(spent.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Spends a link and makes its operator, or sets the password of the one that it is for, with `entries` in the log.
    /// Nothing is left half done: `false` where the link was spent meanwhile, or the address or account is an operator's already.
    pub async fn accept_operator_link(
        &self,
        link: &OperatorLink,
        accepting: Accepting<'_>,
        entries: Vec<AuditEntry<'_>>,
    ) -> Result<bool, StoreError> {
        let password = match accepting.way {
            AcceptedWay::Password(hash) => Some(hash),
            AcceptedWay::Login(_) => None,
        };
        let mut transaction = self.pool.begin().await?;
        // Two first owners at once: the second waits, and finds the first.
        sqlx::query!("lock table operators in share row exclusive mode")
            .execute(&mut *transaction)
            .await?;
        let spent = sqlx::query!(
            "update operator_links set used_at = latchkey_now()
             where id = $1 and used_at is null and ends_at > latchkey_now()
               and (purpose <> 'setup' or not exists (select from operators))",
            link.id.0
        )
        .execute(&mut *transaction)
        .await?;
        if spent.rows_affected() == 0 {
            return Ok(false);
        }
        for entry in entries {
            audit::note(&mut transaction, entry).await?;
        }
        let (project, role) = match &link.purpose {
            OperatorLinkPurpose::Reset(operator) | OperatorLinkPurpose::SignIn(operator) => {
                sqlx::query!("update operators set password = $2 where id = $1", operator.0, password)
                    .execute(&mut *transaction)
                    .await?;
                // Who lost the password may have lost the device; and whoever had it may have linked an account of their own.
                factors::drop_factor(&mut transaction, *operator).await?;
                logins::drop_logins(&mut transaction, *operator).await?;
                factors::end_others(&mut transaction, *operator, None).await?;
                transaction.commit().await?;
                return Ok(true);
            }
            OperatorLinkPurpose::Setup => (None, Role::Owner),
            OperatorLinkPurpose::Invitation { project, role, .. } => (*project, *role),
        };
        let operator = accepting.operator;
        let made = sqlx::query!(
            "insert into operators (id, email, email_key, name, password) values ($1, $2, $3, $4, $5)
             on conflict (email_key) do nothing",
            operator.0,
            accepting.email,
            accepting.email_key,
            accepting.name,
            password
        )
        .execute(&mut *transaction)
        .await?;
        if made.rows_affected() == 0 {
            return Ok(false);
        }
        if let AcceptedWay::Login(login) = accepting.way
            && !logins::insert_login(&mut transaction, operator, login).await?
        {
            return Ok(false);
        }
        sqlx::query!(
            "insert into operator_roles (operator_id, project_id, role) values ($1, $2, $3)",
            operator.0,
            project.map(|project| project.0),
            role.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The operator of `latchkey dev`: made if missing, an owner, without a password.
    pub async fn development_operator(&self, email: &str) -> Result<OperatorId, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let id = sqlx::query_scalar!(
            r#"insert into operators (id, email, email_key, name) values ($1, $2, $2, 'Developer')
               on conflict (email_key) do update set email = excluded.email returning id as "id: OperatorId""#,
            OperatorId::generate().0,
            email
        )
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into operator_roles (operator_id, project_id, role) values ($1, null, 'owner')
             on conflict (operator_id, project_id) do nothing",
            id.0
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(id)
    }
}
