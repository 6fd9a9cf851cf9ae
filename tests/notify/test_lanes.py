"""Who waits for an answer goes first, and one office's sheet holds up nobody else's notices."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from services.notify import store
from services.notify.lanes import ANSWER_LANE, OWN_LANE, find_lane, find_staff_lane
from services.notify.model import Notice
from services.notify.purposes import PURPOSES
from shared import mongo
from shared.contracts.envelope import Fact
from shared.contracts.events import MessageAnswered, RequestOpened, RequestRecorded
from shared.contracts.values import Area, Channel
from tests.notify.decisions import START, make_opened

OTHER_TOWN = Area(town_code="441900102")


def make_lane(fact: Fact) -> str:
    return next(find_lane(p, fact) for p in PURPOSES[type(fact)] if p.is_called_for(fact))


def make_brought(channel: Channel, area: Area | None = None) -> RequestOpened:
    opened = make_opened()
    return opened.model_copy(update={"channel": channel, "area": area or opened.area})


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WECHAT, Channel.WEB])
def test_who_wrote_himself_waits_behind_nobodys_sheet(channel: Channel) -> None:
    assert make_lane(make_brought(channel)) == OWN_LANE


def test_what_others_brought_waits_with_its_channel_and_town() -> None:
    lanes = {
        make_lane(make_brought(Channel.SPREADSHEET)),
        make_lane(make_brought(Channel.SPREADSHEET, OTHER_TOWN)),
        make_lane(make_brought(Channel.PARTNER)),
    }
    assert len(lanes) == 3
    assert all(lane > ANSWER_LANE for lane in lanes)


def test_a_recorded_request_of_before_has_a_lane_without_a_place() -> None:
    recorded = RequestRecorded(
        person_id="P-1", channel=Channel.COMMITTEE, approval_level="town", area=None
    )
    assert make_lane(recorded) == "committee-"


def test_answers_and_calls_for_help_go_first() -> None:
    answered = MessageAnswered(person_id="P-1", answer="unread")
    assert make_lane(answered) == ANSWER_LANE
    assert find_staff_lane("staff_message_urgent") == ANSWER_LANE
    assert find_staff_lane("staff_approval_waiting") == OWN_LANE


def make_notice(number: int, lane: str, minutes: int = 0) -> Notice:
    return Notice(
        id=f"N-{number}",
        person_id=f"P-{number}",
        purpose="request_opened",
        regarding="R-1",
        correlation_id="R-1",
        created_at=START,
        due_at=START + timedelta(minutes=minutes, seconds=number / 1000),
        lane=lane,
    )


async def test_a_large_sheet_leaves_room_for_everybody_else(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, store.INDEXES)
    sheet = [make_notice(n, "spreadsheet-441900101") for n in range(400)]
    later = [
        make_notice(500, "spreadsheet-441900102", 5),
        make_notice(501, OWN_LANE, 6),
        make_notice(502, ANSWER_LANE, 7),
        make_notice(503, "!", 90),
    ]
    documents = [mongo.to_document(notice) for notice in [*sheet, *later]]
    del documents[401]["lane"]  # of before there were lanes
    await database[Notice.COLLECTION].insert_many(documents)

    turn = await store.find_due_in_turn(database, START + timedelta(minutes=30), 20)

    assert turn.more_due
    assert [notice.id for notice in turn.notices[:2]] == ["N-502", "N-501"]
    assert Counter(notice.lane for notice in turn.notices[2:]) == {
        "spreadsheet-441900101": 9,
        "spreadsheet-441900102": 1,
    }
    rest = await store.find_due_in_turn(
        database, START + timedelta(minutes=30), 20, [notice.id for notice in turn.notices]
    )
    assert not {notice.id for notice in rest.notices} & {notice.id for notice in turn.notices}
    assert {notice.lane for notice in rest.notices} == {"spreadsheet-441900101"}
    everything = await store.find_due_in_turn(database, START + timedelta(minutes=30), 1000)
    assert len(everything.notices) == 403
    assert not everything.more_due


async def test_what_was_read_for_all_lanes_is_not_read_again_for_one(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, store.INDEXES)
    own = [mongo.to_document(make_notice(number, OWN_LANE, number)) for number in range(60)]
    await database[Notice.COLLECTION].insert_many(own)
    await database.command({"profile": 2})

    turn = await store.find_due_in_turn(database, START + timedelta(hours=2), 20)

    await database.command({"profile": 0})
    assert [notice.id for notice in turn.notices] == [f"N-{number}" for number in range(15)]
    looks = await database["system.profile"].find({"op": "query"}).to_list(None)
    assert sum(look["nreturned"] for look in looks) == 20
