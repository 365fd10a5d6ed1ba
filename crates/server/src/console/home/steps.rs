//! The first steps of a project: what is there is ticked, and the list goes away when people can connect.

use broker::{Broker, Caller, FirstSteps, Permission};

use crate::console::operator::Here;
use crate::problems::Problem;

/// A step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) is_done: bool,
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    /// Where it is done, for those who may.
    pub(super) href: Option<String>,
    /// The role that it takes, for those who may not.
    pub(super) takes: &'static str,
}

/// The steps, while one that people need is open.
pub(super) async fn of(broker: &Broker, here: &Here, caller: &Caller, total: i64) -> Result<Vec<Step>, Problem> {
    let there = broker.first_steps(caller).await?;
    Ok(if is_over(there, total) {
        Vec::new()
    } else {
        steps(here, there, total)
    })
}

/// Whether people connect. Who has connected something did so in some way, whatever that was; and some work alone.
fn is_over(there: FirstSteps, total: i64) -> bool {
    total > 0 && there.key
}

fn steps(here: &Here, there: FirstSteps, total: i64) -> Vec<Step> {
    let connected = total > 0;
    let step = |is_done, name, why, path: &str, needs: Permission| Step {
        is_done,
        name,
        why,
        href: here.may(needs).then(|| here.at(path)),
        takes: needs.least().as_str(),
    };
    vec![
        step(
            there.integration || connected,
            "Add an integration",
            "A service that people can connect. The sandbox is one to try with, in test.",
            "integrations",
            Permission::Build,
        ),
        step(
            there.key,
            "Make an API key",
            "Your backend opens sessions and calls services with it.",
            "keys/new",
            Permission::Build,
        ),
        step(
            there.embed || connected,
            "Put the modal into your page",
            "Paste the snippet, and allow the page to show it.",
            "embed",
            Permission::See,
        ),
        step(
            connected,
            "Connect once yourself",
            "By a link, as somebody of yours would.",
            "add-connection",
            Permission::Help,
        ),
        step(
            there.colleague,
            "Invite a colleague",
            "Somebody who helps people sees connections and no credential.",
            "team",
            Permission::Manage,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_when_people_connect_and_a_backend_can_call() {
        let keyed = FirstSteps {
            key: true,
            ..FirstSteps::default()
        };
        assert!(is_over(keyed, 1));
        assert!(!is_over(keyed, 0) && !is_over(FirstSteps::default(), 1));
    }
}
