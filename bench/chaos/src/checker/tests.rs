//! Hand-made histories, good and bad: each promise is broken once.

use super::{Kind, Mode, Verdict, check};
use crate::history::{Failed, Family, History, Millis, Outcome, Read, Span, Stored, TokenRequest};

const END: Millis = 600_000;

/// A story of connection 0 with family 0, told line by line; two replicas that live all the time.
struct Story(History);

impl Story {
    fn new() -> Self {
        let lives = (0..2).map(|replica| span(replica, 0, None)).collect();
        let family = Family {
            connection: 0,
            from: 0,
            replaced_at: None,
        };
        Self(History {
            lives,
            families: vec![family],
            ..History::default()
        })
    }

    /// A request that is answered 100 ms later.
    fn asks(mut self, replica: usize, presented: u32, at: Millis, outcome: Outcome) -> Self {
        self.0.requests.push(TokenRequest {
            connection: 0,
            family: u32::try_from(self.0.families.len()).unwrap() - 1,
            presented,
            replica,
            connected_at: at,
            at,
            outcome,
            decided_at: Some(at),
            answered_at: Some(at + 100),
            broken_at: None,
        });
        self
    }

    fn last(mut self, change: impl FnOnce(&mut TokenRequest)) -> Self {
        change(self.0.requests.last_mut().unwrap());
        self
    }

    /// Dead from then, and alive again five seconds later.
    fn dies(mut self, replica: usize, at: Millis) -> Self {
        let lives = self.0.lives.iter_mut();
        lives.rev().find(|life| life.replica == replica).unwrap().to = Some(at);
        self.0.lives.push(span(replica, at + 5_000, None));
        self
    }

    fn stops(mut self, replica: usize, from: Millis, to: Millis) -> Self {
        self.0.stops.push(span(replica, from, Some(to)));
        self
    }

    fn cut(mut self, replica: usize, from: Millis, to: Millis) -> Self {
        self.0.cuts.push(span(replica, from, Some(to)));
        self
    }

    fn fails(mut self, at: Millis, reason: &str) -> Self {
        let reason = Some(reason.to_owned());
        self.0.failed.push(Failed {
            connection: 0,
            at,
            reason,
        });
        self
    }

    fn reconnects(mut self, at: Millis) -> Self {
        self.0.families.last_mut().unwrap().replaced_at = Some(at);
        self.0.families.push(Family {
            connection: 0,
            from: at,
            replaced_at: None,
        });
        self
    }

    fn reads(mut self, serial: u32, at: Millis) -> Self {
        self.0.reads.push(Read { family: 0, serial, at });
        self
    }

    fn holds(mut self, at: Millis, family: u32, serial: u32, state: &str, reason: Option<&str>) -> Self {
        self.0.stored.push(Stored {
            connection: 0,
            at,
            family,
            serial,
            state: state.to_owned(),
            reason: reason.map(str::to_owned),
        });
        self
    }

    /// What is stored at the end of a connection that is well.
    fn ends_with(self, family: u32, serial: u32) -> Self {
        self.holds(END, family, serial, "operational", None)
    }

    fn judged(&self, mode: Mode) -> (Vec<Kind>, Verdict) {
        let verdict = check(&self.0, mode, END);
        (verdict.violations.iter().map(|broken| broken.kind).collect(), verdict)
    }
}

const fn span(replica: usize, from: Millis, to: Option<Millis>) -> Span {
    Span { replica, from, to }
}

#[track_caller]
fn good(story: &Story, uncertain: usize) {
    let (kinds, verdict) = story.judged(Mode::Strict);
    assert_eq!(kinds, [], "{verdict:?}");
    assert_eq!((verdict.duplicates, verdict.lost, verdict.uncertain), (0, 0, uncertain));
}

#[track_caller]
fn bad(story: &Story, kind: Kind) {
    let (kinds, verdict) = story.judged(Mode::Strict);
    assert_eq!(kinds, [kind], "{verdict:?}");
}

const UNCERTAIN: &str = "rotation_uncertain";

#[test]
fn a_quiet_life() {
    let story = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .asks(1, 2, 9_000, Outcome::Rotated(3))
        .reads(2, 2_000)
        .reads(3, 10_000)
        .ends_with(0, 3);
    good(&story, 0);
    assert_eq!(story.judged(Mode::Strict).1.refreshes, 2);
}

#[test]
fn a_second_use_of_a_token_that_was_answered() {
    let twice = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .asks(1, 1, 3_000, Outcome::Reused);
    bad(&twice.ends_with(0, 2), Kind::Duplicate);
}

#[test]
fn two_in_flight_at_once() {
    let slow = |outcome| {
        Story::new()
            .asks(0, 1, 1_000, outcome)
            .last(|first| first.answered_at = Some(8_000))
    };
    let both = slow(Outcome::Rotated(2)).asks(1, 1, 3_000, Outcome::Reused);
    bad(&both.ends_with(0, 2), Kind::Duplicate);
    // Also where the provider did not mind.
    let both = slow(Outcome::Unprocessed).asks(1, 1, 3_000, Outcome::Rotated(2));
    bad(&both.ends_with(0, 2), Kind::Duplicate);
    // A stopped process still holds its claim.
    let both = slow(Outcome::Rotated(2)).stops(0, 1_500, 9_000);
    bad(
        &both.asks(1, 1, 3_000, Outcome::Reused).ends_with(0, 2),
        Kind::Duplicate,
    );
}

#[test]
fn what_was_not_spent_may_come_again() {
    let story = Story::new()
        .asks(0, 1, 1_000, Outcome::Unprocessed)
        .asks(1, 1, 3_000, Outcome::Hiccup)
        .asks(1, 1, 3_120, Outcome::Rotated(2))
        .ends_with(0, 2);
    good(&story, 0);
}

#[test]
fn a_token_that_was_received_and_is_not_stored() {
    let story = Story::new().asks(0, 1, 1_000, Outcome::Rotated(2));
    bad(&story.ends_with(0, 1), Kind::Lost);
    // A second after it was received the process died: the journal has it.
    let story = Story::new().asks(0, 1, 1_000, Outcome::Rotated(2)).dies(0, 2_100);
    bad(
        &story
            .asks(0, 1, 8_000, Outcome::Reused)
            .fails(8_200, UNCERTAIN)
            .ends_with(0, 1),
        Kind::Lost,
    );
}

#[test]
fn an_answer_that_never_arrived() {
    let retried = |story: Story| {
        story
            .asks(0, 1, 40_000, Outcome::Reused)
            .asks(0, 1, 41_000, Outcome::Dead)
            .fails(41_100, UNCERTAIN)
            .holds(END, 0, 1, "failed", Some(UNCERTAIN))
    };
    let asked = || Story::new().asks(0, 1, 1_000, Outcome::Rotated(2));
    // Killed before it came, or too soon after.
    good(&retried(asked().dies(0, 1_050)), 1);
    good(&retried(asked().dies(0, 1_300)), 1);
    // Killed while it was stopped: it had no time to read it.
    good(&retried(asked().stops(0, 1_010, 9_000).dies(0, 9_000)), 1);
    good(&retried(asked().cut(0, 900, 1_200)), 1);
    // The provider broke off in the middle.
    let broke = |request: &mut TokenRequest| {
        request.answered_at = None;
        request.broken_at = Some(1_050);
    };
    good(&retried(asked().last(broke)), 1);
}

#[test]
fn a_lost_answer_must_be_called_so() {
    let ends = |reason| {
        Story::new()
            .asks(0, 1, 1_000, Outcome::Rotated(2))
            .dies(0, 1_050)
            .asks(0, 1, 9_000, Outcome::Reused)
            .fails(9_100, reason)
            .holds(END, 0, 1, "failed", Some(reason))
    };
    bad(&ends("grant_gone"), Kind::Unreported);
    good(&ends(UNCERTAIN), 1);
    // It may say so without asking again.
    let silent = Story::new().asks(0, 1, 1_000, Outcome::Rotated(2)).dies(0, 1_050);
    good(
        &silent
            .fails(9_000, UNCERTAIN)
            .holds(END, 0, 1, "failed", Some(UNCERTAIN)),
        1,
    );
    let silent = Story::new().asks(0, 1, 1_000, Outcome::Rotated(2)).dies(0, 1_050);
    bad(&silent.ends_with(0, 1), Kind::Unreported);
}

#[test]
fn a_grace_window_must_be_used() {
    let story = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .dies(0, 1_050)
        .asks(0, 1, 9_000, Outcome::Reissued(2))
        .ends_with(0, 2);
    assert_eq!(story.judged(Mode::Grace).0, []);
    let too_late = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .dies(0, 1_050)
        .asks(0, 1, 200_000, Outcome::Reused)
        .fails(200_100, UNCERTAIN)
        .holds(END, 0, 1, "failed", Some(UNCERTAIN));
    assert_eq!(too_late.judged(Mode::Grace).0, [Kind::GraceUnused]);
}

#[test]
fn a_token_that_was_used_before_it_was_durable() {
    let story = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .reads(2, 1_500)
        .holds(2_000, 0, 1, "operational", None)
        .ends_with(0, 2);
    bad(&story, Kind::Undurable);
    // A look that began before the read proves nothing.
    let story = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .reads(2, 2_500)
        .holds(2_000, 0, 1, "operational", None)
        .ends_with(0, 2);
    good(&story, 0);
}

#[test]
fn a_new_sign_in_wins() {
    let story = || {
        Story::new()
            .asks(0, 1, 1_000, Outcome::Rotated(2))
            .last(|request| request.answered_at = Some(6_000))
            .reconnects(3_000)
    };
    good(&story().ends_with(1, 1), 0);
    bad(&story().ends_with(0, 2), Kind::Resurrected);
}

#[test]
fn failed_without_a_refusal() {
    let hiccup = Story::new()
        .asks(0, 1, 1_000, Outcome::Hiccup)
        .fails(1_200, "grant_gone");
    bad(
        &hiccup.holds(END, 0, 1, "failed", Some("grant_gone")),
        Kind::FailedUnrefused,
    );
    let outage = Story::new()
        .asks(0, 1, 1_000, Outcome::Unprocessed)
        .fails(1_200, UNCERTAIN);
    bad(
        &outage.holds(END, 0, 1, "failed", Some(UNCERTAIN)),
        Kind::FailedUnrefused,
    );
    // A refusal of the grant before says nothing about this one.
    let late = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .dies(0, 1_010)
        .asks(1, 1, 7_000, Outcome::Reused)
        .reconnects(8_000)
        .fails(9_000, "grant_gone");
    bad(
        &late.holds(END, 1, 1, "failed", Some("grant_gone")),
        Kind::FailedUnrefused,
    );
}

#[test]
fn a_dead_grant_is_left_alone() {
    let mut story = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .dies(0, 1_010)
        .asks(1, 1, 7_000, Outcome::Reused)
        .fails(7_500, UNCERTAIN);
    for round in 0..5 {
        story = story.asks(1, 1, 8_000 + 1_000 * round, Outcome::Dead);
    }
    bad(&story.holds(END, 0, 1, "failed", Some(UNCERTAIN)), Kind::Loop);
}

#[test]
fn other_findings_count() {
    let mut story = Story::new().ends_with(0, 1);
    story.0.findings.push("an event has no delivery".to_owned());
    bad(&story, Kind::Record);
}

#[test]
fn a_refused_token_may_be_offered_once_more_to_a_provider_that_stumbles() {
    let story = Story::new()
        .asks(0, 1, 1_000, Outcome::Rotated(2))
        .last(|request| request.answered_at = None)
        .dies(0, 1_050)
        .asks(0, 1, 9_000, Outcome::Reused)
        .asks(1, 1, 19_000, Outcome::Unprocessed);
    let (kinds, _) = story.judged(Mode::Strict);
    assert!(
        !kinds.contains(&Kind::Duplicate) && !kinds.contains(&Kind::Lost),
        "{kinds:?}"
    );
}
