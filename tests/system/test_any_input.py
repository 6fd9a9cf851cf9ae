"""Whatever is sent to a route is answered: no input makes a server error, no answer is unsaid."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import httpx
import pytest
from fastapi import FastAPI
from jsonschema_rs import Draft202012Validator

from shared.security import Role
from tests.support.services import SERVICES, address, not_started, operations, start
from tests.support.stack_harness import StackHarness

PROBLEMS = Draft202012Validator(
    {
        "type": "object",
        "required": ["problems"],
        "properties": {
            "problems": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "object", "required": ["code", "field", "zh", "en"]},
            }
        },
    }
)


ASKING_INTAKE = frozenset({"/p/{token}/notices", "/gifts/search"})
"""Of another service, what intake alone knows: it does not run here, so the answer is 503."""


@pytest.mark.parametrize("examples", [1, pytest.param(10, marks=pytest.mark.long)])
@pytest.mark.parametrize("service", SERVICES)
async def test_any_input_to_any_described_route_is_answered(
    stack: StackHarness, service: str, examples: int
) -> None:
    """By one who may do everything, so that nothing stops at the door; and behind links."""
    # Schemathesis takes a second to import, in every worker: here, in the one that needs it.
    from tests.system.any_cases import draw_cases, open_links, send

    # Drawn before anything runs: a thread that draws and a service that looks around hold each
    # other up.
    app = not_started(service)
    described, cases = app.openapi()["paths"], draw_cases(app, examples)
    almighty = stack.bearer("almighty", *Role, source="/channels/almighty")
    running = await start(stack, service)
    assert {o.path for o in operations(running.app)} == {o.path for o in operations(app)}
    open_links(cases, stack.keyring, datetime.now(UTC) + timedelta(days=1))
    wrong = []
    for case in cases:
        answer = await send(running.http, case, almighty)
        if str(answer.status_code) not in described[case.path][case.method.lower()]["responses"]:
            wrong.append(f"{case.method} {case.path} does not say {answer.status_code}")
        is_away = answer.status_code == 503 and case.path in ASKING_INTAKE
        if answer.status_code >= 500 and not is_away:
            wrong.append(f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:300]}")
        elif answer.status_code >= 400 and not says_why(answer):
            wrong.append(f"{case.method} {case.path}: {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)


def says_why(answer: httpx.Response) -> bool:
    """To a program; a browser gets a page."""
    if answer.headers["content-type"].startswith("text/html"):
        return bool(answer.text)
    return PROBLEMS.is_valid(answer.json())


NASTY_BODIES = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "half a character": b'{"\\ud800": "\\udfff", "reason": "\\ud800"}',
    "not a number": b'{"amount_fen": NaN, "quantity": Infinity}',
    "thousands of digits": b'{"quantity": ' + b"9" * 5000 + b"}",
    "very deep": b"[" * 20_000,
    "a number": b"1",
    "null": b"null",
    "a null character": b'{"reason": "\\u0000", "$where": "1", "a.b": 1}',
}
NASTY_WORDS = (
    "%00",
    "%ff",
    "..%2f..",
    "$where",
    "{%22$gt%22:%22%22}",
    "a" * 3000,
    "%ed%a0%80",
    "　",
)
NASTY_QUERIES = ("limit=-1", "limit=0", f"limit={10**30}", "after=%00", "after[$gt]=", "state=$ne")


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("service", SERVICES)
async def test_nasty_input_is_answered(stack: StackHarness, service: str, every: int) -> None:
    """At every change each route meets some of it, and all of it meets many routes."""
    almighty = stack.bearer("almighty", *Role, source="/channels/almighty")
    running = await start(stack, service)
    wrong = []
    for method, path, body in islice(nasty(running.app), 0, None, every):
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json", **almighty}
        answer = await running.http.request(method, path, content=body, headers=headers)
        if answer.status_code >= 500:
            wrong.append(f"{method} {path[:100]} {body[:60]!r}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def nasty(app: FastAPI) -> Iterator[tuple[str, str, bytes]]:
    for operation in operations(app):
        if operation.method == "POST":
            for body in NASTY_BODIES.values():
                yield operation.method, address(operation.path), body
        for word in NASTY_WORDS if "{" in operation.path else ():
            yield operation.method, address(operation.path, word), b"{}"
        for query in NASTY_QUERIES if operation.method == "GET" else ():
            yield operation.method, f"{address(operation.path)}?{query}", b""
