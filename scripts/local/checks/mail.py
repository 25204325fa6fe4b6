"""Python's own mail and HTML parsers against the mails of a running stack, as they came over the wire.

Usage: mail.py STACK_ENV
"""

import email
import email.policy
import email.utils
import html.parser
import re
import sys
import time
import urllib.parse
import uuid

from check import Claims, ask, ask_json, stack_variables

if len(sys.argv) != 2:
    sys.exit(__doc__)
STACK = stack_variables(sys.argv[1])
GATEWAY = STACK["STREAMLY_GATEWAY_URL"]
MAIL = STACK.get("STREAMLY_MAIL_URL")
APP = STACK["STREAMLY_DEMO_URL"]
if not MAIL:
    print("the stack hands its mails to a real relay, so there is none to look at")
    sys.exit(0)
PASSWORD = f"a passphrase of {uuid.uuid4().hex}"
WAIT_S = 15
# Elements that HTML never closes.
VOID = {"meta", "br", "base", "hr", "img", "link"}


class Page(html.parser.HTMLParser):
    """What a mail's HTML links to and loads, and whether its elements are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.open, self.crossed, self.words = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a":
            self.links.append(values.get("href"))
        if "src" in values or "srcset" in values or tag in {"script", "link", "form", "iframe", "object", "embed"}:
            self.loaded.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def next_mail(recipient):
    """The only mail to this recipient, once it has come: its number and its bytes."""
    query = urllib.parse.urlencode({"to": recipient})
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        _, mails = ask_json("GET", f"{MAIL}/mails.json?{query}")
        if mails:
            _, _, raw = ask("GET", f"{MAIL}/mails/{mails[-1]['number']}/raw")
            return mails[-1], raw
        time.sleep(0.1)
    raise TimeoutError(f"no mail to {recipient}")


def look(claims, typed, recipient):
    """One registered address, and the mail that confirms it."""
    status, made = ask_json("POST", f"{GATEWAY}/v1/register", {"email": typed, "password": PASSWORD})
    claims.holds(f"{typed} registers", status in (201, 202), (status, made))
    shown, raw = next_mail(recipient)
    lines = raw.split(b"\r\n")
    claims.holds("its mail has whole lines of up to 998 bytes", all(len(line) <= 998 for line in lines))
    claims.holds("which end with CR LF alone", b"\n" not in raw.replace(b"\r\n", b""))
    claims.holds("and hold ASCII alone", raw.isascii())
    message = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [defect for part in message.walk() for defect in part.defects]
    defects += [defect for header in message.values() for defect in getattr(header, "defects", [])]
    claims.holds("Python's parser finds no defect in it", not defects, defects)
    once = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted"}
    names = [name.lower() for name in message.keys()]
    claims.holds("each header stands once, and no other", sorted(names) == sorted(once), names)
    claims.holds("it is to the one address", [one.addr_spec for one in message["to"].addresses] == [recipient])
    claims.holds("from the product", [one.display_name for one in message["from"].addresses] == ["Streamly"])
    age = time.time() - email.utils.parsedate_to_datetime(message["date"]).timestamp()
    claims.holds("just now", -5 < age < 120, age)
    claims.holds("with an id of ours", re.fullmatch(r"<[0-9a-f-]{36}@streamly\.example>", message["message-id"]) is not None)
    kinds = [part.get_content_type() for part in message.walk()]
    claims.holds("in two forms", kinds == ["multipart/alternative", "text/plain", "text/html"], kinds)
    plain = message.get_body(("plain",)).get_content()
    page = Page(message.get_body(("html",)).get_content())
    claims.holds("whose elements are closed in order", not page.crossed and not page.open, (page.crossed, page.open))
    claims.holds("which load nothing", not page.loaded, page.loaded)
    links = re.findall(r"https?://\S+", plain)
    claims.holds("which lead to the same place", set(page.links) == set(links) and len(links) == 1, (links, page.links))
    pattern = re.escape(APP) + r"/verify-email#token=[A-Za-z0-9_-]{43}"
    claims.holds("a page of the product, with the token in the fragment", re.fullmatch(pattern, links[0]) is not None)
    claims.holds("and which name the address", recipient in plain and recipient in "".join(page.words))
    claims.holds("the catcher's JSON says the same", shown["links"] == links and shown["text"].splitlines() == plain.splitlines())


def ordinary(claims):
    """An ordinary address"""
    name = f"mail-{uuid.uuid4().hex}@example.com"
    look(claims, name, name)


def international(claims):
    """An address on a host with letters of its own"""
    name = f"mail-{uuid.uuid4().hex}"
    look(claims, f"{name}@Bücher.example", f"{name}@xn--bcher-kva.example")


def strange(claims):
    """An address of every sign that one may have"""
    name = f"{uuid.uuid4().hex[:8]}!#$%&'*+-/=?^_`{{|}}~@example.com"
    look(claims, name, name)


def long(claims):
    """The longest address"""
    name = f"{uuid.uuid4().hex}{'l' * 32}@{'a' * 63}.{'b' * 63}.{'c' * 57}.com"
    look(claims, name, name)


Claims().run(ordinary, international, strange, long)
