//! Whether something between us and the database mixes up prepared statements.
//!
//! A pooler in transaction mode gives each statement another server connection. Ours are prepared once and then called by
//! name, `sqlx_s_1` and so on, the same names on each of our connections. A pooler that does not keep track of them
//! (PgBouncer before 1.21, or with `max_prepared_statements = 0`) answers one of ours with the rows of another one of the
//! same shape, and no error tells. So this is found out before the first real statement, by asking.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{Store, StoreError};

/// Clients that ask, each with a statement of its own under the same name.
const CLIENTS: usize = 4;
/// How often each is asked after its statement was prepared.
///
/// How sure this makes: without tracking, nothing shows only if every call comes to a server connection where this very
/// client's statement lies. That takes four server connections, one for each client, as a second statement under the same
/// name on one of them is an error. Where each call gets any of them, all twelve calls come to the right one with a chance
/// of 4⁻¹², less than one in ten million, and of more connections less. A pooler with an order (first or last in, first
/// out) is not left to chance: the clients are asked forwards and backwards.
const ROUNDS: usize = 3;
/// A client that gets no connection, or no answer, in this time asks no more: a pooler with few sessions lets it wait.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a database cannot be used the way it is reached.
#[derive(Debug, thiserror::Error)]
pub enum PoolerError {
    /// Statements reach another server connection than the one where they were prepared.
    #[error(
        "the database is reached through a pooler that mixes up prepared statements ({sign}), so that calls would get rows \
         of other calls. Whoever runs the pooler can mend it: use session pooling, or PgBouncer 1.21 or newer with \
         max_prepared_statements above 0. Or connect to PostgreSQL directly, with LATCHKEY_DATABASE_URL"
    )]
    MixesStatements {
        /// What gave it away.
        sign: &'static str,
    },
    /// The settings of our connections do not arrive, and what holds without them can lose tokens.
    #[error(
        "the database answers before a change is on its disk (synchronous_commit is `{found}`), although every connection \
         asks for `on`: a pooler in between drops the startup parameter `options`. A crash would lose refreshed tokens. \
         Whoever runs the database can mend it: ALTER ROLE … SET synchronous_commit = on"
    )]
    NotDurable {
        /// The setting in force.
        found: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PoolerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Finds out whether statements and settings arrive at the database as they are sent. Takes some 20 round trips, on
    /// connections of its own. Call it before anything is read or written: connections that the pool opened earlier do
    /// not wait for a standby to apply their changes, where the operator's default is `remote_apply`.
    ///
    /// # Errors
    /// The database cannot be used as it is reached, or it is away.
    pub async fn check_pooler(&self) -> Result<(), PoolerError> {
        self.keep_stronger_durability().await?;
        let mut clients = connect(&self.pool.connect_options()).await?;
        let found = probe(&mut clients).await;
        for client in clients {
            // Whether it says goodbye changes nothing.
            drop(timeout(PATIENCE, client.connection.close()).await);
        }
        found
    }

    /// Our sessions ask for `synchronous_commit = on`, which would weaken an operator's `remote_apply`: then they ask for
    /// that. The other defaults are weaker than `on`.
    async fn keep_stronger_durability(&self) -> Result<(), PoolerError> {
        // Behind a pooler without a free session nothing is found out here; the probe tells what is wrong then.
        let Ok(opened) = timeout(PATIENCE, self.plain.connect()).await else {
            return Ok(());
        };
        let mut client = Client {
            connection: opened?,
            own: 0,
        };
        let found = client.setting("synchronous_commit").await;
        drop(timeout(PATIENCE, client.connection.close()).await);
        if found? == "remote_apply" {
            let ours = self.pool.connect_options().as_ref().clone();
            // The later of two counts.
            let ours = ours.options([("synchronous_commit", "remote_apply")]);
            self.pool.set_connect_options(ours);
        }
        Ok(())
    }
}

/// A connection, and what its statement gives.
struct Client {
    connection: PgConnection,
    own: i32,
}

impl Client {
    /// What its statement gives. The text is the same at each call: from the second on, it is called by its name alone.
    async fn ask(&mut self) -> Result<i32, sqlx::Error> {
        let statement = AssertSqlSafe(format!("select {}::int4 as latchkey_probe", self.own));
        sqlx::query_scalar(statement).fetch_one(&mut self.connection).await
    }

    async fn setting(&mut self, name: &'static str) -> Result<String, sqlx::Error> {
        // Not prepared under a name.
        sqlx::query_scalar(AssertSqlSafe(format!("select current_setting('{name}')")))
            .persistent(false)
            .fetch_one(&mut self.connection)
            .await
    }
}

/// As many clients as there are connections to be had, and one at least.
async fn connect(options: &PgConnectOptions) -> Result<Vec<Client>, PoolerError> {
    let mut opening = JoinSet::new();
    for _ in 0..CLIENTS {
        let options = options.clone();
        opening.spawn(async move { timeout(PATIENCE, options.connect()).await });
    }
    let mut clients = Vec::new();
    let mut refused = sqlx::Error::PoolTimedOut;
    for (own, opened) in (1..).zip(opening.join_all().await) {
        match opened {
            Ok(Ok(connection)) => clients.push(Client { connection, own }),
            Ok(Err(error)) => refused = error,
            Err(_late) => {}
        }
    }
    if clients.is_empty() {
        return Err(refused.into());
    }
    Ok(clients)
}

async fn probe(clients: &mut Vec<Client>) -> Result<(), PoolerError> {
    let mut asked = 0;
    for client in clients.iter_mut() {
        match timeout(PATIENCE, client.ask()).await {
            Ok(answer) => judge(client.own, answer)?,
            // A pooler with no session left; those behind would wait, too.
            Err(_late) => break,
        }
        asked += 1;
    }
    clients.truncate(asked);
    let Some(first) = clients.first_mut() else {
        return Err(sqlx::Error::PoolTimedOut.into());
    };
    settings_arrive(first).await?;
    for round in 0..ROUNDS {
        for client in clients.iter_mut() {
            judge(client.own, client.ask().await)?;
        }
        // Backwards, then forwards again, and in a third order that is neither.
        clients.reverse();
        clients.rotate_left(usize::from(round == 1 && asked > 2));
    }
    Ok(())
}

/// What an answer tells.
fn judge(own: i32, answer: Result<i32, sqlx::Error>) -> Result<(), PoolerError> {
    let sign = match answer {
        Ok(answer) if answer == own => return Ok(()),
        Ok(_) => "a statement got the answer of another client's statement",
        Err(sqlx::Error::Database(error)) => match error.code().as_deref() {
            Some("42P05") => "another client's statement had the name already",
            Some("26000") => "a statement was gone at its second call",
            // Bound to a statement with other parameters.
            Some("08P01") => "a statement was taken for another client's",
            _ => return Err(sqlx::Error::Database(error).into()),
        },
        Err(error) => return Err(error.into()),
    };
    Err(PoolerError::MixesStatements { sign })
}

/// Some poolers are told to drop `options`, in which our limits and the durability are asked for.
async fn settings_arrive(client: &mut Client) -> Result<(), PoolerError> {
    let found = client.setting("synchronous_commit").await?;
    // With `local` and `remote_write` a standby may lack it, the server itself does not; `remote_apply` is more than `on`.
    if found == "off" {
        return Err(PoolerError::NotDurable { found });
    }
    if client.setting("statement_timeout").await? == "0" {
        tracing::warn!(
            "statements have no time limit: a pooler between Latchkey and the database drops the startup parameter \
             `options`. Set it with ALTER ROLE … SET statement_timeout = '10s', lock_timeout = '2s' and \
             idle_in_transaction_session_timeout = '15s'"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_clients_answer_is_a_sign() {
        assert!(judge(1, Ok(1)).is_ok());
        let told = judge(1, Ok(2)).unwrap_err().to_string();
        for part in ["another client's statement", "PgBouncer 1.21", "LATCHKEY_DATABASE_URL"] {
            assert!(told.contains(part), "{told}");
        }
        let away = judge(1, Err(sqlx::Error::PoolClosed)).unwrap_err();
        assert!(matches!(away, PoolerError::Store(error) if error.is_unavailable()));
    }
}
