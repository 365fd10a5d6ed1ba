//! The built-in service: switching it on makes the project's OAuth client at it.

use broker::{App, Broker, Environment, Kind, Problem, ProjectId};
use store::AppSettings;

/// Switches one of the built-in integrations on in `test`, with an OAuth client of this project that knows today's
/// address: `callback`, or ours.
///
/// # Errors
/// The redirect address cannot be used; the database is away.
pub async fn enable_sandbox(
    broker: &Broker,
    project: ProjectId,
    integration: &str,
    callback: Option<&str>,
) -> Result<App, Problem> {
    let store = broker.store();
    let origin = callback.unwrap_or_else(|| broker.public_origin());
    let settings = AppSettings {
        enabled: Some(true),
        callback_origin: Some(origin.to_owned()),
        ..AppSettings::default()
    };
    let app = store
        .set_app(project, Environment::Test, integration, origin, settings)
        .await?;
    let made = sandbox::ensure_client(store, project, Environment::Test, &app.redirect_uri()).await;
    let client = made.map_err(|error| match error {
        sandbox::EnsureClientError::Store(error) => error.into(),
        other => Problem::new(
            Kind::Unprocessable,
            "sandbox_not_set_up",
            format!("The sandbox has no client: {other}."),
        ),
    })?;
    if let Some(definition) = broker.catalog().get(integration) {
        broker
            .set_app(project, Environment::Test, definition, AppSettings::default())
            .await?;
    }
    if app.client_id.as_deref() == Some(&client.client_id) && app.has_client_secret {
        return Ok(app);
    }
    let settings = AppSettings {
        client_id: Some(client.client_id),
        client_secret: Some(client.client_secret),
        ..AppSettings::default()
    };
    Ok(store
        .set_app(project, Environment::Test, integration, origin, settings)
        .await?)
}
