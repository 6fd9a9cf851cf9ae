"""Real disclosures of a Red Cross, imported in any order, twice: every file's sum is its own.

Files 03 and 04 are the same list; most of 01 returns in 02; files come out of order.
"""

import csv
import random
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from shared.money import parse_amount
from tests.support.real_data import real_data
from tests.support.statements import StatementStack, start_statement_stack

FUND = "hubei2020"
MAPPING = """
[columns]
statement = "source_file"
row = "row"
received_at = "date"
name = "donor"
amount = "amount_cny"
designation = "designation"

[constants]
fund_id = "hubei2020"
"""
Lines = dict[str, list[dict[str, str]]]
"""By source file."""
Place = tuple[str, int]


def read_receipts(folder: Path) -> Lines:
    lines: Lines = defaultdict(list)
    with (folder / "hubei_receipts.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            lines[row["source_file"]].append(row)
    return lines


def parse_fen(line: dict[str, str]) -> int:
    exact = Decimal(line["amount_cny"]) * 100
    assert exact == int(exact)
    return int(exact)


def group_gifts(lines: Lines) -> dict[tuple[str, str, int, int], set[Place]]:
    """Said again here, apart from the code: which rows are one gift."""
    places: dict[tuple[str, str, int, int], set[Place]] = defaultdict(set)
    for name, rows in lines.items():
        seen: Counter[tuple[str, str, int]] = Counter()
        for row in rows:
            content = (row["date"], " ".join(row["donor"].split()), parse_fen(row))
            seen[content] += 1
            places[(*content, seen[content])].add((name, int(row["row"])))
    return places


def write_files(lines: Lines, folder: Path) -> list[Path]:
    folder.mkdir()
    for name, rows in lines.items():
        with (folder / name).with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return sorted(folder.iterdir())


async def import_twice(books: StatementStack, lines: Lines, tmp_path: Path, seed: int) -> None:
    files, shuffled = write_files(lines, tmp_path / "files"), random.Random(seed)
    mapping, report = tmp_path / "mapping.toml", tmp_path / "overlaps.csv"
    mapping.write_text(MAPPING)
    sizes = []
    for _ in range(2):
        shuffled.shuffle(files)
        words = ("--mapping", mapping, "--report", report, "--show", "3")
        result = await books.guanjia("import", "donations", *files, *words)
        assert result.status == 0, result.text
        sizes.append((await books.get("/summary"))["size"])
        await check_every_total_is_the_files_own(books, lines)
        check_report_names_what_is_repeated(report, lines)
    rows = sum(map(len, lines.values()))
    assert f"known before: {rows}；" in result.text
    gifts = group_gifts(lines)
    assert sizes == [len(gifts) + 1] * 2, "an entry for each gift, one for the fund, none later"
    received = (await books.get(f"/funds/{FUND}"))["received_fen"]
    assert received == sum(amount for _, _, amount, _ in gifts)


async def check_every_total_is_the_files_own(books: StatementStack, lines: Lines) -> None:
    statements = (await books.get("/statements"))["statements"]
    assert {each["statement"]: (each["rows"], each["total_fen"]) for each in statements} == {
        name: (len(rows), sum(map(parse_fen, rows))) for name, rows in lines.items()
    }


def check_report_names_what_is_repeated(report: Path, lines: Lines) -> None:
    named: dict[Place, set[Place]] = defaultdict(set)
    with report.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            first = (row["first_statement"], int(row["first_row"]))
            named[first] |= {first, (row["statement"], int(row["row"]))}
    expected = [places for places in group_gifts(lines).values() if len(places) > 1]
    assert sorted(map(sorted, named.values())) == sorted(map(sorted, expected))


def read_published_totals(folder: Path) -> dict[str, int]:
    """The 合计 that stands below a list; sums that went through binary floats."""
    with (folder / "hubei_published_totals.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["amount_cny"]]
    return {row["source_file"]: parse_amount(row["amount_cny"]) for row in rows}


@pytest.mark.timeout(240)
async def test_the_overlapping_files_keep_their_own_totals(tmp_path: Path) -> None:
    data = real_data("hubei2020")
    lines = {name: rows for name, rows in read_receipts(data).items() if name < "donate05"}
    assert Counter(map(len, group_gifts(lines).values())) == {1: 1576, 2: 2052, 3: 1}
    for name, published in read_published_totals(data).items():
        assert published == sum(map(parse_fen, lines[name])), name
    async with start_statement_stack(tmp_path / "data", FUND) as books:
        await import_twice(books, lines, tmp_path, seed=2020)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
async def test_all_files_in_any_order_twice_keep_their_own_totals(
    tmp_path: Path, seed: int
) -> None:
    lines = read_receipts(real_data("hubei2020"))
    assert (len(lines), sum(map(len, lines.values()))) == (14, 37_241)
    async with start_statement_stack(tmp_path / "data", FUND) as books:
        await import_twice(books, lines, tmp_path, seed)
