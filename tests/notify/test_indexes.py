"""What looks for notices finds them by an index, in the order of that index: each index costs every
step of a notice, so there are few (docs/decisions/0550)."""

from datetime import timedelta
from uuid import uuid4

from deploy.local.stack import Stack
from services.notify import store
from services.notify.model import Attempt, Notice
from services.notify.rates import find_rates
from services.notify.searches import Search, search_notices
from shared import mongo
from shared.scope import Scope
from tests.notify.decisions import MATCH_ID, START
from tests.notify.test_calls import TOWN, make_task
from tests.notify.test_lanes import make_notice

PROFILE = "system.profile"


async def _fill(mongod: Stack) -> mongo.Database:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, store.INDEXES)
    due = [make_notice(n, lane) for n, lane in enumerate(["", "!", "spreadsheet-441900101"] * 9)]
    tasks = [make_task(id=f"N-task-{n}") for n in range(9)]
    bundled = [make_task(id=f"N-b{n}", bundle_id="N-task-1", state="bundled") for n in range(9)]
    documents = [mongo.to_document(notice) for notice in (*due, *tasks, *bundled)]
    await database[Notice.COLLECTION].insert_many(documents)
    return database


async def test_each_look_at_notices_uses_an_index(mongod: Stack) -> None:
    database, now = await _fill(mongod), START + timedelta(minutes=30)
    attempt = Attempt(number=1, channel="sms", claimed_at=START, point_id="CP-1")
    await database.command({"profile": 2})
    for limit in (5, 1000):
        await store.find_due_in_turn(database, now, limit)
        await store.find_due_in_turn(database, now, limit, ["N-0", "N-3"])
    await store.count_rivals(database, make_task(), attempt)
    await store.find_tasks(database, Scope(area=TOWN), 9)
    await store.count_tasks(database, Scope())
    await store.find_bundled(database, [make_task(id="N-task-1")])
    await store.count_held(database)
    await find_rates(database, 7, now, "东莞民政", 5)
    for search in (
        Search(),
        Search(state="delivered"),
        Search(day=START.date()),
        Search(about="01EA5F"),
        Search(about=MATCH_ID),
        Search(person_id="P-1"),
    ):
        await search_notices(database, search, Scope(), now, 20)
    await database.command({"profile": 0})

    looks = (
        await database[PROFILE].find({"ns": f"{database.name}.{Notice.COLLECTION}"}).to_list(None)
    )
    assert len(looks) > 15
    assert not [look["command"] for look in looks if "IXSCAN" not in look["planSummary"]]
    due = [look for look in looks if "lane" in str(look["command"])]
    assert due
    assert not [look["command"] for look in due if look.get("hasSortStage")]
