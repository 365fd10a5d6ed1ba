//! OAuth 1.0a (RFC 5849).

use url::Url;

use super::Learned;
use crate::template::{Template, UrlTemplate};

/// A sign-in with OAuth 1.0a.
#[derive(Debug)]
pub struct OAuth1 {
    /// Gives temporary credentials (RFC 5849 §2.1).
    pub request_token: OAuth1Request,
    /// Where the person allows it (RFC 5849 §2.2).
    pub authorize: UrlTemplate,
    /// Extra query parameters of that address.
    pub authorize_params: Vec<(String, Template)>,
    /// Gives token credentials (RFC 5849 §2.3).
    pub access_token: OAuth1Request,
    /// How requests and calls are signed.
    pub signing: OAuth1Signing,
    /// Lifetime of a token in seconds; without one tokens do not end by themselves.
    pub lifetime: Option<u64>,
    /// Values kept from the answer with the token and from the callback.
    pub learn: Vec<Learned>,
    /// The page where an operator registers an app.
    pub setup: Option<Url>,
}

/// A signed request for credentials.
#[derive(Debug)]
pub struct OAuth1Request {
    /// Where to.
    pub url: UrlTemplate,
    /// Whether it is a GET: all parameters are in the query then, and in the body otherwise.
    pub is_get: bool,
    /// Where the protocol's parameters stand.
    pub place: OAuth1Place,
    /// Extra parameters.
    pub params: Vec<(String, Template)>,
}

/// How calls are signed.
#[derive(Debug)]
pub struct OAuth1Signing {
    /// The signature method.
    pub method: OAuth1Method,
    /// The realm in the header.
    pub realm: Option<Template>,
    /// Where the protocol's parameters of calls stand: [`OAuth1Place::Header`] or [`OAuth1Place::Query`].
    pub place: OAuth1Place,
}

/// Calls that are signed with typed-in values.
#[derive(Debug)]
pub struct OAuth1Calls {
    /// How.
    pub signing: OAuth1Signing,
    /// `oauth_consumer_key`.
    pub consumer_key: Template,
    /// The client's secret.
    pub consumer_secret: Template,
    /// `oauth_token` and its secret, where there is one.
    pub token: Option<(Template, Template)>,
}

impl OAuth1Calls {
    /// Every template in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let mut all = vec![&self.consumer_key, &self.consumer_secret];
        all.extend(self.token.iter().flat_map(|(token, secret)| [token, secret]));
        all.extend(&self.signing.realm);
        all
    }
}

/// A signature method (RFC 5849 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuth1Method {
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// The secrets themselves, over https only.
    Plaintext,
}

impl OAuth1Method {
    /// The name in `oauth_signature_method`.
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::Plaintext => "PLAINTEXT",
        }
    }
}

/// Where the protocol's parameters stand (RFC 5849 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuth1Place {
    /// In the `Authorization` header.
    Header,
    /// In the query.
    Query,
    /// In a form.
    Body,
}
