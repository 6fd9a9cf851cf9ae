"""Signing in, decided: failures lock, codes work once, invitations once, sessions end."""

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from services.intake.decide.accounts import build_handlers
from services.intake.model.account import (
    Account,
    ChangePassword,
    EndSession,
    EndSessions,
    EnrolAccount,
    LinkAccount,
    LinkedIdentity,
    Proof,
    Session,
    SignIn,
    SignInByOrganisation,
    SignInTally,
    TouchSession,
    UnlockAccount,
)
from services.intake.rules import SignInRules
from services.intake.sign_in.proofs import find_device, make_decoy, make_device_cookie
from shared.contracts.values import Value
from shared.messaging.decision import Command, Decision, Ref, State
from shared.security import Role, SealingKey, Unauthenticated
from shared.security.sessions import make_cookie, open_session_cookie
from tests.intake.builders import NOW
from tests.support.deciding import run_decision

RULES = SignInRules(
    sign_in_failures_max=3,
    sign_in_lock_minutes=15,
    session_hours=12,
    session_idle_minutes=60,
    password_days=365,
    second_factor=True,
)
ACCOUNT = Account(
    id="s-1001",
    password_hash="$argon2id$1",
    password_at=NOW,
    totp=b"sealed",
    totp_step=100,
    enrolled_at=NOW,
    sessions_since=NOW,
)
RIGHT = Proof(account_id="s-1001", tally_id="N-1", verified_hash="$argon2id$1", totp_step=101)


def proof(**changed: Any) -> Proof:
    return RIGHT.model_copy(update=changed)


def decide(*states: State, data: Value, after: timedelta = timedelta()) -> Decision:
    stored = {Ref(type(state), state.id): state for state in states}
    handler = build_handlers(RULES)[type(data)]
    return run_decision(handler, stored, Command(data), NOW + after)


def sign_in(*states: State, after: timedelta = timedelta(), **changed: Any) -> Decision:
    data = SignIn(proof=proof(**changed), session_id="S-1")
    return decide(*states, data=data, after=after)


def find_code(decision: Decision) -> str:
    assert decision.answer is not None
    return str(decision.answer.body["problems"][0]["code"])


def find_state(decision: Decision, kind: type[State]) -> Any:
    return next(state for state in decision.states if type(state) is kind)


def test_the_right_password_and_a_fresh_code_begin_a_session() -> None:
    decision = sign_in(ACCOUNT)
    assert decision.answer is not None
    assert decision.answer.status == 201
    session = find_state(decision, Session)
    assert session.stands(ACCOUNT, NOW)
    assert session.ends_at == NOW + timedelta(hours=12)
    assert find_state(decision, Account).totp_step == 101
    assert not decision.events


@pytest.mark.parametrize(
    "changed",
    [
        {"verified_hash": ""},
        {"verified_hash": "$argon2id$0"},  # of the password before the last change
        {"totp_step": 0},
        {"totp_step": 100},  # the same code again
        {"totp_step": 99},
    ],
)
def test_whatever_is_not_right_is_the_same_answer(changed: dict[str, Any]) -> None:
    decision = sign_in(ACCOUNT, **changed)
    assert find_code(decision) == "sign_in_wrong"
    assert [type(state) for state in decision.states] == [SignInTally]


def test_an_unknown_name_is_answered_and_counted_as_a_known_one() -> None:
    known, unknown = sign_in(ACCOUNT, verified_hash=""), sign_in(verified_hash="")
    assert known.answer == unknown.answer
    assert known.states == unknown.states


def test_failures_in_a_row_lock_and_time_or_a_keeper_unlocks() -> None:
    tally: Any = SignInTally(id="N-1", ends_at=NOW + timedelta(hours=1))
    for _ in range(3):
        decision = sign_in(ACCOUNT, tally, verified_hash="")
        tally = find_state(decision, SignInTally)
    assert find_code(decision) == "sign_in_locked"
    locked = sign_in(ACCOUNT, tally)
    assert find_code(locked) == "sign_in_locked"
    assert not locked.states, "who guesses on learns nothing and does not lengthen it"
    assert sign_in(ACCOUNT, tally, after=timedelta(minutes=16)).answer.status == 201  # type: ignore[union-attr]
    unlocked = find_state(decide(tally, data=UnlockAccount(tally_id="N-1")), SignInTally)
    assert sign_in(ACCOUNT, unlocked).answer.status == 201  # type: ignore[union-attr]


class OneKey:
    def list_sealing_keys(self, *path: str, anew: bool = False) -> tuple[SealingKey, ...]:
        del path, anew
        return (SealingKey(b"mark", b"k" * 32),)


def test_a_browser_of_another_account_is_none_of_his_whatever_the_other_is_called() -> None:
    cookie = make_device_cookie(OneKey(), "s-1:second", NOW)
    assert find_device(OneKey(), cookie, "s-1:second", NOW)
    assert find_device(OneKey(), cookie, "s-1", NOW) == ""


def test_a_device_is_no_session() -> None:
    """Nothing asks intake about it: other services would take a refusal for an intake that is
    away."""
    device = make_device_cookie(OneKey(), "s-1", NOW)
    with pytest.raises(Unauthenticated):
        open_session_cookie(OneKey(), device, NOW)
    session = make_cookie(OneKey(), "S-1", NOW + timedelta(hours=1))
    assert open_session_cookie(OneKey(), session, NOW) == "S-1"


def test_success_forgets_failures() -> None:
    tally = SignInTally(id="N-1", failures=2, ends_at=NOW + timedelta(hours=1))
    assert find_state(sign_in(ACCOUNT, tally), SignInTally).failures == 0


def test_an_expired_password_begins_no_session_and_can_be_changed() -> None:
    late = timedelta(days=366)
    assert find_code(sign_in(ACCOUNT, after=late)) == "password_expired"
    change = ChangePassword(proof=RIGHT, password_hash="$argon2id$2")
    changed = find_state(decide(ACCOUNT, data=change, after=late), Account)
    assert changed.password_hash == "$argon2id$2"
    again = sign_in(changed, after=late, verified_hash="$argon2id$2", totp_step=102)
    assert again.answer is not None
    assert again.answer.status == 201


def test_a_password_is_not_changed_without_the_old_one() -> None:
    change = ChangePassword(proof=proof(verified_hash=""), password_hash="$argon2id$2")
    decision = decide(ACCOUNT, data=change)
    assert find_code(decision) == "sign_in_wrong"
    assert [type(state) for state in decision.states] == [SignInTally]


def test_an_account_without_codes_is_refused_where_they_are_needed() -> None:
    bare = ACCOUNT.model_copy(update={"totp": b""})
    assert find_code(sign_in(bare, totp_step=0)) == "sign_in_wrong"


def test_an_invitation_works_once_and_a_newer_one_sets_up_anew() -> None:
    invited_ms = int(NOW.timestamp() * 1000) - 1
    enrol = EnrolAccount(
        account_id="s-1001", invited_ms=invited_ms, password_hash="h", totp=b"t", totp_step=7
    )
    first = decide(data=enrol, after=timedelta(minutes=1))
    account = find_state(first, Account)
    assert find_code(decide(account, data=enrol)) == "invitation_used"
    newer = enrol.model_copy(update={"invited_ms": invited_ms + 120_000})
    again = find_state(decide(account, data=newer, after=timedelta(minutes=3)), Account)
    session = find_state(sign_in(ACCOUNT), Session)
    assert not session.stands(again, NOW + timedelta(minutes=4)), "old sessions end by it"


def test_sessions_end_by_sign_out_everywhere_idleness_and_age() -> None:
    session = find_state(sign_in(ACCOUNT), Session)
    minutes = timedelta(minutes=1)
    assert session.stands(ACCOUNT, NOW + 59 * minutes)
    assert not session.stands(ACCOUNT, NOW + 60 * minutes)
    touch = TouchSession(session_id="S-1")
    used = find_state(decide(session, data=touch, after=59 * minutes), Session)
    assert used.stands(ACCOUNT, NOW + 118 * minutes)
    assert not used.model_copy(update={"idle_at": used.ends_at}).stands(
        ACCOUNT, NOW + timedelta(hours=12)
    )
    ended = find_state(decide(session, data=EndSession(session_id="S-1")), Session)
    assert not ended.stands(ACCOUNT, NOW + minutes)
    everywhere = decide(ACCOUNT, data=EndSessions(account_id="s-1001"), after=minutes)
    assert not session.stands(find_state(everywhere, Account), NOW + 2 * minutes)


def test_a_session_that_ended_is_not_revived_by_use() -> None:
    session = find_state(sign_in(ACCOUNT), Session)
    touch = TouchSession(session_id="S-1")
    assert not decide(session, data=touch, after=timedelta(hours=2)).states
    ended = session.model_copy(update={"ended_at": NOW})
    assert not decide(ended, data=touch).states


def test_an_unknown_name_is_hashed_for_as_long_as_a_known_one() -> None:
    hasher = PasswordHasher()
    decoy = make_decoy(hasher)
    assert not hasher.check_needs_rehash(decoy), "of the same cost as a hash made today"
    with pytest.raises(VerifyMismatchError):  # after the hashing, not before it
        hasher.verify(decoy, "password")


# --- the organisation's own sign-in ---------------------------------------------------------------

LINKED = ACCOUNT.model_copy(update={"password_hash": "", "totp": b"", "identity_id": "I-1"})
IDENTITY = LinkedIdentity(id="I-1", account_id="s-1001", linked_at=NOW)
INVITED_MS = int(NOW.timestamp() * 1000) + 60_000


def sign_in_by_organisation(*states: State, **changed: Any) -> Decision:
    fields = {"account_id": "s-1001", "identity_id": "I-1", "session_id": "S-1", **changed}
    return decide(*states, data=SignInByOrganisation(**fields))


def link(*states: State, **changed: Any) -> Decision:
    fields = {"account_id": "s-1001", "invited_ms": INVITED_MS, "identity_id": "I-1", **changed}
    return decide(*states, data=LinkAccount(**fields), after=timedelta(minutes=2))


def test_a_linked_identity_begins_a_session_of_what_its_claims_allow() -> None:
    decision = sign_in_by_organisation(LINKED, IDENTITY, roles=("collector",), area="441900103")
    session = find_state(decision, Session)
    assert (session.roles, session.area) == ((Role.COLLECTOR,), "441900103")
    assert session.stands(LINKED, NOW)
    assert find_state(sign_in_by_organisation(LINKED, IDENTITY), Session).roles is None


@pytest.mark.parametrize(
    "states",
    [
        (),
        (LINKED,),
        (IDENTITY,),
        (ACCOUNT, IDENTITY),  # set up anew with a password since
        (LINKED, IDENTITY.model_copy(update={"account_id": "s-2"})),
    ],
)
def test_account_and_identity_each_name_the_other_or_nobody_signs_in(
    states: tuple[State, ...],
) -> None:
    decision = sign_in_by_organisation(*states)
    assert find_code(decision) == "identity_unknown"
    assert not decision.states


def test_an_invitation_links_once_and_ends_password_and_sessions() -> None:
    decision = link(ACCOUNT)
    account = find_state(decision, Account)
    assert (account.identity_id, account.password_hash, account.totp) == ("I-1", "", b"")
    assert find_state(decision, LinkedIdentity).account_id == "s-1001"
    session = find_state(sign_in(ACCOUNT), Session)
    assert not session.stands(account, NOW + timedelta(minutes=3))
    assert find_code(link(account)) == "invitation_used"
    assert find_code(sign_in(account, verified_hash="")) == "sign_in_wrong"


def test_an_identity_stands_for_one_account_as_long_as_that_may_sign_in() -> None:
    other = LINKED.model_copy(update={"id": "s-2"})
    of_other = IDENTITY.model_copy(update={"account_id": "s-2"})
    assert find_code(link(other, of_other)) == "identity_taken"
    assert find_state(link(other, of_other, released_id="s-2"), LinkedIdentity).linked_at > NOW
    # Linked a moment ago, after the identity was read.
    assert find_code(link(other, of_other, released_id="s-3")) == "identity_taken"
    set_up_anew = other.model_copy(update={"identity_id": ""})
    assert find_state(link(set_up_anew, of_other), LinkedIdentity).account_id == "s-1001"
