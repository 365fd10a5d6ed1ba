//! The one serializer of a connection: the union of what `LINK_SUCCESS` carries (wire contract §4.1), what the vault
//! lists (§4.2) and what the newest view adds. No secret and nothing of the account is in it.

use broker::Broker;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use store::Connection;
use utoipa::ToSchema;

use crate::Site;

/// How `createdAt` and `updatedAt` are written: the only point where the two shapes contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    /// Milliseconds since 1970: `LINK_SUCCESS` and old endpoints.
    Milliseconds,
    /// ISO text: vault rows.
    Text,
}

/// A point in time in one of the two shapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Time {
    /// Milliseconds since 1970.
    Milliseconds(i64),
    /// RFC 3339, UTC.
    Text(String),
}

impl Times {
    fn of(self, time: DateTime<Utc>) -> Time {
        match self {
            Self::Milliseconds => Time::Milliseconds(time.timestamp_millis()),
            Self::Text => Time::Text(time.to_rfc3339_opts(SecondsFormat::Millis, true)),
        }
    }
}

/// A connection on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the wire's switches")]
pub(crate) struct Record {
    /// The id, under the name that old clients read.
    #[serde(rename = "_id")]
    pub old_id: String,
    /// The id.
    pub id: String,
    /// `{environment}::{integration}::default::{32 hex digits}`, with `|identity` when there is one.
    pub key: String,
    /// The integration.
    pub platform: String,
    /// The same: the unit that newer clients bound grants by.
    pub connector: String,
    /// Always `v1`.
    pub platform_version: &'static str,
    /// Always `api`.
    pub r#type: &'static str,
    /// `test` or `live`.
    pub environment: &'static str,
    /// The person's own name for it.
    pub name: Option<String>,
    /// The integration's name.
    pub title: String,
    /// Address of the integration's logo.
    pub image: Option<String>,
    /// The integration's description.
    pub description: String,
    /// Whose it is, in the customer's words.
    pub identity: Option<String>,
    /// `user`, `team`, `organization` or `project`.
    pub identity_type: Option<&'static str>,
    /// Older word for the identity.
    pub group: String,
    /// `operational`, `degraded`, `failed` or `unknown`.
    pub state: &'static str,
    /// A machine's word for why it is not operational.
    pub state_reason: Option<String>,
    /// The same for people.
    pub state_message: Option<String>,
    /// Whether the person must connect again.
    pub has_error: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The customer's tags.
    pub tags: Vec<String>,
    /// The switch.
    pub active: bool,
    /// Always false: a deleted connection is not there.
    pub deleted: bool,
    /// Always false.
    pub deprecated: bool,
    /// Always false.
    pub updated: bool,
    /// The definition.
    pub connection_definition_id: String,
    /// The definition's sign-in, for OAuth.
    pub connection_oauth_def_id: Option<String>,
    /// Name of the place where the credential lies; nothing can be read with it.
    pub secrets_service_id: String,
    /// The same for newer clients.
    pub secret_id: String,
    /// Whose it is on our side: the project.
    pub user_id: String,
    /// Old switches.
    pub settings: Settings,
    /// Old limit.
    pub throughput: Throughput,
    /// Whose it is on our side.
    pub ownership: Ownership,
    /// For OAuth: when the access token ends.
    pub oauth: Option<OAuth>,
    /// When the access token ends.
    pub expires_at: Option<String>,
    /// For how many seconds the access token was given.
    pub expires_in: Option<i64>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Always `1.0.0`.
    pub version: &'static str,
    /// Always `system`.
    pub last_modified_by: &'static str,
    /// Always empty: `GET …/{id}/events` tells what happened.
    pub change_log: Nothing,
}

/// An object without anything in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nothing {}

/// Old switches; only `oauth` says something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the wire's switches")]
pub(crate) struct Settings {
    parse_webhook_body: bool,
    show_secret: bool,
    allow_custom_events: bool,
    oauth: bool,
}

/// Old limit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Throughput {
    key: String,
    limit: u32,
}

/// Whose it is on our side.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub(crate) struct Ownership {
    buildable_id: String,
    client_id: String,
    organization_id: Option<String>,
    project_id: String,
    user_id: Option<String>,
}

/// The old description of an OAuth sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OAuth {
    enabled: Enabled,
}

#[derive(Debug, Serialize, ToSchema)]
struct Enabled {
    connection_oauth_definition_id: String,
    expires_in: Option<i64>,
    expires_at: i64,
}

/// What tokens without an end have always said.
const NEVER: i64 = 2_147_483_647;

/// The id of a definition on the wire.
pub(crate) fn definition_id(integration: &str) -> String {
    format!("conn_def_{integration}")
}

/// The address of an integration's logo, absolute: it is shown on customers' pages too.
pub(crate) fn image(site: &Site, integration: &catalog::Integration) -> Option<String> {
    let logo = integration.logo.as_deref().and_then(|name| site.assets.logo(name))?;
    Some(format!("{}{logo}", site.public_origin))
}

/// What the record takes from the definition. A connection outlives its definition, so all of it can be missing.
#[derive(Debug, Default)]
struct Described {
    title: Option<String>,
    description: String,
    image: Option<String>,
    oauth: bool,
}

/// A connection as clients read it.
pub(crate) fn record(broker: &Broker, site: &Site, connection: &Connection, times: Times) -> Record {
    let catalog = broker.catalog();
    let described = catalog
        .get(&connection.integration)
        .map_or_else(Described::default, |integration| {
            let method = integration.method(Some(&connection.auth_method));
            Described {
                title: Some(integration.name.clone()),
                description: integration.description.clone(),
                image: image(site, integration),
                oauth: method.is_some_and(|method| method.kind.is_at_the_service()),
            }
        });
    write(connection, described, times)
}

fn write(connection: &Connection, described: Described, times: Times) -> Record {
    let failed = connection.state == store::ConnectionState::Failed;
    let id = connection.id.to_string();
    let owner = &connection.owner;
    let group = owner
        .group
        .clone()
        .or_else(|| owner.identity.clone())
        .unwrap_or_else(|| unique(&connection.key));
    let oauth = described.oauth.then(|| definition_id(&connection.integration));
    let expires_in = connection
        .expires_at
        .map(|end| (end - connection.updated_at).num_seconds().max(0));
    Record {
        old_id: id.clone(),
        key: connection.key.clone(),
        platform: connection.integration.clone(),
        connector: connection.integration.clone(),
        platform_version: "v1",
        r#type: "api",
        environment: connection.environment.as_str(),
        name: connection.name.clone(),
        title: described.title.unwrap_or_else(|| connection.integration.clone()),
        image: described.image,
        description: described.description,
        identity: owner.identity.clone(),
        identity_type: owner.identity_type.map(store::IdentityType::as_str),
        state: connection.state.as_str(),
        state_reason: connection.state_reason.clone(),
        state_message: connection.state_message.clone(),
        has_error: failed,
        error: connection.state_message.clone().filter(|_| failed),
        tags: connection.tags.clone(),
        active: connection.active,
        deleted: false,
        deprecated: false,
        updated: false,
        connection_definition_id: definition_id(&connection.integration),
        connection_oauth_def_id: oauth.clone(),
        secrets_service_id: id.clone(),
        secret_id: id.clone(),
        id,
        user_id: connection.project.to_string(),
        settings: Settings {
            parse_webhook_body: false,
            show_secret: false,
            allow_custom_events: false,
            oauth: described.oauth,
        },
        throughput: Throughput {
            key: group.clone(),
            limit: 100,
        },
        group,
        ownership: Ownership {
            buildable_id: connection.project.to_string(),
            client_id: connection.project.to_string(),
            organization_id: None,
            project_id: connection.project.to_string(),
            user_id: None,
        },
        oauth: oauth.map(|connection_oauth_definition_id| OAuth {
            enabled: Enabled {
                connection_oauth_definition_id,
                expires_in,
                expires_at: connection.expires_at.map_or(NEVER, |end| end.timestamp()),
            },
        }),
        expires_at: connection
            .expires_at
            .map(|end| end.to_rfc3339_opts(SecondsFormat::Millis, true)),
        expires_in,
        created_at: times.of(connection.created_at),
        updated_at: times.of(connection.updated_at),
        version: "1.0.0",
        last_modified_by: "system",
        change_log: Nothing {},
    }
}

/// The 32 hex digits of a key.
fn unique(key: &str) -> String {
    key.split("::")
        .nth(3)
        .unwrap_or_default()
        .split('|')
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use store::{AppId, ConnectionId, ConnectionState, IdentityType, Owner, ProjectId};
    use uuid::Uuid;

    use super::*;

    fn connection() -> Connection {
        let id = |number: u128| Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number);
        Connection {
            id: ConnectionId(id(1)),
            project: ProjectId(id(2)),
            environment: vault::Environment::Test,
            app: AppId(id(3)),
            integration: "gmail".to_owned(),
            auth_method: "oauth2".to_owned(),
            key: "test::gmail::default::0f1e2d3c4b5a69788796a5b4c3d2e1f0|u-42".to_owned(),
            name: None,
            owner: Owner {
                identity: Some("u-42".to_owned()),
                identity_type: Some(IdentityType::User),
                group: None,
                label: Some("Ann Lee".to_owned()),
            },
            tags: Vec::new(),
            active: true,
            state: ConnectionState::Operational,
            state_reason: None,
            state_message: None,
            account_id: Some("canary-account".to_owned()),
            account_name: Some("canary@example.test".to_owned()),
            variables: BTreeMap::from([("issuer".to_owned(), "canary".to_owned())]),
            scopes: Some(vec!["canary".to_owned()]),
            created_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            updated_at: DateTime::from_timestamp(1_700_000_060, 0).unwrap(),
            last_used_at: None,
            expires_at: DateTime::from_timestamp(1_700_003_660, 0),
        }
    }

    fn gmail() -> Described {
        Described {
            title: Some("Gmail".to_owned()),
            description: "Mail.".to_owned(),
            image: Some("https://latchkey.example.test/assets/0/logos/gmail.svg".to_owned()),
            oauth: true,
        }
    }

    #[test]
    fn a_vault_row() {
        insta::assert_json_snapshot!(write(&connection(), gmail(), Times::Text));
    }

    #[test]
    fn a_record_of_link_success_without_identity() {
        let mut connection = connection();
        connection.owner = Owner::default();
        connection.key = "test::openai::default::0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned();
        connection.state = ConnectionState::Failed;
        connection.state_reason = Some("grant_gone".to_owned());
        connection.state_message = Some("The access was withdrawn. Connect again.".to_owned());
        connection.expires_at = None;
        insta::assert_json_snapshot!(write(&connection, Described::default(), Times::Milliseconds));
    }

    #[test]
    fn nothing_of_the_account_is_in_it() {
        let text = serde_json::to_string(&write(&connection(), gmail(), Times::Text)).unwrap();
        assert!(!text.contains("canary") && !text.contains("Ann Lee"), "{text}");
    }
}
