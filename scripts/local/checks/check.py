"""What the checks against a running stack share: its variables, plain HTTP, and a count of claims that held."""

import json
import shlex
import sys
import urllib.error
import urllib.request


def stack_variables(path):
    """The variables of a stack.env file, lines of KEY=value that a shell can source."""
    variables = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for word in shlex.split(line, comments=True):
                key, equals, value = word.removeprefix("export ").partition("=")
                if equals:
                    variables[key] = value
    return variables


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to the caller, who wants to see it."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def ask(method, url, body=None, headers=None):
    """The status, headers and body of one answer; an error status is an answer too."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with OPENER.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def ask_json(method, url, body=None, headers=None):
    """The status and the decoded JSON of one answer to a JSON request."""
    sent = None if body is None else json.dumps(body).encode()
    status, _, received = ask(method, url, sent, {"Content-Type": "application/json", **(headers or {})})
    return status, json.loads(received) if received else None


class Claims:
    """Prints each claim with its verdict; the last line counts them."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def holds(self, claim, verdict, seen=""):
        """Notes whether the claim holds, and shows what was seen where it does not."""
        if verdict:
            self.passed += 1
            print(f"ok      {claim}")
        else:
            self.failed += 1
            print(f"FAILED  {claim}{f': {seen}' if seen != '' else ''}")

    def run(self, *checks):
        """Runs each check; one that breaks is a failed claim, and the others still run. Exits with the verdict."""
        for check in checks:
            try:
                check(self)
            except Exception as error:  # whatever a library raises is a finding, not the end
                self.holds(check.__doc__.splitlines()[0], False, f"{type(error).__name__}: {error}")
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)
