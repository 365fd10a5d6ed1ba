//! The checked form of a definition. Everything in it was proved at load: names in templates exist, hosts are fixed or
//! end with a written-out suffix, patterns compile, addresses are https.

mod api;
mod key;
mod learn;
mod login;
mod oauth1;
mod oauth2;
mod set;
mod source;
mod variable;

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

pub use self::api::{Api, Check, CheckBody, CheckMethod, CheckTarget, EntryName, Expected};
pub use self::key::{ApiKeyAuth, Characters, Field, Input, Secret, TypedKind};
pub use self::learn::{Choose, Learned, LearnedKind, LearningCall};
pub use self::login::{AppLogin, KeyFormat, Login, LoginBody, LoginRequest, Signature, SignatureAlgorithm};
pub use self::oauth1::{OAuth1, OAuth1Calls, OAuth1Method, OAuth1Place, OAuth1Request, OAuth1Signing};
pub use self::oauth2::{
    AssertionAudience, AuthorizeRequest, ClientAssertion, ClientAuth, DeviceAuthorization, Endpoints, KeyAlgorithm,
    OAuth2, ParameterNames, ParameterValue, Pkce, Pushed, Refresh, RefreshErrors, RequestBody, RequestMethod,
    RevokeEnds, RevokeRequest, RevokedToken, Scopes, SecondExchange, TokenAnswer, TokenRequest,
};
pub use self::set::Catalog;
pub use self::source::{Confidence, Origin, Source};
pub use self::variable::{Choice, HostCase, OtherValue, SetBy, Uses, Variable, VariableKind};
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
    /// A call that proves a credential and names the account, unless the way to sign in has its own: what is in force for
    /// one of them is [`AuthMethod::check`].
    pub check: Option<Check>,
    /// The provider's documents that this definition was written from. Never empty.
    pub sources: Vec<Source>,
    /// Keys whose facts stand in none of the documents that were read.
    pub unconfirmed: Vec<String>,
    /// How far it was proved.
    pub confidence: Confidence,
    /// Why there is no check, where people paste a key.
    pub check_off_reason: Option<String>,
    /// Its file.
    pub origin: Origin,
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

    /// The call that proves a credential of this way to sign in.
    pub fn check_of(&self, auth_method: &str) -> Option<&Check> {
        match self.method(Some(auth_method)) {
            Some(method) => method.check.as_ref(),
            // Gone from the definition since the connection was made.
            None => self.check.as_ref(),
        }
    }

    /// A sign-in method by its id, or the default one.
    pub fn method(&self, id: Option<&str>) -> Option<&AuthMethod> {
        match id {
            None => self.auth.first(),
            Some(id) => self.auth.iter().find(|method| method.id == id),
        }
    }

    /// The first sign-in method of a kind (`oauth2`, `oauth1`, `api_key`, `basic`, `form`, `none`), for a credential that says no more than its kind.
    pub fn method_of_kind(&self, kind: &str) -> Option<&AuthMethod> {
        self.auth.iter().find(|method| method.kind.name() == kind)
    }
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
    pub headers: Vec<(EntryName, Template)>,
    /// Query parameters put into each API call with a credential of this method: those of [`Api::query`] and its own.
    pub query: Vec<(EntryName, Template)>,
    /// The call that proves a credential of this method: its own, or that of the definition.
    pub check: Option<Check>,
    /// Calls after the sign-in, in order, whose answers say more that a connection keeps.
    pub calls: Vec<LearningCall>,
    /// A call that lists what the credential reaches, of which a connection uses one.
    pub choose: Option<Choose>,
    /// Where secrets of this way go: origins as they are written, and what their inputs may be. Texts to compare.
    pub destinations: BTreeSet<String>,
}

impl AuthMethod {
    /// What connections of this method keep as variables besides what somebody gives: learnt from the token answer and
    /// later calls, and from what was chosen.
    pub fn kept(&self) -> impl Iterator<Item = &Learned> {
        let learned = match &self.kind {
            AuthKind::OAuth2(oauth2) => oauth2.learn.as_slice(),
            AuthKind::OAuth1(oauth1) => oauth1.learn.as_slice(),
            AuthKind::ApiKey(typed) => typed.login.as_ref().map_or(&[][..], |login| &login.learn),
        };
        let chosen = self.choose.as_ref().map_or(&[][..], |choose| &choose.learn);
        let called = self.calls.iter().flat_map(|call| &call.learn);
        learned.iter().chain(called).chain(chosen)
    }

    /// The issuer whose metadata says the endpoints, where they are discovered.
    pub fn discovered_issuer(&self) -> Option<&UrlTemplate> {
        match &self.kind {
            AuthKind::OAuth2(oauth2) => match &oauth2.endpoints {
                Endpoints::Discovered { issuer } => Some(issuer),
                Endpoints::Fixed { .. } | Endpoints::Resource { .. } => None,
            },
            AuthKind::OAuth1(_) | AuthKind::ApiKey(_) => None,
        }
    }

    /// What the person types in, where that is the sign-in.
    pub fn typed(&self) -> Option<&ApiKeyAuth> {
        match &self.kind {
            AuthKind::OAuth2(_) | AuthKind::OAuth1(_) => None,
            AuthKind::ApiKey(typed) => Some(typed),
        }
    }

    /// How calls are signed with OAuth 1, where they are.
    pub fn signing(&self) -> Option<&OAuth1Signing> {
        match &self.kind {
            AuthKind::OAuth2(_) => None,
            AuthKind::OAuth1(oauth1) => Some(&oauth1.signing),
            AuthKind::ApiKey(typed) => typed.oauth1.as_ref().map(|calls| &calls.signing),
        }
    }

    /// A variable of this way to sign in alone: one of its plain fields.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        let mut plain = self.typed()?.plain();
        plain.find(|(own, _)| *own == name).map(|(_, variable)| variable)
    }
}

/// How a sign-in works.
#[derive(Debug)]
pub enum AuthKind {
    /// The authorization code grant of RFC 6749 §4.1, or the device authorization grant of RFC 8628.
    OAuth2(Box<OAuth2>),
    /// OAuth 1.0a (RFC 5849).
    OAuth1(Box<OAuth1>),
    /// What the person types in: a key, a user name and password, any fields, or nothing.
    ApiKey(ApiKeyAuth),
}

impl AuthKind {
    /// Whether an operator must register an OAuth app for it.
    pub fn needs_app(&self) -> bool {
        match self {
            Self::OAuth2(oauth2) => !oauth2.registers_clients(),
            Self::OAuth1(_) => true,
            Self::ApiKey(typed) => typed.app().is_some(),
        }
    }

    /// Whether the person signs in at the service, in a window of its own.
    pub fn is_at_the_service(&self) -> bool {
        matches!(self, Self::OAuth2(_) | Self::OAuth1(_))
    }

    /// Whether that app needs a client secret.
    pub fn needs_client_secret(&self) -> bool {
        match self {
            Self::OAuth2(oauth2) => oauth2.needs_client_secret(),
            Self::OAuth1(_) => true,
            Self::ApiKey(typed) => matches!(typed.app(), Some(AppLogin { assertion: None })),
        }
    }

    /// What an app with a private key signs with it, where it needs one.
    pub fn client_assertion(&self) -> Option<&ClientAssertion> {
        match self {
            Self::OAuth2(oauth2) => oauth2.needs_client_key().then_some(&oauth2.assertion),
            Self::OAuth1(_) => None,
            Self::ApiKey(typed) => typed.app()?.assertion.as_ref(),
        }
    }

    /// The name in the YAML and on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OAuth2(oauth2) if oauth2.device.is_some() => "oauth2_device",
            Self::OAuth2(_) => "oauth2",
            Self::OAuth1(_) => "oauth1",
            Self::ApiKey(typed) => typed.kind.name(),
        }
    }
}
