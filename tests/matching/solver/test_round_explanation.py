"""Explanations of rounds: recomputed from the inputs, they say what was decided."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings

from services.matching.explaining.rounds import explain_need_of_round
from services.matching.explaining.sentences import ANOTHER
from services.matching.solver.interface import Inputs, OpenNeed, OpenOffer, write_inputs
from services.matching.solver.process import SolverProcess
from services.matching.solver.solve import MinCostFlow
from shared.towns import town_name
from tests.matching.test_solver import DAY_MS, TOWNS, instances, need, offer
from tests.support.examples import count_examples

SOLVER = MinCostFlow()


def said(
    inputs: Inputs, request: str = "R-1", named: set[str] | None = None
) -> tuple[dict[str, Any], str]:
    """The explanation, and its lines as one text, those for people first."""
    found = explain_need_of_round(write_inputs(inputs), request, named)
    assert found is not None
    return found["explanation"], "\n".join([*found["text"], *found["details"]])


def pool(*needs: OpenNeed, offers: tuple[OpenOffer, ...], **more: Any) -> Inputs:
    return Inputs(needs, offers, **more)


@settings(max_examples=count_examples(15, 40))
@given(instances())
def test_givers_are_the_rounds_allocations(inputs: Inputs) -> None:
    """Of whole rounds, and of batches at their prices."""
    whole = SOLVER.decide(inputs)
    batch = replace(inputs, prices=whole.prices)
    for asked, decided in ((inputs, whole), (batch, SOLVER.decide(batch))):
        given_to: dict[str, dict[str, int]] = {n.id: {} for n in asked.needs}
        for a in decided.allocations:
            given_to[a.request_id][a.offer_id] = a.quantity
        for each in asked.needs:
            found, _ = said(asked, each.id)
            givers = {score["offer"]: score["given"] for score in found["givers"]}
            assert givers == given_to[each.id]
            assert found["unmatched"] == each.remaining - sum(givers.values())
            ruled = sum(found["ruled_out"].values())
            alike = [o for o in asked.offers if (o.unit, o.item) == (each.unit, each.item)]
            assert found["candidates"] + ruled == len(alike)


@settings(max_examples=count_examples(15, 40))
@given(instances())
def test_in_a_batch_nobody_cheaper_was_passed_over(inputs: Inputs) -> None:
    batch = replace(inputs, prices=SOLVER.decide(inputs).prices)
    for each in batch.needs:
        found, _ = said(batch, each.id)
        worth = found["standing"]["worth"]
        assert all(score["total"] <= worth for score in found["givers"][:1])
        if not found["givers"]:
            able = [s for s in found["others"] if s["has_case"] and s["room"]]
            assert all(s["total"] > worth or s["load"] == 300 for s in able)


def test_level_and_terms_are_those_of_the_weights() -> None:
    asked = need("R-1", tier=2, recorded_ms=0, remaining=10)
    far = replace(offer("O-2", 90), unreliability=28, categories=("meals", "medical"))
    inputs = pool(asked, offers=(offer("O-1", 100), far), now_ms=7 * DAY_MS)
    found, text = said(inputs)
    assert found["standing"]["tier"] == 2
    assert (found["standing"]["days_waited"], found["standing"]["level"]) == (7, 53)
    [giver] = found["givers"]
    assert (giver["offer"], giver["unreliability"], giver["specialism"]) == ("O-2", 28, 12)
    assert giver["distance"] == 250, "25 km where a place is unknown"
    assert giver["total"] == 1 + 250 + 28 + 12
    assert "已等 7 天" in text
    assert "可靠度 28" in text


def test_need_too_dear_for_its_level_is_told_how_many_days_it_lacks() -> None:
    asked = need("R-1", tier=4, recorded_ms=0, remaining=10)
    prices = (("O-1", 40 * (1 << 17)),)
    found, text = said(pool(asked, offers=(offer("O-1", 100),), now_ms=0, prices=prices))
    assert (found["givers"], found["unmatched"]) == ([], 10)
    missing = found["missing"]
    assert (missing["offer"], missing["quantity"]) == ("O-1", 10)
    # 121 levels from the dearest: level 120 is worth 31 levels, the price is 40.
    assert missing["days"] == 9, "a tier counts a quarter of an hour less than its days"
    assert "再等 9 天" in text
    assert "价格都高于本诉求的级别" in text
    assert "先给了更急、或一样急但等得更久的人；再等约9天" in text


def test_what_kept_an_offer_from_a_need_is_counted_by_the_services_own_rule() -> None:
    asked = need(
        "R-1",
        excluded_donors=("P-no",),
        excluded_funds=("F-poor",),
        related_funds=("F-kin",),
        shares=(("O-capped", 5),),
    )
    plain = offer("O-good", 100)
    offers = (
        plain,
        replace(plain, id="O-category", categories=("medical",)),
        replace(plain, id="O-town", town_codes=TOWNS[1:]),
        replace(plain, id="O-village", village_codes=("441900101009",)),
        replace(plain, id="O-near", radius_km=5, place=(23_000_000, 113_000_000)),
        replace(plain, id="O-class", beneficiary_classes=("orphan",)),
        replace(plain, id="O-kin", fund_id="F-kin"),
        replace(plain, id="O-campaign", campaign_id="warm"),
        replace(plain, id="O-donor", donor_id="P-no"),
        replace(plain, id="O-fund", fund_id="F-poor"),
        replace(plain, id="O-full", cases_free=0),
        replace(plain, id="O-capped", cap_per_request=5),
    )
    found, text = said(pool(asked, offers=offers, now_ms=0))
    assert found["candidates"] == 1
    assert found["ruled_out"] == {
        "category": 1,
        "area": 3,
        "restriction": 3,
        "declined": 2,
        "budget": 0,
        "open_cases": 1,
        "cap": 1,
    }
    assert "此前已婉拒 2" in text


def test_need_that_nothing_is_offered_for_is_told_so() -> None:
    asked = need("R-1", unit="把", item="轮椅", beneficiary_class="extreme_poverty")
    found = explain_need_of_round(
        write_inputs(pool(asked, offers=(offer("O-1", 100),), now_ms=0)), "R-1"
    )
    assert found is not None
    assert found["text"] == [
        f"特困，{town_name(TOWNS[0])}，配餐，需要轮椅 60 把，等了0天 · "
        "轮椅 60 把 asked for, waited 0 days",
        "还缺轮椅 60 把 · still wanted: 轮椅 60 把",
        "没有人提供轮椅 · nobody offers any",
    ]


def test_people_read_how_long_how_far_and_why_and_no_points() -> None:
    here, there = (23_000_000, 113_750_000), (23_010_800, 113_750_000)
    asked = need("R-1", recorded_ms=0, remaining=60, place=here)
    offers = (
        replace(offer("O-near", 100), place=there),
        replace(offer("O-far", 100), place=(23_060_000, 113_750_000)),
    )
    found = explain_need_of_round(
        write_inputs(pool(asked, offers=offers, now_ms=21 * DAY_MS)), "R-1"
    )
    assert found is not None
    heading, giver, other = found["text"]
    assert "等了21天" in heading
    assert giver.startswith("由 O-near（1.2公里）提供 ¥0.60")
    assert other.startswith("没有选 O-far（6.7公里）：离得更远")
    assert not any("点" in line or "points" in line for line in found["text"])
    assert any("点" in line for line in found["details"])


def test_offers_that_may_not_serve_are_counted_in_words() -> None:
    offers = (replace(offer("O-1", 9), town_codes=TOWNS[1:]), replace(offer("O-2", 9), tiers=(4,)))
    found = explain_need_of_round(write_inputs(pool(need("R-1"), offers=offers, now_ms=0)), "R-1")
    assert found is not None
    assert "有 2 份资金，但都帮不了：1 份不到" in found["text"][-1]
    assert "1 份限定了别的对象或用途" in found["text"][-1]


def test_partner_reads_no_other_donors_ids() -> None:
    inputs = pool(need("R-1"), need("R-2"), offers=(offer("O-1", 60), offer("O-2", 30)), now_ms=0)
    for request in ("R-1", "R-2"):
        found, text = said(inputs, request, named={"O-2"})
        everything = json.dumps(found, ensure_ascii=False) + text
        assert "O-1" not in everything
        assert ANOTHER in everything
        assert "O-2" in everything


def test_round_that_did_not_see_a_request_explains_nothing() -> None:
    assert (
        explain_need_of_round(write_inputs(pool(need("R-1"), offers=(offer("O-1", 9),))), "R-2")
        is None
    )


async def test_solvers_process_explains_what_it_solves() -> None:
    inputs = write_inputs(pool(need("R-1"), offers=(offer("O-1", 60),), now_ms=0))
    async with SolverProcess() as solver:
        solution = await solver.solve(inputs)
        found = await solver.explain(inputs, "R-1", None)
        assert found == json.loads(json.dumps(explain_need_of_round(inputs, "R-1")))
        assert await solver.explain(inputs, "R-9", None) is None
        assert (await solver.solve(inputs)) == solution
