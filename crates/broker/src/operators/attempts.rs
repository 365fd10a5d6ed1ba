//! How often somebody may guess: counted before anything is looked at, so that many at once count as many.

use std::time::Duration;

use store::{OperatorId, OperatorSessionId};
use vault::Digest;

use super::sign_in::Visitor;
use crate::{Broker, Kind, Problem};

/// Attempts are forgotten so long after the last.
const WINDOW: Duration = Duration::from_mins(15);
/// Attempts on one account from one source, or on one factor from one place.
const OF_BOTH: i32 = 10;
/// Attempts from one source, on whatever accounts.
const OF_SOURCE: i32 = 50;
/// Attempts on one account from everywhere. A browser that has signed in before is not held up by them, so that nobody
/// can keep an operator out.
const OF_ACCOUNT: i32 = 100;
/// Guesses at codes are remembered so long: of a million codes three are right.
const DAY: Duration = Duration::from_hours(24);
/// And so many are made in that time.
const OF_DAY: i32 = 50;
/// Ways to the provider of single sign-on that one source begins: each is a row for ten minutes.
const SIGN_ONS: i32 = 200;
/// By browsers in which the operator has signed in before, so many, of passwords too: whoever took such a browser's proof
/// guesses no longer than this, and its owner signs in as often as anybody does.
const OF_DAY_KNOWN: i32 = 200;

/// Who guesses. Each counts apart, so that nobody spends the attempts of somebody else.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guesser {
    /// A browser in which the operator has signed in before.
    Known,
    /// Any other.
    New,
    /// Somebody who is signed in.
    Session(OperatorSessionId),
}

impl Guesser {
    pub(super) const fn door(known: bool) -> Self {
        if known { Self::Known } else { Self::New }
    }

    fn name(self) -> String {
        match self {
            Self::Known => "known".to_owned(),
            Self::New => "new".to_owned(),
            Self::Session(id) => format!("session {id}"),
        }
    }
}

fn too_many(message: &str, wait: Duration) -> Problem {
    Problem::new(Kind::TooManyRequests, "too_many_attempts", message).with_retry_after(wait)
}

impl Broker {
    /// Counts an attempt to sign in. The key of account and source, to be forgotten when all is well.
    pub(super) async fn count_attempt(&self, email: &str, visitor: &Visitor, known: bool) -> Result<Digest, Problem> {
        let source = visitor.source();
        let both = Digest::of(&format!("both {email} {source} {known}"));
        let (of_source, of_account) = (
            Digest::of(&format!("source {source}")),
            Digest::of(&format!("account {email}")),
        );
        let limits = [
            (&both, OF_BOTH, true),
            (&of_source, OF_SOURCE, true),
            (&of_account, OF_ACCOUNT, !known),
        ];
        for (key, most, counts) in limits {
            let attempts = self.store().count_attempt(key, WINDOW).await?;
            if counts && attempts.count > most {
                return Err(too_many(
                    "There were too many attempts to sign in. Wait 15 minutes, or use a browser in which you have signed in before.",
                    WINDOW,
                ));
            }
        }
        let day = Digest::of(&format!("account {email} known day"));
        if known && self.store().count_attempt_in(&day, DAY).await? > OF_DAY_KNOWN {
            return Err(too_many(
                "There were too many attempts to sign in today. Try again tomorrow, or ask whoever owns this server for a link with `latchkey operators reset`.",
                DAY,
            ));
        }
        Ok(both)
    }

    /// Counts that somebody is sent to the provider of single sign-on.
    pub(super) async fn count_sign_on(&self, visitor: &Visitor) -> Result<(), Problem> {
        let key = Digest::of(&format!("sign-on {}", visitor.source()));
        if self.store().count_attempt(&key, WINDOW).await?.count > SIGN_ONS {
            return Err(too_many(
                "There were too many attempts to sign in from your network. Wait 15 minutes, or use your password.",
                WINDOW,
            ));
        }
        Ok(())
    }

    /// Counts a guess at something of an operator. Its key, to be forgotten when it is right.
    pub(super) async fn count_guess(
        &self,
        what: &'static str,
        operator: OperatorId,
        from: Guesser,
    ) -> Result<Digest, Problem> {
        let name = from.name();
        let key = Digest::of(&format!("{what} {operator} {name}"));
        if self.store().count_attempt(&key, WINDOW).await?.count > OF_BOTH {
            return Err(too_many(
                "There were too many wrong attempts. Wait 15 minutes, then try again.",
                WINDOW,
            ));
        }
        let day = Digest::of(&format!("{what} {operator} {name} day"));
        let most = match from {
            Guesser::Known => OF_DAY_KNOWN,
            Guesser::New | Guesser::Session(_) => OF_DAY,
        };
        if self.store().count_attempt_in(&day, DAY).await? > most {
            return Err(too_many(
                "There were too many attempts today. Use a browser in which you have signed in before, or try again tomorrow.",
                DAY,
            ));
        }
        Ok(key)
    }
}
