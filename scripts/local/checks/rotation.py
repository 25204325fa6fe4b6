"""PyJWT beside a rotation of the key of access tokens, by one step of the drill a call.

Usage: rotation.py (before | switched | dropped) STACK_ENV FOLDER

FOLDER has what scripts/keys made: new.pem, and in both.json the sets of both keys. The tokens of a step are kept there for
the next one.
"""

import base64
import hashlib
import json
import pathlib
import sys
import uuid

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from check import Claims, ask_json, stack_variables
from tokens import key_id, read_access_token, served_keys

if len(sys.argv) != 4 or sys.argv[1] not in {"before", "switched", "dropped"}:
    sys.exit(__doc__)
STACK = stack_variables(sys.argv[2])
GATEWAY = STACK["STREAMLY_GATEWAY_URL"]
FOLDER = pathlib.Path(sys.argv[3])


def keep(tokens):
    """Keeps the tokens for the next step."""
    (FOLDER / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")


def kept():
    """The tokens of the step before."""
    return json.loads((FOLDER / "tokens.json").read_text(encoding="utf-8"))


def answer_to(token):
    """The status and the problem's type of a request with this access token."""
    status, body = ask_json("GET", f"{GATEWAY}/v1/account", headers={"Authorization": f"Bearer {token}"})
    return status, body.get("type")


def renew(claims, tokens):
    """The tokens that follow these."""
    refresh = {"refresh_token": tokens["refresh_token"]}
    status, renewed = ask_json("POST", f"{GATEWAY}/v1/token/refresh", refresh)
    claims.holds("the session goes on", status == 200, (status, renewed))
    return renewed


def thumbprint():
    """RFC 7638's name of the new key, computed from its file apart from what made it."""
    private = load_pem_private_key((FOLDER / "new.pem").read_bytes(), None)
    numbers = private.public_key().public_numbers()
    text = [base64.urlsafe_b64encode(n.to_bytes(32, "big")).rstrip(b"=").decode() for n in (numbers.x, numbers.y)]
    members = json.dumps({"crv": "P-256", "kty": "EC", "x": text[0], "y": text[1]}, separators=(",", ":"))
    name = base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()
    return private, name


def before(claims):
    """A login with the former key"""
    account = {"email": f"rotation-{uuid.uuid4().hex}@example.com", "password": f"a passphrase of {uuid.uuid4().hex}"}
    status, answer = ask_json("POST", f"{GATEWAY}/v1/register", account)
    claims.holds("an account is registered", status == 201, (status, answer))
    status, tokens = ask_json("POST", f"{GATEWAY}/v1/login", account)
    claims.holds("and logs in", status == 200, (status, tokens))
    keys = served_keys(STACK, claims)
    read_access_token(STACK, keys, tokens["access_token"])
    claims.holds("one key is published, and PyJWT verifies the token with it", len(keys) == 1, list(keys))
    keep(tokens)


def switched(claims):
    """The new key signs, and both verify"""
    private, name = thumbprint()
    claims.holds("another library reads the new key", isinstance(private.curve, ec.SECP256R1), private.curve.name)
    keys, old = served_keys(STACK, claims), kept()
    claims.holds("two keys are published", len(keys) == 2 and name in keys, list(keys))
    public = private.public_key().public_numbers()
    claims.holds("the new one under its thumbprint", keys[name].key.public_numbers() == public)
    read_access_token(STACK, keys, old["access_token"])
    claims.holds("PyJWT verifies the token of before with the former one", key_id(old["access_token"]) != name)
    claims.holds("the product takes it", answer_to(old["access_token"])[0] == 200)
    renewed = renew(claims, old)
    read_access_token(STACK, keys, renewed["access_token"])
    claims.holds("PyJWT verifies the renewed token with the new one", key_id(renewed["access_token"]) == name)
    claims.holds("the product takes it too", answer_to(renewed["access_token"])[0] == 200)
    keep({**renewed, "before": old["access_token"]})


def dropped(claims):
    """The former key is gone"""
    keys, tokens = served_keys(STACK, claims), kept()
    claims.holds("one key is published", list(keys) == [thumbprint()[1]], list(keys))
    claims.holds("PyJWT finds none for the token of before", key_id(tokens["before"]) not in keys)
    seen = answer_to(tokens["before"])
    claims.holds("the product refuses it", seen == (401, "urn:streamly:problem:invalid-token"), seen)
    claims.holds("and takes the renewed one", answer_to(tokens["access_token"])[0] == 200)
    read_access_token(STACK, keys, renew(claims, tokens)["access_token"])
    claims.holds("PyJWT verifies the next one", True)


Claims().run({"before": before, "switched": switched, "dropped": dropped}[sys.argv[1]])
