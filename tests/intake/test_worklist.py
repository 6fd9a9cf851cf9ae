"""What waits for an approver: in which order, page by page, and what a line says of it."""

from datetime import timedelta
from typing import Any, get_args
from uuid import uuid4

from deploy.local.stack import Stack
from services.intake import worklist
from services.intake.model import Request
from services.intake.pages.rows import build_row
from services.intake.worklist import COUNTED_MAX, PAGE_ROWS, DueFilter, Filters, Tab, Worker
from shared import mongo
from shared.scope import Scope
from tests.intake.builders import CHASHAN, SHIJIE, DecisionHarness, make_submission

LARGE = {"unit": "fen", "quantity": 300_000}
COUNT = PAGE_ROWS + 5
MANY = 10_000
READ_MAX = 5 * COUNTED_MAX
"""To find so many of one state where four are mixed, and not as many as there are."""
APPROVER = Worker("g-town", Scope(area=CHASHAN), ("town",))


def submit_many(harness: DecisionHarness) -> list[str]:
    """A week apart, so that no two are due on one day; one more elsewhere, one for a village."""
    for number in range(COUNT):
        applicant = {"name": f"阿{number}", "phone": f"+86138{number:08}"}
        harness.submit(make_submission(need=LARGE, applicant=applicant), message=f"m-{number}")
        harness.later(days=7)
    ids = [request.id for request in harness.requests()]
    away = make_submission(need=LARGE, area={"town_code": SHIJIE})
    harness.submit(away, message="m-away")
    harness.submit(make_submission(category="other"), message="m-village")
    return ids


async def list_all(database: mongo.Database, worker: Worker, filters: Filters) -> list[list[str]]:
    pages, cursor = [], ""
    while True:
        page = await worklist.list_page(database, worker, "waiting", filters, cursor)
        pages.append([request.id for request in page.requests])
        if not (cursor := page.following):
            return pages


async def test_what_ends_first_stands_first_whatever_its_id(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, worklist.INDEXES)
    harness = DecisionHarness()
    ids = submit_many(harness)
    assert ids != sorted(ids), "the order of ids is another"
    stored = [mongo.to_document(request) for request in reversed(harness.requests())]
    await database[Request.COLLECTION].insert_many(stored)

    pages = await list_all(database, APPROVER, worklist.NO_FILTERS)
    assert [len(page) for page in pages] == [PAGE_ROWS, COUNT - PAGE_ROWS]
    assert [id_ for page in pages for id_ in page] == ids

    late = Filters(due="overdue", at=harness.now)
    overdue = [id_ for page in await list_all(database, APPROVER, late) for id_ in page]
    assert 0 < len(overdue) < COUNT
    assert overdue == ids[: len(overdue)]
    village = Worker("g-village", Scope(area=f"{CHASHAN}001"), ("village",))
    assert await list_all(database, village, worklist.NO_FILTERS) == [[]], "it names no village"
    assert len((await list_all(database, Worker("g-city", Scope(), ()), late))[0]) == PAGE_ROWS
    after = await worklist.find_next_waiting(database, APPROVER, harness.request(ids[3]))
    assert after is not None
    assert after.id == ids[4]


async def test_ten_thousand_cases_slow_no_list(mongod: Stack) -> None:
    """By what the database reads for a page and its counts, which time does not hide."""
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, worklist.INDEXES)
    harness = DecisionHarness()
    harness.submit(make_submission(need=LARGE))
    [request] = harness.requests()
    document: dict[str, Any] = dict(mongo.to_document(request))
    states = ("recorded", "open", "closed", "returned")
    copies = []
    for number in range(MANY):
        at = harness.now - timedelta(minutes=number)
        copy = {**document, "_id": f"R-{number:020x}", "recorded_at": at, "recorded_by": "g-town"}
        copy["state"] = states[number % len(states)]
        copy["clock"] = {**document["clock"], "ends_at": at}
        copies.append(copy)
    await database[Request.COLLECTION].insert_many(copies)
    await database.command("profile", 2)
    for tab in get_args(Tab):
        for due in (None, *get_args(DueFilter)):
            filters = Filters(due=due, at=harness.now)
            page = await worklist.list_page(database, APPROVER, tab, filters)
            await worklist.count_up_to(database, APPROVER, tab, filters)
            if page.following:
                await worklist.list_page(database, APPROVER, tab, filters, page.following)
    await database.command("profile", 0)
    reads = await database["system.profile"].find({"docsExamined": {"$exists": True}}).to_list(None)
    assert len(reads) > 2 * len(get_args(Tab))
    read = {str(row["command"])[:300]: row["docsExamined"] for row in reads}
    assert {what: count for what, count in read.items() if count > READ_MAX} == {}


def test_a_line_says_what_where_since_when_why_and_who_decides() -> None:
    harness = DecisionHarness()
    (id_, *_) = submit_many(harness)
    row = build_row(harness.request(id_), harness.now)
    assert (row.recorded_on, row.days) == ("2022-01-20", 7 * COUNT)
    assert row.level == ("镇街级", "town")
    assert [why["code"] for why in row.waits] == ["need_large"]
    assert row.is_overdue
    assert (row.request.area.town_code, row.request.need.quantity) == (CHASHAN, 300_000)
