//! What the provider knows: grants, which token of each is the current one, and what became of each request.

use std::collections::HashMap;

use crate::checker::Mode;
use crate::history::{FamilyId, Millis, Outcome};

/// A spent token is given its successor again for so long, in [`Mode::Grace`].
const GRACE: Millis = 120_000;
/// An access token is honoured this much longer than it says: the call itself takes time.
const LEEWAY: Millis = 1_000;

/// A grant.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) connection: u32,
    /// Seconds that its access tokens live.
    pub(crate) lifetime: u64,
    /// The number of its newest tokens; they come in pairs.
    pub(crate) newest: u32,
    /// When each pair was issued.
    issued_at: Vec<Millis>,
    pub(crate) alive: bool,
}

/// Tokens as they go over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) expires_in: u64,
}

/// Everything that the provider remembers.
#[derive(Debug)]
pub(crate) struct Book {
    mode: Mode,
    /// Part of every token, so that nothing else is one.
    mark: String,
    grants: Vec<Grant>,
    /// Tokens whose good use was refused once.
    hiccups: HashMap<FamilyId, u32>,
}

/// What an access token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Good {
        connection: u32,
        family: FamilyId,
        serial: u32,
    },
    /// Expired, or of a revoked grant.
    Over {
        family: FamilyId,
        serial: u32,
    },
    Unknown,
}

impl Book {
    pub(crate) fn new(mode: Mode, mark: String) -> Self {
        Self {
            mode,
            mark,
            grants: Vec::new(),
            hiccups: HashMap::new(),
        }
    }

    /// A new grant with its first pair.
    pub(crate) fn open(&mut self, connection: u32, lifetime: u64, now: Millis) -> (FamilyId, Pair) {
        let family = FamilyId::try_from(self.grants.len()).unwrap_or(FamilyId::MAX);
        self.grants.push(Grant {
            connection,
            lifetime,
            newest: 1,
            issued_at: vec![now],
            alive: true,
        });
        (family, self.pair(family, 1))
    }

    /// A grant.
    pub(crate) fn grant(&self, family: FamilyId) -> Option<&Grant> {
        self.grants.get(family as usize)
    }

    /// Changes the lifetime of the tokens to come.
    pub(crate) fn set_lifetime(&mut self, family: FamilyId, lifetime: u64) {
        if let Some(grant) = self.grants.get_mut(family as usize) {
            grant.lifetime = lifetime;
        }
    }

    /// The pair with this number.
    pub(crate) fn pair(&self, family: FamilyId, serial: u32) -> Pair {
        Pair {
            access: self.text("at", family, serial),
            refresh: self.text("rt", family, serial),
            expires_in: self.grants[family as usize].lifetime,
        }
    }

    fn text(&self, kind: &str, family: FamilyId, serial: u32) -> String {
        format!("{kind}.{}.{family}.{serial}", self.mark)
    }

    /// Family and number of a token that this provider gave.
    pub(crate) fn read(&self, kind: &str, token: &str) -> Option<(FamilyId, u32)> {
        let mut parts = token.split('.');
        let known = parts.next() == Some(kind) && parts.next() == Some(self.mark.as_str());
        let family: FamilyId = parts.next()?.parse().ok()?;
        let serial = parts.next()?.parse().ok()?;
        let given = (1..=self.grants.get(family as usize)?.newest).contains(&serial);
        (known && given && parts.next().is_none()).then_some((family, serial))
    }

    /// Decides about a refresh token.
    pub(crate) fn spend(&mut self, family: FamilyId, presented: u32, now: Millis) -> Outcome {
        let grant = &mut self.grants[family as usize];
        if !grant.alive {
            return Outcome::Dead;
        }
        if presented == grant.newest {
            grant.newest += 1;
            grant.issued_at.push(now);
            return Outcome::Rotated(grant.newest);
        }
        let spent_at = grant.issued_at.last().copied().unwrap_or_default();
        if self.mode == Mode::Grace && presented + 1 == grant.newest && now.saturating_sub(spent_at) < GRACE {
            return Outcome::Reissued(grant.newest);
        }
        grant.alive = false;
        Outcome::Reused
    }

    /// Whether a good token may be refused this once; never twice in a row.
    pub(crate) fn may_hiccup(&mut self, family: FamilyId, presented: u32) -> bool {
        let good = self.grants[family as usize].alive && self.grants[family as usize].newest == presented;
        good && self.hiccups.insert(family, presented) != Some(presented)
    }

    /// What an access token is worth now.
    pub(crate) fn access(&self, token: &str, now: Millis) -> Access {
        let Some((family, serial)) = self.read("at", token) else {
            return Access::Unknown;
        };
        let grant = &self.grants[family as usize];
        let issued = grant.issued_at[serial as usize - 1];
        if grant.alive && now <= issued + grant.lifetime * 1_000 + LEEWAY {
            Access::Good {
                connection: grant.connection,
                family,
                serial,
            }
        } else {
            Access::Over { family, serial }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(mode: Mode) -> Book {
        let mut book = Book::new(mode, "m".to_owned());
        book.open(0, 5, 0);
        book
    }

    #[test]
    fn reuse_revokes_the_family() {
        let mut book = book(Mode::Strict);
        assert_eq!(book.spend(0, 1, 10), Outcome::Rotated(2));
        assert_eq!(book.spend(0, 2, 20), Outcome::Rotated(3));
        let access = book.pair(0, 3).access;
        assert!(matches!(book.access(&access, 30), Access::Good { serial: 3, .. }));
        assert_eq!(book.spend(0, 2, 40), Outcome::Reused);
        assert_eq!(book.spend(0, 3, 50), Outcome::Dead);
        assert!(matches!(book.access(&access, 60), Access::Over { serial: 3, .. }));
    }

    #[test]
    fn grace_gives_the_successor_for_a_while() {
        let mut book = book(Mode::Grace);
        assert_eq!(book.spend(0, 1, 10), Outcome::Rotated(2));
        assert_eq!(book.spend(0, 1, 20), Outcome::Reissued(2));
        assert_eq!(book.spend(0, 2, 30), Outcome::Rotated(3));
        assert_eq!(book.spend(0, 1, 40), Outcome::Reused, "only the previous one");
        let mut book = super::tests::book(Mode::Grace);
        book.spend(0, 1, 10);
        assert_eq!(book.spend(0, 1, 10 + GRACE), Outcome::Reused);
    }

    #[test]
    fn access_ends() {
        let book = book(Mode::Strict);
        let access = book.pair(0, 1).access;
        assert!(matches!(book.access(&access, 5_900), Access::Good { .. }));
        assert!(matches!(book.access(&access, 6_100), Access::Over { .. }));
        for token in ["", "at.m.0.2", "at.x.0.1", "rt.m.0.1", "at.m.9.1", "at.m.0.1.1"] {
            assert_eq!(book.access(token, 0), Access::Unknown, "{token}");
        }
    }

    #[test]
    fn a_good_token_is_refused_once() {
        let mut book = book(Mode::Strict);
        assert!(book.may_hiccup(0, 1));
        assert!(!book.may_hiccup(0, 1));
        book.spend(0, 1, 10);
        assert!(!book.may_hiccup(0, 1), "spent");
        assert!(book.may_hiccup(0, 2));
    }
}
