//! "Did you mean …?"

/// The nearest of some names, if it is near enough to be a slip of the keyboard.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (word.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(word, name), name))
        .filter(|(distance, _)| *distance <= limit.max(2) && *distance < word.chars().count())
        .min()
        .map(|(_, name)| name.to_owned())
}

/// The same for names of one's own, of which one may be the beginning of the other, as `username` and `user`.
pub(crate) fn nearest_name<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let begins = |name: &&&str| name.len().min(word.len()) >= 4 && (name.starts_with(word) || word.starts_with(**name));
    nearest(word, names.iter().copied()).or_else(|| {
        let found = names.iter().filter(begins).max_by_key(|name| name.len());
        found.map(|name| (*name).to_owned())
    })
}

/// Edit distance with neighbouring letters swapped as one slip (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for (row, letter) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let mut best = (rows[row][column] + usize::from(letter != other))
                .min(rows[row][column + 1] + 1)
                .min(next[column] + 1);
            if row > 0 && column > 0 && *letter == right[column - 1] && left[row - 1] == *other {
                best = best.min(rows[row - 1][column - 1] + 1);
            }
            next.push(best);
        }
        rows.push(next);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::{nearest, nearest_name};

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["authorize", "token", "revoke", "access_token"];
        assert_eq!(nearest("authorise", names).as_deref(), Some("authorize"));
        assert_eq!(nearest("tokne", names).as_deref(), Some("token"));
        assert_eq!(nearest("acces_token", names).as_deref(), Some("access_token"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("username", ["site", "user"]), None);
        assert_eq!(nearest_name("username", ["site", "user"]).as_deref(), Some("user"));
        assert_eq!(nearest_name("keystone", ["key", "site"]), None);
    }
}
