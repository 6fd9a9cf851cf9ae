"""Notices are found by what staff know of them, within their area; rates and cost are sums."""

from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from deploy.local.stack import Stack
from services.notify import rates as rates_module
from services.notify.model import Attempt, Notice
from services.notify.pages.notices import (
    choose_purposes,
    describe_notice,
    list_alike,
    name_purposes,
)
from services.notify.rates import add_up, find_rates
from services.notify.searches import Search, search_notices
from services.notify.store import INDEXES
from shared import mongo
from shared.contracts.values import CHINA, Identifier
from shared.dates import Language
from shared.scope import Scope
from shared.security import Credential, Role
from tests.notify.decisions import MATCH_ID, REQUEST_ID, START
from tests.notify.test_calls import OTHER_TOWN, TOWN, make_task

OF_ANOTHER = "R-" + "b" * 20


def make_attempt(provider: str, outcome: str, receipt: str | None = None) -> Attempt:
    channel = "wechat" if provider == "wechat" else "sms"
    return Attempt.model_validate(
        {
            "number": 1,
            "channel": channel,
            "provider": provider,
            "claimed_at": START,
            "outcome": outcome,
            "receipt": receipt,
        }
    )


def make_notices() -> list[Notice]:
    sent: dict[str, Any] = {"state": "delivered", "task": None}
    arrived = make_attempt("tencent", "sent", "delivered")
    moved = (make_attempt("tencent", "retry"), make_attempt("aliyun", "sent", "failed"))
    return [
        make_task(id="N-1", attempts=(arrived,), **sent),
        make_task(id="N-2", attempts=moved),
        make_task("match_proposed", MATCH_ID, id="N-3", area="", attempts=(arrived,), **sent),
        make_task(id="N-4", regarding=OF_ANOTHER, area=OTHER_TOWN, person_id="P-2"),
        make_task(
            id="N-5",
            regarding=OF_ANOTHER,
            area=OTHER_TOWN,
            created_at=START - timedelta(days=40),
            attempts=(make_attempt("wechat", "sent", "delivered"),),
        ),
    ]


async def test_notices_are_found_and_summed_up_each_in_its_area(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    await mongo.ensure_indexes(database, INDEXES)
    documents = [mongo.to_document(notice) for notice in make_notices()]
    await database[Notice.COLLECTION].insert_many(documents)

    async def find(area: str = "", **search: Any) -> set[str]:
        scope, given = Scope(area=area), Search.model_validate(search)
        notices = await search_notices(database, given, scope, START, 50)
        return {notice.id for notice in notices}

    assert await find() == {"N-1", "N-2", "N-3", "N-4", "N-5"}
    assert await find(about=REQUEST_ID) == {"N-1", "N-2", "N-3"}
    assert await find(about=REQUEST_ID[-6:].upper()) == {"N-1", "N-2", "N-3"}
    assert await find(about=".{6}.") == set()
    assert await find(about="......") == set()
    assert await find(day=START.astimezone(CHINA).date(), state="failed") == {"N-2", "N-4"}
    assert await find(purposes=("match_proposed",)) == {"N-3"}
    assert await find(purposes=("match_proposed", "request_opened")) >= {"N-1", "N-3"}
    assert await find(person_id="P-2") == {"N-4"}
    # A town sees its own alone, whatever it asks for, and finds nobody by his id.
    assert await find(TOWN, about=REQUEST_ID) == {"N-1", "N-2"}
    assert await find(TOWN, about=OF_ANOTHER) == set()
    assert await find(TOWN, person_id="P-2") == await find(TOWN)

    rates = await find_rates(database, 30, START, "东莞民政", 5)
    assert {(r.provider, r.purpose, r.calls, r.arrived, r.failed) for r in rates} == {
        ("tencent", "request_opened", 2, 1, 0),
        ("tencent", "match_proposed", 1, 1, 0),
        ("aliyun", "request_opened", 1, 0, 1),
    }
    sums = {rate.provider: rate for rate in add_up(rates)}
    assert (sums["tencent"].cost_fen, sums["tencent"].arrived_percent) == (10, 100)
    assert (sums["aliyun"].cost_fen, sums["aliyun"].arrived_percent) == (5, 0)
    rates = await find_rates(database, 60, START, "东莞民政", 5)
    assert [rate.cost_fen for rate in rates if rate.provider == "wechat"] == [0]


def test_only_who_may_open_a_case_is_led_to_it() -> None:
    notice = make_notices()[0]
    paths = {}
    for role in (Role.COLLECTOR, Role.OPERATOR, Role.AUDITOR):
        caller = Credential(id="c", secret_sha256="", roles=frozenset({role}))
        paths[role] = describe_notice(notice, caller)["case_path"]
    assert paths == {
        Role.COLLECTOR: f"/cases/{REQUEST_ID}",
        Role.OPERATOR: "",
        Role.AUDITOR: "",
    }


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_of_which_no_moment_can_be_said_is_no_search(day: str) -> None:
    with pytest.raises(ValidationError):
        Search.model_validate({"day": day})


async def test_rates_are_counted_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[object] = []

    async def count(*arguments: object) -> list[object]:
        counted.append(arguments)
        return []

    monkeypatch.setattr(rates_module, "find_rates", count)
    recent, database = rates_module.RecentRates(), cast("mongo.Database", None)
    for after_s in (0, 59, 60):
        await recent.find(database, 30, START + timedelta(seconds=after_s), "东莞民政", 5)
    assert len(counted) == 2


def test_a_case_may_be_as_long_as_ids_are() -> None:
    """`GET /notices?case=` takes any id."""
    longest = TypeAdapter(Identifier).validate_python("R" * 200)
    assert Search(about=longest).about == longest


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_says_the_same_is_one_choice_and_finds_all_of_it(language: Language) -> None:
    choices = choose_purposes(language)
    assert len(set(choices.values())) == len(choices)
    listed = [name for choice in choices for name in list_alike(choice, language)]
    assert sorted(listed) == sorted(name_purposes(language))
    assert list_alike("none_such", language) == ("none_such",)
