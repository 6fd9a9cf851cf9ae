"""A donor answers without a number: about the one proposal that waits, or he is asked which.

The numbers that he is asked by go to him alone, by his own contact.
"""

from collections.abc import Sequence
from datetime import datetime

from services.matching.model.donor_digest import DonorDigest, ReplyCode
from services.matching.model.match import Match
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    DonorAnswered,
    DonorReplied,
    MatchAnnounced,
    ProposalsGathered,
)
from shared.contracts.values import CHINA
from shared.messaging.decision import Decision, State, States


def decide_numberless_reply(states: States, event: Event[DonorReplied], now: datetime) -> Decision:
    """Where only he is reached and one proposal is open, it is that. Where nothing is open, or he
    was asked already that day, a person reads it."""
    reply = event.data
    digests = states.get_many(DonorDigest, reply.person_ids)
    numbers = (number for digest in digests.values() for number in digest.codes)
    codes = states.get_many(ReplyCode, dict.fromkeys(numbers)).values()
    answerable = [c for c in codes if c.donor_id in digests and c.is_answerable(now)]
    proposed = _load_proposed(states, answerable)
    if len(proposed) == len(set(reply.person_ids)) == 1:
        (match_id,) = proposed
        code = next(each for each in reversed(answerable) if match_id in each.match_ids)
        return Decision((code.answer(reply, now),))
    today = now.astimezone(CHINA).date().isoformat()
    unasked = {id_: digest for id_, digest in digests.items() if digest.asked_on != today}
    unanswered = [
        c for c in answerable if c.donor_id in unasked and proposed.keys() & set(c.match_ids)
    ]
    if not unanswered:
        return _leave_to_person(digests, event)
    changed = {
        code.donor_id: unasked[code.donor_id].model_copy(update={"asked_on": today})
        for code in unanswered
    }
    events = _ask_which(unanswered, proposed, changed)
    matches = [state for state, _ in events if isinstance(state, Match)]
    return Decision((*changed.values(), *matches), events)


def _load_proposed(states: States, codes: Sequence[ReplyCode]) -> dict[str, Match]:
    ids = dict.fromkeys(id_ for code in codes for id_ in code.match_ids)
    matches = states.get_many(Match, ids)
    return {id_: match for id_, match in matches.items() if match.state == "proposed"}


def _ask_which(
    codes: Sequence[ReplyCode], proposed: dict[str, Match], digests: dict[str, DonorDigest]
) -> tuple[tuple[State, Fact], ...]:
    """What waits for him, each with the number that was sent last."""
    events: list[tuple[State, Fact]] = []
    rest = dict(proposed)
    for code in reversed(codes):
        matches = [rest.pop(id_) for id_ in code.match_ids if id_ in rest]
        if len(matches) == 1:
            (match,) = matches
            fact: Fact = match.build_fact(
                MatchAnnounced, expires_at=match.expires_at, news="proposed", reply_code=code.id
            )
            events.append((match, fact))
        elif matches:
            gathered = ProposalsGathered(
                donor_id=code.donor_id, news="proposed", count=len(matches), reply_code=code.id
            )
            events.append((digests[code.donor_id], gathered))
    return tuple(events)


def _leave_to_person(digests: dict[str, DonorDigest], event: Event[DonorReplied]) -> Decision:
    """He wrote no number that could be wrong, so nothing is said of one."""
    id_ = next(iter(digests), event.data.person_ids[0])
    digest = digests.get(id_) or DonorDigest(id=id_, correlation_id=id_)
    answered = DonorAnswered(
        donor_id=id_, outcome="unknown", message_id=event.subject, is_quiet=True
    )
    return Decision((digest,), ((digest, answered),))
