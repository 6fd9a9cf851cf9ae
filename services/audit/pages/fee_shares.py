"""A year's management costs beside all that it spent, where somebody adds to them."""

from collections.abc import Iterable, Iterator, Sequence

from services.audit.model import Fund, Proposal
from services.audit.model.vouchers import BankEntry, FundFee
from services.audit.pages.proposal_forms import Texts
from services.audit.reports.fee_share import FeeShare
from services.audit.settings import AuditSettings


def describe_share(proposal: Proposal, funds: Iterable[Fund]) -> Iterator[tuple[str, str, Texts]]:
    """As it will be once the proposal is entered; nothing where it adds no costs."""
    match proposal:
        case BankEntry(kind="bank_interest"):
            return
        case FundFee() | BankEntry():
            share = find_fee_share(proposal.foundation, funds).with_costs(proposal.amount_fen)
            yield "批准后的全年占比", "The year's share then", share.describe()


def describe_shares(settings: AuditSettings, funds: Sequence[Fund]) -> list[Texts]:
    """As it is now, of each foundation that has funds."""
    several = len({fund.foundation for fund in funds}) > 1
    texts = []
    for foundation in settings.foundations:
        if any(fund.foundation == foundation for fund in funds):
            zh, en = find_fee_share(foundation, funds).describe()
            texts.append((f"{foundation}：{zh}", f"{foundation}: {en}") if several else (zh, en))
    return texts


def find_fee_share(foundation: str, funds: Iterable[Fund]) -> FeeShare:
    return FeeShare.from_totals(fund.totals for fund in funds if fund.foundation == foundation)
