//! Mistakes that the product could make and no definition can: what it sends is changed on its way to the player.

use url::{Url, form_urlencoded};

use super::Asked;

/// A parameter of the product's requests that is left out, or says something else.
#[derive(Clone, Copy, Debug)]
pub struct Tamper {
    /// Its name.
    pub parameter: &'static str,
    /// What stands there; nothing where it is left out.
    pub instead: Option<&'static str>,
    /// Only in requests that have this value, as `refresh_token`.
    pub only_with: Option<&'static str>,
}

impl Tamper {
    fn pairs(&self, pairs: Vec<(String, String)>) -> Vec<(String, String)> {
        let is_meant = |wanted: &str| pairs.iter().any(|(_, value)| value == wanted);
        if !self.only_with.is_none_or(is_meant) {
            return pairs;
        }
        let changed = pairs.into_iter().filter_map(|(name, value)| {
            if name == self.parameter {
                self.instead.map(|instead| (name, instead.to_owned()))
            } else {
                Some((name, value))
            }
        });
        changed.collect()
    }

    /// A request of the product.
    pub(super) fn asked(&self, asked: &Asked) -> Asked {
        let mut asked = asked.clone();
        asked.address.query = self.pairs(asked.address.query);
        let content_type = asked.header("content-type").concat();
        if content_type.starts_with("application/x-www-form-urlencoded") {
            let pairs = form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
            asked.body = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(self.pairs(pairs))
                .finish();
        }
        asked
    }

    /// An address that a browser is sent to.
    pub(super) fn address(&self, address: &str) -> String {
        let Ok(mut url) = Url::parse(address) else {
            return address.to_owned();
        };
        let pairs = self.pairs(url.query_pairs().into_owned().collect());
        url.query_pairs_mut().clear().extend_pairs(pairs);
        url.into()
    }
}
