"""The code that a donor reads out: another for every word, and the same until the root is gone."""

from pathlib import Path

import pytest

from services.audit.model import AskMandateWord
from services.matching.model.labels import DECLINE_REASONS
from services.matching.model.match import AskMatchWord
from shared.security import Keyring, retire_root, rotate_root
from shared.security.spoken_codes import derive_code, is_code
from tests.audit.decisions import open_audit
from tests.audit.test_decide_mandates import PARTNER
from tests.audit.test_decide_mandates import propose as propose_mandate
from tests.matching.decisions import DecisionHarness


def test_a_code_is_six_digits_and_its_words_own(stack: Path) -> None:
    keyring = Keyring(stack)
    codes = {derive_code(keyring, f"W-{number}") for number in range(200)}
    assert len(codes) > 190
    assert {(len(code), code.isdigit()) for code in codes} == {(6, True)}
    assert is_code(keyring, "W-1", derive_code(keyring, "W-1"))
    assert not is_code(keyring, "W-2", derive_code(keyring, "W-1"))


@pytest.mark.parametrize("typed", ["１２３４５６", "", "\ud800", "一二三四五六"])
def test_whatever_is_typed_is_a_wrong_code_and_no_bug(stack: Path, typed: str) -> None:
    assert not is_code(Keyring(stack), "W-1", typed)


def test_a_code_outlives_a_rotation_and_not_the_roots_end(stack: Path) -> None:
    running = Keyring(stack)
    code = derive_code(running, "W-1")
    rotate_root(stack)
    assert is_code(running, "W-1", code)
    assert is_code(Keyring(stack), "W-1", code)
    retire_root(stack)
    assert not is_code(Keyring(stack), "W-1", code)


def test_a_code_to_decline_a_match_gives_no_mandate(stack: Path) -> None:
    """Both are asked with the same Idempotency-Key: the services do not know of each other's."""
    who = "staff-7"
    matching, audit, keyring = DecisionHarness(), open_audit(), Keyring(stack)
    match_id = matching.propose(matching.need(), matching.offer(), 50)
    decline = AskMatchWord(match_id=match_id, act="decline", reason=DECLINE_REASONS[0])
    asked = matching.command(decline, principal=who, key="staff-7|same")
    mandate_id = propose_mandate(audit, "two", covers="gifts", partner=PARTNER)
    give = AskMandateWord(mandate_id=mandate_id, act="give")
    given = audit.answer(give, who, key="staff-7|same")
    assert asked is not None
    read_out = derive_code(keyring, str(asked.body["word_id"]))
    assert not is_code(keyring, str(given.body["word_id"]), read_out)
