//! Addresses, compared by what they mean and not by how they are spelt.

use url::Url;

/// An address taken apart: encoded and plain spellings of the same path or query are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// Segments of the path, decoded; none for `/`.
    pub(crate) path: Vec<String>,
    /// The query, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
}

impl Address {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("`{text}`: {error}"))?;
        let decoded = |segment: &str| {
            percent_encoding::percent_decode_str(segment)
                .decode_utf8_lossy()
                .into_owned()
        };
        let mut path: Vec<String> = url.path_segments().into_iter().flatten().map(decoded).collect();
        if path == [""] {
            path.clear();
        }
        let pairs = url.query_pairs();
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            path,
            query: pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        })
    }

    /// Whether both are the same but for the query.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        self.origin == other.origin && self.path == other.path
    }

    /// Whether it is at or below another one.
    pub(crate) fn is_below(&self, other: &Self) -> bool {
        self.origin == other.origin && self.path.starts_with(&other.path)
    }

    /// Without the query, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}/{}", self.origin, self.path.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_matter() {
        let one = Address::parse("https://a.example/x%40y/z?q=a+b").unwrap();
        let other = Address::parse("https://A.example:443/x@y/z?q=a%20b").unwrap();
        assert_eq!(one, other);
        assert_ne!(one, Address::parse("https://a.example/x@y/z/?q=a%20b").unwrap());
        assert!(
            Address::parse("https://a.example")
                .unwrap()
                .is_at(&Address::parse("https://a.example/").unwrap())
        );
    }
}
