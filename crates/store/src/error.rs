//! What can go wrong with the database.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is shutting down, or had no free connection in time. Try again in seconds.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A text with a character that no database column can hold, such as NUL.
    #[error("a text holds a character that cannot be stored")]
    Unstorable,
    /// A unique value exists already; the text names the constraint.
    #[error("this exists already ({0})")]
    Conflict(String),
    /// A row that cannot be: written by a newer version or changed by hand.
    #[error("row {record} of {table} is inconsistent: {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row.
        record: uuid::Uuid,
        /// What is wrong with it.
        what: String,
    },
    /// A sealed value did not open: moved to another row, changed, or sealed by a key that this server does not hold.
    #[error("a sealed value of {table} row {record} did not open: {source}")]
    Sealed {
        /// The table.
        table: &'static str,
        /// The row.
        record: uuid::Uuid,
        /// Why.
        source: vault::SealError,
    },
    /// The project has no data key: it was erased.
    #[error("the project has no data key")]
    NoDataKey,
    /// Any other answer of the database.
    #[error("the database refused: {0}")]
    Database(#[source] sqlx::Error),
    /// The server or the database is none that the tables can be made in; the text says what to change.
    #[error("{0}")]
    Unfit(String),
    /// A migration failed.
    #[error("the migrations did not run: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// Whether the same call may work in a moment.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether a sealed value can never be opened, or a row never be read, however often it is tried: its key is lost, or
    /// it is damaged.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Sealed { .. } | Self::NoDataKey | Self::Inconsistent { .. })
    }

    /// Whether a write that must not be lost is tried again: everything but a row or a key that is gone.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Database(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => Self::Unavailable(error),
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("22021" | "22P05") => Self::Unstorable,
                Some("23505") => Self::Conflict(database.constraint().unwrap_or("unique").to_owned()),
                // Shut down, starting up, too many connections, read-only, full, statement or lock time-out.
                Some(
                    "57P01" | "57P02" | "57P03" | "57014" | "53300" | "25006" | "55P03" | "40001" | "40P01" | "08006"
                    | "08001" | "08003" | "53100" | "53200" | "58030",
                ) => Self::Unavailable(error),
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}
