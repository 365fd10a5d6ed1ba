//! Parameters of a query or a form, as RFC 6749 §3.1 and §3.2 want them read.

/// Parameters in their order. An empty value counts as absent; a repeated name is an error where it is asked for.
pub(crate) struct Parameters(Vec<(String, String)>);

/// A parameter was given more than once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repeated(pub(crate) &'static str);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(text)
                .filter(|(_, value)| !value.is_empty())
                .map(owned)
                .collect(),
        )
    }

    /// The one value of a name.
    pub(crate) fn get(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }
}

fn owned((name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_absent_and_a_repeated_name_an_error() {
        let parameters = Parameters::parse(b"a=1&b=&c=x+y%26&c=2&d=&d=3");
        assert_eq!(parameters.get("a"), Ok(Some("1")));
        assert_eq!(parameters.get("b"), Ok(None));
        assert_eq!(parameters.get("c"), Err(Repeated("c")));
        assert_eq!(parameters.get("d"), Ok(Some("3")));
        assert_eq!(parameters.get("e"), Ok(None));
    }
}
