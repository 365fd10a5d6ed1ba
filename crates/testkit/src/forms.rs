//! The shapes in which a secret would be found in a dump.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A secret as text, its bytes in hex and base64, and, where it is base64url itself, what it stands for in hex.
pub fn forms_of(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        hex::encode(secret),
        // Without the end, which depends on what follows.
        STANDARD_NO_PAD.encode(&secret[..secret.len() / 3 * 3]),
    ];
    forms.extend(
        URL_SAFE_NO_PAD
            .decode(secret)
            .ok()
            .filter(|bytes| bytes.len() >= 16)
            .map(hex::encode),
    );
    forms
}

#[cfg(test)]
mod tests {
    use vault::Token;

    use super::*;

    #[test]
    fn a_token_is_known_by_its_text_and_its_bytes_but_not_by_its_digest() {
        let token = Token::generate();
        let forms = forms_of(&token.expose());
        assert_eq!(forms.len(), 4);
        assert!(!forms.contains(&hex::encode(token.digest().as_bytes())));
    }
}
