"""Overlapping statements, in any order and again: every gift once, every sum its file's own."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.audit.model import Donation
from services.audit.statements import Identities, Layout, parse_layout, read_statement
from services.audit.statements.files import Row, read_batches
from services.audit.statements.givers import Givers
from shared.ids import make_id
from tests.audit.decisions import MemoryAudit, open_audit
from tests.audit.facts import BANK, FUND, event

Line = tuple[str, str, str, str]
"""date, giver, yuan, what he wrote."""
LINES = st.tuples(
    st.sampled_from(["2026-01-01", "2026-01-02"]),
    st.sampled_from(["甲", "乙"]),
    st.sampled_from(["1.00", "2.50"]),
    st.sampled_from(["", "武汉"]),
)
STATEMENTS = st.lists(st.lists(LINES, max_size=6), min_size=1, max_size=4)
MAPPING = parse_layout(constants=[f"fund_id={FUND}"])


class Vault:
    """Answers as intake does, and counts whom it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def post(self, path: str, json: Any = None) -> Any:
        assert path == "/parties/batch"
        self.asked += [row["party"]["name"] for row in json]
        return {"answers": [self._answer(row) for row in json]}

    def _answer(self, row: dict[str, Any]) -> dict[str, Any]:
        key = {"idempotency_key": row["idempotency_key"]}
        if row["party"]["name"] == "不收":
            problem = {"field": "name", "zh": "不收", "en": "not taken"}
            return key | {"status": 422, "problems": [problem]}
        return key | {"status": 201, "person_id": make_id("P", row["party"]["name"])}


def write_statement(folder: Path, number: int, lines: Sequence[Line]) -> Path:
    file = folder / f"{number}.csv"
    with file.open("w", newline="", encoding="utf-8") as text:
        rows = csv.writer(text)
        rows.writerow(("到账时间", "名称", "金额", "用途"))
        rows.writerows(lines)
    return file


def rows_of(files: Sequence[Path], layout: Layout = MAPPING) -> list[Row]:
    found = [row for b in read_batches(files, layout, Givers(Vault())) for row in b.rows]
    assert len(found) == len({(row.listed.statement, row.listed.row) for row in found})
    return found


def ledger_totals(audit: MemoryAudit) -> Counter[str]:
    totals: Counter[str] = Counter()
    for donation in audit.all(Donation).values():
        assert not donation.refused
        for name in {at.statement for at in donation.statements}:
            totals[name] += donation.amount_fen
    return totals


@given(
    statements=STATEMENTS,
    order=st.lists(st.integers(0, 3), min_size=1, max_size=9),
)
def test_any_order_and_any_overlap_gives_every_statement_its_own_total(
    statements: list[list[Line]], order: list[int]
) -> None:
    audit = open_audit()
    with TemporaryDirectory() as folder:
        files = [write_statement(Path(folder), n, lines) for n, lines in enumerate(statements)]
        for number in (*order, *range(len(files))):
            for row in rows_of([files[number % len(files)]]):
                audit.receive(event(row.fact, row.id, source=BANK))
    own = Counter(
        {
            f"{n}.csv": sum(round(float(line[2]) * 100) for line in lines)
            for n, lines in enumerate(statements)
        }
    )
    assert ledger_totals(audit) == own
    # Whoever gave the same so many times on a day did so in the statement that says it most often.
    gifts: Counter[tuple[str, ...]] = Counter()
    for lines in statements:
        gifts |= Counter(line[:3] for line in lines)
    assert len(audit.all(Donation)) == gifts.total()
    assert audit.fund().received_fen == sum(
        n * round(float(content[2]) * 100) for content, n in gifts.items()
    )
    assert audit.kinds().count("donation_received") == gifts.total()
    assert "refusal" not in audit.kinds()


def test_every_row_of_a_repeated_gift_is_kept_with_it() -> None:
    audit, line = open_audit(), ("2026-01-01", "甲", "1.00", "")
    with TemporaryDirectory() as folder:
        files = [write_statement(Path(folder), n, [line]) for n in range(2)]
        for row in rows_of(files):
            audit.receive(event(row.fact, row.id, source=BANK))
    listed = audit.donation().statements
    assert [(at.statement, at.row) for at in listed] == [("0.csv", 2), ("1.csv", 2)]


def test_a_reference_outweighs_the_content() -> None:
    header = "流水号,到账时间,名称,金额,基金\n"
    text = header + "B-1,2026-01-01,甲,1,warm\nB-2,2026-01-01,甲,1,warm\n,2026-01-01,甲,1,warm\n"
    gifts = list(read_statement(text.encode(), "a.csv", Layout()))
    identities = Identities()
    ids = [identities.assign(gift, "P-1") for gift in gifts]  # type: ignore[arg-type]
    assert len(set(ids)) == 3
    assert ids[:2] == [Identities().assign(gift, "P-1") for gift in gifts[:2]]  # type: ignore[arg-type]


def test_ids_do_not_tell_who_gave_to_whoever_guesses_names() -> None:
    with TemporaryDirectory() as folder:
        file = write_statement(Path(folder), 0, [("2026-01-01", "甲", "1.00", "")])
        (row,) = rows_of([file])
        (gift,) = read_statement(file.read_bytes(), file.name, MAPPING)
    assert row.id != Identities().assign(gift, "甲")  # type: ignore[arg-type]


def test_a_file_named_twice_is_read_once_and_a_giver_is_asked_for_once() -> None:
    vault = Vault()
    with TemporaryDirectory() as folder:
        line = ("2026-01-01", "甲", "1.00", "")
        file = write_statement(Path(folder), 0, [line, line, ("2026-01-01", "不收", "1.00", "")])
        (batch,) = read_batches([file, file], MAPPING, Givers(vault))
    assert sorted(vault.asked) == ["不收", "甲"]
    assert len({row.id for row in batch.rows}) == 2
    assert [(row.line, row.problems[0].field) for row in batch.refused] == [(4, "name")]


def test_a_gift_of_the_future_or_of_long_ago_is_a_slip_of_the_year() -> None:
    days = ["2099-01-05", "1900-01-05", "2026-01-05", "1999-12-31"]
    with TemporaryDirectory() as folder:
        file = write_statement(Path(folder), 0, [(day, "甲", "1.00", "") for day in days])
        (batch,) = read_batches([file], MAPPING, Givers(Vault()))
    assert [row.line for row in batch.rows] == [4]
    assert {problem.code for row in batch.refused for problem in row.problems} == {
        "moment_implausible"
    }
