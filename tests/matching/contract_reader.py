"""What the events say of matches, by the contract alone and not by the service's own sums."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.envelope import Fact
from shared.contracts.events import MatchFact, MatchReleased, MatchReopened

HOLDING = {"proposed", "accepted", "committed", "delivered", "confirmed"}
# Handed over, and gone from the offer; what was confirmed and did not arrive stays gone.
GONE = {"delivered", "confirmed", "reopened"}
# The state each event leaves a match in.
AFTER = {
    "MatchProposed": "proposed",
    "MatchAccepted": "accepted",
    "MatchCommitted": "committed",
    "MatchDelivered": "delivered",
    "MatchConfirmed": "confirmed",
    "MatchDeclined": "declined",
    "MatchExpired": "expired",
    "MatchReleased": "released",
}
# What may follow what: an event out of this order would break audit or notify.
FOLLOWS = {
    "": {"MatchProposed"},
    "proposed": {
        "MatchAccepted",
        "MatchDeclined",
        "MatchExpired",
        "MatchReleased",
        "MatchReminded",
    },
    "accepted": {"MatchCommitted", "MatchReleased"},
    "committed": {"MatchDelivered", "MatchReleased"},
    "delivered": {"MatchConfirmed", "MatchReopened", "MatchReleased"},
    "confirmed": {"MatchReopened", "MatchRated", "MatchPaid"},
}


@dataclass
class MatchHistory:
    """What a reader of the events knows of one match."""

    offer: str
    request: str
    quantity: int
    money: bool
    state: str = ""


class ContractReader:
    """Another service. refused: (request, donor) who is not asked again for it."""

    def __init__(self) -> None:
        self.matches: dict[str, MatchHistory] = {}
        self.refused: set[tuple[str, str]] = set()
        self._read_count = 0

    def read(self, facts: Sequence[tuple[str, Fact]]) -> list[MatchFact]:
        """All facts so far; those that are new."""
        new = [(subject, f) for subject, f in facts[self._read_count :] if isinstance(f, MatchFact)]
        self._read_count = len(facts)
        for subject, fact in new:
            self._read_fact(subject, fact)
        return [fact for _, fact in new]

    def _read_fact(self, subject: str, fact: MatchFact) -> None:
        opened = MatchHistory(fact.offer_id, fact.request_id, fact.quantity, fact.unit == "fen")
        history = self.matches.setdefault(subject, opened)
        name = type(fact).__name__
        assert name in FOLLOWS.get(history.state, set()), f"{name} after {history.state}"
        history.state = _after(fact, history.state)
        given_up = isinstance(fact, MatchReleased) and fact.reason == "not_arrived"
        if given_up or name == "MatchDeclined":
            self.refused.add((history.request, fact.donor_id))


def _after(fact: MatchFact, before: str) -> str:
    """A rating moves nothing; where what is reopened goes on depends on where it was."""
    if isinstance(fact, MatchReopened):
        return "committed" if fact.was == "delivered" else "reopened"
    return AFTER.get(type(fact).__name__, before)
