//! The built-in service: switching it on makes the project's OAuth client at it.

use broker::Broker;
use store::{App, AppSettings, Project};
use vault::Environment;

/// Switches one of them on in `test`, with an OAuth client of this project that knows today's address: `callback`, or ours.
pub(super) async fn enable(
    broker: &Broker,
    project: &Project,
    integration: &str,
    callback: Option<&str>,
) -> anyhow::Result<App> {
    let store = broker.store();
    let origin = callback.unwrap_or_else(|| broker.public_origin());
    let settings = AppSettings {
        enabled: Some(true),
        callback_origin: Some(origin.to_owned()),
        ..AppSettings::default()
    };
    let app = store
        .set_app(project.id, Environment::Test, integration, origin, settings)
        .await?;
    let client = sandbox::ensure_client(store, project.id, Environment::Test, &app.redirect_uri()).await?;
    if app.client_id.as_deref() == Some(&client.client_id) && app.has_client_secret {
        return Ok(app);
    }
    let settings = AppSettings {
        client_id: Some(client.client_id),
        client_secret: Some(client.client_secret),
        ..AppSettings::default()
    };
    Ok(store
        .set_app(project.id, Environment::Test, integration, origin, settings)
        .await?)
}
