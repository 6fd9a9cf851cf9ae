"""What givers write: places, purposes and amounts, and what is not understood is kept."""

import csv
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.designation import Designation, DesignationPart, Kind, parse_designation
from shared.money import parse_amount
from tests.support.real_data import real_data

W = 1_000_000  # fen in 1 万元


def shares(text: str) -> list[tuple[str, int | None]]:
    return [(part.place, part.amount_fen) for part in parse_designation(text).parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("指定武汉300万元、宜昌200万元", [("武汉", 300 * W), ("宜昌", 200 * W)]),
        ("武汉、黄冈各10万", [("武汉", 10 * W), ("黄冈", 10 * W)]),
        (
            "武汉中南医院55万，襄阳中心医院、一医院各15万",
            [("武汉中南医院", 55 * W), ("襄阳中心医院", 15 * W), ("一医院", 15 * W)],
        ),
        ("用于茶山镇1.5亿元，东城街道１０元", [("茶山镇", 15_000 * W), ("东城街道", 1000)]),
        ("定向武汉149700元；黄冈1千元", [("武汉", 14_970_000), ("黄冈", 100_000)]),
        ("50000元湖北定向422900元武汉市定向", [("湖北", 5 * W), ("武汉市", 42_290_000)]),
        ("其中100万元定向用于黄冈市抗击疫情", [("黄冈市", 100 * W)]),
        ("湖北省人民医院（武汉大学人民医院）30万", [("湖北省人民医院", 30 * W)]),
    ],
)
def test_every_place_gets_its_amount(text: str, expected: list[tuple[str, int]]) -> None:
    assert shares(text) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("武汉疫情防控", DesignationPart("武汉", "疫情防控")),
        ("用于东莞市茶山镇困难老人助餐", DesignationPart("东莞市茶山镇", "困难老人助餐")),
        ("捐给某某希望小学购买口罩", DesignationPart("某某希望小学", "购买口罩")),
        ("定向捐赠武汉协和医院", DesignationPart("武汉协和医院", "")),
        ("购买防护服", DesignationPart("", "购买防护服")),
        ("给武汉市民发放口罩", DesignationPart("武汉", "市民发放口罩")),
    ],
)
def test_a_whole_gift_has_its_place_and_purpose(text: str, part: DesignationPart) -> None:
    assert parse_designation(text).parts == (part,)


def test_a_share_within_a_share_is_not_counted_twice() -> None:
    designation = parse_designation("武汉4000万元、黄冈500万元（其中黄梅200万元）")
    assert DesignationPart("黄梅", "", 200 * W, within="黄冈") in designation.parts
    assert designation.named_fen == 4500 * W


@pytest.mark.parametrize(
    ("text", "gift", "kind"),
    [
        ("", "5", "none"),
        ("定向捐款", "5", "unparsed"),
        ("武汉疫情", "5", "whole"),
        ("武汉、宜昌各100元", "200", "split"),
        ("武汉100元", "200", "share"),
        ("武汉、宜昌各150元", "200", "exceeds"),
    ],
)
def test_the_parts_are_compared_with_the_gift(text: str, gift: str, kind: Kind) -> None:
    assert parse_designation(text).classify(parse_amount(gift)) == kind


@pytest.mark.parametrize(
    "text", ["以上已公示", "公司10万元，员工9650元", "武汉已单独捐，希望给其他地市", "某某集团捐款"]
)
def test_what_names_no_purpose_is_kept_whole(text: str) -> None:
    designation = parse_designation(text)
    assert not designation.parts
    assert "".join(designation.unparsed) == text.replace("，", ",")


def test_who_gives_and_what_remains_is_kept_beside_the_parts() -> None:
    designation = parse_designation("某某商会定向武汉10万防疫")
    assert shares("某某商会定向武汉10万防疫") == [("武汉", 10 * W)]
    assert set(designation.unparsed) == {"某某商会", "防疫"}


@given(st.text(alphabet="武汉宜昌东莞市医院各、，；（）()其中定向用于捐0123456789.万元亿 疫x"))
def test_nothing_anybody_writes_breaks_it(text: str) -> None:
    designation = parse_designation(text)
    assert isinstance(designation, Designation)
    assert designation.named_fen >= 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["武汉", "宜昌", "荆门", "东莞"]), st.integers(1, 9999)),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_written_out_is_read_back(shared: list[tuple[str, int]]) -> None:
    text = "指定" + "、".join(f"{place}{amount}万元" for place, amount in shared)
    assert shares(text) == [(place, amount * W) for place, amount in shared]


def test_nine_of_ten_real_designations_are_understood() -> None:
    with real_data("hubei2020/hubei_receipts.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["designation"]]
    kinds = Counter(
        parse_designation(r["designation"]).classify(parse_amount(r["amount_cny"])) for r in rows
    )
    assert len(rows) == 280
    assert kinds["unparsed"] <= len(rows) * 0.1, kinds
    assert kinds["split"] >= 10, "amounts to several places add up to the gift"
    assert kinds["exceeds"] == 0, kinds
