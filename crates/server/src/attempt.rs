//! How far a connect attempt came, in words: the same in the console and in the API.

use chrono::{DateTime, Utc};
use store::{AttemptFlow, ConnectAttempt, Outcome};

/// A step of an attempt.
#[derive(Debug)]
pub(crate) struct Step {
    /// What it is.
    pub(crate) word: &'static str,
    /// When it was done; not, where it was not reached.
    pub(crate) at: Option<DateTime<Utc>>,
    /// Whether it was done at all: the time is not known of each.
    pub(crate) is_done: bool,
}

/// The service that an attempt is about, as far as it is known.
pub(crate) fn integration_of(attempt: &ConnectAttempt) -> Option<&str> {
    let only = attempt.integrations.as_deref().and_then(|all| match all {
        [only] => Some(only.as_str()),
        _ => None,
    });
    let flow = attempt.flow.as_ref().map(|flow| flow.integration.as_str());
    flow.or(attempt.told_of.as_deref()).or(only)
}

/// The five steps.
pub(crate) fn steps(attempt: &ConnectAttempt) -> Vec<Step> {
    let flow = attempt.flow.as_ref();
    let connected = attempt.outcome == Outcome::Connected;
    let step = |word, at: Option<DateTime<Utc>>, is_done| Step {
        word,
        at,
        is_done: is_done || at.is_some(),
    };
    let away = flow.is_some_and(was_away);
    let mut steps = vec![
        step(
            "Opened",
            attempt.opened_at,
            flow.is_some() || connected || attempt.told.is_some(),
        ),
        step(
            "Picked a service",
            flow.map(|flow| flow.picked_at),
            connected || attempt.told_of.is_some(),
        ),
    ];
    // Typed-in keys never leave for the service.
    if flow.is_some() {
        steps.push(step(
            "Sent to the service",
            flow.and_then(|flow| flow.sent_at),
            away || connected,
        ));
        steps.push(step("Came back", flow.and_then(|flow| flow.returned_at), connected));
    }
    let ended = flow.filter(|_| connected).and_then(|flow| flow.ended_at);
    steps.push(step("Connected", ended, connected));
    steps
}

fn was_away(flow: &AttemptFlow) -> bool {
    flow.sent_at.is_some()
        || matches!(
            flow.status.as_str(),
            "away" | "exchanging" | "choosing" | "verifying" | "succeeded"
        )
}

/// Where it stopped, in words.
pub(crate) fn stopped(attempt: &ConnectAttempt) -> &'static str {
    let flow = attempt.flow.as_ref();
    match (attempt.outcome, flow) {
        (Outcome::Connected, _) => "It went through.",
        (_, None) if attempt.told_of.is_some() => "At the form of the service, before a sign-in began.",
        (_, None) if attempt.opened_at.is_none() => "The modal was never opened.",
        (_, None) => "In the list of services: none was picked.",
        (_, Some(flow)) if flow.status == "verifying" => "Your backend has not said yet who finished it.",
        (_, Some(flow)) if flow.status == "choosing" => "The person has not chosen an account.",
        (_, Some(flow)) if flow.returned_at.is_some() => "After the person came back from the service.",
        (_, Some(flow)) if was_away(flow) => "At the service: the person did not come back.",
        (_, Some(flow)) if flow.status == "confirming" => "The person was asked whether it is theirs.",
        (_, Some(_)) => "Before the person was sent to the service.",
    }
}

/// The failure in words, with its code.
pub(crate) fn failure(attempt: &ConnectAttempt) -> Option<(String, String)> {
    if attempt.outcome == Outcome::Connected {
        return None;
    }
    let ended = attempt
        .flow
        .as_ref()
        .and_then(|flow| flow.code.clone().zip(flow.message.clone()));
    ended.or_else(|| attempt.told.clone())
}
