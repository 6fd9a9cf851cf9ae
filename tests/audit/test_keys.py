"""Replacing a log's signing key: both sign for a while, each alone convinces an auditor."""

import itertools
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.audit.cli import app
from services.audit.ledger.verification import verify_log
from services.audit.public import PublicLogs, key_path
from services.audit.tlog.checkpoint import open_checkpoint
from services.audit.tlog.keys import KeyFile, read_keys
from services.audit.tlog.note import Note, NoteError
from services.audit.tlog.writer import ForkError, LogDirectory
from tests.audit.dying import survives
from tests.audit.ledgers import ORIGIN, year_of_facts

NAME = "2026"
WRITER = year_of_facts(40)


class Place:
    """A data folder with a log of twenty entries."""

    def __init__(self, folder: Path) -> None:
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        self.data = folder
        self.logs = PublicLogs(folder / "ledger", self.secrets, ORIGIN.rpartition("/")[0])
        self.publish(20)

    @property
    def log(self) -> LogDirectory:
        return self.logs.open_directory(ORIGIN)

    @property
    def keys(self) -> KeyFile:
        return KeyFile(key_path(self.secrets, NAME), ORIGIN)

    def publish(self, size: int) -> bytes:
        self.log.publish(enumerate(WRITER.leaves[:size]))
        return (self.log.path / "checkpoint").read_bytes()

    def rotate(self, *options: str) -> Result:
        given = ["--data-dir", str(self.data), "--secrets-dir", str(self.secrets)]
        return CliRunner().invoke(app, ["rotate-key", NAME, *given, *options])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_while_a_key_is_replaced_both_sign_the_old_one_first(place: Place) -> None:
    (old,) = place.keys.read()
    assert place.rotate().exit_code == 0
    _, new = place.keys.read()
    assert place.log.lacks_signature()
    note = Note.parse(place.publish(30))
    assert [each.key_id for each in note.signatures] == [old.vkey.id, new.vkey.id]
    for key in (old, new):
        assert open_checkpoint(bytes(note), [key.vkey]).size == 30
        assert verify_log(place.log.path, str(key.vkey)).ok


def test_a_log_without_new_entries_is_signed_by_the_new_key_too(place: Place) -> None:
    place.rotate()
    before = place.log.find_checkpoint()
    assert place.log.publish([]) == before
    assert not place.log.lacks_signature()
    for key in place.keys.read():
        assert verify_log(place.log.path, str(key.vkey)).ok


def test_an_auditor_follows_from_the_old_key_to_the_new_one(place: Place) -> None:
    (old,) = place.keys.read()
    place.rotate()
    kept = place.publish(30)
    assert place.rotate("--retire").exit_code == 0
    (new,) = place.keys.read()
    place.publish(40)
    assert open_checkpoint(kept, [old.vkey]) == open_checkpoint(kept, [new.vkey])
    assert verify_log(place.log.path, str(new.vkey), since=[kept]).ok
    assert not verify_log(place.log.path, str(old.vkey)).ok


def test_the_old_key_stays_until_the_new_one_has_signed(place: Place) -> None:
    assert place.rotate("--retire").exit_code == 1  # the only key
    place.rotate()
    assert place.rotate("--retire").exit_code == 1  # nothing is signed by the new one yet
    assert len(place.keys.read()) == 2
    assert place.rotate().exit_code == 1  # a third
    place.log.publish([])
    assert place.rotate("--retire").exit_code == 0


def test_a_log_that_is_not_there_has_no_key(place: Place) -> None:
    given = ["--data-dir", str(place.data), "--secrets-dir", str(place.secrets)]
    said = CliRunner().invoke(app, ["rotate-key", "1999", *given], env={"COLUMNS": "200"})
    assert said.exit_code == 2
    assert "没有账本 1999 there is no log 1999" in said.output
    assert f"现有 there are: {NAME}" in said.output
    assert not key_path(place.secrets, "1999").exists()


def test_keys_of_another_log_are_refused(place: Place) -> None:
    shutil.copy(key_path(place.secrets, NAME), key_path(place.secrets, "2027"))
    with pytest.raises(ForkError):
        place.logs.open_directory(ORIGIN.replace("2026", "2027"))


def test_kill_at_every_step_of_replacing_a_key_leaves_one_that_signs(tmp_path: Path) -> None:
    for step in itertools.count(1):
        folder = tmp_path / str(step)
        folder.mkdir()
        place = Place(folder)
        place.rotate()
        place.log.publish([])
        alive = survives(step, place.keys.retire)
        left = read_keys(key_path(place.secrets, NAME), ORIGIN)
        assert len(left) in ((1,) if alive else (1, 2))
        place.publish(40)
        assert verify_log(place.log.path, str(left[-1].vkey)).ok
        if alive:
            break
    assert step > 2


def test_the_file_is_readable_by_its_owner_alone(place: Place) -> None:
    for _ in range(2):
        assert key_path(place.secrets, NAME).stat().st_mode & 0o777 == 0o600
        place.rotate()


def test_secrets_are_not_told(place: Place) -> None:
    said = place.rotate().output
    assert not any(key.format_secret()[30:60] in said for key in place.keys.read())
    key_path(place.secrets, NAME).write_text("PRIVATE+KEY+x+00000000+secretsecret\n")
    with pytest.raises(NoteError) as refused:
        place.keys.read()
    assert "secretsecret" not in str(refused.value)


def test_threads_that_make_the_first_key_at_once_have_one(tmp_path: Path) -> None:
    """Whoever publishes and whoever asks meet the new year together."""
    path = tmp_path / "ledger-2031.key"
    for _ in range(20):
        with ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(lambda _: KeyFile(path, ORIGIN).read(), range(8)))
        assert {key.format_secret() for (key,) in keys} == {read_keys(path)[0].format_secret()}
        assert list(tmp_path.iterdir()) == [path]
        path.unlink()
