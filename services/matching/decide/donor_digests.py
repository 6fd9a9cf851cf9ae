"""What a donor is told together: counted as it happens, said at one time."""

from datetime import datetime

from services.matching.decide.numberless_replies import decide_numberless_reply
from services.matching.model.donor_digest import (
    Counted,
    DigestRules,
    DonorDigest,
    FinishReply,
    ReplyAttempts,
    ReplyCode,
    SendDonorDigest,
    SummarizeYear,
)
from services.matching.model.match import Match
from shared.contracts.envelope import Event
from shared.contracts.events import (
    ConsentUsed,
    DonorAnswered,
    DonorNews,
    DonorReplied,
    MatchAnnounced,
    ProposalsGathered,
    YearSummarized,
)
from shared.contracts.events.consents import ConsentKind
from shared.contracts.events.donors import DonorOutcome
from shared.contracts.values import CHINA
from shared.messaging.decision import NOTHING, Command, Decision, Ref, State, States


def count_news(
    states: States, rules: DigestRules, donor_id: str, news: DonorNews, now: datetime
) -> tuple[State, ...]:
    """The donor's digest with one more; nothing where each proposal is told alone."""
    if not rules.is_on:
        return ()
    return (_count(states, rules, donor_id, news, now),)


def count_consented(
    states: States, rules: DigestRules, donor_id: str, kind: ConsentKind, now: datetime
) -> DonorDigest:
    """Nothing tells of it before: it is told together, even where proposals are told alone."""
    return _count(states, rules, donor_id, "consented" if kind == "donor" else "by_fund", now)


def _count(
    states: States, rules: DigestRules, donor_id: str, news: Counted, now: datetime
) -> DonorDigest:
    digest = states.get(DonorDigest, donor_id) or DonorDigest(id=donor_id, correlation_id=donor_id)
    return digest.count(news, rules, now)


def decide_send_digest(
    states: States, command: Command[SendDonorDigest], now: datetime
) -> Decision:
    """What was answered or withdrawn meanwhile is not mentioned. One alone is told as itself."""
    data = command.data
    digest = states.get(DonorDigest, data.aggregate_id)
    if digest is None or digest.due_at != data.due_at or now < data.due_at:
        return NOTHING
    news = _find_news(digest, data.waiting)
    used = _list_used(digest)
    if news is None and not used:
        return Decision((digest.empty(None),))
    emptied = digest.empty(now)
    if news is None:
        return Decision((emptied,), tuple((emptied, fact) for fact in used))
    match = states.get(Match, data.only) if data.only and news != "expired" else None
    code = None if news == "expired" else _make_code(states, data, now)
    codes = (code,) if code else ()
    number = code.id if code else ""
    emptied = emptied.add_code(number) if number else emptied
    events = tuple((emptied, fact) for fact in used)
    if match is not None and match.state == "proposed":
        alone = match.build_fact(
            MatchAnnounced, expires_at=match.expires_at, news=news, reply_code=number
        )
        return Decision((emptied, match, *codes), ((match, alone), *events))
    counts = {
        "proposed": data.waiting,
        "reminded": min(digest.reminded, data.waiting),
        "expired": digest.expired,
    }
    gathered = ProposalsGathered(
        donor_id=digest.id, news=news, count=counts[news], reply_code=number
    )
    return Decision((emptied, *codes), ((emptied, gathered), *events))


def _list_used(digest: DonorDigest) -> list[ConsentUsed]:
    counts: tuple[tuple[ConsentKind, int], ...] = (
        ("donor", digest.consented),
        ("fund", digest.by_fund),
    )
    return [
        ConsentUsed(donor_id=digest.id, kind=kind, count=count) for kind, count in counts if count
    ]


def _make_code(states: States, data: SendDonorDigest, now: datetime) -> ReplyCode | None:
    """The first number that no other message still means; none where all are taken."""
    codes_in_use = states.get_many(ReplyCode, data.codes)
    free = (id_ for id_ in data.codes if id_ not in codes_in_use or codes_in_use[id_].is_free(now))
    number = next(free, None)
    if number is None or data.ends_at is None:
        return None
    return ReplyCode(
        id=number,
        donor_id=data.aggregate_id,
        match_ids=data.match_ids,
        expires_at=data.ends_at,
        correlation_id=data.aggregate_id,
    )


def decide_summarize_year(
    states: States, command: Command[SummarizeYear], _now: datetime
) -> Decision:
    """Once for each year: whoever finds it a second time says nothing."""
    data = command.data
    digest = states.get(DonorDigest, data.donor_id) or DonorDigest(
        id=data.donor_id, correlation_id=data.donor_id
    )
    if digest.summarized_year >= data.year:
        return NOTHING
    summarized = digest.model_copy(update={"summarized_year": data.year})
    fact = YearSummarized(donor_id=data.donor_id, year=data.year, count=data.count)
    return Decision((summarized,), ((summarized, fact),))


# --- a donor replies ---


def decide_donor_replied(states: States, event: Event[DonorReplied], now: datetime) -> Decision:
    """A right number of his own, once: the reply is carried out proposal by proposal after this.

    What opens nothing goes back by its message's id: perhaps it was no donor's answer.
    """
    reply = event.data
    trial = ReplyAttempts.find_ref(reply)
    states.prefetch(
        trial, Ref(ReplyCode, reply.code), *(Ref(DonorDigest, id_) for id_ in reply.person_ids)
    )
    code = states.get(ReplyCode, reply.code)
    today = now.astimezone(CHINA).date().isoformat()
    attempts = (states.get(ReplyAttempts, trial.id) or ReplyAttempts(id=trial.id)).on(today)
    if not reply.code and not attempts.is_locked:
        return decide_numberless_reply(states, event, now)
    own = code if code and code.donor_id in reply.person_ids else None
    if own and own.is_answerable(now) and not attempts.is_locked:
        return Decision((own.answer(reply, now),))
    id_ = own.donor_id if own else reply.person_ids[0]
    digest = states.get(DonorDigest, id_) or DonorDigest(id=id_, correlation_id=id_)
    if attempts.is_locked:
        answered = DonorAnswered(
            donor_id=id_, outcome="locked", message_id=event.subject, is_quiet=attempts.told
        )
        locked = attempts.model_copy(update={"told": True})
        return Decision((digest, locked), ((digest, answered),))
    answered = DonorAnswered(
        donor_id=id_, outcome="stale" if own else "unknown", message_id=event.subject
    )
    return Decision((digest, attempts.count_wrong()), ((digest, answered),))


def decide_finish_reply(states: States, command: Command[FinishReply], _now: datetime) -> Decision:
    code = states.get(ReplyCode, command.data.aggregate_id)
    if code is None or code.due_at != command.data.due_at or code.verdict is None:
        return NOTHING
    digest = states.get(DonorDigest, code.donor_id) or DonorDigest(id=code.donor_id)
    outcome: DonorOutcome = "accepted" if code.verdict == "accept" else "declined"
    if not command.data.done:
        outcome = "stale"
    answered = DonorAnswered(donor_id=digest.id, outcome=outcome, count=command.data.done)
    closed = code.model_copy(update={"due_at": None})
    return Decision((digest, closed), ((digest, answered),))


def _find_news(digest: DonorDigest, waiting: int) -> DonorNews | None:
    """What waits for an answer before what is over."""
    if waiting and digest.proposed:
        return "proposed"
    if waiting and digest.reminded:
        return "reminded"
    return "expired" if digest.expired else None
