"""Stripe's own Python library against a running stack: its client, its signatures, and its list of parameters.

Usage: stripe_sdk.py STACK_ENV
"""

import collections.abc
import decimal
import http.server
import json
import queue
import sys
import threading
import time
import types
import typing
import uuid

import stripe
import stripe.params
import stripe.params.billing_portal
import stripe.params.checkout
import typing_extensions
from stripe._stripe_context import StripeContext
from stripe._webhook import WebhookSignature

from check import Claims, ask, ask_json, stack_variables

if len(sys.argv) != 2:
    sys.exit(__doc__)
STACK = stack_variables(sys.argv[1])
API_BASE = STACK["STRIPE_API_BASE"]
SECRET = STACK["STRIPE_WEBHOOK_SECRET"].split(",")[0].strip()
WEBHOOK = (STACK.get("STREAMLY_WEBHOOK_URL") or STACK["STREAMLY_GATEWAY_URL"]) + "/v1/webhooks/stripe"
PRICE = json.loads(STACK["PLANS"])[0]["price_id"]
CLIENT = stripe.StripeClient(STACK["STRIPE_SECRET_KEY"], base_addresses={"api": API_BASE}, max_network_retries=0)
STAND_IN = API_BASE.startswith("http://127.0.0.1:")


def session(customer_id, **more):
    """A Checkout session for this customer."""
    return CLIENT.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": customer_id,
            "line_items": [{"price": PRICE, "quantity": 1}],
            "success_url": "http://127.0.0.1/done?session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1/back",
            **more,
        }
    )


def customers(claims):
    """The SDK's customers"""
    made = CLIENT.v1.customers.create({"email": "sdk@example.com", "metadata": {"from": "sdk"}})
    claims.holds("a customer is created", made.id.startswith("cus_"), made.id)
    seen = CLIENT.v1.customers.retrieve(made.id)
    claims.holds("and retrieved as it was created", seen.email == "sdk@example.com" and seen.metadata["from"] == "sdk")
    changed = CLIENT.v1.customers.update(made.id, {"name": "Ada"})
    claims.holds("and changed", changed.name == "Ada", changed.name)
    key = {"idempotency_key": str(uuid.uuid4())}
    twice = [CLIENT.v1.customers.create({"email": "sdk@example.com"}, key).id for _ in range(2)]
    claims.holds("one idempotency key makes one customer", twice[0] == twice[1], twice)
    try:
        CLIENT.v1.customers.create({"email": "other@example.com"}, key)
        claims.holds("and serves no other parameters", False)
    except stripe.IdempotencyError:
        claims.holds("and serves no other parameters", True)
    for customer_id in (made.id, twice[0]):
        gone = CLIENT.v1.customers.delete(customer_id)
        claims.holds("a customer is deleted", gone.deleted is True)
    try:
        CLIENT.v1.customers.retrieve("cus_unknown")
        claims.holds("an unknown customer is an error of the SDK", False)
    except stripe.InvalidRequestError as error:
        claims.holds("an unknown customer is an error of the SDK", error.code == "resource_missing", error.code)


def sessions_and_events(claims):
    """The SDK's sessions and events"""
    customer = CLIENT.v1.customers.create({"email": "sdk@example.com"})
    made = session(customer.id, client_reference_id="sdk", subscription_data={"metadata": {"from": "sdk"}})
    claims.holds("a Checkout session is created", made.status == "open" and made.url, made.status)
    seen = CLIENT.v1.checkout.sessions.retrieve(made.id, {"expand": ["customer", "line_items"]})
    claims.holds("and retrieved with what it refers to", seen.customer.email == "sdk@example.com")
    claims.holds("its line items too", seen.line_items.data[0].price.id == PRICE)
    expired = CLIENT.v1.checkout.sessions.expire(made.id)
    claims.holds("and expired", expired.status == "expired", expired.status)
    events = CLIENT.v1.events.list({"types": ["checkout.session.expired"], "limit": 100})
    mine = [event for event in events.auto_paging_iter() if event.data.object.id == made.id]
    claims.holds("its event is listed, once", len(mine) == 1, len(mine))
    same = CLIENT.v1.events.retrieve(mine[0].id)
    claims.holds("and retrieved in the pinned version", same.api_version == "2026-09-30.endive", same.api_version)
    try:
        session(customer.id, payment_method_types=["card"])
        claims.holds("payment_method_types is refused", False)
    except stripe.InvalidRequestError as error:
        claims.holds("payment_method_types is refused", error.code == "parameter_unknown", error.code)
    CLIENT.v1.customers.delete(customer.id)


def signatures(claims):
    """A webhook signed by the SDK"""
    event = {
        "id": f"evt_sdk{uuid.uuid4().hex}",
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": int(time.time()),
        "data": {"object": {"id": "prod_sdk", "object": "product", "name": "Café"}},
        "livemode": STACK.get("STRIPE_LIVEMODE") == "true",
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "product.created",
    }
    payload = json.dumps(event, indent=2, ensure_ascii=False)
    header = WebhookSignature.generate_signature_header(payload, SECRET)
    read = stripe.Webhook.construct_event(payload.encode(), header, SECRET)
    claims.holds("the SDK accepts its own signature", read.id == event["id"], read.id)
    send = lambda body, signature: ask("POST", WEBHOOK, body, {"Stripe-Signature": signature})
    status, _, body = send(payload.encode(), header)
    claims.holds("the webhook accepts it", status == 200 and json.loads(body)["received"] is True, (status, body))
    status, _, body = send(payload.encode(), header)
    claims.holds("and knows it the second time", json.loads(body).get("outcome") == "duplicate", (status, body))
    changed = payload.replace("prod_sdk", "prod_sdl").encode()
    status, _, body = send(changed, header)
    refused = status == 400 and json.loads(body)["type"] == "urn:streamly:problem:invalid-signature"
    claims.holds("one byte changed is refused", refused, (status, body))
    foreign = WebhookSignature.generate_signature_header(payload, "whsec_another")
    claims.holds("another secret's signature is refused", send(payload.encode(), foreign)[0] == 400)
    old = WebhookSignature.generate_signature_header(payload, SECRET, int(time.time()) - 301)
    claims.holds("a signature of 301 seconds ago is refused", send(payload.encode(), old)[0] == 400)


def deliveries(claims):
    """A delivery of the stand-in, read by the SDK"""
    received = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        """Accepts every delivery and keeps it."""

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((body, self.headers["Stripe-Signature"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    control = f"{API_BASE}/_fake/webhooks"
    before = ask_json("POST", control, {})[1]
    ask_json("POST", control, {"url": f"http://127.0.0.1:{server.server_port}/"})
    try:
        customer = CLIENT.v1.customers.create({"email": "sdk@example.com"})
        made = session(customer.id)
        form = b"action=pay&card_number=4242424242424242"
        status, headers, _ = ask("POST", made.url, form, {"Content-Type": "application/x-www-form-urlencoded"})
        claims.holds("the page leads on after paying", status == 303 and made.id in headers["Location"], status)
        kinds = set()
        while "checkout.session.completed" not in kinds or "customer.subscription.created" not in kinds:
            body, header = received.get(timeout=10)
            event = stripe.Webhook.construct_event(body, header, SECRET)
            kinds.add(event.type)
            if event.type == "customer.subscription.created":
                subscription = event.data.object
        claims.holds("the SDK accepts the stand-in's signatures", True)
        claims.holds("and reads its subscription", subscription.status == "active", subscription.status)
        end = subscription["items"].data[0].current_period_end
        claims.holds("whose period stands on its item", end > time.time() and "current_period_end" not in subscription)
        paused = CLIENT.v1.subscriptions.pause(subscription.id, {"type": "subscription"})
        claims.holds("which the SDK pauses", paused.status == "paused", paused.status)
        resumed = CLIENT.v1.subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "unchanged"}})
        claims.holds("and resumes", resumed.status == "active", resumed.status)
        kinds.clear()
        while not {"customer.subscription.paused", "customer.subscription.resumed"} <= kinds:
            body, header = received.get(timeout=10)
            kinds.add(stripe.Webhook.construct_event(body, header, SECRET).type)
        claims.holds("each with its event", True)
        gone = CLIENT.v1.subscriptions.cancel(subscription.id)
        claims.holds("and at last cancels", gone.status == "canceled", gone.status)
        CLIENT.v1.customers.delete(customer.id)
    finally:
        ask_json("POST", control, {"url": before["url"]})
        server.shutdown()


# Where the SDK declares the parameters of each operation.
DECLARED = {
    "POST /v1/customers": "CustomerCreateParams",
    "GET /v1/customers": "CustomerListParams",
    "POST /v1/customers/{}": "CustomerUpdateParams",
    "POST /v1/products": "ProductCreateParams",
    "POST /v1/products/{}": "ProductUpdateParams",
    "POST /v1/prices/{}": "PriceUpdateParams",
    "POST /v1/payment_intents": "PaymentIntentCreateParams",
    "GET /v1/payment_intents": "PaymentIntentListParams",
    "POST /v1/payment_intents/{}": "PaymentIntentUpdateParams",
    "POST /v1/payment_intents/{}/confirm": "PaymentIntentConfirmParams",
    "POST /v1/payment_intents/{}/capture": "PaymentIntentCaptureParams",
    "POST /v1/payment_intents/{}/cancel": "PaymentIntentCancelParams",
    "POST /v1/refunds": "RefundCreateParams",
    "GET /v1/refunds": "RefundListParams",
    "POST /v1/refunds/{}": "RefundUpdateParams",
    "GET /v1/disputes": "DisputeListParams",
    "POST /v1/disputes/{}": "DisputeUpdateParams",
    "POST /v1/payment_methods/{}": "PaymentMethodUpdateParams",
    "POST /v1/invoices/{}": "InvoiceUpdateParams",
    "GET /v1/products": "ProductListParams",
    "POST /v1/prices": "PriceCreateParams",
    "GET /v1/prices": "PriceListParams",
    "POST /v1/payment_methods": "PaymentMethodCreateParams",
    "GET /v1/payment_methods": "PaymentMethodListParams",
    "POST /v1/payment_methods/{}/attach": "PaymentMethodAttachParams",
    "POST /v1/checkout/sessions": "checkout.SessionCreateParams",
    "GET /v1/checkout/sessions": "checkout.SessionListParams",
    "GET /v1/checkout/sessions/{}/line_items": "checkout.SessionLineItemListParams",
    "POST /v1/subscriptions": "SubscriptionCreateParams",
    "GET /v1/subscriptions": "SubscriptionListParams",
    "POST /v1/subscriptions/{}": "SubscriptionUpdateParams",
    "DELETE /v1/subscriptions/{}": "SubscriptionCancelParams",
    "POST /v1/subscriptions/{}/pause": "SubscriptionPauseParams",
    "POST /v1/subscriptions/{}/resume": "SubscriptionResumeParams",
    "POST /v1/billing_portal/sessions": "billing_portal.SessionCreateParams",
    "POST /v1/invoices": "InvoiceCreateParams",
    "POST /v1/invoices/{}/finalize": "InvoiceFinalizeInvoiceParams",
    "POST /v1/invoices/{}/pay": "InvoicePayParams",
    "POST /v1/invoiceitems": "InvoiceItemCreateParams",
    "GET /v1/invoices": "InvoiceListParams",
    "GET /v1/events": "EventListParams",
}
# What only Stripe's command line and its own pages call.
UNDOCUMENTED = {"POST /v1/payment_pages/{}/confirm"}
NAMES = {"StripeContext": StripeContext, "Mapping": collections.abc.Mapping, "Decimal": decimal.Decimal}
# Options of the request itself, which the SDK declares beside the parameters.
REQUEST_OPTIONS = {"headers", *typing_extensions.get_type_hints(stripe.RequestOptions, localns=NAMES)}


def declared(kind, name=""):
    """The dotted names of a declared type, an index as []; a map of free names ends in .*"""
    if isinstance(kind, type) and hasattr(kind, "__total__"):
        names = {**vars(stripe), **vars(stripe.params), **NAMES, **vars(sys.modules[kind.__module__])}
        for member, below in typing_extensions.get_type_hints(kind, globalns=names).items():
            yield from declared(below, f"{name}.{member}" if name else member)
    elif typing.get_origin(kind) is list:
        yield from declared(typing.get_args(kind)[0], f"{name}[]")
    elif typing.get_origin(kind) is dict or "Untyped" in str(kind):
        yield f"{name}.*"
    elif typing.get_origin(kind) in (typing.Union, types.UnionType):
        for one in typing.get_args(kind):
            yield from declared(one, name)
    else:
        yield name


def parameters(claims):
    """The parameters that the stand-in knows"""
    endpoints = ask_json("GET", f"{API_BASE}/_fake/parameters")[1]
    compared = 0
    for endpoint in endpoints:
        operation = f"{endpoint['method']} {endpoint['path']}"
        if operation not in DECLARED:
            if endpoint["parameters"] != ["expand[]"] and operation not in UNDOCUMENTED:
                claims.holds(f"{operation} is compared with what Stripe's library knows", False)
            continue
        kind = stripe.params
        for part in DECLARED[operation].split("."):
            kind = getattr(kind, part)
        theirs = {name for name in declared(kind) if name.split(".")[0] not in REQUEST_OPTIONS}
        ours = set(endpoint["parameters"])
        covers = lambda word, name: name == word or (
            word.endswith(".*") and name.startswith(word[:-2]) and name[len(word) - 2 :][:1] in ("", ".", "[")
        )
        missing = sorted(name for name in theirs if not any(covers(word, name) for word in ours))
        invented = sorted(word for word in ours if not any(covers(word, name) for name in theirs))
        claims.holds(f"{operation} knows what Stripe's does", not missing and not invented, (missing, invented))
        compared += 1
    claims.holds("every operation that is declared was compared", compared == len(DECLARED), compared)


Claims().run(customers, sessions_and_events, signatures, *([deliveries, parameters] if STAND_IN else []))
