//! The filters in force.

use super::super::operator::Here;
use super::super::pages::Chip;
use super::with_query;

/// A filter that a list has.
#[derive(Clone, Debug)]
pub(in super::super) struct Filter {
    /// Its name in the address.
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// Where it is in force: the value in the address, and that for people.
    value: Option<(String, String)>,
}

impl Filter {
    /// A filter whose value reads the same in the address.
    pub(in super::super) fn plain(name: &'static str, title: &'static str, value: Option<&str>) -> Self {
        Self::worded(name, title, value.map(|value| (value, value)))
    }

    /// A filter whose value has a word for people: both, where it is in force.
    pub(in super::super) fn worded<A: Into<String>, W: Into<String>>(
        name: &'static str,
        title: &'static str,
        value: Option<(A, W)>,
    ) -> Self {
        Self {
            name,
            title,
            value: value.map(|(address, word)| (address.into(), word.into())),
        }
    }
}

/// The filters of a list, as its addresses have them.
#[derive(Debug)]
pub(in super::super) struct Filters {
    /// The list, under a place.
    page: &'static str,
    all: Vec<Filter>,
}

impl Filters {
    /// Those of a list, in the order of its form.
    pub(in super::super) fn of(page: &'static str, all: impl Into<Vec<Filter>>) -> Self {
        Self { page, all: all.into() }
    }

    /// Whether none is in force.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.all.iter().all(|filter| filter.value.is_none())
    }

    /// The query of the list's first page.
    pub(in super::super) fn query(&self) -> String {
        self.written(None, None)
    }

    /// The query of the page that begins behind a row: the name of that in the address, and its id.
    pub(in super::super) fn query_behind(&self, name: &str, row: &str) -> String {
        self.written(None, Some((name, row)))
    }

    /// The list's first page.
    pub(in super::super) fn first(&self, here: &Here) -> String {
        with_query(here.at(self.page), &self.query())
    }

    /// The page that begins behind a row.
    pub(in super::super) fn behind(&self, here: &Here, name: &str, row: &str) -> String {
        with_query(here.at(self.page), &self.query_behind(name, row))
    }

    /// A chip for each filter in force: its address has the others.
    pub(in super::super) fn chips(&self, here: &Here) -> Vec<Chip> {
        let chip = |filter: &Filter| {
            let (_, word) = filter.value.clone()?;
            Some(Chip {
                name: filter.title,
                value: word,
                href: with_query(here.at(self.page), &self.written(Some(filter.name), None)),
            })
        };
        self.all.iter().filter_map(chip).collect()
    }

    fn written(&self, without: Option<&str>, behind: Option<(&str, &str)>) -> String {
        let in_force = self.all.iter().filter(|filter| Some(filter.name) != without);
        let pairs = in_force.filter_map(|filter| Some((filter.name, filter.value.as_ref()?.0.as_str())));
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs.chain(behind))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_what_is_in_force() {
        let filters = Filters::of(
            "links",
            [
                Filter::worded("state", "State", Some(("open", "Waiting"))),
                Filter::plain("tag", "Tag", None),
                Filter::plain("account", "Account", Some("a&b c")),
            ],
        );
        assert_eq!(filters.query(), "state=open&account=a%26b+c");
        assert_eq!(
            filters.query_behind("before", "7"),
            "state=open&account=a%26b+c&before=7"
        );
        assert_eq!(filters.written(Some("state"), None), "account=a%26b+c");
        assert!(!filters.is_empty() && Filters::of("links", [Filter::plain("tag", "Tag", None)]).is_empty());
    }
}
