"""Which event and which command goes to which decision."""

from collections.abc import Mapping
from functools import partial

from services.matching.decide import (
    campaigns,
    consents,
    delivery,
    donor_digests,
    funds,
    needs,
    offers,
    payments,
    proposals,
    relations,
    rounds,
    scheduling,
    sign_ins,
    words,
)
from services.matching.model.campaign import (
    CreateCampaign,
    EndCampaign,
    EndEarlierEmergency,
    JoinDonors,
    JoinRequests,
    ProposeEarlierEnd,
    RefuseEarlierEnd,
)
from services.matching.model.consent import EndConsent, GiveConsent
from services.matching.model.donor_digest import (
    DigestRules,
    FinishReply,
    SendDonorDigest,
    SummarizeYear,
)
from services.matching.model.match import (
    AcceptMatch,
    AskClaimWord,
    AskMatchWord,
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
    ScheduleMatch,
)
from services.matching.model.offer import (
    ChangeOffer,
    OfferDue,
    PauseOffer,
    RegisterOffer,
    ResumeOffer,
    WithdrawOffer,
)
from services.matching.model.relations import (
    CheckRelation,
    ClearNamesake,
    DeclareRelation,
    WithdrawRelation,
)
from services.matching.model.round import (
    CloseRound,
    DemandWholeRound,
    FinishRound,
    KeepRoundAlive,
    RecordSolution,
)
from services.matching.naming import name_opened, name_registered, name_submitted
from services.matching.partners import prepare_offer
from shared import revocations
from shared.catalogue import Catalogue
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    DonorReplied,
    EmergencyDeclared,
    EmergencyEnded,
    LedgerCarried,
    LedgerCommitted,
    LedgerDisbursed,
    LedgerFundOpened,
    LedgerObligated,
    LedgerRefused,
    LedgerReversed,
    MandateGranted,
    MandateRevoked,
    OfferSubmitted,
    PaymentSettled,
    PersonJoined,
    PersonSeparated,
    ReplyUnderstood,
    RequestBudgeted,
    RequestClassified,
    RequestClosed,
    RequestOpened,
    RequestReopened,
    RequestSettled,
    RequestUnbudgeted,
    RequestWithdrawn,
)
from shared.contracts.values import Value
from shared.messaging.decision import AnyHandler, Handler
from shared.partner_ids import PartnerIds
from shared.phone_sign_in import AskSignIn
from shared.spoken_words import HearWord


def build_events(
    reopen_days: int, partner_ids: PartnerIds, catalogue: Catalogue, *, mandates_required: bool
) -> Mapping[type[Fact], AnyHandler]:
    """catalogue: what items are called. reopen_days: how long after its confirmation a match may
    be reopened. mandates_required: whether money is offered only on somebody's mandate."""
    submitted = partial(offers.decide_offer_submitted, mandates_required, catalogue)
    return {
        **revocations.EVENTS,
        OfferSubmitted: Handler(
            decide=submitted, prepare=partial(_prepare_offer, partner_ids, catalogue)
        ),
        RequestOpened: Handler(decide=needs.decide_opened, prepare=partial(name_opened, catalogue)),
        RequestClassified: Handler(decide=needs.decide_classified),
        RequestClosed: Handler(decide=needs.decide_closed),
        RequestReopened: Handler(decide=needs.decide_reopened),
        PersonJoined: Handler(decide=relations.decide_joined),
        PersonSeparated: Handler(decide=relations.decide_separated),
        RequestWithdrawn: Handler(decide=needs.decide_withdrawn),
        RequestBudgeted: Handler(decide=needs.decide_budgeted),
        RequestUnbudgeted: Handler(decide=needs.decide_unbudgeted),
        RequestSettled: Handler(decide=needs.decide_withdrawn),
        EmergencyDeclared: Handler(decide=campaigns.decide_emergency_declared),
        EmergencyEnded: Handler(decide=campaigns.decide_emergency_ended),
        LedgerFundOpened: Handler(decide=funds.decide_fund_said),
        LedgerCarried: Handler(decide=funds.decide_fund_said),
        MandateGranted: Handler(decide=funds.decide_mandate_granted),
        MandateRevoked: Handler(decide=funds.decide_mandate_revoked),
        LedgerCommitted: Handler(decide=delivery.decide_committed),
        LedgerRefused: Handler(decide=delivery.decide_refused),
        LedgerDisbursed: Handler(decide=payments.decide_disbursed),
        LedgerObligated: Handler(decide=payments.decide_obligated),
        LedgerReversed: Handler(decide=payments.decide_reversed),
        PaymentSettled: Handler(decide=payments.decide_settled),
        DonorReplied: Handler(decide=donor_digests.decide_donor_replied),
        ReplyUnderstood: Handler(decide=partial(delivery.decide_reply, reopen_days)),
    }


def _prepare_offer(
    partner_ids: PartnerIds, catalogue: Catalogue, event: Event[OfferSubmitted]
) -> Event[OfferSubmitted]:
    return name_submitted(catalogue, prepare_offer(partner_ids, event))


def build_commands(
    reopen_days: int, catalogue: Catalogue, digests: DigestRules, *, mandates_required: bool
) -> Mapping[type[Value], AnyHandler]:
    """As in `build_events`. digests: how a donor's proposals are told together."""
    required = mandates_required
    return {
        **revocations.COMMANDS,
        RegisterOffer: Handler(
            decide=partial(offers.decide_register_offer, required, catalogue),
            prepare=partial(name_registered, catalogue),
        ),
        ChangeOffer: Handler(decide=partial(offers.decide_change_offer, required)),
        PauseOffer: Handler(decide=offers.decide_pause_offer),
        ResumeOffer: Handler(decide=partial(offers.decide_resume_offer, required)),
        WithdrawOffer: Handler(decide=offers.decide_withdraw_offer),
        OfferDue: Handler(decide=offers.decide_offer_due),
        Propose: Handler(decide=partial(proposals.decide_propose, digests)),
        ClaimNeed: Handler(decide=proposals.decide_claim),
        AcceptMatch: Handler(decide=proposals.decide_accept),
        DeclineMatch: Handler(decide=proposals.decide_decline),
        GiveConsent: Handler(decide=consents.decide_give_consent),
        EndConsent: Handler(decide=consents.decide_end_consent),
        AskMatchWord: Handler(decide=words.decide_ask_word),
        AskSignIn: Handler(decide=sign_ins.decide_ask_sign_in),
        AskClaimWord: Handler(decide=words.decide_ask_claim_word),
        HearWord: Handler(decide=words.decide_hear_word),
        ProposalDue: Handler(decide=partial(proposals.decide_proposal_due, digests)),
        SendDonorDigest: Handler(decide=donor_digests.decide_send_digest),
        FinishReply: Handler(decide=donor_digests.decide_finish_reply),
        SummarizeYear: Handler(decide=donor_digests.decide_summarize_year),
        ReleaseMatch: Handler(decide=delivery.decide_release),
        ScheduleMatch: Handler(decide=scheduling.decide_schedule),
        DeliverMatch: Handler(decide=delivery.decide_deliver),
        ConfirmMatch: Handler(decide=partial(delivery.decide_confirm, reopen_days)),
        ReopenMatch: Handler(decide=delivery.decide_reopen),
        GiveUpMatch: Handler(decide=delivery.decide_give_up),
        RateMatch: Handler(decide=delivery.decide_rate),
        DeclareRelation: Handler(decide=relations.decide_declare_relation),
        WithdrawRelation: Handler(decide=relations.decide_withdraw_relation),
        CheckRelation: Handler(decide=relations.decide_check_relation),
        ClearNamesake: Handler(decide=relations.decide_clear_namesake),
        CreateCampaign: Handler(decide=campaigns.decide_create_campaign),
        JoinDonors: Handler(decide=campaigns.decide_join_donors),
        JoinRequests: Handler(decide=campaigns.decide_join_requests),
        EndCampaign: Handler(decide=campaigns.decide_end_campaign),
        ProposeEarlierEnd: Handler(decide=campaigns.decide_propose_earlier_end),
        EndEarlierEmergency: Handler(decide=campaigns.decide_end_earlier),
        RefuseEarlierEnd: Handler(decide=campaigns.decide_refuse_earlier_end),
        CloseRound: Handler(decide=rounds.decide_close_round),
        KeepRoundAlive: Handler(decide=rounds.decide_keep_round_alive),
        RecordSolution: Handler(decide=rounds.decide_record_solution),
        FinishRound: Handler(decide=rounds.decide_finish_round),
        DemandWholeRound: Handler(decide=rounds.decide_demand_whole_round),
    }
