"""Makes tokens with the PyPI package authkit-token; prints them as one line of JSON."""

import asyncio
import json
import sys

from authkit_token import AuthKitToken

given = json.load(sys.stdin)
client = AuthKitToken(given["key"], {"base_url": given["url"]})
owner = {"identity": "u-42", "identity_type": given.get("identityType", "team")}
answers = {
    "sync": client.create(**owner),
    "async": asyncio.run(client.create_async(**owner)),
    "nobody": client.create(),
    "refused": AuthKitToken("sk_test_lk_unknown", {"base_url": given["url"]}).create(**owner),
}
print(json.dumps(answers))
