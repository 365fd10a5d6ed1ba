//! The form of the branding page: what was typed, what is wrong with it, and which colours are shown otherwise.

use std::collections::BTreeMap;

use broker::{Adjusted, BrandingRequest, BrandingView, LANGUAGES};
use serde_json::{Map, Value, json};

use super::revision_of;
use crate::problems::{Kind, Problem};

/// Texts of a language: name, label, and characters at most.
const TEXTS: [(&str, &str, u16); 4] = [
    ("title", "Heading of the list", 60),
    ("lead", "Line under it", 160),
    ("explain", "Text before a service is connected", 300),
    ("success", "Text when it is connected", 160),
];

/// The four colours: name, label, and ours.
const COLOURS: [(&str, &str, &str); 4] = [
    ("accent.light", "Accent in light", "#2e62c9"),
    ("accent.dark", "Accent in dark", "#2e62c9"),
    ("background.light", "Background in light", "#ffffff"),
    ("background.dark", "Background in dark", "#191b1e"),
];

/// Longest value that is read; longer ones are refused by their own rules.
const LONGEST: usize = 2_000;

/// What a form holds, by name.
#[derive(Debug, Default)]
pub(super) struct Typed(BTreeMap<String, String>);

impl Typed {
    /// As it came.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let cut = |(name, value): (String, String)| (name, value.chars().take(LONGEST).collect());
        Self(pairs.into_iter().map(cut).collect())
    }

    /// What is saved.
    pub(super) fn of(view: &BrandingView) -> Self {
        let mut typed = BTreeMap::new();
        let mut put = |name: String, value: &Value| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return,
            };
            typed.insert(name, text);
        };
        let settings = &view.settings;
        for name in ["name", "theme", "radius", "font", "privacyUrl", "termsUrl"] {
            put(name.to_owned(), &settings[name]);
        }
        for (name, ..) in COLOURS {
            if let Some((pair, side)) = name.split_once('.') {
                put(name.to_owned(), &settings[pair][side]);
            }
        }
        for language in LANGUAGES {
            for (name, ..) in TEXTS {
                put(format!("texts.{language}.{name}"), &settings["texts"][language][name]);
            }
        }
        if settings["poweredBy"] != false {
            typed.insert("poweredBy".to_owned(), "true".to_owned());
        }
        Self(typed)
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }

    /// The revision that the form was drawn for.
    pub(super) fn revision(&self) -> Result<i64, Problem> {
        revision_of(self.some("revision"))
    }

    /// What it asks for.
    pub(super) fn request(&self) -> Result<BrandingRequest, Problem> {
        let mut asked = Map::new();
        asked.insert("name".to_owned(), json!(self.get("name")));
        for name in ["theme", "font", "privacyUrl", "termsUrl"] {
            if let Some(text) = self.some(name) {
                asked.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(radius) = self.some("radius") {
            // What is no number is refused as one that does not fit.
            asked.insert("radius".to_owned(), json!(radius.parse::<i64>().unwrap_or(i64::MAX)));
        }
        for pair in ["accent", "background"] {
            let side = |side: &str| self.some(&format!("{pair}.{side}"));
            asked.insert(pair.to_owned(), json!({ "light": side("light"), "dark": side("dark") }));
        }
        let mut texts = Map::new();
        for language in LANGUAGES {
            let words = TEXTS.iter().filter_map(|(name, ..)| {
                let text = self.some(&format!("texts.{language}.{name}"))?;
                Some(((*name).to_owned(), json!(text)))
            });
            let words: Map<String, Value> = words.collect();
            if !words.is_empty() {
                texts.insert(language.to_owned(), Value::Object(words));
            }
        }
        asked.insert("texts".to_owned(), Value::Object(texts));
        asked.insert("poweredBy".to_owned(), json!(self.some("poweredBy").is_some()));
        serde_json::from_value(Value::Object(asked)).map_err(|error| {
            tracing::error!(%error, "the form of the looks does not fit what the API takes");
            Problem::general(Kind::Internal)
        })
    }
}

/// One field, as the page draws it.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) problem: Option<String>,
    /// Characters at most.
    pub(super) most: u16,
}

/// A colour.
#[derive(Debug)]
pub(super) struct ColourField {
    pub(super) field: Field,
    /// What is shown where it is empty.
    pub(super) otherwise: String,
    /// Ours, which that is where nobody lends one.
    pub(super) ours: &'static str,
    /// The id of the field whose colour is taken where this one is empty: an accent that stands alone is that of both.
    pub(super) lender: Option<String>,
    /// What is shown instead, and why.
    pub(super) shown: Option<(String, String)>,
}

/// The texts of a language.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) tag: &'static str,
    pub(super) is_open: bool,
    pub(super) fields: Vec<Field>,
}

/// The accent of the other scheme.
fn lender(name: &str) -> Option<&'static str> {
    match name {
        "accent.light" => Some("accent.dark"),
        "accent.dark" => Some("accent.light"),
        _ => None,
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) name: Field,
    pub(super) theme: String,
    pub(super) theme_problem: Option<String>,
    pub(super) colours: Vec<ColourField>,
    pub(super) radius: Field,
    pub(super) font: Field,
    pub(super) languages: Vec<Language>,
    pub(super) privacy: Field,
    pub(super) terms: Field,
    pub(super) powered_by: bool,
}

impl Fields {
    pub(super) fn new(typed: &Typed, mistakes: &Map<String, Value>, adjusted: &[Adjusted]) -> Self {
        let problem = |name: &str| {
            let said = mistakes.get(name)?.as_str()?;
            let mut letters = said.chars();
            let first = letters.next()?.to_uppercase();
            Some(format!("{first}{}.", letters.as_str()))
        };
        let field = |name: &str, label, most| Field {
            id: name.replace('.', "-"),
            value: typed.get(name).to_owned(),
            problem: problem(name),
            name: name.to_owned(),
            label,
            most,
        };
        let colours = COLOURS.into_iter().map(|(name, label, ours)| ColourField {
            ours,
            otherwise: lender(name)
                .and_then(|name| typed.some(name))
                .unwrap_or(ours)
                .to_owned(),
            lender: lender(name).map(|name| name.replace('.', "-")),
            field: field(name, label, 7),
            // Of what is saved alone: of what was typed the preview tells.
            shown: adjusted
                .iter()
                .find(|one| one.field == name && one.given.eq_ignore_ascii_case(typed.get(name).trim()))
                .map(|one| (one.shown.clone(), one.reason.to_owned())),
        });
        let languages = LANGUAGES.into_iter().map(|tag| {
            let fields: Vec<Field> = TEXTS
                .iter()
                .map(|(name, label, most)| field(&format!("texts.{tag}.{name}"), label, *most))
                .collect();
            Language {
                tag,
                is_open: tag == "en" || fields.iter().any(|one| one.problem.is_some()),
                fields,
            }
        });
        Self {
            name: field("name", "Name", 120),
            theme: typed.get("theme").to_owned(),
            theme_problem: problem("theme"),
            colours: colours.collect(),
            radius: field("radius", "Corner radius in pixels", 2),
            font: field("font", "Fonts", 300),
            languages: languages.collect(),
            privacy: field("privacyUrl", "Privacy policy", 300),
            terms: field("termsUrl", "Terms", 300),
            powered_by: typed.some("poweredBy").is_some(),
        }
    }
}

impl Language {
    /// As the language calls itself.
    pub(super) fn word(&self, known: &[(&'static str, &'static str)]) -> &'static str {
        let found = known.iter().find(|(tag, _)| *tag == self.tag);
        found.map_or(self.tag, |(_, word)| word)
    }

    /// How many of its texts are written.
    pub(super) fn written(&self) -> usize {
        self.fields.iter().filter(|field| !field.value.is_empty()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        Typed::read(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn a_form_asks_for_what_the_api_takes() {
        let whole = typed(&[
            ("name", "Shop"),
            ("accent.light", "#ffd400"),
            ("radius", "8"),
            ("texts.de.title", "Hallo"),
            ("texts.xx.title", "no such language"),
            ("privacyUrl", " "),
        ]);
        let request = whole.request().unwrap();
        assert_eq!(request.name.as_deref(), Some("Shop"));
        assert_eq!(request.radius, Some(8));
        assert_eq!(request.powered_by, Some(false), "an empty box is sent by no browser");
        assert_eq!(request.privacy_url, None);
        assert_eq!(request.texts.unwrap().len(), 1);
        assert_eq!(typed(&[("radius", "big")]).request().unwrap().radius, Some(i64::MAX));
        assert!(typed(&[]).revision().is_err() && typed(&[("revision", "7")]).revision().unwrap() == 7);
    }

    #[test]
    fn a_mistake_stands_at_its_field() {
        let mistakes = json!({ "texts.ja.lead": "write 160 characters at most", "accent.dark": "write a colour" });
        let fields = Fields::new(&typed(&[("accent.dark", "red")]), mistakes.as_object().unwrap(), &[]);
        let dark = &fields.colours[1].field;
        assert_eq!(
            (dark.value.as_str(), dark.problem.as_deref()),
            ("red", Some("Write a colour."))
        );
        let japanese = fields.languages.iter().find(|one| one.tag == "ja").unwrap();
        assert!(japanese.is_open && japanese.fields[1].problem.is_some());
        assert!(!fields.languages.iter().any(|one| one.tag == "ko" && one.is_open));
    }
}
