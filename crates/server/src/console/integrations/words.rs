//! Integrations in plain words.

use broker::{App, Counted, Missing, Shelved, Standing};
use catalog::{AuthKind, AuthMethod, Integration};
use chrono::{DateTime, Utc};
use store::{AppAttention, FoundBy};

use crate::assets::Assets;
use crate::console::home::grouped;
use crate::console::operator::Here;
use crate::console::pages::{StateWords, When};

/// Whether an integration is on, in words.
pub(super) const fn standing(standing: Standing) -> StateWords {
    let (icon, tone, word, sentence) = match standing {
        Standing::On => ("check", "good", "On", "People can connect it here."),
        Standing::Lacking => (
            "circle-alert",
            "attention",
            "Needs an app",
            "It is switched on, and nobody sees it until it has what it lacks.",
        ),
        Standing::Off => ("ban", "neutral", "Off", "It is switched off here: nobody sees it."),
    };
    StateWords {
        icon,
        tone,
        word,
        sentence,
    }
}

/// A count, as `12,345`, or `10,000+` where there are more.
pub(super) fn counted(counted: Counted) -> String {
    let number = grouped(counted.number);
    if counted.is_more { format!("{number}+") } else { number }
}

/// An app that a check found wrong, or that its service refused.
pub(super) const NEEDS_ATTENTION: StateWords = StateWords {
    icon: "triangle-alert",
    tone: "bad",
    word: "App needs attention",
    sentence: "",
};

/// Why an app needs attention.
#[derive(Debug)]
pub(super) struct Attention {
    pub(super) state: StateWords,
    pub(super) message: String,
    pub(super) mend: Option<String>,
    /// What found it, as the end of "Found …".
    pub(super) found: &'static str,
    pub(super) at: When,
    /// Whether the client was given anew since: what was found may be mended.
    pub(super) is_answered: bool,
}

impl Attention {
    fn new(attention: &AppAttention, app: Option<&App>, now: DateTime<Utc>) -> Self {
        let given = app.and_then(|app| app.secret_given_at.max(app.key_given_at));
        Self {
            is_answered: given.is_some_and(|given| given > attention.noted_at),
            state: NEEDS_ATTENTION,
            message: attention.message.clone(),
            mend: attention.mend.clone(),
            found: match attention.found_by {
                FoundBy::Check => "by a check",
                FoundBy::Connect => "when somebody connected",
                FoundBy::Refresh => "by a refresh",
            },
            at: When::new(attention.noted_at, now),
        }
    }
}

/// What an app lacks, as the end of "It lacks …".
pub(super) fn missing(integration: &Integration, missing: &Missing) -> String {
    match missing {
        Missing::ClientId => "a client id".to_owned(),
        Missing::ClientSecret => "a client secret".to_owned(),
        Missing::ClientKey => "a private key".to_owned(),
        Missing::Variable(name) => integration
            .variables
            .get(name)
            .map_or_else(|| name.clone(), |variable| variable.title.clone()),
    }
}

/// Kinds of sign-in: the name in addresses, and in words.
pub(super) const KINDS: [(&str, &str); 10] = [
    ("oauth2", "OAuth 2"),
    ("oauth2_device", "Code on another device"),
    ("oauth1", "OAuth 1"),
    ("api_key", "API key"),
    ("basic", "User name and password"),
    ("form", "Form"),
    ("none", "Nothing to enter"),
    ("login", "Login"),
    ("oauth2_client_credentials", "Client credentials"),
    ("jwt", "Signed token"),
];

fn kind(name: &str) -> &str {
    let known = KINDS.iter().find(|(known, _)| *known == name);
    known.map_or(name, |(_, word)| word)
}

/// How people sign in, each way once.
pub(super) fn kinds(integration: &Integration) -> String {
    let mut words: Vec<&str> = Vec::new();
    for method in &integration.auth {
        let word = kind(method.kind.name());
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// A category as people write it: `crm` stays short, `project-management` becomes two words.
pub(super) fn category(id: &str) -> String {
    if matches!(id, "crm" | "hr" | "ai" | "erp" | "seo" | "cms" | "api" | "iot") {
        return id.to_uppercase();
    }
    let text = id.replace(['-', '_'], " ");
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The provider's page where an app is registered.
pub(super) fn setup(method: &AuthMethod) -> Option<&url::Url> {
    match &method.kind {
        AuthKind::OAuth2(oauth2) => oauth2.setup.as_ref(),
        AuthKind::OAuth1(oauth1) => oauth1.setup.as_ref(),
        AuthKind::ApiKey(_) => None,
    }
}

/// What stands at the head of everything about an integration.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) href: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) logo: Option<String>,
    pub(super) letter: String,
    pub(super) state: StateWords,
    pub(super) is_on: bool,
    pub(super) attention: Option<Attention>,
}

impl Head {
    pub(super) fn new(here: &Here, assets: &Assets, shelved: &Shelved, now: DateTime<Utc>) -> Self {
        let integration = &shelved.integration;
        let id = integration.id.as_str();
        Self {
            href: here.at(&format!("integrations/{id}")),
            id: id.to_owned(),
            name: integration.name.clone(),
            description: integration.description.clone(),
            logo: integration.logo.as_deref().and_then(|name| assets.logo(name)),
            letter: integration.name.chars().next().map(String::from).unwrap_or_default(),
            state: match shelved.standing {
                Standing::On if shelved.attention.is_some() => StateWords {
                    sentence: "It is switched on. People may not be able to connect it until its app is mended.",
                    ..standing(Standing::On)
                },
                other => standing(other),
            },
            is_on: shelved.standing != Standing::Off,
            attention: shelved
                .attention
                .as_ref()
                .map(|one| Attention::new(one, shelved.app.as_ref(), now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_words() {
        assert_eq!(category("crm"), "CRM");
        assert_eq!(category("project-management"), "Project management");
        assert_eq!(category(""), "");
    }

    #[test]
    fn every_kind_has_words() {
        assert_eq!(kind("oauth2_device"), "Code on another device");
        assert_eq!(kind("of_tomorrow"), "of_tomorrow");
        assert_eq!(KINDS.map(|(name, _)| name), broker::KINDS);
    }
}
