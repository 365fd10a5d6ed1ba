//! What the lists of the console have in common: filters in the address, chips that take them away, choices, and pages
//! that begin behind a row.

mod address;
mod choices;
mod filters;
mod whom;

pub(super) use address::{query, with_query};
pub(super) use choices::{choices, integrations, one_of};
pub(super) use filters::{Filter, Filters};
pub(super) use whom::{Whom, kind_of, kind_word};

use std::str::FromStr;

use crate::paging::Query;
use crate::problems::Problem;

/// A text that an address searches for.
pub(super) fn text<'a>(query: &'a Query, name: &str) -> Result<Option<&'a str>, Problem> {
    query.text(name)
}

/// Behind which row a page begins. `of` is what the rows are, as `a link`.
pub(super) fn behind<Id: FromStr>(query: &Query, name: &str, of: &str) -> Result<Option<Id>, Problem> {
    let id = query.get(name).map(str::parse).transpose();
    id.map_err(|_| Problem::bad_request(format!("`{name}` is no id of {of}. Begin again with the newest.")))
}
