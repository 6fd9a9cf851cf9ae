"""What a donor is told together: 57 proposals are one message, and silence is reminded of first."""

from datetime import timedelta

import pytest

from services.matching.model.donor_digest import (
    WRONG_CODES_MAX,
    DigestRules,
    DonorDigest,
    FinishReply,
    ReplyCode,
    SendDonorDigest,
)
from services.matching.model.match import AcceptMatch, ProposalDue, Propose
from shared.contracts.events import (
    DonorAnswered,
    DonorReplied,
    DonorVerdict,
    MatchAnnounced,
    MatchExpired,
    MatchProposed,
    MatchReminded,
    ProposalsGathered,
)
from tests.matching.decisions import DIGESTS, LIFETIME_S, NOW, DecisionHarness, request_id

COUNT = 57
CODES = ("4821", "1357", "48213")


class DigestHarness(DecisionHarness):
    """One donor's offer of rice, and as many requests for a bag of it as are asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        offer = self.offer(quantity=500, unit="袋", item="大米")
        self.matches: list[str] = []
        for number in range(count):
            self.need(f"r{number}", 1, unit="袋", item="大米")
            self.propose_one(f"r{number}", offer)

    def propose_one(self, name: str, offer: str) -> None:
        data = Propose(
            request_id=request_id(name),
            offer_id=offer,
            number=1,
            quantity=1,
            lifetime_s=LIFETIME_S,
            reminder_s=600,
        )
        answer = self.command(data)
        assert answer is not None
        assert answer.status == 201, answer.body
        self.matches.append(answer.body["match_id"])

    @property
    def digest(self) -> DonorDigest:
        [digest] = [each for each in self.states.values() if isinstance(each, DonorDigest)]
        return digest

    def tell(self, waiting: int, only: str | None = None) -> None:
        """As the job does once it is due."""
        due_at = self.digest.due_at
        assert due_at is not None
        self.now = max(self.now, due_at)
        data = SendDonorDigest(
            aggregate_id=self.digest.id,
            due_at=due_at,
            waiting=waiting,
            only=only,
            match_ids=tuple(self.matches[:waiting]),
            ends_at=NOW + timedelta(seconds=LIFETIME_S),
            codes=CODES,
        )
        self.command(data)

    def reply(
        self,
        code: str,
        *persons: str,
        verdict: DonorVerdict = "accept",
        contact_id: str | None = None,
    ) -> None:
        ids = persons or (self.digest.id,)
        said = DonorReplied(person_ids=ids, verdict=verdict, code=code, contact_id=contact_id)
        self.event("Y-1", said)

    def code(self, number: str) -> ReplyCode:
        return self.get(ReplyCode, number)

    def finish(self, number: str, done: int) -> None:
        """As the job does once it carried the reply out."""
        due_at = self.code(number).due_at
        assert due_at is not None
        self.command(FinishReply(aggregate_id=number, due_at=due_at, done=done))

    def answered(self) -> list[tuple[str, int]]:
        facts = [fact for _, fact in self.facts if isinstance(fact, DonorAnswered)]
        return [(fact.outcome, fact.count) for fact in facts if not fact.is_quiet]

    def returned(self) -> list[str]:
        """Replies whose words a person is to read, by what was made of them."""
        facts = [fact for _, fact in self.facts if isinstance(fact, DonorAnswered)]
        return [fact.outcome for fact in facts if fact.message_id == "Y-1"]

    def pass_deadlines(self) -> None:
        for id_ in self.matches:
            match = self.match(id_)
            if match.due_at is not None:
                self.now = max(self.now, match.due_at)
                self.command(ProposalDue(aggregate_id=id_, due_at=match.due_at))

    def gathered(self) -> list[tuple[str, int]]:
        facts = [fact for _, fact in self.facts if isinstance(fact, ProposalsGathered)]
        return [(fact.news, fact.count) for fact in facts]


def test_many_proposals_are_told_once_and_each_stays_quiet() -> None:
    harness = DigestHarness(COUNT)
    assert harness.digest.due_at == NOW + timedelta(seconds=DIGESTS.wait_s)
    harness.tell(COUNT)
    assert harness.gathered() == [("proposed", COUNT)]
    proposed = [fact for _, fact in harness.facts if isinstance(fact, MatchProposed)]
    assert all(fact.is_quiet for fact in proposed)
    assert harness.digest.due_at is None


def test_one_alone_is_told_as_itself() -> None:
    harness = DigestHarness(1)
    harness.tell(1, harness.matches[0])
    [announced] = [fact for _, fact in harness.facts if isinstance(fact, MatchAnnounced)]
    assert (announced.news, announced.quantity) == ("proposed", 1)
    assert harness.gathered() == []


def test_what_was_answered_meanwhile_is_not_told() -> None:
    harness = DigestHarness(2)
    harness.tell(0)
    assert harness.gathered() == []
    assert harness.digest.told_at is None


def test_a_repeated_or_early_command_tells_nothing() -> None:
    harness = DigestHarness(2)
    due_at = harness.digest.due_at
    assert due_at is not None
    early = SendDonorDigest(aggregate_id=harness.digest.id, due_at=due_at, waiting=2)
    harness.command(early)
    assert harness.gathered() == []
    harness.tell(2)
    harness.command(early)
    assert harness.gathered() == [("proposed", 2)]


def test_silence_is_reminded_of_before_it_counts() -> None:
    harness = DigestHarness(COUNT)
    harness.tell(COUNT)
    harness.pass_deadlines()
    reminded = [fact for _, fact in harness.facts if isinstance(fact, MatchReminded)]
    assert len(reminded) == COUNT
    assert all(fact.gathered for fact in reminded)
    harness.tell(COUNT)
    harness.pass_deadlines()
    expired = [fact for _, fact in harness.facts if isinstance(fact, MatchExpired)]
    assert len(expired) == COUNT
    harness.tell(0)
    assert harness.gathered() == [("proposed", COUNT), ("reminded", COUNT), ("expired", COUNT)]


def test_new_proposals_wait_for_the_gap_and_reminders_do_not() -> None:
    rules = DigestRules(wait_s=60, gap_s=3600)
    told = DonorDigest(id="P-1", told_at=NOW)
    assert told.count("proposed", rules, NOW).due_at == NOW + timedelta(seconds=3600)
    both = told.count("proposed", rules, NOW).count("reminded", rules, NOW)
    assert both.due_at == NOW + timedelta(seconds=60)


# --- the number by which he answers ---


def test_the_number_answers_what_the_message_told_of_once() -> None:
    harness = DigestHarness(3)
    harness.tell(3)
    [gathered] = [fact for _, fact in harness.facts if isinstance(fact, ProposalsGathered)]
    assert gathered.reply_code == CODES[0]
    harness.reply(CODES[0])
    code = harness.code(CODES[0])
    assert (code.verdict, code.match_ids) == ("accept", tuple(harness.matches))
    harness.finish(CODES[0], 3)
    assert harness.code(CODES[0]).due_at is None
    harness.reply(CODES[0], verdict="decline")
    assert harness.code(CODES[0]).verdict == "accept"
    assert harness.answered() == [("accepted", 3), ("stale", 0)]


def test_a_number_that_is_open_is_nobody_elses() -> None:
    harness = DigestHarness(1)
    harness.tell(1)
    other = harness.offer("b", quantity=10, unit="袋", item="大米", donor_id="P-other")
    harness.need("r-other", 1, unit="袋", item="大米")
    harness.propose_one("r-other", other)
    due_at = harness.get(DonorDigest, "P-other").due_at
    assert due_at is not None
    harness.now = due_at
    command = SendDonorDigest(
        aggregate_id="P-other",
        due_at=due_at,
        waiting=1,
        match_ids=(harness.matches[-1],),
        ends_at=NOW + timedelta(seconds=LIFETIME_S),
        codes=CODES,
    )
    harness.command(command)
    assert harness.code(CODES[0]).donor_id != "P-other"
    assert harness.code(CODES[1]).donor_id == "P-other"


@pytest.mark.parametrize("number", [CODES[1], "00000", "9999"])
def test_a_wrong_number_is_answered_honestly_and_not_for_ever(number: str) -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    for _ in range(WRONG_CODES_MAX + 2):
        harness.reply(number)
    wrong = [("unknown", 0)] * WRONG_CODES_MAX
    assert harness.answered() == [*wrong, ("locked", 0)], "that it is locked is said, once a day"
    harness.reply(CODES[0])
    assert harness.code(CODES[0]).verdict is None, "guessing locks the day, right or wrong"
    assert harness.returned() == ["unknown"] * WRONG_CODES_MAX + ["locked"] * 3
    harness.now += timedelta(days=1)
    harness.reply(CODES[0])
    assert harness.answered()[-1] == ("stale", 0), "the number has run out meanwhile"


def test_another_person_answers_nothing_by_it() -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    harness.reply(CODES[0], "P-stranger")
    assert harness.code(CODES[0]).verdict is None
    assert harness.answered() == [("unknown", 0)]


def test_on_a_shared_phone_the_number_says_whose_answer_it_is() -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    harness.reply(CODES[0], "P-sister", harness.digest.id)
    assert harness.code(CODES[0]).verdict == "accept"


def test_wrong_numbers_are_counted_for_the_phone_and_not_for_who_is_named_first() -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    donor_id = harness.digest.id
    for number in range(WRONG_CODES_MAX + 1):
        phone = ("P-brother", donor_id) if number % 2 else (donor_id, "P-brother")
        harness.reply("00000", *phone)
    assert harness.answered()[-1] == ("locked", 0), "in whatever order they are named"
    harness.reply(CODES[0], "P-brother", donor_id)
    assert harness.code(CODES[0]).verdict is None
    harness.reply(CODES[0], donor_id)
    assert harness.code(CODES[0]).verdict == "accept", "his own other phone is not locked by it"


def test_who_types_another_name_at_the_phone_guesses_no_more_numbers() -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    donor_id = harness.digest.id
    for number in range(WRONG_CODES_MAX + 1):
        harness.reply("00000", donor_id, f"P-typed-{number}", contact_id="contact-1")
    assert harness.answered()[-1] == ("locked", 0)
    harness.reply(CODES[0], donor_id, "P-typed-9", contact_id="contact-1")
    assert harness.code(CODES[0]).verdict is None
    harness.reply(CODES[0], donor_id, contact_id="contact-2")
    assert harness.code(CODES[0]).verdict == "accept", "his own other phone is not locked by it"


def test_a_reply_that_changed_nothing_is_said_so() -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    harness.reply(CODES[0], verdict="decline")
    harness.finish(CODES[0], 0)
    assert harness.answered() == [("stale", 0)]


def test_silence_is_reminded_of_before_it_counts_against_anyone() -> None:
    """Asked, reminded, and only at the end counted: against his reliability, never as a no."""
    harness = DigestHarness(1)
    [match_id] = harness.matches
    remind_at = harness.match(match_id).due_at
    assert remind_at is not None
    assert remind_at < harness.match(match_id).expires_at
    harness.now = remind_at
    harness.command(ProposalDue(aggregate_id=match_id, due_at=remind_at))
    assert isinstance(harness.last(), MatchReminded)
    assert harness.match(match_id).state == "proposed"
    assert (harness.offer_of(match_id).expired, harness.offer_of(match_id).unreliability) == (0, 0)
    ends_at = harness.match(match_id).due_at
    assert ends_at == harness.match(match_id).expires_at
    harness.now = ends_at
    harness.command(ProposalDue(aggregate_id=match_id, due_at=ends_at))
    assert isinstance(harness.last(), MatchExpired)
    assert harness.offer_of(match_id).expired == 1
    need = harness.need_of(match_id)
    assert need.excluded_donors == ()
    assert need.list_silent_donors(NOW) == (harness.digest.id,)


# --- without a number ---


def list_questions(harness: DigestHarness, after: int) -> list[tuple[str, int]]:
    """By which number he is asked, and how many it answers."""
    kinds = (MatchAnnounced, ProposalsGathered)
    facts = [fact for _, fact in harness.facts[after:] if isinstance(fact, kinds)]
    return [(fact.reply_code, getattr(fact, "count", 1)) for fact in facts]


def test_a_yes_alone_is_about_the_one_proposal_that_waits() -> None:
    harness = DigestHarness(1)
    harness.tell(1, harness.matches[0])
    harness.reply("")
    assert harness.code(CODES[0]).verdict == "accept"
    harness.finish(CODES[0], 1)
    assert harness.answered() == [("accepted", 1)]


def test_a_no_alone_declines_the_one_proposal_that_waits() -> None:
    harness = DigestHarness(1)
    harness.tell(1, harness.matches[0])
    harness.reply("", verdict="decline")
    assert harness.code(CODES[0]).verdict == "decline"
    harness.finish(CODES[0], 1)
    assert harness.answered() == [("declined", 1)]


@pytest.mark.parametrize("verdict", ["accept", "decline"])
def test_of_several_he_is_asked_which_once_a_day(verdict: DonorVerdict) -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    before = len(harness.facts)
    harness.reply("", verdict=verdict)
    assert harness.code(CODES[0]).verdict is None
    assert list_questions(harness, before) == [(CODES[0], 2)]
    harness.reply("")
    assert list_questions(harness, before) == [(CODES[0], 2)]
    assert harness.returned() == ["unknown"], "then a person reads it"
    assert harness.answered() == [], "and he wrote no number that was wrong"
    harness.reply(CODES[0])
    assert harness.code(CODES[0]).verdict == "accept"


def test_what_was_answered_is_none_of_several() -> None:
    harness = DigestHarness(2)
    harness.tell(2)
    first, second = harness.matches
    harness.command(AcceptMatch(match_id=first), "donor")
    harness.reply("")
    assert harness.match(second).state == "proposed"
    assert harness.code(CODES[0]).verdict == "accept"


def test_from_a_phone_of_several_he_is_asked_by_his_own_contact() -> None:
    harness = DigestHarness(1)
    harness.tell(1, harness.matches[0])
    before = len(harness.facts)
    harness.reply("", "P-sister", harness.digest.id)
    assert harness.code(CODES[0]).verdict is None
    assert list_questions(harness, before) == [(CODES[0], 1)]


@pytest.mark.parametrize("is_late", [False, True])
def test_where_nothing_waits_a_yes_alone_is_read_by_a_person(is_late: bool) -> None:
    harness = DigestHarness(1)
    harness.tell(1, harness.matches[0])
    if is_late:
        harness.now = NOW + timedelta(seconds=LIFETIME_S)
    harness.reply("", *([] if is_late else ["P-stranger"]))
    assert harness.code(CODES[0]).verdict is None
    assert harness.returned() == ["unknown"]
    assert harness.answered() == []


def test_a_phone_that_guessed_numbers_is_locked_for_a_yes_alone_too() -> None:
    harness = DigestHarness(1)
    harness.tell(1, harness.matches[0])
    for _ in range(WRONG_CODES_MAX):
        harness.reply("0000")
    harness.reply("")
    assert harness.code(CODES[0]).verdict is None
