//! A body that is compressed once, as small as it gets, and sent many times.

use std::io::Write as _;

use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;

/// Below this many bytes the headers of an encoding are as long as what it saves.
const WORTH_IT: usize = 512;

/// The forms of one file.
pub(super) struct Encoded {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Encoded {
    /// Takes some hundred milliseconds for the longest script: not for the thread of a connection.
    ///
    /// `is_text` says that it can be compressed at all: a picture is already.
    pub(super) fn new(plain: Vec<u8>, is_text: bool) -> Self {
        let worth_it = is_text && plain.len() >= WORTH_IT;
        let smaller = |form: Option<Vec<u8>>| form.filter(|form| form.len() < plain.len()).map(Bytes::from);
        let brotli = smaller(worth_it.then(|| brotli_of(&plain)).flatten());
        let gzip = smaller(worth_it.then(|| gzip_of(&plain)).flatten());
        Self {
            plain: plain.into(),
            brotli,
            gzip,
        }
    }

    /// What was compressed, for tests that look into it.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.plain).unwrap()
    }

    /// The body in the best form that the browser takes (RFC 9110 section 12.5.3).
    pub(super) fn answer(&self, request: &HttpRequest, mut response: HttpResponseBuilder) -> HttpResponse {
        // Also where this answer is plain: a cache must not give another browser's form.
        response.insert_header((header::VARY, "accept-encoding"));
        let (form, name) = self.form_for(request);
        if let Some(name) = name {
            // Nothing on the way out compresses it again.
            response.insert_header((header::CONTENT_ENCODING, name));
        }
        response.body(form.clone())
    }

    fn form_for(&self, request: &HttpRequest) -> (&Bytes, Option<&'static str>) {
        let wanted = request
            .headers()
            .contains_key(header::ACCEPT_ENCODING)
            .then(|| AcceptEncoding::parse(request).ok())
            .flatten();
        let forms = [
            (&self.brotli, Encoding::brotli(), "br"),
            (&self.gzip, Encoding::gzip(), "gzip"),
        ];
        for (form, encoding, name) in &forms {
            let (Some(form), Some(wanted)) = (form, &wanted) else {
                continue;
            };
            if wanted.negotiate([encoding, &Encoding::identity()].into_iter()).as_ref() == Some(encoding) {
                return (form, Some(name));
            }
        }
        (&self.plain, None)
    }
}

/// At the highest quality (RFC 7932).
fn brotli_of(plain: &[u8]) -> Option<Vec<u8>> {
    let mut small = Vec::new();
    brotli::BrotliCompress(
        &mut &plain[..],
        &mut small,
        &brotli::enc::BrotliEncoderParams::default(),
    )
    .ok()?;
    Some(small)
}

/// For proxies and programs that do not know the other.
fn gzip_of(plain: &[u8]) -> Option<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(10));
    writer.write_all(plain).ok()?;
    writer.finish().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    use super::*;

    async fn sent(encoded: &Encoded, accepts: Option<&str>) -> (Option<String>, Bytes) {
        let mut request = TestRequest::get();
        if let Some(accepts) = accepts {
            request = request.insert_header((header::ACCEPT_ENCODING, accepts));
        }
        let response = encoded.answer(&request.to_http_request(), HttpResponse::Ok());
        assert_eq!(response.headers().get(header::VARY).unwrap(), "accept-encoding");
        let name = response.headers().get(header::CONTENT_ENCODING);
        let name = name.map(|name| name.to_str().unwrap().to_owned());
        (name, to_bytes(response.into_body()).await.unwrap())
    }

    #[actix_web::test]
    async fn a_browser_gets_the_smallest_form_that_it_takes() {
        let text = "function connect(integration) { return open(integration); }\n".repeat(200);
        let encoded = Encoded::new(text.clone().into_bytes(), true);
        for (accepts, expected) in [
            (Some("gzip, deflate, br, zstd"), Some("br")),
            (Some("gzip, deflate"), Some("gzip")),
            (Some("br;q=0, gzip"), Some("gzip")),
            (Some("*"), None),
            (Some("identity"), None),
            (Some("nonsense"), None),
            (None, None),
        ] {
            let (name, body) = sent(&encoded, accepts).await;
            assert_eq!(name.as_deref(), expected, "{accepts:?}");
            let mut read = String::new();
            match expected {
                Some("br") => {
                    brotli::Decompressor::new(&body[..], 4096)
                        .read_to_string(&mut read)
                        .unwrap();
                }
                Some("gzip") => {
                    flate2::read::GzDecoder::new(&body[..])
                        .read_to_string(&mut read)
                        .unwrap();
                }
                _ => read = String::from_utf8(body.to_vec()).unwrap(),
            }
            assert_eq!(read, text, "{accepts:?}");
        }
    }

    #[actix_web::test]
    async fn what_does_not_shrink_is_sent_as_it_is() {
        let short = Encoded::new(b"export {};".to_vec(), true);
        assert_eq!(sent(&short, Some("br, gzip")).await.0, None);
        let picture = Encoded::new(vec![7; 4096], false);
        assert_eq!(sent(&picture, Some("br, gzip")).await.0, None);
    }
}
