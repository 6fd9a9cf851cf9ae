"""Each rule of the books is checked in a log whose own key signed what breaks it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.audit.ledger.canonical import encode_canonical
from services.audit.ledger.verification import verify_log
from tests.audit.ledgers import (
    FUND,
    GENERAL,
    Writer,
    log_key,
    publish_all,
    publish_leaves,
    year_of_facts,
)

VKEY = str(log_key().vkey)


@pytest.fixture(scope="module")
def writer() -> Writer:
    return year_of_facts(30)


def change(index: int, **fields: Any) -> Callable[[list[bytes]], list[bytes]]:
    """Tampering by the key's owner: entry `index` says something else, canonically."""

    def apply(leaves: list[bytes]) -> list[bytes]:
        entry = json.loads(leaves[index])
        for name, value in fields.items():
            entry[name] = value(entry[name]) if callable(value) else value
        return [*leaves[:index], encode_canonical(entry), *leaves[index + 1 :]]

    return apply


def spelled(index: int, old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    def apply(leaves: list[bytes]) -> list[bytes]:
        assert old in leaves[index]
        return [*leaves[:index], leaves[index].replace(old, new, 1), *leaves[index + 1 :]]

    return apply


def legs(where: int, **fields: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    def apply(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [leg | fields if at == where else leg for at, leg in enumerate(found)]

    return apply


# Entries 2-6 are donation, commitment (index 3), disbursement, release and refusal of match-1.
SEEN = {"id": "donation-1:2", "source": "/test"}
RULES = [
    ("unknown schema", 4, 2, change(2, schema="guanjia.ledger.entry.v2")),
    ("unknown kind", 4, 2, change(2, kind="gift")),
    ("unknown field", 4, 2, change(2, note="x")),
    ("space", 4, 2, spelled(2, b'":', b'": ')),
    ("escape", 4, 2, spelled(2, b"donation-1", b"\\u0064onation-1")),
    ("duplicate key", 4, 2, spelled(2, b'"fund":', b'"fund":"x","fund":')),
    ("float", 4, 2, spelled(2, b'"amount_fen":20000', b'"amount_fen":20000.0')),
    ("negative amount", 4, 2, spelled(2, b'"amount_fen":20000', b'"amount_fen":-20000')),
    ("another currency", 4, 2, change(2, currency="USD")),
    ("another log", 5, 2, change(2, log="elsewhere")),
    ("time runs back", 5, 3, change(3, recorded_at="2026-01-01T00:00:00.000000Z")),
    ("event twice", 6, 8, change(8, event=SEEN)),
    ("unbalanced", 7, 2, change(2, legs=legs(0, amount_fen=20_001))),
    ("unopened account", 7, 2, change(2, legs=legs(0, account="Assets:Cash"))),
    ("unopened fund", 7, 2, change(2, legs=legs(0, fund="OTHER"), fund="OTHER")),
    ("wrong accounts", 7, 2, change(2, legs=legs(1, account="Equity:Transfers"))),
    ("opened twice", 7, 1, change(1, fund=FUND)),
    (
        "money in a refusal",
        7,
        6,
        change(
            6, legs=[{"account": "Assets:Bank", "amount_fen": 1, "fund": FUND, "side": "debit"}]
        ),
    ),
    ("unbalanced by fund", 8, 2, change(2, legs=legs(0, fund="FUND-GENERAL"))),
    (
        "beyond the fund",
        8,
        3,
        change(3, legs=lambda found: [leg | {"amount_fen": 20_001} for leg in found]),
    ),
    (
        "paid beyond the commitment",
        9,
        4,
        change(4, legs=lambda found: [leg | {"amount_fen": 10_001} for leg in found]),
    ),
    (
        "released beyond the rest",
        9,
        5,
        change(5, legs=lambda found: [leg | {"amount_fen": 4_001} for leg in found]),
    ),
    ("another match's commitment", 9, 4, change(4, subject="match-2")),
    ("no commitment", 9, 4, change(4, commitment=2)),
]


@pytest.mark.parametrize(
    ("invariant", "index", "tamper"),
    [rule[1:] for rule in RULES],
    ids=[rule[0].replace(" ", "-") for rule in RULES],
)
def test_each_rule_is_checked_in_a_log_that_is_signed_as_it_is(
    tmp_path: Path,
    writer: Writer,
    invariant: int,
    index: int,
    tamper: Callable[[list[bytes]], list[bytes]],
) -> None:
    publish_leaves(tamper(writer.leaves), tmp_path)
    report = verify_log(tmp_path, VKEY)
    assert report.broken is not None
    assert (report.broken.invariant, report.broken.index) == (invariant, index), report.broken


def test_reversals_are_exact_and_happen_once(tmp_path: Path) -> None:
    true = Writer()
    true.open(GENERAL)
    gift = true.donate(100, GENERAL)
    reversal = true.reverse(gift)
    true.reverse(gift)
    false: list[tuple[int, Callable[[list[bytes]], list[bytes]]]] = [
        (3, lambda leaves: leaves),
        (2, change(reversal, legs=legs(0, side="debit"))),
        (2, change(reversal, reverses=0)),
        (2, change(reversal, reverses=2)),
        (2, change(reversal, reverses=9)),
    ]
    for at, (index, tamper) in enumerate(false):
        publish_leaves(tamper(true.leaves), tmp_path / str(at))
        report = verify_log(tmp_path / str(at), VKEY)
        assert report.broken is not None
        assert (report.broken.invariant, report.broken.index) == (10, index), report.broken


def test_a_reversed_commitment_frees_its_money_and_a_paid_one_cannot_be_reversed(
    tmp_path: Path,
) -> None:
    free, paid = Writer(), Writer()
    for writer in (free, paid):
        writer.open()
        writer.donate(100)
        named = writer.commit("match-1", 60)
        if writer is paid:
            writer.disburse("match-1", 1, named)
        writer.reverse(named)
    publish_all(free, tmp_path / "free")
    publish_all(paid, tmp_path / "paid")
    assert verify_log(tmp_path / "free", VKEY).books.funds[FUND].remaining_fen == 100
    report = verify_log(tmp_path / "paid", VKEY)
    assert report.broken is not None
    assert report.broken.invariant == 9
