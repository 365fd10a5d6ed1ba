//! The languages of the modal and of the pages around a sign-in. The texts lie in `locales/{tag}/connect.ftl` as Fluent
//! messages and are embedded; English is the source, and what a language lacks is said in English.
//!
//! Pages that the server writes take their texts from a [`Texts`]. Scripts get theirs as one small script for each
//! language ([`script`]). Which language it is decides [`choice`].

pub(crate) mod choice;
pub(crate) mod script;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

/// A language that there are texts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// The source of all others.
    #[default]
    English,
    German,
    French,
    Spanish,
    BrazilianPortuguese,
    Italian,
    Dutch,
    Japanese,
    SimplifiedChinese,
    Korean,
    Arabic,
}

impl Language {
    pub(crate) const ALL: [Self; 11] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::BrazilianPortuguese,
        Self::Italian,
        Self::Dutch,
        Self::Japanese,
        Self::SimplifiedChinese,
        Self::Korean,
        Self::Arabic,
    ];

    /// Its BCP 47 tag, as in `lang` and in the name of its folder; and its messages.
    const fn facts(self) -> (&'static str, &'static str) {
        match self {
            Self::English => ("en", include_str!("../../../locales/en/connect.ftl")),
            Self::German => ("de", include_str!("../../../locales/de/connect.ftl")),
            Self::French => ("fr", include_str!("../../../locales/fr/connect.ftl")),
            Self::Spanish => ("es", include_str!("../../../locales/es/connect.ftl")),
            Self::BrazilianPortuguese => ("pt-BR", include_str!("../../../locales/pt-BR/connect.ftl")),
            Self::Italian => ("it", include_str!("../../../locales/it/connect.ftl")),
            Self::Dutch => ("nl", include_str!("../../../locales/nl/connect.ftl")),
            Self::Japanese => ("ja", include_str!("../../../locales/ja/connect.ftl")),
            Self::SimplifiedChinese => ("zh-Hans", include_str!("../../../locales/zh-Hans/connect.ftl")),
            Self::Korean => ("ko", include_str!("../../../locales/ko/connect.ftl")),
            Self::Arabic => ("ar", include_str!("../../../locales/ar/connect.ftl")),
        }
    }

    /// Its BCP 47 tag.
    pub(crate) const fn tag(self) -> &'static str {
        self.facts().0
    }

    /// Its messages, as Fluent writes them.
    pub(crate) const fn source(self) -> &'static str {
        self.facts().1
    }

    /// The value of `dir`.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::Arabic => "rtl",
            _ => "ltr",
        }
    }

    fn bundle(self) -> &'static Bundle {
        static BUNDLES: LazyLock<Vec<Bundle>> = LazyLock::new(|| Language::ALL.into_iter().map(bundle).collect());
        &BUNDLES[self as usize]
    }
}

type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> Bundle {
    let locale = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // Values are isolated where it matters, by `isolated`: invisible characters in every text would be copied along.
    bundle.set_use_isolating(false);
    // A file with a mistake still gives its other messages; a test refuses the mistake.
    let resource = FluentResource::try_new(language.source().to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// The texts of one page, in its language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    language: Language,
    chosen_by_host: bool,
}

impl Texts {
    /// The language of `lang`.
    pub(crate) fn language(self) -> &'static str {
        self.language.tag()
    }

    /// The direction of `dir`.
    pub(crate) fn direction(self) -> &'static str {
        self.language.direction()
    }

    /// The name of the script with the modal's texts, among the assets.
    pub(crate) fn modal_script(self) -> String {
        script::name(self.language, script::For::Modal)
    }

    /// The name of the script with the texts of a link's page, among the assets.
    pub(crate) fn link_script(self) -> String {
        script::name(self.language, script::For::Link)
    }

    /// The name of the script with the texts of one's own connections, beside those of the modal.
    pub(crate) fn later_script(self) -> String {
        script::name(self.language, script::For::Later)
    }

    /// The name of the script with the texts of a sign-in's pages, among the assets.
    pub(crate) fn pages_script(self) -> String {
        script::name(self.language, script::For::Pages)
    }

    /// Whether the embedding page chose: then the pages of a sign-in have to be told, as nothing else tells them.
    pub(crate) fn chosen_by_host(self) -> bool {
        self.chosen_by_host
    }

    /// A text without variables.
    pub(crate) fn get(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with its variables. Values come from outside: they are put in as they are and isolated, never translated.
    pub(crate) fn with(self, key: &str, values: &[(&str, &str)]) -> String {
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            arguments.set(*name, isolated(value, self.language));
        }
        let said = said(self.language, key, &arguments).or_else(|| said(Language::English, key, &arguments));
        said.unwrap_or_else(|| {
            tracing::error!(key, "a text is missing in every language");
            key.to_owned()
        })
    }

    /// Why a service was not connected, by the short name of the reason. `None` where the server's own sentence, which is
    /// English and says more, is the better one.
    pub(crate) fn problem(self, reason: &str, service: &str) -> Option<String> {
        let key = format!("problem-{}", reason.replace('_', "-"));
        let known = self.language != Language::English && self.language.bundle().has_message(&key);
        known.then(|| self.with(&key, &[("service", service)]))
    }
}

fn said(language: Language, key: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let bundle = language.bundle();
    let pattern = bundle.get_message(key)?.value()?;
    let mut mistakes = Vec::new();
    let text = bundle.format_pattern(pattern, Some(arguments), &mut mistakes);
    mistakes.is_empty().then(|| text.into_owned())
}

/// A value that runs the other way than the sentence must not turn the words around it.
fn isolated(value: &str, language: Language) -> String {
    let turns =
        |letter: char| matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    if language.direction() == "rtl" || value.chars().any(turns) {
        format!("\u{2068}{value}\u{2069}")
    } else {
        value.to_owned()
    }
}
