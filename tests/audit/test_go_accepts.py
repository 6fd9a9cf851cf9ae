"""Code that nobody here wrote judges our log: the Go team's tlog and note packages (gocheck), and
transparency-dev's fsck, proof format and cosignatures (gotessera).
"""

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.audit.ledger.receipts import make_receipt
from services.audit.ledger.verification import verify_log
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.merkle import hash_leaf
from services.audit.tlog.note import VerifierKey
from services.audit.tlog.proofs import prove_consistency, prove_inclusion
from services.audit.tlog.reader import Directory
from services.audit.tlog.witnesses import Witnesses
from services.audit.tlog.writer import LogDirectory
from tests.audit.goprograms import built, ran
from tests.audit.ledgers import log_key, naive_root, publish_all, year_of_facts
from tests.audit.tampering import SIZE, TAMPERINGS, other_history
from tests.audit.witnessing import witnessing

VKEY = str(log_key().vkey)
pytestmark = pytest.mark.timeout(600)

Judge = Callable[[Path], bool]


@pytest.fixture(scope="module")
def gocheck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("gocheck", tmp_path_factory.mktemp("go")) / "gocheck"


@pytest.fixture(scope="module")
def tessera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with fsck and receiptcheck."""
    fsck = "github.com/transparency-dev/tessera/cmd/fsck"
    return built("gotessera", tmp_path_factory.mktemp("go"), fsck, "./receiptcheck")


@pytest.fixture
def judged(request: pytest.FixtureRequest, tmp_path: Path) -> Judge:
    """Whether the program named by the parameter accepts a log."""

    def by_gocheck(log: Path) -> bool:
        return ran([request.getfixturevalue("gocheck"), log, VKEY]).returncode == 0

    def by_fsck(log: Path) -> bool:
        """It says so; its exit code is always 0. Many workers: it waits for ever for one that has
        found a fault when there is no other."""
        key = tmp_path / "vkey"
        key.write_text(VKEY)
        program = request.getfixturevalue("tessera") / "fsck"
        options = ["--ui=false", "--N=16", f"--storage_url=file://{log}/", f"--public_key={key}"]
        return "Successfully fsck'd log" in ran([program, *options]).stdout

    return {"gocheck": by_gocheck, "fsck": by_fsck}[request.param]


# To build tessera's programs is half a minute of a processor where Go has not yet.
both = pytest.mark.parametrize(
    "judged", ["gocheck", pytest.param("fsck", marks=pytest.mark.long)], indirect=True
)


@pytest.fixture(scope="module", params=[1, 2, 255, 256, 257, 1000, 65_537])
def log_of_size(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published once for all who judge it."""
    folder = tmp_path_factory.mktemp("log")
    log = LogDirectory(folder, log_key())
    log.publish((number, b"entry %d" % number) for number in range(request.param // 2))
    log.publish((number, b"entry %d" % number) for number in range(request.param))
    return folder


@both
def test_go_accepts_our_log_at_every_kind_of_size(judged: Judge, log_of_size: Path) -> None:
    assert judged(log_of_size)


@both
@pytest.mark.parametrize("name", TAMPERINGS)
def test_go_rejects_what_we_reject(judged: Judge, tmp_path: Path, name: str) -> None:
    log = tmp_path / "log"
    publish_all(year_of_facts(SIZE), log, step=SIZE)
    assert judged(log)
    TAMPERINGS[name](log)
    assert not judged(log)
    assert not verify_log(log, VKEY).ok


def test_go_rejects_a_second_history_at_the_same_size(gocheck: Path, tmp_path: Path) -> None:
    """By itself it is a good log: only who kept the first checkpoint can tell."""
    log, kept = tmp_path / "log", tmp_path / "kept"
    publish_all(year_of_facts(SIZE), log, step=SIZE)
    kept.write_bytes((log / "checkpoint").read_bytes())
    assert ran([gocheck, log, VKEY, kept]).returncode == 0
    other_history(log)
    assert ran([gocheck, log, VKEY]).returncode == 0
    assert ran([gocheck, log, VKEY, kept]).returncode == 1
    assert not verify_log(log, VKEY, since=[kept.read_bytes()]).ok


@both
def test_go_accepts_a_frozen_log_and_one_with_two_keys_and_a_witness(
    judged: Judge, tmp_path: Path
) -> None:
    writer = year_of_facts(300)
    with witnessing(tmp_path / "w") as witness:
        keys = log_key(), SigningKey.generate(log_key().name)
        log = LogDirectory(tmp_path / "log", *keys, witnesses=Witnesses([witness], 1))
        log.publish(enumerate(writer.leaves))
        assert judged(log.path)
        log.freeze(300, naive_root(writer.leaves))
    assert judged(log.path)


# --- proofs and receipts ----------------------------------------------------------------------


def test_go_judges_our_proofs_as_we_do(gocheck: Path, tmp_path: Path) -> None:
    leaves = [b"entry %d" % number for number in range(700)]
    claims: list[dict[str, Any]] = []
    for size in (1, 2, 3, 255, 256, 257, 512, 600, 700):
        LogDirectory(tmp_path / "log", log_key()).publish(enumerate(leaves[:size]))
        source, root = Directory(tmp_path / "log"), naive_root(leaves[:size])
        for number in {0, size // 3, size // 2, size - 1}:
            leaf, proof = hash_leaf(leaves[number]), prove_inclusion(source, size, number)
            claims += list_claims(proof, Size=size, Root=root, Index=number, Leaf=leaf)
            old, proof = (
                naive_root(leaves[: number + 1]),
                prove_consistency(source, number + 1, size),
            )
            claims += list_claims(proof, Size=size, Root=root, Old=number + 1, OldRoot=old)
    file = tmp_path / "claims"
    file.write_text("\n".join(json.dumps(each, default=encoded) for each in claims))
    judged = ran([gocheck, "proofs", file])
    assert judged.returncode == 0, judged.stdout
    assert judged.stdout.strip() == str(len(claims))
    assert len(claims) > 200


def list_claims(proof: list[bytes], **claim: Any) -> list[dict[str, Any]]:
    """The proof, and some that are none."""
    wrong = [[*proof, bytes(32)]]
    if proof:
        at = random.Random(7).randrange(len(proof))
        wrong += [proof[:-1], [*proof[:at], proof[at][::-1], *proof[at + 1 :]]]
    return [claim | {"Proof": proof}, *(claim | {"Proof": each, "Wrong": True} for each in wrong)]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.long
@pytest.mark.parametrize("index", [0, 7, 299])
def test_go_accepts_our_receipt_and_its_cosignature(
    tessera: Path, tmp_path: Path, index: int
) -> None:
    with witnessing(tmp_path / "w") as witness:
        log = LogDirectory(tmp_path / "log", log_key(), witnesses=Witnesses([witness], 1))
        log.publish(enumerate(year_of_facts(300).leaves))
    file = tmp_path / "mine.tlog-proof"
    receipt = bytes(make_receipt(Directory(log.path), index) or b"")
    file.write_bytes(receipt)
    check: list[str | Path] = [tessera / "receiptcheck", file, VKEY]
    accepted = ran([*check, str(witness.key)])
    assert accepted.returncode == 0, accepted.stdout
    stranger = VerifierKey("w.test", 4, SigningKey.generate("w.test").vkey.public)
    assert ran([*check, str(stranger)]).returncode == 1
    for change in ((b"index ", b"index 1"), (b"extra ey", b"extra ez"), (b"\n300\n", b"\n301\n")):
        file.write_bytes(receipt.replace(*change, 1))
        assert ran(check).returncode == 1, change
