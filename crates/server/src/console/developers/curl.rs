//! A request of the log as a line for a terminal.

use broker::{LoggedRequest, RequestKind};

/// The request as a line for a terminal, with places for what is not kept.
pub(super) fn curl(origin: &str, line: &LoggedRequest, connection_key: Option<&str>) -> String {
    let (prefix, passes) = match line.kind {
        RequestKind::Passthrough => ("/v1/passthrough", true),
        RequestKind::Api => ("", false),
    };
    let query: Vec<String> = line
        .query_names
        .split('&')
        .filter(|name| !name.is_empty())
        .map(|name| format!("{name}=VALUE"))
        .collect();
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };
    let address = format!("{origin}{prefix}{}{query}", line.path);
    let mut text = format!("curl -X {} {}", line.method, quoted(&address));
    text.push_str(" \\\n  -H \"X-One-Secret: $SECRET_KEY\"");
    if passes {
        let key = connection_key.map_or_else(
            || "\"X-One-Connection-Key: $CONNECTION\"".to_owned(),
            |key| quoted(&format!("X-One-Connection-Key: {key}")),
        );
        text.push_str(" \\\n  -H ");
        text.push_str(&key);
    }
    if matches!(line.method.as_str(), "POST" | "PUT" | "PATCH") {
        text.push_str(" \\\n  -H \"Content-Type: application/json\" -d '{}'");
    }
    text
}

/// A text that a shell takes as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use broker::{Environment, ProjectId, RequestId};

    use super::*;

    #[test]
    fn a_request_is_pasted_into_a_terminal() {
        let line = LoggedRequest {
            id: RequestId::generate(),
            project: ProjectId::generate(),
            environment: Environment::Test,
            correlation_id: String::new(),
            kind: RequestKind::Passthrough,
            method: "POST".to_owned(),
            path: "/it's/$(x)".to_owned(),
            query_names: "a&b".to_owned(),
            host: None,
            status: 200,
            upstream_status: None,
            duration_ms: 0,
            request_bytes: None,
            response_bytes: None,
            key: None,
            connection: None,
            error_code: None,
        };
        let text = curl("https://latchkey.example", &line, Some("test::x|u"));
        assert!(
            text.starts_with(r"curl -X POST 'https://latchkey.example/v1/passthrough/it'\''s/$(x)?a=VALUE&b=VALUE'"),
            "{text}"
        );
        assert!(
            text.contains("-H 'X-One-Connection-Key: test::x|u'") && text.ends_with("-d '{}'"),
            "{text}"
        );
        assert!(curl("o", &line, None).contains("$CONNECTION"));
    }
}
