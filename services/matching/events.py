"""Which event and which command goes to which decision."""

from collections.abc import Mapping
from typing import Any

from services.matching.decide import needs, offers, outcomes, proposals, rounds
from services.matching.model.match import (
    AcceptMatch,
    ConfirmMatch,
    DeclineMatch,
    DeliverMatch,
    ProposalDue,
    Propose,
    ReleaseMatch,
)
from services.matching.model.offer import OfferDue, RegisterOffer, WithdrawOffer
from services.matching.model.round import CloseRound, FinishRound, RecordSolution
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    OfferSubmitted,
    ReplyUnderstood,
    RequestClosed,
    RequestOpened,
    RequestWithdrawn,
)
from shared.contracts.values import Value
from shared.messaging.decision import Handler

EVENTS: Mapping[type[Fact], Handler[Any]] = {
    OfferSubmitted: Handler(offers.touches_submitted, offers.decide_submitted),
    RequestOpened: Handler(needs.touches_opened, needs.decide_opened),
    RequestClosed: Handler(needs.touches_closed, needs.decide_closed),
    RequestWithdrawn: Handler(
        needs.touches_withdrawn, needs.decide_withdrawn, follow=needs.follow_withdrawn
    ),
    LedgerCommitted: Handler(
        outcomes.touches_committed, outcomes.decide_committed, follow=outcomes.follow_committed
    ),
    LedgerRefused: Handler(outcomes.touches_refused, outcomes.decide_refused),
    ReplyUnderstood: Handler(outcomes.touches_reply, outcomes.decide_reply),
}

COMMANDS: Mapping[type[Value], Handler[Any]] = {
    RegisterOffer: Handler(offers.touches_register, offers.decide_register),
    WithdrawOffer: Handler(offers.touches_withdraw, offers.decide_withdraw),
    OfferDue: Handler(offers.touches_due, offers.decide_due),
    Propose: Handler(proposals.touches_propose, proposals.decide_propose),
    AcceptMatch: Handler(proposals.touches_accept, proposals.decide_accept),
    DeclineMatch: Handler(proposals.touches_decline, proposals.decide_decline),
    ProposalDue: Handler(proposals.touches_due, proposals.decide_due),
    ReleaseMatch: Handler(outcomes.touches_release, outcomes.decide_release),
    DeliverMatch: Handler(outcomes.touches_deliver, outcomes.decide_deliver),
    ConfirmMatch: Handler(outcomes.touches_confirm, outcomes.decide_confirm),
    CloseRound: Handler(rounds.touches_close, rounds.decide_close),
    RecordSolution: Handler(rounds.touches_solution, rounds.decide_solution),
    FinishRound: Handler(rounds.touches_finish, rounds.decide_finish),
}
