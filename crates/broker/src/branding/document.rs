//! What a customer may say about how their project looks: read leniently from the database, strictly from outside, and
//! kept as types that nothing else fits in.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use url::Url;

use super::colour::Colour;
use super::font::FontStack;

/// The languages of the modal, as `locales/` has them.
pub const LANGUAGES: [&str; 11] = ["en", "de", "fr", "es", "pt-BR", "it", "nl", "ja", "zh-Hans", "ko", "ar"];

/// The roundest that a corner may be, in pixels.
const ROUNDEST: i64 = 24;
/// Characters of an address.
const ADDRESS_LIMIT: usize = 300;
/// Characters of a project's name.
const NAME_LIMIT: usize = 120;

/// One colour for light and one for dark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sides {
    /// In light.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<String>,
    /// In dark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dark: Option<String>,
}

impl<'de> Deserialize<'de> for Sides {
    /// `"#3b5bdb"` for both, or `light` and `dark`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Sides;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a colour, or `light` and `dark` with a colour each")
            }

            fn visit_str<E>(self, text: &str) -> Result<Sides, E> {
                Ok(Sides {
                    light: Some(text.to_owned()),
                    dark: Some(text.to_owned()),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sides, A::Error> {
                let mut sides = Sides::default();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "light" => sides.light = map.next_value()?,
                        "dark" => sides.dark = map.next_value()?,
                        other => return Err(serde::de::Error::unknown_field(other, &["light", "dark"])),
                    }
                }
                Ok(sides)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// A project's own words in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Words {
    /// Heads the list of services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Stands under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// Stands on the screen of a service, before it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<String>,
    /// Stands on the screen that says it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<String>,
}

impl Words {
    /// Names, values and how many characters each may have.
    fn fields(&mut self) -> [(&'static str, &mut Option<String>, usize); 4] {
        [
            ("title", &mut self.title, 60),
            ("lead", &mut self.lead, 160),
            ("explain", &mut self.explain, 300),
            ("success", &mut self.success, 160),
        ]
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a project looks, as it is asked for. What is left out is ours; only the name stays.
///
/// What an answer holds beside it is read over, so that an answer can be changed and sent back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrandingRequest {
    /// The name that people see.
    pub name: Option<String>,
    /// `light` or `dark`; without, what the person's system says.
    pub theme: Option<String>,
    /// The colour of what one presses.
    pub accent: Option<Sides>,
    /// The colour of the modal's ground.
    pub background: Option<Sides>,
    /// How round the modal's corners are, in pixels; those of controls follow.
    pub radius: Option<i64>,
    /// Names of fonts, first choice first.
    pub font: Option<String>,
    /// Words by language.
    pub texts: Option<BTreeMap<String, Words>>,
    /// The customer's privacy policy.
    pub privacy_url: Option<String>,
    /// The customer's terms.
    pub terms_url: Option<String>,
    /// Whether "Secured by Latchkey" is shown.
    pub powered_by: Option<bool>,
    #[serde(default, rename = "logo")]
    _logo: IgnoredAny,
    #[serde(default, rename = "favicon")]
    _favicon: IgnoredAny,
    #[serde(default, rename = "domain")]
    _domain: IgnoredAny,
    #[serde(default, rename = "adjusted")]
    _adjusted: IgnoredAny,
}

/// What is wrong with which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The field, as `texts.de.title`.
    pub field: String,
    /// What to write instead.
    pub message: String,
}

/// How a project looks, in types that hold nothing else. What the database has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) theme: Option<Theme>,
    pub(crate) accent: Pair,
    pub(crate) background: Pair,
    pub(crate) radius: Option<u8>,
    pub(crate) font: Option<FontStack>,
    pub(crate) texts: BTreeMap<&'static str, Words>,
    pub(crate) privacy_url: Option<String>,
    pub(crate) terms_url: Option<String>,
    /// A logo at another host, from a version that did not keep pictures.
    pub(crate) old_logo: Option<String>,
}

/// The colour scheme that a project fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Light, Self::Dark]
            .into_iter()
            .find(|theme| theme.as_str() == text)
    }
}

/// A colour for each scheme, where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) light: Option<Colour>,
    pub(crate) dark: Option<Colour>,
}

impl Pair {
    fn is_none(self) -> bool {
        self.light.is_none() && self.dark.is_none()
    }

    fn to_value(self) -> Value {
        let text = |colour: Option<Colour>| colour.map(|colour| colour.to_string());
        serde_json::json!(Sides {
            light: text(self.light),
            dark: text(self.dark),
        })
    }
}

/// Collects what is wrong, field by field.
#[derive(Default)]
struct Reading {
    mistakes: Vec<Mistake>,
}

impl Reading {
    fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            field: field.into(),
            message: message.into(),
        });
    }

    fn pair(&mut self, field: &str, sides: Option<Sides>) -> Pair {
        let sides = sides.unwrap_or_default();
        let mut side = |name: &str, text: Option<String>| {
            Colour::parse(&text?)
                .map_err(|wrong| self.refuse(format!("{field}.{name}"), wrong.to_string()))
                .ok()
        };
        Pair {
            light: side("light", sides.light),
            dark: side("dark", sides.dark),
        }
    }

    fn address(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        let url = Url::parse(text.trim())
            .ok()
            .filter(|url| url.scheme() == "https" && url.host().is_some())
            .filter(|url| url.username().is_empty() && url.password().is_none())
            .filter(|url| url.as_str().len() <= ADDRESS_LIMIT);
        if url.is_none() {
            self.refuse(
                field,
                "write an https address of at most 300 characters, without a user part",
            );
        }
        url.map(String::from)
    }

    fn text(&mut self, field: &str, text: &str, limit: usize) -> Option<String> {
        let clean = text.trim();
        if clean.chars().count() > limit {
            self.refuse(field, format!("write {limit} characters at most"));
        } else if clean.chars().any(is_invisible) {
            self.refuse(
                field,
                "write plain text on one line, without control and direction characters",
            );
        } else if !clean.is_empty() {
            return Some(clean.to_owned());
        }
        None
    }

    fn texts(&mut self, texts: BTreeMap<String, Words>) -> BTreeMap<&'static str, Words> {
        let mut read = BTreeMap::new();
        for (language, mut words) in texts {
            let Some(tag) = LANGUAGES.into_iter().find(|tag| *tag == language) else {
                // The name is told only where it looks like one: whatever else stands there is not repeated.
                let named = language.len() <= 12
                    && language
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                let field = if named {
                    format!("texts.{language}")
                } else {
                    "texts".to_owned()
                };
                self.refuse(
                    field,
                    format!("the modal speaks {}; write one of these", LANGUAGES.join(", ")),
                );
                continue;
            };
            for (name, text, limit) in words.fields() {
                if let Some(given) = text.take() {
                    *text = self.text(&format!("texts.{tag}.{name}"), &given, limit);
                }
            }
            if !words.is_empty() {
                read.insert(tag, words);
            }
        }
        read
    }
}

/// Characters that are not seen, end a line or turn the words around them.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl Document {
    /// Reads what somebody asks for, with the name that goes beside it, or says all that is wrong with it.
    pub(crate) fn read(request: BrandingRequest) -> Result<(Option<String>, Self), Vec<Mistake>> {
        let mut reading = Reading::default();
        let name = request.name.and_then(|name| {
            let read = reading.text("name", &name, NAME_LIMIT);
            if name.trim().is_empty() {
                reading.refuse("name", "a project always has a name: write one, or leave the field out");
            }
            read
        });
        let theme = request.theme.and_then(|text| {
            let theme = Theme::parse(&text);
            if theme.is_none() {
                reading.refuse(
                    "theme",
                    "write light or dark, or leave it out to follow the person's system",
                );
            }
            theme
        });
        let accent = reading.pair("accent", request.accent);
        let background = reading.pair("background", request.background);
        let radius = request.radius.and_then(|radius| {
            let fits = u8::try_from(radius).ok().filter(|_| radius <= ROUNDEST);
            if fits.is_none() {
                reading.refuse("radius", "write whole pixels from 0 to 24");
            }
            fits
        });
        let font = request.font.filter(|font| !font.trim().is_empty()).and_then(|font| {
            FontStack::parse(&font)
                .map_err(|wrong| reading.refuse("font", wrong.to_string()))
                .ok()
        });
        let document = Self {
            theme,
            accent,
            background,
            radius,
            font,
            texts: reading.texts(request.texts.unwrap_or_default()),
            privacy_url: reading.address("privacyUrl", request.privacy_url),
            terms_url: reading.address("termsUrl", request.terms_url),
            old_logo: None,
        };
        if reading.mistakes.is_empty() {
            Ok((name, document))
        } else {
            Err(reading.mistakes)
        }
    }

    /// Reads what the database has. What a newer version or a hand wrote there is left out where it does not fit.
    pub(crate) fn stored(value: &Value) -> Self {
        fn field<T: serde::de::DeserializeOwned>(value: &Value, name: &str) -> Option<T> {
            T::deserialize(value.get(name)?).ok()
        }
        let mut reading = Reading::default();
        let theme: Option<String> = field(value, "theme");
        let radius: Option<u8> = field(value, "radius");
        let old_logo: Option<String> = field(value, "logo_url");
        Self {
            theme: theme.as_deref().and_then(Theme::parse),
            accent: reading.pair("accent", field(value, "accent")),
            background: reading.pair("background", field(value, "background")),
            radius: radius.filter(|radius| i64::from(*radius) <= ROUNDEST),
            font: field(value, "font"),
            texts: reading.texts(field(value, "texts").unwrap_or_default()),
            privacy_url: reading.address("privacyUrl", field(value, "privacyUrl")),
            terms_url: reading.address("termsUrl", field(value, "termsUrl")),
            old_logo: old_logo.filter(|url| url.starts_with("https://")),
        }
    }

    /// For the database, and for answers.
    pub(crate) fn to_value(&self) -> Value {
        let mut fields = serde_json::Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("theme", self.theme.map(|theme| theme.as_str().into()));
        put("accent", (!self.accent.is_none()).then(|| self.accent.to_value()));
        put(
            "background",
            (!self.background.is_none()).then(|| self.background.to_value()),
        );
        put("radius", self.radius.map(Into::into));
        put("font", self.font.as_ref().map(|font| font.to_string().into()));
        put("texts", (!self.texts.is_empty()).then(|| serde_json::json!(self.texts)));
        put("privacyUrl", self.privacy_url.clone().map(Into::into));
        put("termsUrl", self.terms_url.clone().map(Into::into));
        put("logo_url", self.old_logo.clone().map(Into::into));
        Value::Object(fields)
    }
}

#[cfg(test)]
pub(super) mod tests;
