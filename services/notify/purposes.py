"""Who is notified of what: one line per notice. Nobody hears of a gift that may still vanish.

So an applicant hears of a match only when it is committed; a proposal and its acceptance are
between matching and the donor. If what was committed falls through after all, he hears that too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from services.notify.channels import PREFERRED, SMS
from services.notify.duties import STAFF_PURPOSES
from services.notify.rules import Rules
from services.notify.templates import TEMPLATES, Template
from shared.contracts import links
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    ConsentEnded,
    ConsentGiven,
    ConsentUsed,
    DonorAnswered,
    DonorNews,
    FollowedStage,
    LedgerDisbursed,
    LedgerGoodsReceived,
    LedgerReceived,
    MandateProposed,
    MandateWordAsked,
    MatchAnnounced,
    MatchCommitted,
    MatchDelivered,
    MatchExpired,
    MatchPaid,
    MatchProposed,
    MatchReleased,
    MatchReminded,
    MatchReopened,
    MatchScheduled,
    MatchWordAsked,
    MeetingCancelled,
    MeetingConvened,
    MeetingSigned,
    MessageAnswered,
    NoticeChannel,
    PaymentApproved,
    PersonWordAsked,
    ProposalsGathered,
    RequestBudgeted,
    RequestClosed,
    RequestDeclined,
    RequestFollowed,
    RequestHastened,
    RequestOpened,
    RequestOverdue,
    RequestPaused,
    RequestRecorded,
    RequestReferred,
    RequestReturned,
    RequestSettled,
    RequestUnbudgeted,
    RequestUnmet,
    RequestWithdrawn,
    SenderAnswer,
    SpokenAct,
    YearSummarized,
)
from shared.contracts.events.consents import ConsentKind
from shared.contracts.events.donors import DonorOutcome
from shared.contracts.links import SignedLink, StaffPage


@dataclass(frozen=True, slots=True)
class Purpose:
    """recipient: whose id in the fact; staff are found by their duty (`duties.py`), members by
    their staff numbers in the fields `holders`. channels: in order of preference.

    unless: a field of the fact that, when true, makes the notice needless; when: one that must be
    true. reasons, acts: of the fact, for which it is sent; empty for any. answer: what a sender is
    told. stage: of what another asked for as well. news: of a donor's proposals. own_phone: only to
    a phone that is certainly the person's, never to one that a third party named. is_small: it says
    how things go, and asks for nothing, so it may be told together with others. ends: the notices
    whose news it takes back; where none of them went out, neither does this. codes: of the fact,
    for which it is sent; other_codes: for which others are. outcome: of a donor's reply. consent:
    whose standing consent was used.
    is_day_before: it goes the day before the help comes. asks: it waits for a word of an applicant,
    so he is called where no message may go. is_thanks: who left no contact is not called for it.
    """

    name: str
    recipient: Literal["applicant", "donor", "person", "staff", "member"]
    link: SignedLink | StaffPage | None = None
    channels: tuple[NoticeChannel, ...] = PREFERRED
    unless: str = ""
    when: str = ""
    reasons: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    own_phone: bool = False
    answer: SenderAnswer | None = None
    stage: FollowedStage | None = None
    is_small: bool = False
    ends: tuple[str, ...] = ()
    news: DonorNews | None = None
    outcome: DonorOutcome | None = None
    consent: ConsentKind | None = None
    codes: tuple[str, ...] = ()
    other_codes: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    is_day_before: bool = False
    asks: bool = False
    is_thanks: bool = False

    def is_called_for(self, fact: Fact) -> bool:
        if self.unless and getattr(fact, self.unless):
            return False
        if self.when and not getattr(fact, self.when):
            return False
        if self.acts and getattr(fact, "act", "") not in self.acts:
            return False
        if self.answer and getattr(fact, "full_answer", "") != self.answer:
            return False
        code = getattr(fact, "code", None)
        if (self.codes and code not in self.codes) or code in self.other_codes:
            return False
        if self.stage and getattr(fact, "stage", "") != self.stage:
            return False
        if self.news and getattr(fact, "news", "") != self.news:
            return False
        if self.consent and getattr(fact, "kind", "") != self.consent:
            return False
        if self.outcome and getattr(fact, "outcome", "") != self.outcome:
            return False
        return not self.reasons or getattr(fact, "reason", "") in self.reasons

    @property
    def is_answer(self) -> bool:
        """Somebody waits for it at his phone."""
        return bool(self.answer or self.acts or self.outcome)

    def is_urgent(self, rules: Rules) -> bool:
        """It goes by day and night, and no day is too full for it."""
        return self.is_answer or self.name in rules.urgent_purposes

    @property
    def template(self) -> Template:
        return TEMPLATES[self.name]


DECLINE_CODES = (
    "not_entitled",
    "policy_first",
    "already_helped",
    "already_recorded",
    "not_verified",
    "not_reachable",
    "not_needed",
    "area_other",
    "kind_other",
)
"""Reasons with words of their own: an SMS carries none in a variable. All others send to people."""


RETURN_CODES = (
    "place_unclear",
    "quantity_unclear",
    "need_unclear",
    "class_unproven",
    "proof_missing",
    "contact_wrong",
)
RETURNED = ("request_returned", *(f"request_returned_{code}" for code in RETURN_CODES))
COMING = ("match_scheduled", "match_rescheduled", "match_tomorrow")


def _make_word_purpose(act: SpokenAct) -> Purpose:
    """The code that a donor reads out over the phone: by SMS, which proves the phone."""
    return Purpose(f"word_{act}", "donor", channels=("sms",), acts=(act,), own_phone=True)


def _make_return_purpose(
    name: str, codes: tuple[str, ...] = (), other_codes: tuple[str, ...] = ()
) -> Purpose:
    """What has to be put right, by the approver's reason."""
    return Purpose(
        name,
        "applicant",
        links.REQUEST,
        when="to_person",
        asks=True,
        codes=codes,
        other_codes=other_codes,
    )


PURPOSES: Mapping[type[Fact], tuple[Purpose, ...]] = {
    RequestRecorded: (
        Purpose("request_recorded", "applicant", links.REQUEST, unless="quiet", is_small=True),
    ),
    RequestOpened: (
        Purpose("request_opened", "applicant", links.REQUEST, when="is_whole", is_small=True),
        Purpose("request_opened_part", "applicant", links.REQUEST, when="is_part"),
    ),
    RequestReferred: (Purpose("request_referred", "applicant", links.REQUEST),),
    RequestBudgeted: (Purpose("request_budgeted", "applicant", links.REQUEST, is_small=True),),
    RequestSettled: (Purpose("request_settled", "applicant", links.REQUEST),),
    RequestReturned: (
        *(_make_return_purpose(f"request_returned_{code}", codes=(code,)) for code in RETURN_CODES),
        _make_return_purpose("request_returned", other_codes=RETURN_CODES),
    ),
    RequestFollowed: tuple(
        Purpose(f"request_{stage}", "applicant", links.REQUEST, stage=stage, is_small=True)
        for stage in get_args(FollowedStage)
    ),
    RequestHastened: (
        Purpose("request_hastened", "applicant", links.REQUEST, when="to_person", is_small=True),
    ),
    RequestUnbudgeted: (
        Purpose("request_unbudgeted", "applicant", links.REQUEST, ends=("request_budgeted",)),
    ),
    RequestUnmet: (
        Purpose(
            "request_unmet",
            "applicant",
            links.REQUEST,
            ends=("request_committed", "request_delivered"),
        ),
    ),
    RequestDeclined: (
        Purpose("request_declined", "applicant", links.REQUEST, other_codes=DECLINE_CODES),
        *(
            Purpose(f"request_declined_{code}", "applicant", links.REQUEST, codes=(code,))
            for code in DECLINE_CODES
        ),
    ),
    # So that he hears of it who did not say it.
    RequestWithdrawn: (
        Purpose("request_consent_ended", "applicant", links.REQUEST, when="by_staff"),
    ),
    RequestClosed: (Purpose("case_closed", "applicant", links.REQUEST, is_small=True),),
    # Of all reasons why it waits, what he himself can end.
    RequestPaused: (
        Purpose(
            "request_paused_papers",
            "applicant",
            links.REQUEST,
            reasons=("papers_missing",),
            asks=True,
        ),
    ),
    RequestOverdue: (Purpose("request_overdue", "applicant", links.REQUEST, when="apology"),),
    MatchProposed: (Purpose("match_proposed", "donor", links.PROPOSAL, unless="is_quiet"),),
    MatchReminded: (Purpose("match_reminded", "donor", links.PROPOSAL, unless="gathered"),),
    MatchExpired: (Purpose("match_expired", "donor", unless="gathered", is_small=True),),
    # What is told to a donor together: one alone as itself, several with one link to all.
    MatchAnnounced: (
        Purpose("match_asked", "donor", links.PROPOSAL, news="proposed"),
        Purpose("match_asked_again", "donor", links.PROPOSAL, news="reminded"),
    ),
    ProposalsGathered: tuple(
        Purpose(f"proposals_{news}", "donor", links.PROPOSALS, news=news)
        for news in get_args(DonorNews)
    ),
    ConsentUsed: tuple(
        Purpose(f"consent_used_{kind}", "donor", links.PROPOSALS, consent=kind, is_small=True)
        for kind in get_args(ConsentKind)
    ),
    YearSummarized: (
        Purpose("year_summary", "donor", links.PROPOSALS, is_small=True, is_thanks=True),
    ),
    # To his own phone, so that he hears of it who did not do it.
    ConsentGiven: (Purpose("consent_given", "donor", links.PROPOSALS),),
    ConsentEnded: (Purpose("consent_ended", "donor", links.PROPOSALS),),
    DonorAnswered: tuple(
        Purpose(f"donor_{outcome}", "donor", outcome=outcome, unless="is_quiet")
        for outcome in get_args(DonorOutcome)
    ),
    MatchCommitted: (Purpose("match_committed", "applicant"),),
    # What fell through is told to both: to the person only where it had been promised to him, and
    # not where he withdrew himself.
    MatchReleased: (
        Purpose(
            "match_fell_through",
            "applicant",
            when="promised",
            reasons=("refused_by_fund", "offer_withdrawn", "not_arrived"),
            ends=("match_committed", "match_delivered", *COMING),
        ),
        Purpose("match_refused", "donor", reasons=("refused_by_fund",)),
        Purpose("match_not_needed", "donor", reasons=("request_withdrawn",), is_small=True),
        Purpose("match_given_up", "donor", reasons=("not_arrived",)),
    ),
    MatchScheduled: (
        Purpose("match_scheduled", "applicant", unless="before"),
        Purpose("match_rescheduled", "applicant", when="before"),
        Purpose("match_tomorrow", "applicant", is_day_before=True),
    ),
    MatchDelivered: (
        Purpose("match_delivered", "applicant", links.DELIVERY, asks=True),
        Purpose("match_arrived", "donor", is_small=True, is_thanks=True),
    ),
    MatchReopened: (
        Purpose("match_reopened", "applicant"),
        Purpose("match_not_arrived", "donor"),
    ),
    # What two people approved is not paid: that is the bank's word, told to both.
    PaymentApproved: (Purpose("payment_approved", "donor", is_small=True),),
    LedgerDisbursed: (Purpose("ledger_disbursed", "donor"),),
    MatchPaid: (Purpose("payment_made", "applicant", is_small=True),),
    LedgerReceived: (Purpose("ledger_received", "donor", links.GIFT_RECEIPT, is_thanks=True),),
    LedgerGoodsReceived: (
        Purpose("ledger_goods_received", "donor", links.GIFT_RECEIPT, is_thanks=True),
    ),
    MandateProposed: (Purpose("mandate_proposed", "donor", links.MANDATE),),
    MatchWordAsked: tuple(
        _make_word_purpose(act) for act in ("accept", "decline", "claim", "sign_in")
    ),
    MandateWordAsked: (_make_word_purpose("give"), _make_word_purpose("withdraw")),
    PersonWordAsked: (
        Purpose("word_own_cases", "donor", channels=(SMS.name,), acts=("sign_in",), own_phone=True),
    ),
    # Who sits in a joint meeting, by staff number.
    MeetingConvened: (
        Purpose("meeting_invited", "member", links.MEETING, holders=("member_ids",)),
    ),
    MeetingSigned: (Purpose("meeting_to_sign", "member", links.MEETING, holders=("signer_id",)),),
    MeetingCancelled: (
        Purpose(
            "meeting_cancelled",
            "member",
            links.MEETING,
            ends=("meeting_invited",),
            holders=("member_ids",),
        ),
    ),
    # Whoever wrote from a phone is answered there, known or not.
    MessageAnswered: tuple(
        Purpose(f"message_{answer}", "applicant", channels=(SMS.name,), answer=answer)
        for answer in get_args(SenderAnswer)
    ),
}

DIGEST_NEWS = Purpose("digest_news", "person")
DIGEST_TASKS = Purpose("digest_tasks", "person")
"""Several notices to one person in one message; tasks: where one of them asks for something."""
DIGESTS = frozenset({DIGEST_NEWS.name, DIGEST_TASKS.name})

BY_NAME: Mapping[str, Purpose] = {
    purpose.name: purpose
    for purposes in (
        *PURPOSES.values(),
        (DIGEST_NEWS, DIGEST_TASKS),
        tuple(Purpose(name, "staff") for name in STAFF_PURPOSES),
    )
    for purpose in purposes
}
ANSWERED: tuple[str, ...] = tuple(
    name
    for name, each in BY_NAME.items()
    if each.asks
    or each.link in (links.PROPOSAL, links.MANDATE)
    or (name in TEMPLATES and TEMPLATES[name].has("answer"))
)
"""What waits for a word of the person. A digest says of itself whether it does."""
WORD_PURPOSES: tuple[str, ...] = tuple(name for name, each in BY_NAME.items() if each.acts)
