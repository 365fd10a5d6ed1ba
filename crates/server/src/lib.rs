//! The HTTP face of Latchkey: the API for customers' backends, the hosted side of the connect flow, operations.
//!
//! Here lives what HTTP is about: routes, headers, cookies, body shapes, limits, the one mapping of errors, pages,
//! metrics. A handler reads a request, asks the broker, writes the answer.
//!
//! What never lives here: SQL, a business rule, a call to a service, or a secret that outlives its request.

mod api;
mod app_scopes;
mod assets;
mod attempt;
mod browser;
mod connect;
mod console;
mod demo;
mod envelope;
mod guard;
mod headers;
mod key;
mod limits;
mod operations;
mod paging;
mod place;
mod problems;
mod requests;
mod sandbox_app;
pub mod telemetry;
#[cfg(test)]
mod tests;
mod texts;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer, dev::ServerHandle};
use broker::{Broker, Network};
use chrono::{DateTime, Utc};
use sandbox::Sandbox;
use tokio::task::JoinHandle;
use tracing_actix_web::TracingLogger;

pub use api::openapi::Document;
pub use assets::Assets;
pub use demo::Demo;
pub use limits::Rates;
pub use sandbox_app::enable_sandbox;
pub use texts::choice::{UnknownLanguage, page_language};

use connect::events::Watched;
use connect::evidence::Sealer;
use limits::Limits;
use problems::{Kind, Problem};

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How long open requests may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(30);
/// A client that has not sent its headers by then is cut off.
const REQUEST_HEAD: Duration = Duration::from_secs(10);
/// An idle connection is kept this long; longer than common proxies keep theirs, so that they close first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What an operator decides about serving.
pub struct Options {
    /// Threads that answer requests; one a core without.
    pub workers: Option<usize>,
    /// Requests a minute.
    pub rates: Rates,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The clock, for what is signed here. Decisions about flows use the database's.
    pub clock: Clock,
    /// The demo, in development.
    pub demo: Option<Demo>,
    /// The built-in service, under `/sandbox`.
    pub sandbox: Option<Sandbox>,
    /// Answer `/metrics` here. Off where metrics are on an address of their own.
    pub metrics: bool,
    /// What the operator decided, by name: whether it is set. For whoever may see the whole server.
    pub configuration: Vec<(&'static str, bool)>,
}

/// What every handler may read. The same for all workers.
struct Site {
    public_origin: String,
    /// Whether browsers reach us over https.
    secure: bool,
    assets: Assets,
    limits: Arc<Limits>,
    sealer: Sealer,
    clock: Clock,
    pace: guard::Pace,
    configuration: Vec<(&'static str, bool)>,
}

impl Site {
    fn new(broker: &Broker, limits: Arc<Limits>, clock: Clock) -> Self {
        Self {
            public_origin: broker.public_origin().to_owned(),
            secure: broker.settings().public_url.scheme() == "https",
            assets: Assets::new(),
            limits,
            sealer: Sealer::new(*broker.evidence_key()),
            clock,
            pace: guard::Pace::default(),
            configuration: Vec::new(),
        }
    }

    /// The broker names logos; their addresses are ours.
    fn address_logo(&self, view: &mut serde_json::Value) {
        let logo = view["logo"].as_str().and_then(|name| self.assets.logo(name));
        view["logo"] = serde_json::json!(logo);
    }

    fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

/// An address that is taken but not served yet. Made before the broker, so that the broker can know the port.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes an address, as `127.0.0.1:8080`; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is in use or not ours.
    pub fn to(address: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until [`Running::stop`].
    ///
    /// # Errors
    /// The listener cannot be used, or metrics cannot be recorded.
    pub fn serve(self, broker: Broker, options: Options) -> Result<Running, ServeError> {
        self.serve_at(guard::Pace::default(), broker, options)
    }

    fn serve_at(self, pace: guard::Pace, broker: Broker, options: Options) -> Result<Running, ServeError> {
        telemetry::recorder()?;
        let limits = Arc::new(Limits::new(options.rates, options.trusted_proxies));
        let site = Site::new(&broker, limits.clone(), options.clock);
        let configuration = options.configuration;
        let site = web::Data::new(Site {
            pace,
            configuration,
            ..site
        });
        let watched = Watched::new(broker.clone());
        let writing = broker.clone();
        let shared = (web::Data::new(broker), web::Data::new(watched.clone()));
        let demo = options.demo.map(web::Data::new);
        let sandbox = options.sandbox.map(web::Data::new);
        let metrics = options.metrics;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(site.clone())
                .app_data(shared.0.clone())
                .app_data(shared.1.clone())
                .configure(|config| routes(config, demo.clone(), sandbox.clone(), metrics))
                .default_service(web::to(unknown))
                .wrap(from_fn(envelope::envelope))
                .wrap(TracingLogger::<telemetry::Spans>::new())
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_HEAD)
        // A caller that goes away ends its call, also the one to the service.
        .h1_allow_half_closed(false)
        .shutdown_timeout(DRAIN.as_secs())
        .disable_signals();
        let server = match options.workers {
            Some(workers) => server.workers(workers),
            None => server,
        };
        let server = server.listen(self.listener)?.run();
        let handle = server.handle();
        let housekeeping = tokio::spawn(housekeeping(limits));
        let request_log = tokio::spawn(writing.clone().keep_writing_requests());
        Ok(Running {
            address: self.address,
            handle,
            server: tokio::spawn(server),
            watched,
            housekeeping,
            broker: writing,
            request_log,
        })
    }
}

/// Why serving did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener cannot be used.
    #[error("the address cannot be served: {0}")]
    Listen(#[from] std::io::Error),
    /// Another recorder is installed in this process.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// A server that answers.
pub struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    watched: Watched,
    housekeeping: JoinHandle<()>,
    broker: Broker,
    request_log: JoinHandle<()>,
}

impl Running {
    /// Where it listens. What browsers use is the broker's public address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as an `http` URL without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no new request, lets open ones end for up to 30 seconds, and returns when all is over.
    pub async fn stop(self) {
        self.housekeeping.abort();
        self.watched.close();
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.server.await {
            tracing::warn!(%error, "the server did not end cleanly");
        }
        // After the one that may be writing now, whose lines its end would take away.
        if let Err(problem) = self.broker.write_requests().await {
            tracing::warn!(%problem, "the last lines of the log of requests are lost");
        }
        self.request_log.abort();
    }
}

fn routes(
    config: &mut ServiceConfig,
    demo: Option<web::Data<Demo>>,
    sandbox: Option<web::Data<Sandbox>>,
    metrics: bool,
) {
    config
        // Before `/embed/{publishable id}`.
        .service(
            web::resource("/embed/v1.mjs")
                .route(reading().to(assets::embed_module))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/embed.js")
                .route(reading().to(assets::embed_module))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/embed/v1.js")
                .route(reading().to(assets::embed_script))
                .default_service(only("GET, HEAD")),
        )
        .configure(api::routes)
        .configure(connect::routes)
        .configure(console::routes)
        .configure(|config| operations::routes(config, metrics));
    config
        .service(
            web::resource("/assets/{hash}/{name:.+}")
                .wrap(Compress::default())
                .route(reading().to(assets::asset))
                .default_service(only("GET, HEAD")),
        )
        .service(web::resource("/favicon.ico").route(reading().to(assets::no_icon)))
        .service(
            web::resource("/openapi.json")
                .route(reading().to(api::openapi::document))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource(["/docs", "/docs/{file:.*}"])
                .route(reading().to(api::openapi::reader))
                .default_service(only("GET, HEAD")),
        );
    if let Some(demo) = demo {
        config.configure(|config| demo::routes(config, demo));
    }
    if let Some(sandbox) = sandbox {
        config.app_data(sandbox).configure(sandbox::configure);
    }
}

/// GET, and HEAD for whoever only wants to know that it is there.
fn reading() -> actix_web::Route {
    use actix_web::guard::{Any, Get, Head};
    web::route().guard(Any(Get()).or(Head()))
}

/// What another method than these gets.
fn only(methods: &str) -> actix_web::Route {
    use actix_web::http::header::{ALLOW, HeaderValue};
    let allowed = HeaderValue::from_str(methods).unwrap_or_else(|_| HeaderValue::from_static(""));
    web::to(move || {
        let allowed = allowed.clone();
        async move {
            let mut response = Problem::general(Kind::MethodNotAllowed).response(None);
            response.headers_mut().insert(ALLOW, allowed);
            response
        }
    })
}

async fn unknown() -> Result<actix_web::HttpResponse, Problem> {
    Err(Problem::general(Kind::NotFound))
}

/// Keeps counters and histograms from growing.
async fn housekeeping(limits: Arc<Limits>) {
    let mut tick = tokio::time::interval(Duration::from_secs(30));
    loop {
        tick.tick().await;
        limits.forget();
        if let Ok(recorder) = telemetry::recorder() {
            recorder.run_upkeep();
        }
    }
}
