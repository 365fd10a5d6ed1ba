//! The scopes of the sandbox.

/// One thing that a client may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// `GET /me`.
    Profile,
    /// `GET /items` and `POST /items`.
    Items,
}

impl Scope {
    /// All of them, in the order in which the consent page names them.
    pub(crate) const ALL: [Self; 2] = [Self::Profile, Self::Items];

    /// The name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Items => "items",
        }
    }

    /// What the client will be able to do, for the consent page.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Profile => "See your name and email address",
            Self::Items => "See your items and add new ones",
        }
    }
}

/// Reads a `scope` parameter (RFC 6749 §3.3). Absent means all; an unknown name is an error. Each is named once.
pub(crate) fn parse(text: Option<&str>) -> Result<Vec<Scope>, UnknownScope> {
    let Some(text) = text else {
        return Ok(Scope::ALL.to_vec());
    };
    let mut scopes = Vec::new();
    for name in text.split(' ').filter(|name| !name.is_empty()) {
        let scope = Scope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == name)
            .ok_or(UnknownScope)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        Err(UnknownScope)
    } else {
        Ok(scopes)
    }
}

/// A scope that the sandbox does not have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownScope;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_know_the_same_scopes() {
        assert_eq!(Scope::ALL.map(Scope::as_str), store::sandbox::faults::SCOPES);
    }

    #[test]
    fn reads_names_once_and_refuses_others() {
        assert_eq!(parse(None).unwrap(), Scope::ALL);
        assert_eq!(
            parse(Some("items profile items")).unwrap(),
            [Scope::Items, Scope::Profile]
        );
        for bad in ["admin", "profile admin", "Profile", " ", "profile,items"] {
            assert_eq!(parse(Some(bad)), Err(UnknownScope), "{bad}");
        }
    }
}
