//! Whom an address is about. Their identity may be an email address, and addresses stay in logs of proxies and in
//! histories of browsers; so it stands in none that we write, and a reference does.

use broker::{Broker, IdentityType};
use store::Identity;

use super::super::operator::Here;
use super::text;
use crate::paging::Query;
use crate::problems::Problem;

/// What an identity's type is called.
pub(in super::super) const fn kind_word(kind: IdentityType) -> &'static str {
    match kind {
        IdentityType::User => "User",
        IdentityType::Team => "Team",
        IdentityType::Organization => "Organization",
        IdentityType::Project => "Project",
    }
}

/// The type that an address or a form names; a user without.
pub(in super::super) fn kind_of(text: Option<&str>) -> Result<IdentityType, Problem> {
    text.map_or(Ok(IdentityType::User), str::parse)
        .map_err(Problem::bad_request)
}

/// Before the reference of somebody who was typed: whatever their type is.
const ANY: &str = "any.";

/// An identity, and what stands for it in addresses.
#[derive(Clone, Debug)]
pub(in super::super) struct Whom {
    pub(in super::super) identity: Identity,
    pub(in super::super) reference: String,
    /// Their type is not known, and every one is meant.
    is_any: bool,
}

impl Whom {
    /// Somebody by their id.
    pub(in super::super) fn of(broker: &Broker, here: &Here, id: &str, kind: IdentityType) -> Self {
        let identity = Identity {
            id: id.to_owned(),
            kind,
        };
        Self {
            reference: broker.identity_reference(here.project.id, &identity),
            identity,
            is_any: false,
        }
    }

    /// Whoever has an id that somebody typed.
    fn typed(broker: &Broker, here: &Here, id: &str) -> Self {
        Self::of(broker, here, id, IdentityType::User).of_any_type()
    }

    fn of_any_type(self) -> Self {
        Self {
            reference: format!("{ANY}{}", self.reference),
            is_any: true,
            ..self
        }
    }

    /// The only type that is meant.
    pub(in super::super) fn kind(&self) -> Option<IdentityType> {
        (!self.is_any).then_some(self.identity.kind)
    }

    /// Whom a reference stands for.
    pub(in super::super) fn by(broker: &Broker, here: &Here, reference: &str) -> Option<Self> {
        Some(Self {
            identity: broker.identity_of_reference(here.project.id, reference)?,
            reference: reference.to_owned(),
            is_any: false,
        })
    }

    /// Whom a list is narrowed to: by `who`, or by an id that somebody typed.
    pub(in super::super) fn read(broker: &Broker, here: &Here, query: &Query) -> Result<Option<Self>, Problem> {
        if let Some(typed) = text(query, "identity")? {
            return Ok(Some(Self::typed(broker, here, typed)));
        }
        let Some(reference) = query.get("who") else {
            return Ok(None);
        };
        let found = match reference.strip_prefix(ANY) {
            Some(reference) => Self::by(broker, here, reference).map(Self::of_any_type),
            None => Self::by(broker, here, reference),
        };
        found.map(Some).ok_or_else(|| {
            Problem::bad_request("`who` stands for no identity here. Choose one of the list of identities.")
        })
    }

    /// Where an address that names somebody in clear is from now on: one that was typed, or an old bookmark.
    pub(in super::super) fn moved(
        broker: &Broker,
        here: &Here,
        page: &str,
        query: &Query,
    ) -> Result<Option<String>, Problem> {
        let Some(typed) = text(query, "identity")? else {
            return Ok(None);
        };
        let whom = Self::typed(broker, here, typed);
        let others = query
            .pairs()
            .filter(|(name, value)| !value.is_empty() && !matches!(*name, "identity" | "who"));
        let written = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("who", &whom.reference)
            .finish();
        Ok(Some(here.at(&format!("{page}?{written}"))))
    }

    /// Both values of the filter for them.
    pub(in super::super) fn filter(&self) -> (&str, &str) {
        (&self.reference, &self.identity.id)
    }

    /// Their page.
    pub(in super::super) fn page(&self, here: &Here) -> String {
        here.at(&format!("identities/{}", self.reference))
    }
}
