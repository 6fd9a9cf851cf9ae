"""The root key rotates: the new one signs and seals, the old one is read until it is retired."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from shared.messaging.sealing import Sealer, UnreadableError
from shared.security import Keyring, RootError, create_root_key, retire_root, rotate_root
from shared.security import roots as root_files
from shared.security.files import write_private
from shared.security.roots import read_roots
from tests.shared.security.callers import INBOUND, NOW, VILLAGE, check_refused

ENDS = NOW + timedelta(hours=1)


def make_sealer(keyring: Keyring) -> Sealer:
    return Sealer(partial(keyring.list_sealing_keys, "designations"))


def test_what_was_signed_before_a_rotation_is_read_until_the_old_root_is_retired(
    stack: Path,
) -> None:
    running = Keyring(stack)
    record, link = running.sign_record(VILLAGE, INBOUND, b"{}"), running.make_link("r", "S-1", ENDS)
    rotate_root(stack)
    fresh = Keyring(stack)
    assert fresh.sign_record(VILLAGE, INBOUND, b"{}") != record
    assert fresh.make_link("r", "S-1", ENDS) != link
    for keyring in (running, fresh):
        keyring.check_record(VILLAGE, INBOUND, b"{}", record)
        assert keyring.open_link("r", link, NOW).subject == "S-1"
    assert set(fresh.late_signers) == {VILLAGE}
    retire_root(stack)
    check_refused(Keyring(stack), VILLAGE, INBOUND, b"{}", record, "signature_wrong")
    assert Keyring(stack).open_link("r", fresh.make_link("r", "S-1", ENDS), NOW)


def test_a_service_that_has_not_looked_yet_takes_what_another_signed_a_moment_ago(
    stack: Path,
) -> None:
    """Or a rotation would make dead letters of good records."""
    slow = [Keyring(stack) for _ in range(3)]
    assert [keyring.roots.previous for keyring in slow] == [None, None, None]
    rotate_root(stack)
    quick = Keyring(stack)
    slow[0].check_record(VILLAGE, INBOUND, b"{}", quick.sign_record(VILLAGE, INBOUND, b"{}"))
    assert slow[1].open_link("r", quick.make_link("r", "S-1", ENDS), NOW)
    assert make_sealer(slow[2]).open("D-1", make_sealer(quick).seal("D-1", b"x")) == b"x"


def test_ids_and_digests_stay_whatever_rotates(stack: Path) -> None:
    before = Keyring(stack).derive_identity_key("vault")
    for _ in range(2):
        rotate_root(stack)
        retire_root(stack)
    assert Keyring(stack).derive_identity_key("vault") == before


def test_sealed_by_the_old_root_is_opened_and_told_from_the_new(stack: Path) -> None:
    old = make_sealer(Keyring(stack)).seal("D-1", b"x")
    rotate_root(stack)
    sealer = make_sealer(Keyring(stack))
    new = sealer.seal("D-1", b"x")
    assert [sealer.find_age(sealed) for sealed in (new, old)] == [0, 1]
    assert sealer.open("D-1", old) == sealer.open("D-1", new) == b"x"
    with pytest.raises(UnreadableError):
        sealer.open("D-2", old)
    retire_root(stack)
    retired = make_sealer(Keyring(stack))
    assert [retired.find_age(sealed) for sealed in (new, old)] == [0, None]
    assert retired.open("D-1", new) == b"x"
    with pytest.raises(UnreadableError):
        retired.open("D-1", old)


# --- folders of before identity.key ---


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    write_private(tmp_path / "root.key", bytes(range(32)))
    return tmp_path


def test_a_folder_of_before_goes_on_and_gets_no_other_ids(legacy: Path) -> None:
    before = Keyring(legacy)
    sealed = make_sealer(before).seal("D-1", b"x")
    naming = before.derive_identity_key("vault")
    create_root_key(legacy)
    assert (legacy / "identity.key").read_bytes() == (legacy / "root.key").read_bytes()
    rotate_root(legacy)
    after = Keyring(legacy)
    assert after.derive_identity_key("vault") == naming
    assert make_sealer(after).open("D-1", sealed) == b"x"
    assert make_sealer(after).find_age(sealed) == 1


def test_a_service_of_before_reads_what_is_sealed_until_the_first_rotation(legacy: Path) -> None:
    """Nonce, cipher and nothing else, as it always was."""
    sealed = make_sealer(Keyring(legacy)).seal("D-1", b"x")
    assert len(sealed) == 12 + 1 + 16


def test_rotating_needs_no_create_before(legacy: Path) -> None:
    rotate_root(legacy)
    assert (legacy / "identity.key").read_bytes() == bytes(range(32))


def test_a_rotated_root_without_its_identity_is_refused(stack: Path) -> None:
    """Taking it for one would give everybody another id."""
    (stack / "identity.key").unlink()
    for attempt in (Keyring, create_root_key, rotate_root):
        with pytest.raises(RootError, match=r"identity\.key"):
            attempt(stack)


# --- files ---


@pytest.mark.parametrize("writes", range(3))
@pytest.mark.parametrize("folder", ["stack", "legacy"])
def test_a_rotation_that_stops_anywhere_loses_nothing_and_goes_on(
    folder: str, writes: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    place: Path = request.getfixturevalue(folder)
    keyring = Keyring(place)
    naming, sealed = keyring.derive_identity_key("vault"), make_sealer(keyring).seal("D-1", b"x")

    def check_nothing_is_lost() -> None:
        now = Keyring(place)
        assert now.derive_identity_key("vault") == naming
        assert make_sealer(now).open("D-1", sealed) == b"x"

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(root_files, "write_private", stop_after(writes))
        rotate_root(place)
    check_nothing_is_lost()
    if read_roots(place).previous is None:
        rotate_root(place)
    assert read_roots(place).previous is not None
    check_nothing_is_lost()


def stop_after(writes: int) -> Callable[[Path, bytes], None]:
    left = iter(range(writes))

    def write(file: Path, content: bytes) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        write_private(file, content)

    return write


def test_a_second_rotation_waits_for_the_first(stack: Path) -> None:
    rotate_root(stack)
    before = read_roots(stack)
    with pytest.raises(RootError, match="retire-root"):
        rotate_root(stack)
    after = read_roots(stack)
    assert (after.current.id, after.previous and after.previous.id) == (
        before.current.id,
        before.previous and before.previous.id,
    )


def test_a_retired_root_is_kept_aside_for_old_backups(stack: Path) -> None:
    old = (stack / "root.key").read_bytes()
    rotate_root(stack)
    assert retire_root(stack).read_bytes() == old
    with pytest.raises(RootError, match="no rotation"):
        retire_root(stack)


def test_keys_are_for_their_owner_alone(stack: Path) -> None:
    rotate_root(stack)
    for name in ("identity.key", "root.key", "root.previous.key"):
        assert (stack / name).stat().st_mode & 0o077 == 0, name


def test_a_key_that_is_being_copied_is_not_believed(stack: Path) -> None:
    running = Keyring(stack)
    current = running.roots.current.id
    (stack / "root.key").write_bytes(b"")
    os.utime(stack / "root.key", ns=(1, 1))
    assert running.list_sealing_keys("designations", anew=True)
    assert running.roots.current.id == current
    with pytest.raises(RootError, match="cut short"):
        Keyring(stack)
