"""Hospitals' needs of February 2020 as events: small files with known figures, and the real."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.bench.__main__ import app
from tests.bench.wuhan import needs, offers
from tests.bench.wuhan.assume import BASE, Assumptions
from tests.bench.wuhan.bench import measure
from tests.bench.wuhan.needs import Change, HospitalItem, compute_usual_quantities, read_needs
from tests.bench.wuhan.offers import OfferRow, read_offers
from tests.bench.wuhan.periods import RequestPeriod
from tests.bench.wuhan.play import play
from tests.bench.wuhan.report import count_endings, count_pieces, measure_waits
from tests.support.real_data import real_data

MASK, N95, SHEET = "普通医用口罩", "医用防护口罩 | N95口罩", "床罩"
REVIEW = "审核状态"
NEED_COLUMNS = ("time", "commit", "city_pinyin", "hospital", "field", "old", "new", "op")
OFFER_COLUMNS = ("kind", "org", "dest", "capacity", "published", "remark", "notice")
PUBLISHED = "2020-01-24T16:00:00.000Z"
MASKS_FOR_WUHAN = {"kind": "factory", "dest": "武汉", "capacity": "医用口罩:100|N95:1"}
TRANSPORT_TO_WUHAN = {"kind": "logistical", "dest": "武汉"}

Said = tuple[str, str, str, str, str]
"""Time on 1 February, city, hospital, item, what is new."""


def write_events(data: Path, said: Iterable[Said], offered: Iterable[dict[str, str]]) -> Path:
    (data / "wuhan2020").mkdir(parents=True)
    rows = [
        {
            "time": f"2020-02-01T{at}:00+08:00",
            "city_pinyin": city,
            "hospital": hospital,
            "field": field if field == REVIEW else f"需求:{field}",
            "new": new,
            "op": "set" if new else "remove",
        }
        for at, city, hospital, field, new in said
    ]
    _write(data / needs.FILE, NEED_COLUMNS, rows)
    numbered = [{"org": f"org{n}", "published": PUBLISHED} | row for n, row in enumerate(offered)]
    _write(data / offers.FILE, OFFER_COLUMNS, numbered)
    return data


def _write(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def played(data: Path, assumed: Assumptions = BASE) -> tuple[RequestPeriod, ...]:
    events = read_needs(data / needs.FILE)
    return play(events.changes, read_offers(data / offers.FILE), assumed)


def endings(periods: Iterable[RequestPeriod]) -> list[tuple[str, str, int]]:
    return [(s.item_needed.hospital, s.ending, s.standing) for s in periods]


# --- small files --------------------------------------------------------------------------------


def test_every_need_ends_as_matched_or_with_the_reason_why_not(tmp_path: Path) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", MASK, "60"),
        ("08:10", "yichangshi", "B", MASK, "10"),
        ("08:10", "wuhanshi", "A", N95, "5"),
        ("08:10", "wuhanshi", "A", SHEET, "5"),
        ("08:10", "yichangshi", "B", SHEET, "5"),
        ("08:20", "wuhanshi", "C", MASK, "60"),
        ("08:30", "wuhanshi", "D", MASK, "60"),
    ]
    periods = played(write_events(tmp_path / "d", said, [MASKS_FOR_WUHAN, TRANSPORT_TO_WUHAN]))
    assert endings(periods) == [
        ("A", "matched", 60),
        ("B", "area_differs", 0),
        ("A", "offer_quantity_unknown", 0),
        ("A", "transport_only", 0),
        ("B", "no_offer", 0),
        ("C", "matched_in_part", 40),
        ("D", "stock_exhausted", 0),
    ]
    found = count_endings(periods)
    assert found["matched"].pieces == 100
    assert found["stock_exhausted"].pieces == 80
    assert found["stock_exhausted"].pieces_share == round(80 / 205, 6)
    assert count_pieces(periods)["standing_share_of_needs"] == round(100 / 205, 6)


def test_goods_of_a_need_that_ended_go_at_the_full_hour_to_those_who_wait(tmp_path: Path) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", MASK, "100"),
        ("08:20", "wuhanshi", "C", MASK, "60"),
        ("08:30", "wuhanshi", "E", MASK, "60"),
        ("08:40", "wuhanshi", "E", MASK, ""),
        ("09:50", "wuhanshi", "A", MASK, "0"),
    ]
    periods = played(write_events(tmp_path / "d", said, [MASKS_FOR_WUHAN]))
    assert endings(periods) == [
        ("A", "matched_then_withdrawn", 0),
        ("C", "matched", 60),
        ("E", "stock_exhausted", 0),
    ]
    assert measure_waits(periods) == {
        "matched": 2,
        "at_once": 1,
        "p50": 0.0,
        "p90": 0.0,
        "p99": 0.0,
        "max": 100.0,
    }


def test_a_need_withdrawn_between_goods_coming_free_and_the_next_round_is_told_so(
    tmp_path: Path,
) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", MASK, "100"),
        ("08:20", "wuhanshi", "C", MASK, "60"),
        ("08:30", "wuhanshi", "A", MASK, "0"),
        ("08:40", "wuhanshi", "C", MASK, "0"),
    ]
    periods = played(write_events(tmp_path / "d", said, [MASKS_FOR_WUHAN]))
    assert periods[1].ending == "withdrawn_before_match"


def test_a_changed_quantity_is_a_new_request_that_has_waited_as_long(tmp_path: Path) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", MASK, "60"),
        ("08:20", "wuhanshi", "A", MASK, "60"),
        ("08:30", "wuhanshi", "A", MASK, "20"),
        ("08:40", "wuhanshi", "C", MASK, "90"),
    ]
    periods = played(write_events(tmp_path / "d", said, [MASKS_FOR_WUHAN]))
    assert endings(periods) == [
        ("A", "matched_then_withdrawn", 0),
        ("A", "matched", 20),
        ("C", "matched_in_part", 80),
    ]
    assert periods[1].since == periods[0].opened_at
    assert periods[1].opened_at > periods[0].opened_at


@pytest.mark.parametrize(
    ("need_unknown", "standing", "ending"),
    [("usual", 40, "matched"), ("one", 1, "matched"), ("ask", 0, "need_quantity_unknown")],
)
def test_a_need_without_a_quantity_gets_what_is_assumed_of_it(
    tmp_path: Path, need_unknown: str, standing: int, ending: str
) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", MASK, "1"),
        ("08:20", "wuhanshi", "C", MASK, "40"),
        ("08:20", "wuhanshi", "D", MASK, "9000"),
        ("08:20", "wuhanshi", "E", MASK, "10"),
    ]
    assumed = Assumptions("", need_unknown=need_unknown)  # type: ignore[arg-type]
    first = played(write_events(tmp_path / "d", said, [MASKS_FOR_WUHAN]), assumed)[0]
    assert (first.standing, first.ending) == (standing, ending)


def test_offers_count_as_the_assumptions_say(tmp_path: Path) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", MASK, "50"),
        ("08:10", "wuhanshi", "A", N95, "5"),
    ]
    doubtful = {**MASKS_FOR_WUHAN, "remark": "未录入：无资质证明"}
    data = write_events(tmp_path / "d", said, [doubtful])
    found = [s.ending for s in played(data, Assumptions("", offer_unknown=5))]
    assert found == ["matched", "matched"]
    found = [s.ending for s in played(data, Assumptions("", unlicensed=False))]
    assert found == ["offer_unlicensed", "offer_unlicensed"]


def test_a_factory_that_gives_daily_has_as_much_again_a_day_later(tmp_path: Path) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", MASK, "150"),
        ("08:10", "wuhanshi", "C", N95, "5"),
    ]
    data = write_events(tmp_path / "d", said, [MASKS_FOR_WUHAN])
    events = read_needs(data / needs.FILE).changes
    later = Change(events[0].at + timedelta(days=1), HospitalItem("x", "y", SHEET), 0, "")
    periods = play([*events, later], read_offers(data / offers.FILE), Assumptions("", daily=True))
    assert periods[0].ending == "matched"
    assert played(data)[0].ending == "matched_in_part"


def test_rows_that_are_no_readable_need_are_counted_and_left_out(tmp_path: Path) -> None:
    said: list[Said] = [
        ("08:10", "wuhanshi", "A", REVIEW, "已审核"),
        ("08:10", "wuhanshi", "A", MASK, "<tel>"),
        ("08:10", "nowhere", "A", MASK, "5"),
        ("08:10", "wuhanshi", "A", MASK, "None"),
        ("08:10", "wuhanshi", "A", SHEET, "5"),
    ]
    events = read_needs(write_events(tmp_path / "d", said, []) / needs.FILE)
    assert events.rows == 5
    assert events.unread == {"city_unknown": 1, "need_quantity_wrong": 1, "row_not_need": 1}
    assert [change.quantity for change in events.changes] == [0, 5]


def test_what_the_offers_leave_open_stays_open(tmp_path: Path) -> None:
    offered = [
        {"kind": "clinic", "remark": "2.1-2.10每个用户3次免费咨询"},
        {"kind": "factory", "capacity": "N95:1|防护服:5000", "published": ""},
        {"kind": "factory", "capacity": "N95:2", "dest": "武汉市、宜昌"},
        {"kind": "factory", "capacity": "N95:2", "dest": "别处"},
        {"kind": "factory", "capacity": "N95:2", "remark": "与line 13信息重复"},
    ]
    found = read_offers(write_events(tmp_path / "d", [], offered) / offers.FILE)
    assert [(o.row, o.flaw, o.quantity) for o in found] == [
        (1, "service", None),
        (2, "quantity_unknown", None),
        (2, "", 5000),
        (3, "", 2),
        (4, "area_unknown", 2),
        (5, "twice", 2),
    ]
    assert found[0].until == datetime(2020, 2, 10, 16, tzinfo=UTC)
    assert found[1].since is None
    assert found[3].towns == ("420100000", "420500000")


def test_an_offer_serves_nobody_after_its_last_day(tmp_path: Path) -> None:
    said: list[Said] = [("08:10", "wuhanshi", "A", MASK, "50")]
    data = write_events(tmp_path / "d", said, [{**MASKS_FOR_WUHAN, "remark": "1.25-1.31"}])
    assert played(data)[0].ending == "offer_over"


def test_the_usual_quantity_counts_a_hospital_that_repeats_itself_once() -> None:
    at = datetime(2020, 2, 1, tzinfo=UTC)
    said = [("A", 500), ("A", 500), ("A", 500), ("B", 20), ("C", 30), ("D", 1), ("D", 0)]
    changes = [Change(at, HospitalItem("wuhanshi", name, MASK), n, "420100000") for name, n in said]
    assert compute_usual_quantities(changes) == {MASK: 30}


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 300),
        st.sampled_from("ABC"),
        st.sampled_from((MASK, N95, SHEET)),
        st.sampled_from((0, 1, 7, 40)),
    ),
    max_size=30,
)


@settings(max_examples=30, deadline=None)
@given(CHANGES, st.integers(1, 60), st.integers(1, 60))
def test_no_story_gives_more_than_there_is_and_nothing_is_left_unexplained(
    said: list[tuple[int, str, str, int]], masks: int, respirators: int
) -> None:
    begins = datetime(2020, 2, 1, 8, tzinfo=UTC)
    changes = sorted(
        (
            Change(
                begins + timedelta(minutes=at), HospitalItem("wuhanshi", name, item), n, "420100000"
            )
            for at, name, item, n in said
        ),
        key=lambda change: change.at,
    )
    stock = {MASK: masks, N95: respirators, SHEET: 0}
    offered = [_goods(row, item, stock[item]) for row, item in enumerate((MASK, N95))]
    periods = play(changes, offered, BASE)
    assert periods == play(changes, offered, BASE)
    for item, quantity in stock.items():
        assert sum(s.standing for s in periods if s.item_needed.item == item) <= quantity
    for period in periods:
        assert sum(period.shares().values()) == period.pieces
        assert all(part >= 0 for part in period.shares().values())


def _goods(row: int, item: str, quantity: int) -> OfferRow:
    return OfferRow(row, "factory", f"P-{row}", item, quantity, (), None, None, True, "")


def test_data_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["wuhan", "--data", str(tmp_path)])
    assert said.exit_code == 2
    assert "--data" in said.output


# --- the real files -----------------------------------------------------------------------------


def test_the_real_events_give_the_same_figures_twice_and_every_need_an_ending() -> None:
    data = real_data(str(needs.FILE)).parents[1]
    found = measure(data)
    assert found == measure(data)
    rows = found["base"]["endings"].values()
    assert sum(row["requests"] for row in rows) == found["stream"]["requests"]
    assert sum(row["needs"] for row in rows) == found["stream"]["needs"]
    for name in ("requests_share", "needs_share", "pieces_share"):
        assert sum(row[name] for row in rows) == pytest.approx(1, abs=1e-5)
    for item, row in found["base"]["items"].items():
        assert row["standing"] <= found["offers"]["allocatable"].get(item, 0)
