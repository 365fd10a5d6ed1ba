//! The checked form of a definition. Everything in it was proved at load: names in templates exist, hosts are fixed or
//! end with a written-out suffix, patterns compile, addresses are https.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use crate::action::Action;
use crate::template::{Template, UrlTemplate};

/// The id of an integration: lower case, digits and hyphens, as `google-calendar`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct IntegrationId(pub(crate) String);

impl IntegrationId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A service that one can connect.
#[derive(Debug)]
pub struct Integration {
    /// Its id, which is also the platform name on the wire.
    pub id: IntegrationId,
    /// The name that people know.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Where it stands in lists, as `crm`.
    pub categories: Vec<String>,
    /// Other names that people search for.
    pub aliases: Vec<String>,
    /// The provider's API documents.
    pub docs: Url,
    /// Name of the logo file (`logos/NAME.svg`).
    pub logo: Option<String>,
    /// Non-secret values of a connection or of the operator's app.
    pub variables: BTreeMap<String, Variable>,
    /// The ways to sign in, first is the default. Never empty.
    pub auth: Vec<AuthMethod>,
    /// How its API is called.
    pub api: Api,
    /// A call that proves a credential and names the account.
    pub check: Option<Check>,
    /// The provider's documents that this definition was written from. Never empty.
    pub sources: Vec<Url>,
    /// Environments in which it exists: both, unless the definition says `environments: [test]`.
    pub environments: Vec<String>,
    /// Calls of its API that are worth knowing, in the definition's order.
    pub actions: Vec<Action>,
}

impl Integration {
    /// An action by its id.
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// A sign-in method by its id, or the default one.
    pub fn method(&self, id: Option<&str>) -> Option<&AuthMethod> {
        match id {
            None => self.auth.first(),
            Some(id) => self.auth.iter().find(|method| method.id == id),
        }
    }

    /// The first sign-in method of a kind (`oauth2`, `api_key`), for a credential that says no more than its kind.
    pub fn method_of_kind(&self, kind: &str) -> Option<&AuthMethod> {
        self.auth.iter().find(|method| method.kind.name() == kind)
    }
}

/// A non-secret value.
#[derive(Debug)]
pub struct Variable {
    /// Label of the field.
    pub title: String,
    /// A sentence beside the field.
    pub help: Option<String>,
    /// Who gives it.
    pub set_by: SetBy,
    /// What it may be.
    pub kind: VariableKind,
    /// Used when nobody gives one.
    pub default: Option<String>,
    /// Greyed text in the empty field.
    pub placeholder: Option<String>,
    /// Whether it stands in the host of an address; then a value is made of DNS labels, whatever the pattern says.
    pub in_host: bool,
}

impl Variable {
    /// Checks a given value. The message is for people and says what to change.
    pub fn check(&self, value: &str) -> Result<(), String> {
        crate::check::variable_value(self, value)
    }
}

/// Who gives the value of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// The person who connects, in the form (`set_by: person`, the default).
    Person,
    /// The operator, with the app (`set_by: operator`).
    Operator,
}

/// What a variable may be.
#[derive(Debug)]
pub enum VariableKind {
    /// A text that matches the whole pattern. Without a pattern in the definition it is one DNS label.
    Text {
        /// Anchored, linear-time.
        pattern: regex::Regex,
    },
    /// A whole https origin such as `https://id.example.com`; guarded by the outbound client.
    Origin,
    /// A whole https address with a path, such as an issuer; guarded by the outbound client.
    Url,
    /// One of the choices.
    Choice(Vec<Choice>),
}

/// A choice of a variable.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is put in.
    pub value: String,
    /// What is shown.
    pub label: String,
}

/// One way to sign in.
#[derive(Debug)]
pub struct AuthMethod {
    /// Unique in the definition; the kind's name unless the definition gives another.
    pub id: String,
    /// What the person reads, as `Sign in with Google`.
    pub title: String,
    /// How.
    pub kind: AuthKind,
    /// Headers put into each API call with a credential of this method: those of [`Api::headers`] and its own.
    pub headers: Vec<(String, Template)>,
    /// Query parameters put into each API call with a credential of this method: those of [`Api::query`] and its own.
    pub query: Vec<(String, Template)>,
    /// A call that lists what the credential reaches, of which a connection uses one.
    pub choose: Option<Choose>,
}

impl AuthMethod {
    /// What connections of this method keep as variables besides what somebody gives: learnt from the token answer, and
    /// from what was chosen.
    pub fn kept(&self) -> impl Iterator<Item = &Learned> {
        let learned = match &self.kind {
            AuthKind::OAuth2(oauth2) => oauth2.learn.as_slice(),
            AuthKind::ApiKey(_) => &[],
        };
        let chosen = self.choose.as_ref().map_or(&[][..], |choose| &choose.learn);
        learned.iter().chain(chosen)
    }
}

/// A call that lists accounts, sites or workspaces.
#[derive(Debug)]
pub struct Choose {
    /// `GET`, or `POST` where a service has nothing else.
    pub method: CheckMethod,
    /// A path behind the base address, or a whole address.
    pub target: CheckTarget,
    /// JSON body of a `POST`.
    pub body: Option<serde_json::Value>,
    /// A JSON pointer that must be `true` in the answer.
    pub ok_pointer: Option<String>,
    /// Headers of the call: those of [`AuthMethod::headers`] that need no choice.
    pub headers: Vec<(String, Template)>,
    /// Query parameters of the call: those of [`AuthMethod::query`] that need no choice.
    pub query: Vec<(String, Template)>,
    /// JSON pointer of the list; the answer itself is the list without.
    pub list_pointer: Option<String>,
    /// The stable id of an entry, from `${item.…}`.
    pub id: Template,
    /// Its name for people.
    pub name: Template,
    /// A quiet line below the name.
    pub description: Option<Template>,
    /// Values of the picked entry that a connection keeps. Never empty.
    pub learn: Vec<Learned>,
}

/// How a sign-in works.
#[derive(Debug)]
pub enum AuthKind {
    /// The authorization code grant of RFC 6749 §4.1.
    OAuth2(Box<OAuth2>),
    /// One or several secrets that the person pastes.
    ApiKey(ApiKeyAuth),
}

impl AuthKind {
    /// The name in the YAML and on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OAuth2(_) => "oauth2",
            Self::ApiKey(_) => "api_key",
        }
    }
}

/// An OAuth 2 sign-in.
#[derive(Debug)]
pub struct OAuth2 {
    /// Either written out or discovered from the issuer.
    pub endpoints: Endpoints,
    /// Extra query parameters of the authorization request. Reserved names (`client_id`, `redirect_uri`, `state`,
    /// `response_type`, `code_challenge*`, `scope`) are refused at load.
    pub authorize_params: Vec<(String, Template)>,
    /// Extra body parameters of the code exchange.
    pub token_params: Vec<(String, Template)>,
    /// How the client authenticates, in exchange, refresh and revocation alike.
    pub client_auth: ClientAuth,
    /// PKCE (RFC 7636), on unless a reason is written down.
    pub pkce: Pkce,
    /// Scopes.
    pub scopes: Scopes,
    /// Refresh.
    pub refresh: Refresh,
    /// Values kept from the token answer or the check.
    pub learn: Vec<Learned>,
    /// Where the access token and its companions are in the answer, when not at the top level (as Slack's
    /// `authed_user`): JSON pointer of the object that holds `access_token`.
    pub token_object: Option<String>,
    /// Where an error stands in an answer of status 200: a boolean or text that must not be there or must be true.
    pub ok_pointer: Option<String>,
    /// The page where an operator registers an OAuth app.
    pub setup: Option<Url>,
}

/// Where the authorization server is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each way to sign in, inside a box")]
pub enum Endpoints {
    /// Written in the definition.
    Fixed {
        /// Authorization endpoint.
        authorize: UrlTemplate,
        /// Token endpoint.
        token: UrlTemplate,
        /// Revocation endpoint (RFC 7009).
        revoke: Option<UrlTemplate>,
        /// The issuer, when the answer of the authorization endpoint carries `iss` (RFC 9207).
        issuer: Option<UrlTemplate>,
    },
    /// Read from `{issuer}/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4).
    Discovered {
        /// The issuer.
        issuer: UrlTemplate,
    },
}

/// Client authentication at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// Public client: `client_id` in the body only.
    None,
}

/// PKCE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// `S256`, always.
    S256,
    /// Off, because of a written reason.
    Off {
        /// Shown to operators.
        reason: String,
    },
}

/// Scopes of an OAuth 2 sign-in.
#[derive(Debug)]
pub struct Scopes {
    /// Asked for unless the app says otherwise.
    pub default: Vec<String>,
    /// Always added, as `offline_access`.
    pub required: Vec<String>,
    /// Between scopes, one space by default.
    pub separator: String,
    /// The parameter's name, `scope` unless declared (Slack's `user_scope`).
    pub parameter: String,
    /// What scopes mean, in plain words, for the explain screen.
    pub known: BTreeMap<String, String>,
}

/// How tokens are refreshed.
#[derive(Debug)]
pub struct Refresh {
    /// Whether the grant can be refreshed at all.
    pub supported: bool,
    /// Lifetime in seconds when the answer has no `expires_in` and the token itself tells no end.
    pub lifetime: Option<u64>,
    /// Seconds after which the service forgets a refresh token that nobody used.
    pub idle: Option<u64>,
    /// The service's own error codes.
    pub errors: RefreshErrors,
    /// Extra body parameters of the refresh request.
    pub params: Vec<(String, Template)>,
}

/// Error codes of a token endpoint by what they mean, in lower case, besides those of RFC 6749 §5.2.
#[derive(Clone, Debug, Default)]
pub struct RefreshErrors {
    /// The grant is gone.
    pub grant_gone: Vec<String>,
    /// The app is wrong.
    pub app_broken: Vec<String>,
    /// It passes.
    pub transient: Vec<String>,
}

/// A value kept with the connection as a variable of this name.
#[derive(Debug)]
pub struct Learned {
    /// The variable's name.
    pub name: String,
    /// Where it comes from: `${token.…}` or `${query.…}`, of a choice `${item.…}`.
    pub from: Template,
    /// What it may be.
    pub kind: LearnedKind,
}

/// What a learnt value may be.
#[derive(Debug)]
pub enum LearnedKind {
    /// A text that matches the whole pattern.
    Text {
        /// Anchored.
        pattern: regex::Regex,
    },
    /// An https origin whose host equals an entry or ends with one that begins with a dot.
    Origin {
        /// As `.salesforce.com`.
        hosts: Vec<String>,
    },
}

impl LearnedKind {
    /// Whether a value may be kept. The text that was learnt must be refused otherwise.
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Text { pattern } => pattern.is_match(value),
            Self::Origin { hosts } => crate::template::is_listed_origin(value, hosts),
        }
    }
}

/// An API-key sign-in.
#[derive(Debug)]
pub struct ApiKeyAuth {
    /// The secrets to ask for, in order. Never empty. Templates name them `credential.NAME`.
    pub fields: Vec<SecretField>,
    /// The page where the person finds the key.
    pub help_url: Option<Url>,
}

/// A secret that the person pastes.
#[derive(Debug)]
pub struct SecretField {
    /// Name in templates.
    pub name: String,
    /// Label.
    pub title: String,
    /// A sentence beside the field.
    pub help: Option<String>,
    /// Whole-match pattern, anchored.
    pub pattern: Option<regex::Regex>,
    /// Greyed text, as `sk_live_…`.
    pub placeholder: Option<String>,
}

/// How the API is called.
#[derive(Debug)]
pub struct Api {
    /// Base address; a caller's path is joined behind it and can never change its host.
    pub base_url: UrlTemplate,
    /// Headers put into each call, whatever the sign-in. [`AuthMethod::headers`] has these and the method's own.
    pub headers: Vec<(String, Template)>,
    /// Query parameters put into each call, whatever the sign-in. [`AuthMethod::query`] has these and the method's own.
    pub query: Vec<(String, Template)>,
}

/// A call that proves a credential.
#[derive(Debug)]
pub struct Check {
    /// `GET`, or `POST` where a service has nothing else.
    pub method: CheckMethod,
    /// A path behind the base address, or a whole address.
    pub target: CheckTarget,
    /// JSON body of a `POST`.
    pub body: Option<serde_json::Value>,
    /// The account's stable id, from the answer.
    pub account_id: Option<Template>,
    /// The account's name for people.
    pub account_name: Option<Template>,
    /// A JSON pointer that must be `true` in the answer (Slack's `ok`).
    pub ok_pointer: Option<String>,
}

/// The method of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckMethod {
    /// GET
    Get,
    /// POST
    Post,
}

/// Where a check goes.
#[derive(Debug)]
pub enum CheckTarget {
    /// Behind `api.base_url`.
    Path(String),
    /// A whole address, under the same host rules (`https://…` or `${discovered.userinfo_endpoint}`).
    Url(UrlTemplate),
}

/// The set of definitions that a server works with. Cheap to share; a reload makes a new one.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub(crate) by_id: BTreeMap<String, Arc<Integration>>,
}

impl Catalog {
    /// An integration by its id.
    pub fn get(&self, id: &str) -> Option<&Arc<Integration>> {
        self.by_id.get(id)
    }

    /// All integrations, ordered by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Integration>> {
        self.by_id.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// This set and another, which wins where both have an id.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.by_id.extend(other.by_id);
        self
    }
}
