//! The load balancer before the replicas: each new connection goes to the next replica that takes it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Forwards what comes to this listener, in turn. It ends with the runtime.
pub(crate) fn serve(listener: TcpListener, replicas: Vec<SocketAddr>) {
    let (replicas, turn) = (Arc::new(replicas), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        loop {
            let Ok((inbound, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (replicas, turn) = (Arc::clone(&replicas), Arc::clone(&turn));
            tokio::spawn(async move { forward(inbound, &replicas, &turn).await });
        }
    });
}

async fn forward(mut inbound: TcpStream, replicas: &[SocketAddr], turn: &AtomicUsize) {
    for _ in replicas {
        let address = replicas[turn.fetch_add(1, Ordering::Relaxed) % replicas.len()];
        if let Ok(mut outbound) = TcpStream::connect(address).await {
            drop((inbound.set_nodelay(true), outbound.set_nodelay(true)));
            // Either side may break off at any time.
            drop(copy_bidirectional(&mut inbound, &mut outbound).await);
            return;
        }
    }
    // Nobody is there: the caller sees its connection end.
}
