"""Receipts: what a donor keeps, made from files, checked offline, worthless after any change."""

import base64
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.audit.cli import app
from services.audit.cli.console import console
from services.audit.ledger.receipts import Receipt, ReceiptError, make_receipt
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.note import NoteError, VerifierKey
from services.audit.tlog.reader import Directory
from services.audit.tlog.witnesses import Witnesses
from services.audit.tlog.writer import LogDirectory
from tests.audit.ledgers import ORIGIN, Writer, log_key, naive_root, year_of_facts
from tests.audit.witnessing import witnessing

KEY = log_key().vkey


@pytest.fixture(scope="module")
def writer() -> Writer:
    return year_of_facts(700)


@pytest.fixture(scope="module")
def log(writer: Writer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log")
    LogDirectory(path, log_key()).publish(enumerate(writer.leaves))
    return path


def receipt(log: Path, index: int) -> Receipt:
    made = make_receipt(Directory(log), index)
    assert made is not None
    return made


@pytest.mark.parametrize("index", [0, 2, 255, 256, 511, 699])
def test_a_receipt_proves_its_entry(log: Path, writer: Writer, index: int) -> None:
    entry, checkpoint = Receipt.parse(bytes(receipt(log, index))).check([KEY])
    assert entry == writer.sealed[index].entry
    assert (checkpoint.size, checkpoint.root) == (700, naive_root(writer.leaves))


def test_it_is_written_as_the_format_says(log: Path, writer: Writer) -> None:
    """C2SP tlog-proof: header, extra data, index, hashes, a blank line, the checkpoint as it is."""
    head, _, checkpoint = bytes(receipt(log, 7)).partition(b"\n\n")
    first, extra, index, *proof = head.decode().split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert base64.b64decode(extra.removeprefix("extra ")) == writer.leaves[7]
    assert index == "index 7"
    assert [len(base64.b64decode(line)) for line in proof] == [32] * 10
    assert checkpoint == (log / "checkpoint").read_bytes()


def test_the_only_entry_needs_no_hashes(tmp_path: Path, writer: Writer) -> None:
    LogDirectory(tmp_path, log_key()).publish([(0, writer.leaves[0])])
    made = receipt(tmp_path, 0)
    assert made.proof == ()
    assert Receipt.parse(bytes(made)).check([KEY])


def test_there_is_none_for_what_is_not_published(log: Path, tmp_path: Path) -> None:
    assert make_receipt(Directory(log), 700) is None
    assert make_receipt(Directory(tmp_path), 0) is None


def test_no_changed_byte_goes_unnoticed(log: Path) -> None:
    good = bytes(receipt(log, 7))
    for at in range(0, len(good), 7):
        changed = bytearray(good)
        changed[at] ^= 1
        with pytest.raises(ReceiptError):
            Receipt.parse(bytes(changed)).check([KEY])


def test_one_entry_does_not_pass_for_another(log: Path) -> None:
    seven, eight = receipt(log, 7), receipt(log, 8)
    for wrong in (
        Receipt(8, seven.entry, seven.proof, seven.checkpoint),
        Receipt(8, seven.entry, eight.proof, eight.checkpoint),
        Receipt(7, eight.entry, seven.proof, seven.checkpoint),
    ):
        with pytest.raises(ReceiptError):
            wrong.check([KEY])


def test_another_key_is_not_believed(log: Path) -> None:
    with pytest.raises(ReceiptError, match="not signed"):
        receipt(log, 7).check([SigningKey.generate(ORIGIN).vkey])
    with pytest.raises(ReceiptError, match="not signed"):
        receipt(log, 7).check([])


def test_a_pinned_key_of_another_log_does_not_vouch_for_this_one(
    tmp_path: Path, writer: Writer
) -> None:
    """Signed by a key we trust, for another origin than its own."""
    other = SigningKey("another.test/2026", log_key().private)
    LogDirectory(tmp_path, other).publish(enumerate(writer.leaves[:9]))
    with pytest.raises(ReceiptError):
        receipt(tmp_path, 7).check([KEY])
    with pytest.raises(ReceiptError, match=r"says it is entry 7 of guanjia\.test"):
        receipt(tmp_path, 7).check([other.vkey])


def test_witnesses_can_be_required(log: Path, tmp_path: Path, writer: Writer) -> None:
    with witnessing(tmp_path / "w") as witness:
        witnesses = Witnesses([witness], 1)
        LogDirectory(tmp_path / "log", log_key(), witnesses=witnesses).publish(
            enumerate(writer.leaves[:300])
        )
    made = receipt(tmp_path / "log", 7)
    stranger = VerifierKey("w.test", 4, SigningKey.generate("w.test").vkey.public)
    assert made.check([KEY], [witness.key])
    assert made.check([KEY], [witness.key, stranger], quorum=1)
    with pytest.raises(ReceiptError, match="1 witnesses cosigned, 2"):
        made.check([KEY], [witness.key, stranger])
    with pytest.raises(ReceiptError, match="0 witnesses cosigned, 1"):
        receipt(log, 7).check([KEY], [witness.key])


def test_one_witness_under_two_names_counts_once(tmp_path: Path, writer: Writer) -> None:
    with witnessing(tmp_path / "w") as witness:
        LogDirectory(tmp_path / "log", log_key(), witnesses=Witnesses([witness])).publish(
            [(0, writer.leaves[0])]
        )
    twice = [witness.key, VerifierKey("other.name", 4, witness.key.public)]
    with pytest.raises(ReceiptError, match="1 witnesses cosigned, 2"):
        receipt(tmp_path / "log", 0).check([KEY], twice, quorum=2)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n",
        b"c2sp.org/tlog-proof@v2\nextra AA==\nindex 0\n\nx",
        b"c2sp.org/tlog-proof@v1\nindex 0\n\nx",
        b"c2sp.org/tlog-proof@v1\nextra AA==\nindex 00\n\nx",
        b"c2sp.org/tlog-proof@v1\nextra AA==\nindex -1\n\nx",
        b"c2sp.org/tlog-proof@v1\nextra AB==\nindex 0\n\nx",
        b"c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\nAA==\n\nx",
        b"c2sp.org/tlog-proof@v1\r\nextra AA==\r\nindex 0\r\n\r\nx",
    ],
)
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        Receipt.parse(data)


# --- the commands -----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def wide_console(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for each line, whatever another test's thread does to the environment."""
    monkeypatch.setattr(console, "width", 200)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_donor_takes_his_receipt_from_the_files_and_checks_it(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.tlog-proof"
    taken = run("receipt", "donation-1", "--dir", str(log), "--out", str(file))
    assert taken.exit_code == 0, taken.output
    checked = run("check-receipt", str(file), "--vkey", str(KEY))
    assert checked.exit_code == 0
    assert "凭证成立" in checked.output
    assert "捐款入账" in checked.output
    assert "200.00" in checked.output


def test_the_command_says_how_many_witnesses_cosigned(tmp_path: Path, writer: Writer) -> None:
    with witnessing(tmp_path / "w") as witness:
        LogDirectory(tmp_path / "log", log_key(), witnesses=Witnesses([witness])).publish(
            enumerate(writer.leaves[:9])
        )
    file = tmp_path / "mine.tlog-proof"
    file.write_bytes(bytes(receipt(tmp_path / "log", 7)))
    stranger = VerifierKey("w.test", 4, SigningKey.generate("w.test").vkey.public)
    checking = ("check-receipt", str(file), "--vkey", str(KEY))
    keys = ("--witness", str(witness.key), "--witness", str(stranger), "--quorum", "1")
    assert "1 方已见证，共给出 2 方 1 of 2 witnesses cosigned" in run(*checking, *keys).output
    assert "未核对 not checked; --witness KEY" in run(*checking).output


def test_the_command_says_no_and_why(log: Path, tmp_path: Path) -> None:
    assert run("receipt", "D-unknown", "--dir", str(log)).exit_code == 2
    assert run("receipt", "D-unknown", "--dir", str(tmp_path)).exit_code == 2
    file = tmp_path / "bad.tlog-proof"
    file.write_bytes(bytes(receipt(log, 7)).replace(b"index 7", b"index 8"))
    checked = run("check-receipt", str(file), "--vkey", str(KEY))
    assert checked.exit_code == 1
    assert "凭证不成立" in checked.output
    assert run("check-receipt", str(file), "--vkey", "nonsense").exit_code == 2


def test_a_vkey_that_is_none_is_no_key() -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse("name+00000000+AAAA")
