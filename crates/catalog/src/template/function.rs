//! The functions of the template language. The list is closed: a definition is data, not a program.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::inputs::{Inputs, RenderError};
use super::{Expression, inputs};

/// A function of the template language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Standard base64 with padding (RFC 4648 §4).
    Base64,
    /// URL-safe base64 without padding (RFC 4648 §5).
    Base64Url,
    /// Lower-case hex.
    Hex,
    /// SHA-256, as bytes.
    Sha256,
    /// HMAC-SHA256 of key and message, as bytes.
    HmacSha256,
    /// Lower case, ASCII letters only.
    Lower,
    /// Upper case, ASCII letters only.
    Upper,
    /// `application/x-www-form-urlencoded`, as RFC 6749 §2.3.1 asks before Basic.
    FormEncode,
    /// Of a text with a separator the part of this number, from 0: `part(credential.admin_key, ":", "1")`.
    Part,
    /// Of a JSON document the text or number at a pointer: `json(credential.service_account, "/client_email")`.
    Json,
    /// The first argument whose inputs are all present and which is not empty.
    First,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 11] = [
        Self::Base64,
        Self::Base64Url,
        Self::Hex,
        Self::Sha256,
        Self::HmacSha256,
        Self::Lower,
        Self::Upper,
        Self::FormEncode,
        Self::Part,
        Self::Json,
        Self::First,
    ];

    /// Its name in templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Hex => "hex",
            Self::Sha256 => "sha256",
            Self::HmacSha256 => "hmac_sha256",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::FormEncode => "form_encode",
            Self::Part => "part",
            Self::Json => "json",
            Self::First => "first",
        }
    }

    /// How many arguments it takes, from and to.
    pub(super) fn arity(self) -> (usize, usize) {
        match self {
            Self::HmacSha256 | Self::Json => (2, 2),
            Self::Part => (3, 3),
            Self::First => (2, 8),
            _ => (1, 1),
        }
    }

    /// Whether it gives bytes that another function must turn into text.
    pub(super) fn gives_bytes(self) -> bool {
        matches!(self, Self::Sha256 | Self::HmacSha256)
    }

    /// Whether it takes bytes.
    pub(super) fn takes_bytes(self) -> bool {
        matches!(
            self,
            Self::Base64 | Self::Base64Url | Self::Hex | Self::Sha256 | Self::HmacSha256
        )
    }
}

/// The text of an expression.
pub(super) fn text(expression: &Expression, inputs: &Inputs<'_>) -> Result<Zeroizing<String>, RenderError> {
    let bytes = bytes(expression, inputs)?;
    // The parser lets no function that gives bytes stand where text is needed.
    String::from_utf8(bytes.to_vec())
        .map(Zeroizing::new)
        .map_err(|_| RenderError::NotText(expression.to_string()))
}

fn bytes(expression: &Expression, inputs: &Inputs<'_>) -> Result<Zeroizing<Vec<u8>>, RenderError> {
    match expression {
        Expression::Name(name) => inputs.get(name).map(|value| Zeroizing::new(value.as_bytes().to_vec())),
        Expression::Quoted(text) => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        Expression::Call(function, arguments) => call(*function, arguments, inputs),
    }
}

fn joined(row: &[Expression], inputs: &Inputs<'_>) -> Result<Zeroizing<Vec<u8>>, RenderError> {
    let mut all = Zeroizing::new(Vec::new());
    for value in row {
        all.extend_from_slice(&bytes(value, inputs)?);
    }
    Ok(all)
}

fn call(
    function: Function,
    arguments: &[Vec<Expression>],
    inputs: &Inputs<'_>,
) -> Result<Zeroizing<Vec<u8>>, RenderError> {
    let argument = |index: usize| joined(arguments.get(index).map_or(&[], Vec::as_slice), inputs);
    let text = |text: String| Zeroizing::new(text.into_bytes());
    Ok(match function {
        Function::Base64 => text(STANDARD.encode(&argument(0)?)),
        Function::Base64Url => text(URL_SAFE_NO_PAD.encode(&argument(0)?)),
        Function::Hex => text(hex::encode(&argument(0)?)),
        Function::Sha256 => Zeroizing::new(Sha256::digest(&argument(0)?).to_vec()),
        Function::HmacSha256 => {
            let mut mac = Hmac::<Sha256>::new_from_slice(&argument(0)?)
                .map_err(|_| RenderError::NotText("hmac_sha256 with this key".to_owned()))?;
            mac.update(&argument(1)?);
            Zeroizing::new(mac.finalize().into_bytes().to_vec())
        }
        Function::Lower => Zeroizing::new(argument(0)?.to_ascii_lowercase()),
        Function::Upper => Zeroizing::new(argument(0)?.to_ascii_uppercase()),
        Function::FormEncode => text(inputs::form(&argument(0)?)),
        Function::Part => {
            let (whole, separator, number) = (argument(0)?, argument(1)?, argument(2)?);
            let missing = || RenderError::Missing("part(…)".to_owned());
            let read = |bytes: &[u8]| {
                String::from_utf8(bytes.to_vec())
                    .map(Zeroizing::new)
                    .map_err(|_| missing())
            };
            let (whole, separator) = (read(&whole)?, read(&separator)?);
            let number: usize = read(&number)?.parse().map_err(|_| missing())?;
            let part = whole.split(separator.as_str()).nth(number).ok_or_else(missing)?;
            Zeroizing::new(part.as_bytes().to_vec())
        }
        Function::Json => {
            let (document, pointer) = (argument(0)?, argument(1)?);
            let missing = || RenderError::Missing("json(…)".to_owned());
            let document: serde_json::Value = serde_json::from_slice(&document).map_err(|_| missing())?;
            let pointer = std::str::from_utf8(&pointer).map_err(|_| missing())?;
            match document.pointer(pointer) {
                Some(serde_json::Value::String(found)) => Zeroizing::new(found.clone().into_bytes()),
                Some(serde_json::Value::Number(found)) => text(found.to_string()),
                _ => return Err(missing()),
            }
        }
        Function::First => {
            let mut missing = None;
            for row in arguments {
                match joined(row, inputs) {
                    Ok(value) if !value.is_empty() => return Ok(value),
                    Ok(_) => {}
                    Err(error) => missing = missing.or(Some(error)),
                }
            }
            return Err(missing.unwrap_or_else(|| RenderError::Missing("first(…)".to_owned())));
        }
    })
}
