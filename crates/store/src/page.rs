//! Pages of lists that go on behind their last row.

/// Rows of a page.
#[derive(Clone, Debug)]
pub struct Page<Row, Key> {
    /// In the order of the list.
    pub rows: Vec<Row>,
    /// Behind which one the next page begins; none where this is the last.
    pub next: Option<Key>,
}

impl<Row, Key> Page<Row, Key> {
    /// A page of what was found for it with a limit of one row more: that one tells whether there is another page.
    pub fn cut(mut rows: Vec<Row>, limit: i64, key: impl FnOnce(&Row) -> Key) -> Self {
        let more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
        if more {
            rows.pop();
        }
        let next = rows.last().filter(|_| more).map(key);
        Self { rows, next }
    }

    /// The same page of other rows, made of these one by one.
    pub fn map<Other>(self, other: impl FnMut(Row) -> Other) -> Page<Other, Key> {
        Page {
            rows: self.rows.into_iter().map(other).collect(),
            next: self.next,
        }
    }
}

/// What one look through a stretch of a list found: a filter that no index has in order may need several.
#[derive(Clone, Debug)]
pub struct Look<Row, Key> {
    /// The newest first.
    pub rows: Vec<Row>,
    /// Behind which one the next look begins.
    pub next: Option<Key>,
    /// How many rows were looked through, where that ended the look before it had enough.
    pub looked_through: Option<i64>,
}

impl<Row, Key> Look<Row, Key> {
    /// A look that had enough.
    pub(crate) fn enough(page: Page<Row, Key>) -> Self {
        Self {
            rows: page.rows,
            next: page.next,
            looked_through: None,
        }
    }

    /// A look that came to the end of its stretch, of so many rows, and of the list where nothing is behind it.
    pub(crate) fn ended(page: Page<Row, Key>, next: Option<Key>, stretch: i64) -> Self {
        Self {
            rows: page.rows,
            looked_through: next.is_some().then_some(stretch),
            next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_more_tells_of_another_page() {
        let page = |found: std::ops::Range<i32>| {
            let page = Page::cut(found.collect(), 3, |row| *row);
            (page.rows, page.next)
        };
        assert_eq!(page(0..0), (vec![], None));
        assert_eq!(page(0..3), (vec![0, 1, 2], None));
        assert_eq!(page(0..4), (vec![0, 1, 2], Some(2)));
        let words = Page::cut(vec![1, 2], 1, |row| *row).map(|row| row.to_string());
        assert_eq!((words.rows, words.next), (vec!["1".to_owned()], Some(1)));
    }
}
