//! What a developer chose in the folded part of the consent page. The fields are named as in JSON.

use serde_json::{Map, Value, json};
use store::sandbox::{Fault, FaultedCall, Faults, InvalidFaults};

use crate::parameters::Parameters;

/// Fields that hold a text, and fields that hold a number.
const TEXTS: [&str; 7] = [
    "fault",
    "retryAfter",
    "error",
    "rotation",
    "graceAnswer",
    "scope",
    "revocation",
];
const NUMBERS: [&str; 4] = ["times", "delayMs", "graceSeconds", "tokenSeconds"];

/// A choice of the page: its value and what a person reads.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
}

const fn choice(value: &'static str, label: &'static str) -> Choice {
    Choice { value, label }
}

/// What can happen to a call.
pub(crate) fn faults() -> Vec<Choice> {
    let label = |fault| match fault {
        Fault::Slow => "Slow",
        Fault::Hanging => "Hangs, never answers",
        Fault::ServerError => "500",
        Fault::RateLimited => "429 with Retry-After",
        Fault::Html => "A page instead of JSON",
        Fault::ErrorInSuccess => "200 with an error in it",
        Fault::ExpiredCode => "The code has expired",
        Fault::RefreshRefused => "Refresh refused (invalid_grant)",
        Fault::ClientRefused => "Client refused (invalid_client)",
        Fault::AnswerLost => "Done, but the answer is lost",
    };
    Fault::ALL.map(|fault| choice(fault.as_str(), label(fault))).into()
}

/// The calls to which it can happen.
pub(crate) fn calls() -> Vec<Choice> {
    let label = |call| match call {
        FaultedCall::Exchange => "Code for tokens",
        FaultedCall::Refresh => "Refresh",
        FaultedCall::Revoke => "Revocation",
        FaultedCall::Api => "API",
    };
    FaultedCall::ALL.map(|call| choice(call.as_str(), label(call))).into()
}

/// How a used refresh token is replaced.
pub(crate) const ROTATIONS: [Choice; 3] = [
    choice("strict", "Replaced; reuse revokes everything"),
    choice("grace", "Replaced; the old one works a while"),
    choice("none", "Kept"),
];

/// What else the revocation endpoint may say.
pub(crate) const REVOCATIONS: [Choice; 2] = [
    choice("not_found", "404, there is none"),
    choice("unsupported_token_type", "unsupported_token_type"),
];

/// The choice; `None` when nothing was chosen, so that what is set for the project holds.
pub(crate) fn read(form: &Parameters) -> Result<Option<Faults>, InvalidFaults> {
    let mut fields = Map::new();
    let mut put = |name: &'static str, read: fn(&str) -> Value| {
        let given = form.get(name).map_err(|_| InvalidFaults::Shape)?;
        if let Some(text) = given {
            fields.insert(name.to_owned(), read(text));
        }
        Ok(())
    };
    for name in TEXTS {
        put(name, |text| text.into())?;
    }
    for name in NUMBERS {
        // What is no number stays a text, which is refused under its field's name.
        put(name, |text| {
            text.parse::<i64>().map_or_else(|_| text.into(), Value::from)
        })?;
    }
    put("on", |text| json!([text]))?;
    put("omitExpiresIn", |text| json!(text == "true"))?;
    if fields.is_empty() {
        return Ok(None);
    }
    Faults::read(&Value::Object(fields)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(form: &str) -> Result<Option<Value>, InvalidFaults> {
        let faults = read(&Parameters::parse(form.as_bytes()))?;
        Ok(faults.map(|faults| serde_json::to_value(faults).unwrap()))
    }

    #[test]
    fn the_form_says_what_json_says() {
        assert_eq!(chosen("account=ann&fault=&on=&times=&rotation=").unwrap(), None);
        assert_eq!(
            chosen("fault=rate_limited&on=refresh&times=2&retryAfter=30&rotation=strict&omitExpiresIn=true").unwrap(),
            Some(json!({
                "fault": "rate_limited", "on": ["refresh"], "times": 2, "retryAfter": "30", "rotation": "strict",
                "omitExpiresIn": true,
            }))
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (form, field) in [
            ("fault=x", "fault"),
            ("fault=slow&times=often", "times"),
            ("on=refresh", "on"),
        ] {
            assert!(
                matches!(chosen(form), Err(InvalidFaults::Field { field: named, .. }) if named == field),
                "{form}"
            );
        }
        assert_eq!(chosen("fault=slow&fault=html"), Err(InvalidFaults::Shape));
    }

    #[test]
    fn every_choice_of_the_page_can_be_made() {
        for fault in faults() {
            assert!(chosen(&format!("fault={}", fault.value)).is_ok(), "{}", fault.value);
        }
        for call in calls() {
            assert!(
                chosen(&format!("fault=slow&on={}", call.value)).is_ok(),
                "{}",
                call.value
            );
        }
        for rotation in ROTATIONS {
            assert!(
                chosen(&format!("rotation={}", rotation.value)).is_ok(),
                "{}",
                rotation.value
            );
        }
        for revocation in REVOCATIONS {
            assert!(
                chosen(&format!("revocation={}", revocation.value)).is_ok(),
                "{}",
                revocation.value
            );
        }
    }
}
