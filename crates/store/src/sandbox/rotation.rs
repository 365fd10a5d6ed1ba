//! What the use of a refresh token means, and which one comes after it.

use vault::Digest;
use zeroize::Zeroizing;

use super::faults::{Faults, GraceAnswer, Rotation};
use super::secret;

/// What one use of a refresh token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The first.
    First,
    /// A later one, soon enough.
    InGrace,
    /// A later one that is refused.
    Reuse {
        /// Whether it ends the whole grant.
        revokes: bool,
    },
}

/// `used_ago`: seconds since the first use, if there was one.
pub(super) fn use_of(faults: &Faults, used_ago: Option<f64>) -> Use {
    let Some(used_ago) = used_ago else { return Use::First };
    match faults.rotation.unwrap_or_default() {
        Rotation::Grace if used_ago <= f64::from(faults.grace_seconds.unwrap_or(Faults::GRACE_SECONDS)) => Use::InGrace,
        Rotation::Strict | Rotation::Grace => Use::Reuse { revokes: true },
        Rotation::Refuse | Rotation::None => Use::Reuse { revokes: false },
    }
}

/// The refresh token that takes the place of another. Where the same is to come again it is made from the old one, as
/// tokens are not kept; what only the database holds goes into it, so that an old token does not give the new one away.
pub(super) fn successor(faults: &Faults, secret_digest: &[u8], refresh_token: &str) -> Zeroizing<String> {
    let is_repeatable = faults.rotation == Some(Rotation::Grace) && faults.grace_answer == Some(GraceAnswer::Same);
    if !is_repeatable {
        return secret("sandbox_refresh_");
    }
    let made_of = Zeroizing::new(format!("{}{refresh_token}", hex::encode(secret_digest)));
    let hex = hex::encode(Digest::of(&made_of).as_bytes());
    Zeroizing::new(format!("sandbox_refresh_{hex}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_second_use_is_what_the_rotation_says() {
        let later = |value, ago| use_of(&Faults::read(&value).unwrap(), ago);
        let refused = |revokes| Use::Reuse { revokes };
        assert_eq!(later(json!({}), None), Use::First);
        assert_eq!(later(json!({}), Some(0.0)), refused(false));
        assert_eq!(later(json!({ "rotation": "none" }), Some(0.0)), refused(false));
        assert_eq!(later(json!({ "rotation": "strict" }), Some(0.0)), refused(true));
        let grace = json!({ "rotation": "grace", "graceSeconds": 5 });
        assert_eq!(later(grace.clone(), None), Use::First);
        assert_eq!(later(grace.clone(), Some(5.0)), Use::InGrace);
        assert_eq!(later(grace, Some(5.1)), refused(true));
    }

    #[test]
    fn the_same_successor_comes_only_where_it_is_asked_for() {
        let made = |value, token: &str| successor(&Faults::read(&value).unwrap(), &[0, 200, 7], token);
        let same = json!({ "rotation": "grace", "graceAnswer": "same" });
        assert_eq!(made(same.clone(), "a"), made(same.clone(), "a"));
        assert_ne!(made(same.clone(), "a"), made(same, "b"));
        for other in [
            json!({}),
            json!({ "rotation": "strict" }),
            json!({ "rotation": "grace" }),
        ] {
            assert_ne!(made(other.clone(), "a"), made(other, "a"));
        }
    }
}
