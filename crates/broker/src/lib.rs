//! What the product does: who may do what, sessions, flows, connections, refresh, passthrough.
//!
//! Here lives each use case as a function that reads forward: look up, decide, ask the service, commit. Journeys are
//! in `docs/architecture.md`.
//!
//! What never lives here: SQL (that is `store`), HTTP of our own (that is `server`), how a service is spoken to (that is
//! `protocol`), or a line about one particular service (that is a definition).

mod access;
mod adoption;
mod branding;
mod check;
mod connections;
mod connectors;
mod exports;
mod flows;
mod framing;
mod idle;
mod imports;
mod journal;
mod keys;
mod links;
mod login;
mod loops;
mod mail;
mod manage;
mod management;
mod moves;
mod on_demand;
mod passthrough;
mod problem;
mod readiness;
mod refresh;
mod reseal;
mod retention;
mod revoke;
mod sandbox_faults;
mod scheduler;
mod sessions;
mod submit;
mod texts;
mod timeline;
mod webhooks;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use catalog::{Catalog, Inputs};
use protocol::Protocol;
use store::{Replica, Store};
use url::Url;
use zeroize::Zeroizing;

pub use access::{Caller, DEFAULT_SCOPES, Scope};
pub use branding::{
    Adjusted, BrandingRequest, BrandingView, IMAGE_LIMIT, ImageView, LANGUAGES, LogoView, Looks, Mistake, NewImage,
    Place, Sides, Style, Words, image_too_large,
};
pub use connections::{ConnectionPatch, DeletedConnection, ListRequest};
pub use connectors::Connector;
pub use exports::{CredentialRequest, Exported, Known};
pub use flows::{
    CallbackEnd, CallbackPage, ChoiceView, Chooser, ConfirmView, DoneOutcome, DoneView, Evidence, FetchSite, FlowView,
    NewFlowRequest, Next, Redeem, Redeemed, Resumable, StartedFlow, WideningSession,
};
pub use framing::{EmbedPage, InvalidOrigin, parse_origin};
pub use imports::{ImportRequest, ImportedConnection, ImportedTokens, Prove};
pub use journal::{Journal, JournalError};
pub use links::{LinkRequest, LinkView, MadeLink, OpenedLink};
pub use mail::{MailSettings, MailTick};
pub use manage::{Disconnected, OwnConnection, OwnConnections};
pub use management::{KeyView, Metrics, PlatformSettings, SANDBOXES};
pub use moves::{Moved, Parcel};
pub use on_demand::{ForcedRefresh, TestResult};
pub use passthrough::PassthroughCall;
pub use problem::{Kind, Problem};
pub use readiness::{LoopHealth, Readiness};
pub use refresh::Tick;
pub use sandbox_faults::SandboxFaults;
pub use scheduler::Scheduler;
pub use sessions::{OpenSession, Opened, Platform, SessionView, SessionViewed};
pub use store::{
    App, Connection, ConnectionFilter, ConnectionId, ConnectionState, Environment, Exportable, FlowId, FlowMode,
    IdentityType, ImageBytes, ImageSlot, Link, LinkFilter, LinkPurpose, Owner, ProjectId,
};
pub use submit::{AuthView, Choice, Field, Form, Submission, Submitted};
pub use timeline::{Timeline, TimelineItem};
pub use webhooks::{EndpointPatch, EndpointRequest, MadeEndpoint, ROTATION_OVERLAP, RangeRequest, WebhookTick};

/// What an operator decides for the whole server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where browsers and providers reach this server: an origin, without a path.
    pub public_url: Url,
    /// Where the built-in sandbox is dialled, as `http://127.0.0.1:8080/sandbox`.
    pub sandbox_url: String,
    /// `latchkey dev`: pages on loopback may embed.
    pub development: bool,
    /// Who this process is in leases.
    pub replica: Replica,
    /// Refresh this long before the end of a token, or a fifth of its lifetime, whichever is less.
    pub refresh_margin: Duration,
    /// Between two looks for due refreshes.
    pub refresh_interval: Duration,
    /// Refreshes in flight at most.
    pub refresh_parallel: usize,
    /// How long events are kept.
    pub event_retention: Duration,
    /// How people behind connections are written to; nobody is without.
    pub mail: Option<MailSettings>,
}

/// The product. Cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Parts>);

struct Parts {
    store: Store,
    protocol: Protocol,
    catalog: RwLock<Arc<Catalog>>,
    settings: Settings,
    public_origin: String,
    evidence_key: Zeroizing<[u8; 32]>,
    refreshes: refresh::Refreshes,
    webhooks: webhooks::Slots,
    sending: mail::Sending,
    loops: loops::Loops,
    reseal_turns: AtomicUsize,
    domains: branding::Domains,
    derived: branding::Derived,
    refusals: framing::Refusals,
}

impl Broker {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        protocol: Protocol,
        catalog: Catalog,
        settings: Settings,
        evidence_key: Zeroizing<[u8; 32]>,
        journal: Option<Journal>,
    ) -> Self {
        let refreshes = refresh::Refreshes::new(settings.refresh_parallel, journal);
        Self(Arc::new(Parts {
            store,
            protocol,
            catalog: RwLock::new(Arc::new(catalog)),
            public_origin: settings.public_url.origin().ascii_serialization(),
            settings,
            evidence_key,
            refreshes,
            webhooks: webhooks::Slots::default(),
            sending: mail::Sending::default(),
            loops: loops::Loops::default(),
            reseal_turns: AtomicUsize::new(0),
            domains: branding::Domains::default(),
            derived: branding::Derived::default(),
            refusals: framing::Refusals::default(),
        }))
    }

    /// The definitions in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.0.catalog.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts new definitions in force, all at once.
    pub fn replace_catalog(&self, catalog: Catalog) {
        *self.0.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The key that signs browser evidence, the same on all replicas.
    pub fn evidence_key(&self) -> &[u8; 32] {
        &self.0.evidence_key
    }

    /// Our own origin as browsers write it.
    pub fn public_origin(&self) -> &str {
        &self.0.public_origin
    }

    pub(crate) fn protocol(&self) -> &Protocol {
        &self.0.protocol
    }

    /// The inputs that every template may name.
    pub(crate) fn instance_inputs(&self) -> Inputs<'_> {
        Inputs::new()
            .text("instance", "public_url", &self.0.public_origin)
            .text("instance", "sandbox_url", &self.0.settings.sandbox_url)
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Broker")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
