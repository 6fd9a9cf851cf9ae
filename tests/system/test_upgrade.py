"""A data folder of the first release: today's services start on it, and what was open goes on.

`upgrade/DAY` holds what the code of that day left: six wishes, three of them paid and three waiting
for their donors; databases as canonical extended JSON, its keys, and its published ledger.
"""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bson import json_util
from pymongo import MongoClient

from deploy.chaos.lifecycles import Lifecycle, Lifecycles
from deploy.chaos.wishes import WISH_FEN
from deploy.local.stack import Stack, StackOptions
from services.audit.ledger.verification import verify_log
from shared.contracts.envelope import parse_envelope, parse_event
from shared.contracts.events import BY_TYPE
from shared.contracts.topics import SERVICES
from shared.messaging.decision import State
from shared.mongo import to_state
from tests.support.services import not_started
from tests.system.test_system import ended, running

FIRST = Path(__file__).with_name("upgrade") / "2026-11-23"
WISHES, PAID = 6, 3
ENTRIES = 9
# As docs/operations.md has it: offers of before mandates name none.
MANDATES = {"GUANJIA_MANDATES_REQUIRED": "false"}
Row = dict[str, Any]


def list_rows(service: str, later: timedelta = timedelta()) -> Iterator[tuple[str, Row]]:
    """(collection, document). later: by which every moment of a document is moved."""
    options = json_util.CANONICAL_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=UTC)
    for line in (FIRST / f"{service}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json_util.loads(line, json_options=options)
        yield row["collection"], move(row["document"], later)


def move(value: Any, later: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + later
    if isinstance(value, dict):
        return {name: move(each, later) for name, each in value.items()}
    return [move(each, later) for each in value] if isinstance(value, list) else value


def put_back(client: MongoClient[Row], now: datetime) -> None:
    """As if it had been left a minute ago: proposals run out after three days."""
    last = max(row["created_at"] for name, row in list_rows("notify") if name == "outbox")
    later = now - last - timedelta(minutes=1)
    for service in SERVICES:
        for name, document in list_rows(service, later):
            client[f"guanjia_{service}"][name].insert_one(document)


def list_fields(state: type[State]) -> set[str]:
    """Of its documents, those of earlier releases included."""
    own = {"_id", "_version", "_emitted"}
    return {*state.model_fields, *state.model_computed_fields, *state.RETIRED_FIELDS, *own}


@pytest.mark.parametrize("service", SERVICES)
def test_every_document_and_event_of_the_first_release_is_read(service: str) -> None:
    states = {each.COLLECTION: each for each in not_started(service).state.service.states}
    read = [to_state(states[name], row) for name, row in list_rows(service) if name in states]
    for name, row in list_rows(service):
        if name in states:
            assert row.keys() <= list_fields(states[name]), "a field that is gone is retired"
    records = [r for name, row in list_rows(service) if name == "outbox" for r in row["records"]]
    assert read
    assert records
    for _topic, _key, value in records:
        written = json.loads(value)
        event = parse_event(parse_envelope(value), BY_TYPE[written["type"]])
        assert event.data.model_dump(mode="json", exclude_unset=True) == written["data"]


def find_january() -> datetime:
    """Another year has its own log, and the calendar's package may not know its holidays yet."""
    return datetime(datetime.now(UTC).year + 1, 1, 5, 4, tzinfo=UTC)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_january", [False, True])
async def test_todays_services_go_on_where_the_first_release_stopped(
    tmp_path: Path, is_january: bool
) -> None:
    now = find_january() if is_january else datetime.now(UTC)
    for part in ("secrets", "ledger"):
        shutil.copytree(FIRST / part, tmp_path / part)
    (tmp_path / "secrets").chmod(0o700)
    backing = Stack(StackOptions(data_dir=tmp_path, services=()), announce=print)
    await backing.start()
    with MongoClient[Row](backing.mongo_uri) as client:
        put_back(client, now)
    await backing.stop()
    requests = json.loads((FIRST / "requests.json").read_text())
    started = {request_id: Lifecycle(time.monotonic()) for request_id in requests}
    days = (now - datetime.now(UTC)).total_seconds() / 86_400 if is_january else 0
    async with running(tmp_path, MANDATES, days_ahead=days, started=started) as (stack, lifecycles):
        await ended(lifecycles, WISHES, 120)
        logs_ended = await check_sums(stack, lifecycles)
    assert logs_ended == [ENTRIES] or not is_january


async def check_sums(stack: Stack, lifecycles: Lifecycles) -> list[int]:
    """Of the year that runs; what was paid before belongs to a year that ended, if one did. Returns
    the sizes of the logs of such years."""
    async with httpx.AsyncClient(timeout=30) as http:
        token = {"Authorization": f"Bearer {lifecycles.token('auditor')}"}
        summary = (await http.get(f"{stack.urls['audit']}/summary", headers=token)).json()
    sizes = [each["size"] for each in summary["closed"]]
    assert summary["spent_fen"] == (WISHES - PAID * len(sizes)) * WISH_FEN
    report = verify_log(summary["log_dir"], summary["vkey"])
    assert report.ok, report.broken
    return sizes
