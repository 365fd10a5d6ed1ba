//! Values that a connection keeps.

use std::collections::BTreeMap;

use super::names::{Names, Site};
use super::{pattern, text};
use crate::definition as written;
use crate::definition::LearnType;
use crate::model::{Learned, LearnedKind};
use crate::report::{Place, Report};

/// Values that are kept with a connection. `site` says what they come from, `example` how one is written.
pub(super) fn learn(
    written: &BTreeMap<String, written::Learn>,
    (site, example): (Site, &str),
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> Vec<Learned> {
    let mut learned = Vec::new();
    for (name, learn) in written {
        let place = place.key("learn").key(name);
        if !text::is_name(name) {
            report.add(
                &place,
                format!("`{name}` is no name: lower-case letters, digits and `_`, beginning with a letter"),
            );
        }
        if names.is_declared(name) {
            report.add(
                &place,
                format!("`{name}` is a variable already: give what is learnt another name"),
            );
        }
        let from = names.template(&learn.from, site, &place.key("from"), report);
        if from.as_ref().is_some_and(|from| from.names().is_empty()) {
            report.add(
                &place.key("from"),
                format!("nothing is learnt here: name an input, as `{example}`"),
            );
        }
        let kind = learned_kind(learn, &place, report);
        if let (Some(from), Some(kind)) = (from, kind) {
            learned.push(Learned {
                name: name.clone(),
                from,
                kind,
            });
        }
    }
    learned
}

fn learned_kind(learn: &written::Learn, place: &Place, report: &mut Report<'_>) -> Option<LearnedKind> {
    let hosts = learn.hosts.clone().unwrap_or_default();
    match learn.kind {
        LearnType::Text => {
            if learn.hosts.is_some() {
                report.add(&place.key("hosts"), "only `type: origin` has hosts");
            }
            pattern(learn.pattern.as_deref(), place, report).map(|pattern| LearnedKind::Text { pattern })
        }
        LearnType::Origin => {
            if learn.pattern.is_some() {
                report.add(&place.key("pattern"), "only `type: text` has a pattern");
            }
            if hosts.is_empty() {
                report.add(
                    place,
                    "`type: origin` needs `hosts`: which hosts it may be, as `.acme.com`",
                );
            }
            text::hosts(&hosts, &place.key("hosts"), report);
            Some(LearnedKind::Origin { hosts })
        }
    }
}
