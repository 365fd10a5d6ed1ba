//! What developers need: keys, webhooks, the log of requests, and what to embed.

mod curl;
mod delivery;
mod embed;
mod endpoint;
mod events;
mod key;
mod keys;
pub(super) mod lines;
pub(super) mod recent;
mod requests;
mod secrets;
mod webhooks;
mod wire;

use actix_web::web::{self, ServiceConfig};

use super::sent::Sent;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .configure(embed::routes)
        .configure(keys::routes)
        .configure(key::routes)
        .configure(webhooks::routes)
        .configure(endpoint::routes)
        .configure(delivery::routes)
        .configure(requests::routes);
}

/// The place in an address.
type Place = web::Path<(String, String)>;
/// A place, and the id of a thing there.
type Thing = web::Path<(String, String, String)>;

/// A state as icon and word.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) icon: &'static str,
    pub(super) tone: &'static str,
    pub(super) word: String,
}

impl Mark {
    fn good(word: &str) -> Self {
        Self::new("check", "good", word)
    }

    fn attention(word: &str) -> Self {
        Self::new("circle-alert", "attention", word)
    }

    fn bad(word: &str) -> Self {
        Self::new("x", "bad", word)
    }

    fn off(word: &str) -> Self {
        Self::new("ban", "neutral", word)
    }

    fn waits(word: &str) -> Self {
        Self::new("clock", "neutral", word)
    }

    fn new(icon: &'static str, tone: &'static str, word: &str) -> Self {
        Self {
            icon,
            tone,
            word: word.to_owned(),
        }
    }
}

/// Why a form was refused: the message, and the field that it stands at.
#[derive(Debug)]
struct Refusal {
    field: &'static str,
    message: String,
}

impl Refusal {
    /// What is said at a field.
    fn at(this: Option<&Self>, field: &str) -> Option<String> {
        this.filter(|refusal| refusal.field == field)
            .map(|refusal| refusal.message.clone())
    }
}
