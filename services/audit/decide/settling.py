"""What a commitment reserves is paid out or given back, in the year that is written."""

from collections.abc import Callable
from dataclasses import dataclass

from services.audit.decide.carrying import carried_commitment, carried_fund
from services.audit.decide.writing import Writer
from services.audit.ledger import entries
from services.audit.ledger.entries import Draft
from services.audit.model import Commitment, Fund
from shared.contracts.events import LedgerDisbursed, LedgerReleased


@dataclass(frozen=True, slots=True)
class Settling:
    """What the log says of it, which event tells it, and what it is counted as."""

    draft: Callable[[entries.Fact, entries.FundRef, int, int], Draft]
    event: type[LedgerDisbursed] | type[LedgerReleased]
    counter: str


PAID = Settling(entries.disbursement, LedgerDisbursed, "disbursed_fen")
RELEASED = Settling(entries.release, LedgerReleased, "released_fen")


def settle(
    writer: Writer,
    how: Settling,
    fact: entries.Fact,
    known: Commitment,
    fund: Fund,
    amount_fen: int,
) -> None:
    fund = carried_fund(writer, fund)
    known = carried_commitment(writer, known, fund)
    leaf = writer.append(how.draft(fact, fund.ref, amount_fen, known.place["index"]))
    told = {"fund_id": known.fund_id, "amount_fen": amount_fen, "donor_id": known.donor_id}
    counted = {how.counter: amount_fen}
    writer.keep(fund.plus(**counted))
    writer.tell(known.plus(**counted), leaf.told(how.event, **told))
