//! The texts of one language as a script: an object in which a message is a text, or a list of texts, variables and
//! choices. The page's scripts put it together (`assets/connect/messages.js`), with the browser's own plural rules.
//!
//! It is a small part of Fluent. What the scripts cannot do is refused here, by a test over every language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};
use serde::Serialize;

use super::Language;

const PREFIX: &str = "connect/texts/";

/// Whose scripts say a text. People wait for these bytes, so nobody gets those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// The modal.
    Modal,
    /// The page of a link, which goes on as the modal, or leads to one's own connections.
    Link,
    /// What few people need inside the modal, when it is asked for: their own connections, the choice of an account, a
    /// code to enter, and a way out of the browser inside another app.
    Later,
    /// The pages of a sign-in.
    Pages,
}

impl For {
    const ALL: [Self; 4] = [Self::Modal, Self::Link, Self::Later, Self::Pages];

    /// Whether the scripts say the texts of a group. Those of `page` are the server's own.
    pub(super) fn has(self, group: &str) -> bool {
        match self {
            Self::Modal => !matches!(
                group,
                "page" | "start" | "confirm" | "link" | "manage" | "choose" | "code" | "webview"
            ),
            Self::Link => group == "link" || Self::Modal.has(group) || Self::Later.has(group),
            Self::Later => matches!(group, "manage" | "choose" | "code" | "webview"),
            Self::Pages => matches!(
                group,
                "brand" | "failure" | "approval" | "problem" | "start" | "confirm"
            ),
        }
    }

    const fn end(self) -> &'static str {
        match self {
            Self::Modal => "modal",
            Self::Link => "link",
            Self::Later => "later",
            Self::Pages => "pages",
        }
    }
}

/// The script's name among the assets.
pub(crate) fn name(language: Language, reader: For) -> String {
    format!("{PREFIX}{}.{}.js", language.tag(), reader.end())
}

/// The script of that name.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    static SCRIPTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let all = Language::ALL
            .into_iter()
            .flat_map(|language| For::ALL.map(|reader| (language, reader)));
        all.map(|(language, reader)| (self::name(language, reader), written(language, reader)))
            .collect()
    });
    SCRIPTS.get(name).map(String::as_str)
}

/// A message as the scripts read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Message {
    /// No variables.
    Text(String),
    /// One after the other.
    Parts(Vec<Part>),
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Part {
    /// As it is.
    Text(String),
    /// The value of a variable.
    Variable {
        #[serde(rename = "v")]
        name: String,
    },
    /// One of several messages, by a variable: a number's plural category or the number itself, or a word.
    Choice {
        #[serde(rename = "v")]
        name: String,
        #[serde(rename = "of")]
        variants: BTreeMap<String, Message>,
        #[serde(rename = "else")]
        default: String,
    },
}

#[derive(Serialize)]
struct Script<'a> {
    language: &'a str,
    direction: &'a str,
    texts: BTreeMap<String, Message>,
}

fn written(language: Language, reader: For) -> String {
    let mut texts = read(Language::English.source()).0;
    texts.extend(read(language.source()).0);
    texts.retain(|key, _| {
        let group = key.split('-').next().unwrap_or_default();
        // In English the server's own sentence stands.
        reader.has(group) && (group != "problem" || language != Language::English)
    });
    let script = Script {
        language: language.tag(),
        direction: language.direction(),
        texts,
    };
    let json = serde_json::to_string(&script).unwrap_or_default();
    match reader {
        // Beside those that the page has.
        For::Later => format!("Object.assign(window.latchkeyTexts.texts,{json}.texts);\n"),
        _ => format!("Object.defineProperty(window,\"latchkeyTexts\",{{value:{json}}});\n"),
    }
}

/// The messages of a file, and what was wrong in it, a line each.
pub(super) fn read(source: &str) -> (BTreeMap<String, Message>, Vec<String>) {
    let mut mistakes = Vec::new();
    let mut messages = BTreeMap::new();
    let resource = fluent_syntax::parser::parse(source).unwrap_or_else(|(resource, errors)| {
        mistakes.extend(errors.iter().map(ToString::to_string));
        resource
    });
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let key = message.id.name;
                if !message.attributes.is_empty() {
                    mistakes.push(format!("{key}: attributes are not read"));
                }
                match message.value.as_ref().map(pattern) {
                    None => mistakes.push(format!("{key}: there is no text")),
                    Some(Err(mistake)) => mistakes.push(format!("{key}: {mistake}")),
                    Some(Ok(message)) => {
                        if messages.insert(key.to_owned(), message).is_some() {
                            mistakes.push(format!("{key}: stands there twice"));
                        }
                    }
                }
            }
            Entry::Term(term) => mistakes.push(format!("-{}: terms are not read", term.id.name)),
            Entry::Junk { content } => mistakes.push(format!("this is no message: {content}")),
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
        }
    }
    (messages, mistakes)
}

fn pattern(pattern: &Pattern<&str>) -> Result<Message, String> {
    let mut parts = Vec::new();
    for element in &pattern.elements {
        parts.push(match element {
            PatternElement::TextElement { value } if value.contains('\n') => {
                return Err("a text stands on one line".to_owned());
            }
            PatternElement::TextElement { value } => Part::Text((*value).to_owned()),
            PatternElement::Placeable { expression } => placeable(expression)?,
        });
    }
    Ok(match parts.as_mut_slice() {
        [Part::Text(text)] => Message::Text(std::mem::take(text)),
        _ => Message::Parts(parts),
    })
}

fn placeable(expression: &Expression<&str>) -> Result<Part, String> {
    match expression {
        Expression::Inline(inline) => Ok(Part::Variable {
            name: variable(inline)?,
        }),
        Expression::Select { selector, variants } => {
            let name = variable(selector)?;
            let mut read = BTreeMap::new();
            let mut default = None;
            for variant in variants {
                let key = match variant.key {
                    VariantKey::Identifier { name } => name,
                    VariantKey::NumberLiteral { value } => value,
                };
                if variant.default {
                    default = Some(key.to_owned());
                }
                read.insert(key.to_owned(), pattern(&variant.value)?);
            }
            let default = default.ok_or("a choice needs a default")?;
            Ok(Part::Choice {
                name,
                variants: read,
                default,
            })
        }
    }
}

fn variable(expression: &InlineExpression<&str>) -> Result<String, String> {
    match expression {
        InlineExpression::VariableReference { id } => Ok(id.name.to_owned()),
        InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {
            Err("literals in braces are not read".to_owned())
        }
        InlineExpression::FunctionReference { id, .. } => Err(format!("the function {} is not read", id.name)),
        InlineExpression::MessageReference { id, .. } | InlineExpression::TermReference { id, .. } => {
            Err(format!("the reference {} is not read", id.name))
        }
        InlineExpression::Placeable { .. } => Err("braces in braces are not read".to_owned()),
    }
}
