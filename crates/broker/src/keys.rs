//! Connection keys: `{environment}::{platform}::default::{32 hex}|{owner}`.
//!
//! Callers put them into headers and comma lists, so they are ASCII without commas; the owner's part is for people to
//! recognise, the random part makes it unique.

use store::Owner;
use uuid::Uuid;
use vault::Environment;

/// A new key.
pub(crate) fn connection_key(environment: Environment, platform: &str, owner: &Owner) -> String {
    let unique = Uuid::new_v4().simple().to_string();
    let who = owner
        .identity
        .as_deref()
        .or(owner.group.as_deref())
        .filter(|text| !text.is_empty());
    let who = who.map_or_else(|| unique.clone(), plain);
    format!("{environment}::{platform}::default::{unique}|{who}")
}

/// Published clients write keys into queries, headers and comma lists as they are, so only what needs no encoding
/// anywhere stays. The connection's `identity` keeps the original.
fn plain(owner: &str) -> String {
    let keeps = |character: char| character.is_ascii_alphanumeric() || "._@~-".contains(character);
    owner
        .chars()
        .map(|character| if keeps(character) { character } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(identity: Option<&str>, group: Option<&str>) -> String {
        let owner = Owner {
            identity: identity.map(Into::into),
            group: group.map(Into::into),
            ..Owner::default()
        };
        connection_key(Environment::Test, "gmail", &owner)
    }

    #[test]
    fn has_the_parts_that_clients_split_at() {
        let key = key(Some("u-42"), None);
        let parts: Vec<_> = key.split("::").collect();
        assert_eq!(parts.len(), 4);
        assert_eq!(&parts[..3], ["test", "gmail", "default"]);
        let (unique, who) = parts[3].split_once('|').unwrap();
        assert_eq!((unique.len(), who), (32, "u-42"));
    }

    #[test]
    fn falls_back_to_group_and_unique_part() {
        assert!(key(None, Some("g 1")).ends_with("|g-1"));
        let plain = key(None, None);
        let (unique, who) = plain.rsplit_once("::").unwrap().1.split_once('|').unwrap();
        assert_eq!(unique, who);
    }

    #[test]
    fn any_owner_fits_into_a_header_and_a_list() {
        for who in [
            "a,b",
            "a::b",
            "ü@例え.jp",
            "x\r\ny",
            "a|b",
            "100%",
            "\u{202e}evil",
            "auth0|123",
            "a+b@shop.test",
            "Zoë",
        ] {
            let key = key(Some(who), None);
            let (_, owner) = key.split_once('|').unwrap();
            assert!(
                owner
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._@~-".contains(&byte)),
                "{key}"
            );
            assert_eq!(key.split("::").count(), 4, "{key}");
            assert_eq!(key.matches('|').count(), 1, "{key}");
        }
    }
}
