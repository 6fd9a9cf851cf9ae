"""What each service says of itself: AsyncAPI for its topics, OpenAPI for its routes."""

import html
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from shared.contracts.events import BY_TYPE, FACTS
from shared.contracts.topics import list_consumed, may_publish
from shared.web.access import find_guard
from shared.web.openapi import PROBLEM_STATUSES
from tests.support.services import SERVICES, not_started, operations

pytestmark = pytest.mark.parametrize("service", SERVICES)

Document = dict[str, Any]


@pytest.fixture
def app(service: str) -> FastAPI:
    return not_started(service)


async def page(app: FastAPI, path: str) -> Any:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def followed(document: Document, node: Document) -> Document:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


# --- topics -----------------------------------------------------------------------------------


def spoken(document: Document, action: str) -> dict[str, tuple[str, Document]]:
    """Type of each event it sends or receives: its topic, and the schema of its data."""
    found = {}
    for name, operation in document["operations"].items():
        if operation["action"] == action:
            channel = followed(document, operation["channel"])
            [message] = channel["messages"].values()
            payload = followed(document, followed(document, message)["payload"])
            found[name] = (channel["address"], payload)
    return found


async def test_asyncapi_lists_every_topic_read_with_its_messages(
    service: str, app: FastAPI
) -> None:
    document = await page(app, "/asyncapi.json")
    read = spoken(document, "receive")
    assert {topic for topic, _ in read.values()} == {t.name for t in list_consumed(service)}
    for type_, (topic, _) in read.items():
        assert topic == BY_TYPE[type_].TOPIC


async def test_asyncapi_lists_every_event_written(service: str, app: FastAPI) -> None:
    document = await page(app, "/asyncapi.json")
    written = {type_: topic for type_, (topic, _) in spoken(document, "send").items()}
    assert written == {
        fact.TYPE: fact.TOPIC for fact in FACTS if may_publish(f"/{service}", fact.TOPIC)
    }
    assert "guanjia.dead_letter.stored.v1" in written


async def test_asyncapi_has_the_fields_of_every_message(service: str, app: FastAPI) -> None:
    document = await page(app, "/asyncapi.json")
    for type_, (_, payload) in (spoken(document, "send") | spoken(document, "receive")).items():
        fields = BY_TYPE[type_].model_json_schema().get("properties", {})
        data = followed(document, payload["properties"]["data"])
        assert set(data.get("properties", {})) == set(fields), type_
        assert payload["properties"]["type"]["const"] == type_
        assert {"specversion", "id", "source", "type", "time", "data"} <= set(payload["required"])


# --- routes -----------------------------------------------------------------------------------


async def test_openapi_is_valid(service: str, app: FastAPI) -> None:
    document = await page(app, "/openapi.json")
    errors = [
        f"{list(e.instance_path)}: {e.message}" for e in OPENAPI_31_VALIDATOR.iter_errors(document)
    ]
    assert not errors
    names = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    assert len(names) == len(set(names))


async def test_every_reference_of_the_pages_leads_somewhere(service: str, app: FastAPI) -> None:
    for path in ("/openapi.json", "/asyncapi.json"):
        document = await page(app, path)
        for reference in _references(document):
            assert followed(document, {"$ref": reference})


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {found for one in node for found in _references(one)}
    if not isinstance(node, dict):
        return set()
    inside = {found for one in node.values() for found in _references(one)}
    reference = node.get("$ref")
    return inside | ({reference} if isinstance(reference, str) else set())


async def test_guarded_routes_say_how_they_refuse(service: str, app: FastAPI) -> None:
    paths = (await page(app, "/openapi.json"))["paths"]
    guarded = [o for o in operations(app) if o.route is not None and find_guard(o.route)]
    guarded = [o for o in guarded if o.route and o.route.include_in_schema]  # no pages
    assert guarded
    for operation in guarded:
        described = paths[operation.path][operation.method.lower()]
        assert described["security"] == [{"bearer": []}], operation
        for status in PROBLEM_STATUSES:
            content = described["responses"][status]["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problems"}, operation


async def test_open_routes_promise_no_lock(service: str, app: FastAPI) -> None:
    paths = (await page(app, "/openapi.json"))["paths"]
    for operation in operations(app):
        described = paths.get(operation.path, {}).get(operation.method.lower())
        if described and operation.route and not find_guard(operation.route):
            assert "security" not in described, operation


# --- as pages ---------------------------------------------------------------------------------


async def test_people_read_every_route_and_event_and_no_other_host_is_asked(
    service: str, app: FastAPI
) -> None:
    """Server-made: there without the internet, and without script."""
    routes, events = await page(app, "/openapi.json"), await page(app, "/asyncapi.json")
    for path, names in (("/docs", routes["paths"]), ("/asyncapi", events["operations"])):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            answer = await http.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "<script" not in answer.text
        assert "://" not in re.sub(r"<(p|td)[^>]*>[^<]*</", "", answer.text), "not even a link"
        missing = [name for name in names if html.escape(name) not in answer.text]
        assert not missing
