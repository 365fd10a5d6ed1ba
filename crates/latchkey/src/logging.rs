//! Where logs go: standard error, as JSON lines or for people. Never a secret, never a query string.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::configuration::LogFormat;

/// Crates that print whole requests with their headers and bodies at `trace`. They stay quiet whatever is asked for:
/// what they would print holds credentials.
const QUIET: [&str; 14] = [
    "hyper=info",
    "hyper_util=info",
    "h2=info",
    "reqwest=info",
    "rustls=info",
    "actix_http=info",
    "actix_server=warn",
    "tokio_cron_scheduler=warn",
    "globset=info",
    "mio=info",
    "want=info",
    "tokio_util=info",
    "sqlx=info",
    "actix_web=info",
];

/// Installs the logger. A second call, as in tests, changes nothing.
pub fn install(filter: &str, format: LogFormat) {
    let mut directives = EnvFilter::builder().parse_lossy(filter);
    for quiet in QUIET {
        if let Ok(directive) = quiet.parse() {
            directives = directives.add_directive(directive);
        }
    }
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(directives)
        .with_writer(std::io::stderr);
    // Colours are for a terminal; `NO_COLOR` is looked at by the subscriber itself.
    let subscriber = if std::io::stderr().is_terminal() {
        subscriber
    } else {
        subscriber.with_ansi(false)
    };
    let installed = match format {
        LogFormat::Json => subscriber
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
        LogFormat::Pretty => subscriber.with_target(false).try_init(),
    };
    if installed.is_err() {
        tracing::debug!("a logger is installed already");
    }
}
