//! Typed ids: UUIDv7 inside, so that they sort by time.

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type, serde::Serialize, serde::Deserialize)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A project.
    ProjectId;
    /// A secret key's row.
    ApiKeyId;
    /// An integration switched on in one project and environment.
    AppId;
    /// A connect session.
    SessionId;
    /// An attempt inside a session.
    FlowId;
    /// A connection.
    ConnectionId;
    /// A grant that waits to be revoked.
    RevocationId;
    /// An event.
    EventId;
    /// Where events are delivered to.
    EndpointId;
    /// An event on its way to one endpoint.
    DeliveryId;
    /// A mail to the person behind a connection.
    MailId;
    /// A link to connect, to reconnect or to one's own connections.
    LinkId;
    /// A person who signs in to the console.
    OperatorId;
    /// A session of an operator in one browser.
    OperatorSessionId;
    /// A link that lets an operator in once.
    OperatorLinkId;
    /// An account at a provider that signs an operator in.
    OperatorLoginId;
    /// A browser that was sent to the provider of single sign-on.
    SignOnId;
    /// A line of the audit log.
    AuditId;
    /// A line of the log of requests.
    RequestId;
}
