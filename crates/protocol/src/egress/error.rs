//! Why an outbound call gave no answer, and what is certain about it.

use std::error::Error as _;
use std::net::IpAddr;

/// Who can let such a call out, and how.
const ALLOW: &str = "Whoever runs this server can allow it: with its origin, as `http://10.0.0.5:8080`, in `LATCHKEY_ALLOW_PRIVATE_HOSTS`";

/// Why a call was not allowed to leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not https, and the origin is not in the list of allowed ones.
    #[error("the address of `{0}` is not https. {remedy}", remedy = ALLOW)]
    Scheme(String),
    /// A port other than 443.
    #[error("port {port} of `{host}` is not the default one. {remedy}", remedy = ALLOW)]
    Port {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// `user:password@` in the address.
    #[error("the address of `{0}` carries a user name or password; whoever wrote the address must remove it")]
    UserInfo(String),
    /// An IP address of a private or special network.
    #[error("{0} is a private or special address. {remedy}", remedy = ALLOW)]
    Address(IpAddr),
    /// A name that means something local.
    #[error("`{0}` is a local name. {remedy}", remedy = ALLOW)]
    Name(String),
    /// A name whose addresses are all private or special.
    #[error("`{0}` leads to no public address. {remedy}", remedy = ALLOW)]
    NoPublicAddress(String),
    /// Not an address with a host.
    #[error("this is not an https address with a host; whoever wrote it must correct it")]
    Malformed,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutPhase {
    /// Name resolution, TCP and TLS. Nothing was sent.
    Connect,
    /// The status line did not come.
    FirstByte,
    /// The body stood still.
    Idle,
    /// The whole call.
    Total,
}

impl TimeoutPhase {
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "could not be reached in time",
            Self::FirstByte => "did not begin to answer in time",
            Self::Idle => "stopped in the middle of its answer",
            Self::Total => "did not answer in time",
        }
    }
}

/// Why there is no answer. No variant carries a path, a query, a header or a body.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The guard did not let it out. Nothing was sent.
    #[error("Latchkey did not make the call: {0}")]
    Refused(#[from] Refusal),
    /// No connection (DNS, TCP, TLS). Nothing was sent.
    #[error(
        "the service could not be reached ({0}); try again, and if it stays so an operator should check DNS, certificates and the firewall"
    )]
    NotSent(String),
    /// Sent, at least in part, and no full answer came.
    #[error("the connection to the service broke before its whole answer was there ({0}); try again later")]
    Interrupted(String),
    /// The answer, or the request body, is larger than allowed.
    #[error("the {} is larger than {limit} bytes; an operator can raise the limit", if *.request { "request" } else { "answer of the service" })]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
        /// Whether it was the request's body rather than the answer's.
        request: bool,
    },
    /// Took too long.
    #[error("the service {}; try again later", .phase.words())]
    Timeout {
        /// What took too long.
        phase: TimeoutPhase,
    },
    /// The caller's own body ended with an error.
    #[error("the request body ended early ({0}); send it again")]
    RequestBody(String),
    /// What the caller sends cannot be signed. Nothing was sent.
    #[error("the call cannot be signed: {0}")]
    Unsigned(String),
    /// The client only notes what would be sent.
    #[error("nothing was sent: this was a trial")]
    Trial,
    /// The client could not be built.
    #[error("the outbound client cannot be set up: {0}; an operator must correct the configuration")]
    Setup(String),
}

impl EgressError {
    /// Whether it is certain that the service saw nothing of the request, so that repeating it is harmless.
    pub fn surely_not_sent(&self) -> bool {
        matches!(
            self,
            Self::Refused(_)
                | Self::NotSent(_)
                | Self::Setup(_)
                | Self::Trial
                | Self::Unsigned(_)
                | Self::Timeout {
                    phase: TimeoutPhase::Connect
                }
        )
    }

    /// Reads the client's error. Its address is left out, because queries carry secrets.
    pub(super) fn from_client(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut innermost = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(refusal) = cause.downcast_ref::<Refusal>() {
                return Self::Refused(refusal.clone());
            }
            if let Some(own) = cause.downcast_ref::<Self>() {
                return own.clone();
            }
            innermost = cause.to_string();
            source = cause.source();
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::Timeout {
                phase: TimeoutPhase::Connect,
            },
            (true, false) => Self::NotSent(innermost),
            (false, true) => Self::Timeout {
                phase: TimeoutPhase::Total,
            },
            (false, false) if error.is_builder() => Self::NotSent(innermost),
            (false, false) => Self::Interrupted(innermost),
        }
    }
}
