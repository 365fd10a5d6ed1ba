//! The app doctor: whether the OAuth client that an operator set is one that its service takes. Each check asks one
//! thing, waits five seconds at most, and says how to mend what it found. What surely is wrong is noted with the app; no
//! grant is made: the code that is sent to the token endpoint is made up.

mod client;
mod judge;
mod leads;
mod service;
mod turns;

use std::time::Duration;

use bytes::Bytes;
use catalog::AuthKind;
use protocol::AllowedOrigin;
use serde::Serialize;
use serde_json::json;
use store::{App, AuditEntry, Environment, ProjectId};
use url::Url;

use crate::operators::{Permission, Signed};
use crate::{Broker, Caller, Problem, Scope};

pub(crate) use judge::is_about_redirect;
pub use leads::Leads;
pub(crate) use turns::Turns;

/// Longest time for one check.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest page of a service that is looked at.
const PAGE: usize = 2 * 1024 * 1024;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is not checked for this integration, or could not be.
    Skipped,
    /// It is right.
    Good,
    /// It may be right; somebody looks.
    Attention,
    /// It is wrong: people cannot connect.
    Bad,
}

impl Verdict {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Good => "good",
            Self::Attention => "attention",
            Self::Bad => "bad",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its name for machines, as `redirect_address`.
    pub check: &'static str,
    /// The way to sign in that it is about, where there are several.
    pub auth_method: Option<String>,
    /// What was looked at.
    pub title: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// How to mend it.
    pub mend: Option<String>,
    /// That the service could not be reached from here: it says nothing of the app.
    #[serde(skip)]
    pub is_unreached: bool,
    /// That the service was given the client's id and secret, and did not take them.
    #[serde(skip)]
    pub refuses_client: bool,
}

impl Finding {
    fn new(check: &'static str, title: &str, verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            check,
            auth_method: None,
            title: title.to_owned(),
            verdict,
            message: message.into(),
            mend: None,
            is_unreached: false,
            refuses_client: false,
        }
    }

    pub(crate) fn good(check: &'static str, title: &str, message: impl Into<String>) -> Self {
        Self::new(check, title, Verdict::Good, message)
    }

    fn attention(check: &'static str, title: &str, message: impl Into<String>) -> Self {
        Self::new(check, title, Verdict::Attention, message)
    }

    pub(crate) fn bad(check: &'static str, title: &str, message: impl Into<String>) -> Self {
        Self::new(check, title, Verdict::Bad, message)
    }

    fn skipped(check: &'static str, title: &str, message: impl Into<String>) -> Self {
        Self::new(check, title, Verdict::Skipped, message)
    }

    /// The service could not be reached.
    pub(crate) fn unreached(check: &'static str, title: &str, message: impl Into<String>) -> Self {
        Self {
            is_unreached: true,
            ..Self::bad(check, title, message)
        }
    }

    /// The service did not take the client's id and secret.
    fn refused(check: &'static str, title: &str, message: impl Into<String>) -> Self {
        Self {
            refuses_client: true,
            ..Self::bad(check, title, message)
        }
    }

    fn mended(mut self, how: impl Into<String>) -> Self {
        self.mend = Some(how.into());
        self
    }
}

/// What all checks of an app found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// The integration.
    pub integration: String,
    /// The environment.
    pub environment: Environment,
    /// The worst that was found.
    pub verdict: Verdict,
    /// One for each check, in the order in which to mend them.
    pub checks: Vec<Finding>,
}

impl Broker {
    /// Examines the app of an integration.
    ///
    /// # Errors
    /// `integration_not_found`; `checked_just_now`; the key does not have the scope `admin`; the database is away.
    pub async fn examine_app(&self, caller: &Caller, integration: &str) -> Result<Diagnosis, Problem> {
        caller.require(Scope::Admin)?;
        self.examine(caller, integration).await
    }

    /// The same for an operator who manages integrations.
    ///
    /// # Errors
    /// As above; the operator may not.
    pub async fn examine_app_for(
        &self,
        signed: &Signed,
        (project, environment): (ProjectId, Environment),
        integration: &str,
    ) -> Result<Diagnosis, Problem> {
        let caller = signed.caller(project, environment, Permission::Build)?;
        self.examine(&caller, integration).await
    }

    async fn examine(&self, caller: &Caller, id: &str) -> Result<Diagnosis, Problem> {
        let integration = self.manageable(caller.environment, id)?;
        let app = self.store().app_of(caller.project, caller.environment, id).await?;
        let needs_app = integration.auth.iter().any(|method| method.kind.needs_app());
        if let Some(app) = app.as_ref().filter(|_| needs_app) {
            self.0.examined.take(app.id, self.store().now().await?)?;
        }
        let noted = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action: "app.examined",
            actor: caller.actor(),
            subject: Some(
                app.as_ref()
                    .map_or_else(|| format!("integration:{id}"), |app| format!("app:{}", app.id)),
            ),
            detail: &json!({ "integration": id }),
        };
        self.store().audit(noted).await?;
        let mut checks = Vec::new();
        match &app {
            _ if !needs_app => checks.push(Finding::skipped(
                "client",
                "OAuth app",
                format!("{} needs no app of yours: there is nothing to check.", integration.name),
            )),
            None => checks.push(
                Finding::bad("client", "OAuth app", format!("{} was never set up here.", integration.name))
                    .mended("Switch it on, register an app at the service with the redirect address that is shown then, and give its client id and secret."),
            ),
            Some(app) => self.examine_known(&integration, app, &mut checks).await?,
        }
        let verdict = checks.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Skipped);
        tracing::info!(integration = id, verdict = verdict.as_str(), "an app was examined");
        let found = Diagnosis {
            integration: id.to_owned(),
            environment: caller.environment,
            verdict,
            checks,
        };
        if let Some(app) = app.filter(|_| needs_app) {
            self.note_checkup(&app, &found).await;
        }
        Ok(found)
    }

    async fn examine_known(
        &self,
        integration: &catalog::Integration,
        app: &App,
        checks: &mut Vec<Finding>,
    ) -> Result<(), Problem> {
        if !app.enabled {
            let off = Finding::attention(
                "switch",
                "Switch",
                format!("{} is switched off here.", integration.name),
            );
            checks.push(off.mended("Switch it on when the app is right; until then nobody sees it."));
        }
        let settings = self.check_client(integration, app).await?;
        let is_complete = settings.iter().all(|one| one.verdict != Verdict::Bad);
        checks.extend(settings);
        checks.extend(self.check_redirect(app).await);
        let ways: Vec<_> = integration
            .auth
            .iter()
            .filter(|method| method.kind.needs_app())
            .collect();
        for method in &ways {
            let mut found = match &method.kind {
                _ if !is_complete => vec![Finding::skipped(
                    "service",
                    "Asking the service",
                    "Not asked: the settings above are not complete.",
                )],
                AuthKind::OAuth2(oauth2) if oauth2.device.is_none() => {
                    self.check_service(integration, &method.id, oauth2, app).await?
                }
                _ => vec![Finding::skipped(
                    "service",
                    "Asking the service",
                    "This way to sign in says only with a person whether the app is right. Try it with an account of yours.",
                )],
            };
            if ways.len() > 1 {
                for one in &mut found {
                    one.title = format!("{} ({})", one.title, method.title);
                    one.auth_method = Some(method.id.clone());
                }
            }
            checks.extend(found);
        }
        if checks.iter().any(|one| one.refuses_client) {
            // That something was given is no good news where the service does not take it.
            checks.retain(|one| one.check != "client" || one.verdict != Verdict::Good);
        }
        Ok(())
    }

    /// Reads a page, as a browser would: a redirect is an answer. Our own address may be private; no other may be unless
    /// an operator allowed it.
    async fn look(&self, url: &Url, limit: usize) -> Result<http::Response<Bytes>, String> {
        let request = http::Request::get(url.as_str())
            .header(http::header::ACCEPT, "text/html,application/json;q=0.9,*/*;q=0.8")
            .body(Bytes::new())
            .map_err(|_| "it is no address".to_owned())?;
        let own: Option<AllowedOrigin> = self.public_origin().parse().ok();
        let egress = match own.filter(|own| own.covers(url)) {
            Some(own) => self.protocol().egress().and_to(own),
            None => self.protocol().egress().clone(),
        };
        match tokio::time::timeout(PATIENCE, egress.call(request, limit)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(too_slow()),
        }
    }
}

fn too_slow() -> String {
    format!("it did not answer within {} seconds", PATIENCE.as_secs())
}
