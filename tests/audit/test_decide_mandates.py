"""On whose word money is committed: who gives a mandate, what it carries, and how it ends."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.audit.model import (
    DONOR_BY_LINK,
    ApproveMandate,
    Contribution,
    DeclineMandate,
    DonorConsent,
    GiveMandate,
    Mandate,
    ProposeMandate,
    RevokeMandate,
    SpendingTerms,
    WithdrawMandate,
    derive_contribution_id,
    derive_donation_id,
)
from services.audit.pages.proposals import describe_mandate
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    MandateGranted,
    MandateProposed,
    MandateRevoked,
    OfferRegistered,
)
from shared.contracts.values import Category
from shared.errors import Invalid
from tests.audit.decisions import RULES, MemoryAudit, give_mandate, make_mandate, open_audit
from tests.audit.facts import (
    BANK,
    FUND,
    NOW,
    acceptance,
    event,
    gift,
    mandate_id,
    refund,
    release,
)
from tests.audit.test_decide_corrections import undo

PARTNER = "/partners/two"
CONSENT = DonorConsent(consented_at=NOW, how="电话确认，录音 2026-7")


def make_request(**more: Any) -> ProposeMandate:
    fields: dict[str, Any] = {
        "fund_id": FUND,
        "donor_id": "P-donor",
        "covers": "fund",
        "sum_fen": 33_300,
        "valid_until": NOW + timedelta(days=90),
        "reference": "理事会纪要-3",
    }
    return ProposeMandate(**fields | more)


def propose(audit: MemoryAudit, who: str = "maker", **more: Any) -> str:
    answer = audit.answer(make_request(**more), who)
    assert answer.status == 202
    return str(answer.body["id"])


def make_gifts_mandate(audit: MemoryAudit) -> str:
    """What partner two has of the donor's gifts, given by the donor."""
    id_ = propose(audit, "two", covers="gifts", partner=PARTNER)
    assert audit.answer(GiveMandate(mandate_id=id_)).status == 200
    return id_


def find_obstacle(audit: MemoryAudit) -> str | None:
    """What is wrong with the mandate of the last commitment; None where it was made."""
    event = audit.events[-1][1]
    if isinstance(event, LedgerCommitted):
        return None
    assert isinstance(event, LedgerRefused)
    assert event.reason == "outside_terms"
    assert audit.entries()[-1]["kind"] == "refusal"
    return event.mandate


# --- who gives it ---------------------------------------------------------------------------------


def test_two_people_give_a_mandate_on_a_funds_money() -> None:
    audit = open_audit()
    id_ = propose(audit, source=PARTNER)
    assert audit.answer(ApproveMandate(mandate_id=id_), "maker").status == 409
    assert audit.answer(ApproveMandate(mandate_id=id_), "checker").status == 200
    subject, granted = audit.events[-1]
    assert isinstance(granted, MandateGranted)
    assert (subject, granted.fund_id, granted.donor_id) == (id_, FUND, "P-donor")
    assert (granted.source, granted.sum_fen) == (PARTNER, 33_300)


def test_a_partner_asks_for_gifts_of_a_donor_for_himself_alone() -> None:
    audit = open_audit()
    with pytest.raises(Invalid, match="on a donor's gifts"):
        propose(audit, "two", partner=PARTNER)
    id_ = propose(audit, "two", covers="gifts", partner=PARTNER, source="/partners/other")
    mandate = audit.get(Mandate, id_)
    assert (mandate.source, mandate.state) == (PARTNER, "proposed")
    assert isinstance(audit.events[-1][1], MandateProposed), "the donor is asked"


def test_gifts_need_the_donor_or_his_consent_on_record() -> None:
    audit = open_audit()
    without = propose(audit, "two", covers="gifts", partner=PARTNER)
    answer = audit.answer(ApproveMandate(mandate_id=without), "checker")
    assert (answer.status, answer.body["problems"][0]["code"]) == (409, "donor_answer_needed")
    assert audit.answer(GiveMandate(mandate_id=without)).status == 200
    assert audit.get(Mandate, without).checker == DONOR_BY_LINK
    recorded = propose(audit, "two", covers="gifts", partner=PARTNER, consent=CONSENT)
    assert audit.answer(ApproveMandate(mandate_id=recorded), "two").status == 409
    assert audit.answer(ApproveMandate(mandate_id=recorded), "checker").status == 200


def test_much_of_a_donors_gifts_needs_his_own_word_whatever_a_partner_has_on_record() -> None:
    audit = open_audit()
    fields = {"covers": "gifts", "partner": PARTNER, "consent": CONSENT, "sum_fen": 50_001}
    id_ = propose(audit, "two", **fields)
    answer = audit.answer(ApproveMandate(mandate_id=id_), "checker")
    assert (answer.status, answer.body["problems"][0]["code"]) == (409, "donor_word_needed")
    assert "500.00 元" in answer.body["problems"][0]["zh"]
    assert audit.answer(GiveMandate(mandate_id=id_)).status == 200


def test_a_partner_asks_for_no_more_while_so_many_wait() -> None:
    """Each is a message to a donor; and one that ends at once is counted like the others."""
    audit = open_audit()
    soon = NOW + timedelta(seconds=1)
    fields = {"covers": "gifts", "partner": PARTNER, "valid_until": soon}
    ids = [propose(audit, "two", **fields) for _ in range(RULES.mandate_proposals_max)]
    fields["valid_until"] = soon + timedelta(days=90)
    later = soon + timedelta(hours=1)
    refused = audit.answer(make_request(**fields), "two", later)
    assert (refused.status, refused.body["problems"][0]["code"]) == (409, "mandates_wait")
    assert len([fact for _, fact in audit.events if isinstance(fact, MandateProposed)]) == len(ids)
    other = fields | {"partner": "/partners/three"}
    assert audit.answer(make_request(**other), "three", later).status == 202
    assert audit.answer(make_request(), "maker", later).status == 202, "finance is not counted"
    audit.answer(RevokeMandate(mandate_id=ids[0], partner=PARTNER), "two", later)
    assert audit.answer(make_request(**fields), "two", later).status == 202
    again = audit.answer(make_request(**fields), "two", later)
    assert again.body["problems"][0]["code"] == "mandates_wait"


def approve(audit: MemoryAudit, sum_fen: int, now: datetime = NOW, **more: Any) -> str:
    """By a record; the id, or the code of the refusal."""
    fields = {"covers": "gifts", "partner": PARTNER, "consent": CONSENT, "sum_fen": sum_fen}
    proposed = audit.answer(make_request(**fields | more), "two", now)
    answer = audit.answer(ApproveMandate(mandate_id=str(proposed.body["id"])), "checker", now)
    return str(answer.body["id" if answer.status == 200 else "problems"])


def test_many_mandates_by_a_record_are_counted_as_one() -> None:
    """Whatever the partner and the terms: what is given by a record is the donor's in all."""
    audit = open_audit()
    assert approve(audit, 30_000).startswith("A-")
    assert "donor_word_needed" in approve(audit, 20_001, partner="/partners/three")
    assert approve(audit, 20_000, partner="/partners/three").startswith("A-")
    assert "donor_word_needed" in approve(audit, 1)
    assert approve(audit, 50_000, donor_id="P-another").startswith("A-")
    id_ = propose(audit, "two", covers="gifts", partner=PARTNER, sum_fen=90_000)
    assert audit.answer(GiveMandate(mandate_id=id_)).status == 200, "his own word has no limit"
    assert "donor_word_needed" in approve(audit, 1)


def test_a_mandate_that_ended_soon_is_counted_for_a_year() -> None:
    """Else a partner uses up one after another."""
    audit = open_audit()
    assert approve(audit, 50_000, valid_until=NOW + timedelta(days=1)).startswith("A-")
    later = NOW + timedelta(days=364)
    assert "donor_word_needed" in approve(audit, 1, later, valid_until=later + timedelta(days=1))
    later = NOW + timedelta(days=365)
    assert approve(audit, 50_000, later, valid_until=later + timedelta(days=1)).startswith("A-")


def test_what_was_revoked_unused_counts_no_more() -> None:
    audit = open_audit()
    id_ = approve(audit, 50_000)
    audit.answer(RevokeMandate(mandate_id=id_), "checker")
    assert approve(audit, 50_000).startswith("A-")


def test_a_checker_reads_what_the_donor_himself_answered() -> None:
    """Not the partner's words alone."""
    audit = open_audit()
    fields = {"covers": "gifts", "partner": PARTNER, "consent": CONSENT, "sum_fen": 1_000}
    ids = [propose(audit, "two", **fields) for _ in range(3)]
    assert audit.get(Mandate, ids[0]).to_json()["donor_word"] == "unanswered"
    audit.answer(ApproveMandate(mandate_id=ids[0]), "checker")
    audit.answer(GiveMandate(mandate_id=ids[1]))
    audit.answer(WithdrawMandate(mandate_id=ids[2]))
    words = [audit.get(Mandate, id_).to_json()["donor_word"] for id_ in ids]
    assert words == ["unanswered", "given", "refused"]
    audit.answer(WithdrawMandate(mandate_id=ids[1]))
    assert audit.get(Mandate, ids[1]).donor_word == "refused"
    before = audit.get(Mandate, ids[0]).model_copy(update={"asked_at": None})
    assert before.donor_word == "unasked", "as mandates of earlier versions are"
    assert "donor_word" not in audit.get(Mandate, propose(audit)).to_json()


def test_a_donor_gives_nothing_of_the_funds_own_money() -> None:
    audit = open_audit()
    assert audit.answer(GiveMandate(mandate_id=propose(audit))).status == 404


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"valid_until": NOW}, "mandate_past"),
        ({"reference": ""}, "reference_missing"),
        ({"covers": "gifts", "standing": {"request_fen": 1, "month_fen": 2}}, "standing_of_gifts"),
        ({"standing": {"request_fen": 3, "month_fen": 2}}, "standing_odd"),
        ({"consent": {"consented_at": NOW + timedelta(1), "how": "电话"}}, "consent_in_future"),
    ],
)
def test_what_a_mandate_may_not_say(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_audit().answer(make_request(**wrong))
    assert refused.value.problems[0].code == code


def test_a_mandate_on_no_fund_is_refused() -> None:
    assert open_audit().answer(make_request(fund_id="NONE")).status == 404


# --- what it carries ------------------------------------------------------------------------------


def test_money_that_names_no_mandate_is_refused() -> None:
    audit = open_audit()
    audit.receive(gift(50_000))
    audit.receive(acceptance("M-1", 33_300, mandate_id=None))
    assert find_obstacle(audit) == "missing"
    assert audit.fund().committed_fen == 0


def test_an_installation_that_goes_over_still_takes_what_names_none() -> None:
    rules = replace(RULES, mandates_required=False)
    audit = open_audit()
    audit.receive(gift(50_000))
    audit.receive(acceptance("M-1", 33_300, mandate_id=None), rules=rules)
    audit.receive(acceptance("M-2", 1, mandate_id="A-unknown"), rules=rules)
    assert find_obstacle(audit) == "unknown", "a mandate that is named is checked"
    assert audit.fund().committed_fen == 33_300


@pytest.mark.parametrize(
    ("mandate", "match", "obstacle"),
    [
        ({}, {"mandate_id": "A-nobody"}, "unknown"),
        ({"state": "proposed"}, {}, "ended"),
        ({"state": "revoked"}, {}, "ended"),
        ({"valid_until": NOW}, {}, "ended"),
        ({"fund_id": "OTHER"}, {}, "other_fund"),
        ({"donor_id": "P-somebody"}, {}, "other_donor"),
        ({"source": PARTNER}, {"offer_source": "/partners/one"}, "other_source"),
        ({"source": PARTNER}, {}, "other_source"),
        ({"terms": SpendingTerms(town_codes=("441900101",))}, {}, "outside_terms"),
        ({"terms": SpendingTerms(categories=(Category.MEALS,))}, {}, "outside_terms"),
        ({"sum_fen": 33_299}, {}, "exceeded"),
        ({"covers": "gifts"}, {}, None),
        ({"source": PARTNER}, {"offer_source": PARTNER}, None),
        ({"terms": SpendingTerms(categories=(Category.MEALS,))}, {"category": "meals"}, None),
        ({}, {}, None),
    ],
)
def test_what_a_mandate_carries(
    mandate: dict[str, Any], match: dict[str, Any], obstacle: str | None
) -> None:
    audit = open_audit()
    audit.receive(gift(50_000))
    give_mandate(audit, FUND, **mandate)
    audit.receive(acceptance("M-1", 33_300, **match))
    assert find_obstacle(audit) == obstacle


def test_its_sum_is_for_all_its_matches_and_a_release_gives_back() -> None:
    audit = open_audit()
    audit.receive(gift(90_000))
    give_mandate(audit, FUND, sum_fen=33_300)
    audit.receive(acceptance("M-1", 33_300))
    audit.receive(acceptance("M-2", 1))
    assert find_obstacle(audit) == "exceeded"
    audit.receive(release("M-1", 33_300))
    audit.receive(acceptance("M-3", 33_300))
    assert find_obstacle(audit) is None


def test_gifts_of_a_donor_pay_only_as_far_as_he_gave() -> None:
    audit = open_audit()
    audit.receive(gift(10_000, "his"))
    audit.receive(gift(90_000, "of another", donor="P-other"))
    offered = {"mandate_id": make_gifts_mandate(audit), "offer_source": PARTNER}

    def accept(name: str, amount_fen: int) -> str | None:
        audit.receive(acceptance(name, amount_fen, **offered))
        return find_obstacle(audit)

    assert accept("M-1", 10_001) == "gifts_used"
    assert accept("M-2", 6_000) is None
    assert accept("M-3", 4_001) == "gifts_used"
    audit.receive(refund(derive_donation_id(BANK, "his"), 1_000))
    assert accept("M-4", 3_001) == "gifts_used"
    assert accept("M-5", 3_000) is None


@pytest.mark.parametrize("amount_fen", [1, 33_300])
def test_a_pledge_that_never_arrived_draws_on_nobody_elses_money(amount_fen: int) -> None:
    """He announced it, and others filled the fund: the log says that his match got nothing."""
    audit = open_audit()
    pledged = OfferRegistered(donor_id="P-donor", unit="fen", quantity=33_300, fund_id=FUND)
    audit.receive(event(pledged, "O-1", source="/matching"))
    audit.receive(gift(90_000, "of another", donor="P-other"))
    offered = {"mandate_id": make_gifts_mandate(audit), "offer_source": PARTNER}
    for name, match in (("M-1", offered), ("M-2", {"mandate_id": None})):
        audit.receive(acceptance(name, amount_fen, **match))
        assert audit.entries()[-1]["kind"] == "refusal"
    assert (audit.fund().committed_fen, audit.fund().remaining_fen) == (0, 90_000)


def test_an_undone_commitment_counts_no_more_nor_does_an_undone_gift() -> None:
    audit = open_audit()
    audit.receive(gift(50_000))
    audit.receive(acceptance("M-1", 33_300))
    assert undo(audit, 2).status == 200
    assert audit.get(Mandate, mandate_id(FUND)).used_fen == 0
    contribution = audit.get(Contribution, derive_contribution_id(FUND, "P-donor"))
    assert (contribution.received_fen, contribution.used_fen) == (50_000, 0)
    assert undo(audit, 1).status == 200
    assert audit.get(Contribution, contribution.id).unused_fen == 0


# --- how it ends ----------------------------------------------------------------------------------


def test_a_revoked_mandate_carries_nothing_new_and_what_is_committed_stands() -> None:
    audit = open_audit()
    audit.receive(gift(50_000))
    audit.receive(acceptance("M-1", 10_000))
    assert audit.answer(RevokeMandate(mandate_id=mandate_id(FUND)), "checker").status == 200
    subject, event = audit.events[-1]
    assert isinstance(event, MandateRevoked)
    assert subject == mandate_id(FUND)
    audit.receive(acceptance("M-2", 10_000))
    assert find_obstacle(audit) == "ended"
    assert audit.fund().outstanding_fen == 10_000


def test_a_donor_takes_back_his_word() -> None:
    audit = open_audit()
    id_ = make_gifts_mandate(audit)
    assert audit.answer(WithdrawMandate(mandate_id=id_)).status == 200
    assert audit.get(Mandate, id_).revoked_by == DONOR_BY_LINK
    assert audit.answer(GiveMandate(mandate_id=id_)).status == 409


def test_a_partner_ends_only_what_is_his_to_use() -> None:
    audit = open_audit()
    id_ = make_gifts_mandate(audit)
    other = RevokeMandate(mandate_id=id_, partner="/partners/other")
    assert audit.answer(other).status == 404
    assert audit.answer(RevokeMandate(mandate_id=id_, partner=PARTNER)).status == 200


def test_what_was_declined_is_not_given_later() -> None:
    audit = open_audit()
    id_ = propose(audit, covers="gifts")
    assert audit.answer(DeclineMandate(mandate_id=id_), "checker").status == 200
    assert audit.answer(GiveMandate(mandate_id=id_)).status == 409
    assert audit.answer(ApproveMandate(mandate_id=id_), "checker").status == 409


def test_a_page_says_of_the_donors_word_in_both_languages() -> None:
    mandate = make_mandate("春暖", covers="gifts")
    said = {name: value for _, name, value in describe_mandate(mandate)}["The donor himself"]
    assert said == ("没有请捐赠人本人确认", "was not asked")
