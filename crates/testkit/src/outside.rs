//! What a server meets outside: the network, and the definitions of services.

use std::net::SocketAddr;

use broker::SingleSignOn;
use catalog::Catalog;
use latchkey::composition::{BadDefinition, load_catalog};
use protocol::RelyingParty;
use protocol::egress::{Egress, EgressPolicy};
use secrecy::SecretString;

use crate::provider::{
    calls_definition, definition, device_definition, key_definition, signed_definition, sites_definition,
};
use crate::signing::oauth1_definition;
use crate::typed::typed_definition;

/// What a server meets outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outside {
    pub(crate) policy: EgressPolicy,
    /// Where every public name leads.
    pub(crate) player: Option<SocketAddr>,
    /// Where the sandbox is, where it is not the server's own.
    pub(crate) sandbox_url: Option<String>,
    /// Definitions beside ours, each with the name of its file. They win.
    pub(crate) definitions: Vec<(String, String)>,
    /// The issuer of single sign-on, and the secret of our client there.
    pub(crate) sign_on: Option<(String, String)>,
}

impl Outside {
    pub(crate) fn egress(&self, own: &str) -> Egress {
        let mut policy = self.policy.clone();
        policy.allow.push(own.parse().unwrap());
        match self.player {
            Some(address) => Egress::leading_to(policy, address).unwrap(),
            None => Egress::new(policy).unwrap(),
        }
    }

    /// The provider that says who operators are, of a server at this address.
    pub(crate) fn single_sign_on(&self, own: &str) -> Option<SingleSignOn> {
        let (issuer, secret) = self.sign_on.as_ref()?;
        let party = RelyingParty::new(
            issuer.parse().unwrap(),
            "latchkey-console".to_owned(),
            SecretString::from(secret.as_str()),
            format!("{own}/console/sso/callback"),
        );
        Some(SingleSignOn {
            name: "Odd".to_owned(),
            party: party.unwrap(),
        })
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let catalog = load_catalog(None, BadDefinition::Refuse).unwrap();
        let own = catalog::load_sources([
            definition(),
            key_definition(),
            device_definition(),
            oauth1_definition(),
            calls_definition(),
            signed_definition(),
            sites_definition(),
            typed_definition(),
        ]);
        assert!(own.problems.is_empty(), "{:?}", own.problems);
        let more = self
            .definitions
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()));
        let more = catalog::load_sources(more);
        let problems: Vec<String> = more.problems.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        catalog.merged(own.catalog).merged(more.catalog)
    }
}
