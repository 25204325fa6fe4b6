"""Stripe's command line against a running stack: what it triggers, and what the webhook makes of it.

Usage: stripe_cli.py STACK_ENV STRIPE [EVENT...]

Every trigger that is listed in stripe_triggers.md is tried, and goes as the list says; with names, only those.
"""

import hashlib
import hmac
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import uuid

from check import Claims, ask, ask_json, stack_variables

if len(sys.argv) < 3:
    sys.exit(__doc__)
STACK = stack_variables(sys.argv[1])
STRIPE = str(pathlib.Path(sys.argv[2]).resolve())
API_BASE = STACK["STRIPE_API_BASE"]
GATEWAY = STACK["STREAMLY_GATEWAY_URL"]
WEBHOOK = (STACK.get("STREAMLY_WEBHOOK_URL") or GATEWAY) + "/v1/webhooks/stripe"
SECRET = STACK["STRIPE_WEBHOOK_SECRET"].split(",")[0].strip()
PLAN = json.loads(STACK["PLANS"])[0]
# The last version in which a request may name types of payment methods, as some fixtures do.
EARLIER = "2026-03-25.dahlia"
TRIGGERS = pathlib.Path(__file__).with_name("stripe_triggers.md")
# Nobody listens there: what the command line would ask beyond this machine, such as its own newest version, fails at
# once. Addresses of this machine are never asked for through a proxy.
NOWHERE = "http://127.0.0.1:9"


def stripe(*arguments):
    """Runs the command line, without telemetry and with nothing of the user's settings: its status and what it said."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            "DO_NOT_TRACK": "1",
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
        }
        command = [STRIPE, *arguments, "--api-key", STACK["STRIPE_SECRET_KEY"], "--api-base", API_BASE, "--color", "off"]
        ran = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def events(since=0):
    """The events that came about after this many, with the answers to their deliveries."""
    return ask_json("GET", f"{API_BASE}/_fake/events")[1][since:]


def delivered(kind, since):
    """The events of this type after so many, once each was answered, or when that takes too long."""
    last = time.monotonic() + 10
    while True:
        found = [event for event in events(since) if event["type"] == kind]
        if time.monotonic() > last or (found and all(event["answers"] for event in found)):
            return found
        time.sleep(0.05)


def known_to_the_webhook(event_id, kind):
    """What the webhook says to another event under the same id: a duplicate is one that it has stored."""
    event = {"id": event_id, "type": kind, "created": int(time.time()), "livemode": False, "data": {"object": {}}}
    body = json.dumps(event).encode()
    signed_at = int(time.time())
    signature = hmac.new(SECRET.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    header = {"Stripe-Signature": f"t={signed_at},v1={signature}"}
    status, _, answer = ask("POST", WEBHOOK, body, header)
    return (status, json.loads(answer).get("outcome")) == (200, "duplicate")


def triggers_are_delivered(claims):
    """The triggers of the events that the product lives on"""
    for kind in ("customer.subscription.created", "checkout.session.completed", "invoice.payment_failed"):
        before = len(events())
        status, said = stripe("trigger", kind)
        claims.holds(f"{kind} is triggered without an error", status == 0 and "Trigger succeeded" in said, said)
        found = delivered(kind, before)
        claims.holds("it came about once", len(found) == 1, found)
        answers = [answer["status"] for event in found for answer in event["answers"]]
        claims.holds("the webhook answered 200 to it", answers == [200], answers)
        claims.holds("and has stored it", found and known_to_the_webhook(found[0]["id"], kind))


def a_trigger_for_a_user(claims):
    """A trigger that names a user"""
    account = {"email": f"cli-{uuid.uuid4().hex}@example.com", "password": f"a passphrase of {uuid.uuid4().hex}"}
    status, registered = ask_json("POST", f"{GATEWAY}/v1/register", account)
    claims.holds("an account is registered", status == 201, (status, registered))
    tokens = ask_json("POST", f"{GATEWAY}/v1/login", account)[1]
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    subscription = lambda: ask_json("GET", f"{GATEWAY}/v1/subscription", headers=bearer)[1]
    claims.holds("which has no access yet", subscription()["has_access"] is False, subscription())
    user = f"subscription:metadata.user_id={registered['user']['id']}"
    before = len(events())
    price = f"subscription:items.0.price={PLAN['price_id']}"
    status, said = stripe("trigger", "customer.subscription.created", "--add", user, "--override", price)
    claims.holds("a subscription is triggered for it", status == 0 and "Trigger succeeded" in said, said)
    delivered("customer.subscription.created", before)
    seen = subscription()
    same = (seen["status"], seen["plan"], seen["has_access"]) == ("active", PLAN["slug"], True)
    claims.holds("and the account has access by it", same, seen)


def a_fixture(claims):
    """A file of fixtures"""
    steps = [
        {"name": "customer", "path": "/v1/customers", "method": "post", "params": {"email": "fixture@example.com"}},
        {"name": "again", "path": "/v1/customers/${customer:id}", "method": "post", "params": {"name": "Ada"}},
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"_meta": {"template_version": 0}, "fixtures": steps}, file)
        file.flush()
        status, said = stripe("fixtures", file.name)
    claims.holds("is walked through", status == 0, said)
    last = ask_json("GET", f"{API_BASE}/_fake/requests")[1][-1]
    claims.holds("each step with what the one before gave", last["body"] == "name=Ada" and "cus_" in last["path"], last)


def listed():
    """The triggers of the list, each with what it says of them."""
    return dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", TRIGGERS.read_text(encoding="utf-8"), re.MULTILINE))


def refusal(said):
    """The message of the refusal that ended a trigger, with the ids in it left out."""
    found = re.search(r'"message": "((?:[^"\\]|\\.)*)"', said)
    return re.sub(r"\b([a-z]+)_[A-Za-z0-9]{14,}\b", r"\1_…", found[1]) if found else said


def outcome(event):
    """What comes of a trigger, in the words of the list."""
    for words, more in (("works", ()), (f"works with `--api-version {EARLIER}`", ("--api-version", EARLIER))):
        before = len(events())
        status, said = stripe("trigger", event, *more)
        kinds = {one["type"] for one in events(before)}
        # Some are named after a story rather than an event.
        if status == 0 and (event in kinds or event.startswith("subscription.")):
            return words
        if not more:
            first = refusal(said)
            if "payment_method_types" not in json.dumps(ask_json("GET", f"{API_BASE}/_fake/requests")[1][-4:]):
                break
    return f"`{first}`"


def the_list_is_true(claims):
    """The list of triggers"""
    names = sys.argv[3:]
    offered = set(re.findall(r"^  ([a-z0-9_.]+)$", stripe("trigger", "--help")[1], re.MULTILINE))
    odd = sorted(offered ^ set(listed()))
    claims.holds("names every trigger that the command line has, and no other", offered and not odd, odd)
    for event, expected in listed().items():
        if not names or event in names:
            seen = outcome(event)
            claims.holds(f"{event}: {expected}", seen == expected, seen)


STORIES = (triggers_are_delivered, a_trigger_for_a_user, a_fixture)
Claims().run(*(() if sys.argv[3:] else STORIES), the_list_is_true)
