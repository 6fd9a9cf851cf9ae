"""Which fact and which command goes to which decision, and what each touches.

Tables are built, not constant: deciding needs the chart and foundations, sealing the house's keys.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from services.audit.decide import (
    bank,
    carrying,
    commitments,
    confirming,
    funds,
    pledges,
    reversals,
    transfers,
)
from services.audit.decide.gifts import GoodsGift, MoneyGift
from services.audit.decide.outgoings import Fee, Payment, Refund
from services.audit.model import (
    ApproveFund,
    ApproveReversal,
    ApproveTransfer,
    CarriedAll,
    CarryCommitment,
    CarryFund,
    CarryStock,
    CloseYear,
    DeclineFund,
    DeclineReversal,
    DeclineTransfer,
    ProposeFund,
    ProposeReversal,
    ProposeTransfer,
)
from services.audit.preparing import BankSecrets
from services.audit.rules import Rules
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    DonationReceived,
    DonationRefunded,
    FeeCharged,
    GoodsReceived,
    MatchAccepted,
    MatchConfirmed,
    MatchReleased,
    OfferRegistered,
    OfferWithdrawn,
    PaymentMade,
)
from shared.contracts.values import Value
from shared.messaging.decision import Decision, Handler

BANK_FACTS: Mapping[type[Fact], bank.Kind] = {
    DonationReceived: MoneyGift,
    GoodsReceived: GoodsGift,
    PaymentMade: Payment,
    DonationRefunded: Refund,
    FeeCharged: Fee,
}


def events(rules: Rules, secrets: BankSecrets) -> Mapping[type[Fact], Handler[Any]]:
    of_banks = {fact: _of_bank(kind, rules, secrets) for fact, kind in BANK_FACTS.items()}
    return of_banks | {
        MatchAccepted: _of_money(commitments.decide_accepted, rules),
        MatchConfirmed: Handler(
            confirming.touches,
            partial(confirming.decide, rules),
            follow=partial(confirming.follow, rules),
        ),
        MatchReleased: _of_money(commitments.decide_released, rules),
        OfferRegistered: Handler(pledges.touches_registered, pledges.decide_registered),
        OfferWithdrawn: Handler(pledges.touches_withdrawn, pledges.decide_withdrawn),
    }


def commands(rules: Rules) -> Mapping[type[Value], Handler[Any]]:
    return {
        ProposeFund: Handler(funds.touches, partial(funds.decide_propose, rules)),
        ApproveFund: Handler(funds.touches, funds.decide_approve, follow=funds.follow),
        DeclineFund: Handler(funds.touches, funds.decide_decline),
        ProposeTransfer: Handler(transfers.touches_propose, transfers.decide_propose),
        ApproveTransfer: Handler(
            transfers.touches, transfers.decide_approve, follow=transfers.follow
        ),
        DeclineTransfer: Handler(transfers.touches, transfers.decide_decline),
        ProposeReversal: Handler(
            reversals.touches_propose, reversals.decide_propose, follow=reversals.follow_propose
        ),
        ApproveReversal: Handler(
            reversals.touches, reversals.decide_approve, follow=reversals.follow
        ),
        DeclineReversal: Handler(reversals.touches, reversals.decide_decline),
        CloseYear: Handler(carrying.touches_close, carrying.decide_close),
        CarriedAll: Handler(carrying.touches_close, carrying.decide_carried_all),
        CarryFund: Handler(
            carrying.touches_fund, carrying.decide_fund, follow=carrying.follow_fund
        ),
        CarryCommitment: Handler(
            carrying.touches_commitment,
            carrying.decide_commitment,
            follow=carrying.follow_commitment,
        ),
        CarryStock: Handler(
            carrying.touches_stock, carrying.decide_stock, follow=carrying.follow_stock
        ),
    }


def _of_bank(kind: bank.Kind, rules: Rules, secrets: BankSecrets) -> Handler[Any]:
    return Handler(
        partial(bank.touches, kind),
        partial(bank.decide, kind, rules),
        follow=partial(bank.follow, kind, rules),
        prepare=secrets.prepare,
        own_identity=True,
    )


def _of_money(decide: Callable[..., Decision], rules: Rules) -> Handler[Any]:
    return Handler(
        commitments.touches, partial(decide, rules), follow=partial(commitments.follow, rules)
    )
