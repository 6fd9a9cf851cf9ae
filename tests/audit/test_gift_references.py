"""One line of a bank is one gift: by the feed, by a file, under whatever id it comes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.audit.model import (
    AnswerGiftQuestion,
    BankFact,
    BankQuestion,
    Contribution,
    Donation,
    EnterWaitingGift,
    derive_contribution_id,
)
from services.audit.statements import Gift, Identities, Layout, read_statement
from services.audit.statements.files import Row
from services.audit.statements.outcomes import name_as_stored
from shared.contracts.envelope import Event
from shared.contracts.events import DonationReceived
from tests.audit.decisions import RULES, MemoryAudit, last_reason, open_audit
from tests.audit.facts import BANK, FUND, NOW, bank_line, event, gift


def stated(id_: str, amount_fen: int = 700, source: str = BANK, **more: Any) -> Event[Any]:
    fields: dict[str, Any] = {
        "donor_id": "P-donor",
        "fund_id": FUND,
        "amount_fen": amount_fen,
        "received_at": NOW,
        "bank_reference": "REF7",
    }
    return event(DonationReceived(**fields | more), id_, source=source)


def receive(*events: Event[Any]) -> MemoryAudit:
    audit = open_audit()
    for each in events:
        audit.receive(each)
    audit.books()
    return audit


def get_state(audit: MemoryAudit, event: Event[Any]) -> Any:
    answer = audit.receive(event).answer
    assert answer is not None
    return answer.body["state"]


def test_one_reference_under_several_ids_is_one_gift_and_another_sum_is_asked() -> None:
    audit = receive(stated("rf-1"))
    again = audit.receive(stated("rf-2"))
    assert again.answer is not None
    assert again.answer.body == {"ledger_id": audit.donation().id, "state": "known"}
    assert get_state(audit, stated("rf-3", 70_000)) == "asked"
    assert audit.fund().received_fen == 700
    for each in ("rf-2", "rf-3"):
        audit.receive(stated(each, 700 if each == "rf-2" else 70_000))
    assert audit.kinds() == ["fund_opened", "donation_received"]


@pytest.mark.parametrize("is_first", [True, False])
def test_each_sum_of_one_giver_under_one_reference_is_asked_about_once(*, is_first: bool) -> None:
    """A salary office sends a batch of which one giver has three rows."""
    audit = receive(stated("b-0", donor_id="P-donor" if is_first else "P-first"))
    sums = (800, 900, 1000)
    for again in ("", "again-"):
        states = [get_state(audit, stated(f"{again}{fen}", fen)) for fen in sums]
        assert states == ["known" if again else "asked"] * 3
        assert get_state(audit, stated(f"{again}third", donor_id="P-third")) == states[0]
    for asked in [each for each in audit.all(Donation).values() if each.is_asked]:
        assert answer_gift(audit, asked, is_another=True) == 200
    assert audit.fund().received_fen == 700 + 700 + sum(sums)
    assert get_state(audit, stated("once-more", 900)) == "known"
    audit.books()


def test_a_file_lists_the_feeds_line_and_the_gift_says_so() -> None:
    listed: dict[str, Any] = {
        "statement": {"statement": "2026-01.csv", "row": 7},
        "own_account": "工行1001",
    }
    audit = receive(stated("rf-1", own_account="工行1001"))
    audit.receive(stated("A-1", source="/bank/demo", **listed))
    assert [row.row for row in audit.donation().statements] == [7]
    [fact] = [each for each in audit.all(BankFact).values() if each.gift_id]
    assert fact.gift_id == audit.donation().id


@pytest.mark.parametrize(
    "more",
    [
        {"bank_reference": "REF8"},
        {"own_account": "建行2002"},
        {"source": "/bank/other"},
        {"received_at": NOW - timedelta(days=4)},
    ],
)
def test_another_line_account_bank_or_week_is_another_gift(more: dict[str, Any]) -> None:
    audit = receive(stated("rf-1"), stated("rf-2", **more))
    assert audit.fund().received_fen == 1400


def answer_gift(audit: MemoryAudit, gift: Donation, *, is_another: bool) -> int:
    command = AnswerGiftQuestion(donation_id=gift.id, is_another=is_another)
    return audit.answer(command, "checker").status


def receive_batch(*amounts_fen: int) -> tuple[MemoryAudit, list[Donation]]:
    """One reference for a whole batch: each amount from a giver of its own. The audit, and those of
    which a person is asked."""
    audit = open_audit()
    for number, amount_fen in enumerate(amounts_fen):
        audit.receive(stated(f"b-{number}", amount_fen, donor_id=f"P-{number}"))
    return audit, [each for each in audit.all(Donation).values() if each.is_asked]


def test_another_giver_under_the_same_reference_is_asked_and_never_dropped() -> None:
    audit = receive(stated("rf-1"))
    second = stated("rf-2", donor_id="P-other")
    first_time = audit.receive(second)
    assert first_time.answer is not None
    assert first_time.answer.body == {"state": "asked"}
    [asked] = [each for each in audit.all(Donation).values() if each.is_asked]
    assert (audit.fund().received_fen, audit.kinds()[-1]) == (700, "donation_received")
    assert (asked.refused, asked.waiting) == (True, False), "no earlier release's job enters it"
    assert answer_gift(audit, asked, is_another=True) == 200
    assert audit.fund().received_fen == 1400
    contribution = audit.get(Contribution, derive_contribution_id(FUND, "P-other"))
    assert contribution.received_fen == 700
    again = audit.receive(stated("rf-3", donor_id="P-other"))
    assert again.answer is not None
    assert again.answer.body == {"ledger_id": asked.id, "state": "known"}
    assert answer_gift(audit, asked, is_another=True) == 409, "it was answered"
    audit.books()


def test_a_batch_of_one_reference_is_asked_gift_by_gift_whatever_the_sums() -> None:
    audit, asked = receive_batch(700, 700, 900)
    assert [each.amount_fen for each in asked] == [700, 900]
    for each in asked:
        answer_gift(audit, each, is_another=True)
    assert audit.fund().received_fen == 2300
    audit.books()


def test_of_the_same_gift_under_another_name_the_log_says_that_it_is_not_entered() -> None:
    audit, [asked] = receive_batch(700, 700)
    assert answer_gift(audit, asked, is_another=False) == 200
    assert (last_reason(audit), audit.fund().received_fen) == ("id_reused", 700)
    same = audit.get(Donation, asked.id)
    assert (same.undone, same.waiting, same.answered_by) == (True, False, "checker")


def test_a_question_that_nobody_answers_is_on_the_log_and_may_still_be_answered() -> None:
    audit, [asked] = receive_batch(700, 700)
    enter = EnterWaitingGift(donation_id=asked.id)
    size = len(audit.kinds())
    audit.execute(enter, "", NOW + timedelta(days=29))
    assert len(audit.kinds()) == size
    for _ in range(2):
        audit.execute(enter, "", NOW + timedelta(days=31))
    assert (last_reason(audit), len(audit.kinds())) == ("id_reused", size + 1)
    answer_gift(audit, asked, is_another=True)
    assert audit.fund().received_fen == 1400
    audit.books()


def test_what_the_bank_takes_back_under_a_shared_reference_is_asked() -> None:
    """It may be either giver's."""
    audit, [asked] = receive_batch(700, 700)
    answer_gift(audit, asked, is_another=True)
    audit.receive(bank_line("", 700, "back", bank_reference="REF7"))
    assert audit.fund().refunded_fen == 0
    [question] = audit.all(BankQuestion).values()
    assert question.is_open


@pytest.mark.parametrize("reference", ["none", "G-0123456789abcdef0123"])
def test_what_no_bank_gave_makes_no_two_gifts_one(reference: str) -> None:
    first, second = (stated(each, bank_reference=reference) for each in ("rf-1", "rf-2"))
    assert receive(first, second).fund().received_fen == 1400


def test_two_gifts_of_one_reference_are_entered_where_a_person_says_so() -> None:
    audit = receive(stated("rf-1"))
    audit.receive(stated("rf-2", distinct_from=(audit.donation().id,)))
    assert audit.fund().received_fen == 1400


def test_what_was_refused_for_its_fund_may_come_again_under_another_id() -> None:
    audit = receive(stated("rf-1", fund_id="UNKNOWN"), stated("rf-2"))
    assert audit.fund().received_fen == 700
    assert len(audit.all(Donation)) == 2


def test_ordinary_gifts_are_as_they_were() -> None:
    assert receive(gift(100), gift(200, "gift-2")).fund().received_fen == 300


def test_a_source_that_reports_gifts_alone_takes_no_other_banks_reference() -> None:
    """Who guesses the number of a line to come does not keep its gift off the ledger."""
    audit, rules = open_audit(), replace(RULES, payment_sources=(BANK,))
    guessed = stated("x", 1, source="/channels/other", own_account="工行1001")
    for each in (guessed, stated("rf-1", 70_000, own_account="工行1001")):
        audit.receive(each, rules=rules)
    assert audit.fund().received_fen == 70_001
    again = audit.receive(stated("x-2", 1, source="/channels/other"), rules=rules)
    assert again.answer is not None
    assert again.answer.body["state"] == "known"


ROWS = [f"B-1,{giver},2026-01-05,{FUND}\n" for giver in ("甲,7", "乙,7", "甲,9")]


def identify(lines: list[str], account: str = "工行 1001") -> dict[str, Row]:
    """By giver and amount."""
    text = "流水号,名称,金额,到账时间,基金\n" + "".join(lines)
    identities, found = Identities(account), {}
    for row in read_statement(text.encode(), "a.csv", Layout()):
        assert isinstance(row, Gift)
        donor_id = f"P-{row.giver['name']}"
        fact = row.fact.model_copy(update={"donor_id": donor_id, "bank_reference": row.reference})
        id_, earlier = identities.assign(row, donor_id), identities.list_earlier(row, donor_id)
        found[f"{row.giver['name']}{fact.amount_fen}"] = Row(row.line, id_, fact, (), earlier)
    return found


@pytest.mark.parametrize("account", ["", "工行 1001"])
def test_rows_that_share_a_reference_have_ids_of_their_content_in_any_order(account: str) -> None:
    """All reach the ledger, which asks; the same row listed twice is one."""
    ids = {name: row.id for name, row in identify(ROWS, account).items()}
    assert len(set(ids.values())) == 3
    for lines in (ROWS[::-1], [ROWS[1], *ROWS, ROWS[2]]):
        assert {name: row.id for name, row in identify(lines, account).items()} == ids
    assert set(ids.values()).isdisjoint({row.id for row in identify(ROWS, "建行 2002").values()})


class Books:
    """What an audit answers to an import, of gifts by the ids of their messages."""

    def __init__(self, gifts: dict[str, Row]) -> None:
        self._gifts = gifts

    def post(self, _path: str, json: Any = None) -> Any:
        return {"gifts": [self._describe(self._gifts.get(id_)) for id_ in json["ids"]]}

    def _describe(self, row: Row | None) -> dict[str, Any] | None:
        return row.fact.model_dump(mode="json", include=COMPARED) if row else None


COMPARED = {"donor_id", "fund_id", "amount_fen", "received_at"}


@pytest.mark.parametrize("lines", [ROWS[:2], ROWS[1::-1]])
def test_what_an_earlier_release_entered_is_found_under_its_own_id(lines: list[str]) -> None:
    """The first giver in the file had the reference's own id then."""
    one, two = identify(ROWS[:2], "").values()
    books = Books({"B-1": one, two.earlier_ids[1]: two})
    rows = identify(lines, "")
    named = name_as_stored(books, BANK, list(rows.values()))
    by_giver = {row.fact.donor_id: row.id for row in named}
    assert by_giver == {"P-甲": "B-1", "P-乙": two.earlier_ids[1]}
    assert name_as_stored(Books({}), BANK, list(rows.values())) == list(rows.values())


def test_what_leaves_under_a_reference_with_two_sums_is_asked_about() -> None:
    """Whether the other sum was a gift, nobody has said yet."""
    audit = receive(stated("rf-1"), stated("rf-2", 900))
    audit.receive(bank_line("", 700, "back", bank_reference="REF7"))
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, audit.fund().refunded_fen) == (True, 0)
