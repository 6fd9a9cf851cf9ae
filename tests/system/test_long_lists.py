"""Ten thousand of something slow no list besides the desk's (`tests/intake/test_worklist.py`): the
inbox, a giver's menu, the log of actions, the public's entries. By what is read, which time does
not hide."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest_asyncio

from deploy.local.stack import Stack
from services.audit.entry_search import ROWS_MAX, EntryFilter, find_entries
from services.audit.overview import Overview
from services.audit.tlog.reader import Directory
from services.intake import store as intake_store
from services.intake.model import Message
from services.matching import store as matching_store
from services.matching.donor_menu import DonorFilter, find_open_requests
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.weights import Weights
from shared import actions, mongo
from shared.actions import ActionQuery, list_actions
from shared.documents import Document
from shared.scope import Scope
from tests.audit.ledgers import publish_leaves, year_of_facts
from tests.matching.decisions import NOW, DecisionHarness

MANY = 10_000
TOWN = "441900103"
PAGE = 50
READ_MAX = 1_000
"""To find a page among so many: the lists are merged and sorted, but none is read to its end."""
R = TypeVar("R")


@pytest_asyncio.fixture(loop_scope="session")
async def database(mongod: Stack) -> AsyncIterator[mongo.Database]:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    for indexes in (intake_store.INDEXES, matching_store.INDEXES, actions.INDEXES):
        await mongo.ensure_indexes(database, indexes)
    yield database
    await database.client.drop_database(database.name)


async def count_read(
    database: mongo.Database, reading: Awaitable[R]
) -> tuple[R, Sequence[Document]]:
    """What was found, and each reading as the database saw it."""
    await database.command("profile", 2)
    result = await reading
    await database.command("profile", 0)
    profile = database["system.profile"]
    reads = await profile.find({"docsExamined": {"$exists": True}}).to_list(None)
    assert reads
    await profile.drop()
    return result, reads


async def test_handled_messages_slow_no_inbox(database: mongo.Database) -> None:
    rows = [
        {
            "_id": f"W-{number:020x}",
            "state": "handled" if number % 100 else "unread",
            "urgent": number % 50 == 0,
            "received_at": NOW - timedelta(minutes=number),
            "town_code": TOWN,
            "point_id": f"C-{number}",
            "channel": "sms",
        }
        for number in range(MANY)
    ]
    await database[Message.COLLECTION].insert_many(rows)
    for scope in (Scope(), Scope(area=TOWN)):
        query = scope.build_query(intake_store.MESSAGES)
        reading = intake_store.load_conversations(database, query, "", PAGE)
        page, reads = await count_read(database, reading)
        assert len(page) == PAGE
        assert max(each["docsExamined"] for each in reads) <= READ_MAX
        counts, reads = await count_read(
            database, intake_store.count_messages(database, query, "unread")
        )
        assert counts["total"] == MANY // 100
        assert max(each["docsExamined"] for each in reads) <= READ_MAX


async def test_open_requests_slow_no_givers_menu(database: mongo.Database) -> None:
    decisions = DecisionHarness()
    need = mongo.to_document(decisions.get(Need, decisions.need(quantity=5_000)))
    rows = [
        {
            **need,
            "_id": f"R-{number:020x}",
            "person_id": f"P-{number}",
            "tier": number % 4,
            "recorded_at": NOW - timedelta(minutes=number),
        }
        for number in range(MANY)
    ]
    await database[Need.COLLECTION].insert_many(rows)
    offer = decisions.get(Offer, decisions.offer(mode="claim", quantity=1_000_000))
    reading = find_open_requests(database, [offer], DonorFilter(), Weights(), NOW)
    page, reads = await count_read(database, reading)
    assert (len(page.requests), sum(page.counts.values())) == (20, MANY)
    lists = [each["docsExamined"] for each in reads if "find" in each["command"]]
    assert sum(lists) <= READ_MAX


async def test_what_staff_did_for_years_slows_no_look_at_it(database: mongo.Database) -> None:
    rows = [
        {
            "at": NOW + timedelta(seconds=number),
            "who": "g-seldom" if number % 50 == 0 else "g-busy",
            "by": "g",
            "roles": ["collector"],
            "method": "POST",
            "route": "/requests",
            "targets": [f"R-{number}"],
            "status": 201,
        }
        for number in range(MANY)
    ]
    await database[actions.ACTIONS].insert_many(rows)
    for query, count in (
        (ActionQuery(), PAGE),
        (ActionQuery(who="g-busy"), PAGE),
        (ActionQuery(who="g-seldom"), PAGE),
        (ActionQuery(target="R-7"), 1),
    ):
        page, reads = await count_read(database, list_actions(database, query, PAGE))
        assert len(page) == count
        assert max(each["docsExamined"] for each in reads) <= READ_MAX


class CountingSource(Directory):
    """reads: files that were asked for."""

    reads = 0

    def read(self, path: str) -> bytes | None:
        self.reads += 1
        return super().read(path)


def test_a_long_ledger_slows_no_list_of_its_entries(tmp_path: Path) -> None:
    leaves = year_of_facts(MANY).leaves
    publish_leaves(leaves, tmp_path / "2026")
    figures, source = Overview(), CountingSource(tmp_path / "2026")
    figures.read_on(source, len(leaves))
    source.reads, place = 0, None
    for _ in range(3):
        page = find_entries(source, figures, EntryFilter(), place)
        assert len(page.rows) == ROWS_MAX
        place = page.before
    assert source.reads <= 6
