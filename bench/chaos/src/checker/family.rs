//! One grant: were its tokens used once, and is the last one the stored one?

use crate::checker::delivery::Deliveries;
use crate::checker::{Kind, Mode, REFUSALS, Verdict, is_uncertain};
use crate::history::{FamilyId, Millis, Outcome, Stored, TokenRequest};

/// From the provider's refusal to the connection's word for it: the confirmation, and its pause.
const TIME_TO_SAY_SO: Millis = 90_000;

/// How a grant came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// A token was used twice and nothing excuses it.
    Blamed,
    /// An answer never arrived.
    Uncertain,
}

pub(super) fn judge(deliveries: &Deliveries<'_>, mode: Mode, id: FamilyId, verdict: &mut Verdict) {
    let history = deliveries.history;
    let family = &history.families[id as usize];
    let of_family = history.requests.iter().filter(|request| request.family == id);
    let mut requests: Vec<&TokenRequest> = of_family.collect();
    let refused = requests
        .iter()
        .filter(|request| request.outcome.is_refusal() && deliveries.received(request))
        .count();
    if refused > REFUSALS {
        let what = format!("family {id} was refused {refused} times after its end");
        verdict.broken(Kind::Loop, family.connection, what);
    }
    let blamed = second_uses(deliveries, id, family.connection, &requests, verdict);
    requests.retain(|request| request.outcome.issued().is_some() || request.outcome == Outcome::Reused);
    requests.sort_by_key(|request| request.decided_at);
    let stored = history
        .stored
        .iter()
        .rev()
        .find(|stored| stored.connection == family.connection);

    if let Some(end) = requests.iter().find(|request| request.outcome == Outcome::Reused) {
        let cause = if blamed { Cause::Blamed } else { Cause::Uncertain };
        died(deliveries, mode, cause, end, verdict);
    } else if family.replaced_at.is_none() {
        let Some(stored) = stored else {
            return verdict.broken(Kind::Lost, family.connection, "nothing is stored");
        };
        alive(deliveries, id, &requests, stored, verdict);
    }
}

/// Looks at each pair of requests with one token. True when a second use has no excuse.
fn second_uses(
    deliveries: &Deliveries<'_>,
    id: FamilyId,
    connection: u32,
    requests: &[&TokenRequest],
    verdict: &mut Verdict,
) -> bool {
    let mut blamed = false;
    for (number, second) in requests.iter().enumerate() {
        // A dead grant cannot be harmed any more.
        if second.outcome == Outcome::Dead {
            continue;
        }
        for first in &requests[..number] {
            // A token that was not spent may come again, once nobody waits for the first answer.
            // One that the provider refused may come once more, whatever comes of that: the confirmation.
            let unspent = !first.outcome.is_use() || first.outcome.is_refusal();
            let harmless = unspent && deliveries.is_over(first, second.at);
            if first.presented != second.presented || harmless {
                continue;
            }
            let received = deliveries.received_by(first, second.at);
            let what = || {
                format!(
                    "family {id}: refresh token {} sent by replica {} at {} and by replica {} at {}",
                    first.presented, first.replica, first.at, second.replica, second.at
                )
            };
            if received && deliveries.is_dead(first, second.at) {
                blamed = true;
                verdict.broken(Kind::Lost, connection, format!("{}; the first had its answer", what()));
            } else if received || !deliveries.gave_up(first, second.at) {
                blamed = true;
                verdict.broken(Kind::Duplicate, connection, what());
            }
        }
    }
    blamed
}

/// A family that the provider revoked because a token was used again.
fn died(deliveries: &Deliveries<'_>, mode: Mode, cause: Cause, end: &TokenRequest, verdict: &mut Verdict) {
    if cause == Cause::Blamed {
        // Told already, by the pair.
        return;
    }
    if mode == Mode::Grace {
        let what = format!(
            "family {} ended at {} although its token could be had again",
            end.family, end.at
        );
        verdict.broken(Kind::GraceUnused, end.connection, what);
    }
    verdict.uncertain += 1;
    // The product's own word for it.
    let history = deliveries.history;
    let reported = history.failed.iter().any(|failed| {
        failed.connection == end.connection && failed.at + 1_000 >= end.at && is_uncertain(failed.reason.as_deref())
    });
    // Somebody who connected again in the meantime left it no time to say so.
    let of_family = history.requests.iter().filter(|request| request.family == end.family);
    let learned = of_family
        .filter(|request| request.outcome.is_refusal() && deliveries.received(request))
        .filter_map(|request| request.answered_at)
        .min();
    let replaced = history.families[end.family as usize]
        .replaced_at
        .is_some_and(|replaced| learned.is_none_or(|learned| replaced < learned + TIME_TO_SAY_SO));
    if !reported && !replaced {
        let what = format!(
            "family {} ended at {} with an answer that never arrived, and the connection does not say so",
            end.family, end.at
        );
        verdict.broken(Kind::Unreported, end.connection, what);
    }
}

/// A family that the provider still honours, of a connection that was left in peace at the end.
fn alive(
    deliveries: &Deliveries<'_>,
    id: FamilyId,
    requests: &[&TokenRequest],
    stored: &Stored,
    verdict: &mut Verdict,
) {
    if stored.family > id {
        // It was replaced after the last look.
        return;
    }
    let issued = requests.iter().filter(|request| request.outcome.issued().is_some());
    let Some(last) = issued.max_by_key(|request| request.outcome.issued()) else {
        return;
    };
    let newest = last.outcome.issued().unwrap_or_default();
    if stored.family == id && stored.serial == newest {
        return;
    }
    let what = format!(
        "family {id}: the provider's last token is {newest}, stored is {} of family {} ({}, {})",
        stored.serial,
        stored.family,
        stored.state,
        stored.reason.as_deref().unwrap_or("no reason")
    );
    if requests
        .iter()
        .any(|request| request.outcome.issued() == Some(newest) && deliveries.received(request))
    {
        verdict.broken(Kind::Lost, stored.connection, what);
    } else if is_uncertain(stored.reason.as_deref()) {
        verdict.uncertain += 1;
    } else {
        verdict.uncertain += 1;
        verdict.broken(Kind::Unreported, stored.connection, what);
    }
}
