"""Requests drawn from the description of a service's routes, and sent to it."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

import httpx
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from shared.contracts.links import LINKS
from shared.security import Keyring
from shared.web.access import find_guard
from shared.web.links import LinkRoute
from tests.support.services import operations

AnyCase = Case[Any]


def draw_cases(app: FastAPI, examples: int) -> list[AnyCase]:
    """Some that fit the description of a route and some that do not, for each that a credential or
    a link opens."""
    described = schemathesis.openapi.from_dict(app.openapi())
    routes = {o.path: o.route for o in operations(app) if o.route}
    opened = {p for p, r in routes.items() if find_guard(r) or isinstance(r, LinkRoute)}
    cases: list[AnyCase] = []
    for result in described.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path in opened:
            for mode in GenerationMode:
                with suppress(Unsatisfiable):  # what takes nothing cannot be given anything wrong
                    cases += _draw(operation.as_strategy(generation_mode=mode), examples)
    return cases


def open_links(cases: Iterable[AnyCase], keyring: Keyring, expires_at: datetime) -> None:
    """Every second case behind a link gets one that is right: of what there is not."""
    links = {link.segment: link for link in LINKS}
    behind = (case for case in cases if "token" in (case.path_parameters or {}))
    for case in islice(behind, 0, None, 2):
        link = links[case.path.split("/")[1]]
        case.path_parameters["token"] = keyring.make_link(link.purpose, "X-1", expires_at)


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
