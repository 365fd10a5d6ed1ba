//! Proving once more who one is, for what a session alone must not do; and changing the own password.

use std::time::Duration;

use vault::{SecretString, Token};

use super::attempts::Guesser;
use super::sign_in::{Cookie, Visitor};
use super::{Signed, password};
use crate::{Broker, Kind, Problem};

/// A proof counts so long.
const PROOF: Duration = Duration::from_mins(10);

/// What is given as a proof.
#[derive(Debug)]
pub struct Proof {
    /// The password.
    pub password: SecretString,
    /// The code of the second factor; empty where there is none.
    pub code: String,
}

impl Signed {
    /// Whether the person proved who they are a short time ago.
    pub fn is_proved(&self) -> bool {
        u64::try_from(self.proved_ago).is_ok_and(|ago| ago < PROOF.as_secs())
    }

    /// Refuses somebody whose proof is old.
    pub fn require_proof(&self) -> Result<(), Problem> {
        if self.is_proved() {
            return Ok(());
        }
        Err(proof_needed())
    }
}

pub(super) fn proof_needed() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "proof_needed",
        "For this you confirm first that it is you, with your password. Open the page again and do so.",
    )
}

fn wrong_password() -> Problem {
    Problem::new(
        Kind::Unauthorized,
        "wrong_password",
        "The password is wrong. Whoever owns this server can reset it with `latchkey operators reset`.",
    )
}

impl Broker {
    /// Whether the person has a password at all: who came by the line of `latchkey dev` has none.
    pub async fn has_password(&self, signed: &Signed) -> Result<bool, Problem> {
        Ok(self.store().password_of(signed.operator.id).await?.is_some())
    }

    /// Notes that the person proved who they are. The session goes on under a new cookie.
    pub async fn prove_again(&self, signed: &Signed, proof: &Proof, visitor: &Visitor) -> Result<Cookie, Problem> {
        let operator = signed.operator.id;
        self.check_password(signed, &proof.password, visitor).await?;
        if self.factor_of(signed).await?.is_some() {
            let from = Guesser::Session(signed.session.id);
            self.check_code(operator, &proof.code, from, visitor).await?;
        }
        self.note_visit("operator.proved", Some(operator), visitor).await?;
        self.prove_now(signed).await
    }

    /// Changes the person's own password, for the present one. Their other sessions end.
    pub async fn change_password(
        &self,
        signed: &Signed,
        present: &SecretString,
        new: &SecretString,
        visitor: &Visitor,
    ) -> Result<Cookie, Problem> {
        let operator = &signed.operator;
        let old = self.check_password(signed, present, visitor).await?;
        let hash = password::hash(new, &[operator.email.as_str(), operator.name.as_str()]).await?;
        self.note_visit("operator.password_changed", Some(operator.id), visitor)
            .await?;
        let changed = self
            .store()
            .change_password(operator.id, &old, &hash, signed.session.id)
            .await?;
        if !changed {
            return Err(Problem::new(
                Kind::Conflict,
                "password_changed",
                "Your password was changed elsewhere just now. Load the page again, and give the new one.",
            ));
        }
        self.renew_cookie(signed).await
    }

    /// The hash of the password, which was right.
    async fn check_password(
        &self,
        signed: &Signed,
        given: &SecretString,
        visitor: &Visitor,
    ) -> Result<String, Problem> {
        let operator = signed.operator.id;
        let counted = self
            .count_guess("password", operator, Guesser::Session(signed.session.id))
            .await?;
        let hash = self.store().password_of(operator).await?;
        let (is_right, _) = password::verify(given, hash.as_deref()).await?;
        match hash {
            Some(hash) if is_right => {
                self.store().forget_attempts(&counted).await?;
                Ok(hash)
            }
            _ => {
                self.note_visit("operator.proof_refused", Some(operator), visitor)
                    .await?;
                Err(wrong_password())
            }
        }
    }

    pub(super) async fn prove_now(&self, signed: &Signed) -> Result<Cookie, Problem> {
        let token = Token::generate();
        let proved = self
            .store()
            .prove_operator_session(signed.session.id, &token.digest())
            .await?;
        self.with_session(signed, token, proved).await
    }

    async fn renew_cookie(&self, signed: &Signed) -> Result<Cookie, Problem> {
        let token = Token::generate();
        let renewed = self
            .store()
            .renew_operator_session(signed.session.id, &token.digest())
            .await?;
        self.with_session(signed, token, renewed).await
    }

    async fn with_session(&self, signed: &Signed, token: Token, goes_on: bool) -> Result<Cookie, Problem> {
        if !goes_on {
            return Err(Problem::new(
                Kind::Unauthorized,
                "session_over",
                "Your session ended meanwhile. Sign in again.",
            ));
        }
        let operator = signed.operator.id;
        let hash = self.store().password_of(operator).await?;
        Ok(Cookie {
            token,
            operator,
            known: self.known_browser(operator, hash.as_deref()),
        })
    }
}
