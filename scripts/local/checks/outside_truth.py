"""PyJWT against a running stack: the access token of a login and of its renewal, and the playback token of a video.

Usage: outside_truth.py STACK_ENV
"""

import base64
import json
import sys
import time
import uuid

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from check import Claims, ask, ask_json, stack_variables
from tokens import read_access_token, served_keys

if len(sys.argv) != 2:
    sys.exit(__doc__)
STACK = stack_variables(sys.argv[1])
GATEWAY = STACK["STREAMLY_GATEWAY_URL"]
# The stack's free video.
VIDEO = "01935f3c-7a10-7c3e-9b1f-000000000001"
EMAIL = f"truth-{uuid.uuid4().hex}@example.com"
PASSWORD = f"a passphrase of {uuid.uuid4().hex}"


def access_token(claims):
    """The access token of a login"""
    account = {"email": EMAIL, "password": PASSWORD}
    status, registered = ask_json("POST", f"{GATEWAY}/v1/register", account)
    claims.holds("an account is registered", status == 201, (status, registered))
    status, tokens = ask_json("POST", f"{GATEWAY}/v1/login", account)
    claims.holds("and logs in", status == 200, (status, tokens))
    keys = served_keys(STACK, claims)
    token = tokens["access_token"]
    read = read_access_token(STACK, keys, token)
    claims.holds("PyJWT verifies the access token with them", True)
    claims.holds("which names its user", read["sub"] == registered["user"]["id"], read["sub"])
    lives = read["exp"] - read["iat"]
    claims.holds("and lives as long as the answer says", lives == tokens["expires_in"], lives)
    head, payload, signature = token.split(".")
    changed = bytearray(base64.urlsafe_b64decode(signature + "=="))
    changed[0] ^= 1
    forged = f"{head}.{payload}.{base64.urlsafe_b64encode(bytes(changed)).rstrip(b'=').decode()}"
    try:
        read_access_token(STACK, keys, forged)
        claims.holds("a signature changed by one bit is refused", False)
    except jwt.InvalidSignatureError:
        claims.holds("a signature changed by one bit is refused", True)
    refresh = {"refresh_token": tokens["refresh_token"]}
    status, renewed = ask_json("POST", f"{GATEWAY}/v1/token/refresh", refresh)
    claims.holds("the session is renewed", status == 200, (status, renewed))
    again = read_access_token(STACK, keys, renewed["access_token"])
    claims.holds("PyJWT verifies the renewed token with the same keys", True)
    same = all(again[claim] == read[claim] for claim in ("iss", "aud", "sub", "sid", "auth_time", "scope"))
    claims.holds("which is of the same person, session and moment of proof", same, again)
    claims.holds("and is a token of its own", again["jti"] != read["jti"], again["jti"])
    lives = again["exp"] - again["iat"]
    claims.holds("that lives as long as the answer says", lives == renewed["expires_in"], lives)


def signing_key():
    """The public half of the key that signs playback tokens."""
    text = STACK["MUX_PRIVATE_KEY"]
    pem = text.encode() if "-----BEGIN" in text else base64.b64decode(text)
    return load_pem_private_key(pem, None).public_key()


def playback_token(claims):
    """The playback tokens of the free video"""
    status, answer = ask_json("GET", f"{GATEWAY}/v1/videos/{VIDEO}/playback")
    claims.holds("the free video plays for anyone", status == 200, (status, answer))
    public, kid = signing_key(), STACK["MUX_SIGNING_KEY"]
    for name, audience in (("playback", "v"), ("thumbnail", "t"), ("storyboard", "s")):
        token = answer["tokens"][name]
        header = jwt.get_unverified_header(token)
        wanted = {"alg": "RS256", "typ": "JWT", "kid": kid}
        claims.holds(f"the {name} token's header is Mux's", header == wanted, header)
        read = jwt.decode(token, public, algorithms=["RS256"], audience=audience)
        fixed = {"kid": kid, "sub": answer["playback_id"], "aud": audience}
        same = all(read.get(claim) == value for claim, value in fixed.items())
        claims.holds(f"PyJWT verifies it and reads its claims ({audience})", same, read)
        life = read["exp"] - time.time()
        claims.holds("its end is a whole second within reason", isinstance(read["exp"], int) and life >= 600, life)
        parameters = {claim: value for claim, value in read.items() if claim not in {"kid", "sub", "aud", "exp"}}
        texts = all(isinstance(value, str) and value for value in parameters.values())
        claims.holds("its parameters are texts, and none names the viewer", texts, parameters)
    url = f"{STACK['MUX_STREAM_BASE_URL']}/{answer['playback_id']}.m3u8?token={answer['tokens']['playback']}"
    claims.holds("the player's URL carries the token", answer["hls_url"] == url, answer["hls_url"])
    status, _, playlist = ask("GET", answer["hls_url"])
    claims.holds("and opens the playlist", status == 200 and playlist.startswith(b"#EXTM3U"), status)


Claims().run(access_token, playback_token)
