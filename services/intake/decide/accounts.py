"""Signing in and out: enrolment, failures that add up to a lock, sessions that end at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

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
from services.intake.sign_in.messages import (
    ACCOUNT_UNKNOWN,
    IDENTITY_TAKEN,
    IDENTITY_UNKNOWN,
    INVITATION_USED,
    PASSWORD_EXPIRED,
    SIGN_IN_LOCKED,
    SIGN_IN_WRONG,
)
from shared.contracts.values import Value
from shared.messaging.decision import (
    NOTHING,
    Answer,
    AnyHandler,
    Command,
    Decision,
    Handler,
    States,
)

FAILURES_COUNT_FOR = timedelta(hours=24)


def build_handlers(rules: SignInRules) -> Mapping[type[Value], AnyHandler]:
    return {
        EnrolAccount: Handler(decide=decide_enrol),
        LinkAccount: Handler(decide=decide_link),
        SignIn: Handler(decide=partial(decide_sign_in, rules)),
        SignInByOrganisation: Handler(decide=partial(decide_sign_in_by_organisation, rules)),
        ChangePassword: Handler(decide=partial(decide_change_password, rules)),
        TouchSession: Handler(decide=partial(decide_touch, rules)),
        EndSession: Handler(decide=decide_end_session),
        EndSessions: Handler(decide=decide_end_sessions),
        UnlockAccount: Handler(decide=decide_unlock),
    }


def decide_enrol(states: States, command: Command[EnrolAccount], now: datetime) -> Decision:
    """The invitation is used up by it, and so is every older one; old sessions end."""
    data = command.data
    account = states.get(Account, data.account_id)
    if account and not account.is_invited_again(data.invited_ms):
        return Decision(answer=INVITATION_USED.refusal(410))
    enrolled = Account(
        id=data.account_id,
        password_hash=data.password_hash,
        password_at=now,
        totp=data.totp,
        totp_step=data.totp_step,
        enrolled_at=now,
        sessions_since=now,
    )
    return Decision((enrolled,), answer=Answer(201, {"account": data.account_id}))


def decide_link(states: States, command: Command[LinkAccount], now: datetime) -> Decision:
    """As `decide_enrol`. An identity stands for one account: whoever is led astray by another's
    invitation does not lose his own."""
    data = command.data
    account, identity = states.get_each(
        (Account, data.account_id), (LinkedIdentity, data.identity_id)
    )
    if account and not account.is_invited_again(data.invited_ms):
        return Decision(answer=INVITATION_USED.refusal(410))
    if identity and identity.account_id not in (data.account_id, data.released_id):
        other = states.get(Account, identity.account_id)
        if other and other.identity_id == identity.id:
            return Decision(answer=IDENTITY_TAKEN.refusal(409, account=other.id))
    linked = Account(
        id=data.account_id,
        password_hash="",
        password_at=now,
        enrolled_at=now,
        sessions_since=now,
        identity_id=data.identity_id,
    )
    link = LinkedIdentity(id=data.identity_id, account_id=data.account_id, linked_at=now)
    return Decision((linked, link), answer=Answer(201, {"account": data.account_id}))


# --- proving who one is ---------------------------------------------------------------------------


def decide_sign_in(
    rules: SignInRules, states: States, command: Command[SignIn], now: datetime
) -> Decision:
    data = command.data
    tally, account = _read(states, data.proof, now)
    states.get(Session, data.session_id)
    if locked_until := tally.find_lock(now):
        return Decision(answer=_refuse_locked(locked_until, now))
    if account is None or not _is_proven(rules, account, data.proof):
        return _count_failure(rules, tally, now)
    if rules.password_days and now >= account.password_at + timedelta(days=rules.password_days):
        return Decision(answer=PASSWORD_EXPIRED.refusal(403))
    session = _begin_session(rules, account, data.session_id, now)
    signed_in = account.model_copy(update={"totp_step": data.proof.totp_step, "signed_in_at": now})
    states_after = (_forget_failures(tally), signed_in, session)
    return Decision(states_after, answer=_describe_session(session))


def decide_sign_in_by_organisation(
    rules: SignInRules, states: States, command: Command[SignInByOrganisation], now: datetime
) -> Decision:
    """Who it is was proven there; whose account that is, each of the two has to say."""
    data = command.data
    account, identity, _ = states.get_each(
        (Account, data.account_id),
        (LinkedIdentity, data.identity_id),
        (Session, data.session_id),
    )
    if account is None or identity is None:
        return Decision(answer=IDENTITY_UNKNOWN.refusal(403))
    if (account.identity_id, identity.account_id) != (identity.id, account.id):
        return Decision(answer=IDENTITY_UNKNOWN.refusal(403))
    session = _begin_session(rules, account, data.session_id, now).model_copy(
        update={"roles": data.roles, "area": data.area}
    )
    signed_in = account.model_copy(update={"signed_in_at": now})
    return Decision((signed_in, session), answer=_describe_session(session))


def _begin_session(rules: SignInRules, account: Account, id_: str, now: datetime) -> Session:
    return Session(
        id=id_,
        account_id=account.id,
        began_at=now,
        ends_at=now + timedelta(hours=rules.session_hours),
        idle_at=now + timedelta(minutes=rules.session_idle_minutes),
    )


def _describe_session(session: Session) -> Answer:
    return Answer(201, {"session_id": session.id, "ends_at": session.ends_at.isoformat()})


def decide_change_password(
    rules: SignInRules, states: States, command: Command[ChangePassword], now: datetime
) -> Decision:
    """Also of a password that has expired. He signs in anew with it."""
    data = command.data
    tally, account = _read(states, data.proof, now)
    if locked_until := tally.find_lock(now):
        return Decision(answer=_refuse_locked(locked_until, now))
    if account is None or not _is_proven(rules, account, data.proof):
        return _count_failure(rules, tally, now)
    changed = account.model_copy(
        update={
            "password_hash": data.password_hash,
            "password_at": now,
            "totp_step": data.proof.totp_step,
            "sessions_since": now,
        }
    )
    answer = Answer(200, {"account": account.id})
    return Decision((_forget_failures(tally), changed), answer=answer)


def _read(states: States, proof: Proof, now: datetime) -> tuple[SignInTally, Account | None]:
    tally, account = states.get_each((SignInTally, proof.tally_id), (Account, proof.account_id))
    if tally is None or now >= tally.ends_at:
        tally = SignInTally(id=proof.tally_id, ends_at=now + FAILURES_COUNT_FOR)
    return tally, account


def _is_proven(rules: SignInRules, account: Account, proof: Proof) -> bool:
    """The password is compared with the hash of now; a code opens once."""
    if not proof.verified_hash or proof.verified_hash != account.password_hash:
        return False
    if not account.totp:
        return not rules.second_factor
    return proof.totp_step > account.totp_step


def _count_failure(rules: SignInRules, tally: SignInTally, now: datetime) -> Decision:
    failures, locked_until = tally.failures + 1, None
    if failures >= rules.sign_in_failures_max:
        failures, locked_until = 0, now + timedelta(minutes=rules.sign_in_lock_minutes)
    counted = tally.model_copy(
        update={
            "failures": failures,
            "locked_until": locked_until,
            "ends_at": now + FAILURES_COUNT_FOR,
        }
    )
    answer = _refuse_locked(locked_until, now) if locked_until else SIGN_IN_WRONG.refusal(401)
    return Decision((counted,), answer=answer)


def _forget_failures(tally: SignInTally) -> SignInTally:
    return tally.model_copy(update={"failures": 0, "locked_until": None})


def _refuse_locked(locked_until: datetime, now: datetime) -> Answer:
    minutes = 1 + int((locked_until - now).total_seconds() // 60)
    return SIGN_IN_LOCKED.refusal(429, minutes=minutes)


# --- sessions -------------------------------------------------------------------------------------


def decide_touch(
    rules: SignInRules, states: States, command: Command[TouchSession], now: datetime
) -> Decision:
    session = states.get(Session, command.data.session_id)
    if session is None or session.ended_at or now >= session.idle_at:
        return NOTHING
    idle_at = now + timedelta(minutes=rules.session_idle_minutes)
    return Decision((session.model_copy(update={"idle_at": idle_at}),))


def decide_end_session(states: States, command: Command[EndSession], now: datetime) -> Decision:
    session = states.get(Session, command.data.session_id)
    if session is None or session.ended_at:
        return NOTHING
    return Decision((session.model_copy(update={"ended_at": now}),))


def decide_end_sessions(states: States, command: Command[EndSessions], now: datetime) -> Decision:
    account = states.get(Account, command.data.account_id)
    if account is None:
        return Decision(answer=ACCOUNT_UNKNOWN.refusal(404))
    ended = account.model_copy(update={"sessions_since": now})
    return Decision((ended,), answer=Answer(200, {"account": account.id}))


def decide_unlock(states: States, command: Command[UnlockAccount], now: datetime) -> Decision:
    tally = states.get(SignInTally, command.data.tally_id)
    if tally is None or not tally.is_locked(now):
        return NOTHING
    return Decision((_forget_failures(tally),))
