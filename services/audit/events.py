"""Which fact and which command goes to which decision.

Tables are built, not constant: deciding needs the chart and foundations, sealing our keys.
"""

from collections.abc import Callable, Mapping
from functools import partial

from services.audit.decide import (
    bank,
    bank_answers,
    bank_lines,
    beginning,
    counts,
    funds,
    invoices,
    mandates,
    matches,
    months,
    orders,
    payments,
    pledges,
    reversals,
    statement_files,
    transfers,
    vouchers,
    waiting,
    years,
)
from services.audit.decide.bank_sources import decide_of_source, decide_with_answer
from services.audit.decide.proposals import decide_decline
from services.audit.model import (
    AnswerBankQuestion,
    AnswerGiftQuestion,
    ApproveBankAnswer,
    ApproveFund,
    ApproveLineRelease,
    ApproveMandate,
    ApprovePaymentOrder,
    ApproveReversal,
    ApproveSecondPayment,
    ApproveTransfer,
    AskMandateWord,
    BankAnswer,
    BringCommitmentForward,
    BringFundForward,
    BringStockForward,
    CancelPaymentOrder,
    CloseYear,
    DeclineBankAnswer,
    DeclineFund,
    DeclineLineRelease,
    DeclineMandate,
    DeclinePaymentOrder,
    DeclineReversal,
    DeclineSecondPayment,
    DeclineTransfer,
    EnterWaitingGift,
    ExportPaymentOrder,
    FinishBringingForward,
    Fund,
    GiveMandate,
    LineRelease,
    Mandate,
    NamePayees,
    ProposeFund,
    ProposeLineRelease,
    ProposeMandate,
    ProposePaymentOrder,
    ProposeReversal,
    ProposeSecondPayment,
    ProposeTransfer,
    ReissueBatchFile,
    Reversal,
    RevokeMandate,
    SecondPayment,
    TakeBatchFile,
    Transfer,
    WithdrawMandate,
)
from services.audit.model.beginning import (
    ApproveChart,
    ApproveOpeningBalances,
    ChartProposal,
    DeclineChart,
    DeclineOpeningBalances,
    OpeningBalances,
    ProposeChart,
    ProposeOpeningBalances,
)
from services.audit.model.invoices import EnterGiftInvoice
from services.audit.model.months import (
    ApproveMonthClose,
    ApproveMonthReopening,
    DeclineMonthClose,
    DeclineMonthReopening,
    MonthClose,
    MonthReopening,
    ProposeMonthClose,
    ProposeMonthReopening,
)
from services.audit.model.statement_files import (
    ApproveStatementFile,
    DeclineStatementFile,
    EnterStatementRow,
    ProposeStatementFile,
    StatementFile,
)
from services.audit.model.stock import (
    ApproveStockCount,
    DeclineStockCount,
    ProposeStockCount,
    StockCount,
)
from services.audit.model.vouchers import (
    AddVoucherFile,
    ApproveBankEntry,
    ApproveFundFee,
    ApproveGiftRefund,
    BankEntry,
    DeclineBankEntry,
    DeclineFundFee,
    DeclineGiftRefund,
    FundFee,
    GiftRefund,
    ProposeBankEntry,
    ProposeFundFee,
    ProposeGiftRefund,
)
from services.audit.preparing import BankSecrets, prepare_statement_row
from services.audit.rules import Rules
from services.audit.vouchers.files import seal_file
from shared import revocations
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    BankLineStated,
    DonationReceived,
    DonationRefunded,
    FeeCharged,
    GoodsReceived,
    MatchAccepted,
    MatchConfirmed,
    MatchReleased,
    MatchReopened,
    OfferRegistered,
    OfferWithdrawn,
    PaymentMade,
)
from shared.contracts.values import Value
from shared.messaging.decision import AnyHandler, Decision, Handler
from shared.messaging.sealing import Sealer
from shared.spoken_words import HearWord


def build_events(rules: Rules, secrets: BankSecrets) -> Mapping[type[Fact], AnyHandler]:
    def answer(decide: Callable[..., Decision]) -> Callable[..., Decision]:
        return partial(decide_with_answer, partial(decide, rules))

    def make_gift_handler(decide: Callable[..., Decision]) -> AnyHandler:
        return Handler(decide=answer(decide), prepare=secrets.prepare, own_identity=True)

    def make_payment_handler(decide: Callable[..., Decision]) -> AnyHandler:
        """Of what says that money left, which not every bank may say."""
        by_source = partial(decide_of_source, rules.payment_sources, decide)
        return Handler(decide=by_source, prepare=secrets.prepare, own_identity=True)

    return {
        DonationReceived: make_gift_handler(bank.decide_donation_received),
        GoodsReceived: make_gift_handler(bank.decide_goods_received),
        PaymentMade: make_payment_handler(answer(bank.decide_payment_made)),
        BankLineStated: make_payment_handler(bank_lines.decide_bank_line),
        DonationRefunded: make_payment_handler(answer(bank.decide_donation_refunded)),
        FeeCharged: make_payment_handler(answer(bank.decide_fee_charged)),
        MatchAccepted: Handler(decide=partial(matches.decide_accepted, rules)),
        MatchConfirmed: Handler(decide=partial(matches.decide_confirmed, rules)),
        MatchReleased: Handler(decide=matches.decide_released),
        MatchReopened: Handler(decide=matches.decide_reopened),
        OfferRegistered: Handler(decide=pledges.decide_registered),
        OfferWithdrawn: Handler(decide=pledges.decide_withdrawn),
        **revocations.EVENTS,
    }


def build_commands(
    rules: Rules, secrets: BankSecrets, files: Sealer
) -> Mapping[type[Value], AnyHandler]:
    by_topic = build_events(rules, secrets)
    kinds: tuple[type[Fact], ...] = (DonationReceived, BankLineStated)
    of_rows = {kind: by_topic[kind].decide for kind in kinds}
    return {
        ProposeFund: Handler(decide=partial(funds.decide_propose_fund, rules)),
        ApproveFund: Handler(decide=funds.decide_approve_fund),
        DeclineFund: Handler(decide=partial(decide_decline, Fund)),
        ProposeMandate: Handler(decide=partial(mandates.decide_propose_mandate, rules)),
        ApproveMandate: Handler(decide=partial(mandates.decide_approve_mandate, rules=rules)),
        DeclineMandate: Handler(decide=partial(decide_decline, Mandate)),
        RevokeMandate: Handler(decide=mandates.decide_revoke_mandate),
        GiveMandate: Handler(decide=mandates.decide_give_mandate),
        WithdrawMandate: Handler(decide=mandates.decide_withdraw_mandate),
        AskMandateWord: Handler(decide=mandates.decide_ask_word),
        HearWord: Handler(decide=mandates.decide_hear_word),
        ProposeTransfer: Handler(decide=transfers.decide_propose_transfer),
        ApproveTransfer: Handler(decide=transfers.decide_approve_transfer),
        DeclineTransfer: Handler(decide=partial(decide_decline, Transfer)),
        ProposeReversal: Handler(decide=reversals.decide_propose_reversal),
        ApproveReversal: Handler(decide=reversals.decide_approve_reversal),
        DeclineReversal: Handler(decide=partial(decide_decline, Reversal)),
        ProposeSecondPayment: Handler(decide=payments.decide_propose_second_payment),
        ApproveSecondPayment: Handler(decide=payments.decide_approve_second_payment),
        DeclineSecondPayment: Handler(decide=partial(decide_decline, SecondPayment)),
        NamePayees: Handler(decide=orders.decide_name_payees, prepare=secrets.accounts.seal_payees),
        ProposePaymentOrder: Handler(decide=orders.decide_propose_order),
        ApprovePaymentOrder: Handler(decide=orders.decide_approve_order),
        DeclinePaymentOrder: Handler(decide=orders.decide_decline_order),
        ExportPaymentOrder: Handler(decide=orders.decide_export_order),
        TakeBatchFile: Handler(decide=orders.decide_take_file),
        ReissueBatchFile: Handler(decide=orders.decide_reissue_file),
        CancelPaymentOrder: Handler(decide=orders.decide_cancel_order),
        AnswerBankQuestion: Handler(decide=bank_answers.decide_answer_question),
        ApproveBankAnswer: Handler(decide=bank_answers.decide_approve_answer),
        DeclineBankAnswer: Handler(decide=partial(decide_decline, BankAnswer)),
        ProposeLineRelease: Handler(decide=bank_answers.decide_propose_release),
        ApproveLineRelease: Handler(decide=bank_answers.decide_approve_release),
        DeclineLineRelease: Handler(decide=partial(decide_decline, LineRelease)),
        ProposeMonthClose: Handler(decide=months.decide_propose_close),
        ApproveMonthClose: Handler(decide=months.decide_approve_close),
        DeclineMonthClose: Handler(decide=partial(decide_decline, MonthClose)),
        ProposeMonthReopening: Handler(decide=months.decide_propose_reopening),
        ApproveMonthReopening: Handler(decide=months.decide_approve_reopening),
        DeclineMonthReopening: Handler(decide=partial(decide_decline, MonthReopening)),
        AddVoucherFile: Handler(decide=vouchers.decide_add_file, prepare=partial(seal_file, files)),
        ProposeFundFee: Handler(
            decide=vouchers.decide_propose_fee, prepare=secrets.hide_named_line
        ),
        ApproveFundFee: Handler(decide=vouchers.decide_approve_fee),
        DeclineFundFee: Handler(decide=partial(decide_decline, FundFee)),
        ProposeBankEntry: Handler(
            decide=vouchers.decide_propose_bank_entry, prepare=secrets.hide_named_line
        ),
        ApproveBankEntry: Handler(decide=vouchers.decide_approve_bank_entry),
        DeclineBankEntry: Handler(decide=partial(decide_decline, BankEntry)),
        ProposeGiftRefund: Handler(
            decide=vouchers.decide_propose_refund, prepare=secrets.hide_named_line
        ),
        ProposeStockCount: Handler(decide=counts.decide_propose_count),
        ApproveStockCount: Handler(decide=counts.decide_approve_count),
        DeclineStockCount: Handler(decide=partial(decide_decline, StockCount)),
        ProposeChart: Handler(decide=beginning.decide_propose_chart),
        ApproveChart: Handler(decide=beginning.decide_approve_chart),
        DeclineChart: Handler(decide=partial(decide_decline, ChartProposal)),
        ProposeOpeningBalances: Handler(decide=beginning.decide_propose_opening),
        ApproveOpeningBalances: Handler(decide=beginning.decide_approve_opening),
        DeclineOpeningBalances: Handler(decide=partial(decide_decline, OpeningBalances)),
        ApproveGiftRefund: Handler(decide=vouchers.decide_approve_refund),
        DeclineGiftRefund: Handler(decide=partial(decide_decline, GiftRefund)),
        ProposeStatementFile: Handler(decide=statement_files.decide_propose_file),
        ApproveStatementFile: Handler(decide=statement_files.decide_approve_file),
        DeclineStatementFile: Handler(decide=partial(decide_decline, StatementFile)),
        EnterStatementRow: Handler(
            decide=partial(statement_files.decide_statement_row, of_rows),
            prepare=partial(prepare_statement_row, secrets),
        ),
        EnterWaitingGift: Handler(decide=waiting.decide_enter_waiting),
        AnswerGiftQuestion: Handler(decide=waiting.decide_answer_gift),
        EnterGiftInvoice: Handler(decide=invoices.decide_enter_invoice),
        CloseYear: Handler(decide=years.decide_close_year),
        BringFundForward: Handler(decide=years.decide_bring_fund_forward),
        BringCommitmentForward: Handler(decide=years.decide_bring_commitment_forward),
        BringStockForward: Handler(decide=years.decide_bring_stock_forward),
        FinishBringingForward: Handler(decide=years.decide_finish_bringing_forward),
        **revocations.COMMANDS,
    }
