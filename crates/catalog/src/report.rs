//! Collects the mistakes of one file and finds their lines.

use std::fmt;

use crate::problem::Problem;
use crate::tree::{Content, FileOf, Node, Position};

/// A place in a definition, as `auth[0].token.url`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Place {
    pub(crate) fn key(&self, name: &str) -> Self {
        self.with(Step::Key(name.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(formatter, "[{index}]")?,
                Step::Key(name) if number == 0 => formatter.write_str(name)?,
                Step::Key(name) => write!(formatter, ".{name}")?,
            }
        }
        Ok(())
    }
}

/// The mistakes of one definition, which may stand in the file of its family.
pub(crate) struct Report<'a> {
    file: &'a str,
    family: &'a str,
    tree: &'a Node,
    pub(crate) problems: Vec<Problem>,
    /// What a definition is refused for when it is written, and not when a server starts with it.
    pub(crate) advice: Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(file: &'a str, tree: &'a Node) -> Self {
        Self {
            file,
            family: file,
            tree,
            problems: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// The same for a definition that was merged with its family, which stands in this file.
    pub(crate) fn of_family(mut self, file: &'a str) -> Self {
        self.family = file;
        self
    }

    /// Adds a mistake at a place; what is missing is told at the nearest piece around it.
    pub(crate) fn add(&mut self, place: &Place, message: impl Into<String>) {
        self.add_with(place, message, None);
    }

    /// The same with what was probably meant.
    pub(crate) fn add_with(&mut self, place: &Place, message: impl Into<String>, suggestion: Option<String>) {
        self.add_at(self.position(place), place, message, suggestion);
    }

    /// Adds what somebody who writes a definition has to settle. One that was written before works on without it.
    pub(crate) fn advise(&mut self, place: &Place, message: impl Into<String>) {
        self.add(place, message);
        self.advice.extend(self.problems.pop());
    }

    /// The same where the line is known.
    pub(crate) fn add_at(
        &mut self,
        position: Position,
        place: &Place,
        message: impl Into<String>,
        suggestion: Option<String>,
    ) {
        self.problems.push(Problem {
            file: match position.file {
                FileOf::Definition => self.file.to_owned(),
                FileOf::Family => self.family.to_owned(),
            },
            line: Some(position.line),
            column: Some(position.column),
            at: place.to_string(),
            message: message.into(),
            suggestion,
        });
    }

    fn position(&self, place: &Place) -> Position {
        let mut node = self.tree;
        let mut position = node.position;
        for step in &place.0 {
            let next = match (step, &node.content) {
                (Step::Index(index), Content::List(items)) => items.get(*index).map(|item| (item.position, item)),
                (Step::Key(name), Content::Map(entries)) => {
                    let entry = entries.iter().find(|(key, _)| key.name == *name);
                    entry.map(|(key, value)| match value.content {
                        // A block begins on the line after its key; the key says more.
                        Content::List(_) | Content::Map(_) => (key.position, value),
                        _ => (value.position, value),
                    })
                }
                _ => None,
            };
            let Some((found, below)) = next else { break };
            position = found;
            node = below;
        }
        position
    }
}
