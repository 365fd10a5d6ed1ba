//! `integrations try`: what would be sent, and what an answer lacks.

use std::path::Path;

use serde_json::json;

use super::{ACME, err, folder, good, out, run};

#[test]
fn try_says_what_an_answer_lacks_and_which_address_would_be_refused() {
    let folder = folder();
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    std::fs::write(
        folder.path().join("acme.yaml"),
        ACME.replace("body.id", "body.user.uid"),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("answer.json"),
        r#"{"user": {"id": 7, "email": "a"}, "ok": true}"#,
    )
    .unwrap();
    let said = out(&run(folder.path(), &own, &["try", "acme", "--answer", "answer.json"]));
    assert!(
        said.contains("id: `body.user.uid` was looked for; `body.user` has ")
            && said.contains("name: `body.name` was looked for; the answer has "),
        "{said}"
    );

    let login = r#"auth:
  - kind: login
    title: Log in
    fields: [{ name: user, title: User }, { name: password, title: Password }]
    requests:
      - post: "${variables.server}/session"
        json: { user: "${credential.user}", password: "${credential.password}" }
    token: { access_token: /token }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api: { base_url: "${variables.server}" }
"#;
    let (before, after) = (ACME.find("auth:").unwrap(), ACME.find("check:").unwrap());
    let variables = "variables: { server: { title: Server, type: origin } }\n";
    let text = format!("{}{variables}{login}{}", &ACME[..before], &ACME[after..]);
    std::fs::write(folder.path().join("acme.yaml"), text).unwrap();
    let server = "server=http://localhost:9321";
    let tried = ["try", "acme", "--variable", server];
    let said = out(&run(folder.path(), &own, &tried));
    assert!(
        said.contains("log-in    POST http://localhost:9321/session")
            && said.contains("this address would be refused: ")
            && said.contains(r#""password":"sample-password""#),
        "{said}"
    );
    let allowed = [own[0], ("LATCHKEY_ALLOW_PRIVATE_HOSTS", "http://localhost:9321")];
    let said = out(&run(folder.path(), &allowed, &tried));
    assert!(said.contains("sample-password") && !said.contains("refused"), "{said}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "each kind of sign-in once")]
fn try_shows_what_would_be_sent() {
    let folder = folder();
    std::fs::write(folder.path().join("acme.yaml"), ACME).unwrap();
    std::fs::write(folder.path().join("answer.json"), r#"{"id": 7, "name": "Ann"}"#).unwrap();
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    let tried = good(&run(
        folder.path(),
        &own,
        &["try", "acme", "--answer", "answer.json", "--json"],
    ));
    let way = &tried["ways"][0];
    assert_eq!(way["headers"], json!({ "X-Key": "sample-key" }));
    assert_eq!(way["check"]["url"], "https://api.acme.example/v1/me");
    assert_eq!(way["account"], json!({ "id": "7", "name": "Ann" }));

    let key_header = "  headers: { X-Key: \"${credential.key}\" }\n";
    let code = ACME.replace("id: acme", "id: code").replace(key_header, "");
    let (before, after) = (code.find("auth:\n").unwrap(), code.find("api:\n").unwrap());
    let headers = "    headers: { Authorization: \"Bearer ${credential.access_token}\" }\n";
    let code = format!(
        "{}auth:\n  - kind: oauth2_device\n    title: Code\n    device: {{ url: https://acme.example/device }}\n    token: {{ url: https://acme.example/token }}\n{headers}  - kind: oauth2_device\n    id: oauth2_issuer\n    title: Issuer\n    discover: {{ issuer: https://id.acme.example }}\n{headers}{}",
        &code[..before],
        &code[after..]
    );
    std::fs::write(folder.path().join("code.yaml"), code).unwrap();
    let tried = good(&run(folder.path(), &own, &["try", "code", "--json"]));
    let ways = tried["ways"].as_array().unwrap();
    assert_eq!(ways[0]["device"], "https://acme.example/device");
    assert_eq!(
        ways[1]["device"],
        "read from https://id.acme.example/.well-known/openid-configuration"
    );
    assert!(
        ways.iter()
            .all(|way| way["authorize"].is_null() && way["kind"] == "oauth2_device")
    );

    let tried = good(&run(
        folder.path(),
        &[],
        &["try", "salesforce", "--variable", "domain=acme.my", "--json"],
    ));
    let authorize = tried["ways"][0]["authorize"].as_str().unwrap();
    assert!(
        authorize.starts_with("https://acme.my.salesforce.com/services/oauth2/authorize?"),
        "{authorize}"
    );
    for part in [
        "code_challenge_method=S256",
        "client_id=sample-client-id",
        "scope=api+refresh_token",
        "prompt=consent",
    ] {
        assert!(authorize.contains(part), "{authorize}");
    }
    assert!(!authorize.contains("client-secret"), "{authorize}");
    let wrong = run(
        folder.path(),
        &[],
        &["try", "salesforce", "--variable", "domain=evil.com/"],
    );
    assert!(!wrong.status.success(), "{}", out(&wrong));
    let unknown = run(folder.path(), &[], &["try", "salesforce", "--variable", "site=a"]);
    assert!(
        err(&unknown).contains("has no variable `site`; it has: domain"),
        "{}",
        err(&unknown)
    );
    // The requests of each kind of sign-in, as far as they need no answer.
    let said = out(&run(
        folder.path(),
        &[],
        &["try", "salesforce", "--variable", "domain=acme.my"],
    ));
    for line in [
        "  token     POST https://acme.my.salesforce.com/services/oauth2/token",
        "              grant_type=authorization_code",
        "              code=sample-code",
        "  refresh   POST https://acme.my.salesforce.com/services/oauth2/token",
        "              refresh_token=sample-refresh-token",
        "  revoke    POST https://acme.my.salesforce.com/services/oauth2/revoke",
    ] {
        assert!(said.contains(&format!("{line}\n")), "{line}: {said}");
    }
    let said = out(&run(folder.path(), &own, &["try", "code"]));
    for line in [
        "  device    POST https://acme.example/device",
        "  token     POST https://acme.example/token",
        "              grant_type=urn:ietf:params:oauth:grant-type:device_code",
        "  device    read from https://id.acme.example/.well-known/openid-configuration",
    ] {
        assert!(said.contains(&format!("{line}\n")), "{line}: {said}");
    }
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/definitions");
    let whole = [("LATCHKEY_INTEGRATIONS_DIR", whole.to_str().unwrap())];
    for (id, lines) in [
        ("keys-whole", &["  log-in    POST https://"][..]),
        ("machine-whole", &["              grant_type=client_credentials"]),
        ("oauth1-whole", &["  request   ", "  token     "]),
    ] {
        let said = out(&run(folder.path(), &whole, &["try", id]));
        for line in lines {
            assert!(said.contains(line), "{id}, {line}: {said}");
        }
    }
    // Every definition can be shown so, whatever its kinds.
    for row in good(&run(folder.path(), &[], &["list", "--json"])).as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        let output = run(folder.path(), &[], &["try", id]);
        assert!(output.status.success(), "{id}: {}", err(&output));
    }
}
