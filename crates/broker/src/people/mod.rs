//! Those who connect, as operators look after them: identities and their erasure, connect attempts, links, pages that
//! embed, and what is done to many connections at once.

mod attempts;
mod bulk;
mod embedders;
mod erase;
mod identities;
mod upkeep;

pub use attempts::AttemptDetail;
pub(crate) use attempts::Notes;
pub use bulk::{EXPORTED, Exported, MOST_AT_ONCE, MadeReconnect, Reconnects};
pub use embedders::Embedders;
pub use erase::Erased;
pub use identities::{IDENTITIES_NAMED, PeopleNames};
pub use upkeep::Upkeep;
