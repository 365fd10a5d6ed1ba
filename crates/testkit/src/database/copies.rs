//! Copies of a database, as operators make them: a clone beside it, a dump that is restored.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::Database;
use crate::postgres::setting;

impl Database {
    /// A clone in the same cluster. Connections to the original end and come back.
    pub async fn copy(&self) -> Self {
        let mut admin = self.server.connect().await.unwrap();
        let (from, name) = (&self.name, Self::new_name());
        for statement in [
            format!("alter database {from} allow_connections false"),
            format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{from}'"),
            format!("create database {name} template {from} strategy file_copy"),
            format!("alter database {from} allow_connections true"),
        ] {
            admin.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        admin.close().await.unwrap();
        Self::reached(name, self.server.clone())
    }

    /// A dump in a file; `None` where there is no `pg_dump`.
    pub async fn dump_to(&self, file: &Path) -> Option<()> {
        self.run("pg_dump", &["--format=custom", "--file", file.to_str().unwrap()])
            .await
    }

    /// Restores a dump into this database, which is empty or is replaced.
    pub async fn restore(&self, file: &Path, replacing: bool) -> Option<()> {
        let mut arguments = vec!["--exit-on-error", "--no-owner", "--dbname", &self.name];
        if replacing {
            arguments.extend(["--clean", "--if-exists"]);
        }
        arguments.push(file.to_str().unwrap());
        self.run("pg_restore", &arguments).await
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Option<()> {
        let mut command = Command::new(program_of_postgres(program)?);
        let host = self
            .server
            .get_socket()
            .map_or_else(|| self.server.get_host().to_owned(), |path| path.display().to_string());
        let url = self.server.to_url_lossy();
        command
            .args(arguments)
            .env("PGHOST", host)
            .env("PGPORT", self.server.get_port().to_string())
            .env("PGUSER", self.server.get_username())
            .env("PGPASSWORD", url.password().unwrap_or_default())
            .env("PGDATABASE", &self.name);
        let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Some(())
    }
}

/// Of the folder of the tests' server, else of the newest package.
pub(crate) fn program_of_postgres(name: &str) -> Option<PathBuf> {
    let packages = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = packages.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.extend(setting("LATCHKEY_PG_BINDIR").map(PathBuf::from));
    let path = setting("PATH").unwrap_or_default();
    let paths: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = folders.into_iter().rev().chain(paths).map(|folder| folder.join(name));
    found.into_iter().find(|program| program.is_file())
}
