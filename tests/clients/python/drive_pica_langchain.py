"""Asks and calls with the PyPI package pica-langchain; prints what it gives as one line of JSON."""

import asyncio
import json
import sys

from pica_langchain import PicaClient, create_pica_tools
from pica_langchain.models import ExecuteParams, PicaClientOptions

given = json.load(sys.stdin)


def client(**options):
    made = PicaClient(given["key"], PicaClientOptions(server_url=given["url"], **options))
    made.initialize()
    return made


def keys(**options):
    return sorted(connection.key for connection in client(**options).connections)


def execute(used, action, **params):
    known = used.get_single_action(action)
    answer = used.execute(
        ExecuteParams(
            platform="sandbox",
            action={"_id": action, "path": known.path},
            method=known.method,
            connection_key=params.pop("connection_key", given["ann"]),
            **params,
        )
    )
    return answer.model_dump()


every = client(connectors=["*"])
answers = {
    "all": keys(connectors=["*"]),
    "of_ann": keys(connectors=["*"], identity="ann", identity_type="user"),
    "named": keys(connectors=[given["ben"]]),
    "connectors": sorted(found.platform for found in every.connection_definitions),
    "enabled": sorted(found.platform for found in client(authkit=True).connection_definitions),
    "prompt": asyncio.run(every.generate_system_prompt("Hello.")),
    "gmail": every.get_available_actions("gmail").model_dump(),
    "reading": client(connectors=["*"], permissions="read").get_available_actions("gmail").model_dump(),
    "searched": every.get_available_actions("gmail", query="send an email", limit=3).model_dump(),
    "openai": every.get_available_actions("openai").model_dump(),
    "knowledge": every.get_action_knowledge("sandbox", "sandbox::list-items").model_dump(),
    "me": execute(every, "conn_mod_def::sandbox::get-me"),
    "items": execute(every, "conn_mod_def::sandbox::list-items", query_params={"limit": 2}),
    "json": execute(every, "conn_mod_def::sandbox::echo", data={"a": {"b": 1}}, path_variables={"path": "json"}),
    "form": execute(
        every, "conn_mod_def::sandbox::echo", data={"a": "b"}, path_variables={"path": "form"}, is_form_data=True
    ),
    "refused": execute(every, "conn_mod_def::sandbox::create-item", data={"name": ""}),
    "foreign": execute(client(connectors=[given["ann"]]), "conn_mod_def::sandbox::get-me", connection_key=given["ben"]),
    "tools": sorted(tool.name for tool in create_pica_tools(every)),
}
# The request that it reports has bytes in it.
print(json.dumps(answers, default=repr))
