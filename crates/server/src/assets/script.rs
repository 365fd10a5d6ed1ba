//! A page's script in one piece: the modules that it imports are written into it, comments are left out. People on slow
//! networks wait for one answer instead of a chain of two dozen. There is nothing to build: this happens at the request.
//!
//! Our modules use two forms only, each on one line: `import { a, b as c } from "./other.js";` and `export` before a
//! `function`, `class` or `const`. A module becomes a function that is called once and gives back its exports; tests look
//! that every script of ours has this form, and that no text runs over several lines, where a line's beginning counts.

use std::collections::HashMap;
use std::fmt::Write as _;

/// The script `name` with all that it imports; `read` gives the text of a module. `None` when one is not there.
pub(super) fn in_one_piece(name: &str, read: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut bundle = Bundle::default();
    let entry = bundle.add(name, read)?;
    Some(bundle.text + &entry.body)
}

#[derive(Default)]
struct Bundle {
    text: String,
    /// The number of each module that is in the text; `None` while its imports are being written.
    numbers: HashMap<String, Option<usize>>,
}

struct Module {
    body: String,
    exports: Vec<String>,
}

impl Bundle {
    /// Writes what `name` imports and gives the module itself.
    fn add(&mut self, name: &str, read: &impl Fn(&str) -> Option<String>) -> Option<Module> {
        let text = read(name)?;
        let mut module = Module {
            body: String::with_capacity(text.len()),
            exports: Vec::new(),
        };
        for line in code_lines(&text) {
            if let Some((names, path)) = parse_import(line) {
                let number = self.number_of(&resolve(name, path)?, read)?;
                let _ = writeln!(
                    module.body,
                    "const{{{}}}=m{number};",
                    names.replace(" as ", ":").replace(' ', "")
                );
                continue;
            }
            let code = match line.strip_prefix("export ") {
                Some(code) => {
                    module.exports.push(declared(code)?.to_owned());
                    code
                }
                None => line,
            };
            push_tight(&mut module.body, code);
            // Elsewhere the end of a line can be the end of a statement.
            if !module.body.ends_with(['{', '(', '[', ',', ';']) {
                module.body.push('\n');
            }
        }
        Some(module)
    }

    fn number_of(&mut self, name: &str, read: &impl Fn(&str) -> Option<String>) -> Option<usize> {
        if let Some(number) = self.numbers.get(name) {
            // Two modules that import each other cannot be put in an order.
            return *number;
        }
        self.numbers.insert(name.to_owned(), None);
        let module = self.add(name, read)?;
        let number = self.numbers.values().flatten().count();
        let _ = writeln!(
            self.text,
            "const m{number}=(()=>{{\n{}return{{{}}};\n}})();",
            module.body,
            module.exports.join(",")
        );
        self.numbers.insert(name.to_owned(), Some(number));
        Some(number)
    }
}

/// The lines that do something, without indentation.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut in_comment = false;
    text.lines().map(str::trim).filter(move |line| {
        if in_comment || line.starts_with("/*") {
            in_comment = !line.ends_with("*/");
            return false;
        }
        !line.is_empty() && !line.starts_with("//")
    })
}

/// Writes a line without a comment at its end, and without the spaces beside brackets and most signs. What stands in quotes stays as it is; so do the spaces
/// beside `+`, `-` and `/`, which mean something else when they touch. A regular expression of ours holds neither quotes nor
/// spaces, which a test looks at.
fn push_tight(text: &mut String, line: &str) {
    const SIGNS: &str = "{}()[];,:=<>?&|!*%";
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            Some(open) => {
                text.push(character);
                if character == '\\' {
                    text.extend(characters.next());
                } else if character == open {
                    quote = None;
                }
            }
            // What follows is for people.
            None if character == ' ' && characters.clone().take(2).eq(['/', '/']) => return,
            None if character == ' ' => {
                let beside = |sign: char| SIGNS.contains(sign);
                if !text.ends_with(beside) && !characters.peek().copied().is_some_and(beside) {
                    text.push(' ');
                }
            }
            None => {
                if matches!(character, '"' | '\'' | '`') {
                    quote = Some(character);
                }
                text.push(character);
            }
        }
    }
}

/// `import { a, b as c } from "./other.js";` as the names and the path.
fn parse_import(line: &str) -> Option<(&str, &str)> {
    let (names, rest) = line.strip_prefix("import { ")?.split_once(" } from \"")?;
    Some((names, rest.strip_suffix("\";")?))
}

/// The name that a declaration makes.
fn declared(code: &str) -> Option<&str> {
    let code = code.strip_prefix("async ").unwrap_or(code);
    let rest = ["function ", "class ", "const "]
        .iter()
        .find_map(|keyword| code.strip_prefix(keyword))?;
    rest.split(|character: char| !character.is_alphanumeric() && character != '_' && character != '$')
        .next()
        .filter(|name| !name.is_empty())
}

/// `./x.js` and `../x.js` beside a module.
fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::Files;
    use super::*;

    fn read(name: &str) -> Option<String> {
        let text = match name {
            "a/main.js" => {
                "// Why.\nimport { one, two as deux } from \"./lib/one.js\";\nimport { three } from \"./three.js\";\none(deux, three);\n"
            }
            "a/lib/one.js" => {
                "import { three } from \"../three.js\";\n/** What\n * it is. */\nexport function one() {\n  return three; // not kept\n}\nexport const two = 2;\n"
            }
            "a/three.js" => "export class three {}\n",
            "a/alone.js" => "  go();\n",
            "a/round.js" => "import { x } from \"./again.js\";\nexport const y = x;\n",
            "a/again.js" => "import { y } from \"./round.js\";\nexport const x = y;\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn imports_are_written_in_once_and_before_their_use() {
        let script = in_one_piece("a/main.js", &read).unwrap();
        assert_eq!(
            script,
            "const m0=(()=>{\nclass three{}\nreturn{three};\n})();\n\
             const m1=(()=>{\nconst{three}=m0;\nfunction one(){return three;}\nconst two=2;return{one,two};\n})();\n\
             const{one,two:deux}=m1;\nconst{three}=m0;\none(deux,three);"
        );
        assert_eq!(in_one_piece("a/alone.js", &read).unwrap(), "go();");
    }

    #[test]
    fn spaces_go_where_they_mean_nothing() {
        for (line, tight) in [
            ("const a = b ? { c: [1, 2] } : null;", "const a=b?{c:[1,2]}:null;"),
            ("return a + +b - -c / d;", "return a + +b - -c / d;"),
            ("if (a in b) return `x = ${ y }`;", "if(a in b)return `x = ${ y }`;"),
            (r#"say("a = b", 'it\'s = c', x);"#, r#"say("a = b",'it\'s = c',x);"#),
            (
                "for (const [a] of await b()) c ??= a;",
                "for(const[a]of await b())c??=a;",
            ),
            (r#"text.replace(/\s+/g, " ")"#, r#"text.replace(/\s+/g," ")"#),
        ] {
            let mut text = String::new();
            push_tight(&mut text, line);
            assert_eq!(text, tight);
        }
    }

    #[test]
    fn what_is_missing_or_goes_round_is_no_script() {
        assert!(in_one_piece("a/nothing.js", &read).is_none());
        assert!(in_one_piece("a/round.js", &read).is_none());
    }

    #[test]
    fn every_script_of_ours_has_the_form() {
        let text = |name: &str| Files::get(name).map(|file| String::from_utf8(file.data.into_owned()).unwrap());
        for name in Files::iter().filter(|name| name.ends_with(".js")) {
            let script = text(&name).unwrap();
            for line in code_lines(&script) {
                let (quotes, import) = (line.matches('`').count(), line.starts_with("import "));
                assert!(quotes % 2 == 0 && !line.ends_with('\\'), "{name}: {line}");
                assert!(!import || parse_import(line).is_some(), "{name}: {line}");
                for expression in expressions(line) {
                    assert!(!expression.contains([' ', '"', '\'', '`']), "{name}: {line}");
                }
                let exports = line.strip_prefix("export ");
                assert!(exports.is_none_or(|code| declared(code).is_some()), "{name}: {line}");
            }
            assert!(in_one_piece(&name, &text).is_some(), "{name}");
        }
    }

    /// The regular expressions of a line: between `/` after a sign that no division follows, and the next `/` that is not
    /// escaped or in a class.
    fn expressions(line: &str) -> Vec<String> {
        let mut found = Vec::new();
        let characters: Vec<char> = line.chars().collect();
        let mut quote = None;
        let mut index = 0;
        while index < characters.len() {
            let character = characters[index];
            let before = characters[..index].iter().rev().find(|one| **one != ' ');
            let begins =
                before.is_none_or(|one| "(,=:[!&|?{};>".contains(*one)) && characters.get(index + 1) != Some(&'/');
            match quote {
                Some(_) if character == '\\' => index += 1,
                Some(open) => quote = (character != open).then_some(open),
                None if "\"'`".contains(character) => quote = Some(character),
                None if character == '/' && begins => {
                    let start = index;
                    let mut in_class = false;
                    index += 1;
                    while index < characters.len() && (in_class || characters[index] != '/') {
                        match characters[index] {
                            '\\' => index += 1,
                            '[' => in_class = true,
                            ']' => in_class = false,
                            _ => {}
                        }
                        index += 1;
                    }
                    found.push(characters[start..index.min(characters.len())].iter().collect());
                }
                None => {}
            }
            index += 1;
        }
        found
    }
}
