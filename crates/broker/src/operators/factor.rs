//! A second factor: codes of an app on a device (RFC 6238), and recovery codes for who lost it.

use std::time::Duration;

use store::{Factor, FactorView, OperatorId};
use totp_rs::{Builder, Secret, Totp};
use unicode_normalization::UnicodeNormalization as _;
use vault::{Digest, SecretString, Token, human_code};
use zeroize::Zeroizing;

use super::Signed;
use super::attempts::Guesser;
use super::sign_in::Visitor;
use crate::{Broker, Kind, Problem};

/// Bytes of a secret (RFC 4226 §4, R6).
const SECRET: usize = 20;
/// A setup that was begun can be finished so long.
const SETUP: Duration = Duration::from_mins(15);
/// Recovery codes of a set.
pub(super) const RECOVERY_CODES: usize = 10;
/// What an app shows beside the codes.
const ISSUER: &str = "Latchkey";

/// What an app is given.
#[derive(Debug)]
pub struct FactorSetup {
    /// The secret, in base32.
    pub secret: SecretString,
    /// The same as an address that apps understand.
    pub url: SecretString,
}

/// Recovery codes, which are shown once.
#[derive(Debug)]
pub struct RecoveryCodes(pub Vec<SecretString>);

/// A code as it was typed.
enum Typed {
    /// Of the app.
    Digits(String),
    /// Of the paper.
    Recovery(Zeroizing<String>),
}

impl Typed {
    /// Blanks and dashes are for the eye.
    fn read(text: &str) -> Self {
        let plain: Zeroizing<String> = Zeroizing::new(
            text.nfkc()
                .filter(|one| !one.is_whitespace() && !matches!(one, '-' | '‐' | '–'))
                .take(64)
                .collect::<String>()
                .to_uppercase(),
        );
        if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Digits(plain.as_str().to_owned())
        } else {
            Self::Recovery(plain)
        }
    }
}

fn totp(secret: &[u8], account: &str) -> Result<Totp, Problem> {
    let builder = Builder::new()
        .with_secret(Secret::new(Box::from(secret)))
        .with_issuer(Some(ISSUER))
        // A colon would end the issuer.
        .with_account_name(account.replace(':', " "));
    builder.build().map_err(|error| unusable().with_cause(error))
}

fn unusable() -> Problem {
    Problem::internal("The codes cannot be made.")
}

/// The 30 seconds that a code belongs to: these, those before or those after.
fn step_of(factor: &Factor, code: &str) -> Result<Option<i64>, Problem> {
    let now = u64::try_from(factor.now).map_err(|error| unusable().with_cause(error))?;
    let step = totp(&factor.secret, "")?.check(code, now);
    step.map(i64::try_from)
        .transpose()
        .map_err(|error| unusable().with_cause(error))
}

pub(super) fn wrong_code() -> Problem {
    Problem::new(
        Kind::Unauthorized,
        "wrong_code",
        "This code is wrong, or was used already. Wait until your app shows the next one, or use a recovery code.",
    )
}

fn no_setup() -> Problem {
    Problem::new(
        Kind::Conflict,
        "no_factor_setup",
        "There is no setup to finish: it is older than 15 minutes, or was finished or begun anew elsewhere. Set up two-step sign-in again.",
    )
}

fn no_factor() -> Problem {
    Problem::new(
        Kind::Conflict,
        "no_factor",
        "Two-step sign-in is off already. Load your account page again.",
    )
}

fn new_codes() -> Vec<Zeroizing<String>> {
    let code = |_| Zeroizing::new((0..4).map(|_| human_code()).collect::<String>());
    (0..RECOVERY_CODES).map(code).collect()
}

/// As people read them.
fn for_people(codes: &[Zeroizing<String>]) -> RecoveryCodes {
    let groups = |code: &Zeroizing<String>| {
        let characters: Vec<char> = code.chars().collect();
        let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
        SecretString::from(groups.join("-"))
    };
    RecoveryCodes(codes.iter().map(groups).collect())
}

impl Broker {
    /// The person's own second factor, where one is asked for.
    pub async fn factor_of(&self, signed: &Signed) -> Result<Option<FactorView>, Problem> {
        Ok(self.store().factor_view(signed.operator.id).await?)
    }

    /// Begins a second factor. It counts once a code of it was given.
    pub async fn begin_factor(&self, signed: &Signed, visitor: &Visitor) -> Result<FactorSetup, Problem> {
        signed.require_proof()?;
        let operator = signed.operator.id;
        let random = Token::generate().digest();
        let secret = random.as_bytes().get(..SECRET).ok_or_else(unusable)?;
        self.note_visit("operator.factor_begun", Some(operator), visitor)
            .await?;
        if !self.store().begin_factor(operator, secret).await? {
            return Err(Problem::new(
                Kind::Conflict,
                "factor_exists",
                "Two-step sign-in is on already. Switch it off first to use another app.",
            ));
        }
        setup(secret, signed)
    }

    /// The setup that was begun, for whoever mistyped the first code.
    pub async fn begun_factor(&self, signed: &Signed) -> Result<FactorSetup, Problem> {
        let factor = self.store().begun_factor(signed.operator.id, SETUP).await?;
        setup(&factor.ok_or_else(no_setup)?.secret, signed)
    }

    /// Makes the begun factor count, and gives its recovery codes. Other sessions of the person end.
    pub async fn confirm_factor(
        &self,
        signed: &Signed,
        code: &str,
        visitor: &Visitor,
    ) -> Result<RecoveryCodes, Problem> {
        let operator = signed.operator.id;
        let factor = self.store().begun_factor(operator, SETUP).await?.ok_or_else(no_setup)?;
        let counted = self.count_code(operator, Guesser::Session(signed.session.id)).await?;
        let step = match Typed::read(code) {
            Typed::Digits(digits) => step_of(&factor, &digits)?,
            Typed::Recovery(_) => None,
        };
        let Some(step) = step else {
            return Err(Problem::new(
                Kind::Unauthorized,
                "wrong_code",
                "This code does not fit. Look whether the clock of your device is right, and give the six digits that it shows now.",
            ));
        };
        self.note_visit("operator.factor_added", Some(operator), visitor)
            .await?;
        let codes = new_codes();
        let confirmed = self
            .store()
            .confirm_factor(operator, &factor, step, &codes, signed.session.id)
            .await?;
        if !confirmed {
            return Err(no_setup());
        }
        self.store().forget_attempts(&counted).await?;
        Ok(for_people(&codes))
    }

    /// Makes new recovery codes; those before open nothing any more.
    pub async fn renew_recovery_codes(&self, signed: &Signed, visitor: &Visitor) -> Result<RecoveryCodes, Problem> {
        signed.require_proof()?;
        let operator = signed.operator.id;
        self.note_visit("operator.recovery_codes_made", Some(operator), visitor)
            .await?;
        let codes = new_codes();
        if self.store().replace_recovery_codes(operator, &codes).await? {
            Ok(for_people(&codes))
        } else {
            Err(no_factor())
        }
    }

    /// Takes the person's factor away, for a code or a recovery code. Other sessions of the person end.
    pub async fn remove_factor(&self, signed: &Signed, code: &str, visitor: &Visitor) -> Result<(), Problem> {
        let operator = signed.operator.id;
        if self.factor_of(signed).await?.is_none() {
            return Err(no_factor());
        }
        self.check_code(operator, code, Guesser::Session(signed.session.id), visitor)
            .await?;
        self.note_visit("operator.factor_removed", Some(operator), visitor)
            .await?;
        if self.store().remove_factor(operator, signed.session.id).await? {
            Ok(())
        } else {
            Err(no_factor())
        }
    }

    /// Takes a code or recovery code of an operator, once; refuses what is none, and too many of them.
    pub(super) async fn check_code(
        &self,
        operator: OperatorId,
        code: &str,
        from: Guesser,
        visitor: &Visitor,
    ) -> Result<(), Problem> {
        let counted = self.count_code(operator, from).await?;
        let is_right = match Typed::read(code) {
            Typed::Digits(digits) => {
                let factor = self.store().factor(operator).await?.ok_or_else(no_factor)?;
                match step_of(&factor, &digits)? {
                    Some(step) => self.store().take_code(operator, step).await?,
                    None => false,
                }
            }
            Typed::Recovery(code) => {
                let taken = self.store().take_recovery_code(operator, &code).await?;
                if taken {
                    self.note_visit("operator.recovery_code_used", Some(operator), visitor)
                        .await?;
                }
                taken
            }
        };
        if !is_right {
            self.note_visit("operator.code_refused", Some(operator), visitor)
                .await?;
            return Err(wrong_code());
        }
        Ok(self.store().forget_attempts(&counted).await?)
    }

    async fn count_code(&self, operator: OperatorId, from: Guesser) -> Result<Digest, Problem> {
        self.count_guess("code", operator, from).await
    }
}

fn setup(secret: &[u8], signed: &Signed) -> Result<FactorSetup, Problem> {
    let totp = totp(secret, &signed.operator.email)?;
    let url = totp.to_url().map_err(|error| unusable().with_cause(error))?;
    Ok(FactorSetup {
        secret: SecretString::from(totp.secret().to_base32()),
        url: SecretString::from(url),
    })
}

#[cfg(test)]
mod tests {
    use vault::ExposeSecret as _;

    use super::*;

    fn at(now: i64) -> Factor {
        Factor {
            secret: Zeroizing::new(b"12345678901234567890".to_vec()),
            now,
        }
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1: the last six of its eight digits.
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(&at(now), code).unwrap(), Some(now / 30), "{now}");
            // One step off on either side, and no more.
            for near in [-30, 30] {
                assert_eq!(step_of(&at(now + near), code).unwrap(), Some(now / 30), "{now} {near}");
            }
            // Nothing was before 1970.
            for far in [-60, 60, 90].into_iter().filter(|far| now + far > 0) {
                assert_ne!(step_of(&at(now + far), code).unwrap(), Some(now / 30), "{now} {far}");
            }
        }
        for wrong in ["", "28708", "2870820", "+28708", "abcdef"] {
            assert_eq!(step_of(&at(59), wrong).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn codes_are_read_as_people_write_them() {
        for text in ["287082", " 287 082 ", "287-082", "２８７０８２"] {
            assert!(
                matches!(Typed::read(text), Typed::Digits(code) if code == "287082"),
                "{text}"
            );
        }
        for text in ["BCDF-GHJK-LMNP-QRST", "bcdf ghjk lmnp qrst", "bcdfghjklmnpqrst"] {
            assert!(
                matches!(Typed::read(text), Typed::Recovery(code) if *code == "BCDFGHJKLMNPQRST"),
                "{text}"
            );
        }
    }

    #[test]
    fn recovery_codes_are_long_and_all_different() {
        let codes = new_codes();
        let shown = for_people(&codes);
        assert_eq!(shown.0.len(), RECOVERY_CODES);
        for (code, shown) in codes.iter().zip(&shown.0) {
            assert_eq!(shown.expose_secret().len(), 19);
            assert!(matches!(Typed::read(shown.expose_secret()), Typed::Recovery(read) if read == *code));
        }
        let mut sorted: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), RECOVERY_CODES);
    }
}
