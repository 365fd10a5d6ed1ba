//! Lists on the wire: `page`, `limit` and `skip`, read leniently, and the envelope that every client's loop ends with.

use serde::Serialize;

use crate::problems::Problem;

/// Longest text to search for.
const LONGEST: usize = 300;

/// The decoded pairs of a query, in order. Keys can come twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the raw query. Anything that is no pair has an empty value.
    pub(crate) fn parse(raw: &str) -> Self {
        Self(url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// The first value of a key. Empty values and those that sample backends send for "nothing" count as none.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.trim())
            .filter(|value| !matches!(*value, "" | "null" | "undefined"))
    }

    /// A text that is searched for, of at most 300 characters.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, Problem> {
        let value = self.get(key);
        if value.is_some_and(|value| value.chars().count() > LONGEST) {
            return Err(Problem::bad_request(format!(
                "The text to search for is too long. Take at most {LONGEST} characters."
            )));
        }
        Ok(value)
    }

    /// All pairs, as they came.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A comma list, from any of these keys.
    pub(crate) fn list(&self, keys: &[&str]) -> Vec<String> {
        keys.iter()
            .filter_map(|key| self.get(key))
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    }

    /// `true` or `false`; anything else is none.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// Which rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    /// From 1.
    pub page: i64,
    /// From 1 to [`Paging::MOST`].
    pub limit: i64,
    /// Rows before.
    pub skip: i64,
}

impl Paging {
    /// Most rows of a page; more is clamped without a word.
    pub(crate) const MOST: i64 = 150;
    const USUAL: i64 = 20;

    /// Reads `page`, `limit` and `skip`. Customers' backends forward what they got, so whatever is no number is the
    /// default. `skip` wins over `page`.
    pub(crate) fn read(query: &Query) -> Self {
        let number = |key: &str| query.get(key).and_then(|value| value.parse::<i64>().ok());
        let limit = number("limit")
            .filter(|limit| *limit >= 0)
            .unwrap_or(Self::USUAL)
            .clamp(1, Self::MOST);
        if let Some(skip) = number("skip").filter(|skip| *skip > 0) {
            let skip = skip.min(i64::MAX - Self::MOST);
            return Self {
                page: skip / limit + 1,
                limit,
                skip,
            };
        }
        // Far beyond any table, far below an overflow.
        let page = number("page").filter(|page| *page > 0).unwrap_or(1).min(1 << 40);
        Self {
            page,
            limit,
            skip: (page - 1) * limit,
        }
    }

    /// All of `count` rows but the skipped ones, whatever `limit` says.
    pub(crate) fn all_but_skipped(query: &Query, count: usize) -> Self {
        let limit = i64::try_from(count).unwrap_or(i64::MAX).max(1);
        let skip = query.get("skip").and_then(|value| value.parse::<i64>().ok());
        Self {
            page: 1,
            limit,
            skip: skip.unwrap_or(0).clamp(0, limit),
        }
    }

    /// The rows of a list that is at hand as a whole.
    pub(crate) fn cut<T>(self, rows: Vec<T>) -> Page<T> {
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        Page::new(rows.into_iter().skip(skip).take(limit).collect(), total, self)
    }
}

/// A page of rows: everything that any client's loop ends with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub(crate) struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many rows the same filters give over all pages.
    pub total: i64,
    /// How many pages of `limit` rows that is.
    pub pages: i64,
    /// This page, from 1.
    pub page: i64,
    /// Rows before this page.
    pub skip: i64,
    /// Rows of a full page.
    pub limit: i64,
}

impl<T> Page<T> {
    /// A page of `total` rows.
    pub(crate) fn new(rows: Vec<T>, total: i64, paging: Paging) -> Self {
        let pages = (total + paging.limit - 1) / paging.limit;
        Self {
            rows,
            total,
            pages,
            page: paging.page,
            skip: paging.skip,
            limit: paging.limit,
        }
    }

    /// The same page with each row as something else.
    pub(crate) fn map<U>(self, row: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(row).collect(),
            total: self.total,
            pages: self.pages,
            page: self.page,
            skip: self.skip,
            limit: self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> (i64, i64, i64) {
        let paging = Paging::read(&Query::parse(raw));
        (paging.page, paging.limit, paging.skip)
    }

    #[test]
    fn junk_is_the_default() {
        for raw in [
            "",
            "page=null&limit=undefined&skip=",
            "page=0&limit=x&skip=-1",
            "page=1.5&limit=-3",
        ] {
            assert_eq!(read(raw), (1, 20, 0), "{raw}");
        }
    }

    #[test]
    fn limits_are_clamped() {
        assert_eq!(read("limit=0"), (1, 1, 0));
        assert_eq!(read("limit=500"), (1, 150, 0));
        assert_eq!(read("page=9223372036854775807&limit=150").1, 150);
        assert_eq!(read("skip=9223372036854775807").1, 20);
    }

    #[test]
    fn skip_wins() {
        assert_eq!(read("page=3&limit=10"), (3, 10, 20));
        assert_eq!(read("page=3&limit=10&skip=40"), (5, 10, 40));
        assert_eq!(read("page=3&limit=10&skip=0"), (3, 10, 20));
    }

    #[test]
    fn loops_of_all_clients_end() {
        let rows: Vec<i64> = (0..45).collect();
        let page = Paging::read(&Query::parse("page=3&limit=20")).cut(rows.clone());
        assert_eq!(
            (page.rows.len(), page.total, page.pages, page.page, page.skip),
            (5, 45, 3, 3, 40)
        );
        let past = Paging::read(&Query::parse("page=9&limit=20")).cut(rows);
        assert_eq!((past.rows.len(), past.total), (0, 45));
        assert_eq!(Paging::read(&Query::default()).cut(Vec::<i64>::new()).pages, 0);
    }

    #[test]
    fn a_list_on_one_page_ignores_its_limit() {
        let cut = |raw: &str| {
            let page = Paging::all_but_skipped(&Query::parse(raw), 150).cut((0..150).collect::<Vec<_>>());
            (page.rows.len(), page.total, page.pages, page.skip)
        };
        assert_eq!(cut("limit=100&skip=0"), (150, 150, 1, 0));
        assert_eq!(cut("limit=100&skip=100"), (50, 150, 1, 100));
        assert_eq!(cut("skip=9223372036854775807"), (0, 150, 1, 150));
        assert_eq!(cut("skip=-5&limit=null"), (150, 150, 1, 0));
    }

    #[test]
    fn lists_and_flags() {
        let query = Query::parse("key=a%7Cb,%20c&keys=d&active=false&tags=");
        assert_eq!(query.list(&["key", "keys"]), ["a|b", "c", "d"]);
        assert_eq!(query.flag("active"), Some(false));
        assert!(query.list(&["tags"]).is_empty());
    }
}
