//! Ports that a test names before somebody listens there, or gives back and takes again.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

/// They lie below those that the system gives to outgoing connections.
const FIRST: u32 = 20_000;
const PORTS: u32 = 12_000;

/// How long a port that was given back may stay taken.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port of 127.0.0.1 where nobody listens. No outgoing connection is given it, so it stays free until it is taken.
pub fn free_port() -> u16 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        // In wide steps: the numbers of processes that run together are neighbours.
        let steps = NUMBER.fetch_add(1, Ordering::Relaxed).wrapping_mul(977);
        let port = FIRST + std::process::id().wrapping_add(steps) % PORTS;
        let port = u16::try_from(port).unwrap();
        if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} on is free");
}

/// Listens on such a port.
pub(crate) async fn listen() -> TcpListener {
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).await {
            Ok(listener) => return listener,
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => panic!("a free port cannot be listened on: {error}"),
        }
    }
}

/// Listens again where this process did before.
pub(crate) async fn listen_again(address: SocketAddr) -> TcpListener {
    let begun = Instant::now();
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            // The aborted task gives the port back when it is next polled.
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                assert!(
                    begun.elapsed() < PATIENCE,
                    "{address} is still taken after {PATIENCE:?}"
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{address} cannot be listened on again: {error}"),
        }
    }
}
