//! What to paste into a product: the page's part and the backend's part, with this project's own values.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use askama::Template;
use broker::{Broker, Permission};

use super::super::navigation::Section;
use super::super::operator::{Here, Operator};
use super::super::pages::Shell;
use super::super::routing::page;
use super::super::show;
use super::Place;
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/embed", show_embed);
}

/// A way to do the same, to choose.
#[derive(Debug)]
struct Way {
    name: &'static str,
    /// What stands above it.
    about: &'static str,
    code: String,
}

#[derive(Debug, Template)]
#[template(path = "console/developers/embed.html")]
struct EmbedPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    publishable_id: &'a str,
    origin: &'a str,
    may_make_keys: bool,
    /// Origins that may show the modal.
    origins: Vec<String>,
    page: Vec<Way>,
    frame: Vec<Way>,
    /// What each part of it is for, told by what goes wrong without.
    frame_needs: [(&'static str, &'static str); 7],
    backend: Vec<Way>,
    call: Vec<Way>,
}

/// GET `…/embed`
async fn show_embed(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.caller(Permission::See)?;
    let origins = broker.store().origins(here.project.id).await;
    let own = here.project.domain.as_ref().map(|domain| format!("https://{domain}"));
    let browser = own.as_deref().unwrap_or(&site.public_origin);
    let nonce = Nonce::generate();
    let page = EmbedPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Embed),
        publishable_id: &here.project.publishable_id,
        origin: browser,
        may_make_keys: here.may(Permission::Build),
        origins: origins.map_err(broker::Problem::from)?,
        page: page_ways(browser, &here.project.publishable_id),
        frame: frame_ways(),
        frame_needs: FRAME_NEEDS,
        backend: backend_ways(&site.public_origin, here.environment.as_str()),
        call: call_ways(&site.public_origin, here.environment.as_str()),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

fn page_ways(origin: &str, project: &str) -> Vec<Way> {
    vec![
        Way {
            name: "A page",
            about: "Any page; the script comes from this Latchkey.",
            code: format!(
                r##"<button id="connect">Connect</button>
<script type="module">
  import {{ open }} from "{origin}/embed/v1.mjs";
  document.querySelector("#connect").onclick = async () => {{
    const connection = await open({{ project: "{project}", tokenUrl: "/latchkey-token" }});
    if (connection) console.log("connected", connection.key);
  }};
</script>"##
            ),
        },
        Way {
            name: "React",
            about: "With the package @latchkey/embed.",
            code: format!(
                r#"import {{ useLatchkey }} from "@latchkey/embed/react";

export function Connect() {{
  const {{ open, connection, error }} = useLatchkey({{
    baseUrl: "{origin}",
    project: "{project}",
    tokenUrl: "/latchkey-token",
  }});
  return (
    <>
      <button onClick={{open}}>Connect</button>
      <p role="status">{{connection?.key ?? error?.message ?? "Nothing is connected yet."}}</p>
    </>
  );
}}"#
            ),
        },
        Way {
            name: "Pica AuthKit or One Auth",
            about: "With a published SDK, unmodified.",
            code: format!(
                r#"const {{ open }} = useAuthKit({{
  baseUrl: "{origin}/embed/{project}",
  token: {{ url: "https://YOUR-BACKEND/latchkey-token" }},
  onSuccess: (connection) => console.log("connected", connection.key),
}});"#
            ),
        },
    ]
}

/// Of a frame around the page that opens the modal.
const FRAME_NEEDS: [(&str, &str); 7] = [
    ("allow-scripts", "Without it nothing opens: the button does nothing."),
    (
        "allow-same-origin",
        "Without it your page has no origin that could be allowed, so the browser shows no modal: the script ends with frame_blocked.",
    ),
    (
        "allow-popups",
        "Without it the service's sign-in window stays shut. The modal says that the browser kept it shut, and its button to open it does nothing either.",
    ),
    (
        "allow-popups-to-escape-sandbox",
        "Without it the sign-in window opens inside the sandbox, where many services show an empty page or an error, and the person cannot come back.",
    ),
    (
        "allow-forms",
        "Without it keys and passwords cannot be sent from forms of your page.",
    ),
    (
        "allow=\"clipboard-write\"",
        "Without it the button that copies a code for another device does nothing.",
    ),
    (
        "Origins",
        "Each page around yours counts too: add the origin of the outermost one to the pages that may embed. Without it the browser shows no modal either.",
    ),
];

fn frame_ways() -> Vec<Way> {
    vec![Way {
        name: "The frame",
        about: "A frame without a sandbox needs the allow attribute alone.",
        code: r#"<iframe src="https://YOUR-PAGE/" title="Your product"
  allow="clipboard-write"
  sandbox="allow-scripts allow-same-origin allow-forms
           allow-popups allow-popups-to-escape-sandbox"></iframe>"#
            .to_owned(),
    }]
}

fn backend_ways(origin: &str, environment: &str) -> Vec<Way> {
    vec![
        Way {
            name: "Node",
            about: "Node 20 and nothing else.",
            code: format!(
                r#"// POST /latchkey-token
async function latchkeyToken(user) {{
  // Who is signed in comes from your own session, never from the request's body.
  const answer = await fetch("{origin}/v1/authkit/token", {{
    method: "POST",
    headers: {{
      "X-One-Secret": process.env.SECRET_KEY, // sk_{environment}_lk_…
      "Content-Type": "application/json",
    }},
    // The name is what people see: in the modal, and here in the console.
    body: JSON.stringify({{ identity: user.id, identityType: "user", label: user.name }}),
  }});
  return answer.json();
}}"#
            ),
        },
        Way {
            name: "Python",
            about: "Python 3 and nothing else.",
            code: format!(
                r#"# POST /latchkey-token
import json, os, urllib.request

def latchkey_token(user):
    # Who is signed in comes from your own session, never from the request's body.
    request = urllib.request.Request(
        "{origin}/v1/authkit/token",
        method="POST",
        headers={{
            "X-One-Secret": os.environ["SECRET_KEY"],  # sk_{environment}_lk_…
            "Content-Type": "application/json",
        }},
        # The name is what people see: in the modal, and here in the console.
        data=json.dumps({{"identity": user.id, "identityType": "user", "label": user.name}}).encode(),
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)"#
            ),
        },
        Way {
            name: "curl",
            about: "To see what comes back.",
            code: format!(
                r#"curl -X POST {origin}/v1/authkit/token \
  -H "X-One-Secret: $SECRET_KEY" -H "Content-Type: application/json" \
  -d '{{"identity": "u-42", "identityType": "user", "label": "Zoe Miller"}}'"#
            ),
        },
    ]
}

fn call_ways(origin: &str, environment: &str) -> Vec<Way> {
    vec![Way {
        name: "curl",
        about: "The service's own path stands behind /v1/passthrough.",
        code: format!(
            r#"curl {origin}/v1/passthrough/THE/SERVICES/PATH \
  -H "X-One-Secret: $SECRET_KEY" \
  -H "X-One-Connection-Key: {environment}::…""#
        ),
    }]
}
