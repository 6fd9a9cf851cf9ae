"""What approving one request would mean for the others."""

from contextlib import ExitStack
from typing import Any, cast

import pytest

from services.matching.explaining.explainer import COMPARISONS_MAX, Explainer
from services.matching.explaining.outlook import Comparison, format_outlook
from services.matching.solver.interface import Inputs, OpenNeed, OpenOffer
from services.matching.solver.solve import MinCostFlow
from shared.errors import Transient
from shared.giving_client import GivingClient
from shared.persons_client import PersonsClient
from tests.matching.decisions import is_nobody_gone

DAY_MS = 24 * 3600 * 1000
NOW_MS = 1_700_000_000_000


def make_need(id_: str, fen: int, tier: int = 2, days: int = 10, **more: Any) -> OpenNeed:
    fields: dict[str, Any] = {
        "unit": "fen",
        "item": "",
        "category": "medical",
        "beneficiary_class": "disabled",
        "town_code": "441900101",
        "recorded_ms": NOW_MS - days * DAY_MS,
        "next_number": 1,
    }
    return OpenNeed(id=id_, remaining=fen, tier=tier, **fields | more)


def make_offer(id_: str, fen: int, fund: str | None = "warm") -> OpenOffer:
    return OpenOffer(id=id_, unit="fen", item="", quantity=fen, free=fen, fund_id=fund)


def look(needs: list[OpenNeed], offers: list[OpenOffer], is_cut: bool = False) -> list[str]:
    """The first need is the one that is asked about."""

    def solve(rows: list[OpenNeed]) -> Any:
        return MinCostFlow().decide(Inputs(tuple(rows), tuple(offers), NOW_MS)).allocations

    inputs = Inputs(tuple(needs), tuple(offers), NOW_MS)
    comparison = Comparison(inputs, needs[0].id, solve(needs[1:]), solve(needs), is_cut)
    return [sentence.zh for sentence in format_outlook(comparison)]


def test_what_it_gets_what_is_left_and_that_nobody_loses() -> None:
    lines = look(
        [make_need("R-1", 5_000_000), make_need("R-2", 1_000_000)], [make_offer("O", 9_000_000)]
    )
    assert lines == [
        "同意 ¥50,000.00：按现有资源可以全部对接。",
        "基金 warm 现有 ¥90,000.00 可用；等候的诉求都对接后还剩 ¥30,000.00"
        "（不同意这一件则剩 ¥80,000.00）。",
        "没有别的诉求因此多等。",
    ]


def test_who_gets_less_is_counted_by_class_and_nobody_is_named() -> None:
    others = [
        make_need("R-2", 300_000, days=3, beneficiary_class="subsistence"),
        make_need("R-3", 300_000, days=5),
    ]
    first, left, worse = look(
        [make_need("R-1", 5_000_000, tier=0, days=90), *others], [make_offer("O", 5_000_000)]
    )
    assert first == "同意 ¥50,000.00：按现有资源可以全部对接。"
    assert "还剩 ¥0.00（不同意这一件则剩 ¥44,000.00）" in left
    assert worse.startswith("有 2 件别的诉求会因此多等，共少 ¥6,000.00：")
    assert "最久的已等 5 天" in worse
    assert "R-" not in "".join((first, left, worse))


def test_what_nothing_serves_waits_for_new_offers() -> None:
    lines = look([make_need("R-1", 5_000_000), make_need("R-2", 1)], [], is_cut=True)
    assert lines[0] == "同意 ¥50,000.00：按现有资源一时对接不上，要等新的资源。"
    assert lines[1] == "没有别的诉求因此多等。"
    assert "只比较了最急的 500 件" in lines[2]


def test_a_part_is_served_and_the_rest_waits() -> None:
    (first, left, _) = look([make_need("R-1", 5_000_000)], [make_offer("O", 2_000_000, None)])
    assert (
        first == "同意 ¥50,000.00：按现有资源可以对接 ¥20,000.00，还缺 ¥30,000.00，要等新的资源。"
    )
    assert left.startswith("其他爱心资源现有 ¥20,000.00 可用")


def test_a_page_loaded_again_and_again_holds_up_no_round() -> None:
    explainer = Explainer(cast("PersonsClient", None), cast("GivingClient", None), is_nobody_gone)
    with ExitStack() as running:
        for _ in range(COMPARISONS_MAX):
            running.enter_context(explainer.admit_comparison())
        with pytest.raises(Transient), explainer.admit_comparison():
            pass
    with explainer.admit_comparison():
        pass
