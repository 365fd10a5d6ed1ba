//! Calls that a definition makes right after a sign-in: those whose answers say what a connection keeps, and what they
//! share with the list to choose from.

use std::collections::BTreeMap;

use catalog::{
    AuthMethod, CheckBody, CheckMethod, CheckTarget, EntryName, Expected, Inputs, Integration, LearningCall, Template,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use vault::Credential;

use crate::Protocol;
use crate::check::{Asked, CheckError, signer_of};
use crate::oauth2::{DpopKey, learn};
use crate::passthrough::{ApiCall, with_credential};

/// Such a call, as its definition writes it.
pub(crate) struct Declared<'a> {
    /// Its place in the definition.
    pub(crate) place: &'static str,
    pub(crate) method: CheckMethod,
    pub(crate) target: &'a CheckTarget,
    pub(crate) headers: &'a [(EntryName, Template)],
    pub(crate) query: &'a [(EntryName, Template)],
    pub(crate) body: Option<&'a CheckBody>,
    pub(crate) ok_pointer: Option<&'a String>,
}

impl Protocol {
    /// What the answer of a call after the sign-in says: values to keep with the connection as variables. `inputs` are the
    /// connection's `variables`, its `app` and `instance`.
    ///
    /// # Errors
    /// [`CheckError::Unexpected`] where a value is missing or is not what the definition allows.
    pub async fn learned_by(
        &self,
        integration: &Integration,
        method: &AuthMethod,
        call: &LearningCall,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<BTreeMap<String, String>, CheckError> {
        let declared = Declared {
            place: "calls",
            method: call.method,
            target: &call.target,
            headers: &call.headers,
            query: &call.query,
            body: call.body.as_ref(),
            ok_pointer: call.ok_pointer.as_ref(),
        };
        let document = self
            .declared(integration, method, &declared, credential, inputs)
            .await?;
        let document = document.unwrap_or(Value::Null);
        let (values, forbidden) = learn(&call.learn, &Inputs::new().json("body", &document));
        let unexpected = |reason| Err(CheckError::Unexpected { status: 200, reason });
        if !forbidden.is_empty() {
            return unexpected("a value in it is not what the definition allows");
        }
        if values.len() < call.learn.len() {
            return unexpected("it lacks what the connection keeps");
        }
        Ok(values)
    }

    /// Makes such a call; `None` when the answer has no JSON.
    pub(crate) async fn declared(
        &self,
        integration: &Integration,
        method: &AuthMethod,
        declared: &Declared<'_>,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Option<Value>, CheckError> {
        let metadata = self.metadata_for(integration, Some(method), credential, inputs).await?;
        let mut inputs = with_credential(inputs, credential);
        if let Some(metadata) = &metadata {
            inputs.insert_json("discovered", &metadata.document);
        }
        let signed = self.signed_for(Some(method), &inputs)?;
        if let Some(jwt) = &signed {
            inputs.insert_text("signed", "jwt", jwt.expose_secret());
        }
        let place = |error| CheckError::Configuration(format!("`{}` of `{}`: {error}", declared.place, method.id));
        let base = match declared.target {
            CheckTarget::Path(_) => integration.api.base_url.render(&inputs).map_err(place)?,
            CheckTarget::Url(template) => template.render(&inputs).map_err(place)?,
        };
        let call = ApiCall::filled(base.clone(), declared.headers, declared.query, &inputs)?;
        let address = match declared.target {
            CheckTarget::Path(path) => call.address(&path.render(&inputs).map_err(place)?)?,
            CheckTarget::Url(_) => base,
        };
        let expect = declared
            .ok_pointer
            .map(|pointer| (pointer.clone(), Expected::Equal(Value::Bool(true))))
            .into_iter()
            .collect();
        let bound = DpopKey::of(Some(method), credential).map_err(|why| CheckError::Configuration(why.to_owned()))?;
        let asked = Asked {
            bound: bound.as_ref(),
            call: &call,
            address: &address,
            method: declared.method,
            body: declared.body,
            expect: &expect,
            signer: signer_of(Some(method), credential, &inputs)?,
            signed: signed.as_ref(),
        };
        self.ask(asked, credential, &inputs).await
    }
}
