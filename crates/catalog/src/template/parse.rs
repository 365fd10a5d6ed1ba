//! The parser of the template language.

use super::{Expression, Function, Name, Part};
use crate::suggest;

/// How deep functions may stand in each other.
const MAX_NESTING: usize = 4;

/// A template that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

fn error<T>(message: impl Into<String>) -> Result<T, SyntaxError> {
    Err(SyntaxError {
        message: message.into(),
        suggestion: None,
    })
}

/// Parses `literal ${expression} …`. A literal `${` is written `$${`.
pub(super) fn template(source: &str) -> Result<Vec<Part>, SyntaxError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = source;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            literal.push_str(before);
            literal.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        let mut cursor = Cursor { rest: &rest[at + 2..] };
        let expression = cursor.expression(0)?;
        cursor.space();
        if let (Expression::Name(name), Some(more)) = (&expression, cursor.rest.strip_prefix('/')) {
            let end = more.find('}').unwrap_or(more.len());
            return error(format!(
                "`/` cannot stand in `${{…}}`: parts are separated by dots, as `${{{name}.{}}}`",
                more[..end].replace('/', ".")
            ));
        }
        if !cursor.take('}') {
            return error(format!("`${{` is not closed by `}}` after `{expression}`"));
        }
        if let Expression::Call(function, _) = &expression
            && function.gives_bytes()
        {
            return error(format!(
                "`{}(…)` gives bytes: wrap it in `hex(…)` or `base64(…)`",
                function.name()
            ));
        }
        parts.push(Part::Expression(expression));
        rest = cursor.rest;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    if source.contains("{{") {
        return error("`{{` means nothing here: inputs are written `${namespace.name}`");
    }
    Ok(parts)
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> String {
        let allowed = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
        let end = self
            .rest
            .find(|character| !allowed(character))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn expression(&mut self, nesting: usize) -> Result<Expression, SyntaxError> {
        self.space();
        let word = self.word();
        if word.is_empty() {
            return error("`${…}` needs an input such as `variables.domain`, or a function");
        }
        if self.take('(') {
            return self.call(&word, nesting);
        }
        match word.split_once('.') {
            Some((namespace, path)) if !namespace.is_empty() && path.split('.').all(|step| !step.is_empty()) => {
                Ok(Expression::Name(Name {
                    namespace: namespace.to_owned(),
                    path: path.to_owned(),
                }))
            }
            _ => error(format!(
                "`{word}` is no input: inputs are written `namespace.name`, as `variables.domain`"
            )),
        }
    }

    fn call(&mut self, word: &str, nesting: usize) -> Result<Expression, SyntaxError> {
        let names = Function::ALL.map(Function::name);
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == word) else {
            return Err(SyntaxError {
                message: format!("there is no function `{word}`; there are {}", names.join(", ")),
                suggestion: suggest::nearest(word, names),
            });
        };
        if nesting >= MAX_NESTING {
            return error(format!("functions stand in each other more than {MAX_NESTING} deep"));
        }
        let mut arguments = vec![Vec::new()];
        loop {
            self.space();
            if self.take(')') {
                break;
            }
            if self.take(',') {
                arguments.push(Vec::new());
                continue;
            }
            let value = if self.take('"') {
                self.quoted()?
            } else {
                self.expression(nesting + 1)?
            };
            if let Expression::Call(inner, _) = &value
                && inner.gives_bytes()
                && !function.takes_bytes()
            {
                return error(format!("`{}(…)` gives bytes, and `{word}` takes text", inner.name()));
            }
            if let Some(row) = arguments.last_mut() {
                row.push(value);
            }
        }
        let (least, most) = function.arity();
        if arguments.iter().any(Vec::is_empty) || !(least..=most).contains(&arguments.len()) {
            return error(format!(
                "`{word}` takes {least} to {most} arguments, each with at least one value"
            ));
        }
        Ok(Expression::Call(function, arguments))
    }

    fn quoted(&mut self) -> Result<Expression, SyntaxError> {
        let Some((text, rest)) = self.rest.split_once('"') else {
            return error("a quoted text is not closed by `\"`");
        };
        self.rest = rest;
        Ok(Expression::Quoted(text.to_owned()))
    }
}
