"""Checks deliveries with the reference library of Standard Webhooks.

Reads a JSON array of {secret, headers, body} from standard input and prints one word for each: `ok`, or the name of the
error that the library raised.
"""

import json
import sys

from standardwebhooks.webhooks import Webhook


def word(delivery):
    try:
        Webhook(delivery["secret"]).verify(delivery["body"], delivery["headers"])
    except Exception as error:  # the name is what the caller looks at
        return type(error).__name__
    return "ok"


print(json.dumps([word(delivery) for delivery in json.load(sys.stdin)]))
