"""The code that a donor reads out: another for every word, and the same until the root is gone."""

from pathlib import Path

from shared.security import Keyring, retire_root, rotate_root
from shared.security.spoken_codes import derive_code, is_code


def test_a_code_is_six_digits_and_its_words_own(stack: Path) -> None:
    keyring = Keyring(stack)
    codes = {derive_code(keyring, f"W-{number}") for number in range(200)}
    assert len(codes) > 190
    assert {(len(code), code.isdigit()) for code in codes} == {(6, True)}
    assert is_code(keyring, "W-1", derive_code(keyring, "W-1"))
    assert not is_code(keyring, "W-2", derive_code(keyring, "W-1"))


def test_a_code_outlives_a_rotation_and_not_the_roots_end(stack: Path) -> None:
    running = Keyring(stack)
    code = derive_code(running, "W-1")
    rotate_root(stack)
    assert is_code(running, "W-1", code)
    assert is_code(Keyring(stack), "W-1", code)
    retire_root(stack)
    assert not is_code(Keyring(stack), "W-1", code)
