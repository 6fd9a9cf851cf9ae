"""What a phone task says, and which pages it leads to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from services.notify import store
from services.notify.model import About, Notice, PhoneTask
from services.notify.pages.calls import ITEMS_MAX, Row, build_row, build_rows
from services.notify.templates import TEMPLATES
from shared import mongo
from shared.contracts.values import Category
from shared.scope import Scope
from tests.notify.decisions import MATCH_ID, REQUEST_ID, START

TOWN = "441900101"
OTHER_TOWN = "441900102"


def make_task(purpose: str = "request_opened", regarding: str = REQUEST_ID, **more: Any) -> Notice:
    fields: dict[str, Any] = {
        "id": "N-1",
        "person_id": "P-1",
        "purpose": purpose,
        "regarding": regarding,
        "correlation_id": "",
        "created_at": START,
        "state": "failed",
        "area": TOWN,
        "task": PhoneTask(why="no_contact"),
    }
    return Notice(**fields | more)


def list_paths(row: Row) -> list[str]:
    return [page.path for page in row.pages]


@pytest.mark.parametrize(
    ("purpose", "regarding"),
    [("request_opened", REQUEST_ID), ("match_committed", MATCH_ID), ("match_delivered", MATCH_ID)],
)
@pytest.mark.parametrize("area", ["", TOWN])
def test_what_an_applicant_is_told_leads_to_his_case(
    purpose: str, regarding: str, area: str
) -> None:
    assert list_paths(build_row(make_task(purpose, regarding), (), area)) == [
        f"/cases/{REQUEST_ID}"
    ]


def test_a_call_about_a_delivery_asks_whether_it_arrived_and_says_where_that_is_noted() -> None:
    row = build_row(make_task("match_delivered", MATCH_ID), (), TOWN)
    assert "请问收到了吗" in row.words
    assert row.asks_receipt
    assert not build_row(make_task("match_committed", MATCH_ID), (), TOWN).asks_receipt


MEDICAL = About(
    category=Category.MEDICAL,
    quantity=200_000,
    unit="fen",
    town_code="441900104",
    until=START + timedelta(days=3),
    day="2026-12-04",
)


@pytest.mark.parametrize(
    ("purpose", "more", "words"),
    [
        ("match_scheduled", {}, "您的帮助（2000元）预计12月4日送达，请留意电话；"),
        ("match_committed", {"donor_kind": "enterprise"}, "已由爱心企业落实帮助"),
        ("payment_made", {"amount_fen": 200_000}, "款项2000元已由银行付给"),
        (
            "match_asked",
            {"reply_code": "4821"},
            "医疗救助2000元，石排镇，23日16时前请联系社工",
        ),
        (
            "proposals_proposed",
            {"detail": "57", "reply_code": "4821"},
            "有多项对接等待您答复，共57项，请联系对接社工或拨12345。",
        ),
        ("word_accept", {}, "请查看短信中的验证码。"),
    ],
)
def test_what_is_to_be_said_has_the_days_and_sums_of_the_sms_and_nothing_to_tap_on(
    purpose: str, more: dict[str, Any], words: str
) -> None:
    said = build_row(make_task(purpose, about=MEDICAL, **more), (), TOWN).words
    assert words in said
    assert not any(sign in said for sign in ("{", "4821", "点击", "尾号：")), said


@pytest.mark.parametrize("purpose", [n for n, t in TEMPLATES.items() if t.language == "zh"])
def test_nothing_that_is_said_asks_to_tap_or_to_text(purpose: str) -> None:
    said = build_row(make_task(purpose), (), TOWN).words
    assert "回复1" not in said
    assert "{" not in said
    assert "点击" not in said


@pytest.mark.parametrize(
    ("purpose", "regarding"),
    [("match_proposed", MATCH_ID), ("mandate_proposed", "MD-1"), ("ledger_received", "D-1")],
)
def test_a_donors_page_is_the_whole_citys(purpose: str, regarding: str) -> None:
    task = make_task(purpose, regarding, person_id="P-donor", area="")
    assert list_paths(build_row(task, (), "")) == ["/desk/persons/P-donor"]
    stored_before = task.model_copy(update={"area": TOWN})
    assert list_paths(build_row(stored_before, (), TOWN)) == []


def make_digest(items: Sequence[Notice], area: str = "") -> Row:
    return build_row(make_task("digest_tasks", MATCH_ID, id="N-9"), items, area)


def test_a_digest_says_all_that_it_tells_and_leads_to_each_case_once() -> None:
    other = "R-" + "9" * 20
    items = [make_task(), make_task("match_committed", MATCH_ID), make_task("case_closed", other)]
    row = make_digest(items)
    assert row.count == 3
    assert [line[:2] for line in row.words.split("\n")[1:]] == ["1.", "2.", "3."]
    assert "多项通知" not in row.words
    assert list_paths(row) == [f"/cases/{REQUEST_ID}", f"/cases/{other}"]


def test_a_digest_leads_nobody_to_a_case_of_another_town() -> None:
    there = make_task("case_closed", "R-" + "9" * 20, area=OTHER_TOWN)
    assert list_paths(make_digest([make_task(), there], TOWN)) == [f"/cases/{REQUEST_ID}"]


def test_a_long_digest_is_read_out_in_part() -> None:
    row = make_digest([make_task()] * (ITEMS_MAX + 3))
    assert row.count == ITEMS_MAX + 3
    assert row.words.split("\n")[-1].startswith("另有3项")


def test_a_person_is_called_once_and_a_payment_made_again_is_said_once() -> None:
    """What waits for his answer is said first; the call ends all of it."""
    paid = make_task("payment_made", MATCH_ID, id="N-1", amount_fen=24_000, area="")
    later = START + timedelta(hours=1)
    again = paid.model_copy(update={"id": "N-2", "created_at": later})
    arrived = make_task("match_delivered", MATCH_ID, id="N-3", created_at=later)
    other = make_task(id="N-4", person_id="P-2")
    first, second = build_rows([paid, again, arrived, other], {}, "")
    assert (first.id, first.also, first.area) == ("N-1", ("N-2", "N-3"), TOWN)
    assert first.words.count("240元已由银行付给") == 1
    assert first.words.index("请问收到了吗") < first.words.index("240元")
    assert (second.id, second.also, second.count) == ("N-4", (), 1)


async def test_what_waits_for_an_answer_is_called_first(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    later = START + timedelta(hours=1)
    notices = [
        make_task("ledger_received", "D-1", id="N-thanks", person_id="P-2"),
        make_task("match_delivered", MATCH_ID, id="N-asks", created_at=later),
        make_task("payment_made", MATCH_ID, id="N-paid", created_at=later + timedelta(hours=1)),
    ]
    documents = [mongo.to_document(notice) for notice in notices]
    await database[Notice.COLLECTION].insert_many(documents)
    seen = await store.find_tasks(database, Scope(), 9)
    assert [notice.id for notice in seen] == ["N-asks", "N-thanks", "N-paid"]
    first = await store.find_tasks(database, Scope(), 1)
    assert [notice.id for notice in first] == ["N-asks", "N-paid"]


async def test_what_a_digest_in_a_digest_tells_is_found_by_the_outer_one(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, store.INDEXES)
    joined: dict[str, Any] = {"state": "bundled", "task": None}
    notices = [
        make_task("digest_tasks", id="N-outer"),
        make_task("digest_news", id="N-inner", bundle_id="N-outer", **joined),
        make_task(id="N-1", bundle_id="N-inner", **joined),
        make_task("match_committed", MATCH_ID, id="N-2", bundle_id="N-outer", **joined),
        make_task("match_proposed", MATCH_ID, id="N-donor", area=""),
    ]
    documents = [mongo.to_document(notice) for notice in notices]
    await database[Notice.COLLECTION].insert_many(documents)
    bundled = await store.find_bundled(database, notices[:1])
    assert {n.id for n in bundled["N-outer"]} == {"N-1", "N-2"}
    seen = await store.find_tasks(database, Scope(area=TOWN), 9)
    assert [notice.id for notice in seen] == ["N-outer"]
    assert len(await store.find_tasks(database, Scope(), 9)) == 2
