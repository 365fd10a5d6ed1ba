//! The places of a definition where a template may stand.

/// Where a template stands, which decides what it may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// An address needed before there is a token.
    SignIn,
    /// An address, parameter or header needed once there is one, by the way to sign in of this number.
    SignedIn(usize),
    /// The base address, headers and parameters of API calls, for every way to sign in.
    Api,
    /// The same for the way to sign in of this number.
    Method(usize),
    /// The check, for every way to sign in that has none of its own.
    Check,
    /// The same for the way to sign in of this number.
    MethodCheck(usize),
    /// The name of a header or a parameter of API calls, for every way to sign in.
    EntryName,
    /// The same for the way to sign in of this number.
    MethodEntryName(usize),
    /// What follows the `#` of the authorization endpoint.
    SignInFragment,
    /// A parameter of the authorization request.
    AuthorizeParameter,
    /// A parameter of the code exchange.
    TokenParameter,
    /// A header of the code exchange, which later requests may have too.
    TokenHeader,
    /// A parameter or header of the second exchange.
    ThenParameter,
    /// A parameter of the device authorization request or of the token requests that follow it.
    DeviceParameter,
    /// A parameter or header of the second exchange after those.
    DeviceThen,
    /// A parameter or header of the refresh, by the way to sign in of this number.
    RefreshParameter(usize),
    /// A request of the log-in of this number.
    Login(usize),
    /// The same with the operator's app in place of typed-in values.
    AppLogin(usize),
    /// What the way to sign in of this number signs.
    Sign(usize),
    /// A value that a request of a log-in keeps for the next.
    Keep,
    /// A value that is learnt.
    Learn,
    /// The same where there is no callback.
    DeviceLearn,
    /// A call after the sign-in, by the way to sign in of this number and its own among them.
    Calls(usize, usize),
    /// A whole address of the list to choose from, by the way to sign in of this number.
    Choose(usize),
    /// What an entry of that list is, and the values that are kept of it.
    Item,
    /// The account's id or name, for every way to sign in that has no check of its own.
    Account,
    /// The same for the way to sign in of this number.
    MethodAccount(usize),
}

impl Site {
    pub(super) fn namespaces(self, is_url: bool) -> &'static [&'static str] {
        match self {
            Self::SignIn | Self::SignInFragment => &["variables", "instance"],
            Self::SignedIn(_) => &["variables", "instance", "app"],
            Self::Calls(..) if is_url => &["variables", "discovered", "instance"],
            Self::Choose(_) => &["variables", "discovered", "instance"],
            Self::Login(_) | Self::AppLogin(_) if is_url => &["variables", "instance"],
            Self::Login(_) => &["credential", "variables", "kept", "signed", "instance"],
            Self::Sign(_) => &["credential", "variables", "instance"],
            Self::Keep => &["body"],
            Self::EntryName | Self::MethodEntryName(_) => &["variables"],
            Self::Api | Self::Method(_) | Self::Check | Self::MethodCheck(_) if is_url => {
                &["variables", "discovered", "instance"]
            }
            Self::Api | Self::Check | Self::Calls(..) => &["credential", "variables", "app", "instance"],
            Self::Method(_) | Self::MethodCheck(_) => &["credential", "variables", "app", "signed", "instance"],
            Self::TokenParameter => &["variables", "app", "query", "instance"],
            Self::ThenParameter => &["variables", "app", "query", "token", "instance"],
            Self::DeviceThen => &["variables", "app", "token", "instance"],
            Self::AuthorizeParameter
            | Self::TokenHeader
            | Self::DeviceParameter
            | Self::RefreshParameter(_)
            | Self::AppLogin(_) => &["variables", "app", "instance"],
            Self::Learn => &["token", "query"],
            Self::DeviceLearn => &["token"],
            Self::Item => &["item"],
            Self::Account | Self::MethodAccount(_) => &["body", "variables"],
        }
    }
}

impl Site {
    /// Where the names of the headers and parameters of this place stand.
    pub(crate) fn of_names(self) -> Self {
        match self {
            Self::Method(index)
            | Self::MethodCheck(index)
            | Self::Login(index)
            | Self::AppLogin(index)
            | Self::Calls(index, _) => Self::MethodEntryName(index),
            _ => Self::EntryName,
        }
    }

    /// Whether what needs an absent input can be left out here.
    pub(super) fn leaves_out(self) -> bool {
        matches!(
            self,
            Self::Api | Self::Method(_) | Self::Check | Self::MethodCheck(_) | Self::Login(_) | Self::AppLogin(_)
        )
    }
}
