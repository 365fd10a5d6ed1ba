//! Scopes as a service wants them, and as its answers spell them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use super::Client;

/// What a value in a query cannot have as it is: all but the marks of RFC 3986 §3.4 that mean nothing there.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'?');

impl<'a> Client<'a> {
    /// The parameters with scopes, encoded for the query. One without scopes is left out.
    pub(super) fn scope_parameters(&self) -> Vec<(&str, String)> {
        let asked = self.asked_scopes().into_iter();
        asked
            .map(|(parameter, scopes)| (parameter, self.joined(&scopes)))
            .collect()
    }

    /// The same for a body, as they are.
    pub(super) fn scope_texts(&self) -> Vec<(&'a str, String)> {
        let separator = &self.method.scopes.separator;
        let asked = self.asked_scopes().into_iter();
        asked
            .map(|(parameter, scopes)| (parameter, scopes.join(separator)))
            .collect()
    }

    fn asked_scopes(&self) -> Vec<(&'a str, Vec<&'a str>)> {
        let scopes = &self.method.scopes;
        let mut wanted: Vec<&str> = self
            .scopes
            .unwrap_or(&scopes.default)
            .iter()
            .chain(&scopes.required)
            .map(String::as_str)
            .collect();
        let mut seen = std::collections::HashSet::new();
        wanted.retain(|scope| seen.insert(*scope));
        let is_optional = |scope: &&str| {
            let mut optional = scopes.optional.iter().flat_map(|(_, scopes)| scopes);
            optional.any(|other| other == scope)
        };
        let (optional, always): (Vec<&str>, Vec<&str>) = wanted.into_iter().partition(is_optional);
        let second = scopes.optional.as_ref().map(|(parameter, _)| (parameter, optional));
        [(&scopes.parameter, always)]
            .into_iter()
            .chain(second)
            .filter(|(_, scopes)| !scopes.is_empty())
            .map(|(parameter, scopes)| (parameter.as_str(), scopes))
            .collect()
    }

    fn joined(&self, scopes: &[&str]) -> String {
        let separator = &self.method.scopes.separator;
        if !self.method.scopes.unescaped {
            return form_urlencoded::byte_serialize(scopes.join(separator).as_bytes()).collect();
        }
        let scopes: Vec<String> = scopes
            .iter()
            .map(|scope| utf8_percent_encode(scope, ESCAPED).to_string())
            .collect();
        scopes.join(&separator.replace(' ', "%20"))
    }

    /// The scopes of an answer, spelt as they are asked for.
    pub(super) fn spelt(&self, answered: Vec<String>) -> Vec<String> {
        let scopes = &self.method.scopes;
        let same = |left: &str, right: &str| {
            if scopes.ignore_case {
                left.eq_ignore_ascii_case(right)
            } else {
                left == right
            }
        };
        let known: Vec<&String> = self
            .scopes
            .unwrap_or_default()
            .iter()
            .chain(&scopes.default)
            .chain(&scopes.required)
            .chain(scopes.known.keys())
            .collect();
        let spell = |scope: String| {
            let prefix = scopes.answer_prefix.as_deref().filter(|prefix| {
                let start = scope.get(..prefix.len());
                start.is_some_and(|start| same(start, prefix)) && scope.len() > prefix.len()
            });
            // One that is asked for with its prefix stays as it is.
            if let Some(known) = known.iter().find(|known| same(known, &scope)) {
                return (*known).clone();
            }
            let bare = prefix.map_or(scope.as_str(), |prefix| &scope[prefix.len()..]);
            known
                .iter()
                .find(|known| same(known, bare))
                .map_or_else(|| bare.to_owned(), |known| (*known).clone())
        };
        answered.into_iter().map(spell).collect()
    }
}
