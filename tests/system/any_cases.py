"""Requests drawn from the description of a service's routes, and sent to it."""

from typing import Any

import httpx
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from shared.web.access import find_guard
from tests.support.services import operations

AnyCase = Case[Any]


def draw_cases(app: FastAPI, examples: int) -> list[AnyCase]:
    """Some that fit the description of a route and some that do not, for each."""
    described = schemathesis.openapi.from_dict(app.openapi())
    guarded = {o.path for o in operations(app) if o.route and find_guard(o.route)}
    cases: list[AnyCase] = []
    for result in described.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path in guarded:
            for mode in GenerationMode:
                cases += _draw(operation.as_strategy(generation_mode=mode), examples)
    return cases


def _draw(strategy: Any, examples: int) -> list[AnyCase]:
    cases: list[AnyCase] = []

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
        cases.append(case)

    keep()
    return cases


async def send(http: httpx.AsyncClient, case: AnyCase, who: dict[str, str]) -> httpx.Response:
    transport = case.as_transport_kwargs(base_url="http://service")
    headers = {k: v for k, v in (transport.get("headers") or {}).items() if k != "Authorization"}
    return await http.request(
        transport["method"],
        transport["url"],
        params=transport.get("params"),
        headers={**headers, **who},
        json=transport.get("json"),
        content=transport.get("data"),
    )
