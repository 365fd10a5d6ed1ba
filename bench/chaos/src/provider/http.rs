//! As much HTTP/1.1 as the provider needs, on a bare socket, so that an answer can break off at any byte.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Requests are small.
const LIMIT: usize = 64 * 1024;

/// A request, read whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// A connection, and what it sent ahead.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// The next request; `None` when the connection ended between two.
    pub(crate) async fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some((request, length)) = parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(Some(request));
            }
            if self.buffer.len() > LIMIT {
                return Err(io::Error::other("the request is too large"));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Comes back when the other side has left.
    pub(crate) async fn left(&mut self) {
        while let Ok(read) = self.stream.read_buf(&mut self.buffer).await {
            if read == 0 || self.buffer.len() > LIMIT {
                return;
            }
        }
    }

    /// Writes a whole answer.
    pub(crate) async fn answer(&mut self, status: u16, headers: &str, body: &str) -> io::Result<()> {
        self.stream.write_all(text(status, headers, body).as_bytes()).await
    }

    /// Writes the first half of an answer and ends the connection.
    pub(crate) async fn half_answer(&mut self, status: u16, body: &str) -> io::Result<()> {
        let text = text(status, "", body);
        self.stream
            .write_all(&text.as_bytes()[..text.len() - body.len() / 2])
            .await?;
        self.stream.shutdown().await
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        drop(self.stream.set_zero_linger());
    }
}

fn text(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// A whole request at the beginning of these bytes, and its length.
fn parse(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let value = |name: &str| {
        let header = head
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        header.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    if value("transfer-encoding").is_some() {
        return Err(io::Error::other("the request has no length"));
    }
    let body: usize = value("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let Some(body) = bytes.get(length..length + body) else {
        return Ok(None);
    };
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        authorization: value("authorization").map(str::to_owned),
        body: body.to_vec(),
    };
    Ok(Some((request, length + body.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_when_it_is_whole() {
        let text = b"POST /token HTTP/1.1\r\nAuthorization: Basic eA==\r\nContent-Length: 3\r\n\r\na=bGET";
        for end in 0..text.len() - 3 {
            assert!(parse(&text[..end]).unwrap().is_none());
        }
        let (request, length) = parse(text).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/token"));
        assert_eq!(request.authorization.as_deref(), Some("Basic eA=="));
        assert_eq!((request.body.as_slice(), &text[length..]), (&b"a=b"[..], &b"GET"[..]));
    }
}
