"""Who fetches WeChat's access token: one instance at a time, while the others use the old one."""

from datetime import datetime

from services.notify.rules import compute_deadline
from services.notify.tokens import RENEWED_BEFORE_END_S, LeaseToken, StoreToken, WeChatToken
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States

LEASE_S = 15.0
AWAITED = Answer(409, {})
GRANTED = Answer(201, {})


def decide_lease(states: States, command: Command[LeaseToken], now: datetime) -> Decision:
    """200: the token. 201: the caller fetches one. 409: another does, and there is none yet."""
    lease = command.data
    token = states.get(WeChatToken, lease.appid) or WeChatToken(id=lease.appid)
    lives_s = (token.ends_at - now).total_seconds() if token.ends_at else 0.0
    is_usable = lives_s > 0 and token.digest != lease.rejected
    stored = Answer(200, {"sealed": token.sealed, "lives_s": lives_s})
    if is_usable and lives_s > RENEWED_BEFORE_END_S:
        return Decision(answer=stored)
    if token.leased_until and now < token.leased_until and token.holder != lease.holder:
        return Decision(answer=stored if is_usable else AWAITED)
    changes = {"holder": lease.holder, "leased_until": compute_deadline(now, LEASE_S)}
    return Decision((token.model_copy(update=changes),), answer=GRANTED)


def decide_store(states: States, command: Command[StoreToken], now: datetime) -> Decision:  # noqa: ARG001
    """Of who has the lease; whoever lost it uses what he fetched, and says nothing to others."""
    store = command.data
    token = states.get(WeChatToken, store.appid)
    if token is None or token.holder != store.holder:
        return NOTHING
    changes: dict[str, object] = {"holder": "", "leased_until": None}
    if store.sealed:
        changes |= {"sealed": store.sealed, "digest": store.digest, "ends_at": store.ends_at}
    return Decision((token.model_copy(update=changes),))
