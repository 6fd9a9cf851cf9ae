"""The verifier accepts a true log and names what is wrong with each false one."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.ledger.verification import Report, verify_log
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.tiles import pack_bundle, split_bundle
from tests.audit.ledgers import (
    FUND,
    ORIGIN,
    Writer,
    log_key,
    naive_root,
    publish_all,
    publish_leaves,
    sign_checkpoint,
    year_of_facts,
)
from tests.support.examples import count_examples

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
    assert fund.committed_fen == (
        fund.disbursed_fen + fund.obligated_fen + fund.released_fen + fund.outstanding_fen
    )
    balance = report.books.accounts[FUND, "Assets:Bank"]
    at_bank = balance.debit - balance.credit
    assert at_bank == fund.remaining_fen + fund.outstanding_fen + fund.payable_fen


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
    assert verify_log(address, VKEY).summarize() == verify_log(log, VKEY).summarize()


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
@settings(max_examples=count_examples(20, 60), deadline=None)
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


def writer_root(writer: Writer, size: int) -> bytes:
    return naive_root(writer.leaves[:size])
