//! What the body of a PATCH can say of a field: nothing, a value and, where that has a meaning, null.

use serde::{Deserialize, Deserializer};

/// For a field that null empties: tells an explicit null from a field that is not there.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three different wishes"
)]
pub(super) fn or_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// For a field that cannot be emptied: null is refused and not taken for a field that is not there.
pub(super) fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
