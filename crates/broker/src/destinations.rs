//! Where secrets go. What an app was set up with is remembered; a definition that names another address later, whether
//! in a new version, in the operator's folder or by the API, gets no client secret, grant or key until somebody agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use catalog::Integration;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{
    Agreed, App, AppDestinations, AppId, AppSettings, AuditEntry, DestinationChange, Destinations, Environment,
    NOT_AGREED, PendingChange, ProjectId,
};

use crate::management::app_changed;
use crate::sessions::effective_variables;
use crate::{Broker, Caller, Kind, Problem, Scope};

impl Broker {
    /// Switches an integration on, or changes its settings. The first time, where its secrets may go is remembered as the
    /// definition says it now.
    pub async fn set_app(
        &self,
        project: ProjectId,
        environment: Environment,
        integration: &Integration,
        mut settings: AppSettings,
    ) -> Result<App, Problem> {
        let id = integration.id.as_str();
        self.part_secrets((project, environment), integration, &mut settings)
            .await?;
        let mut app = self
            .store()
            .set_app(project, environment, id, self.public_origin(), settings)
            .await
            .map_err(app_changed)?;
        app.destinations = self.take(integration, app.id, None).await?;
        Ok(app)
    }

    /// Values of variables for the templates of a connection, once it is sure that its secrets go nowhere new. Every
    /// request to a service is made with these.
    pub(crate) async fn agreed_variables(
        &self,
        integration: &Integration,
        auth_method: &str,
        app: &App,
        own: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Problem> {
        self.require_agreed(integration, auth_method, app).await?;
        if app.secret_names.is_empty() {
            return Ok(effective_variables(integration, &app.variables, own));
        }
        let secrets = self.store().app_secrets(app).await?;
        // What the definition calls a secret no more may stand in an address by now, so it is used as nothing else.
        let secrets = secrets
            .iter()
            .filter(|(name, _)| integration.variables.get(*name).is_some_and(|one| one.secret))
            .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let all = app.variables.clone().into_iter().chain(secrets).collect();
        Ok(effective_variables(integration, &all, own))
    }

    /// Values that the definition marks as secrets are sealed. An empty one leaves the one that is kept; one that is kept in
    /// plain, from before it was marked, is sealed with the next save; one that is kept sealed and marked no more goes.
    async fn part_secrets(
        &self,
        (project, environment): (ProjectId, Environment),
        integration: &Integration,
        settings: &mut AppSettings,
    ) -> Result<(), Problem> {
        let names = integration.variables.iter().filter(|(_, variable)| variable.secret);
        let names: Vec<&String> = names.map(|(name, _)| name).collect();
        let Some(given) = settings.variables.as_mut() else {
            return Ok(());
        };
        let known = self
            .store()
            .app_of(project, environment, integration.id.as_str())
            .await?;
        if let Some(known) = &known {
            let unmarked = known.secret_names.iter().filter(|name| !names.contains(name));
            settings.removed_secrets.extend(unmarked.cloned());
        }
        for name in names {
            let is_removed = settings.removed_secrets.contains(name);
            let before = || known.as_ref().and_then(|app| app.variables.get(name).cloned());
            let before = || before().filter(|_| !is_removed);
            let value = given.remove(name).filter(|value| !value.is_empty()).or_else(before);
            if let Some(value) = value {
                settings
                    .secret_variables
                    .insert(name.clone(), SecretString::from(value));
            }
        }
        Ok(())
    }

    /// Refuses when the definition names an address for this way to sign in that nobody agreed to.
    pub(crate) async fn require_agreed(
        &self,
        integration: &Integration,
        auth_method: &str,
        app: &App,
    ) -> Result<(), Problem> {
        let wanted = integration.destinations(auth_method);
        if covers(&app.destinations, auth_method, &wanted) {
            return Ok(());
        }
        // Made by an earlier version, or a way to sign in that is new.
        let taken = self.take(integration, app.id, Some(auth_method)).await?;
        if covers(&taken, auth_method, &wanted) {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Conflict,
            NOT_AGREED,
            format!(
                "The definition of {} was changed and names another address for its secrets, so nothing was sent. Whoever runs this server looks at it with `latchkey integrations agree {} --show`.",
                integration.name,
                integration.id.as_str()
            ),
        ))
    }

    async fn take(&self, integration: &Integration, app: AppId, in_use: Option<&str>) -> Result<Agreed, Problem> {
        let taken = self
            .store()
            .take_destinations(app, |known| first_time(integration, known, in_use))
            .await?;
        taken.ok_or_else(|| Problem::not_found("The app"))
    }

    /// Compares the definitions in force with what was agreed to for every app, and tells operators what differs.
    pub async fn compare_destinations(&self) -> Result<usize, Problem> {
        let catalog = self.catalog();
        let mut changes = Vec::new();
        for mut known in self.store().app_destinations().await? {
            let Some(integration) = catalog.get(&known.integration) else {
                continue;
            };
            if first_time(integration, &known, None).is_some() {
                known.agreed = self.take(integration, known.app, None).await?;
            }
            changes.extend(changes_of(integration, &known));
        }
        let new = self.store().note_destination_changes(&changes).await?;
        for change in changes.iter().filter(|change| new.contains(&change.id)) {
            tracing::error!(
                app = %change.app, auth_method = change.auth_method, added = ?change.added,
                "a definition names addresses for secrets that nobody agreed to; its connections wait: see `latchkey integrations agree`"
            );
        }
        let count = changes.len();
        self.0.destination_changes.store(count, Ordering::Relaxed);
        metrics::gauge!("latchkey_destination_changes").set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        Ok(count)
    }

    /// How many changes this replica's definitions have that nobody agreed to.
    pub(crate) fn destination_changes(&self) -> usize {
        self.0.destination_changes.load(Ordering::Relaxed)
    }

    /// What waits in the caller's project and environment.
    ///
    /// # Errors
    /// The key does not have the scope `admin`; the database is away.
    pub async fn pending_changes(
        &self,
        caller: &Caller,
        integration: Option<&str>,
    ) -> Result<Vec<PendingChange>, Problem> {
        caller.require(Scope::Admin)?;
        self.waiting_changes(Some((caller.project, caller.environment)), integration)
            .await
    }

    /// What waits in one project and environment, or in all.
    ///
    /// # Errors
    /// The database is away.
    pub async fn waiting_changes(
        &self,
        of: Option<(ProjectId, Environment)>,
        integration: Option<&str>,
    ) -> Result<Vec<PendingChange>, Problem> {
        let mut changes = self.store().destination_changes(of, integration).await?;
        changes.retain(is_whole);
        Ok(changes)
    }

    /// Agrees to a change of the caller's project and environment.
    ///
    /// # Errors
    /// `not_found`: it does not wait here, or the definition was changed since. The scope `admin` is missing; the database
    /// is away.
    pub async fn agree(&self, caller: &Caller, id: &str) -> Result<PendingChange, Problem> {
        let pending = self.pending_changes(caller, None).await?;
        let chosen: Vec<PendingChange> = pending.into_iter().filter(|one| one.id == id).collect();
        let agreed = self.agree_to(chosen, &caller.actor()).await?;
        if let Err(problem) = self.compare_destinations().await {
            tracing::debug!(%problem, "what still waits is compared later");
        }
        let mut agreed = agreed.into_iter();
        agreed.next().ok_or_else(|| Problem::not_found("This change"))
    }

    /// Agrees to changes that the operator was shown, in every project that they are of.
    pub async fn agree_to(&self, changes: Vec<PendingChange>, actor: &str) -> Result<Vec<PendingChange>, Problem> {
        let mut agreed = Vec::new();
        for change in changes.into_iter().filter(is_whole) {
            let detail = json!({
                "integration": change.integration, "auth_method": change.auth_method, "agreed": change.agreed,
                "added": change.added, "connections": change.connections,
            });
            let noted = AuditEntry {
                project: Some(change.project),
                environment: Some(change.environment),
                action: "destination.agreed",
                actor: actor.to_owned(),
                subject: Some(format!("app:{}", change.app)),
                detail: &detail,
            };
            // First, so that nothing is agreed to that the log does not know.
            self.store().audit(noted).await?;
            if self.store().agree_destinations(&change).await? {
                tracing::info!(app = %change.app, integration = change.integration, actor, "new addresses for secrets were agreed to");
                agreed.push(change);
            }
        }
        Ok(agreed)
    }
}

/// Whether everything was agreed to for this way to sign in.
fn covers(agreed: &Agreed, auth_method: &str, wanted: &BTreeSet<String>) -> bool {
    match agreed {
        Agreed::Never | Agreed::Damaged => false,
        Agreed::To(all) => all.get(auth_method).is_some_and(|known| wanted.is_subset(known)),
    }
}

/// What an app of these settings agrees to from now on without being asked: all of a definition that it is the first
/// time, later only ways to sign in that are new and get nothing that is kept already. `in_use` is the way of a connection.
fn first_time(integration: &Integration, known: &AppDestinations, in_use: Option<&str>) -> Option<Destinations> {
    let mut all = match &known.agreed {
        Agreed::Never => Destinations::new(),
        Agreed::To(all) => all.clone(),
        Agreed::Damaged => return None,
    };
    let first = all.is_empty();
    let before: BTreeSet<String> = all.values().flatten().cloned().collect();
    let mut taken = false;
    for method in &integration.auth {
        let gets_secret = known.has_secret_values || (known.has_secret && method.kind.needs_app());
        let is_new = !all.contains_key(&method.id);
        if is_new && (first || !gets_secret || method.destinations.is_subset(&before)) {
            all.insert(method.id.clone(), method.destinations.clone());
            taken = true;
        }
    }
    if let Some(gone) = in_use.filter(|id| !all.contains_key(*id) && integration.method(Some(id)).is_none()) {
        let wanted = integration.destinations(gone).into_owned();
        let goes_on = first || wanted.is_subset(&before);
        // Remembered with nothing otherwise, so that it is asked for.
        all.insert(gone.to_owned(), if goes_on { wanted } else { BTreeSet::new() });
        taken = true;
    }
    taken.then_some(all)
}

/// What of a definition nobody agreed to.
fn changes_of(integration: &Integration, known: &AppDestinations) -> Vec<DestinationChange> {
    let none = Destinations::new();
    let agreed = match &known.agreed {
        Agreed::To(all) => all,
        Agreed::Never | Agreed::Damaged => &none,
    };
    // Those too that the definition has no more: their connections still go to the API.
    let ways: BTreeSet<&String> = integration
        .auth
        .iter()
        .map(|method| &method.id)
        .chain(agreed.keys())
        .collect();
    let changed = |way: &String| {
        let wanted = integration.destinations(way).into_owned();
        let of_way = agreed.get(way);
        let is_new = |one: &&String| !of_way.is_some_and(|known| known.contains(*one));
        let added: BTreeSet<String> = wanted.iter().filter(is_new).cloned().collect();
        (!added.is_empty()).then(|| DestinationChange {
            id: change_id(known.app, way, &wanted),
            app: known.app,
            auth_method: way.clone(),
            wanted,
            added,
        })
    };
    ways.into_iter().filter_map(changed).collect()
}

/// Whether a row says what its id stands for. One that was changed past this server is neither shown nor agreed to.
fn is_whole(change: &PendingChange) -> bool {
    let wanted = change.wanted.iter().cloned().collect();
    let is_whole = change_id(change.app, &change.auth_method, &wanted) == change.id;
    if !is_whole {
        tracing::error!(id = change.id, app = %change.app, "a change of addresses for secrets was changed past this server");
    }
    is_whole
}

/// Equal for equal changes, on every replica.
fn change_id(app: AppId, auth_method: &str, wanted: &BTreeSet<String>) -> String {
    let text = json!([app, auth_method, wanted]).to_string();
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}
