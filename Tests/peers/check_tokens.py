#!/usr/bin/env python3
"""Checks signed tokens with PyJWT.

usage: check_tokens.py ALGORITHM PRIVATE_KEY_FILE TOKEN

Prints the header and the claims as JSON, each on a line, when the token is signed by the key; ends with 1 otherwise.
"""
import json
import sys

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

algorithm, key_file, token = sys.argv[1:]
with open(key_file, "rb") as file:
    key = load_pem_private_key(file.read(), None).public_key()
claims = jwt.decode(token, key, algorithms=[algorithm], options={"verify_exp": False, "verify_aud": False, "verify_iat": False})
print(json.dumps(jwt.get_unverified_header(token)))
print(json.dumps(claims))
