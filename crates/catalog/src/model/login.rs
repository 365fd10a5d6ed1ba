//! How typed-in values become a token, and what we sign.

use super::{CheckMethod, Learned};
use crate::template::{Template, UrlTemplate};

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
                LoginBody::Json(body) => body.collect(&mut all),
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
    /// A JSON pointer that must be `true` in the answer.
    pub ok_pointer: Option<String>,
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

/// JSON with templates in place of its texts.
#[derive(Debug)]
pub enum JsonTemplate {
    /// `null`, `true`, `false` or a number.
    Plain(serde_json::Value),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object.
    Object(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    fn collect<'a>(&'a self, all: &mut Vec<&'a Template>) {
        match self {
            Self::Plain(_) => {}
            Self::Text(template) => all.push(template),
            Self::List(items) => items.iter().for_each(|item| item.collect(all)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.collect(all)),
        }
    }
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
