//! What can be done at a service: calls of its API that are worth knowing, each with a page about its use. Nothing is
//! limited to them: a call passes through whether it is described or not.

use std::fmt;

use serde_json::Value;

/// A described call of a service's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Unique in the definition, as `send-message`.
    pub id: String,
    /// What it does, for people and models.
    pub title: String,
    /// The method.
    pub method: ActionMethod,
    /// Behind `api.base_url`; `{{name}}` stands for what the caller fills in.
    pub path: String,
    /// What it is about, as `messages`; the first is its kind.
    pub tags: Vec<String>,
    /// How it is used: parameters, body, answer, what goes wrong. Markdown.
    pub knowledge: String,
    /// The same for machines, where it is written down.
    pub io: Option<ActionIo>,
}

/// What goes into an action and comes out, for machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionIo {
    /// JSON Schema of what the caller gives.
    pub input: Option<Value>,
    /// JSON Schema of the answer's body.
    pub output: Option<Value>,
    /// What a caller gave once.
    pub example_input: Option<Value>,
    /// What came back.
    pub example_output: Option<Value>,
}

/// The method of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionMethod {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl ActionMethod {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for ActionMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Words that say nothing about an action.
const EMPTY_WORDS: &[&str] = &[
    "a", "an", "and", "at", "by", "for", "from", "in", "into", "me", "my", "of", "on", "or", "please", "some", "the",
    "to", "with",
];

/// What a word is worth by where it is found.
const IN_TITLE: u32 = 8;
const IN_NAME: u32 = 4;
const IN_KNOWLEDGE: u32 = 1;

/// The actions that fit a text, the best first; equals stay in the definition's order. When no word is found, all of
/// them: who asks is mostly a model, which knows other words for the same thing and reads the titles itself.
pub fn search<'a>(actions: &'a [Action], text: &str) -> Vec<&'a Action> {
    let wanted: Vec<String> = words(text)
        .filter(|word| !EMPTY_WORDS.contains(&word.as_str()))
        .collect();
    let mut found: Vec<(u32, &Action)> = actions
        .iter()
        .map(|action| (score(action, &wanted), action))
        .filter(|(score, _)| *score > 0)
        .collect();
    if found.is_empty() {
        return actions.iter().collect();
    }
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, action)| action).collect()
}

fn score(action: &Action, wanted: &[String]) -> u32 {
    let title: Vec<String> = words(&action.title).collect();
    let names: Vec<String> = words(&action.id)
        .chain(words(&action.path))
        .chain(action.tags.iter().flat_map(|tag| words(tag)))
        .chain(words(action.method.as_str()))
        .collect();
    let knowledge: Vec<String> = words(&action.knowledge).collect();
    wanted
        .iter()
        .map(|word| {
            let is_in = |words: &[String]| words.contains(word);
            u32::from(is_in(&title)) * IN_TITLE
                + u32::from(is_in(&names)) * IN_NAME
                + u32::from(is_in(&knowledge)) * IN_KNOWLEDGE
        })
        .sum()
}

/// Words in lower case and, if they look like one, in the singular: `sendMessages` is `send` and `message`.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::with_capacity(text.len());
    let mut was_lower = false;
    for character in text.chars() {
        if character.is_uppercase() && was_lower {
            spaced.push(' ');
        }
        was_lower = character.is_lowercase();
        spaced.extend(if character.is_alphanumeric() {
            character.to_lowercase().collect::<Vec<_>>()
        } else {
            vec![' ']
        });
    }
    let all: Vec<String> = spaced.split_whitespace().map(singular).collect();
    all.into_iter()
}

fn singular(word: &str) -> String {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(id: &str, title: &str, method: ActionMethod, path: &str, knowledge: &str) -> Action {
        Action {
            id: id.to_owned(),
            title: title.to_owned(),
            method,
            path: path.to_owned(),
            tags: vec!["messages".to_owned()],
            knowledge: knowledge.to_owned(),
            io: None,
        }
    }

    fn actions() -> Vec<Action> {
        vec![
            action(
                "list-labels",
                "List labels",
                ActionMethod::Get,
                "/labels",
                "Labels sort mail.",
            ),
            action(
                "send-message",
                "Send a message",
                ActionMethod::Post,
                "/messages/send",
                "An email.",
            ),
            action(
                "get-message",
                "Read a message",
                ActionMethod::Get,
                "/messages/{{id}}",
                "Its headers.",
            ),
        ]
    }

    fn found(text: &str) -> Vec<String> {
        search(&actions(), text)
            .iter()
            .map(|action| action.id.clone())
            .collect()
    }

    #[test]
    fn the_best_comes_first() {
        assert_eq!(found("send an email to a person")[0], "send-message");
        assert_eq!(found("read the messages")[0], "get-message");
        assert_eq!(found("labels"), ["list-labels"]);
        assert_eq!(found("sendMessage")[0], "send-message");
    }

    #[test]
    fn nothing_found_is_everything_in_its_order() {
        let all = ["list-labels", "send-message", "get-message"];
        assert_eq!(found("zebra"), all);
        assert_eq!(found(""), all);
        assert_eq!(found("to the"), all);
        assert!(search(&[], "send").is_empty());
    }

    #[test]
    fn words_are_split_and_counted_alike() {
        assert_eq!(
            words("sendMessages/{{userId}}").collect::<Vec<_>>(),
            ["send", "message", "user", "id"]
        );
        assert_eq!(
            words("status address bus").collect::<Vec<_>>(),
            ["status", "address", "bus"]
        );
    }
}
