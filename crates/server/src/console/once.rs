//! A form that makes one thing however often it is sent: a page that is loaded again shows what was made before.

use broker::Broker;
use store::{LinkId, Repeatable};

use super::operator::Here;

/// The id of a form that is drawn anew; its field is `once`.
pub(super) fn form_id() -> String {
    LinkId::generate().to_string()
}

/// What makes a form that is sent again the same, by its id and what it held; nothing where it has no id. One of
/// another operator or place is another one.
pub(super) fn repeatable(broker: &Broker, here: &Here, form: &str, held: &[u8]) -> Option<Repeatable> {
    if form.is_empty() {
        return None;
    }
    let operator = here.signed.operator.id;
    let key = format!("console {operator} {} {} {form}", here.project.id, here.environment);
    Some(broker.store().repeatable(&key, held))
}

/// The same of a form that makes a link. Sent with other values, as after going back, it makes another link.
pub(super) fn link(broker: &Broker, here: &Here, form: &str, values: &[&str]) -> Option<Repeatable> {
    if form.is_empty() {
        return None;
    }
    repeatable(broker, here, &format!("{form} {values:?}"), b"")
}
