"""What a source signs with: replaced, rotated with an overlap, revoked alone."""

from datetime import timedelta
from pathlib import Path

from deploy.local.credentials import FIRST
from shared.security import (
    Keyring,
    issue,
    read_register,
    revoke_publisher,
    rotate_publisher,
    sign_record,
)
from tests.shared.security.callers import INBOUND, NOW, VILLAGE, check_refused, token


def test_replacing_a_credential_ends_its_publisher_key_unless_it_stays(stack: Path) -> None:
    register = stack / "credentials.json"
    village = next(c for c in FIRST if c.source == VILLAGE)
    old = Keyring(stack).sign_record(VILLAGE, INBOUND, b"{}")
    issue(register, village, keeps_publisher_keys=True)
    Keyring(stack).check_record(VILLAGE, INBOUND, b"{}", old)
    issue(register, village)
    replaced = Keyring(stack)
    check_refused(replaced, VILLAGE, INBOUND, b"{}", old, "signature_wrong")
    key = replaced.find_publisher_key(VILLAGE)
    assert key is not None
    replaced.check_record(VILLAGE, INBOUND, b"{}", sign_record(key, INBOUND, b"{}"))


def test_two_keys_are_valid_while_one_takes_over(stack: Path) -> None:
    ends = NOW + timedelta(hours=24)
    old = Keyring(stack).sign_record(VILLAGE, INBOUND, b"{}")
    assert rotate_publisher(stack / "credentials.json", VILLAGE, ends)
    during = Keyring(stack, clock=lambda: ends - timedelta(microseconds=1))
    new = during.sign_record(VILLAGE, INBOUND, b"{}")
    assert new != old
    for signature in (old, new):
        during.check_record(VILLAGE, INBOUND, b"{}", signature)
    after = Keyring(stack, clock=lambda: ends)
    after.check_record(VILLAGE, INBOUND, b"{}", new)
    check_refused(after, VILLAGE, INBOUND, b"{}", old, "signature_wrong")


def test_a_new_key_signs_at_once(stack: Path) -> None:
    keyring = Keyring(stack)
    value = b"{}"
    keyring.check_record(VILLAGE, INBOUND, value, keyring.sign_record(VILLAGE, INBOUND, value))
    rotate_publisher(stack / "credentials.json", VILLAGE, NOW)
    new = Keyring(stack).sign_record(VILLAGE, INBOUND, value)
    keyring.check_record(VILLAGE, INBOUND, value, new)


def test_a_second_rotation_gives_no_key_more_time(stack: Path) -> None:
    register, soon = stack / "credentials.json", NOW + timedelta(hours=1)
    old = Keyring(stack).sign_record(VILLAGE, INBOUND, b"{}")
    rotate_publisher(register, VILLAGE, soon)
    rotate_publisher(register, VILLAGE, soon + timedelta(hours=9))
    check_refused(
        Keyring(stack, clock=lambda: soon), VILLAGE, INBOUND, b"{}", old, "signature_wrong"
    )


def test_keys_of_one_publisher_are_revoked_alone(stack: Path) -> None:
    register = stack / "credentials.json"
    hotline = Keyring(stack).sign_record("/channels/hotline", INBOUND, b"{}")
    old = Keyring(stack).sign_record(VILLAGE, INBOUND, b"{}")
    assert revoke_publisher(register, VILLAGE)
    keyring = Keyring(stack)
    check_refused(keyring, VILLAGE, INBOUND, b"{}", old, "source_not_allowed")
    assert keyring.find_publisher_key(VILLAGE) is None
    assert keyring.authenticate(token(stack, "channel-village")).source == VILLAGE
    keyring.check_record("/channels/hotline", INBOUND, b"{}", hotline)
    rotate_publisher(register, VILLAGE, NOW)
    again = Keyring(stack)
    again.check_record(VILLAGE, INBOUND, b"{}", again.sign_record(VILLAGE, INBOUND, b"{}"))
    check_refused(again, VILLAGE, INBOUND, b"{}", old, "signature_wrong")


def test_changing_the_keys_of_an_unknown_source_says_so(stack: Path) -> None:
    register = stack / "credentials.json"
    before = read_register(register)
    assert not revoke_publisher(register, "/nobody")
    assert not rotate_publisher(register, "/nobody", NOW)
    assert read_register(register) == before
