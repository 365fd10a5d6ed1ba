use serde_json::json;

use super::*;

fn refused(value: &Value) -> &'static str {
    match Faults::read(value).unwrap_err() {
        InvalidFaults::Field { field, .. } => field,
        InvalidFaults::Shape => "shape",
        InvalidFaults::UnknownField => "unknown",
    }
}

/// Everything that can be set, so that a new field is not forgotten.
fn all() -> Value {
    json!({
        "fault": "rate_limited", "on": ["refresh", "api"], "times": 3, "delayMs": 20, "retryAfter": "soon",
        "rotation": "grace", "graceSeconds": 5, "graceAnswer": "same", "tokenSeconds": 7, "omitExpiresIn": true,
        "scope": "profile", "revocation": "not_found",
    })
}

#[test]
fn a_choice_reads_back_as_it_was_written() {
    for value in [
        json!({}),
        all(),
        json!({ "fault": "error_in_success", "error": "invalid_grant" }),
    ] {
        let faults = Faults::read(&value).unwrap();
        assert_eq!(serde_json::to_value(&faults).unwrap(), value);
    }
    for (name, _) in FIELDS {
        assert!(name == "error" || all().get(name).is_some(), "{name}");
        assert!(InvalidFaults::UnknownField.to_string().contains(name), "{name}");
    }
}

#[test]
fn seconds_to_wait_may_be_a_number() {
    let number = Faults::read(&json!({ "fault": "rate_limited", "retryAfter": 7 })).unwrap();
    let text = Faults::read(&json!({ "fault": "rate_limited", "retryAfter": "7" })).unwrap();
    assert_eq!(number, text);
    for (wrong, says) in [
        (
            json!({ "fault": "rate_limited", "retryAfter": -1 }),
            "a number of seconds, or a string",
        ),
        (
            json!({ "scope": ["profile", "items"] }),
            "a string: profile, items, or both separated by a space",
        ),
    ] {
        let refused = Faults::read(&wrong).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn names_are_those_of_the_messages() {
    for fault in Fault::ALL {
        assert_eq!(serde_json::to_value(fault).unwrap(), fault.as_str());
        assert!(FIELDS[0].1.contains(fault.as_str()), "{fault:?}");
        assert!(Faults::read(&json!({ "fault": fault.as_str() })).is_ok());
    }
    for call in FaultedCall::ALL {
        assert_eq!(serde_json::to_value(call).unwrap(), call.as_str());
        assert!(FIELDS[1].1.contains(call.as_str()), "{call:?}");
    }
}

#[test]
fn what_does_not_fit_is_named_and_not_repeated() {
    for (value, field) in [
        (json!([]), "shape"),
        (json!("slow"), "shape"),
        (json!({ "canary": 1 }), "unknown"),
        (json!({ "fault": "canary" }), "fault"),
        (json!({ "fault": ["slow"] }), "fault"),
        (json!({ "fault": "slow", "on": "refresh" }), "on"),
        (json!({ "fault": "slow", "on": [] }), "on"),
        (json!({ "fault": "slow", "on": ["canary"] }), "on"),
        (json!({ "on": ["refresh"] }), "on"),
        (json!({ "fault": "expired_code", "on": ["refresh"] }), "on"),
        (
            json!({ "fault": "refresh_refused", "on": ["refresh", "exchange"] }),
            "on",
        ),
        (json!({ "fault": "client_refused", "on": ["api"] }), "on"),
        (json!({ "fault": "slow", "times": 0 }), "times"),
        (json!({ "fault": "slow", "times": 1.5 }), "times"),
        (json!({ "fault": "slow", "times": "2" }), "times"),
        (json!({ "times": 2 }), "times"),
        (json!({ "fault": "slow", "delayMs": 60_001 }), "delayMs"),
        (json!({ "fault": "slow", "delayMs": -1 }), "delayMs"),
        (json!({ "delayMs": 5 }), "delayMs"),
        (json!({ "fault": "slow", "retryAfter": "1" }), "retryAfter"),
        (
            json!({ "fault": "rate_limited", "retryAfter": "a\r\nb: c" }),
            "retryAfter",
        ),
        (json!({ "fault": "rate_limited", "retryAfter": "" }), "retryAfter"),
        (json!({ "fault": "html", "error": "x" }), "error"),
        (json!({ "fault": "error_in_success", "error": "<b>" }), "error"),
        (json!({ "rotation": "canary" }), "rotation"),
        (json!({ "rotation": "strict", "graceSeconds": 5 }), "graceSeconds"),
        (json!({ "rotation": "grace", "graceSeconds": 0 }), "graceSeconds"),
        (json!({ "graceAnswer": "same" }), "graceAnswer"),
        (json!({ "tokenSeconds": 0 }), "tokenSeconds"),
        (json!({ "omitExpiresIn": "yes" }), "omitExpiresIn"),
        (json!({ "scope": "admin" }), "scope"),
        (json!({ "scope": "" }), "scope"),
        (json!({ "revocation": true }), "revocation"),
    ] {
        assert_eq!(refused(&value), field, "{value}");
        assert!(
            !Faults::read(&value).unwrap_err().to_string().contains("canary"),
            "{value}"
        );
    }
}

#[test]
fn a_fault_hits_refreshes_unless_others_are_chosen() {
    use FaultedCall::{Api, Exchange, Refresh, Revoke};
    let hit = |value: Value| {
        let faults = Faults::read(&value).unwrap();
        FaultedCall::ALL
            .into_iter()
            .filter(|call| faults.hits(*call))
            .collect::<Vec<_>>()
    };
    assert_eq!(hit(json!({ "rotation": "strict" })), []);
    assert_eq!(hit(json!({ "fault": "server_error" })), [Refresh]);
    assert_eq!(hit(json!({ "fault": "expired_code" })), [Exchange]);
    assert_eq!(hit(json!({ "fault": "html", "on": ["api", "revoke"] })), [Revoke, Api]);
}
