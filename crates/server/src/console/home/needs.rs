//! What needs somebody, as rows: each says what it is, why, and leads to where it is mended.

use broker::{Attention, Permission};
use chrono::{DateTime, Utc};

use crate::console::operator::Here;
use crate::console::pages::When;

/// A row.
#[derive(Debug)]
pub(super) struct Need {
    /// Where it is mended, for whoever may go there.
    pub(super) href: Option<String>,
    pub(super) icon: &'static str,
    pub(super) tone: &'static str,
    /// What it is, in a word.
    pub(super) word: &'static str,
    /// A name from outside.
    pub(super) name: String,
    pub(super) why: String,
    pub(super) when: Option<When>,
}

/// All of them, the most pressing first.
pub(super) fn of(
    here: &Here,
    attention: &Attention,
    now: DateTime<Utc>,
    name_of: impl Fn(&str) -> String,
) -> Vec<Need> {
    let build = |page: &str| here.may(Permission::Build).then(|| here.at(page));
    let mut needs = Vec::new();
    needs.extend(attention.loops.iter().map(|row| Need {
        href: here.may(Permission::Own).then(|| here.at("system")),
        icon: "triangle-alert",
        tone: "bad",
        word: "Stuck",
        name: format!("The loop {}", row.name),
        why: "It did not go round in time. Whoever runs the server looks at its log.".to_owned(),
        when: None,
    }));
    needs.extend(attention.circuits.iter().map(|circuit| {
        let broken = circuit.reason.as_deref() == Some("app_broken");
        let (icon, tone, word) = if broken {
            ("x", "bad", "App needs attention")
        } else {
            ("clock", "attention", "Not answering")
        };
        Need {
            href: Some(here.at(&format!("integrations/{}", circuit.integration))),
            icon,
            tone,
            word,
            name: name_of(&circuit.integration),
            why: circuit
                .message
                .clone()
                .unwrap_or_else(|| "Its connections are not refreshed until it answers again.".to_owned()),
            when: circuit.opened_at.map(|at| When::new(at, now)),
        }
    }));
    needs.extend(attention.apps.iter().map(|(integration, found)| Need {
        href: Some(here.at(&format!("integrations/{integration}"))),
        icon: "triangle-alert",
        tone: "attention",
        word: "App needs attention",
        name: name_of(integration),
        why: found.message.clone(),
        when: Some(When::new(found.noted_at, now)),
    }));
    needs.extend(attention.changes.iter().map(|change| Need {
        href: Some(here.at(&format!("integrations/{}", change.integration))),
        icon: "shield-alert",
        tone: "attention",
        word: "Waits for you",
        name: name_of(&change.integration),
        why: format!(
            "Its definition names new addresses for secrets, which nobody agreed to: {}. {} wait.",
            change.added.join(", "),
            connections(change.connections)
        ),
        when: Some(When::new(change.since, now)),
    }));
    needs.extend(attention.endpoints.iter().map(|endpoint| Need {
        href: build(&format!("webhooks/{}", endpoint.id)),
        icon: "webhook",
        tone: if endpoint.is_gone { "bad" } else { "attention" },
        word: if endpoint.is_gone { "Gone" } else { "Deliveries fail" },
        name: endpoint.url.clone(),
        why: if endpoint.is_gone {
            "This endpoint answered that it is gone, so it gets nothing any more.".to_owned()
        } else {
            format!(
                "{} attempts in a row failed. Deliveries wait and are tried again.",
                endpoint.failures
            )
        },
        when: endpoint.last_failure_at.map(|at| When::new(at, now)),
    }));
    needs.extend(attention.ending.iter().map(|ending| Need {
        href: Some(here.at(&format!("connections/{}", ending.connection))),
        icon: "clock",
        tone: "attention",
        word: "Ends soon",
        name: ending.title.clone().unwrap_or_else(|| name_of(&ending.integration)),
        why: format!(
            "{} gave nothing to renew this access with: its person has to connect again.",
            name_of(&ending.integration)
        ),
        when: Some(When::new(ending.ends_at, now)),
    }));
    needs
}

fn connections(number: i64) -> String {
    if number == 1 {
        "1 connection".to_owned()
    } else {
        format!("{number} connections")
    }
}
