"""Whatever is sent to a route is answered: no input makes a server error, no answer is unsaid."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema_rs import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from shared.security import Role
from shared.web.access import find_guard
from tests.support.services import SERVICES, address, operations, start
from tests.support.stack_harness import StackHarness

AnyCase = Case[Any]
EXAMPLES = 3
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


@pytest.mark.parametrize("service", SERVICES)
async def test_any_input_to_any_guarded_route_is_answered(
    stack: StackHarness, service: str
) -> None:
    """By one who may do everything, so that nothing stops at the door."""
    almighty = stack.bearer("almighty", *Role, source="/channels/almighty")
    running = await start(stack, service)
    wrong = []
    for case in await asyncio.to_thread(cases, running.app, EXAMPLES):
        answer = await send(running.http, case, almighty)
        if answer.status_code >= 500:
            wrong.append(f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:300]}")
        elif answer.status_code >= 400 and not PROBLEMS.is_valid(answer.json()):
            wrong.append(f"{case.method} {case.path}: {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)


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


@pytest.mark.parametrize("service", SERVICES)
async def test_nasty_input_is_answered(stack: StackHarness, service: str) -> None:
    almighty = stack.bearer("almighty", *Role, source="/channels/almighty")
    running = await start(stack, service)
    wrong = []
    for method, path, body in nasty(running.app):
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


def cases(app: FastAPI, examples: int) -> list[AnyCase]:
    """Some that fit the description of a route and some that do not, for each."""
    described = schemathesis.openapi.from_dict(app.openapi())
    guarded = {o.path for o in operations(app) if o.route and find_guard(o.route)}
    found: list[AnyCase] = []
    for result in described.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path in guarded:
            for mode in GenerationMode:
                found += draw_cases(operation.as_strategy(generation_mode=mode), examples)
    return found


def draw_cases(strategy: Any, examples: int) -> list[AnyCase]:
    found: list[AnyCase] = []

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def keep(case: AnyCase) -> None:
        found.append(case)

    keep()
    return found


async def send(http: httpx.AsyncClient, case: AnyCase, who: dict[str, str]) -> httpx.Response:
    asked = case.as_transport_kwargs(base_url="http://service")
    headers = {k: v for k, v in (asked.get("headers") or {}).items() if k != "Authorization"}
    return await http.request(
        asked["method"],
        asked["url"],
        params=asked.get("params"),
        headers={**headers, **who},
        json=asked.get("json"),
        content=asked.get("data"),
    )
