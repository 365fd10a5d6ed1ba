//! A text as a QR code, drawn by the page itself: no other host sees it.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

/// Squares of light around it (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;

/// A QR code as the path of an SVG picture.
pub(super) struct Square {
    /// What the picture shows, as `viewBox`.
    pub(super) view: String,
    /// The dark squares.
    pub(super) path: String,
}

impl Square {
    /// `None` where the text is too long for one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
        let mut path = String::new();
        for y in 0..code.size {
            let mut x = 0;
            while x < code.size {
                let dark = code[y][x..].iter().take_while(|module| module.value()).count();
                if dark > 0 {
                    // Writing to a text does not fail.
                    let _ = write!(path, "M{} {}h{dark}v1h-{dark}z", x + QUIET, y + QUIET);
                }
                x += dark.max(1);
            }
        }
        let side = code.size + 2 * QUIET;
        Some(Self {
            view: format!("0 0 {side} {side}"),
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_are_those_of_a_qr_code() {
        let square = Square::of("otpauth://totp/Latchkey:ann%40example.com?secret=ABC&issuer=Latchkey").unwrap();
        let side: usize = square.view.rsplit(' ').next().unwrap().parse().unwrap();
        // Versions are 17 + 4n wide.
        assert_eq!((side - 2 * QUIET - 17) % 4, 0, "{side}");
        let right = side - QUIET - 7;
        for corner in [
            "M4 4h7v1h-7z".to_owned(),
            format!("M{right} 4h7v1h-7z"),
            format!("M4 {right}h7v1h-7z"),
        ] {
            assert!(square.path.contains(&corner), "{corner} in {}", square.path);
        }
        assert!(Square::of(&"x".repeat(5_000)).is_none());
    }
}
