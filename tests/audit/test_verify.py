"""The verifier accepts a true log and names what is wrong with each false one."""

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.log.publisher import LogDirectory
from services.audit.log.signing import sign_checkpoint
from services.audit.verify.canonical import canonical
from services.audit.verify.note import Checkpoint
from services.audit.verify.tiles import pack_bundle, split_bundle
from services.audit.verify.verifier import Report, verify_log
from tests.audit.ledgers import (
    FUND,
    GENERAL,
    ORIGIN,
    Writer,
    log_key,
    naive_root,
    publish_all,
    year_of_facts,
)

VKEY = str(log_key().vkey)
SIZE = 600


@pytest.fixture(scope="module")
def writer() -> Writer:
    return year_of_facts(SIZE)


@pytest.fixture
def log(tmp_path: Path, writer: Writer) -> Path:
    publish_all(writer, tmp_path / "log", step=230)
    return tmp_path / "log"


def broken(report: Report) -> int:
    assert report.broken is not None
    assert str(report.broken)
    return report.broken.invariant


def test_a_true_log_passes_with_its_books(log: Path, writer: Writer) -> None:
    seen: list[tuple[int, int]] = []
    report = verify_log(log, VKEY, progress=lambda done, of: seen.append((done, of)))
    assert report.ok
    assert report.entries == SIZE
    assert seen == [(256, SIZE), (512, SIZE), (SIZE, SIZE)]
    fund = report.books.funds[FUND]
    gifts = sum(each.entry["kind"] == "donation_received" for each in writer.sealed)
    reversals = sum(each.entry["kind"] == "reversal" for each in writer.sealed)
    assert fund.received_fen == (gifts - reversals // 2) * 20_000
    assert fund.committed_fen == fund.disbursed_fen + fund.released_fen + fund.outstanding_fen
    balance = report.books.accounts[FUND, "Assets:Bank"]
    assert balance.debit_fen - balance.credit_fen == fund.remaining_fen + fund.outstanding_fen


@pytest.fixture
def address(log: Path) -> Iterator[str]:
    handler = partial(QuietHandler, directory=str(log))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def test_a_website_is_verified_as_its_directory_is(address: str, log: Path) -> None:
    assert verify_log(address, VKEY).summary() == verify_log(log, VKEY).summary()


def test_full_tiles_stand_in_for_partial_ones(log: Path, writer: Writer) -> None:
    early = sign_checkpoint(Checkpoint(ORIGIN, 200, writer_root(writer, 200)), log_key())
    (log / "checkpoint").write_bytes(early)
    report = verify_log(log, VKEY)
    assert report.ok
    assert report.entries == 200


FILES = [
    ("tile/entries/000", 2),
    ("tile/entries/002.p/88", 2),
    ("tile/0/001", 2),
    ("tile/0/002.p/88", 2),
    ("tile/1/000.p/2", 2),
    ("checkpoint", 1),
]


@pytest.mark.parametrize(("path", "invariant"), FILES)
@pytest.mark.parametrize("where", [0, 0.37, 0.999])
def test_a_flipped_byte_is_found(log: Path, path: str, invariant: int, where: float) -> None:
    data = bytearray((log / path).read_bytes())
    data[int(where * len(data))] ^= 1
    (log / path).write_bytes(data)
    assert broken(verify_log(log, VKEY)) == invariant


@pytest.mark.parametrize(("path", "invariant"), FILES)
def test_a_missing_file_is_found(log: Path, path: str, invariant: int) -> None:
    (log / path).unlink()
    assert broken(verify_log(log, VKEY)) == invariant


@given(draw=st.data())
@settings(max_examples=60, deadline=None)
def test_no_flipped_bit_anywhere_passes(
    tmp_path_factory: pytest.TempPathFactory, draw: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    publish_all(year_of_facts(300), folder, step=120)
    files = sorted(p for p in folder.rglob("*") if p.is_file() and ".staging" not in p.parts)
    path = draw.draw(st.sampled_from([p for p in files if p.name != ".lock"]))
    content = bytearray(path.read_bytes())
    at = draw.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << draw.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert not verify_log(folder, VKEY).ok


def test_the_finding_names_the_entry_whose_byte_was_flipped(log: Path) -> None:
    path = log / "tile/entries/001"
    entries = split_bundle(path.read_bytes(), 256)
    entries[44] = entries[44].replace(b"debit", b"dibet")
    path.write_bytes(pack_bundle(entries))
    report = verify_log(log, VKEY)
    assert report.broken is not None
    assert report.broken.index == 300


def test_swapped_bundles_are_found(log: Path) -> None:
    one, two = log / "tile/entries/000", log / "tile/entries/001"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert broken(verify_log(log, VKEY)) == 2


def test_bundles_and_tiles_forged_together_are_found(log: Path, tmp_path: Path) -> None:
    other = year_of_facts(SIZE)
    other.sealed[5:6] = [year_of_facts(SIZE + 1).sealed[SIZE]]
    publish_leaves(other.leaves, tmp_path / "other")
    (log / "tile").rename(tmp_path / "true")
    (tmp_path / "other/tile").rename(log / "tile")
    assert not verify_log(log, VKEY).ok


TAMPERINGS: list[tuple[str, Callable[[list[bytes]], list[bytes]]]] = [
    ("removed", lambda leaves: leaves[:50] + leaves[51:]),
    ("reordered", lambda leaves: [*leaves[:50], leaves[51], leaves[50], *leaves[52:]]),
    ("duplicated", lambda leaves: leaves[:51] + leaves[50:]),
]


@pytest.mark.parametrize("tamper", [t for _, t in TAMPERINGS], ids=[n for n, _ in TAMPERINGS])
def test_even_the_keys_owner_cannot_change_the_order(
    tmp_path: Path, writer: Writer, tamper: Callable[[list[bytes]], list[bytes]]
) -> None:
    """The whole log is rebuilt and signed: hashes agree, the entries themselves do not."""
    publish_leaves(tamper(writer.leaves), tmp_path)
    report = verify_log(tmp_path, VKEY)
    assert broken(report) == 5
    assert report.broken is not None
    assert report.broken.index in (50, 51)


def test_a_second_history_is_proof_of_fraud(log: Path, tmp_path: Path) -> None:
    kept = (log / "checkpoint").read_bytes()
    other = year_of_facts(SIZE - 1)
    other.donate(1)
    publish_all(other, tmp_path / "second")
    assert verify_log(log, VKEY, since=[kept]).ok
    assert verify_log(tmp_path / "second", VKEY).ok
    assert broken(verify_log(tmp_path / "second", VKEY, since=[kept])) == 3


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 599])
def test_older_checkpoints_of_the_same_history_pass_and_others_do_not(
    log: Path, writer: Writer, size: int
) -> None:
    root = writer_root(writer, size)
    older = sign_checkpoint(Checkpoint(ORIGIN, size, root), log_key())
    forged = sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32)), log_key())
    assert verify_log(log, VKEY, since=[older]).ok
    assert broken(verify_log(log, VKEY, since=[forged])) == 3


def test_a_log_that_shrank_is_found(log: Path, tmp_path: Path) -> None:
    kept = (log / "checkpoint").read_bytes()
    publish_all(year_of_facts(10), tmp_path / "short")
    assert broken(verify_log(tmp_path / "short", VKEY, since=[kept])) == 3


def change(index: int, **fields: Any) -> Callable[[list[bytes]], list[bytes]]:
    """Tampering by the key's owner: entry `index` says something else, canonically."""

    def apply(leaves: list[bytes]) -> list[bytes]:
        entry = json.loads(leaves[index])
        for name, value in fields.items():
            entry[name] = value(entry[name]) if callable(value) else value
        return [*leaves[:index], canonical(entry), *leaves[index + 1 :]]

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
    publish_leaves(tamper(writer.leaves[:30]), tmp_path)
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
    assert broken(verify_log(tmp_path / "paid", VKEY)) == 9


def publish_leaves(leaves: list[bytes], folder: Path) -> None:
    LogDirectory(folder, log_key()).publish(enumerate(leaves))


def writer_root(writer: Writer, size: int) -> bytes:
    return naive_root(writer.leaves[:size])
