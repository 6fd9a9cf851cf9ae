"""Which event and which command goes to which decision."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from services.matching.decide import (
    campaigns,
    claims,
    delivery,
    emergencies,
    needs,
    offers,
    outcomes,
    proposals,
    relations,
    rounds,
)
from services.matching.model.campaign import (
    CreateCampaign,
    DeclareEmergency,
    EndCampaign,
    EndEmergency,
    JoinDonors,
    JoinRequests,
)
from services.matching.model.match import (
    AcceptMatch,
    ClaimNeed,
    ConfirmMatch,
    DeclineMatch,
    DeliverMatch,
    GiveUpMatch,
    ProposalDue,
    Propose,
    RateMatch,
    ReleaseMatch,
    ReopenMatch,
)
from services.matching.model.offer import (
    ChangeOffer,
    OfferDue,
    PauseOffer,
    RegisterOffer,
    ResumeOffer,
    WithdrawOffer,
)
from services.matching.model.relations import CheckRelation, DeclareRelation, WithdrawRelation
from services.matching.model.round import (
    CloseRound,
    DemandWholeRound,
    FinishRound,
    KeepRoundAlive,
    RecordSolution,
)
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    OfferSubmitted,
    ReplyUnderstood,
    RequestClosed,
    RequestOpened,
    RequestReopened,
    RequestWithdrawn,
)
from shared.contracts.values import Value
from shared.messaging.decision import Handler


def replies(reopen_days: int) -> Handler[Any]:
    """How long after its confirmation a match may be reopened is a setting."""
    decide = partial(delivery.decide_reply, reopen_days)
    return Handler(delivery.touches_reply, decide, follow=delivery.follow_reply)


def confirmations(reopen_days: int) -> Handler[Any]:
    decide = partial(delivery.decide_confirm, reopen_days)
    return Handler(delivery.touches_confirm, decide, follow=delivery.follow_confirm)


EVENTS: Mapping[type[Fact], Handler[Any]] = {
    OfferSubmitted: Handler(offers.touches_submitted, offers.decide_submitted),
    RequestOpened: Handler(needs.touches_opened, needs.decide_opened),
    RequestClosed: Handler(needs.touches_closed, needs.decide_closed),
    RequestReopened: Handler(needs.touches_reopened, needs.decide_reopened),
    RequestWithdrawn: Handler(
        needs.touches_withdrawn, needs.decide_withdrawn, follow=needs.follow_withdrawn
    ),
    LedgerCommitted: Handler(
        outcomes.touches_committed, outcomes.decide_committed, follow=outcomes.follow_committed
    ),
    LedgerRefused: Handler(
        outcomes.touches_refused, outcomes.decide_refused, follow=outcomes.follow_refused
    ),
    ReplyUnderstood: replies(delivery.REOPEN_DAYS),
}

COMMANDS: Mapping[type[Value], Handler[Any]] = {
    RegisterOffer: Handler(offers.touches_register, offers.decide_register),
    ChangeOffer: Handler(offers.touches_offer, offers.decide_change),
    PauseOffer: Handler(offers.touches_offer, offers.decide_pause),
    ResumeOffer: Handler(offers.touches_offer, offers.decide_resume),
    WithdrawOffer: Handler(offers.touches_offer, offers.decide_withdraw),
    OfferDue: Handler(offers.touches_due, offers.decide_due),
    Propose: Handler(
        proposals.touches_propose, proposals.decide_propose, follow=proposals.follow_propose
    ),
    ClaimNeed: Handler(claims.touches_claim, claims.decide_claim, follow=claims.follow_claim),
    DeclareRelation: Handler(relations.touches, relations.decide_declare),
    WithdrawRelation: Handler(relations.touches, relations.decide_withdraw),
    CheckRelation: Handler(relations.touches, relations.decide_check),
    AcceptMatch: Handler(
        proposals.touches_accept, proposals.decide_accept, follow=proposals.follow_accept
    ),
    DeclineMatch: Handler(
        proposals.touches_decline, proposals.decide_decline, follow=proposals.follow_decline
    ),
    ProposalDue: Handler(proposals.touches_due, proposals.decide_due, follow=proposals.follow_due),
    ReleaseMatch: Handler(
        outcomes.touches_release, outcomes.decide_release, follow=outcomes.follow_release
    ),
    DeliverMatch: Handler(
        delivery.touches_deliver, delivery.decide_deliver, follow=delivery.follow_deliver
    ),
    ConfirmMatch: confirmations(delivery.REOPEN_DAYS),
    ReopenMatch: Handler(
        delivery.touches_case, delivery.decide_reopen, follow=delivery.follow_command
    ),
    GiveUpMatch: Handler(
        delivery.touches_case, delivery.decide_give_up, follow=delivery.follow_command
    ),
    RateMatch: Handler(delivery.touches_rate, delivery.decide_rate),
    CreateCampaign: Handler(campaigns.touches_create, campaigns.decide_create),
    JoinDonors: Handler(campaigns.touches_donors, campaigns.decide_donors),
    JoinRequests: Handler(campaigns.touches_requests, campaigns.decide_requests),
    EndCampaign: Handler(campaigns.touches_end, campaigns.decide_end),
    DeclareEmergency: Handler(emergencies.touches_declare, emergencies.decide_declare),
    EndEmergency: Handler(emergencies.touches_end, emergencies.decide_end),
    CloseRound: Handler(rounds.touches_close, rounds.decide_close),
    KeepRoundAlive: Handler(rounds.touches_round, rounds.decide_keep),
    RecordSolution: Handler(rounds.touches_round, rounds.decide_solution),
    FinishRound: Handler(rounds.touches_round, rounds.decide_finish),
    DemandWholeRound: Handler(rounds.touches_demand, rounds.decide_demand),
}
