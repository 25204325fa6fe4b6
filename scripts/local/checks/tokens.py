"""What the checks of access tokens share: the public keys as they are served, and PyJWT's reading of a token."""

import json

import jwt

from check import ask


def served_keys(stack, claims):
    """The public keys that the gateway serves, by their ids."""
    status, headers, body = ask("GET", f"{stack['STREAMLY_GATEWAY_URL']}/.well-known/jwks.json")
    claims.holds("the public keys are served", status == 200, status)
    claims.holds("and may be cached", headers["Cache-Control"] == "public, max-age=300", headers["Cache-Control"])
    keys = json.loads(body)["keys"]
    claims.holds("none of them is private", not [key for key in keys if "d" in key])
    return {key.key_id: key for key in jwt.PyJWKSet.from_dict({"keys": keys}).keys}


def key_id(token):
    """The id of the key that a token says it was signed with."""
    return jwt.get_unverified_header(token)["kid"]


def read_access_token(stack, keys, token):
    """The claims of an access token that holds; raises where it does not, or where its key is none of these."""
    return jwt.decode(
        token,
        keys[key_id(token)].key,
        algorithms=["ES256"],
        issuer=stack["JWT_ISSUER"],
        audience=stack["JWT_AUDIENCE"],
        options={"require": ["exp", "iat", "sub", "iss", "aud"]},
    )
