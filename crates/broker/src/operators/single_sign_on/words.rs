//! What people are told.

use protocol::openid::{IdentifyError, RefusedIdToken};

use crate::texts::quoted;
use crate::{Kind, Problem};

pub(super) fn off() -> Problem {
    Problem::new(
        Kind::NotFound,
        "sso_off",
        "Single sign-on is not set up on this server. Sign in with your password.",
    )
}

pub(super) fn unreadable() -> Problem {
    Problem::internal("This sign-in could not be kept.")
}

pub(super) fn unreachable(name: &str, error: &dyn std::error::Error) -> Problem {
    tracing::warn!(%error, "the provider of single sign-on could not be asked");
    Problem::new(
        Kind::Unavailable,
        "sso_unreachable",
        format!("{name} cannot be asked who you are at the moment. Try again in a minute, or use your password."),
    )
}

pub(super) fn incomplete() -> Problem {
    Problem::new(
        Kind::BadRequest,
        "sso_incomplete",
        "This address is not one that a provider leads to. Begin again on our page.",
    )
}

pub(super) fn over() -> Problem {
    Problem::new(
        Kind::Gone,
        "sso_over",
        "This sign-in was used already, or took more than ten minutes. Begin again.",
    )
}

pub(super) fn other_browser() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "sso_other_browser",
        "This sign-in was begun in another browser. Begin again in this one. If somebody sent you the address, do not use it.",
    )
}

pub(super) fn from_elsewhere(name: &str) -> Problem {
    Problem::new(
        Kind::FailedDependency,
        "sso_issuer_mismatch",
        format!("The answer did not come from {name}, so it was not used. Begin again."),
    )
}

/// What the provider itself said no with (RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6).
pub(super) fn refused_there(name: &str, error: &str, description: Option<&str>) -> Problem {
    let said = description.map(quoted).filter(|said| !said.is_empty());
    let said = said.map(|said| format!(" It says: “{said}”.")).unwrap_or_default();
    let message = match error {
        "access_denied" => format!(
            "{name} did not let you in here: you or your administrator there said no.{said} Begin again, or ask who manages {name}."
        ),
        "temporarily_unavailable" | "server_error" => {
            format!("{name} could not sign you in just now.{said} Try again in a minute.")
        }
        other => format!(
            "{name} refused the sign-in ({}).{said} Whoever runs this server looks at its settings there.",
            quoted(other)
        ),
    };
    Problem::new(Kind::Forbidden, "sso_refused", message)
}

pub(super) fn no_code(name: &str) -> Problem {
    Problem::new(
        Kind::FailedDependency,
        "sso_no_code",
        format!("{name} sent you back without an answer. Begin again."),
    )
}

/// Why nobody was identified.
pub(super) fn not_identified(name: &str, error: &IdentifyError) -> Problem {
    match error {
        IdentifyError::Token(error) => {
            if error.provider_code().is_none() && (error.surely_not_sent() || error.is_of_the_service()) {
                return unreachable(name, error);
            }
            tracing::warn!(%error, "the provider of single sign-on refused the code");
            Problem::new(
                Kind::FailedDependency,
                "sso_code_refused",
                format!(
                    "{name} did not tell who you are. Begin again; if it stays so, whoever runs this server compares client id, secret and redirect address with {name}."
                ),
            )
        }
        IdentifyError::IdToken(why) => {
            tracing::warn!(%why, "an ID token was refused");
            let (key, hint) = hint(*why);
            Problem::new(
                Kind::FailedDependency,
                key,
                format!("What {name} said of you was not accepted: {why}. {hint}"),
            )
        }
    }
}

fn hint(why: RefusedIdToken) -> (&'static str, &'static str) {
    const AGAIN: &str = "Begin again; if it stays so, tell whoever runs this server.";
    match why {
        RefusedIdToken::Missing => (
            "sso_no_id_token",
            "Whoever runs this server looks at the client's settings there.",
        ),
        RefusedIdToken::Expired | RefusedIdToken::Time => (
            "sso_id_token_time",
            "Whoever runs this server looks whether its clock is right.",
        ),
        RefusedIdToken::Nonce => ("sso_id_token_nonce", AGAIN),
        RefusedIdToken::Issuer => ("sso_id_token_issuer", AGAIN),
        RefusedIdToken::Audience => ("sso_id_token_audience", AGAIN),
        RefusedIdToken::Malformed
        | RefusedIdToken::Algorithm
        | RefusedIdToken::UnknownKey
        | RefusedIdToken::Signature
        | RefusedIdToken::Subject => ("sso_id_token", AGAIN),
    }
}

pub(super) fn nobody() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "sso_unknown",
        "Nobody here uses this sign-in yet. Sign in with your password and link it under Account, or ask an owner for an invitation.",
    )
}

pub(super) fn switched_off() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "sso_switched_off",
        "Your account here is switched off. An owner of this server can switch it on again.",
    )
}

pub(super) fn session_over() -> Problem {
    Problem::new(
        Kind::Unauthorized,
        "session_over",
        "Your session ended while you were away. Sign in again.",
    )
}

pub(super) fn of_somebody_else(name: &str) -> Problem {
    Problem::new(
        Kind::Conflict,
        "sso_taken",
        format!(
            "This account of {name} signs in another operator here. Use another account, or unlink it there first."
        ),
    )
}

pub(super) fn not_theirs(name: &str, email: &str) -> Problem {
    Problem::new(
        Kind::Forbidden,
        "sso_not_yours",
        format!(
            "You came back from {name} with an account that is not linked to {email}. Confirm with the one that is."
        ),
    )
}

pub(super) fn not_asked_again(name: &str) -> Problem {
    Problem::new(
        Kind::Forbidden,
        "sso_not_fresh",
        format!(
            "{name} did not say that it asked you again just now, so this confirms nothing. Confirm with your password. Whoever runs this server lets {name} send `auth_time`."
        ),
    )
}

pub(super) fn only_way() -> Problem {
    Problem::new(
        Kind::Conflict,
        "only_way",
        "This is your only way to sign in, so it stays. Link another account first, or ask an owner for a link to choose a password.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_says_is_told_as_text() {
        let denied = refused_there("Okta", "access_denied", Some("No\u{202e} <b>way</b>\r\n"));
        assert_eq!(denied.key(), "sso_refused");
        assert!(
            denied.message().contains("It says: “No <b>way</b>”"),
            "{}",
            denied.message()
        );
        let odd = refused_there("Okta", "odd\u{202e}", None);
        assert!(
            odd.message().starts_with("Okta refused the sign-in (odd)."),
            "{}",
            odd.message()
        );
        let busy = refused_there("Okta", "temporarily_unavailable", None);
        assert!(busy.message().contains("Try again in a minute"), "{}", busy.message());
    }
}
