"""What may be one gift in two statements is asked about; what is surely two, or counted, is not."""

from dataclasses import replace
from datetime import datetime

import pytest

from services.audit.statements import Identities, parse_layout, read_statement
from services.audit.statements.likeness import Trait, TraitIndex
from services.audit.statements.reading import Gift
from shared.contracts.values import CHINA

DAY = datetime(2026, 1, 5, tzinfo=CHINA)
TIMED = DAY.replace(hour=8, minute=30, second=12)
GIFT = Trait("D-1", "P-1", "warm", 10_000, TIMED, "none", ("a.csv", 2))


def is_asked(row: Trait, other: Trait = GIFT) -> bool:
    index = TraitIndex()
    index.add([other])
    return bool(index.find(replace(row, id="new")))


@pytest.mark.parametrize(
    "row",
    [
        replace(GIFT, received_at=TIMED.replace(second=0)),
        replace(GIFT, received_at=DAY),
        replace(GIFT, received_at=TIMED.astimezone().replace(second=0)),
        replace(GIFT, fund_id="general"),
        replace(GIFT, reference="ICBC-1"),
        replace(GIFT, received_at=DAY, reference="ICBC-1"),
        replace(GIFT, reference="G-0123456789abcdef0123", received_at=DAY),
    ],
)
def test_what_may_be_one_gift_is_asked_about(row: Trait) -> None:
    assert is_asked(row)
    assert is_asked(GIFT, row)


@pytest.mark.parametrize(
    "row",
    [
        GIFT,
        replace(GIFT, amount_fen=10_001),
        replace(GIFT, donor_id="P-2"),
        replace(GIFT, received_at=TIMED.replace(second=45)),
        replace(GIFT, received_at=TIMED.replace(minute=31, second=0)),
        replace(GIFT, received_at=DAY.replace(day=6)),
        replace(GIFT, received_at=TIMED.replace(day=6)),
    ],
)
def test_what_is_two_or_is_counted_is_not(row: Trait) -> None:
    assert not is_asked(row)


NAMED = replace(GIFT, reference="ICBC-1")


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        (replace(NAMED, donor_id="P-of-the-feed", fund_id="general"), True),
        (replace(NAMED, received_at=DAY.replace(day=7)), True),
        (replace(NAMED, received_at=DAY.replace(day=9)), False),
        (replace(NAMED, amount_fen=70_000), False),
        (replace(NAMED, reference="ICBC-2"), False),
    ],
)
def test_one_reference_and_sum_is_one_gift_whoever_sent_it(row: Trait, *, asked: bool) -> None:
    assert is_asked(row, NAMED) == asked


def test_the_very_row_is_known_under_another_accounts_name() -> None:
    assert replace(GIFT, id="other", reference="x").is_listed_as(GIFT)
    assert not replace(GIFT, place=("b.csv", 2)).is_listed_as(GIFT)
    assert not replace(GIFT, place=None).is_listed_as(replace(GIFT, place=None))


def test_a_row_of_another_account_is_another_gift_whatever_its_files_name() -> None:
    """`流水.csv` of each account, line 2, one giver's same sum on one day."""
    of_icbc, of_ccb = (replace(GIFT, account=account) for account in ("工行 1001", "建行 2002"))
    assert not of_icbc.is_listed_as(of_ccb)
    assert of_icbc.is_listed_as(GIFT), "entered before anybody named the account"
    assert of_icbc.is_listed_as(replace(of_icbc, id="other"))


def test_the_same_row_under_two_names_of_an_account_is_asked_about() -> None:
    """Who writes 工商银行1001 today and 工行1001 last time takes one file in twice."""
    first, again = (replace(GIFT, reference="", account=name) for name in ("工行1", "工商银行1"))
    assert first.may_be(replace(again, id="other"))


ROWS = "流水号,名称,金额,基金,到账时间\n,爱心人士,100,warm,2026-01-23\nB-1,甲,5,warm,2026-01-23\n"


def assign_ids(account: str) -> list[str]:
    layout = parse_layout().of_account(account)
    identities = Identities(layout.account)
    gifts = [row for row in read_statement(ROWS.encode(), "a.csv", layout) if isinstance(row, Gift)]
    return [identities.assign(gift, "P-1") for gift in gifts]


def test_equal_gifts_of_two_accounts_are_two_and_of_one_account_one() -> None:
    assert assign_ids("") == assign_ids("")
    assert assign_ids("icbc") == assign_ids(" ｉｃｂｃ ")
    accounts = [set(assign_ids(account)) for account in ("", "icbc", "alipay")]
    assert len(set.union(*accounts)) == 6


def test_a_mapping_names_its_account() -> None:
    assert parse_layout('account = " 支付宝　1 "'.encode()).account == "支付宝 1"
