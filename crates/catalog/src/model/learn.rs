//! Values that a connection keeps, from an answer or from a choice.

use super::{CheckBody, CheckMethod, CheckTarget, EntryName};
use crate::template::Template;

/// A call that lists accounts, sites or workspaces.
#[derive(Debug)]
pub struct Choose {
    /// `GET`, or `POST` where a service has nothing else.
    pub method: CheckMethod,
    /// A path behind the base address, or a whole address.
    pub target: CheckTarget,
    /// Body of a `POST`.
    pub body: Option<CheckBody>,
    /// A JSON pointer that must be `true` in the answer.
    pub ok_pointer: Option<String>,
    /// Headers of the call: those of [`AuthMethod::headers`] that need no choice.
    pub headers: Vec<(EntryName, Template)>,
    /// Query parameters of the call: those of [`AuthMethod::query`] that need no choice.
    pub query: Vec<(EntryName, Template)>,
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

/// A call after the sign-in, whose answer says what a connection keeps.
#[derive(Debug)]
pub struct LearningCall {
    /// `GET`, or `POST` where a service has nothing else.
    pub method: CheckMethod,
    /// A path behind the base address, or a whole address.
    pub target: CheckTarget,
    /// Body of a `POST`.
    pub body: Option<CheckBody>,
    /// A JSON pointer that must be `true` in the answer.
    pub ok_pointer: Option<String>,
    /// Headers of the call: its own, and those of [`AuthMethod::headers`](super::AuthMethod::headers) that need nothing
    /// which is learnt later.
    pub headers: Vec<(EntryName, Template)>,
    /// Query parameters of the call: those of [`AuthMethod::query`](super::AuthMethod::query) that need nothing which is
    /// learnt later.
    pub query: Vec<(EntryName, Template)>,
    /// Values of the answer that a connection keeps. Never empty.
    pub learn: Vec<Learned>,
}

/// A value kept with the connection as a variable of this name.
#[derive(Debug)]
pub struct Learned {
    /// The variable's name.
    pub name: String,
    /// Where it comes from: `${token.…}` or `${query.…}`, of a call `${body.…}`, of a choice `${item.…}`.
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
