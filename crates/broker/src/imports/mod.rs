//! Connections from elsewhere: a caller brings the credential, Latchkey keeps it and keeps it fresh.

mod fields;
mod keep;

use std::collections::BTreeMap;
use std::net::IpAddr;

use catalog::{AuthKind, AuthMethod};
use chrono::{DateTime, Utc};
use store::{Connection, Grant, NewConnection, NewCredential, Owner, Repeatable};
use vault::{Credential, SecretString};

use fields::{checked_oauth1, checked_tokens, field_error, method_for, oauth_variables};

use crate::check::refusal;
use crate::connections::checked_tags;
use crate::form::accept_values;
use crate::keys::connection_key;
use crate::refresh::refresh_in;
use crate::sessions::Platform;
use crate::texts::{plain, quoted};
use crate::{Broker, Caller, Kind, Problem, Scope};

/// The scheduler leaves an import alone this long, in seconds: its proof comes first.
const BEFORE_PROOF: u64 = 60;

/// How an import is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prove {
    /// Not at all: the connection is `unknown`.
    #[default]
    No,
    /// By the definition's check.
    Check,
    /// By a refresh, after which the caller's own copy of the refresh token may be spent.
    Refresh,
}

/// Tokens of an OAuth grant.
#[derive(Debug)]
pub struct ImportedTokens {
    /// The access token.
    pub access_token: SecretString,
    /// The refresh token.
    pub refresh_token: Option<SecretString>,
    /// `Bearer` without.
    pub token_type: Option<String>,
    /// Granted scopes.
    pub scopes: Option<Vec<String>>,
}

/// A connection to bring here.
#[derive(Debug, Default)]
pub struct ImportRequest {
    /// The integration.
    pub integration: String,
    /// The sign-in method; without, the first that takes what was sent.
    pub auth: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// The person's name for it.
    pub name: Option<String>,
    /// The customer's tags.
    pub tags: Vec<String>,
    /// Tokens, for OAuth.
    pub tokens: Option<ImportedTokens>,
    /// Secrets by their field, for API keys.
    pub fields: BTreeMap<String, SecretString>,
    /// Non-secret values: those that a person gives, and those that a sign-in would have learnt.
    pub variables: BTreeMap<String, String>,
    /// Seconds until the access token ends.
    pub expires_in: Option<i64>,
    /// When the access token ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// The account at the service.
    pub account_id: Option<String>,
    /// Its name.
    pub account_name: Option<String>,
    /// How it is proved.
    pub prove: Prove,
    /// Keep it even when the proof fails.
    pub keep: bool,
    /// From another instance's export.
    pub moved: bool,
    /// The tags of the request, when it came with an `Idempotency-Key`.
    pub repeatable: Option<Repeatable>,
    /// The caller's address, for the audit log.
    pub from: Option<IpAddr>,
}

/// A connection that was brought here.
#[derive(Debug)]
pub struct ImportedConnection {
    /// As it is now.
    pub connection: Connection,
    /// False when the same request made it earlier.
    pub new: bool,
    /// Why it is not proved, though it should have been: a word for machines and a sentence for people.
    pub unproved: Option<(&'static str, String)>,
}

impl Broker {
    /// Makes a connection with a credential from elsewhere.
    ///
    /// # Errors
    /// `field_errors` names the fields and never their values; `import_not_proved` when the proof failed and nothing was
    /// kept.
    pub async fn import_connection(
        &self,
        caller: &Caller,
        request: ImportRequest,
    ) -> Result<ImportedConnection, Problem> {
        caller.require(Scope::ConnectionsImport)?;
        if let Some(repeatable) = &request.repeatable {
            let earlier = self
                .store()
                .made_earlier(caller.project, caller.environment, repeatable)
                .await?;
            if let Some(earlier) = earlier {
                self.await_proof(caller, earlier, &request).await?;
                return self.imported(caller, earlier, None).await;
            }
        }
        let platform = self.platform_to_import(caller, &request.integration).await?;
        if request.tokens.is_some() && !request.fields.is_empty() {
            return Err(field_error(
                "fields",
                "A connection has tokens or fields, and both came. Send those of the way to sign in that `auth` names.",
            ));
        }
        let method = method_for(&platform, &request)?;
        let tags = checked_tags(request.tags.clone())?;
        let mut grant = self.imported_grant(&platform, method, &request).await?;
        let mut unproved = None;
        if request.prove == Prove::Check
            && let Err(why) = self.prove_import((&platform, method), &mut grant).await?
        {
            if !request.keep {
                return Err(Problem::new(
                    Kind::Unprocessable,
                    why.0,
                    format!("{} Nothing was kept.", why.1),
                ));
            }
            unproved = Some(why);
        }
        let owner = Owner {
            identity: plain("identity", request.owner.identity.clone(), 128)?,
            identity_type: request.owner.identity_type,
            group: plain("group", request.owner.group.clone(), 128)?,
            label: plain("label", request.owner.label.clone(), 128)?,
        };
        let new = NewConnection {
            project: caller.project,
            environment: caller.environment,
            app: platform.app.id,
            integration: request.integration.clone(),
            auth_method: method.id.clone(),
            key: connection_key(caller.environment, &request.integration, &owner),
            name: plain("name", request.name.clone(), 120)?,
            owner,
            grant,
        };
        let (broker, caller) = (self.clone(), caller.clone());
        // Not tied to the caller: what was begun comes to its end, and is kept or taken back whole.
        let done = tokio::spawn(async move { broker.keep_import(&caller, &request, &new, &tags, unproved).await });
        done.await
            .map_err(|_| Problem::internal("The import was interrupted. Look for it in the list of connections."))?
    }

    async fn platform_to_import(&self, caller: &Caller, integration: &str) -> Result<Platform, Problem> {
        self.platforms(caller.project, caller.environment)
            .await?
            .into_iter()
            .find(|platform| platform.integration.id.as_str() == integration)
            .ok_or_else(|| {
                let message = format!(
                    "`{}` cannot be connected in this project and environment. Switch it on with `latchkey apps set`, with its OAuth client where it needs one.",
                    quoted(integration)
                );
                Problem::new(Kind::Unprocessable, "integration_not_offered", message)
            })
    }

    async fn imported_grant(
        &self,
        platform: &Platform,
        method: &AuthMethod,
        request: &ImportRequest,
    ) -> Result<Grant, Problem> {
        let mut grant = Grant {
            proved: false,
            account_id: plain("account.id", request.account_id.clone(), 300)?,
            account_name: plain("account.name", request.account_name.clone(), 300)?,
            variables: BTreeMap::new(),
            scopes: None,
            credential: NewCredential {
                credential: Credential::Fields(BTreeMap::new()),
                expires_in: None,
                refresh_in: None,
            },
        };
        match (&method.kind, &request.tokens) {
            (AuthKind::OAuth2(oauth2), Some(tokens)) => {
                grant.variables = oauth_variables(platform, method, &request.variables)?;
                let lifetime = self.lifetime(request).await?.or(oauth2.refresh.lifetime);
                let refreshable = oauth2.refresh.supported && tokens.refresh_token.is_some();
                if request.prove == Prove::Refresh && !refreshable {
                    return Err(field_error(
                        "prove",
                        "Without a refresh token there is nothing to prove it by. Send `check` or `none`.",
                    ));
                }
                if oauth2.dpop {
                    return Err(field_error(
                        "tokens",
                        "The tokens of this service are bound to a key that cannot be brought along. The person must connect anew.",
                    ));
                }
                grant.scopes = tokens
                    .scopes
                    .as_ref()
                    .map(|scopes| scopes.iter().map(|scope| quoted(scope)).collect());
                let earliest = if request.prove == Prove::Refresh {
                    BEFORE_PROOF
                } else {
                    1
                };
                grant.credential = NewCredential {
                    credential: Credential::OAuth2(checked_tokens(tokens)?),
                    expires_in: lifetime,
                    refresh_in: refresh_in(
                        lifetime,
                        oauth2.refresh.idle,
                        refreshable,
                        self.settings().refresh_margin,
                    )
                    .map(|seconds| seconds.max(earliest)),
                };
            }
            (AuthKind::OAuth1(oauth1), None) if request.prove != Prove::Refresh => {
                grant.variables = oauth_variables(platform, method, &request.variables)?;
                grant.credential = NewCredential {
                    credential: Credential::OAuth1(checked_oauth1(&request.fields)?),
                    expires_in: self.lifetime(request).await?.or(oauth1.lifetime),
                    refresh_in: None,
                };
            }
            (AuthKind::OAuth2(_), None) => return Err(field_error("tokens", "Send the tokens of the sign-in.")),
            (_, Some(_)) => {
                return Err(field_error(
                    "tokens",
                    "This way to sign in has no tokens. Send `fields`.",
                ));
            }
            (_, None) if request.prove == Prove::Refresh => {
                return Err(field_error(
                    "prove",
                    "This way to sign in has no refresh. Send `check` or `none`.",
                ));
            }
            (_, None) => {
                let mut given = request.fields.clone();
                given.extend(
                    request
                        .variables
                        .iter()
                        .map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))),
                );
                let (fields, variables) = accept_values(platform, method, given)?;
                grant.variables = variables;
                grant.credential.credential = Credential::Fields(fields);
                let way = (&*platform.integration, method, &platform.app);
                self.log_in(way, &mut grant, |service, error| {
                    let (_, message) = refusal(service, error);
                    field_error("fields", &message)
                })
                .await?;
            }
        }
        Ok(grant)
    }

    /// Seconds until the access token ends, by the database's clock.
    async fn lifetime(&self, request: &ImportRequest) -> Result<Option<u64>, Problem> {
        let seconds = match (request.expires_in, request.expires_at) {
            (Some(_), Some(_)) => return Err(field_error("expiresAt", "Send `expiresAt` or `expiresIn`, not both.")),
            (Some(seconds), None) => Some(seconds),
            (None, Some(end)) => Some((end - self.store().now().await?).num_seconds()),
            (None, None) => None,
        };
        Ok(seconds.map(|seconds| seconds.max(0).unsigned_abs()))
    }

    /// Asks the service who this is. The outer error is ours, the inner one is the service's answer.
    async fn prove_import(
        &self,
        (platform, method): (&Platform, &AuthMethod),
        grant: &mut Grant,
    ) -> Result<Result<(), (&'static str, String)>, Problem> {
        let integration = &platform.integration;
        if method.check.is_none() {
            return Err(field_error(
                "prove",
                "The definition of this service names no check. Send `none` or `refresh`.",
            ));
        }
        let filled = self
            .call_inputs(integration, &method.id, &platform.app, &grant.variables)
            .await?;
        let inputs = filled.inputs(self);
        let account = match self
            .protocol()
            .check(integration, (&method.id, &grant.credential.credential), &inputs)
            .await
        {
            Ok(account) => account,
            Err(error) => return Ok(Err(refusal(&integration.name, &error))),
        };
        if let (Some(said), Some(found)) = (&grant.account_id, &account.id)
            && said != found
        {
            let message = format!(
                "{} names another account for this credential than `account.id`.",
                integration.name
            );
            return Ok(Err(("account_changed", message)));
        }
        grant.proved = true;
        grant.account_id = account.id.map(|id| quoted(&id)).or(grant.account_id.take());
        grant.account_name = account.name.map(|name| quoted(&name)).or(grant.account_name.take());
        Ok(Ok(()))
    }
}
