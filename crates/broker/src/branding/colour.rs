//! Colours: read from `#rrggbb`, moved in OKLCH, measured as WCAG 2.2 does, written as `#rrggbb` again.

use std::fmt;

use palette::color_difference::Wcag21RelativeContrast as _;
use palette::convert::FromColorUnclamped as _;
use palette::{FromColor as _, Oklch, Srgb};

/// An opaque sRGB colour. It is written into style sheets, so it can be nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(Srgb<u8>);

/// A colour that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a colour as six hexadecimal digits, for example #3b5bdb")]
pub(crate) struct NoColour;

/// How light a colour is, how strong, and which: OKLCH with the hue in degrees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tone {
    pub(crate) lightness: f64,
    pub(crate) chroma: f64,
    pub(crate) hue: f64,
}

impl Tone {
    pub(crate) const fn new(lightness: f64, chroma: f64, hue: f64) -> Self {
        Self { lightness, chroma, hue }
    }

    /// The nearest colour that a screen can show: as light, of the same hue, less strong where that is needed.
    pub(crate) fn colour(self) -> Colour {
        let lightness = self.lightness.clamp(0.0, 1.0);
        let mut chroma = self.chroma.max(0.0);
        loop {
            let shown: Srgb<f64> = Srgb::from_color_unclamped(Oklch::new(lightness, chroma, self.hue));
            if chroma < 0.001 || is_shown(shown) {
                return Colour(Srgb::<f64>::from_color(Oklch::new(lightness, chroma, self.hue)).into_format());
            }
            chroma *= 0.97;
        }
    }
}

/// Whether a screen shows it as it is. Colours at the edge come back from OKLCH a little outside.
fn is_shown(colour: Srgb<f64>) -> bool {
    let inside = |part: f64| (-0.001..=1.001).contains(&part);
    inside(colour.red) && inside(colour.green) && inside(colour.blue)
}

impl Colour {
    pub(crate) const WHITE: Self = Self(Srgb::new(255, 255, 255));

    /// Reads `#rrggbb` or `#rgb`; nothing else is a colour here, neither names nor functions.
    pub(crate) fn parse(text: &str) -> Result<Self, NoColour> {
        let digits = text.trim().strip_prefix('#').ok_or(NoColour)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoColour);
        }
        let whole = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            6 => digits.to_owned(),
            _ => return Err(NoColour),
        };
        let part = |at: usize| u8::from_str_radix(&whole[at..at + 2], 16).map_err(|_| NoColour);
        Ok(Self(Srgb::new(part(0)?, part(2)?, part(4)?)))
    }

    pub(crate) fn tone(self) -> Tone {
        let tone = Oklch::from_color(self.0.into_format::<f64>());
        Tone {
            lightness: tone.l,
            chroma: tone.chroma,
            hue: tone.hue.into_positive_degrees(),
        }
    }

    /// The ratio of WCAG 2.2 (1.4.3), 1 to 21.
    pub(crate) fn contrast(self, other: Self) -> f64 {
        self.0
            .into_format::<f64>()
            .relative_contrast(other.0.into_format::<f64>())
    }

    /// The least contrast with any of these.
    pub(crate) fn least_contrast(self, others: &[Self]) -> f64 {
        others
            .iter()
            .map(|other| self.contrast(*other))
            .fold(f64::INFINITY, f64::min)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Srgb { red, green, blue, .. } = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hexadecimal_digits_are_a_colour() {
        for (text, read) in [("#3B5bdb", "#3b5bdb"), ("#fff", "#ffffff"), (" #0a0B0c ", "#0a0b0c")] {
            assert_eq!(Colour::parse(text).unwrap().to_string(), read);
        }
        for text in [
            "",
            "#",
            "3b5bdb",
            "#3b5bd",
            "#3b5bdbff",
            "#3b5bdg",
            "red",
            "rgb(1,2,3)",
            "#fff;}*{",
            "#ééé",
            "url(#a)",
            "#12345６",
        ] {
            assert_eq!(Colour::parse(text), Err(NoColour), "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let black = Colour::parse("#000000").unwrap();
        assert!((Colour::WHITE.contrast(black) - 21.0).abs() < 1e-6);
        assert!((black.contrast(black) - 1.0).abs() < 1e-9);
        // A known pair: #767676 on white is the lightest grey that passes.
        let grey = Colour::parse("#767676").unwrap();
        assert!(
            (grey.contrast(Colour::WHITE) - 4.54).abs() < 0.01,
            "{}",
            grey.contrast(Colour::WHITE)
        );
    }

    #[test]
    fn a_tone_comes_back_as_its_colour() {
        for text in [
            "#3b5bdb", "#ffd400", "#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#7f7f7f",
        ] {
            let colour = Colour::parse(text).unwrap();
            let back = colour.tone().colour();
            let near = |a: u8, b: u8| a.abs_diff(b) <= 2;
            assert!(
                near(colour.0.red, back.0.red)
                    && near(colour.0.green, back.0.green)
                    && near(colour.0.blue, back.0.blue),
                "{colour} {back}"
            );
        }
    }

    #[test]
    fn a_tone_that_no_screen_shows_keeps_its_lightness() {
        let shown = Tone::new(0.9, 0.37, 264.0).colour().tone();
        assert!((shown.lightness - 0.9).abs() < 0.01, "{}", shown.lightness);
    }
}
