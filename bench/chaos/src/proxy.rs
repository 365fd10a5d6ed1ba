//! A TCP proxy whose traffic can be cut, held back or slowed down.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// Where the traffic goes.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Port(SocketAddr),
    Socket(PathBuf),
}

/// How the link is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Passes everything on.
    #[default]
    Well,
    /// Open connections are reset, and new ones too.
    Cut,
    /// Takes everything and passes nothing on. What was taken goes on when it is well again.
    HalfOpen,
    /// Each piece is this late.
    Late(Duration),
}

/// A proxy on a port of its own. It ends with the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    condition: watch::Sender<Condition>,
}

impl Proxy {
    pub(crate) async fn to(target: Target) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let condition = watch::Sender::new(Condition::Well);
        let seen = condition.subscribe();
        tokio::spawn(async move {
            loop {
                let Ok((inbound, _)) = listener.accept().await else {
                    // Too many open files, for a moment.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                if *seen.borrow() == Condition::Cut {
                    drop(inbound.set_zero_linger());
                    continue;
                }
                tokio::spawn(forward(inbound, target.clone(), seen.clone()));
            }
        });
        Ok(Self { address, condition })
    }

    /// From now on the link is like this.
    pub(crate) fn set(&self, condition: Condition) {
        self.condition.send_replace(condition);
    }
}

async fn forward(inbound: TcpStream, target: Target, condition: watch::Receiver<Condition>) {
    drop(inbound.set_nodelay(true));
    // Either side may break off at any time.
    match target {
        Target::Port(address) => {
            if let Ok(outbound) = TcpStream::connect(address).await {
                drop(outbound.set_nodelay(true));
                let (read, write) = outbound.into_split();
                both(inbound, read, write, condition).await;
            }
        }
        Target::Socket(path) => {
            if let Ok(outbound) = UnixStream::connect(path).await {
                let (read, write) = outbound.into_split();
                both(inbound, read, write, condition).await;
            }
        }
    }
}

/// Passes on in both directions until one ends or the link is cut.
async fn both(
    mut inbound: TcpStream,
    mut outbound_read: impl AsyncRead + Unpin,
    mut outbound_write: impl AsyncWrite + Unpin,
    condition: watch::Receiver<Condition>,
) {
    let was_cut = {
        let (mut read, mut write) = inbound.split();
        tokio::select! {
            () = pump(&mut read, &mut outbound_write, condition.clone()) => false,
            () = pump(&mut outbound_read, &mut write, condition.clone()) => false,
            () = cut(condition) => true,
        }
    };
    if was_cut {
        drop(inbound.set_zero_linger());
    }
}

async fn cut(mut condition: watch::Receiver<Condition>) {
    // An error means that the proxy is gone.
    drop(condition.wait_for(|condition| *condition == Condition::Cut).await);
}

async fn pump(
    read: &mut (impl AsyncRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
    mut condition: watch::Receiver<Condition>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = read.read(&mut buffer).await {
        let now = *condition.borrow();
        match now {
            Condition::Late(delay) => tokio::time::sleep(delay).await,
            Condition::HalfOpen => {
                drop(condition.wait_for(|condition| *condition != Condition::HalfOpen).await);
            }
            Condition::Well | Condition::Cut => {}
        }
        if write.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        Proxy::to(Target::Port(address)).await.unwrap()
    }

    async fn says(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn passes_on_until_it_is_cut() {
        let proxy = echo().await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(says(&mut stream).await.unwrap(), b'x');
        proxy.set(Condition::Cut);
        assert!(stream.read_u8().await.is_err());
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert!(says(&mut stream).await.is_err());
        proxy.set(Condition::Well);
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(says(&mut stream).await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_half_open_link_keeps_what_it_took() {
        let proxy = echo().await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(says(&mut stream).await.unwrap(), b'x');
        proxy.set(Condition::HalfOpen);
        stream.write_all(b"y").await.unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(100), stream.read_u8()).await;
        assert!(silent.is_err());
        proxy.set(Condition::Well);
        assert_eq!(stream.read_u8().await.unwrap(), b'y');
    }
}
