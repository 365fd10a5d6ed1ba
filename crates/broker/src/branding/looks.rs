//! What pages are given of how a project looks. Values of style sheets are written from parsed types; no text of a
//! customer is among them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use store::{ImageFacts, ImageSlot, Project};

use super::colour::Colour;
use super::document::{Document, Pair, Words};
use super::tones::{Scheme, Tones};

/// One of a scheme's colours.
type ToneOf = fn(&Tones) -> Colour;

/// Custom properties of `tokens.css` with a project's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style(Vec<(&'static str, String)>);

impl Style {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(document: &Document) -> Self {
        let mut style = Self::default();
        let Document { accent, background, .. } = document;
        if *accent != Pair::default() || *background != Pair::default() {
            style.colours(&tones(document, Scheme::Light), &tones(document, Scheme::Dark));
        }
        if let Some(radius) = document.radius {
            // As 14, 10 and 6 in `tokens.css`.
            let part = |of: u16| (u16::from(radius) * of + 3) / 7;
            style.0.push(("--radius-modal", format!("{radius}px")));
            style.0.push(("--radius-panel", format!("{}px", part(5))));
            style.0.push(("--radius-control", format!("{}px", part(3))));
        }
        if let Some(font) = &document.font {
            style.0.push(("--font", font.to_string()));
        }
        style
    }

    fn colours(&mut self, light: &Tones, dark: &Tones) {
        let read: [(&'static str, ToneOf); 14] = [
            ("--surface", |tones| tones.surface),
            ("--surface-sunken", |tones| tones.surface_sunken),
            ("--surface-hover", |tones| tones.surface_hover),
            ("--skeleton", |tones| tones.skeleton),
            ("--text", |tones| tones.text),
            ("--text-quiet", |tones| tones.text_quiet),
            ("--border", |tones| tones.border),
            ("--border-control", |tones| tones.border_control),
            ("--accent", |tones| tones.accent),
            ("--accent-hover", |tones| tones.accent_hover),
            ("--accent-on", |tones| tones.accent_on),
            ("--accent-text", |tones| tones.accent_text),
            ("--accent-surface", |tones| tones.accent_surface),
            ("--accent-border", |tones| tones.accent_border),
        ];
        for (name, of) in read {
            self.0.push((name, format!("light-dark({}, {})", of(light), of(dark))));
        }
    }
}

impl fmt::Display for Style {
    /// A rule for `:root`, to stand in a style sheet after `tokens.css`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(":root{")?;
        for (name, value) in &self.0 {
            write!(formatter, "{name}:{value};")?;
        }
        formatter.write_str("}")
    }
}

impl Serialize for Style {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The colours of a scheme. One accent that stands alone is that of both.
pub(super) fn tones(document: &Document, scheme: Scheme) -> Tones {
    let Document { accent, background, .. } = document;
    match scheme {
        Scheme::Light => Tones::of(scheme, accent.light.or(accent.dark), background.light),
        Scheme::Dark => Tones::of(scheme, accent.dark.or(accent.light), background.dark),
    }
}

/// How a project looks in its pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Looks {
    /// `light` or `dark`; what the person's system says without.
    pub theme: Option<&'static str>,
    /// Colours, corners, fonts.
    pub style: Style,
    /// The logo's address, on our own origin.
    pub logo_url: Option<String>,
    /// The logo on dark ground.
    pub logo_dark_url: Option<String>,
    /// The icon of pages.
    pub favicon_url: Option<String>,
    /// The project's own words by language.
    pub texts: BTreeMap<&'static str, Words>,
    /// The customer's privacy policy.
    pub privacy_url: Option<String>,
    /// The customer's terms.
    pub terms_url: Option<String>,
    /// Whether our own line is hidden.
    #[serde(skip)]
    pub white_label: bool,
}

impl Looks {
    pub(crate) fn of(project: &Project) -> Self {
        let document = Document::stored(&project.branding);
        let address = |slot: ImageSlot| {
            let image = project.images.get(&slot)?;
            Some(image_address(&project.publishable_id, image))
        };
        let logo = address(ImageSlot::LogoLight);
        Self {
            theme: document.theme.map(super::document::Theme::as_str),
            style: Style::of(&document),
            logo_dark_url: address(ImageSlot::LogoDark),
            favicon_url: address(ImageSlot::Favicon).or_else(|| logo.clone()),
            logo_url: logo.or(document.old_logo),
            texts: document.texts,
            privacy_url: document.privacy_url,
            terms_url: document.terms_url,
            white_label: project.white_label,
        }
    }

    /// The words of a language, with those of English where it has none.
    pub fn words(&self, language: &str, of: fn(&Words) -> Option<&String>) -> Option<&str> {
        [language, "en"]
            .into_iter()
            .find_map(|tag| of(self.texts.get(tag)?))
            .map(String::as_str)
    }
}

/// Where a picture is served, on each of our origins.
pub(super) fn image_address(publishable_id: &str, image: &ImageFacts) -> String {
    format!("/connect/brand/{publishable_id}/logo-{}", image.digest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document::tests::HOSTILE;
    use super::*;

    fn style(value: &serde_json::Value) -> String {
        Style::of(&Document::stored(value)).to_string()
    }

    #[test]
    fn nothing_set_changes_nothing() {
        assert!(Style::of(&Document::default()).is_empty());
        assert_eq!(
            style(&json!({ "theme": "dark", "texts": { "en": { "title": "x" } } })),
            ":root{}"
        );
    }

    #[test]
    fn corners_keep_their_proportions() {
        for (radius, expected) in [(0, [0, 0, 0]), (14, [14, 10, 6]), (24, [24, 17, 10]), (8, [8, 6, 3])] {
            let [modal, panel, control] = expected;
            let text =
                format!(":root{{--radius-modal:{modal}px;--radius-panel:{panel}px;--radius-control:{control}px;}}");
            assert_eq!(style(&json!({ "radius": radius })), text);
        }
    }

    #[test]
    fn a_style_sheet_holds_only_what_we_wrote() {
        let allowed = |text: &str| {
            text.chars()
                .all(|letter| letter.is_ascii_alphanumeric() || " :{}();,#-\"".contains(letter))
        };
        let whole =
            json!({ "accent": "#FFD400", "background": { "dark": "#101010" }, "radius": 3, "font": "Inter, serif" });
        let text = style(&whole);
        assert!(
            text.contains("--accent:light-dark(#") && text.contains("--font:\"Inter\", serif;"),
            "{text}"
        );
        assert!(allowed(&text), "{text}");
        for hostile in HOSTILE {
            let text = style(
                &json!({ "accent": hostile, "background": { "light": hostile }, "font": hostile, "radius": hostile }),
            );
            assert_eq!(text, ":root{}", "{hostile}");
        }
    }
}
