//! What the product does: who may do what, sessions, flows, connections, refresh, passthrough.
//!
//! Here lives each use case as a function that reads forward: look up, decide, ask the service, commit. Journeys are
//! in `docs/architecture.md`.
//!
//! What never lives here: SQL (that is `store`), HTTP of our own (that is `server`), how a service is spoken to (that is
//! `protocol`), or a line about one particular service (that is a definition).

mod access;
mod adoption;
mod api_keys;
mod app_addresses;
mod app_attention;
mod app_changes;
mod audit_log;
mod branding;
mod check;
mod client_key;
mod connections;
mod connectors;
mod console;
mod definitions;
mod destinations;
mod doctor;
mod export_turns;
mod exports;
mod flows;
mod form;
mod framing;
mod home;
mod idle;
mod imports;
mod inputs;
mod integrations;
mod journal;
mod keys;
mod links;
mod login;
mod loops;
mod mail;
mod manage;
mod management;
mod moves;
mod network;
mod numbers;
mod on_demand;
mod operators;
mod passthrough;
mod people;
mod problem;
mod projects;
mod readiness;
mod refresh;
mod requests;
mod reseal;
mod retention;
mod revoke;
mod sandbox_faults;
mod scheduler;
mod sessions;
mod shelf_filter;
mod submit;
mod system;
mod texts;
mod timeline;
mod webhooks;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use catalog::{Catalog, Inputs};
use protocol::Protocol;
use store::{Replica, Store};
use tokio::sync::Notify;
use url::Url;
use zeroize::Zeroizing;

pub use access::{Actor, Caller, DEFAULT_SCOPES, Scope};
pub use api_keys::{KeyKeeper, KeyPage, KeyRequest, MadeKey, OVERLAP_AT_MOST};
pub use app_changes::AppChange;
pub use audit_log::{AuditExport, AuditNames, AuditPage, AuditPart, EXPORTED_LINES, is_connection_key};
pub use branding::{
    Adjusted, BrandingDraft, BrandingRequest, BrandingView, IMAGE_LIMIT, ImageView, LANGUAGES, LogoView, Looks,
    Mistake, NewImage, Place, Sides, Style, Words, image_too_large,
};
pub use client_key::GivenKey;
pub use connections::{ConnectionPatch, DeletedConnection, ListRequest};
pub use connectors::Connector;
pub use console::ConnectionPage;
pub use definitions::{
    DEFINITION_LIMIT, DefinitionText, DefinitionView, PutDefinition, Replaced, Sources, Trial, TrialError, Tried, id_in,
};
pub use doctor::{Diagnosis, Finding, Leads, Verdict};
pub use exports::{CredentialRequest, Exported, Known};
pub use flows::{
    CallbackEnd, CallbackPage, ChoiceView, Chooser, ConfirmView, DoneOutcome, DoneView, Evidence, FetchSite, FlowView,
    NewCodeRequest, NewFlowRequest, Next, PollTick, Redeem, Redeemed, Resumable, StartedCode, StartedFlow,
    WideningSession,
};
pub use form::{Choice, Field};
pub use framing::{EmbedPage, InvalidOrigin, parse_origin};
pub use home::{Attention, HomeNumbers, Hour, Made, Step, Times};
pub use imports::{ImportRequest, ImportedConnection, ImportedTokens, Prove};
pub use integrations::{Counted, Missing, Shelved, Standing};
pub use journal::{Journal, JournalError};
pub use links::{LinkRequest, LinkView, MadeLink, OpenedLink};
pub use mail::{MailSettings, MailTick};
pub use manage::{Disconnected, OwnConnection, OwnConnections};
pub use management::{KeyView, Metrics, PlatformSettings, SANDBOXES};
pub use moves::{Moved, Parcel};
pub use network::{MalformedNetwork, Network};
pub use on_demand::{ForcedRefresh, TestResult};
pub use operators::{
    Acceptance, Cookie, Entered, FactorSetup, InvitationView, LONGEST_PASSWORD, MadeOperatorLink, NewInvitation,
    OpenedOperatorLink, Permission, Proof, RecoveryCodes, Revealed, SHORTEST_PASSWORD, SignIn, SignOnFor,
    SignOnRefused, Signed, SignedOn, SingleSignOn, TeamPage, Visitor, WayBack, may, role_in,
};
pub use passthrough::{Called, PassthroughCall};
pub use people::{
    AttemptDetail, EXPORTED as EXPORTED_CONNECTIONS, Embedders, Erased, Exported as ConnectionExport, IDENTITIES_NAMED,
    MOST_AT_ONCE, MadeReconnect, PeopleNames, Reconnects, Upkeep,
};
pub use problem::{Kind, Problem};
pub use projects::{DeletedProject, ProjectView};
pub use readiness::{LoopHealth, Readiness};
pub use refresh::Tick;
pub use requests::{RequestPage, query_names, shown_path};
pub use retention::KeptDays;
pub use sandbox_faults::SandboxFaults;
pub use scheduler::Scheduler;
pub use sessions::{OpenSession, Opened, Platform, SessionView, SessionViewed};
pub use shelf_filter::{KINDS, ShelfFilter, ShelfState, categories};
pub use store::{
    ApiKeyId, ApiKeyRow, App, AuditId, AuditLine, AuditSearch, AuditTail, Belongings, COUNTED, Connection,
    ConnectionFilter, ConnectionId, ConnectionSearch, ConnectionState, DefinitionVersion, Deletion, Environment,
    EventId, Expected, Exportable, FactorView, FirstSteps, FlowId, FlowMode, IdentityType, ImageBytes, ImageSlot,
    Invitation, LastUse, Link, LinkFilter, LinkPurpose, LoggedRequest, Member, Operator, OperatorId, OperatorLinkId,
    OperatorLinkPurpose, OperatorLogin, OperatorLoginId, OperatorSession, OperatorSessionId, Owner, PendingChange,
    Project, ProjectId, ProjectSettings, RequestId, RequestKind, RequestSearch, Role,
};
pub use submit::{AuthView, Form, Submission, Submitted};
pub use system::{Check, KeyUse, System};
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
    /// Days that the log of requests is kept; 0 keeps none.
    pub request_log_days: u32,
    /// Whose keys change definitions, where there are several projects.
    pub operator_project: Option<ProjectId>,
    /// How people behind connections are written to; nobody is without.
    pub mail: Option<MailSettings>,
    /// Who says who operators are, beside their passwords.
    pub single_sign_on: Option<SingleSignOn>,
}

/// The product. Cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Parts>);

struct Parts {
    store: Store,
    protocol: Protocol,
    catalog: RwLock<Arc<Catalog>>,
    catalog_mistakes: AtomicUsize,
    destination_changes: AtomicUsize,
    examined: doctor::Turns,
    sources: RwLock<Arc<Sources>>,
    last_loaded: RwLock<Option<Arc<definitions::LastLoaded>>>,
    definition_changed: Notify,
    reloading: tokio::sync::Mutex<()>,
    settings: Settings,
    public_origin: String,
    evidence_key: Zeroizing<[u8; 32]>,
    refreshes: refresh::Refreshes,
    webhooks: webhooks::Slots,
    sending: mail::Sending,
    polls: flows::Polls,
    loops: loops::Loops,
    reseal_turns: AtomicUsize,
    domains: branding::Domains,
    derived: branding::Derived,
    refusals: framing::Refusals,
    notes: people::Notes,
    numbers: numbers::Numbers,
    requests: requests::RequestLog,
    counts: home::Kept<std::collections::BTreeMap<ConnectionState, i64>>,
    drawn: home::Kept<HomeNumbers>,
    way_to_database: system::WayToDatabase,
    export_turns: export_turns::ExportTurns,
    purging: retention::Positions,
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
            catalog_mistakes: AtomicUsize::new(0),
            destination_changes: AtomicUsize::new(0),
            examined: doctor::Turns::default(),
            sources: RwLock::default(),
            last_loaded: RwLock::default(),
            definition_changed: Notify::new(),
            reloading: tokio::sync::Mutex::default(),
            public_origin: settings.public_url.origin().ascii_serialization(),
            settings,
            evidence_key,
            refreshes,
            webhooks: webhooks::Slots::default(),
            sending: mail::Sending::default(),
            polls: flows::Polls::default(),
            loops: loops::Loops::default(),
            reseal_turns: AtomicUsize::new(0),
            domains: branding::Domains::default(),
            derived: branding::Derived::default(),
            refusals: framing::Refusals::default(),
            requests: requests::RequestLog::default(),
            numbers: numbers::Numbers::default(),
            notes: people::Notes::default(),
            counts: home::Kept::default(),
            drawn: home::Kept::default(),
            way_to_database: system::WayToDatabase::default(),
            export_turns: export_turns::ExportTurns::default(),
            purging: retention::Positions::default(),
        }))
    }

    /// The definitions in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.0.catalog.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts new definitions in force, all at once.
    pub fn replace_catalog(&self, catalog: Catalog) {
        self.keep_catalog(0);
        *self.0.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    /// Leaves the definitions in force as they are, because newer ones have so many mistakes.
    pub fn keep_catalog(&self, mistakes: usize) {
        self.0.catalog_mistakes.store(mistakes, Ordering::Relaxed);
        let number = u32::try_from(mistakes).unwrap_or(u32::MAX);
        metrics::gauge!("latchkey_definition_mistakes").set(f64::from(number));
    }

    /// How many mistakes the newest definitions have, for which those of before are in force. None: 0.
    pub fn catalog_mistakes(&self) -> usize {
        self.0.catalog_mistakes.load(Ordering::Relaxed)
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

    pub(crate) fn export_turns(&self) -> &export_turns::ExportTurns {
        &self.0.export_turns
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
