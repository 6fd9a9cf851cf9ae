"""Several proposals answered at once, each by a decision of its own: from the page, or by SMS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.matching.model.labels import DeclineReason
from services.matching.model.match import AcceptMatch, DeclineMatch, Match, MatchCommand
from shared import mongo
from shared.contracts.events import DonorVerdict
from shared.errors import Problem
from shared.messaging.batches import execute_each
from shared.messaging.decision import Answer, Command
from shared.runtime import Runtime

# What a decision answers where the match has come to it before.
DONE_ALREADY: Mapping[DonorVerdict, frozenset[str]] = {
    "accept": frozenset(
        {"match_accepted", "match_committed", "match_delivered", "match_confirmed"}
    ),
    "decline": frozenset({"match_declined"}),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """done: how many are as he wanted. failed: the others, with why."""

    act: DonorVerdict
    done: tuple[str, ...]
    failed: tuple[tuple[Match, Problem], ...]


async def answer_each(
    runtime: Runtime,
    donor_id: str,
    ids: Sequence[str],
    act: DonorVerdict,
    reason: DeclineReason,
    principal: str,
) -> Outcome:
    """Of what is his alone. A decision ignores what was decided before, so none needs a key."""
    query = {"_id": {"$in": list(dict.fromkeys(ids))}, "donor_id": donor_id}
    matches = keep_standing(runtime, await mongo.find(runtime.database, Match, query))
    commands = [
        Command(_build_command(match, act, reason), principal=principal) for match in matches
    ]
    answers = await execute_each(runtime.processor, commands)
    done, failed = [], []
    for match, (_, answer) in zip(matches, answers, strict=True):
        if isinstance(answer, Exception):
            raise answer
        problem = _find_first_problem(answer) if answer.status >= 400 else None
        if problem is None or problem.code in DONE_ALREADY[act]:
            done.append(match.id)
        else:
            failed.append((match, problem))
    return Outcome(act, tuple(done), tuple(failed))


def _build_command(match: Match, act: DonorVerdict, reason: DeclineReason) -> MatchCommand:
    if act == "accept":
        return AcceptMatch(match_id=match.id)
    return DeclineMatch(match_id=match.id, reason=reason)


def _find_first_problem(answer: Answer) -> Problem:
    return Problem(**answer.body["problems"][0])


def keep_standing(runtime: Runtime, matches: Sequence[Match]) -> list[Match]:
    """Without those of a partner who speaks for nobody any more."""
    ended_sources = {m.source for m in matches if runtime.keyring.is_partner_gone(m.source)}
    return [match for match in matches if match.source not in ended_sources]
