//! What somebody types to find a person by name, as the words that the name has to have: in any order, each by its
//! beginning, with accents or without.

use vault::Environment;

use crate::{ProjectId, Store, StoreError};

/// Words that are looked for. Whoever types more is answered by the first.
const MOST: usize = 8;

/// Words of a text, as the index of names is asked for them.
#[derive(Clone, Debug)]
pub(crate) struct NameWords {
    /// The longest. A name of ASCII that does not have these letters in a row does not fit.
    pub(crate) longest: String,
    /// All of them, as a text of the type `tsquery`, for what `latchkey_place_words` makes of a name.
    pub(crate) query: String,
}

/// A word that a name has to have.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    /// It has to be a word of the name, not the beginning of one.
    is_whole: bool,
}

/// Whether a part is a mail address with the beginning of its host. It means one person: its words are those of many.
fn is_address(part: &str) -> bool {
    let name_and_host = part.trim_start_matches('@').split_once('@');
    name_and_host.is_some_and(|(_, host)| !host.is_empty())
}

/// The words of a part without spaces, which `folded` holds. What stands between two words ends the first, and so does a
/// sign behind the last.
fn words_of(part: &str, folded: &str) -> Vec<Word> {
    let is_ended = part.ends_with(|last: char| last.is_ascii_punctuation());
    let texts: Vec<&str> = folded.split_ascii_whitespace().collect();
    let last = texts.len().saturating_sub(1);
    texts
        .into_iter()
        .enumerate()
        .map(|(place, text)| Word {
            text: text.to_owned(),
            is_whole: place < last || is_ended,
        })
        .collect()
}

/// All of these words, in this place.
fn query(project: ProjectId, environment: Environment, words: &[Word]) -> String {
    let lexeme = |word: &Word| {
        // Folded words have neither sign; one that had would end the text or the query.
        let text = word.text.replace('\\', "\\\\").replace('\'', "''");
        let end = if word.is_whole { "" } else { ":*" };
        format!("'{project}{}/{text}'{end}", environment.as_str())
    };
    let lexemes: Vec<String> = words.iter().map(lexeme).collect();
    lexemes.join(" & ")
}

impl Store {
    /// The words of a text, folded as those of names are; none where it has none, as `-`, and where it holds a mail address.
    pub(crate) async fn name_words(
        &self,
        project: ProjectId,
        environment: Environment,
        text: &str,
    ) -> Result<Option<NameWords>, StoreError> {
        let parts: Vec<String> = text.split_whitespace().take(MOST).map(ToOwned::to_owned).collect();
        if parts.iter().any(|part| is_address(part)) {
            return Ok(None);
        }
        let folded = sqlx::query_scalar!(
            r#"select latchkey_words(p.part) as "words!" from unnest($1::text[]) with ordinality as p (part, place)
               order by p.place"#,
            &parts
        )
        .fetch_all(&self.pool)
        .await?;
        let mut words: Vec<Word> = parts
            .iter()
            .zip(&folded)
            .flat_map(|(part, folded)| words_of(part, folded))
            .collect();
        words.truncate(MOST);
        let longest = words.iter().map(|word| &word.text).max_by_key(|text| text.len());
        Ok(longest.map(|longest| NameWords {
            longest: longest.clone(),
            query: query(project, environment, &words),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(part: &str, folded: &str) -> String {
        let words = words_of(part, folded);
        let shown: Vec<String> = words
            .iter()
            .map(|word| format!("{}{}", word.text, if word.is_whole { "" } else { "*" }))
            .collect();
        shown.join(" ")
    }

    #[test]
    fn the_last_word_of_a_part_goes_on() {
        for (part, folded, expected) in [
            ("Müll", " mull", "mull*"),
            ("Müller-Lüd", " muller lud", "muller lud*"),
            ("p_", " p", "p"),
            ("p%", " p", "p"),
            ("ann@", " ann", "ann"),
            ("@ann", " ann", "ann*"),
            ("-", " ", ""),
        ] {
            assert_eq!(shown(part, folded), expected, "{part}");
        }
    }

    #[test]
    fn an_address_means_one_person() {
        for (part, expected) in [
            ("info@a", true),
            ("@info@a", true),
            ("info@", false),
            ("@info", false),
            ("info", false),
        ] {
            assert_eq!(is_address(part), expected, "{part}");
        }
    }

    #[test]
    fn no_word_leaves_its_quotes() {
        let word = |text: &str, is_whole| Word {
            text: text.to_owned(),
            is_whole,
        };
        let place = "00000000-0000-0000-0000-000000000000test";
        let asked = query(
            ProjectId(uuid::Uuid::nil()),
            Environment::Test,
            &[word("ann", true), word("o'b\\", false)],
        );
        assert_eq!(asked, format!("'{place}/ann' & '{place}/o''b\\\\':*"));
    }
}
