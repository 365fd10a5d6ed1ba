//! One request of a log-in.

use bytes::Bytes;
use catalog::{CheckMethod, Inputs, JsonTemplate, LoginBody, LoginRequest, RenderError, Slot, Template};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::check::accepted;
use crate::egress::ANSWER_LIMIT;
use crate::oauth2::Scrub;
use crate::{CheckError, Protocol};

fn unrenderable(at: &'static str) -> impl Fn(RenderError) -> CheckError {
    move |error| CheckError::Configuration(format!("`{at}` of the log-in cannot be filled in: {error}"))
}

impl Protocol {
    /// Sends it and gives its JSON answer, and the headers of that.
    pub(super) async fn login_call(
        &self,
        request: &LoginRequest,
        inputs: &Inputs<'_>,
        scrub: &Scrub,
    ) -> Result<(Value, HeaderMap), CheckError> {
        let mut url = request.url.render(inputs).map_err(unrenderable("url"))?;
        with_query(&mut url, &request.query, inputs)?;
        let mut headers = HeaderMap::new();
        for (name, template) in &request.headers {
            let value = template.render(inputs, Slot::Header).map_err(unrenderable("headers"))?;
            let malformed = || CheckError::Configuration(format!("the header `{name}` of the log-in is none"));
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| malformed())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name).map_err(|_| malformed())?, value);
        }
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        let (body, kind) = body(&request.body, inputs)?;
        if let Some(kind) = kind {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        }
        let mut call = http::Request::new(body);
        *call.method_mut() = match request.method {
            CheckMethod::Get => http::Method::GET,
            CheckMethod::Post => http::Method::POST,
        };
        *call.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| CheckError::Configuration("the address of the log-in is none".to_owned()))?;
        *call.headers_mut() = headers;
        let answer = self.egress().call(call, ANSWER_LIMIT).await?;
        let document = accepted(&answer, request.ok_pointer.as_deref(), scrub)?;
        let document = document.ok_or(CheckError::Unexpected {
            status: answer.status().as_u16(),
            reason: "the answer is not JSON",
        })?;
        Ok((document, answer.headers().clone()))
    }
}

fn with_query(url: &mut Url, query: &[(String, Template)], inputs: &Inputs<'_>) -> Result<(), CheckError> {
    for (name, template) in query {
        let value = template.render(inputs, Slot::Plain).map_err(unrenderable("query"))?;
        url.query_pairs_mut().append_pair(name, value.expose_secret());
    }
    Ok(())
}

/// The body, and its type.
fn body(written: &LoginBody, inputs: &Inputs<'_>) -> Result<(Bytes, Option<&'static str>), CheckError> {
    let (text, kind) = match written {
        LoginBody::None => return Ok((Bytes::new(), None)),
        LoginBody::Form(form) => {
            let mut text = Zeroizing::new(String::new());
            for (name, template) in form {
                let value = template.render(inputs, Slot::Plain).map_err(unrenderable("form"))?;
                form_urlencoded::Serializer::for_suffix(&mut *text, 0).append_pair(name, value.expose_secret());
            }
            (text, "application/x-www-form-urlencoded")
        }
        LoginBody::Json(template) => (Zeroizing::new(json(template, inputs)?.to_string()), "application/json"),
    };
    Ok((Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec())), Some(kind)))
}

fn json(template: &JsonTemplate, inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    Ok(match template {
        JsonTemplate::Plain(value) => value.clone(),
        JsonTemplate::Text(template) => {
            let value = template.render(inputs, Slot::Plain).map_err(unrenderable("json"))?;
            Value::from(value.expose_secret())
        }
        JsonTemplate::List(items) => items.iter().map(|item| json(item, inputs)).collect::<Result<_, _>>()?,
        JsonTemplate::Object(members) => {
            let member = |(name, member): &(String, JsonTemplate)| Ok((name.clone(), json(member, inputs)?));
            Value::Object(members.iter().map(member).collect::<Result<Map<_, _>, CheckError>>()?)
        }
    })
}
