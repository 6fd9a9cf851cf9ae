"""Funds, commitments, donations and the head of the log, as aggregates; and what staff may ask.

All amounts are integer fen. The head is the fence: every entry takes its number from it, and it is
written with its version, so two writers can never both append. The double entries themselves are
built in `log.entry` and sealed by `log.head`.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from services.audit.log import head as log_head
from services.audit.verify.merkle import Frontier
from shared.contracts.ledger import INTEGER_MAX
from shared.contracts.values import Category, Fen, ShortText, TownCode, Value
from shared.messaging.decision import State

HEAD = "ledger"
"""The one head. Which log (ledger year) it writes is its `origin`."""
GENERAL_FUND = "general"
"""Pays for a match that names no fund."""
RECEIVED_FEN_MAX = INTEGER_MAX

NewFundId = Annotated[str, Field(pattern=r"^[\w.@+-]{1,60}$")]


class LogHead(State):
    """Where the log of `origin` ends: what is needed of its tree to append the next entry."""

    COLLECTION: ClassVar[str] = "heads"

    origin: str
    size: int = 0
    frontier: tuple[bytes, ...] = ()
    last_recorded_at: str = ""

    @property
    def tree(self) -> Frontier:
        return Frontier(self.size, self.frontier)

    def for_writing(self) -> log_head.LogHead:
        return log_head.LogHead(self.origin, self.tree, self.last_recorded_at)

    def grown_to(self, head: log_head.LogHead) -> "LogHead":
        return self.model_copy(
            update={
                "size": head.size,
                "frontier": head.frontier.hashes,
                "last_recorded_at": head.last_recorded_at,
            }
        )


class FundTerms(Value):
    """What a named fund is for. Empty tuples mean any. Kept from the start, enforced later."""

    purpose: Annotated[str, Field(max_length=1000)] = ""
    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()


class Fund(State):
    """Money with a purpose. committed_fen counts everything ever reserved, resolved or not."""

    COLLECTION: ClassVar[str] = "funds"

    name: str
    state: Literal["proposed", "open", "declined"]
    restricted: bool
    terms: FundTerms = FundTerms()
    maker: str
    checker: str = ""
    received_fen: Fen = 0
    committed_fen: Fen = 0
    disbursed_fen: Fen = 0
    released_fen: Fen = 0

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def outstanding_fen(self) -> int:
        """Promised and not yet paid."""
        return self.committed_fen - self.disbursed_fen - self.released_fen

    @property
    def remaining_fen(self) -> int:
        """What can still be promised."""
        return self.received_fen - self.committed_fen + self.released_fen

    def plus(self, **fen: int) -> "Fund":
        """With the counters moved by so much; never to a state that was not allowed."""
        moved = self.model_copy(update={k: getattr(self, k) + v for k, v in fen.items()})
        assert moved.remaining_fen >= 0, "a fund promised what it has not got"
        assert moved.outstanding_fen >= 0, "a fund paid what it had not promised"
        return moved


AMOUNTS = (
    "received_fen",
    "committed_fen",
    "disbursed_fen",
    "released_fen",
    "outstanding_fen",
    "remaining_fen",
)


def amounts(fund: Fund) -> dict[str, int]:
    return {name: getattr(fund, name) for name in AMOUNTS}


def described(fund: Fund) -> dict[str, Any]:
    """A fund as the API shows it."""
    shown = fund.model_dump(
        mode="json", include={"id", "name", "state", "restricted", "terms", "maker", "checker"}
    )
    return shown | amounts(fund)


class Commitment(State):
    """Money reserved for one match, whose id it bears: reserved = disbursed + released + rest.

    entry: where the commitment stands on the log; none when it was refused. refused: the kinds of
    entry that were asked for and refused, because what was refused once stays refused.
    """

    COLLECTION: ClassVar[str] = "commitments"

    fund_id: str
    entry: int | None = None
    reserved_fen: Fen = 0
    disbursed_fen: Fen = 0
    released_fen: Fen = 0
    refused: tuple[str, ...] = ()

    @property
    def outstanding_fen(self) -> int:
        return self.reserved_fen - self.disbursed_fen - self.released_fen


class Donation(State):
    """A gift that arrived, or was refused.

    entry: what the log says of it. digests: of the content it first came with, then of other
    contents that came under the same id and were refused.
    """

    COLLECTION: ClassVar[str] = "donations"

    donor_id: str
    fund_id: str
    amount_fen: Fen
    entry: int
    refused: bool
    digests: tuple[bytes, ...]


class Entry(State):
    """A leaf as it is stored, for those who read; decisions append it as a `Record`."""

    COLLECTION: ClassVar[str] = "entries"

    log: str
    index: int
    leaf: bytes


def entry_id(log: str, index: int) -> str:
    """Sorts by log, then index, so the primary key alone serves every reader."""
    return f"{log}#{index:016d}"


# --- commands ---------------------------------------------------------------------------------


class ProposeFund(Value):
    """The maker's part of opening a fund."""

    fund_id: NewFundId
    name: ShortText
    restricted: bool = False
    terms: FundTerms = FundTerms()


class ApproveFund(Value):
    """The checker's part: another person."""

    fund_id: NewFundId


class DeclineFund(Value):
    """The checker says no; the id may be proposed again."""

    fund_id: NewFundId
