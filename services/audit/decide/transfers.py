"""Money moves between two funds of one foundation: by two people, with the document it needs. What
leaves a restricted fund needs the scan of that document: the donors said what it is for."""

from datetime import datetime

from services.audit import messages
from services.audit.decide.posting import Journal, add_amount
from services.audit.decide.proposals import require_open
from services.audit.decide.vouchers import find_flaw
from services.audit.ledger import entries
from services.audit.ledger.kinds import KINDS
from services.audit.model import (
    ApproveTransfer,
    Fund,
    LogHead,
    ProposeTransfer,
    Transfer,
)
from services.audit.vouchers import messages as voucher_messages
from shared.answers import Answer
from shared.contracts.events import LedgerTransferred
from shared.contracts.values import format_yuan
from shared.ids import make_id
from shared.messaging.decision import Command, Decision, States

REFERENCE_MIN = 3
"""Characters of a document's number or name: 记-7."""


def decide_propose_transfer(
    states: States,
    command: Command[ProposeTransfer],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """The same request of the same person is the same transfer."""
    proposal, id_ = command.data, make_id("T", command.key)
    _, giver, taker = states.get_each(
        (Transfer, id_), (Fund, proposal.from_fund_id), (Fund, proposal.to_fund_id)
    )
    pair = _check_pair(proposal, giver, taker)
    if isinstance(pair, Answer):
        return Decision(answer=pair)
    flaw = _find_missing(proposal, pair[0]) or find_flaw(states, proposal.attachment)
    if flaw:
        return Decision(answer=flaw)
    transfer = Transfer(
        id=id_,
        maker=command.principal,
        foundation=pair[0].foundation,
        **proposal.model_dump(),
    )
    return Decision((transfer,), answer=Answer(202, transfer.to_json()))


@require_open(Transfer)
def decide_approve_transfer(
    states: States, command: Command[ApproveTransfer], now: datetime, transfer: Transfer
) -> Decision:
    _, giver, taker = states.get_each(
        (LogHead, transfer.foundation), (Fund, transfer.from_fund_id), (Fund, transfer.to_fund_id)
    )
    pair = _check_pair(transfer, giver, taker)
    if isinstance(pair, Answer):
        return Decision(answer=pair)
    if flaw := _find_missing(transfer, pair[0]):
        return Decision(answer=flaw)
    journal = Journal.open(states, transfer.foundation, now)
    giver, taker = (journal.bring_forward_fund(fund) for fund in pair)
    amount_fen, approved = transfer.amount_fen, transfer.resolve("approved", command.principal)
    draft = entries.draft_transfer(
        journal.make_fact("transfer", transfer.id),
        giver.ref,
        taker.ref,
        amount_fen,
        approved.authorisation,
    )
    kind = KINDS["transfer"]
    for fund, part in zip((giver, taker), kind.parts, strict=True):
        journal.save(add_amount(kind, fund, part.sign * amount_fen, journal.now))
    fields = {"fund_id": giver.id, "to_fund_id": taker.id, "amount_fen": amount_fen}
    done = journal.record(draft, approved, LedgerTransferred, **fields)
    return journal.close(Answer(200, done.to_json()))


def _find_missing(transfer: ProposeTransfer | Transfer, giver: Fund) -> Answer | None:
    """What a transfer out of a restricted fund does not say of its document. One that an earlier
    release took without a scan is declined and proposed anew."""
    if not giver.restricted:
        return None
    if not transfer.attachment:
        return voucher_messages.TRANSFER_NEEDS_SCAN.refusal(409, "attachment")
    if len(transfer.reference.strip()) < REFERENCE_MIN:
        return voucher_messages.TRANSFER_NEEDS_DOCUMENT.refusal(
            409, "reference", least=REFERENCE_MIN
        )
    return None


def _check_pair(
    transfer: ProposeTransfer | Transfer, giver: Fund | None, taker: Fund | None
) -> tuple[Fund, Fund] | Answer:
    """The two funds, or why this amount cannot go from one to the other."""
    if giver is None or not giver.is_open:
        return messages.FUND_UNKNOWN.refusal(404, "from_fund_id", id=transfer.from_fund_id)
    if taker is None or not taker.is_open:
        return messages.FUND_UNKNOWN.refusal(404, "to_fund_id", id=transfer.to_fund_id)
    if giver.id == taker.id or giver.foundation != taker.foundation:
        return messages.FUNDS_NOT_PAIRED.refusal(409)
    if giver.remaining_fen < transfer.amount_fen or not taker.can_receive(transfer.amount_fen):
        return messages.FUND_INSUFFICIENT.refusal(409, remaining=format_yuan(giver.remaining_fen))
    return giver, taker
