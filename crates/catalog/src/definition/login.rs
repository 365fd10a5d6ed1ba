//! Typed-in values for which the service gives a token, and assertions that we sign.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::key::{ApiKey, Field};
use super::{Check, Choose, ClientAssertion, Learn, SetBy, VariableType};

/// What the person types in, and what becomes of it.
#[derive(Debug)]
pub(crate) struct Bought {
    /// What is typed in.
    pub(crate) typed: ApiKey,
    /// Values kept with the connection as variables, from the last answer.
    pub(crate) learn: BTreeMap<String, Learn>,
    /// What becomes of it.
    pub(crate) how: How,
}

/// What becomes of typed-in values.
#[derive(Debug)]
pub(crate) enum How {
    /// Requests give a token for them.
    Login {
        /// Signed for the requests.
        sign: Option<Sign>,
        /// In order.
        requests: Vec<LoginRequest>,
        /// In the last answer.
        token: LoginToken,
    },
    /// The client credentials grant.
    ClientCredentials {
        /// The request.
        token: ClientCredentialsRequest,
        /// Asked for.
        scopes: Vec<String>,
        /// Whose client it is.
        set_by: SetBy,
        /// Whether a label of a field is written.
        is_labelled: bool,
    },
    /// They sign a token for each call.
    Jwt(Sign),
}

impl Bought {
    /// The requests of a log-in.
    pub(crate) fn requests(&self) -> &[LoginRequest] {
        match &self.how {
            How::Login { requests, .. } => requests,
            _ => &[],
        }
    }

    /// What is signed.
    pub(crate) fn sign(&self) -> Option<&Sign> {
        match &self.how {
            How::Login { sign, .. } => sign.as_ref(),
            How::ClientCredentials { .. } => None,
            How::Jwt(sign) => Some(sign),
        }
    }
}

/// Values that the person types in and that the service takes for a token. When the token ends, it is asked for again
/// with the same values.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// Id of this way to sign in; `login` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Service account`.
    pub(crate) title: String,
    /// What to ask for, in order.
    pub(crate) fields: Vec<Field>,
    /// The page where the person finds them, https.
    pub(crate) help_url: Option<String>,
    /// A token that we sign for the requests, which name it `${signed.jwt}`.
    pub(crate) sign: Option<Sign>,
    /// The requests in order; the answer of the last holds the token.
    pub(crate) requests: Vec<LoginRequest>,
    /// Where the token stands in the last answer.
    #[serde(default)]
    pub(crate) token: LoginToken,
    /// Values kept with the connection as variables, from the last answer.
    #[serde(default)]
    pub(crate) learn: BTreeMap<String, Learn>,
    /// Which of several accounts, sites or workspaces the connection is for, where the log-in does not say it.
    pub(crate) choose: Option<Box<Choose>>,
    /// Headers of API calls for this way to sign in, besides those of `api`. They may name `${credential.access_token}`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
    /// The call that proves the token, in place of the definition's `check`.
    pub(crate) check: Option<Box<Check>>,
}

/// A request of a log-in: either `get` or `post`, with at most one of `form` and `json`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The address.
    pub(crate) get: Option<String>,
    /// The address.
    pub(crate) post: Option<String>,
    /// Headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
    /// Body parameters (`application/x-www-form-urlencoded`).
    pub(crate) form: Option<BTreeMap<String, String>>,
    /// JSON body; each text in it is a template.
    pub(crate) json: Option<serde_json::Value>,
    /// JSON pointer of what must be `true` in an answer of status 200, as `/ok`.
    pub(crate) ok: Option<String>,
    /// Values of the answer for the requests that follow, which name them `${kept.NAME}`, as `session: "${body.session}"`.
    #[serde(default)]
    pub(crate) keep: BTreeMap<String, String>,
}

/// Where a token stands in an answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoginToken {
    /// JSON pointer of the token; `/access_token` unless said otherwise.
    pub(crate) access_token: String,
    /// JSON pointer of its lifetime in seconds; `/expires_in` unless said otherwise.
    pub(crate) expires_in: String,
    /// JSON pointer of its end: a date (RFC 3339), or seconds or milliseconds since 1970.
    pub(crate) expires_at: Option<String>,
    /// Its lifetime when the answer tells none: a number and `s`, `m`, `h` or `d`, as `2h`. Without it the end is learnt
    /// from the token's own `exp`, or from a call that is refused.
    pub(crate) lifetime: Option<String>,
}

impl Default for LoginToken {
    fn default() -> Self {
        Self {
            access_token: "/access_token".to_owned(),
            expires_in: "/expires_in".to_owned(),
            expires_at: None,
            lifetime: None,
        }
    }
}

/// The client credentials grant of OAuth 2 (RFC 6749 §4.4).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientCredentials {
    /// Id of this way to sign in; `client_credentials` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Your own app`.
    pub(crate) title: String,
    /// Whose client it is: the one that the person gives (`person`), or the operator's app (`operator`), where nothing is
    /// typed in.
    #[serde(default)]
    pub(crate) set_by: SetBy,
    /// Label of the client id; `Client ID` unless said otherwise.
    pub(crate) client_id_title: Option<String>,
    /// Label of the client secret; `Client secret` unless said otherwise.
    pub(crate) client_secret_title: Option<String>,
    /// The page where the person finds both, https.
    pub(crate) help_url: Option<String>,
    /// The token request.
    pub(crate) token: ClientCredentialsRequest,
    /// Asked for, with a space between them.
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    /// Values kept with the connection as variables, from the token answer.
    #[serde(default)]
    pub(crate) learn: BTreeMap<String, Learn>,
    /// Which of several accounts, sites or workspaces the connection is for, where the client does not say it.
    pub(crate) choose: Option<Box<Choose>>,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
    /// The call that proves the client, in place of the definition's `check`.
    pub(crate) check: Option<Box<Check>>,
}

/// The token request of the client credentials grant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientCredentialsRequest {
    /// The token endpoint.
    pub(crate) url: String,
    /// How the client authenticates there: `basic`, `body`, or for the operator's app also `private_key_jwt`.
    #[serde(default)]
    pub(crate) client_auth: SecretClientAuth,
    /// What `client_auth: private_key_jwt` sends, where it is not the usual.
    pub(crate) assertion: Option<ClientAssertion>,
    /// Extra body parameters, as `audience`.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
    /// JSON pointer of what must be `true` in an answer of status 200, as `/ok`.
    pub(crate) ok: Option<String>,
    /// Lifetime of a token when the answer has no `expires_in`, as `2h`.
    pub(crate) lifetime: Option<String>,
}

/// How a client with a secret authenticates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretClientAuth {
    /// HTTP Basic, with id and secret form-encoded (RFC 6749 §2.3.1).
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// An assertion that is signed with the private key of the operator's app (RFC 7523 §2.2).
    PrivateKeyJwt,
}

/// A token that we sign anew for each call, which names it `${signed.jwt}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jwt {
    /// Id of this way to sign in; `jwt` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Admin API key`.
    pub(crate) title: String,
    /// What to ask for, in order.
    pub(crate) fields: Vec<Field>,
    /// The page where the person finds them, https.
    pub(crate) help_url: Option<String>,
    /// What is signed, and with what.
    pub(crate) sign: Sign,
    /// Which of several accounts, sites or workspaces the connection is for, where the secrets do not say it.
    pub(crate) choose: Option<Box<Choose>>,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
    /// The call that proves the key, in place of the definition's `check`.
    pub(crate) check: Option<Box<Check>>,
}

/// A JSON Web Token that we sign (RFC 7519, RFC 7515). `iat` and `exp` are put in by us.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    /// The algorithm (RFC 7518 §3.1).
    pub(crate) algorithm: SignatureAlgorithm,
    /// The key, as `${credential.private_key}`.
    pub(crate) key: String,
    /// How the key is written; `pem` for `RS256` and `ES256`, `text` for `HS256`, unless said otherwise.
    pub(crate) key_format: Option<KeyFormat>,
    /// More members of the header, as `kid`.
    #[serde(default)]
    pub(crate) header: BTreeMap<String, String>,
    /// Claims, as `iss` and `aud`.
    pub(crate) claims: BTreeMap<String, String>,
    /// From `iat` to `exp`: a number and `s`, `m` or `h`; at most a day.
    pub(crate) lifetime: String,
}

/// An algorithm of RFC 7518 §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum SignatureAlgorithm {
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyFormat {
    /// A private key in PEM: PKCS #8, or PKCS #1 for RSA.
    Pem,
    /// The text's own bytes.
    Text,
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
}

impl From<Login> for Bought {
    fn from(login: Login) -> Self {
        Self {
            typed: ApiKey {
                id: login.id,
                title: login.title,
                fields: login.fields,
                help_url: login.help_url,
                choose: login.choose,
                headers: login.headers,
                query: login.query,
                oauth1: None,
                check: login.check,
            },
            learn: login.learn,
            how: How::Login {
                sign: login.sign,
                requests: login.requests,
                token: login.token,
            },
        }
    }
}

impl From<ClientCredentials> for Bought {
    fn from(own: ClientCredentials) -> Self {
        let set_by = own.set_by;
        let is_labelled = own.client_id_title.is_some() || own.client_secret_title.is_some() || own.help_url.is_some();
        let field = |name: &str, title: Option<String>, otherwise: &str| Field {
            name: name.to_owned(),
            title: title.unwrap_or_else(|| otherwise.to_owned()),
            help: None,
            secret: true,
            optional: false,
            kind: VariableType::Text,
            pattern: None,
            choices: None,
            other: None,
            default: None,
            placeholder: None,
        };
        Self {
            typed: ApiKey {
                id: own.id,
                title: own.title,
                fields: match set_by {
                    SetBy::Person => vec![
                        field("client_id", own.client_id_title, "Client ID"),
                        field("client_secret", own.client_secret_title, "Client secret"),
                    ],
                    SetBy::Operator => Vec::new(),
                },
                help_url: own.help_url,
                choose: own.choose,
                headers: own.headers,
                query: own.query,
                oauth1: None,
                check: own.check,
            },
            learn: own.learn,
            how: How::ClientCredentials {
                token: own.token,
                scopes: own.scopes,
                set_by,
                is_labelled,
            },
        }
    }
}

impl From<Jwt> for Bought {
    fn from(jwt: Jwt) -> Self {
        Self {
            typed: ApiKey {
                id: jwt.id,
                title: jwt.title,
                fields: jwt.fields,
                help_url: jwt.help_url,
                choose: jwt.choose,
                headers: jwt.headers,
                query: jwt.query,
                oauth1: None,
                check: jwt.check,
            },
            learn: BTreeMap::new(),
            how: How::Jwt(jwt.sign),
        }
    }
}

/// Reads one of the three as what it stands for.
pub(super) fn as_bought<'de, D, T>(deserializer: D) -> Result<Box<Bought>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Into<Bought>,
{
    T::deserialize(deserializer).map(Into::into).map(Box::new)
}
