//! Typed-in credentials: the form, its checks, and the proof at the service before anything is kept.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{AuthKind, AuthMethod};
use protocol::CheckError;
use serde::Serialize;
use serde_json::json;
use store::{Connection, FlowId, Grant, NewConnection, NewCredential, Session, SessionPurpose};
use vault::{Credential, Environment, Fields, SecretString, Token};

use crate::flows::{Chosen, named};
use crate::form::{Field, accept_values, fields_of, only_field, plain_names, typed_host};
use crate::keys::connection_key;
use crate::numbers::Counted;
use crate::sessions::{MethodView, Platform, used};
use crate::texts::{plain, quoted};
use crate::{Broker, Kind, Problem};

/// The form of a sign-in method.
#[derive(Debug, Serialize)]
pub struct Form {
    integration: String,
    name: String,
    auth: AuthView,
    methods: Vec<MethodView>,
    fields: Vec<Field>,
    access: Vec<String>,
    /// Scopes that the definition has no words for.
    unexplained: Vec<String>,
    scopes: Vec<String>,
    docs: String,
}

/// The chosen sign-in method.
#[derive(Debug, Serialize)]
pub struct AuthView {
    id: String,
    kind: &'static str,
    title: String,
}

/// What a person typed in.
#[derive(Debug)]
pub struct Submission {
    /// The integration.
    pub integration: String,
    /// The sign-in method; the first without.
    pub auth: Option<String>,
    /// Secrets and variables by name.
    pub values: BTreeMap<String, SecretString>,
    /// The person's name for the connection.
    pub name: Option<String>,
    /// The origin of the page that embeds the modal.
    pub embedder: Option<String>,
}

/// What became of a submission.
#[derive(Debug)]
pub enum Submitted {
    /// There is a connection.
    Connected(Box<Connection>),
    /// The values reach several accounts: the person picks one in this flow.
    Choosing {
        /// The flow.
        flow: FlowId,
        /// The handle that reads its result.
        result: Token,
    },
}

impl Broker {
    /// What a person is asked for, and what they give access to.
    pub async fn form(&self, request_id: &Token, integration: &str, auth: Option<&str>) -> Result<Form, Problem> {
        let session = self.live_session(request_id).await?;
        let platform = self.session_platform(&session, integration).await?;
        let method = platform.method(auth)?;
        self.require_agreed(&platform.integration, &method.id, &platform.app)
            .await?;
        let Access {
            words: access,
            unexplained,
            scopes,
        } = access_of(&platform, method);
        self.count((session.project, session.environment), integration, Counted::Picked);
        let known = self.connection_to_replace(&session).await?;
        let known = known.map(|connection| connection.variables).unwrap_or_default();
        Ok(Form {
            integration: integration.to_owned(),
            name: platform.integration.name.clone(),
            auth: AuthView {
                id: method.id.clone(),
                kind: method.kind.name(),
                title: method.title.clone(),
            },
            methods: platform.methods().map(MethodView::of).collect(),
            fields: fields_of(&platform, method, &known),
            access,
            unexplained,
            scopes,
            docs: platform.integration.docs.to_string(),
        })
    }

    /// Checks typed-in values, proves them at the service, and makes the connection, or asks which account it is for.
    pub async fn submit(&self, request_id: &Token, submission: Submission) -> Result<Submitted, Problem> {
        let session = self.live_session(request_id).await?;
        if session.is_used() {
            return self.submit_again(&session, submission).await;
        }
        if !session.hosted {
            self.require_embedder(session.project, session.environment, submission.embedder.as_deref())
                .await?;
        }
        let platform = self.session_platform(&session, &submission.integration).await?;
        let method = platform.method(submission.auth.as_deref())?;
        self.require_agreed(&platform.integration, &method.id, &platform.app)
            .await?;
        if method.typed().is_none() {
            return Err(Problem::bad_request(
                "not_a_form",
                "This service is connected by signing in, not with a form.",
            ));
        }
        let (fields, variables) = accept_values(&platform, method, submission.values)?;
        if session.purpose == SessionPurpose::Widen {
            return Err(Problem::new(
                Kind::Conflict,
                "cannot_widen",
                "This session adds access to a connection that was signed in to. Sign in once more instead.",
            ));
        }
        let name = plain("name", submission.name, 120)?;
        let place = (session.project, session.environment);
        self.count(place, &submission.integration, Counted::Sent);
        let host = typed_host(&platform, method, &variables);
        let mut grant = unproved(fields, variables);
        let known = self.connection_to_replace(&session).await?;
        let way = (&*platform.integration, method, &platform.app);
        let field = only_field(&platform, method);
        let explain = |service: &str, error: &CheckError| {
            let problem = match (error, host.as_deref()) {
                (CheckError::Unavailable { status: None, .. }, Some(host)) => {
                    tracing::warn!(%error, "what is at a typed-in address did not answer");
                    address_unreachable(service, Some(host))
                }
                _ => check_problem(service, error, field.as_deref()),
            };
            told_in_test(problem, session.environment, error)
        };
        self.log_in(way, &mut grant, explain).await?;
        let chosen = self.choose_for(way, known.as_ref(), &mut grant, explain).await?;
        if let Chosen::Ask(list) = chosen {
            let said = (submission.embedder, name);
            let (flow, result) = self
                .hold_form(&session, (&platform, method), said, &grant, list)
                .await?;
            return Ok(Submitted::Choosing { flow, result });
        }
        self.prove((&platform, method), &mut grant, explain).await?;
        let connection = self.keep(&session, (&platform, method), name, grant).await?;
        Ok(Submitted::Connected(Box::new(connection)))
    }

    async fn prove(
        &self,
        (platform, method): (&Platform, &AuthMethod),
        grant: &mut Grant,
        explain: impl Fn(&str, &CheckError) -> Problem,
    ) -> Result<(), Problem> {
        if method.check.is_none() {
            return Ok(());
        }
        let filled = self.call_inputs(&platform.integration, &method.id, &platform.app, &grant.variables);
        let filled = filled.await?;
        let inputs = filled.inputs(self);
        let account = self
            .protocol()
            .check(
                &platform.integration,
                (&method.id, &grant.credential.credential),
                &inputs,
            )
            .await
            .map_err(|error| explain(&platform.integration.name, &error))?;
        grant.proved = true;
        grant.account_id = account.id.map(|id| quoted(&id));
        grant.account_name = named(grant.account_name.take(), account.name);
        Ok(())
    }

    async fn keep(
        &self,
        session: &Session,
        (platform, method): (&Platform, &AuthMethod),
        name: Option<String>,
        grant: Grant,
    ) -> Result<Connection, Problem> {
        let known = self.connection_to_replace(session).await?;
        require_same_account(known.as_ref(), &grant)?;
        let integration = platform.integration.id.as_str();
        let new = NewConnection {
            project: session.project,
            environment: session.environment,
            app: platform.app.id,
            integration: integration.to_owned(),
            auth_method: method.id.clone(),
            key: connection_key(session.environment, integration, &session.owner),
            name,
            owner: session.owner.clone(),
            grant,
        };
        let Some(id) = self.store().connect_directly(session, &new).await? else {
            // The same may have been sent twice, and the other was first.
            let Grant {
                credential, variables, ..
            } = &new.grant;
            let Some(fields) = credential.credential.typed() else {
                return Err(was_used());
            };
            let made = self.made_of(session, (platform, method), fields, variables);
            return made.await?.ok_or_else(was_used);
        };
        tracing::info!(connection = %id, integration, "connected");
        self.store()
            .connection(session.project, session.environment, id)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))
    }

    /// What a used session is sent may be what it made its connection of, because no answer came. The connection is told once
    /// more to whoever sends the very values that are kept; others are not kept, and hear that the session is used.
    async fn submit_again(&self, session: &Session, submission: Submission) -> Result<Submitted, Problem> {
        match self.made_before(session, submission).await {
            Ok(Some(connection)) => Ok(Submitted::Connected(Box::new(connection))),
            Err(problem) if matches!(problem.kind(), Kind::Unavailable | Kind::Internal) => Err(problem),
            Ok(None) | Err(_) => Err(was_used()),
        }
    }

    async fn made_before(&self, session: &Session, submission: Submission) -> Result<Option<Connection>, Problem> {
        if !session.hosted {
            self.require_embedder(session.project, session.environment, submission.embedder.as_deref())
                .await?;
        }
        let platform = self.session_platform(session, &submission.integration).await?;
        let method = platform.method(submission.auth.as_deref())?;
        let (fields, variables) = accept_values(&platform, method, submission.values)?;
        self.made_of(session, (&platform, method), &fields, &variables).await
    }

    /// The connection that a session made of these values, in this way.
    async fn made_of(
        &self,
        session: &Session,
        (platform, method): (&Platform, &AuthMethod),
        fields: &Fields,
        variables: &BTreeMap<String, String>,
    ) -> Result<Option<Connection>, Problem> {
        let (project, environment) = (session.project, session.environment);
        let Some(id) = self.store().look_at_made(session.id).await? else {
            return Ok(None);
        };
        let Some(connection) = self.store().connection(project, environment, id).await? else {
            return Ok(None);
        };
        let integration = platform.integration.id.as_str();
        if connection.integration != integration || connection.auth_method != method.id {
            return Ok(None);
        }
        let kept = self.store().callable(project, environment, &connection.key).await?;
        // What was learned besides may be another each time.
        let same = kept.is_some_and(|kept| {
            let mut names = plain_names(platform, method).into_iter();
            names.all(|name| variables.get(&name) == kept.variables.get(&name)) && kept.credential.was_typed(fields)
        });
        if same {
            tracing::info!(connection = %id, integration, "typed-in values came once more: the answer is given again");
        }
        Ok(same.then_some(connection))
    }

    /// The connection that a reconnect session replaces.
    pub(crate) async fn connection_to_replace(&self, session: &Session) -> Result<Option<Connection>, Problem> {
        let Some(id) = session.connection else { return Ok(None) };
        let known = self
            .store()
            .connection(session.project, session.environment, id)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))?;
        Ok(Some(known))
    }
}

fn was_used() -> Problem {
    Problem::new(Kind::Conflict, "session_used", used().message())
}

fn unproved(fields: Fields, variables: BTreeMap<String, String>) -> Grant {
    Grant {
        proved: false,
        account_id: None,
        account_name: None,
        variables,
        scopes: None,
        credential: NewCredential {
            credential: Credential::Fields(fields),
            expires_in: None,
            refresh_in: None,
        },
    }
}

/// A reconnect must bring the same account back: another one, or one that cannot be told, is refused and the old
/// credential stays.
pub(crate) fn require_same_account(known: Option<&Connection>, grant: &Grant) -> Result<(), Problem> {
    let refuse = |key, message: &str| Err(Problem::new(Kind::Conflict, key, message));
    match (known.and_then(|known| known.account_id.as_ref()), &grant.account_id) {
        (Some(known), Some(new)) if known != new => refuse(
            "account_changed",
            "This is another account than the one that was connected. Sign in with the earlier account, or make a new connection.",
        ),
        (Some(_), None) => refuse(
            "account_unknown",
            "The service did not say which account this is, so the connection was left as it was. Try again in a minute.",
        ),
        _ => Ok(()),
    }
}

/// Nothing is where the person said that the service is; `field` is where they said it.
pub(crate) fn address_unreachable(service: &str, field: Option<&str>) -> Problem {
    let message =
        format!("{service} could not be reached at the address that was entered. Check the address, then try again.");
    let mut meta = json!({});
    if let Some(field) = field {
        meta["fields"] = json!({ field: message });
        meta["reasons"] = json!({ field: "refused" });
    }
    Problem::new(Kind::Unprocessable, "address_unreachable", message).with_meta(meta)
}

/// In the test environment the cause as well, for whoever writes the definition: the log has it everywhere, and people who
/// connect in live read nothing of it. The words of a service that refused are in the answer already.
fn told_in_test(problem: Problem, environment: Environment, error: &CheckError) -> Problem {
    let is_refusal = matches!(error, CheckError::Refused { .. } | CheckError::Key(_));
    if environment != Environment::Test || is_refusal {
        return problem;
    }
    let mut meta = problem.meta().cloned().unwrap_or_else(|| json!({}));
    meta["cause"] = json!(error.to_string());
    problem.with_meta(meta)
}

/// What a check's failure means to the person who typed the credential in; `field` is the one that it can only be about.
pub(crate) fn check_problem(service: &str, error: &CheckError, field: Option<&str>) -> Problem {
    match error {
        CheckError::Refused { provider_message, .. } => {
            let words = provider_message
                .as_deref()
                .map(quoted)
                .filter(|words| !words.is_empty());
            let message = match &words {
                Some(words) => format!("{service} refused this: “{words}”. Check the values and try again."),
                None => format!("{service} refused this. Check the values and try again."),
            };
            let mut meta = json!({ "provider_message": words });
            if let Some(field) = field {
                meta["fields"] = json!({ field: message });
                meta["reasons"] = json!({ field: "refused" });
            }
            Problem::new(Kind::Unprocessable, "credential_refused", message).with_meta(meta)
        }
        CheckError::Key(_) => {
            let message = "This key cannot be used. Copy it again, from its first line to its last.";
            let mut meta = json!({});
            if let Some(field) = field {
                meta["fields"] = json!({ field: message });
                meta["reasons"] = json!({ field: "refused" });
            }
            Problem::new(Kind::Unprocessable, "credential_refused", message).with_meta(meta)
        }
        other => {
            tracing::warn!(error = %other, "a credential could not be checked");
            Problem::new(
                Kind::Unavailable,
                "provider_unavailable",
                format!(
                    "{service} did not answer as expected, so the values could not be checked. Try again in a minute."
                ),
            )
            .with_retry_after(std::time::Duration::from_secs(30))
        }
    }
}

/// What a sign-in asks for.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// In plain words.
    pub(crate) words: Vec<String>,
    /// Scopes that the definition has no words for; an app may ask for any.
    pub(crate) unexplained: Vec<String>,
    /// All scopes.
    pub(crate) scopes: Vec<String>,
}

/// Plain words for what is asked, and the scopes themselves.
pub(crate) fn access_of(platform: &Platform, method: &AuthMethod) -> Access {
    let AuthKind::OAuth2(oauth2) = &method.kind else {
        return Access::default();
    };
    let mut scopes = platform
        .app
        .scopes
        .clone()
        .unwrap_or_else(|| oauth2.scopes.default.clone());
    scopes.extend(oauth2.scopes.required.iter().cloned());
    let mut seen = BTreeSet::new();
    scopes.retain(|scope| seen.insert(scope.clone()));
    let (explained, unexplained) = scopes
        .iter()
        .cloned()
        .partition::<Vec<_>, _>(|scope| oauth2.scopes.known.contains_key(scope));
    Access {
        words: explained
            .iter()
            .filter_map(|scope| oauth2.scopes.known.get(scope).cloned())
            .collect(),
        unexplained,
        scopes,
    }
}

/// In plain words, what was asked for and not given. A service that names no scopes gave all (RFC 6749 §5.1); scopes
/// without words are not compared, because services answer with other spellings of technical ones. Optional ones are not
/// missed.
pub(crate) fn missing_access(platform: &Platform, method: &AuthMethod, granted: Option<&[String]>) -> Vec<String> {
    let (AuthKind::OAuth2(oauth2), Some(granted)) = (&method.kind, granted) else {
        return Vec::new();
    };
    let is_optional = |scope: &String| {
        let optional = oauth2.scopes.optional.as_ref();
        optional.is_some_and(|(_, scopes)| scopes.contains(scope))
    };
    access_of(platform, method)
        .scopes
        .iter()
        .filter(|scope| !granted.contains(scope) && !is_optional(scope))
        .filter_map(|scope| oauth2.scopes.known.get(scope).cloned())
        .collect()
}
