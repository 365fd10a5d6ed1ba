//! How the API is called, and the call that proves a credential.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::template::{JsonTemplate, PathTemplate, Template, UrlTemplate};

/// How the API is called.
#[derive(Debug)]
pub struct Api {
    /// Base address; a caller's path is joined behind it and can never change its host.
    pub base_url: UrlTemplate,
    /// Further hosts that a caller may name; an entry that begins with a dot is a suffix.
    pub hosts: Vec<String>,
    /// Headers put into each call, whatever the sign-in. [`AuthMethod::headers`](super::AuthMethod::headers) has these and
    /// the method's own.
    pub headers: Vec<(EntryName, Template)>,
    /// Query parameters put into each call, whatever the sign-in. [`AuthMethod::query`](super::AuthMethod::query) has these
    /// and the method's own.
    pub query: Vec<(EntryName, Template)>,
}

impl Api {
    /// The origin of a further host, where the definition lists it.
    pub fn origin_of(&self, host: &str) -> Option<url::Url> {
        let origin = format!("https://{host}");
        let listed = crate::template::is_listed_origin(&origin, &self.hosts) && !host.contains(['/', ':', '@']);
        listed.then(|| origin.parse().ok())?
    }
}

/// The name of a header or a query parameter; it may hold inputs.
#[derive(Clone, Debug)]
pub struct EntryName(pub(crate) Template);

impl EntryName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        self.0.source()
    }

    /// The template.
    pub fn template(&self) -> &Template {
        &self.0
    }
}

impl PartialEq<str> for EntryName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl std::fmt::Display for EntryName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A call that proves a credential.
#[derive(Clone, Debug)]
pub struct Check {
    /// `GET`, or `POST` where a service has nothing else.
    pub method: CheckMethod,
    /// A path behind the base address, or a whole address.
    pub target: CheckTarget,
    /// Body of a `POST`.
    pub body: Option<CheckBody>,
    /// Headers of this call, which win over those of API calls.
    pub headers: Vec<(EntryName, Template)>,
    /// The account's stable id, from the answer.
    pub account_id: Option<Template>,
    /// Whether an answer without it is a refusal.
    pub account_required: bool,
    /// The account's name for people.
    pub account_name: Option<Template>,
    /// What an answer that accepts the credential says. The `ok` of a definition is one of these.
    pub expect: BTreeMap<String, Expected>,
}

/// What must stand at a place of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// This text, number or truth value.
    Equal(Value),
    /// Anything but `null`.
    Present,
    /// Nothing, or `null`.
    Absent,
}

impl Expected {
    /// Whether what was found is what is expected.
    pub fn accepts(&self, found: Option<&Value>) -> bool {
        let found = found.filter(|found| !found.is_null());
        match self {
            Self::Equal(value) => found == Some(value),
            Self::Present => found.is_some(),
            Self::Absent => found.is_none(),
        }
    }
}

/// The body of a check.
#[derive(Clone, Debug)]
pub enum CheckBody {
    /// JSON.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
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
#[derive(Clone, Debug)]
pub enum CheckTarget {
    /// Behind `api.base_url`.
    Path(PathTemplate),
    /// A whole address, under the same host rules (`https://…` or `${discovered.userinfo_endpoint}`).
    Url(UrlTemplate),
}
