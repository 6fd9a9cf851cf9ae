"""Whose signatures a log needs before anything in it is believed; and no tampering passes."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from services.audit.cli import app
from services.audit.ledger.verification import Report, verify_log
from services.audit.tlog.checkpoint import open_checkpoint
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.note import COSIGNATURE, Note
from tests.audit.ledgers import ORIGIN, log_key, publish_all, sign_checkpoint, year_of_facts
from tests.audit.tampering import SIZE, TAMPERINGS, other_history

VKEY = str(log_key().vkey)
WITNESSES = [SigningKey.generate(f"witness.test/{number}", COSIGNATURE) for number in range(3)]
WITNESS_VKEYS = [str(each.vkey) for each in WITNESSES]
NEW_KEY = SigningKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))


@pytest.fixture(scope="module")
def published_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust")
    publish_all(year_of_facts(300), folder)
    return folder


@pytest.fixture
def log(published_log: Path, tmp_path: Path) -> Path:
    """The published log with a checkpoint of its own, to be changed."""
    for each in published_log.iterdir():
        if each.name != "checkpoint":
            (tmp_path / each.name).symlink_to(each)
    (tmp_path / "checkpoint").write_bytes((published_log / "checkpoint").read_bytes())
    return tmp_path


def invariant(report: Report) -> int | None:
    return report.broken.invariant if report.broken else None


def cosign(log: Path, *witnesses: SigningKey) -> None:
    note = Note.parse((log / "checkpoint").read_bytes())
    cosigned = note.with_signatures([each.cosign(note.body, 1_760_000_000) for each in witnesses])
    (log / "checkpoint").write_bytes(bytes(cosigned))


def test_every_witness_given_must_have_cosigned(log: Path) -> None:
    assert invariant(verify_log(log, VKEY, witnesses=WITNESS_VKEYS[:1])) == 1
    cosign(log, WITNESSES[0])
    assert verify_log(log, VKEY, witnesses=WITNESS_VKEYS[:1]).ok
    assert invariant(verify_log(log, VKEY, witnesses=WITNESS_VKEYS[:2])) == 1


@pytest.mark.parametrize(("quorum", "passes"), [(0, True), (1, True), (2, True), (3, False)])
def test_a_quorum_of_the_witnesses_is_enough(log: Path, quorum: int, passes: bool) -> None:
    cosign(log, *WITNESSES[:2])
    assert verify_log(log, VKEY, witnesses=WITNESS_VKEYS, quorum=quorum).ok == passes


def test_the_command_takes_witnesses_and_a_quorum(log: Path) -> None:
    cosign(log, *WITNESSES[:2])
    asked = ["verify", str(log), "--vkey", VKEY]
    for vkey in WITNESS_VKEYS:
        asked += ["--witness", vkey]
    assert CliRunner().invoke(app, asked).exit_code == 1
    assert CliRunner().invoke(app, [*asked, "--quorum", "2"]).exit_code == 0


def test_a_witness_named_twice_counts_once(log: Path) -> None:
    cosign(log, WITNESSES[0])
    twice = [WITNESS_VKEYS[0], WITNESS_VKEYS[0]]
    assert invariant(verify_log(log, VKEY, witnesses=twice, quorum=2)) == 1


def test_a_cosignature_of_another_checkpoint_is_rejected(log: Path) -> None:
    note = Note.parse((log / "checkpoint").read_bytes())
    other = WITNESSES[0].cosign(note.body.replace("300", "299"), 1_760_000_000)
    (log / "checkpoint").write_bytes(bytes(note.with_signatures([other])))
    assert invariant(verify_log(log, VKEY, witnesses=WITNESS_VKEYS[:1])) == 1


def test_after_a_rotation_either_key_is_believed_and_older_checkpoints_too(log: Path) -> None:
    kept = (log / "checkpoint").read_bytes()
    rotated = sign_checkpoint(open_checkpoint(kept, [log_key().vkey]), NEW_KEY)
    (log / "checkpoint").write_bytes(rotated)
    both = [VKEY, str(NEW_KEY.vkey)]
    assert invariant(verify_log(log, VKEY)) == 1
    assert verify_log(log, str(NEW_KEY.vkey)).ok
    assert verify_log(log, both, since=[kept]).ok
    assert invariant(verify_log(log, str(NEW_KEY.vkey), since=[kept])) == 3


def test_a_checkpoint_of_another_log_is_no_older_one(log: Path) -> None:
    note = Note.parse((log / "checkpoint").read_bytes())
    other = log_key("another/2026")
    body = note.body.replace(ORIGIN, "another/2026")
    kept = bytes(Note(body, (other.sign(body),)))
    assert invariant(verify_log(log, [VKEY, str(other.vkey)], since=[kept])) == 3


@pytest.mark.parametrize("name", TAMPERINGS)
def test_our_verifier_rejects_what_every_other_program_must_reject(
    tmp_path: Path, name: str
) -> None:
    log = tmp_path / "log"
    publish_all(year_of_facts(SIZE), log, step=SIZE)
    assert verify_log(log, VKEY).ok
    TAMPERINGS[name](log)
    report = verify_log(log, VKEY)
    assert invariant(report) in (1, 2), report.broken


def test_a_second_history_of_the_same_size_is_seen_by_who_kept_the_first(tmp_path: Path) -> None:
    log = tmp_path / "log"
    publish_all(year_of_facts(SIZE), log, step=SIZE)
    kept = (log / "checkpoint").read_bytes()
    other_history(log)
    assert verify_log(log, VKEY).ok
    assert invariant(verify_log(log, VKEY, since=[kept])) == 3
