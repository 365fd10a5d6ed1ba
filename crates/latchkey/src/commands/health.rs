//! `latchkey health`: a container's health check without another program in the image.

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::configuration::Configuration;

/// What to ask.
#[derive(Debug, Args)]
pub(super) struct HealthArguments {
    /// Ask whether it is ready, not only whether it is alive.
    #[arg(long)]
    ready: bool,
}

/// Asks the server at the configured address.
pub(super) async fn run(configuration: &Configuration, arguments: &HealthArguments) -> anyhow::Result<()> {
    let path = if arguments.ready { "/readyz" } else { "/healthz" };
    let port = configuration.bind.rsplit_once(':').map_or("8080", |(_, port)| port);
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(5), ask)
        .await
        .context("the server did not answer within 5 seconds")?
        .context("the server cannot be reached")?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        bail!("the server is not well");
    }
    Ok(())
}
