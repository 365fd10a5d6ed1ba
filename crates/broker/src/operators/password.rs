//! Passwords of operators: which are taken, and whether one is right.

use std::sync::OnceLock;

use argon2::Params;
use argon2::password_hash::PasswordHash;
use unicode_normalization::UnicodeNormalization as _;
use vault::{ExposeSecret as _, SecretString};

use super::hashing::{Memory, on_a_thread};
use crate::{Kind, Problem};

/// Characters of a password at least (OWASP ASVS 5.0, 6.2.1 asks for 8 and advises 15).
pub const SHORTEST_PASSWORD: usize = 12;
/// Characters at most: longer ones only cost time.
pub const LONGEST_PASSWORD: usize = 200;
/// What is compared where there is no operator, so that both take the same time.
static NOBODY: OnceLock<String> = OnceLock::new();

/// The same password typed on any keyboard (RFC 8265 §4.2 uses NFC; NFKC also joins full-width letters).
fn normal(password: &SecretString) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(password.expose_secret().nfkc().collect())
}

fn hash_now(password: &str, memory: &mut Memory) -> Result<String, Problem> {
    memory.hash(password.as_bytes()).map_err(|error| {
        Problem::internal("The password cannot be kept.").with_cause(std::io::Error::other(error.to_string()))
    })
}

/// The PHC string of a password that the rules allow.
pub(super) async fn hash(password: &SecretString, about: &[&str]) -> Result<String, Problem> {
    judge(password, about)?;
    let normal = normal(password);
    on_a_thread(move |memory| hash_now(&normal, memory)).await?
}

/// The PHC string of a password that was right, with the parameters of today: it was judged when it was chosen.
pub(super) async fn hash_again(password: &SecretString) -> Result<String, Problem> {
    let normal = normal(password);
    on_a_thread(move |memory| hash_now(&normal, memory)).await?
}

/// Whether it is the password, and whether its hash should be made anew. Without a hash it takes as long.
pub(super) async fn verify(password: &SecretString, hash: Option<&str>) -> Result<(bool, bool), Problem> {
    let (normal, hash) = (normal(password), hash.map(ToOwned::to_owned));
    on_a_thread(move |memory| {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| {
            let nobody = || hash_now("nobody has this password", memory).unwrap_or_default();
            NOBODY.get_or_init(nobody).clone()
        });
        let Ok(parsed) = PasswordHash::new(&hash) else {
            return (false, false);
        };
        let is_right = memory.verify(normal.as_bytes(), &parsed).unwrap_or(false);
        let today = (Params::DEFAULT_M_COST, Params::DEFAULT_T_COST, Params::DEFAULT_P_COST);
        let is_old =
            Params::try_from(&parsed).is_ok_and(|params| (params.m_cost(), params.t_cost(), params.p_cost()) != today);
        (is_right && known, is_old)
    })
    .await
}

/// Refuses what is short, endless or easily guessed. `about` is what others know of the person.
fn judge(password: &SecretString, about: &[&str]) -> Result<(), Problem> {
    let refused = |message: String| Err(Problem::new(Kind::Unprocessable, "weak_password", message));
    let text = password.expose_secret();
    let length = text.chars().count();
    if length < SHORTEST_PASSWORD {
        return refused(format!(
            "The password is too short. Take at least {SHORTEST_PASSWORD} characters; four words that have nothing to do with each other are good."
        ));
    }
    if length > LONGEST_PASSWORD {
        return refused(format!(
            "The password has {length} characters. Take at most {LONGEST_PASSWORD}."
        ));
    }
    if zxcvbn::zxcvbn(text, about).score() < zxcvbn::Score::Three {
        return refused(
            "This password is easily guessed: it is on lists, or made of your name, a pattern or a date. Take another."
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id_and_known_again() {
        let password = SecretString::from("correct horse battery staple 9");
        let phc = hash(&password, &[]).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_eq!(verify(&password, Some(&phc)).await.unwrap(), (true, false));
        let other = SecretString::from("correct horse battery staple 8");
        assert_eq!(verify(&other, Some(&phc)).await.unwrap(), (false, false));
        assert!(!verify(&password, None).await.unwrap().0);
        assert!(
            !verify(&SecretString::from("nobody has this password"), None)
                .await
                .unwrap()
                .0
        );
        // Whatever the keyboard wrote.
        let (one, two) = (
            SecretString::from("ａ straße in köln am rhein"),
            SecretString::from("a straße in ko\u{308}ln am rhein"),
        );
        let phc = hash(&one, &[]).await.unwrap();
        assert!(verify(&two, Some(&phc)).await.unwrap().0);
    }

    #[tokio::test]
    async fn long_passwords_count_to_their_last_byte() {
        let long = |last: &str| SecretString::from(format!("{}{last}", "k3-Vq ".repeat(33)));
        let phc = hash(&long("a"), &[]).await.unwrap();
        assert!(!verify(&long("b"), Some(&phc)).await.unwrap().0);
    }

    #[tokio::test]
    async fn weak_passwords_are_refused() {
        for (text, about) in [
            ("short", ""),
            ("password1234", ""),
            ("aaaaaaaaaaaaaaaa", ""),
            ("ann.example.ann", "ann.example"),
            (&*"x".repeat(201), ""),
        ] {
            let refused = hash(&SecretString::from(text), &[about]).await.unwrap_err();
            assert_eq!(refused.key(), "weak_password", "{text}");
        }
    }
}
