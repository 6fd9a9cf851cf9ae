"""What two people of finance decide on: what stands on the page, and what its buttons send.

Everything that a proposal's digest covers is shown, or who approves it approves the unseen.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.audit.ledger.accounts import parse_chart
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.kinds import KINDS
from services.audit.model import (
    ApproveBankAnswer,
    ApproveFund,
    ApproveLineRelease,
    ApproveMandate,
    ApproveReversal,
    ApproveSecondPayment,
    ApproveTransfer,
    BankAnswer,
    DeclineBankAnswer,
    DeclineFund,
    DeclineLineRelease,
    DeclineMandate,
    DeclineReversal,
    DeclineSecondPayment,
    DeclineTransfer,
    Fund,
    LineRelease,
    Mandate,
    Proposal,
    Reversal,
    SecondPayment,
    Transfer,
    format_payment_reference,
)
from services.audit.model.beginning import (
    ApproveChart,
    ApproveOpeningBalances,
    ChartProposal,
    DeclineChart,
    DeclineOpeningBalances,
    OpeningBalances,
)
from services.audit.model.fund import SpendingTerms
from services.audit.model.mandate import DONOR_WORDS
from services.audit.model.months import (
    ApproveMonthClose,
    ApproveMonthReopening,
    DeclineMonthClose,
    DeclineMonthReopening,
    MonthClose,
    MonthReopening,
)
from services.audit.model.proposal import ReferencedProposal
from services.audit.model.statement_files import (
    ApproveStatementFile,
    DeclineStatementFile,
    StatementFile,
)
from services.audit.model.stock import ApproveStockCount, DeclineStockCount, StockCount
from services.audit.model.vouchers import (
    ApproveBankEntry,
    ApproveFundFee,
    ApproveGiftRefund,
    BankEntry,
    DeclineBankEntry,
    DeclineFundFee,
    DeclineGiftRefund,
    FundFee,
    GiftRefund,
    LinedEntry,
)
from services.audit.months.reading import NOTHING_BOOKED
from services.audit.pages.proposal_forms import Texts
from services.audit.pages.proposal_values import (
    describe_statement_file,
    format_account_row,
    format_leg_amounts,
    format_month_difference,
    format_recorded_consent,
    format_standing_limits,
    name_codes,
    name_sum,
    name_towns,
)
from services.audit.reports.stores import BASES
from shared.contracts.values import Value
from shared.dates import name_day

SHOWN_MAX = 20
"""Of a month's differences, on the card; all stand on its page."""
Line = tuple[str, str, str | Texts]
"""A fact of a proposal: what it is in Chinese and in English, and its value, of which what is no
word of a person's is in both."""


@dataclass(frozen=True, slots=True)
class ProposalKind:
    """What two people decide on: its words, how to read it, and what the checker's buttons send."""

    path: str
    names: Texts
    state: type[Proposal]
    describe: Callable[[Any], Iterator[Line]]  # of a proposal of `state`
    approve: Callable[[str, str], Value]
    decline: Callable[[str], Value]


def _describe_fund(fund: Fund) -> Iterator[Line]:
    yield "基金", "Fund", f"{fund.name}（{fund.id}）"
    yield (
        "性质",
        "Kind",
        ("限定性", "restricted") if fund.restricted else ("非限定性", "unrestricted"),
    )
    yield "基金会", "Foundation", fund.foundation
    yield "用途", "For", fund.terms.purpose
    fees = f"{fund.terms.fee_permille_max / 10:g}%"
    yield "管理费上限", "Fees at most", (f"当年收入的 {fees}", f"{fees} of the year's income")
    yield from _describe_terms(fund.terms)


def _describe_terms(terms: SpendingTerms) -> Iterator[Line]:
    """Of a fund's or a mandate's spending."""
    yield "限类别", "Categories", name_codes(terms.categories)
    yield "限困难类别", "Classes", name_codes(terms.beneficiary_classes)
    yield "限镇街", "Towns", name_towns(terms.town_codes)


def describe_mandate(mandate: Mandate) -> Iterator[Line]:
    yield "基金", "Fund", mandate.fund_id
    yield "金额上限", "At most", name_sum(mandate.sum_fen)
    gifts, own = ("捐赠人给该基金的捐款", "the donor's gifts"), ("基金本身的钱", "the fund's own")
    yield "动用", "Of", gifts if mandate.asks_donor else own
    yield "捐赠人", "Donor", mandate.donor_id
    yield "由谁使用", "Used by", mandate.source or ("任何登记的伙伴", "any partner")
    yield "有效至", "Until", name_day(mandate.valid_until)
    yield "依据", "Document", mandate.reference
    if mandate.standing:
        yield "自动资助", "Gives by itself", format_standing_limits(mandate.standing)
    if mandate.asks_donor:
        yield "捐赠人本人", "The donor himself", DONOR_WORDS[mandate.donor_word]
        yield "留存的同意", "Consent on record", format_recorded_consent(mandate)
    yield from _describe_terms(mandate.terms)


def _describe_transfer(transfer: Transfer) -> Iterator[Line]:
    yield "从", "From", transfer.from_fund_id
    yield "到", "To", transfer.to_fund_id
    yield "金额", "Amount", name_sum(transfer.amount_fen)
    yield from _describe_voucher(transfer)


def _describe_voucher(proposal: ReferencedProposal) -> Iterator[Line]:
    yield "依据", "Document", proposal.reference
    yield "凭证号", "Voucher", proposal.voucher
    yield "附件摘要", "Digest of the scan", proposal.attachment


def _describe_lined(entry: LinedEntry) -> Iterator[Line]:
    yield "基金", "Fund", entry.fund_id
    if isinstance(entry, BankEntry):
        kind = KINDS[entry.kind]
        yield "是什么", "What it is", (kind.zh, kind.en)
    if isinstance(entry, GiftRefund):
        yield "捐赠", "Gift", entry.donation_id
        yield "须作废的票据", "Invoice to be voided", entry.invoice
    yield "金额", "Amount", name_sum(entry.amount_fen)
    yield "银行日期", "The bank's day", name_day(entry.at)
    yield "银行流水号", "The bank's reference", entry.bank_reference
    yield "账户", "Account", entry.own_account
    yield from _describe_voucher(entry)


def _describe_chart(proposal: ChartProposal) -> Iterator[Line]:
    yield "基金会", "Foundation", proposal.foundation
    chart = parse_chart(proposal.toml)
    yield "制度", "Standard", chart.standard
    for role, account in chart.accounts.items():
        yield role, role, f"{account.code} {account.title}（{account.name}）"


def _describe_opening(opening: OpeningBalances) -> Iterator[Line]:
    yield "基金会", "Foundation", opening.foundation
    yield "原账套", "The program before", opening.program
    yield "余额日期", "The day of the balances", name_day(opening.at)
    for each in opening.balances:
        yield each.fund_id, each.fund_id, name_sum(each.balance_fen)
    yield "合计", "In all", name_sum(opening.total_fen)
    yield from _describe_voucher(opening)


def _describe_count(count: StockCount) -> Iterator[Line]:
    yield "基金", "Fund", count.fund_id
    yield "物资", "Item", f"{count.item}（{count.unit}）"
    yield "账上", "By the books", str(count.in_stock)
    yield "清点", "Counted", str(count.counted)
    yield "核销", "Written off", str(count.in_stock - count.counted)
    if count.unit_fen:
        yield "单价", "Value of one", name_sum(count.unit_fen)
        yield "计价依据", "Basis of the value", BASES[count.basis]
    for place in count.places:
        yield place.station, place.station, str(place.quantity)
    yield "盘点日期", "Day", name_day(count.at)
    yield from _describe_voucher(count)


def _describe_reversal(reversal: Reversal) -> Iterator[Line]:
    entry = parse_entry(reversal.leaf.encode())
    kind = KINDS.get(entry["kind"])
    yield "冲正的条目", "Entry", f"{reversal.reverses_log} #{reversal.reverses}"
    yield "原来记的", "What it was", (kind.zh, kind.en) if kind else str(entry["kind"])
    yield "金额", "Amount", format_leg_amounts(entry["legs"])
    yield "基金", "Fund", reversal.fund_id
    yield from _describe_voucher(reversal)


def _describe_bank_answer(answer: BankAnswer) -> Iterator[Line]:
    is_paid = answer.direction == "paid"
    yield "银行流水号", "The bank's reference", answer.bank_reference
    yield "方向", "Direction", ("付出", "paid") if is_paid else ("退回", "came back")
    yield "金额", "Amount", name_sum(answer.amount_fen)
    reference = format_payment_reference(answer.order_id, answer.number) if answer.number else ""
    yield "记到付款编号", "Enters the payment", reference
    entered, not_entered = ("同意后入账", "when approved"), ("不入账", "no")
    yield "入账", "Entered", entered if answer.number else not_entered
    yield "核对结果", "What it is", answer.answer


def _describe_release(release: LineRelease) -> Iterator[Line]:
    yield "付款编号", "Reference", release.id
    yield "金额", "Amount", name_sum(release.amount_fen)
    yield "银行怎么说", "What the bank said", release.reason
    yield "同意后", "Then", ("视为银行没有付，可以重新做成付款单", "it may be ordered again")


def _describe_month_close(close: MonthClose) -> Iterator[Line]:
    yield "月份", "Month", close.month
    yield "基金会", "Foundation", close.foundation
    for row in close.rows:
        yield row.account or "未注明账户", "Account", format_account_row(row)
    for each in close.figures.differences[:SHOWN_MAX]:
        yield "未入账", "Not entered", format_month_difference(each)
    if len(close.figures.differences) > SHOWN_MAX:
        more = len(close.figures.differences) - SHOWN_MAX
        yield "未入账", "Not entered", (f"另有 {more} 笔，见月结页", f"{more} more, on its page")
    yield "差额的原因", "Why they differ", close.reason


def _describe_month_reopening(reopening: MonthReopening) -> Iterator[Line]:
    yield "月份", "Month", reopening.month
    yield "基金会", "Foundation", reopening.foundation
    yield "原因", "Why", reopening.reason


def _describe_second_payment(second: SecondPayment) -> Iterator[Line]:
    yield "诉求", "Request", second.id
    yield "已付而未落实", "Paid for nothing", "、".join(second.fallen)
    yield "理由", "Reason", second.reason


PROPOSALS: Mapping[str, ProposalKind] = {
    kind.path: kind
    for kind in (
        ProposalKind(
            "funds",
            ("设立基金", "Open a fund"),
            Fund,
            _describe_fund,
            lambda id_, digest: ApproveFund(fund_id=id_, digest=digest),
            lambda id_: DeclineFund(fund_id=id_),
        ),
        ProposalKind(
            "mandates",
            ("授权用款", "A mandate"),
            Mandate,
            describe_mandate,
            lambda id_, digest: ApproveMandate(mandate_id=id_, digest=digest),
            lambda id_: DeclineMandate(mandate_id=id_),
        ),
        ProposalKind(
            "transfers",
            ("基金之间划转", "A transfer"),
            Transfer,
            _describe_transfer,
            lambda id_, digest: ApproveTransfer(transfer_id=id_, digest=digest),
            lambda id_: DeclineTransfer(transfer_id=id_),
        ),
        ProposalKind(
            "reversals",
            ("冲正", "A reversal"),
            Reversal,
            _describe_reversal,
            lambda id_, digest: ApproveReversal(reversal_id=id_, digest=digest),
            lambda id_: DeclineReversal(reversal_id=id_),
        ),
        ProposalKind(
            "fund-fees",
            ("提取管理费", "A fee"),
            FundFee,
            _describe_lined,
            lambda id_, digest: ApproveFundFee(fee_id=id_, digest=digest),
            lambda id_: DeclineFundFee(fee_id=id_),
        ),
        ProposalKind(
            "bank-entries",
            ("银行利息、手续费", "Interest or a charge of a bank"),
            BankEntry,
            _describe_lined,
            lambda id_, digest: ApproveBankEntry(entry_id=id_, digest=digest),
            lambda id_: DeclineBankEntry(entry_id=id_),
        ),
        ProposalKind(
            "gift-refunds",
            ("退回捐赠", "A refund"),
            GiftRefund,
            _describe_lined,
            lambda id_, digest: ApproveGiftRefund(refund_id=id_, digest=digest),
            lambda id_: DeclineGiftRefund(refund_id=id_),
        ),
        ProposalKind(
            "bank-answers",
            ("对不上的银行流水", "A line of the bank"),
            BankAnswer,
            _describe_bank_answer,
            lambda id_, digest: ApproveBankAnswer(question_id=id_, digest=digest),
            lambda id_: DeclineBankAnswer(question_id=id_),
        ),
        ProposalKind(
            "line-releases",
            ("银行没有付的一笔", "A payment the bank did not make"),
            LineRelease,
            _describe_release,
            lambda id_, digest: ApproveLineRelease(release_id=id_, digest=digest),
            lambda id_: DeclineLineRelease(release_id=id_),
        ),
        ProposalKind(
            "month-closes",
            ("结账", "Closing a month"),
            MonthClose,
            _describe_month_close,
            lambda id_, digest: ApproveMonthClose(
                close_id=id_, digest=digest, figures=NOTHING_BOOKED
            ),
            lambda id_: DeclineMonthClose(close_id=id_),
        ),
        ProposalKind(
            "month-reopenings",
            ("反结账", "Opening a month again"),
            MonthReopening,
            _describe_month_reopening,
            lambda id_, digest: ApproveMonthReopening(reopening_id=id_, digest=digest),
            lambda id_: DeclineMonthReopening(reopening_id=id_),
        ),
        ProposalKind(
            "stock-counts",
            ("盘点", "A count of goods"),
            StockCount,
            _describe_count,
            lambda id_, digest: ApproveStockCount(count_id=id_, digest=digest),
            lambda id_: DeclineStockCount(count_id=id_),
        ),
        ProposalKind(
            "statement-files",
            ("对账单", "A statement"),
            StatementFile,
            describe_statement_file,
            lambda id_, digest: ApproveStatementFile(file_id=id_, digest=digest),
            lambda id_: DeclineStatementFile(file_id=id_),
        ),
        ProposalKind(
            "charts",
            ("会计科目表", "The chart of accounts"),
            ChartProposal,
            _describe_chart,
            lambda id_, digest: ApproveChart(chart_id=id_, digest=digest),
            lambda id_: DeclineChart(chart_id=id_),
        ),
        ProposalKind(
            "opening-balances",
            ("期初余额", "Opening balances"),
            OpeningBalances,
            _describe_opening,
            lambda id_, digest: ApproveOpeningBalances(opening_id=id_, digest=digest),
            lambda id_: DeclineOpeningBalances(opening_id=id_),
        ),
        ProposalKind(
            "second-payments",
            ("再次拨付", "A second payment"),
            SecondPayment,
            _describe_second_payment,
            lambda id_, digest: ApproveSecondPayment(request_id=id_, digest=digest),
            lambda id_: DeclineSecondPayment(request_id=id_),
        ),
    )
}
