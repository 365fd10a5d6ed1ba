//! From an accent and a background to every colour that pages use, for light and for dark, so that text has at least 4.5:1
//! and controls 3:1 whatever was given. What does not hold is moved in lightness until it does.

use super::colour::{Colour, Tone};

/// Least contrast of text (WCAG 2.2, 1.4.3).
pub(crate) const TEXT: f64 = 4.5;
/// Least contrast of controls (1.4.11).
pub(crate) const CONTROL: f64 = 3.0;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// The accent of `tokens.css`.
const ACCENT: Tone = Tone::new(0.52, 0.17, 262.0);
/// A step when a colour is moved.
const STEP: f64 = 0.005;

impl Scheme {
    /// Where colours over the background go to be seen better: darker in light, lighter in dark.
    const fn away(self) -> f64 {
        match self {
            Self::Light => -1.0,
            Self::Dark => 1.0,
        }
    }

    /// What stands on the background in colours of its own: the signals of `tokens.css` (good, attention, bad).
    fn signals(self) -> [Colour; 3] {
        match self {
            Self::Light => [(0.47, 0.12, 152.0), (0.48, 0.11, 65.0), (0.5, 0.18, 25.0)],
            Self::Dark => [(0.8, 0.14, 152.0), (0.83, 0.12, 80.0), (0.79, 0.12, 22.0)],
        }
        .map(|(lightness, chroma, hue)| Tone::new(lightness, chroma, hue).colour())
    }

    fn background(self, hue: f64) -> Tone {
        match self {
            Self::Light => Tone::new(1.0, 0.0, hue),
            Self::Dark => Tone::new(0.22, 0.008, hue),
        }
    }

    /// By light and by dark.
    fn pick<T>(self, light: T, dark: T) -> T {
        match self {
            Self::Light => light,
            Self::Dark => dark,
        }
    }
}

/// The colours of one scheme, under the names of `tokens.css`.
#[derive(Clone, Debug)]
pub(crate) struct Tones {
    pub(crate) surface: Colour,
    pub(crate) surface_sunken: Colour,
    pub(crate) surface_hover: Colour,
    pub(crate) skeleton: Colour,
    pub(crate) text: Colour,
    pub(crate) text_quiet: Colour,
    pub(crate) border: Colour,
    pub(crate) border_control: Colour,
    pub(crate) accent: Colour,
    pub(crate) accent_hover: Colour,
    pub(crate) accent_on: Colour,
    pub(crate) accent_text: Colour,
    pub(crate) accent_surface: Colour,
    pub(crate) accent_border: Colour,
}

impl Tones {
    /// All colours of a scheme. A missing accent or background is ours.
    pub(crate) fn of(scheme: Scheme, accent: Option<Colour>, background: Option<Colour>) -> Self {
        let wished = accent.map_or(ACCENT, Colour::tone);
        let ground = background.map_or_else(|| scheme.background(wished.hue), Colour::tone);
        let signals = scheme.signals();
        // The background goes the other way, until our signals and a text can be read on it.
        let surface = moved(ground, -scheme.away(), background, |surface| {
            surface.least_contrast(&signals) >= TEXT && extreme(scheme, ground.hue).contrast(surface) >= 9.0
        });
        let ground = surface.tone();
        let hue = if ground.chroma > 0.02 { ground.hue } else { wished.hue };
        let beside = |by: f64| Tone::new(ground.lightness + by, ground.chroma, ground.hue).colour();
        let surface_sunken = beside(scheme.pick(-0.025, -0.035));
        let surface_hover = beside(scheme.pick(-0.035, 0.05));
        let accent_surface = Tone::new(
            ground.lightness + scheme.pick(-0.035, 0.06),
            wished.chroma.min(scheme.pick(0.018, 0.045)),
            wished.hue,
        )
        .colour();
        let under = [surface, surface_sunken, surface_hover];
        let under_accent = [surface, surface_sunken, surface_hover, accent_surface];
        let neutral = |lightness: f64, chroma: f64| Tone::new(lightness, chroma, hue);
        let over = |tone: Tone, grounds: &[Colour], least: f64| {
            moved(tone, scheme.away(), None, |colour| {
                colour.least_contrast(grounds) >= least
            })
        };
        let ink = neutral(0.18, 0.02).colour();
        let accent = moved(wished, scheme.away(), accent, |accent| {
            accent.contrast(surface) >= CONTROL && on(accent, ink).is_some()
        });
        let accent_on = on(accent, ink).unwrap_or(Colour::WHITE);
        Self {
            surface,
            surface_sunken,
            surface_hover,
            skeleton: beside(scheme.pick(-0.06, 0.07)),
            text: over(
                neutral(scheme.pick(0.23, 0.95), scheme.pick(0.015, 0.005)),
                &under_accent,
                7.0,
            ),
            text_quiet: over(
                neutral(scheme.pick(0.49, 0.74), scheme.pick(0.016, 0.012)),
                &under,
                TEXT,
            ),
            border: beside(scheme.pick(-0.085, 0.1)),
            border_control: over(neutral(scheme.pick(0.66, 0.53), 0.014), &[surface], CONTROL),
            accent_hover: hover(accent, accent_on, surface),
            accent_text: over(
                Tone::new(
                    scheme.pick(wished.lightness.min(0.48), wished.lightness.max(0.78)),
                    wished.chroma.min(scheme.pick(0.37, 0.12)),
                    wished.hue,
                ),
                &under_accent,
                TEXT,
            ),
            accent_border: Tone::new(
                ground.lightness + scheme.pick(-0.14, 0.2),
                wished.chroma.min(scheme.pick(0.06, 0.09)),
                wished.hue,
            )
            .colour(),
            accent,
            accent_on,
            accent_surface,
        }
    }
}

/// The text that is darkest or lightest on such a background.
fn extreme(scheme: Scheme, hue: f64) -> Colour {
    Tone::new(scheme.pick(0.15, 0.98), 0.01, hue).colour()
}

/// What stands on an accent: white where it can be read, else ink.
fn on(accent: Colour, ink: Colour) -> Option<Colour> {
    [Colour::WHITE, ink].into_iter().find(|on| on.contrast(accent) >= TEXT)
}

/// A little darker under the pointer, or a little lighter, so that its text and its edge still hold.
fn hover(accent: Colour, on: Colour, surface: Colour) -> Colour {
    let tone = accent.tone();
    [-0.06, 0.06, -0.03, 0.03]
        .map(|by| Tone::new(tone.lightness + by, tone.chroma, tone.hue).colour())
        .into_iter()
        .find(|hover| on.contrast(*hover) >= TEXT && hover.contrast(surface) >= CONTROL)
        .unwrap_or(accent)
}

/// The first colour from here that holds, in steps of lightness; as it was given where that one holds. At the end of the
/// way it is as good as it gets.
fn moved(tone: Tone, direction: f64, given: Option<Colour>, holds: impl Fn(Colour) -> bool) -> Colour {
    let first = given.unwrap_or_else(|| tone.colour());
    if holds(first) {
        return first;
    }
    let mut lightness = tone.lightness;
    loop {
        lightness += direction * STEP;
        let colour = Tone { lightness, ..tone }.colour();
        if holds(colour) || !(0.0..=1.0).contains(&lightness) {
            return colour;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours() -> Vec<Colour> {
        let steps = [0_u8, 0x33, 0x77, 0xaa, 0xd4, 0xff];
        let mut all = Vec::new();
        for red in steps {
            for green in steps {
                for blue in steps {
                    all.push(Colour::parse(&format!("#{red:02x}{green:02x}{blue:02x}")).unwrap());
                }
            }
        }
        all
    }

    /// Every pair that pages draw: what stands on what, and how much it needs.
    fn failures(scheme: Scheme, tones: &Tones) -> Vec<String> {
        let grounds = [
            ("surface", tones.surface),
            ("sunken", tones.surface_sunken),
            ("hover", tones.surface_hover),
        ];
        let mut wrong = Vec::new();
        let mut check = |what: &str, colour: Colour, ground: (&str, Colour), least: f64| {
            let contrast = colour.contrast(ground.1);
            if contrast < least {
                wrong.push(format!(
                    "{scheme:?}: {what} {colour} on {} {}: {contrast:.2}",
                    ground.0, ground.1
                ));
            }
        };
        for ground in grounds {
            check("text", tones.text, ground, TEXT);
            check("quiet", tones.text_quiet, ground, TEXT);
            check("accent text", tones.accent_text, ground, TEXT);
        }
        check(
            "accent text",
            tones.accent_text,
            ("accent surface", tones.accent_surface),
            TEXT,
        );
        check("text", tones.text, ("accent surface", tones.accent_surface), TEXT);
        check("on", tones.accent_on, ("accent", tones.accent), TEXT);
        check("on", tones.accent_on, ("accent hover", tones.accent_hover), TEXT);
        check("accent", tones.accent, ("surface", tones.surface), CONTROL);
        check("accent hover", tones.accent_hover, ("surface", tones.surface), CONTROL);
        check("control", tones.border_control, ("surface", tones.surface), CONTROL);
        for signal in scheme.signals() {
            check("signal", signal, ("surface", tones.surface), TEXT);
        }
        wrong
    }

    #[test]
    fn every_pair_holds_whatever_is_given() {
        let mut wrong = Vec::new();
        for scheme in [Scheme::Light, Scheme::Dark] {
            for accent in colours() {
                wrong.extend(failures(scheme, &Tones::of(scheme, Some(accent), None)));
                wrong.extend(failures(scheme, &Tones::of(scheme, None, Some(accent))));
                let other = Colour::parse("#3b5bdb").unwrap();
                wrong.extend(failures(scheme, &Tones::of(scheme, Some(other), Some(accent))));
                wrong.extend(failures(scheme, &Tones::of(scheme, Some(accent), Some(accent))));
            }
        }
        assert!(
            wrong.is_empty(),
            "{} pairs:\n{}",
            wrong.len(),
            wrong[..wrong.len().min(20)].join("\n")
        );
    }

    #[test]
    fn what_holds_is_left_as_it_was_given() {
        let given = Colour::parse("#3b5bdb").unwrap();
        assert_eq!(Tones::of(Scheme::Light, Some(given), None).accent, given);
        let ground = Colour::parse("#fffdf5").unwrap();
        assert_eq!(Tones::of(Scheme::Light, Some(given), Some(ground)).surface, ground);
    }

    #[test]
    fn a_yellow_is_darkened_on_white_and_kept_on_black() {
        let yellow = Colour::parse("#ffd400").unwrap();
        let light = Tones::of(Scheme::Light, Some(yellow), None);
        assert!(light.accent.tone().lightness < yellow.tone().lightness);
        assert!(light.accent.contrast(light.surface) >= CONTROL);
        assert!((light.accent.tone().hue - yellow.tone().hue).abs() < 6.0);
        let dark = Tones::of(Scheme::Dark, Some(yellow), None);
        assert_eq!(dark.accent, yellow);
        assert!(dark.accent_on.tone().lightness < 0.3, "ink on yellow");
    }

    #[test]
    fn a_dark_background_in_light_is_lightened() {
        let black = Colour::parse("#101010").unwrap();
        let tones = Tones::of(Scheme::Light, None, Some(black));
        assert!(tones.surface.tone().lightness > 0.8, "{}", tones.surface);
    }
}
