"""A backend for the modal: pages, sessions, and a call of the service. Only this file knows the secret key."""

import os
from html import escape
from pathlib import Path
from typing import Annotated

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

LATCHKEY = os.environ.get("CONNECT_URL", "http://localhost:8080")
KEY = os.environ["CONNECT_KEY"]
PROJECT = os.environ["CONNECT_PROJECT"]
HERE = Path(__file__).parent

app = FastAPI(openapi_url=None)
latchkey = httpx.AsyncClient(base_url=LATCHKEY, headers={"X-One-Secret": KEY}, timeout=30)


def signed_in() -> str:
    """Who is signed in: comes from your own session cookie, never from the request's body."""
    return "u-42"


Identity = Annotated[str, Depends(signed_in)]


@app.post("/latchkey-token")
async def token(identity: Identity) -> JSONResponse:
    """A session for the modal: Latchkey's answer is passed on as it is, a refusal too."""
    answer = await latchkey.post("/v1/authkit/token", json={"identity": identity, "identityType": "user"})
    return JSONResponse(answer.json(), answer.status_code)


@app.post("/who-am-i")
async def who_am_i(identity: Identity) -> JSONResponse:
    """Calls the sandbox. The connection is looked up here: the page does not choose whose account is called."""
    query = {"identity": identity, "identityType": "user", "platform": "sandbox"}
    found = await latchkey.get("/v1/vault/connections", params=query)
    if found.is_error:
        return JSONResponse(found.json(), found.status_code)
    rows = found.json()["rows"]
    if not rows:
        return JSONResponse({"message": "Nothing is connected yet."}, 404)
    answer = await latchkey.get("/v1/passthrough/me", headers={"X-One-Connection-Key": rows[0]["key"]})
    return JSONResponse(answer.json(), answer.status_code)


@app.exception_handler(httpx.TransportError)
async def unreachable(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"message": "Latchkey cannot be reached. Try again in a minute."}, 502)


@app.get("/")
async def page() -> HTMLResponse:
    text = (HERE / "static" / "index.html").read_text()
    return HTMLResponse(text.replace("%LATCHKEY%", escape(LATCHKEY)).replace("%PROJECT%", escape(PROJECT)))


@app.get("/page.js")
async def script() -> FileResponse:
    return FileResponse(HERE / "static" / "page.js", media_type="text/javascript")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "3000")))
