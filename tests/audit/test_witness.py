"""The witness over real HTTP: cosigns one history, whatever comes at once or after a stop."""

import base64
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from services.audit.cli import app
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.note import Note, Signature
from services.audit.tlog.proofs import prove_consistency
from services.audit.tlog.reader import Directory
from services.audit.tlog.witnesses import Witness
from services.audit.tlog.writer import LogDirectory
from tests.audit.ledgers import ORIGIN, log_key, naive_root, sign_checkpoint
from tests.audit.witnessing import NAME, witnessing

LEAVES = [b"entry %d" % number for number in range(900)]


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    with witnessing(tmp_path / "witness") as running:
        yield running


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose every size from 500 to 900 in steps of 100 was published."""
    path = tmp_path_factory.mktemp("log")
    for size in range(500, 901, 100):
        LogDirectory(path, log_key()).publish(enumerate(LEAVES[:size]))
    return path


def checkpoint(size: int, key: SigningKey | None = None, root: bytes = b"") -> bytes:
    key = key or log_key()
    return sign_checkpoint(Checkpoint(ORIGIN, size, root or naive_root(LEAVES[:size])), key)


def request(log: Path, old: int, new: int) -> bytes:
    return build_body(old, prove_consistency(Directory(log), old, new), checkpoint(new))


def build_body(old: int, proof: list[bytes], note: bytes) -> bytes:
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof)]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + note


def ask(witness: Witness, body: bytes) -> httpx.Response:
    return httpx.post(f"{witness.url}/add-checkpoint", content=body, timeout=30)


def test_a_first_checkpoint_is_cosigned(witness: Witness, log: Path) -> None:
    answer = ask(witness, request(log, 0, 500))
    assert answer.status_code == 200
    line = Signature.parse(answer.text.removesuffix("\n"))
    note = Note.parse(checkpoint(500)).with_signatures([line])
    assert note.find_cosigners([witness.key]) == [witness.key]
    assert note.find_signers([log_key().vkey]) == [log_key().vkey]


def test_a_continuation_is_cosigned_and_so_is_the_same_again(witness: Witness, log: Path) -> None:
    for old, new in ((0, 500), (500, 500), (500, 700), (700, 900)):
        assert ask(witness, request(log, old, new)).status_code == 200


def test_who_does_not_know_what_it_saw_is_told(witness: Witness, log: Path) -> None:
    ask(witness, request(log, 0, 500))
    for old, new in ((0, 900), (500, 500), (600, 900)):
        answer = ask(witness, request(log, old, new))
        if old != 500:
            assert (answer.status_code, answer.text) == (409, "500\n")
            assert answer.headers["content-type"].startswith("text/x.tlog.size")


def test_an_unknown_log_is_not_found(witness: Witness) -> None:
    stranger = SigningKey.generate("another.test/log")
    note = sign_checkpoint(Checkpoint("another.test/log", 0, naive_root([])), stranger)
    assert ask(witness, build_body(0, [], note)).status_code == 404


def test_a_checkpoint_by_another_key_is_forbidden(witness: Witness) -> None:
    note = checkpoint(500, SigningKey.generate(ORIGIN))
    assert ask(witness, build_body(0, [], note)).status_code == 403


def test_a_bad_signature_is_forbidden(witness: Witness) -> None:
    note = Note.parse(checkpoint(500))
    other = Note(Checkpoint(ORIGIN, 501, bytes(32)).format_body(), note.signatures)
    assert ask(witness, build_body(0, [], bytes(other))).status_code == 403


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(witness: Witness) -> None:
    assert ask(witness, build_body(501, [], checkpoint(500))).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1",
        b"old 01\n\n" + checkpoint(1),
        b"old -1\n\n" + checkpoint(1),
        b"new 1\n\n" + checkpoint(1),
        b"old 1\nnot base64\n\n" + checkpoint(1),
        b"old 1\n" + base64.b64encode(bytes(31)) + b"\n\n" + checkpoint(1),
        b"old 1\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\n" + checkpoint(1),
        b"old 1\n\n" + checkpoint(1)[:60],
        b"old 1\n\n" + checkpoint(1) + b"x" * 70_000,
    ],
)
def test_malformed_requests_are_bad_requests(witness: Witness, body: bytes) -> None:
    assert ask(witness, body).status_code == 400


def test_a_proof_that_proves_nothing_is_unprocessable(witness: Witness, log: Path) -> None:
    ask(witness, request(log, 0, 500))
    proof = prove_consistency(Directory(log), 500, 900)
    for wrong in ([], proof[:-1], [*proof, bytes(32)], [bytes(32), *proof[1:]]):
        assert ask(witness, build_body(500, wrong, checkpoint(900))).status_code == 422
    assert ask(witness, request(log, 500, 900)).status_code == 200


def test_a_second_history_is_never_cosigned(witness: Witness, log: Path, tmp_path: Path) -> None:
    """Signed by the log's own key: at the same size, and longer with its own honest tiles."""
    ask(witness, request(log, 0, 500))
    other = [b"changed", *LEAVES[1:]]
    assert (
        ask(witness, build_body(500, [], checkpoint(500, root=naive_root(other[:500])))).status_code
        == 409
    )
    LogDirectory(tmp_path / "other", log_key()).publish(enumerate(other))
    proof = prove_consistency(Directory(tmp_path / "other"), 500, 900)
    assert (
        ask(witness, build_body(500, proof, checkpoint(900, root=naive_root(other)))).status_code
        == 422
    )
    assert ask(witness, request(log, 500, 900)).status_code == 200


def test_a_frozen_log_may_not_go_on(witness: Witness, log: Path) -> None:
    ask(witness, request(log, 0, 500))
    frozen = Checkpoint(ORIGIN, 500, naive_root(LEAVES[:500]), frozen=True)
    assert ask(witness, build_body(500, [], sign_checkpoint(frozen, log_key()))).status_code == 200
    assert ask(witness, request(log, 500, 500)).status_code == 422
    assert ask(witness, request(log, 500, 900)).status_code == 422


def test_of_many_at_once_one_passes(witness: Witness, log: Path, tmp_path: Path) -> None:
    """Twelve histories that part after 500 entries, each honest by itself."""
    ask(witness, request(log, 0, 500))
    bodies = []
    for number in range(12):
        leaves = [*LEAVES[:500], b"history %d" % number]
        path = tmp_path / str(number)
        LogDirectory(path, log_key()).publish(enumerate(leaves))
        proof = prove_consistency(Directory(path), 500, 501)
        bodies.append(build_body(500, proof, checkpoint(501, root=naive_root(leaves))))
    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(lambda body: ask(witness, body).status_code, bodies))
    assert statuses == [200] + [409] * 11


def test_a_restarted_witness_remembers(tmp_path: Path, log: Path) -> None:
    with witnessing(tmp_path) as first:
        ask(first, request(log, 0, 500))
    with witnessing(tmp_path) as second:
        assert second.key == first.key
        assert ask(second, request(log, 0, 900)).text == "500\n"
        assert ask(second, request(log, 500, 900)).status_code == 200


def test_a_damaged_record_signs_nothing(tmp_path: Path, log: Path) -> None:
    with witnessing(tmp_path) as running:
        ask(running, request(log, 0, 500))
        (record,) = tmp_path.glob("*.checkpoint")
        record.write_bytes(record.read_bytes()[:20])
        assert ask(running, request(log, 0, 900)).status_code == 500


def test_the_command_runs_one(tmp_path: Path, log: Path) -> None:
    command = [sys.executable, "-c", "from services.audit.cli import app; app()", "witness"]
    options = ["--listen", "127.0.0.1:0", "--data", str(tmp_path), "--name", NAME]
    refused = subprocess.run(
        [*command, *options, "--log", "nonsense"], capture_output=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    running = subprocess.Popen(
        [*command, *options, "--log", str(log_key().vkey)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        url, vkey = running.stdout.readline().split()[2:]
        witness = Witness.parse(f"{url} {vkey}")
        assert ask(witness, request(log, 0, 500)).status_code == 200
    finally:
        running.kill()
        running.wait()


def test_the_command_says_that_its_address_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        options = ["--listen", where, "--data", str(tmp_path), "--name", NAME]
        result = CliRunner().invoke(app, ["witness", *options, "--log", str(log_key().vkey)])
    assert result.exit_code == 2
    assert "无法监听" in result.output
