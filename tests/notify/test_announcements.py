"""From events to notices."""

from datetime import timedelta

import pytest

from services.intake.approvals.messages import DECLINE_REASONS
from services.notify.model import Notice
from services.notify.purposes import BY_NAME, DECLINE_CODES
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    LedgerDisbursed,
    LedgerGoodsReceived,
    LedgerReceived,
    MatchCommitted,
    MatchDelivered,
    MatchExpired,
    MatchPaid,
    MatchReleased,
    MatchReminded,
    MatchReopened,
    PaymentApproved,
    RequestClosed,
    RequestDeclined,
    RequestRecorded,
    RequestWithdrawn,
    YearSummarized,
)
from shared.contracts.values import Category, Channel, DonorKind
from tests.notify.decisions import (
    MATCH_ID,
    REQUEST_ID,
    START,
    DecisionHarness,
    make_opened,
    make_proposed,
    match_fields,
)


def disbursed(donor_id: str | None) -> LedgerDisbursed:
    return LedgerDisbursed(
        log="l", index=0, fund_id="F-1", amount_fen=20_000, donor_id=donor_id, entry="{}"
    )


def test_opened_request_notifies_its_applicant() -> None:
    harness = DecisionHarness()
    harness.on_event(make_opened())
    notice = harness.notice
    assert (notice.person_id, notice.purpose, notice.state) == ("P-1", "request_opened", "created")
    assert notice.due_at == START
    assert notice.correlation_id == "C-1"


@pytest.mark.parametrize(("by_staff", "purposes"), [(True, ["request_consent_ended"]), (False, [])])
def test_who_did_not_end_it_himself_hears_that_it_ended(
    by_staff: bool, purposes: list[str]
) -> None:
    harness = DecisionHarness()
    harness.on_event(RequestWithdrawn(person_id="P-1", by_staff=by_staff))
    assert [notice.purpose for notice in harness.notices] == purposes


def test_a_backlogs_request_notifies_nobody() -> None:
    harness = DecisionHarness()
    harness.on_event(make_opened().model_copy(update={"quiet": True}))
    assert not harness.notices


def test_redelivered_event_makes_no_second_notice() -> None:
    harness = DecisionHarness()
    harness.on_event(make_opened())
    harness.claim_and_record("sent", "sms", provider_message_id="1")
    harness.on_event(make_opened())
    assert harness.notice.state == "sent"


def test_another_event_for_the_same_person_makes_another_notice() -> None:
    harness = DecisionHarness()
    harness.on_event(make_opened(), id_="E-1")
    harness.on_event(make_opened(), id_="E-2")
    assert len(harness.notices) == 2


@pytest.mark.parametrize(
    "fact",
    [
        make_opened(),
        RequestRecorded(person_id="P-1", channel=Channel.SMS, approval_level="village"),
    ],
)
def test_applicant_may_follow_the_request_by_a_link(fact: Fact) -> None:
    harness = DecisionHarness()
    harness.on_event(fact)
    link = harness.notice.link
    assert link is not None
    assert (link.service, link.purpose, link.path) == ("intake", "request", "r")
    assert link.subject == REQUEST_ID
    assert link.expires_at == START + timedelta(days=90)


def test_donor_who_claimed_himself_is_not_asked() -> None:
    harness = DecisionHarness()
    harness.on_event(make_proposed().model_copy(update={"claimed": True}), MATCH_ID)
    assert not harness.notices


@pytest.mark.parametrize("consents", [True, False])
def test_donor_goes_along_only_where_he_consents(consents: bool) -> None:
    harness = DecisionHarness()
    kind = DonorKind.ENTERPRISE
    fact = MatchCommitted(**match_fields(), name_shown=consents, donor_kind=kind)
    harness.on_event(fact, MATCH_ID)
    assert harness.notice.person_id == "P-1"
    assert harness.notice.donor_id == ("P-donor" if consents else None)
    assert harness.notice.donor_kind == kind


@pytest.mark.parametrize("kind", [MatchDelivered, MatchReopened])
def test_donor_goes_along_only_where_the_notice_names_him(
    kind: type[MatchDelivered] | type[MatchReopened],
) -> None:
    """His name is asked of the vault with a purpose: none is asked that no words hold."""
    harness = DecisionHarness()
    more = {"was": "delivered", "reason": "没有收到"} if kind is MatchReopened else {}
    fact = kind(**match_fields(), **more, name_shown=True, donor_kind=DonorKind.ENTERPRISE)
    harness.on_event(fact, MATCH_ID)
    assert {(notice.donor_id, notice.donor_kind) for notice in harness.notices} == {(None, None)}


@pytest.mark.parametrize(
    ("code", "purpose"),
    [
        (None, "request_declined"),
        ("cause_other", "request_declined"),
        ("of_a_later_release", "request_declined"),
        ("policy_first", "request_declined_policy_first"),
    ],
)
def test_who_is_declined_hears_why(code: str | None, purpose: str) -> None:
    """An SMS has no room for a reason in a variable, so each has words of its own."""
    harness = DecisionHarness()
    harness.on_event(RequestDeclined(person_id="P-1", reason="其他原因", code=code))
    assert harness.notice.purpose == purpose
    assert harness.notice.link is not None


def test_every_reason_to_decline_has_words_or_sends_to_people() -> None:
    assert {*DECLINE_CODES, "cause_other"} == set(DECLINE_REASONS)


def test_closed_case_is_thanked_for() -> None:
    harness = DecisionHarness()
    harness.on_event(RequestClosed(person_id="P-1"))
    assert (harness.notice.person_id, harness.notice.purpose) == ("P-1", "case_closed")


def test_donor_hears_of_arrival_and_is_thanked_for_goods() -> None:
    harness = DecisionHarness()
    harness.on_event(MatchDelivered(**match_fields()), MATCH_ID, "E-1")
    goods = LedgerGoodsReceived(
        log="l",
        index=0,
        fund_id="F-1",
        entry="{}",
        item="棉被",
        unit="床",
        quantity=3,
        donor_id="P-donor",
    )
    harness.on_event(goods, "D-1", "E-2")
    told = [n for n in harness.notices if n.person_id == "P-donor"]
    assert [n.purpose for n in told] == ["match_arrived", "ledger_goods_received"]
    link = told[1].link
    assert link is not None
    assert (link.service, link.purpose, link.subject) == ("audit", "gift.receipt", "D-1")


def test_donor_hears_of_his_year_together_with_other_small_news() -> None:
    harness = DecisionHarness()
    harness.on_event(YearSummarized(donor_id="P-donor", year=2025, count=12), "P-donor", "E-1")
    notice = harness.notice
    assert (notice.purpose, notice.person_id, notice.detail) == ("year_summary", "P-donor", "12")
    assert notice.link is not None
    assert notice.link.purpose == "proposals.donor"
    assert BY_NAME["year_summary"].is_small


def test_proposal_carries_what_its_words_need_and_no_place_for_its_donor() -> None:
    harness = DecisionHarness()
    fact = make_proposed().model_copy(
        update={"category": Category.MEDICAL, "town_code": "441900101"}
    )
    harness.on_event(fact, MATCH_ID)
    about = harness.notice.about
    assert about is not None
    assert (about.category, about.quantity, about.until) == (
        Category.MEDICAL,
        20_000,
        fact.expires_at,
    )
    assert harness.notice.area == ""
    committed = MatchCommitted(**match_fields() | {"town_code": "441900101"})
    harness.on_event(committed, MATCH_ID, "E-2")
    assert [n.area for n in harness.notices if n.person_id == "P-1"] == ["441900101"]


def test_proposal_goes_to_the_donor_with_a_link_that_ends_with_it() -> None:
    harness = DecisionHarness()
    harness.on_event(make_proposed(), MATCH_ID)
    notice = harness.notice
    assert notice.person_id == "P-donor"
    assert notice.link is not None
    assert (notice.link.purpose, notice.link.path) == ("match.donor", "d")
    assert notice.link.subject == MATCH_ID
    assert notice.link.expires_at == make_proposed().expires_at


def test_reminder_goes_to_the_donor_with_the_same_link() -> None:
    harness = DecisionHarness()
    expires_at = START + timedelta(hours=24)
    harness.on_event(MatchReminded(**match_fields(), expires_at=expires_at), MATCH_ID)
    assert (harness.notice.person_id, harness.notice.purpose) == ("P-donor", "match_reminded")
    assert harness.notice.link is not None
    assert harness.notice.link.expires_at == expires_at


@pytest.mark.parametrize(
    ("reason", "promised", "told"),
    [
        ("refused_by_fund", False, {("P-donor", "match_refused")}),
        ("refused_by_fund", True, {("P-1", "match_fell_through"), ("P-donor", "match_refused")}),
        ("not_arrived", True, {("P-1", "match_fell_through"), ("P-donor", "match_given_up")}),
        ("request_withdrawn", True, {("P-donor", "match_not_needed")}),
        ("offer_withdrawn", False, set()),
    ],
)
def test_what_fell_through_is_told_to_both_sides(
    reason: str, promised: bool, told: set[tuple[str, str]]
) -> None:
    """Not to who withdrew himself, and to the person only what had been promised to him."""
    harness = DecisionHarness()
    fact = MatchReleased(**match_fields(), reason=reason, promised=promised)
    harness.on_event(fact, MATCH_ID)
    assert {(notice.person_id, notice.purpose) for notice in harness.notices} == told


def test_donor_hears_that_his_proposal_ran_out() -> None:
    harness = DecisionHarness()
    harness.on_event(MatchExpired(**match_fields()), MATCH_ID)
    assert (harness.notice.person_id, harness.notice.purpose) == ("P-donor", "match_expired")


def test_commitment_goes_to_the_applicant_without_a_link() -> None:
    harness = DecisionHarness()
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID)
    assert (harness.notice.person_id, harness.notice.link) == ("P-1", None)


def test_delivery_asks_the_applicant_to_confirm() -> None:
    harness = DecisionHarness()
    harness.on_event(MatchDelivered(**match_fields()), MATCH_ID)
    link = next(n.link for n in harness.notices if n.person_id == "P-1")
    assert link is not None
    assert (link.purpose, link.path, link.subject) == ("match.applicant", "c", MATCH_ID)
    assert link.expires_at == START + timedelta(days=30)


def test_disbursement_tells_the_donor_the_amount() -> None:
    harness = DecisionHarness()
    harness.on_event(disbursed("P-donor"), MATCH_ID)
    assert (harness.notice.person_id, harness.notice.amount_fen) == ("P-donor", 20_000)


def test_what_is_approved_is_told_to_the_donor_and_what_a_bank_paid_to_both() -> None:
    harness = DecisionHarness()
    approved = PaymentApproved(fund_id="F-1", amount_fen=20_000, donor_id="P-donor")
    harness.on_event(approved, MATCH_ID)
    assert (harness.notice.person_id, harness.notice.purpose) == ("P-donor", "payment_approved")
    paid = disbursed("P-donor").model_copy(update={"was_due": True})
    harness.on_event(paid, MATCH_ID)
    harness.on_event(MatchPaid(**match_fields(), amount_fen=20_000), MATCH_ID)
    told = {(n.purpose, n.person_id, n.amount_fen) for n in harness.notices}
    assert {("ledger_disbursed", "P-donor", 20_000), ("payment_made", "P-1", 20_000)} <= told


def test_donor_is_thanked_with_the_link_to_his_receipt_as_audit_serves_it() -> None:
    harness = DecisionHarness()
    fields = disbursed("P-donor").model_dump(exclude={"was_due", "person_id"})
    harness.on_event(LedgerReceived.model_validate(fields), "D-0123456789abcdef0123")
    link = harness.notice.link
    assert (harness.notice.person_id, harness.notice.purpose) == ("P-donor", "ledger_received")
    assert link is not None
    assert (link.service, link.purpose, link.path) == ("audit", "gift.receipt", "g")
    assert link.subject == "D-0123456789abcdef0123"
    assert link.expires_at == START + timedelta(days=365)


def test_money_without_a_donor_tells_nobody() -> None:
    harness = DecisionHarness()
    harness.on_event(disbursed(None), MATCH_ID)
    assert harness.notices == []


def test_notice_holds_no_personal_data() -> None:
    assert not set(Notice.model_fields) & {"phone", "openid", "name", "text"}
