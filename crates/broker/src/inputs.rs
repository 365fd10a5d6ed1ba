//! What calls in the name of a connection are filled in with.

use std::collections::BTreeMap;

use catalog::{AuthKind, Inputs, Integration};
use store::App;
use vault::{ExposeSecret as _, SecretString};

use crate::{Broker, Problem};

/// `variables` and `app` of a call.
pub(crate) struct CallInputs {
    variables: BTreeMap<String, String>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
}

impl CallInputs {
    /// With `instance` besides.
    pub(crate) fn inputs<'a>(&'a self, broker: &'a Broker) -> Inputs<'a> {
        let mut inputs = broker.instance_inputs();
        for (name, value) in &self.variables {
            inputs.insert_text("variables", name, value);
        }
        if let Some(client_id) = &self.client_id {
            inputs.insert_text("app", "client_id", client_id);
        }
        if let Some(client_secret) = &self.client_secret {
            inputs.insert_text("app", "client_secret", client_secret.expose_secret());
        }
        inputs
    }
}

impl Broker {
    /// Those of a connection of this app with values of its own, once it is sure that its secrets go nowhere new. The
    /// client's secret is among them only where calls are signed with it (RFC 5849 §3.4); a definition can name it nowhere in
    /// a call.
    pub(crate) async fn call_inputs(
        &self,
        integration: &Integration,
        auth_method: &str,
        app: &App,
        own: &BTreeMap<String, String>,
    ) -> Result<CallInputs, Problem> {
        let variables = self.agreed_variables(integration, auth_method, app, own).await?;
        let signs = integration
            .auth
            .iter()
            .any(|method| matches!(method.kind, AuthKind::OAuth1(_)));
        let known = if signs {
            self.app_with_secrets(app.id).await?
        } else {
            None
        };
        Ok(CallInputs {
            variables,
            client_id: app.client_id.clone(),
            client_secret: known.and_then(|known| known.1.secret.clone()),
        })
    }
}
