//! How typed-in values become a token, and what we sign.

use std::collections::BTreeMap;

use super::{CheckMethod, ClientAssertion, Expected, Learned};
use crate::template::{JsonTemplate, Template, UrlTemplate};

/// Requests that turn typed-in values into a token. They are made again when the token ends.
#[derive(Debug)]
pub struct Login {
    /// In order; the answer of the last holds the token. Never empty.
    pub requests: Vec<LoginRequest>,
    /// JSON pointer of the token in the last answer.
    pub access_token: String,
    /// JSON pointer of its lifetime in seconds.
    pub expires_in: String,
    /// JSON pointer of its end: RFC 3339, or seconds or milliseconds since 1970.
    pub expires_at: Option<String>,
    /// Its lifetime in seconds when the answer tells none.
    pub lifetime: Option<u64>,
    /// Values kept from the last answer.
    pub learn: Vec<Learned>,
    /// The client is the operator's app, and nothing is typed in.
    pub app: Option<AppLogin>,
}

/// How the operator's app logs in: with `app.client_secret`, or with `app.client_assertion`.
#[derive(Clone, Copy, Debug)]
pub struct AppLogin {
    /// What is signed in place of a secret.
    pub assertion: Option<ClientAssertion>,
}

impl Login {
    /// Every template that is filled in before the token is there.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let mut all = Vec::new();
        for request in &self.requests {
            all.extend(
                request
                    .headers
                    .iter()
                    .chain(&request.query)
                    .map(|(_, template)| template),
            );
            match &request.body {
                LoginBody::None => {}
                LoginBody::Form(form) => all.extend(form.iter().map(|(_, template)| template)),
                LoginBody::Json(body) => all.extend(body.templates()),
            }
        }
        all
    }
}

/// One of these requests.
#[derive(Debug)]
pub struct LoginRequest {
    /// `GET` or `POST`.
    pub method: CheckMethod,
    /// Where to.
    pub url: UrlTemplate,
    /// Headers, besides `Accept` and the body's type.
    pub headers: Vec<(String, Template)>,
    /// Query parameters.
    pub query: Vec<(String, Template)>,
    /// The body of a `POST`.
    pub body: LoginBody,
    /// What a good answer says, by JSON pointer.
    pub expect: BTreeMap<String, Expected>,
    /// Values for the requests that follow, from `${body.…}`.
    pub keep: Vec<(String, Template)>,
}

/// The body of such a request.
#[derive(Debug)]
pub enum LoginBody {
    /// Nothing.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// `application/json`.
    Json(JsonTemplate),
}

/// A JSON Web Token that we sign: RFC 7519.
#[derive(Debug)]
pub struct Signature {
    /// The algorithm.
    pub algorithm: SignatureAlgorithm,
    /// The key.
    pub key: Template,
    /// How it is written.
    pub key_format: KeyFormat,
    /// Members of the header besides `alg` and `typ`.
    pub header: Vec<(String, Template)>,
    /// Claims besides `iat` and `exp`.
    pub claims: Vec<(String, Template)>,
    /// Seconds from `iat` to `exp`.
    pub lifetime: u64,
}

impl Signature {
    /// Every template in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let named = self.header.iter().chain(&self.claims).map(|(_, template)| template);
        std::iter::once(&self.key).chain(named).collect()
    }
}

/// An algorithm of RFC 7518 §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl SignatureAlgorithm {
    /// Its name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFormat {
    /// A private key in PEM: PKCS #8, or PKCS #1 for RSA.
    Pem,
    /// The text's own bytes.
    Text,
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
}
