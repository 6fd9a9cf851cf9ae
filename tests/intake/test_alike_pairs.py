"""疑似重复: the newest first, what still matters before what is over, and what differs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from services.intake import store
from services.intake.model.suggestion import Suggestion
from services.intake.person_views import describe_suggestion, is_pair_over
from shared import mongo

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def make_suggestion(id_: str = "S-1", made_at: datetime = NOW) -> Suggestion:
    return Suggestion(
        id=id_,
        subject="request",
        first_id="R-1",
        second_id="R-2",
        reasons=("phone_same", "need_same"),
        town_code="441900101",
        made_at=made_at,
    )


def make_side(quantity: int, unit: str = "fen", state: str = "open") -> dict[str, Any]:
    return {"request_id": "R", "state": state, "need": {"quantity": quantity, "unit": unit}}


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (make_side(60_000), make_side(10_000), "类别相同，金额不同"),
        (make_side(1, "台"), make_side(2, "台"), "类别和物品相同，数量不同"),
        (make_side(60_000), make_side(60_000), "类别和所需相同"),
        (make_side(60_000), {"request_id": "R"}, "类别和所需相同"),
    ],
)
def test_a_pair_says_where_the_sums_differ(
    first: dict[str, Any], second: dict[str, Any], words: str
) -> None:
    view: Any = describe_suggestion(make_suggestion(), [first, second])
    assert [each["zh"] for each in view["reasons"]] == ["手机号或微信相同", words]


@pytest.mark.parametrize(
    ("states", "is_over"),
    [(("open", "closed"), False), (("closed", "withdrawn"), True), (("open", "open"), False)],
)
def test_a_pair_is_over_when_both_are(states: tuple[str, str], is_over: bool) -> None:
    sides = [make_side(1, state=state) for state in states]
    assert is_pair_over(describe_suggestion(make_suggestion(), sides)) is is_over


async def test_pairs_are_listed_newest_first_page_by_page(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    rows = [make_suggestion(f"S-{n}", NOW + timedelta(days=day)) for n, day in enumerate((1, 2, 2))]
    documents = [mongo.to_document(row) for row in rows]
    await database[Suggestion.COLLECTION].insert_many(documents)
    seen: list[str] = []
    while page := await store.load_suggestions(database, {}, seen[-1] if seen else "", 1):
        seen += [row.id for row in page]
    assert seen == ["S-1", "S-2", "S-0"]
