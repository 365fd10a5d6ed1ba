//! A way to the database that a test can cut, as a network or a restart does.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::ports::{listen, listen_again};

/// Where the real server listens.
#[derive(Clone, Debug)]
enum Target {
    Socket(PathBuf),
    Port(String, u16),
}

impl Target {
    fn of(server: &PgConnectOptions) -> Self {
        match server.get_socket() {
            Some(folder) => Self::Socket(folder.join(format!(".s.PGSQL.{}", server.get_port()))),
            None => Self::Port(server.get_host().to_owned(), server.get_port()),
        }
    }
}

/// A forwarder on a port of its own. Cut, it refuses connections and has ended those that were open.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    server: PgConnectOptions,
    target: Arc<Mutex<Target>>,
    running: Arc<Mutex<Option<AbortHandle>>>,
}

impl Link {
    /// A link that works.
    pub(crate) async fn to(server: &PgConnectOptions) -> Self {
        let listener = listen().await;
        let link = Self {
            address: listener.local_addr().unwrap(),
            server: server.clone(),
            target: Arc::new(Mutex::new(Target::of(server))),
            running: Arc::default(),
        };
        link.run(listener);
        link
    }

    /// How to reach the server over it.
    pub fn options(&self) -> PgConnectOptions {
        let options = match self.server.get_socket() {
            // There is no way to take a socket out of options, so they are made anew; sockets want no password.
            Some(_) => PgConnectOptions::new_without_pgpass().username(self.server.get_username()),
            None => self.server.clone(),
        };
        options
            .host("127.0.0.1")
            .port(self.address.port())
            .ssl_mode(PgSslMode::Disable)
    }

    /// Its port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Leads to another server, with the same accounts, from now on. Connections that are open end.
    pub async fn lead_to(&self, server: &PgConnectOptions) {
        *self.target.lock().unwrap() = Target::of(server);
        self.mend().await;
    }

    /// Ends all connections and refuses new ones.
    pub fn cut(&self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            running.abort();
        }
    }

    /// Works again, at the same address.
    pub async fn mend(&self) {
        self.cut();
        self.run(listen_again(self.address).await);
    }

    fn run(&self, listener: TcpListener) {
        let target = Arc::clone(&self.target);
        let task = tokio::spawn(async move {
            // Dropping the set ends what it forwards.
            let mut open = JoinSet::new();
            while let Ok((inbound, _)) = listener.accept().await {
                let target = target.lock().unwrap().clone();
                open.spawn(forward(inbound, target));
            }
        });
        *self.running.lock().unwrap() = Some(task.abort_handle());
    }
}

async fn forward(mut inbound: TcpStream, target: Target) {
    // Either side may break off at any time.
    match target {
        Target::Socket(path) => {
            if let Ok(mut outbound) = UnixStream::connect(path).await {
                drop(copy_bidirectional(&mut inbound, &mut outbound).await);
            }
        }
        Target::Port(host, port) => {
            if let Ok(mut outbound) = TcpStream::connect((host, port)).await {
                drop(copy_bidirectional(&mut inbound, &mut outbound).await);
            }
        }
    }
}
