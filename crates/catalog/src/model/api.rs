//! How the API is called, and the call that proves a credential.

use crate::template::{Template, UrlTemplate};

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
