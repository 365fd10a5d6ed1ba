//! What a form sent.

use actix_web::{HttpRequest, web};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::Site;
use crate::guard;
use crate::problems::Problem;

/// The fields of a form. A field that was not sent is empty; of one that was sent twice, the first counts.
#[derive(Default)]
pub(super) struct Sent(Vec<(String, Zeroizing<String>)>);

impl Sent {
    /// Reads the body.
    pub(super) async fn read(site: &Site, request: &HttpRequest, payload: web::Payload) -> Result<Self, Problem> {
        let pairs = guard::form(site, request, payload).await?;
        let wiped = pairs.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
        Ok(Self(wiped.collect()))
    }

    /// A field.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A field without what stands around it.
    pub(super) fn trimmed(&self, name: &str) -> &str {
        self.text(name).trim()
    }

    /// The same, where something was sent.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.trimmed(name)).filter(|value| !value.is_empty())
    }

    /// Every value of a field that can come several times, where something was sent.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(other, _)| other == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field that nobody repeats.
    pub(super) fn secret(&self, name: &str) -> SecretString {
        SecretString::from(self.text(name))
    }
}
