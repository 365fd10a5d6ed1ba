//! The YAML format as it is written. The JSON Schema for editors is made from these types, so each comment here is also
//! what an editor shows.

mod action;
mod api;
mod key;
mod learn;
mod login;
mod mcp;
mod oauth1;
mod oauth2;
mod source;
mod variable;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::action::{Action, ActionIo, ActionMethod};
pub(crate) use self::api::{Api, Check};
pub(crate) use self::key::{ApiKey, Field};
pub(crate) use self::learn::{Choose, Learn, LearnType, LearningCall};
pub(crate) use self::login::{
    Bought, ClientCredentialsRequest, How, KeyFormat, LoginRequest, SecretClientAuth, Sign, SignatureAlgorithm,
};
pub(crate) use self::mcp::Mcp;
pub(crate) use self::oauth1::{
    OAuth1, OAuth1CallPlace, OAuth1Calls, OAuth1Method, OAuth1Place, OAuth1Request, OAuth1RequestMethod,
};
pub(crate) use self::oauth2::{
    Answer, AssertionAudience, Callback, ClientAssertion, ClientAuth, DeviceAuthorization, ExpiresUnit, KeyAlgorithm,
    OAuth2, Omitted, Param, Pkce, Pushed, RefreshErrors, RefreshWith, Revoke, RevokeAuth, RevokeBody, RevokeEnds,
    RevokeMethod, RevokedToken, Scopes, Then, Token, TokenBody, TokenMethod, TokenNames,
};
pub(crate) use self::source::{Confidence, Source};
pub(crate) use self::variable::{Choice, OtherValue, SetBy, Variable, VariableType};

/// An integration of Latchkey: a service, how one signs in to it and how its API is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Latchkey integration")]
pub(crate) struct Definition {
    /// Unique id: lower-case letters, digits and hyphens, as `google-calendar`.
    pub(crate) id: String,
    /// The family that this definition is laid over, as `google` for `families/google.yaml`. Mappings are merged key by key,
    /// lists and texts replace those of the family, and `null` takes a key away; entries of `auth` are merged by `id` or
    /// `kind`, those of `actions` by `id`, those of `sources` by `url`.
    #[expect(dead_code, reason = "resolved before this is read; here for the schema")]
    pub(crate) extends: Option<String>,
    /// Takes the place of the built-in definition with this id. In a folder of your own only.
    #[serde(default)]
    pub(crate) overrides: bool,
    /// The name that people know.
    pub(crate) name: String,
    /// One sentence on what the service is.
    pub(crate) description: String,
    /// Where it stands in lists, as `crm`.
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    /// Other names that people search for.
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    /// The provider's API documents, https.
    pub(crate) docs: String,
    /// Name of the logo file, without its ending.
    pub(crate) logo: Option<String>,
    /// The provider's documents that this definition was written from. At least one.
    pub(crate) sources: Vec<Source>,
    /// Keys of this definition whose facts stand in none of the provider's documents that were read, as `check` or
    /// `auth.pkce`. They come from use and may be wrong.
    #[serde(default)]
    pub(crate) unconfirmed: Vec<String>,
    /// How far the definition was proved.
    #[serde(default)]
    pub(crate) confidence: Confidence,
    /// Environments in which it exists. Both, unless said otherwise.
    #[serde(default = "both_environments")]
    pub(crate) environments: Vec<Environment>,
    /// Non-secret values of a connection or of the operator's app, by name.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    /// The ways to sign in. The first is the default.
    pub(crate) auth: Vec<Auth>,
    /// How the API is called.
    pub(crate) api: Api,
    /// A call that proves a credential and names the account.
    pub(crate) check: Option<Check>,
    /// Why there is no `check`, where people paste a key: nothing else would tell a wrong one.
    pub(crate) check_off_reason: Option<String>,
    /// Calls of the API that are worth knowing, for agents and for whoever looks one up. Every other call works too.
    #[serde(default)]
    pub(crate) actions: Vec<Action>,
}

fn both_environments() -> Vec<Environment> {
    vec![Environment::Test, Environment::Live]
}

/// An environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Environment {
    /// For development.
    Test,
    /// For real.
    Live,
}

/// A way to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
pub(crate) enum Auth {
    /// The authorization code grant of OAuth 2 (RFC 6749 §4.1).
    #[serde(rename = "oauth2")]
    OAuth2(Box<OAuth2>),
    /// The device authorization grant of OAuth 2 (RFC 8628).
    #[serde(rename = "oauth2_device", deserialize_with = "oauth2::as_oauth2")]
    Device(#[schemars(with = "oauth2::ByCode")] Box<OAuth2>),
    /// OAuth 1.0a (RFC 5849), whose calls are signed.
    #[serde(rename = "oauth1")]
    OAuth1(Box<OAuth1>),
    /// One or several keys that the person pastes.
    #[serde(rename = "api_key")]
    ApiKey(ApiKey),
    /// A user name and a password.
    #[serde(rename = "basic", deserialize_with = "key::as_fields::<_, key::Basic>")]
    Basic(#[schemars(with = "key::Basic")] ApiKey),
    /// Any fields.
    #[serde(rename = "form")]
    Form(ApiKey),
    /// Nothing is asked for.
    #[serde(rename = "none", deserialize_with = "key::as_fields::<_, key::Nothing>")]
    Nothing(#[schemars(with = "key::Nothing")] ApiKey),
    /// Typed-in values for which the service gives a token: a log-in, a service account.
    #[serde(rename = "login", deserialize_with = "login::as_bought::<_, login::Login>")]
    Login(#[schemars(with = "login::Login")] Box<Bought>),
    /// The client credentials grant of OAuth 2 (RFC 6749 §4.4), with a client of the person's own or that of the operator.
    #[serde(
        rename = "oauth2_client_credentials",
        deserialize_with = "login::as_bought::<_, login::ClientCredentials>"
    )]
    ClientCredentials(#[schemars(with = "login::ClientCredentials")] Box<Bought>),
    /// A token that we sign anew for each call, with a key that the person gives.
    #[serde(rename = "jwt", deserialize_with = "login::as_bought::<_, login::Jwt>")]
    Jwt(#[schemars(with = "login::Jwt")] Box<Bought>),
    /// A remote server of the Model Context Protocol.
    #[serde(rename = "mcp")]
    Mcp(Mcp),
}

impl Auth {
    /// What the person types in, where that is the sign-in.
    pub(crate) fn typed(&self) -> Option<&ApiKey> {
        match self {
            Self::OAuth2(_) | Self::Device(_) | Self::OAuth1(_) | Self::Mcp(_) => None,
            Self::Login(bought) | Self::ClientCredentials(bought) | Self::Jwt(bought) => Some(&bought.typed),
            Self::ApiKey(typed) | Self::Basic(typed) | Self::Form(typed) | Self::Nothing(typed) => Some(typed),
        }
    }

    /// What becomes of that, where it is not sent as it is.
    pub(crate) fn bought(&self) -> Option<&Bought> {
        match self {
            Self::Login(bought) | Self::ClientCredentials(bought) | Self::Jwt(bought) => Some(bought),
            _ => None,
        }
    }

    /// The fields of the form.
    pub(crate) fn fields(&self) -> &[Field] {
        self.typed().map_or(&[], |typed| &typed.fields)
    }
}
