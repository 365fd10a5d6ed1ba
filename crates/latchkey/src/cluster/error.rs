//! What can go wrong, told in three parts: what happened, who can mend it, how.

use std::{io, path::PathBuf};

/// Why the private cluster did not start or stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No PostgreSQL server on this machine.
    #[error(
        "no PostgreSQL server was found (looked at {}). To mend it, do one of these: install the Debian package \
         `postgresql` (apt-get install postgresql), or PostgreSQL 15 or newer in another way and set LATCHKEY_PG_BINDIR \
         to the folder of its `initdb`; run `docker compose up -d postgres` and set DATABASE_URL as docker-compose.yml \
         says; set DATABASE_URL to a database that you have",
        searched.join(", ")
    )]
    NoBinaries {
        /// The places that were looked at, in order.
        searched: Vec<String>,
    },

    /// The folder that was asked for holds no usable server.
    #[error(
        "{} holds no usable PostgreSQL server: {reason}. Whoever set LATCHKEY_PG_BINDIR can mend it: it names the folder \
         with both `initdb` and `postgres`, version 15 or newer", folder.display()
    )]
    UnusableBinaries {
        /// The folder that was asked for.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// The data was written by another major version; it is never upgraded silently.
    #[error(
        "the data in {} was written by PostgreSQL {data}, and only PostgreSQL {found} was found; neither reads the \
         other's files. To keep the data: install PostgreSQL {data} beside it (LATCHKEY_PG_BINDIR may name its folder), \
         start once more, save it with that version's `pg_dump`, and load that into the new version. To start anew: move \
         that folder away", folder.display()
    )]
    OtherMajorVersion {
        /// The data folder.
        folder: PathBuf,
        /// The major version that wrote it.
        data: u32,
        /// The major versions at hand.
        found: String,
    },

    /// Another process uses the folder.
    #[error(
        "{} is in use by {holder}. Stop that one first, or give this one another folder", folder.display()
    )]
    InUse {
        /// The cluster's folder.
        folder: PathBuf,
        /// The other process in words, such as "process 1234 (latchkey dev)".
        holder: String,
    },

    /// We are root, and there is nobody to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and the user `{name}` to run it as is not there. Whoever is root can mend it: \
         install the package `postgresql` or create that user (useradd --system {name}), or start Latchkey as a normal \
         user"
    )]
    NoUser {
        /// The user that was looked for.
        name: String,
    },

    /// Only root can run the server as somebody else.
    #[error("running PostgreSQL as `{name}` needs root, and this process is not. Start it as root or as `{name}`")]
    NotRoot {
        /// The user that was asked for.
        name: String,
    },

    /// The data belongs to somebody else, so that the server could not open it.
    #[error(
        "{} belongs to the user id {owner}, but the server runs as {wanted}. Start Latchkey as the owner, or give the \
         folder over: chown -R {wanted} {}", folder.display(), folder.display()
    )]
    ForeignData {
        /// The data folder.
        folder: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who would run the server.
        wanted: u32,
    },

    /// The unprivileged user cannot get to the folder.
    #[error(
        "the user id {user}, which runs PostgreSQL as root may not, cannot reach {}. Whoever owns the folders above it can \
         mend it: let others pass (chmod o+x), use a folder elsewhere, or install util-linux (setpriv)", folder.display()
    )]
    Unreachable {
        /// The folder out of reach.
        folder: PathBuf,
        /// Who would run the server.
        user: u32,
    },

    /// A socket's path has a hard limit.
    #[error(
        "the socket {} would have a path of {length} bytes, and the system allows {limit}. Give the cluster a shorter \
         folder", path.display(), limit = super::SOCKET_PATH_LIMIT
    )]
    SocketPath {
        /// The path that is too long.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },

    /// A server of an earlier run does not end.
    #[error(
        "a PostgreSQL server of an earlier run still uses {} and does not end (processes {processes}). Look at what it is \
         doing and end it, then start again", folder.display()
    )]
    Orphan {
        /// The data folder.
        folder: PathBuf,
        /// The ids of its processes.
        processes: String,
    },

    /// `initdb` failed.
    #[error(
        "PostgreSQL could not create its data in {}. Nothing is kept of it; mend the cause and start again. It said: \
         {output}", folder.display()
    )]
    Initialise {
        /// The data folder.
        folder: PathBuf,
        /// The end of what it printed.
        output: String,
    },

    /// The server ended, or did not answer in time.
    #[error(
        "the private PostgreSQL server did not start: {reason}. Its log is {}; it ends with: {output}", log.display()
    )]
    Start {
        /// How it failed.
        reason: String,
        /// The server's log.
        log: PathBuf,
        /// The end of that log.
        output: String,
    },

    /// The server had to be killed.
    #[error(
        "the private PostgreSQL server (process {process}) did not stop when asked and was killed. Nothing is to mend: \
         the next start recovers its data"
    )]
    Stop {
        /// The server's process id.
        process: u32,
    },

    /// The operating system refused something.
    #[error("could not {action}. Mend its cause and start again: {source}")]
    System {
        /// What was being done.
        action: String,
        /// What the system answered.
        source: io::Error,
    },
}

impl ClusterError {
    /// For `map_err`: says what was being done.
    pub(super) fn system(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::System { action, source }
    }
}
