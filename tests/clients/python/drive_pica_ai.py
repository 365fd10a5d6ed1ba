"""Asks with the PyPI package pica-ai; prints what it gives as one line of JSON."""

import json
import sys

from pica_ai import PicaClient, PicaClientOptions

given = json.load(sys.stdin)


def client(**options):
    return PicaClient(given["key"], PicaClientOptions(server_url=given["url"], **options))


def keys(**options):
    return sorted(connection.key for connection in client(**options).get_connections())


def actions(platform):
    return client().get_available_actions(platform).model_dump()


one = client(connectors=[given["ann"]], authkit=True)
answers = {
    "all": keys(connectors=["*"]),
    "of_ann": keys(connectors=["*"], identity="ann", identity_type="user"),
    "none": keys(),
    "prompt": one.generate_system_prompt(),
    "sandbox": actions("sandbox"),
    "gmail": actions("gmail"),
    "openai": actions("openai"),
}
print(json.dumps(answers))
