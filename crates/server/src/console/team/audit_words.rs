//! What a line of the audit log says, in words: who did what, in the past.

use broker::{AuditNames, ConnectionId, is_connection_key};

/// How an action is told.
enum Told {
    /// Somebody did it: what stands behind who it was.
    Did(&'static str),
    /// It came about: a sentence of its own.
    Happened(&'static str),
}

use Told::{Did, Happened};

/// The words of every action that is written.
#[rustfmt::skip]
fn told(action: &str) -> Option<Told> {
    Some(match action {
        "app.examined" => Did("checked the OAuth app of an integration"),
        "app.set" => Did("changed an integration and its OAuth app"),
        "audit.exported" => Did("downloaded the audit log"),
        "branding.changed" => Did("changed how the modal looks"),
        "branding.domain_changed" => Did("changed the project's own domain"),
        "branding.image_changed" => Did("changed a picture of the modal"),
        "connection.connected" => Did("connected an account"),
        "connection.delete" => Did("deleted a connection"),
        "connection.disconnected" => Did("ended a connection of their own"),
        "connection.export" => Did("moved a connection to another server"),
        "connection.import" => Did("brought a connection in with credentials from elsewhere"),
        "connection.link" => Did("made a link to connect a connection again"),
        "connection.off" => Did("switched a connection off"),
        "connection.on" => Did("switched a connection on"),
        "connection.refresh" => Did("refreshed a connection"),
        "connection.rename" => Did("gave a connection another name"),
        "connection.tag" => Did("changed the tags of a connection"),
        "connection.test" => Did("tested a connection"),
        "connections.deleted" => Did("deleted several connections at once"),
        "connections.exported" => Did("downloaded the list of connections"),
        "connections.tagged" => Did("gave several connections a tag"),
        "connections.untagged" => Did("took a tag from several connections"),
        "credential.exchange" => Did("exchanged a connection for its token"),
        "credential.read" => Did("read the credential of a connection"),
        "credential.reveal" => Did("looked at the credential of a connection in the console"),
        "definition.put" => Did("saved a definition"),
        "definition.reviewed" => Did("looked at what an upgrade changed in a built-in definition"),
        "definition.removed" => Did("removed a definition"),
        "destination.agreed" => Did("agreed to a new address of a service"),
        "flow.another_identity" => Happened("A sign-in came back as somebody else's, and was refused"),
        "flow.not_me" => Happened("A person said that a sign-in is not theirs"),
        "flow.state_cookie_mismatch" => Happened("A sign-in came back in another browser, and was refused"),
        "flow.state_cookie_missing" => Happened("A sign-in came back in a browser that did not begin it"),
        "flow.wrong_codes" => Happened("Too many wrong codes were typed into a sign-in"),
        "identity.erased" => Did("erased an identity"),
        "instance.adopted" => Did("took this copy of the database over"),
        "key.created" => Did("made an API key"),
        "key.revoked" => Did("revoked an API key"),
        "key.rolled" => Did("replaced an API key by a new one"),
        "keyring.retired" => Did("deleted a data key that sealed nothing any more"),
        "keyring.rotated" => Did("made a new data key"),
        "link.created" => Did("made a link"),
        "link.opened" => Happened("A link was opened for the first time"),
        "link.revoked" => Did("revoked a link"),
        "operator.code_refused" => Happened("A code of two-step sign-in was wrong"),
        "operator.factor_added" => Did("switched two-step sign-in on"),
        "operator.factor_begun" => Did("began to set up two-step sign-in"),
        "operator.factor_removed" => Did("switched two-step sign-in off"),
        "operator.invitation_ended" => Did("ended an invitation"),
        "operator.invitation_mailed" => Did("had an invitation mailed"),
        "operator.invited" => Did("invited somebody"),
        "operator.joined" => Did("joined by an invitation"),
        "operator.link_used" => Did("signed in by a link that opens once"),
        "operator.password_accepted" => Did("gave the right password, and was asked for a code"),
        "operator.password_changed" => Did("changed their password"),
        "operator.proof_refused" => Happened("A password to confirm who it is was wrong"),
        "operator.proved" => Did("confirmed that it is them"),
        "operator.recovery_code_used" => Did("used a recovery code"),
        "operator.recovery_codes_made" => Did("made new recovery codes"),
        "operator.reset_link_made" => Did("made a link for a new password"),
        "operator.role_changed" => Did("changed somebody's role"),
        "operator.role_removed" => Did("took somebody's role away"),
        "operator.sign_in_refused" => Happened("A sign-in to the console was refused"),
        "operator.signed_in" => Did("signed in to the console"),
        "operator.sign_on_cookie_mismatch" => Happened("A single sign-on came back in another browser, and was refused"),
        "operator.sign_on_cookie_missing" => Happened("A single sign-on came back in a browser that did not begin it"),
        "operator.sign_on_linked" => Did("linked an account for single sign-on"),
        "operator.sign_on_refused" => Happened("A single sign-on was refused"),
        "operator.sign_on_unlinked" => Did("unlinked an account for single sign-on"),
        "operator.switched_off" => Did("switched somebody off"),
        "operator.switched_on" => Did("switched somebody on again"),
        "project.changed" => Did("changed the settings of the project"),
        "project.deleted" => Did("deleted a project"),
        "project.erased" => Happened("Everything of a deleted project is gone"),
        "project.made" => Did("made a project"),
        "project.origin_added" => Did("allowed a page to embed the modal"),
        "project.origin_removed" => Did("took a page off the list that may embed the modal"),
        "webhook.changed" => Did("changed a webhook"),
        "webhook.created" => Did("made a webhook"),
        "webhook.deleted" => Did("deleted a webhook"),
        "webhook.redelivered" => Did("had an event delivered again"),
        "webhook.secret_rotated" => Did("changed the secret of a webhook"),
        "webhook.tested" => Did("sent a test event to a webhook"),
        _ => return None,
    })
}

/// A line as a sentence. Actions of another version are told as they are named.
pub(super) fn sentence(action: &str, actor: &str, names: &AuditNames) -> String {
    match told(action) {
        Some(Did(words)) => format!("{} {words}", who(actor, names)),
        Some(Happened(words)) => words.to_owned(),
        None => format!("{}: {}", who(actor, names), action.replace(['.', '_'], " ")),
    }
}

/// Who did it.
pub(super) fn who(actor: &str, names: &AuditNames) -> String {
    if let Some(name) = names.get(actor) {
        return match actor.split_once(':') {
            Some(("key", _)) => format!("Key {name}"),
            _ => name.to_owned(),
        };
    }
    match actor.split_once(':').map_or(actor, |(kind, _)| kind) {
        "operator" => "An operator who is gone".to_owned(),
        "key" => "A key that is gone".to_owned(),
        "cli" => "The command line".to_owned(),
        "browser" => "Somebody's browser".to_owned(),
        "session" | "flow" => "A person in the modal".to_owned(),
        "link" => "A person with a link".to_owned(),
        _ => actor.to_owned(),
    }
}

/// What it was done to, as people call it.
pub(super) fn thing(subject: &str, names: &AuditNames) -> String {
    if let Some(name) = names.get(subject) {
        return name.to_owned();
    }
    match subject.split_once(':') {
        Some(_) if is_connection_key(subject) => subject.to_owned(),
        Some((kind, id)) => format!("{kind} {id}"),
        None if subject.parse::<ConnectionId>().is_ok() => format!("connection {subject}"),
        None => subject.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_line_is_a_sentence() {
        let names = AuditNames::default();
        let said = |action, actor| sentence(action, actor, &names);
        assert_eq!(
            said("connection.delete", "cli"),
            "The command line deleted a connection"
        );
        assert_eq!(
            said("credential.read", "key:1"),
            "A key that is gone read the credential of a connection"
        );
        assert_eq!(
            said("operator.sign_in_refused", "browser"),
            "A sign-in to the console was refused"
        );
        assert_eq!(said("faults.were_set", "cli"), "The command line: faults were set");
        assert_eq!(who("link:1", &names), "A person with a link");
        assert_eq!(who("somebody", &names), "somebody");
        assert_eq!(thing("connection:1", &names), "connection 1");
        assert_eq!(thing("test::gmail::default::1", &names), "test::gmail::default::1");
        let id = "0192f0c1-2345-7000-8000-000000000000";
        assert_eq!(thing(id, &names), format!("connection {id}"));
        assert_eq!(thing("all", &names), "all");
    }

    /// Words with a point between that are no action: events of the log for customers, and names of other things.
    const NO_ACTIONS: [&str; 15] = [
        "apps.key_sealed",
        "apps.sealed",
        "apps.secrets_sealed",
        "connection.imported",
        "credentials.sealed",
        "definition.yaml",
        "flows.quarantined",
        "flows.sealed",
        "instance.json",
        "link.js",
        "operator_factors.sealed",
        "revocations.sealed",
        "sandbox_clients.sealed",
        "webhook_endpoints.sealed",
        "webhook.test",
    ];

    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("audit_words.rs") {
                let source = std::fs::read_to_string(path).unwrap();
                // Tests make up what they need.
                let (code, _) = source.split_once("#[cfg(test)]").unwrap_or((&source, ""));
                found.extend(code.split(['"', '\'']).filter(|text| is_name(text)).map(str::to_owned));
            }
        }
    }

    /// Whether a text is written as actions are, and is of a kind that actions are about.
    fn is_name(text: &str) -> bool {
        let Some((about, what)) = text.split_once('.') else {
            return false;
        };
        let kinds: Vec<&str> =
            "app apps audit branding connection connections credential credentials definition destination
            flow flows identity instance key keyring link operator operator_factors project revocations sandbox_clients
            webhook webhook_endpoints api_key embedder environment faults integration mail request requests session"
                .split_whitespace()
                .collect();
        kinds.contains(&about) && !what.is_empty() && what.chars().all(|one| one.is_ascii_lowercase() || one == '_')
    }

    #[test]
    fn every_action_that_is_written_has_words() {
        let mut found = BTreeSet::new();
        for part in ["broker", "latchkey", "server", "store"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(part).join("src");
            read(&folder, &mut found);
        }
        for known in [
            "connection.connected",
            "instance.adopted",
            "operator.invited",
            "project.deleted",
        ] {
            assert!(found.contains(known), "the reader of the sources misses {known}");
        }
        let events = store::EVENT_TYPES;
        let without: Vec<&String> = found
            .iter()
            .filter(|name| {
                told(name).is_none() && !events.contains(&name.as_str()) && !NO_ACTIONS.contains(&name.as_str())
            })
            .collect();
        assert!(
            without.is_empty(),
            "give these words, or say that they are no actions: {without:?}"
        );
    }
}
