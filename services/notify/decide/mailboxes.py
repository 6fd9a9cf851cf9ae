"""What waits for one person: held at night, bundled, kept within a day's number, cancelled when
overtaken. docs/decisions/0190.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.decide.transitions import calls_for_task, list_transitions
from services.notify.lanes import OWN_LANE
from services.notify.model import Mailbox, Notice, Waiting
from services.notify.overtaking import Overtaking, find_request_id, list_overtakings
from services.notify.purposes import BY_NAME, DIGEST_NEWS, DIGEST_TASKS, Purpose
from services.notify.rules import Rules, compute_deadline
from services.notify.timing import (
    begin_next_morning,
    find_next_morning,
    find_sending_time,
    format_iso_day,
)
from shared.contracts.envelope import Event, Fact
from shared.contracts.values import CHINA
from shared.ids import make_id
from shared.messaging.decision import State, States

WAITING_MAX = 200
"""More than this of one person are not told in one message: the rest goes in the next."""
PROMISE_WAIT_S = 5.0
NEVER_PROMISED = "never_promised"
OVERTOOK_MAX = 10


def is_counted(purpose: Purpose | None, rules: Rules) -> bool:
    """Whether it waits its turn in a person's mailbox; an answer does not, nor does a digest for
    staff."""
    return purpose is not None and purpose.recipient != "staff" and not purpose.is_urgent(rules)


# --- put in ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mailing:
    """What an event changes: mailboxes and notices, and what is said of those it cancels."""

    states: tuple[State, ...]
    events: tuple[tuple[State, Fact], ...]


def list_mailbox_ids(
    event: Event,
    recipients: Collection[tuple[Purpose, str]],
    rules: Rules,
    members: Mapping[str, str],
) -> set[str]:
    """Whose mailboxes an event may change."""
    counted = {person_id for purpose, person_id in recipients if is_counted(purpose, rules)}
    return counted | {person_id for person_id, _ in list_overtakings(event, members)}


def put_in(
    states: States,
    event: Event,
    notices: Collection[Notice],
    now: datetime,
    rules: Rules,
    members: Mapping[str, str],
) -> Mailing:
    """The new notices, in the mailboxes of whom they are for; what they overtake is cancelled."""
    overtakings = list(list_overtakings(event, members))
    persons = dict.fromkeys([n.person_id for n in notices] + [p for p, _ in overtakings])
    changed: list[State] = []
    facts: list[tuple[State, Fact]] = []
    for person_id in persons:
        own = [notice for notice in notices if notice.person_id == person_id]
        rows = [overtaking for person, overtaking in overtakings if person == person_id]
        mailing = _put_in_one(states, event, person_id, own, rows, now, rules)
        changed += mailing.states
        facts += mailing.events
    return Mailing(tuple(changed), tuple(facts))


def _put_in_one(
    states: States,
    event: Event,
    person_id: str,
    notices: Collection[Notice],
    overtakings: Collection[Overtaking],
    now: datetime,
    rules: Rules,
) -> Mailing:
    if not overtakings and not any(is_counted(BY_NAME[n.purpose], rules) for n in notices):
        return Mailing(tuple(notices), ())
    stored = states.get(Mailbox, person_id)
    mailbox = _drop_old(states, stored or Mailbox(id=person_id), now, rules)
    overtaken = [w for w in mailbox.waiting if any(o.covers(w, event) for o in overtakings)]
    before = states.get_many(Notice, [waiting.notice_id for waiting in overtaken])
    after = {id_: cancel(notice) for id_, notice in before.items()}
    needless = {id_ for id_, notice in after.items() if _is_needless(before[id_], notice)}
    never_heard = {id_ for id_ in needless if not _may_have_gone(before[id_])}
    new = [_withhold_end(notice, mailbox, never_heard) for notice in notices]
    unheard = [waiting for waiting in overtaken if waiting.notice_id in never_heard]
    revived = _revive(states, unheard, _list_unsaid_ends(new), now, rules)
    mailbox = mailbox.without(needless)
    overtook = tuple(dict.fromkeys(id_ for w in unheard for id_ in (*w.overtook, w.notice_id)))
    for notice in (*new, *([revived] if revived else [])):
        if notice.state == "created" and len(mailbox.waiting) < WAITING_MAX:
            mailbox = _add(mailbox, notice, event, rules, overtook[-OVERTOOK_MAX:])
    changed = [notice for id_, notice in after.items() if notice != before[id_]]
    changed += [revived] if revived else []
    boxes = (mailbox,) if mailbox != (stored or Mailbox(id=person_id)) else ()
    events = tuple(e for id_, n in after.items() for e in list_transitions(before[id_], n))
    return Mailing((*boxes, *changed, *new), events)


def _drop_old(states: States, mailbox: Mailbox, now: datetime, rules: Rules) -> Mailbox:
    """What is still to be told by phone stays, for later news makes that needless too."""
    since = now - timedelta(seconds=rules.notice_life_s)
    old = {waiting.notice_id for waiting in mailbox.waiting if waiting.at < since}
    notices = states.get_many(Notice, sorted(old))
    return mailbox.without({id_ for id_ in old if not _is_to_call(notices.get(id_))})


def _is_to_call(notice: Notice | None) -> bool:
    return notice is not None and notice.task is not None and notice.task.state == "open"


def _add(
    mailbox: Mailbox, notice: Notice, event: Event, rules: Rules, overtook: tuple[str, ...]
) -> Mailbox:
    purpose = BY_NAME[notice.purpose]
    if not is_counted(purpose, rules):
        return mailbox
    waiting = Waiting(
        notice_id=notice.id,
        purpose=notice.purpose,
        about=event.subject,
        request_id=find_request_id(event),
        at=notice.counts_from,
        is_small=purpose.is_small,
        overtook=overtook,
    )
    return mailbox.with_waiting(waiting)


def _list_unsaid_ends(notices: Collection[Notice]) -> set[str]:
    """What was promised and taken back without a word."""
    withheld = [notice for notice in notices if notice.code == NEVER_PROMISED]
    return {name for notice in withheld for name in BY_NAME[notice.purpose].ends}


def _revive(
    states: States,
    unheard: Collection[Waiting],
    promises: Collection[str],
    now: datetime,
    rules: Rules,
) -> Notice | None:
    """Of what was cancelled for a promise that nobody heard, the latest: it is true again, and else
    the person would hear nothing until the next step."""
    if not promises:
        return None
    ids = [id_ for waiting in unheard for id_ in waiting.overtook]
    stored = states.get_many(Notice, ids)
    earlier = (stored[id_] for id_ in reversed(ids) if id_ in stored)
    latest = next(
        (n for n in earlier if n.state == "cancelled" and n.purpose not in promises), None
    )
    if latest is None:
        return None
    due_at = compute_deadline(find_sending_time(now, latest.person_id, rules))
    return latest.with_state("created", due_at=due_at)


def _withhold_end(notice: Notice, mailbox: Mailbox, never_heard: Collection[str]) -> Notice:
    """Nobody hears that a help fell through of which he never heard."""
    promises = list_promises(notice, mailbox)
    if promises and all(id_ in never_heard for id_ in promises):
        return notice.with_state("cancelled", code=NEVER_PROMISED)
    return notice


def list_promises(notice: Notice, mailbox: Mailbox) -> list[str]:
    """The notices of the mailbox whose news this one takes back."""
    purpose = BY_NAME.get(notice.purpose)
    if purpose is None or not purpose.ends or notice.tries:
        return []
    return [
        waiting.notice_id
        for waiting in mailbox.waiting
        if waiting.purpose in purpose.ends
        and waiting.about == notice.regarding
        and waiting.at <= notice.created_at
    ]


def wait_for_promises(notice: Notice, promises: Collection[Notice], now: datetime) -> Notice | None:
    """As it becomes where it may not go: a promise that is being sent is waited for, and where none
    of them went out neither does this."""
    if any(promise.state == "sending" for promise in promises):
        return notice.model_copy(update={"due_at": compute_deadline(now, PROMISE_WAIT_S)})
    if promises and all(_is_unsaid(promise) for promise in promises):
        return notice.with_state("cancelled", code=NEVER_PROMISED)
    return None


def _is_unsaid(promise: Notice) -> bool:
    """Also of one that was being sent when it was overtaken, and came back."""
    return promise.state == "cancelled" or (
        promise.is_overtaken and cancel(promise).state == "cancelled"
    )


def _is_needless(before: Notice, after: Notice) -> bool:
    """Cancelled: before it went out, or before somebody called."""
    return after.state == "cancelled" or (_is_to_call(before) and not _is_to_call(after))


def cancel(notice: Notice) -> Notice:
    """As far as it certainly has not gone out; while it is being sent it is not tried again. What
    somebody was to tell by phone need not be told."""
    if notice.state == "sending":
        return notice.model_copy(update={"is_overtaken": True})
    if notice.state == "failed" and notice.task and notice.task.state == "open":
        done = notice.task.model_copy(update={"state": "done", "outcome": "needless"})
        return notice.model_copy(update={"task": done})
    if notice.state not in ("created", "retry") or _may_have_gone(notice):
        return notice
    return notice.with_state("cancelled", code="overtaken")


def _may_have_gone(notice: Notice) -> bool:
    """Also of one that a provider took and no receipt came for."""
    return notice.unclear_attempt is not None or any(a.is_accepted for a in notice.attempts)


# --- taken out ------------------------------------------------------------------------------------


def hold(notice: Notice, mailbox: Mailbox, now: datetime, rules: Rules) -> Notice | None:
    """Later than now, where it may not go yet: at night, or when his day is full.

    What may have gone out already is repeated at once or never.
    """
    purpose = BY_NAME.get(notice.purpose)
    if purpose is None or purpose.is_urgent(rules) or notice.unclear_attempt is not None:
        return None
    later = find_sending_time(now, notice.person_id, rules)
    if later == now and _is_full(notice, purpose, mailbox, now, rules):
        later = _find_turn(notice, now, rules)
    if later == now:
        return None
    return notice.model_copy(update={"due_at": compute_deadline(later)})


def _find_turn(notice: Notice, now: datetime, rules: Rules) -> datetime:
    """What he answers with the number that it carries goes before all else."""
    if notice.reply_code:
        return begin_next_morning(now, rules)
    return find_next_morning(now, notice.person_id, rules)


def hold_in(mailbox: Mailbox, notice: Notice, now: datetime, rules: Rules) -> Mailbox:
    """A full day lets all that is left of it go together, but what he can answer: a digest has no
    room for its number."""
    purpose = BY_NAME.get(notice.purpose)
    if purpose is None or notice.reply_code:
        return mailbox
    if not _is_full(notice, purpose, mailbox, now, rules):
        return mailbox
    waiting = mailbox.find(notice.id) or Waiting(
        notice_id=notice.id, purpose=notice.purpose, about=notice.regarding, at=notice.created_at
    )
    return mailbox.with_waiting(waiting.model_copy(update={"is_late": True}))


def _is_full(
    notice: Notice, purpose: Purpose, mailbox: Mailbox, now: datetime, rules: Rules
) -> bool:
    """Of a first attempt: one that is repeated was counted."""
    if notice.tries or not is_counted(purpose, rules):
        return False
    return mailbox.count_on(format_iso_day(now)) >= rules.person_day_max


def list_others(notice: Notice, mailbox: Mailbox, rules: Rules) -> list[str]:
    """The notices that may go with this one in one message: so many at once."""
    own = mailbox.find(notice.id)
    if own is None or notice.tries or notice.reply_code or not _goes_together(own, rules):
        return []
    ids = [
        waiting.notice_id
        for waiting in mailbox.waiting
        if waiting != own and not waiting.has_begun and _goes_together(waiting, rules)
    ]
    return ids[: WAITING_MAX - 1]


def _goes_together(waiting: Waiting, rules: Rules) -> bool:
    return waiting.is_late or (waiting.is_small and rules.bundle_s > 0)


def bundle(
    notice: Notice,
    others: Mapping[str, Notice],
    is_pointless: Callable[[Notice], bool],
    now: datetime,
) -> tuple[Notice, ...]:
    """The message that tells all of them, and each as it goes with it; empty where there are not
    two."""
    together = [notice, *(n for n in others.values() if _may_join(n) and not is_pointless(n))]
    if len(together) < 2 or is_pointless(notice):
        return ()
    digest = _build_digest(together, now)
    return (digest, *(_join(each, digest) for each in together))


def _may_join(notice: Notice) -> bool:
    return notice.state == "created" and not notice.tries and not notice.reply_code


def _build_digest(together: Collection[Notice], now: datetime) -> Notice:
    """link: of the one that can be opened longest."""
    first = next(iter(together))
    asks = any(not _is_news(notice) for notice in together)
    links = [notice.link for notice in together if notice.link]
    return Notice(
        id=make_id("N", "digest", first.id),
        person_id=first.person_id,
        purpose=(DIGEST_TASKS if asks else DIGEST_NEWS).name,
        regarding=first.regarding,
        correlation_id=first.correlation_id,
        created_at=now,
        due_at=compute_deadline(now),
        asks=any(each.asks or BY_NAME[each.purpose].asks for each in together),
        count=sum(notice.count or 1 for notice in together),
        counted_at=f"{now.astimezone(CHINA):%H:%M}",
        link=max(links, key=lambda link: link.expires_at, default=None),
        area=next((notice.area for notice in together if notice.area), ""),
        lane=OWN_LANE,
    )


def _is_news(notice: Notice) -> bool:
    return notice.purpose == DIGEST_NEWS.name or BY_NAME[notice.purpose].is_small


def _join(notice: Notice, digest: Notice) -> Notice:
    return notice.with_state("bundled").model_copy(update={"bundle_id": digest.id})


def record_claim(mailbox: Mailbox, before: Notice, after: Notice, now: datetime) -> Mailbox:
    """A message that begins to go counts once, however often it is tried. What somebody has to
    tell by phone is kept, to be cancelled when it is old news."""
    if after.state != "sending":
        is_over = after.state == "failed" and not calls_for_task(before, after)
        return mailbox.without({after.id}) if is_over else mailbox
    waiting = mailbox.find(after.id)
    if waiting is not None:
        mailbox = mailbox.with_waiting(waiting.model_copy(update={"has_begun": True}))
    return mailbox if before.tries else mailbox.with_message(format_iso_day(now))


def list_changes(stored: Mailbox | None, mailbox: Mailbox) -> Iterator[Mailbox]:
    if mailbox != (stored or Mailbox(id=mailbox.id)):
        yield mailbox
