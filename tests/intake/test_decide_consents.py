"""What a person agreed to, what follows from its end, and who speaks for a child."""

from datetime import date
from typing import Any

import pytest

from services.intake.history import list_own
from services.intake.model import (
    WEB_SOURCE,
    ApproveRequest,
    SeenPerson,
    VouchForPerson,
    Vouching,
)
from services.intake.model.consent import (
    CONSENT_LASTS,
    Consent,
    EndConsent,
    GiveConsent,
    is_given,
    is_refused,
)
from services.intake.pages.consents import list_consents
from shared.contracts.events import RequestWithdrawn
from shared.id_numbers import find_child_until
from shared.messaging.decision import Decision
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    PHONE,
    SHIJIE,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_submission,
)


class ConsentHarness(DecisionHarness):
    def ask(
        self, message: str = "m-1", area: dict[str, str] | None = None, **applicant: Any
    ) -> str:
        named = {"name": "张三", "phone": PHONE, **applicant}
        asked = make_submission(applicant=named, area=area or {"town_code": CHASHAN})
        body = get_body(self.submit(asked, message))
        return str(body["request_id"])

    def ask_on_the_page(self, message: str, phone: str = PHONE) -> Decision:
        asked = make_submission(applicant={"name": "张三", "phone": phone}, channel="web")
        return self.decide_submission(make_command(asked, key=f"{WEB_SOURCE}|{message}"))

    def give(self, request_id: str, purpose: str = "handling", **more: Any) -> Decision:
        data = GiveConsent.model_validate(
            {"request_id": request_id, "purpose": purpose, "way": "paper", "by": "s-1", **more}
        )
        return self.handle(COMMANDS[GiveConsent], make_command(data, key=""))

    def end(
        self, request_id: str, purpose: str = "handling", area: str = "", by: str = ""
    ) -> Decision:
        data = EndConsent.model_validate(
            {"request_id": request_id, "purpose": purpose, "area": area, "by": by}
        )
        return self.handle(COMMANDS[EndConsent], make_command(data, key=""))

    def vouch(self, request_id: str) -> Decision:
        data = VouchForPerson(
            request_id=request_id, by="s-9", vouching=Vouching(seen=SeenPerson(manner="visit"))
        )
        return self.handle(COMMANDS[VouchForPerson], make_command(data, key=""))

    def approve(self, request_id: str) -> Decision:
        data = ApproveRequest(
            request_id=request_id, levels=("village", "town", "city"), approver_id="s-9"
        )
        return self.handle(COMMANDS[ApproveRequest], make_command(data, key=""))

    def is_given(self, request_id: str, purpose: Any) -> bool:
        person = self.person(self.request(request_id).person_id)
        return is_given(person.consents, purpose, self.now)


def get_code(decision: Decision) -> str:
    return str(get_body(decision)["problems"][0]["code"])


# --- given and ended ------------------------------------------------------------------------------


def test_consent_holds_for_its_purpose_until_its_day() -> None:
    harness = ConsentHarness()
    id_ = harness.ask()
    person = harness.person(harness.request(id_).person_id)
    assert not is_refused(person.consents, "history", harness.now), "nobody asked"
    harness.give(id_, "history")
    assert harness.is_given(id_, "history")
    assert not harness.is_given(id_, "delivery")
    harness.later(days=CONSENT_LASTS.days + 1)
    assert not harness.is_given(id_, "history")
    person = harness.person(person.id)
    assert is_refused(person.consents, "history", harness.now)
    harness.give(id_, "history")
    assert harness.is_given(id_, "history")


def test_without_consent_to_handling_nothing_is_worked_on_any_more() -> None:
    harness = ConsentHarness()
    ids = [harness.ask(message) for message in ("m-1", "m-2")]
    decision = harness.end(ids[0])
    assert list_facts(decision) == ["RequestWithdrawn", "RequestWithdrawn"]
    assert {harness.request(id_).state for id_ in ids} == {"withdrawn"}
    assert not harness.person(harness.request(ids[0]).person_id).unfinished
    assert list_facts(harness.end(ids[0])) == []


def test_staff_of_an_area_end_what_is_there_alone() -> None:
    """Whoever knows a name and a phone records a request in his own town for that person."""
    harness = ConsentHarness()
    here = harness.ask()
    there = harness.ask("m-2", area={"town_code": SHIJIE})
    harness.give(there)
    ended = harness.end(here, area=CHASHAN, by="s-1")
    assert list_facts(ended) == ["RequestWithdrawn"]
    ((_, fact),) = ended.events
    assert isinstance(fact, RequestWithdrawn)
    assert fact.by_staff, "he is sent a notice"
    assert (harness.request(here).state, harness.request(there).state) == ("withdrawn", "open")
    assert harness.is_given(there, "handling"), "that town goes on by it"
    assert get_body(ended)["given"]
    assert get_body(harness.end(there, area=SHIJIE, by="s-2"))["withdrawn"] == [there]
    assert not harness.is_given(there, "handling")


def test_he_himself_and_staff_of_the_city_end_it_everywhere() -> None:
    for by in ("", "s-city"):
        harness = ConsentHarness()
        ids = [harness.ask(), harness.ask("m-2", area={"town_code": SHIJIE})]
        harness.end(ids[0], by=by)
        assert {harness.request(id_).state for id_ in ids} == {"withdrawn"}


def test_the_history_of_each_case_says_who_noted_the_end() -> None:
    harness = ConsentHarness()
    ids = [harness.ask(message) for message in ("m-1", "m-2")]
    harness.end(ids[0], area=CHASHAN, by="s-1")
    for id_ in ids:
        (line,) = [part for part in list_own(harness.request(id_)) if "同意" in part.zh]
        assert line.at == harness.now
        assert "s-1" in line.zh


def test_ending_another_purpose_touches_no_request() -> None:
    harness = ConsentHarness()
    id_ = harness.ask()
    assert get_code(harness.end(id_, "delivery")) == "consent_absent"
    harness.give(id_, "delivery")
    assert list_facts(harness.end(id_, "delivery")) == []
    assert harness.request(id_).state == "open"
    assert not harness.is_given(id_, "delivery")


def test_staff_of_elsewhere_note_nothing() -> None:
    harness = ConsentHarness()
    id_ = harness.ask()
    assert get_code(harness.give(id_, area=SHIJIE)) == "request_unknown"
    assert get_code(harness.end(id_, area=SHIJIE)) == "request_unknown"


@pytest.mark.parametrize("purpose", ["delivery", "history", "publicity"])
def test_what_holds_in_every_town_staff_note_where_the_person_is_registered(purpose: str) -> None:
    """Whoever knows a name and a phone records a request of his own for that person: by it he would
    read what another town gave, give away a phone, or take a consent back."""
    harness = ConsentHarness()
    here = harness.ask()
    there = harness.ask("m-2", area={"town_code": SHIJIE})
    assert get_code(harness.give(there, purpose, area=SHIJIE)) == "person_elsewhere"
    assert not harness.is_given(there, purpose)
    harness.give(here, purpose, area=CHASHAN)
    assert get_code(harness.end(there, purpose, area=SHIJIE, by="s-2")) == "person_elsewhere"
    assert harness.is_given(there, purpose)
    harness.end(there, purpose)
    assert not harness.is_given(there, purpose), "his own word, from any page of his"
    harness.give(there, purpose, by="s-city")
    assert harness.is_given(there, purpose), "and staff of the whole city"


def test_who_knows_a_name_and_a_phone_says_nothing_in_the_persons_place() -> None:
    """He asks on the public page, and has the link to what he asked."""
    harness = ConsentHarness()
    own = harness.ask()
    harness.give(own, "delivery", by_guardian=True)
    person = harness.person(harness.request(own).person_id)
    stranger = str(get_body(harness.ask_on_the_page("w-1"))["request_id"])
    assert harness.request(stranger).person_id == person.id
    assert get_code(harness.end(stranger)) == "consent_unproven"
    harness.give(stranger, "delivery", way="typed", by="")
    assert harness.person(person.id).consents == person.consents
    harness.give(stranger, "history", way="typed", by="", by_guardian=True)
    assert harness.person(person.id).consents == person.consents
    assert not harness.request(stranger).typed_consents["history"].by_guardian
    assert harness.request(own).state == "open"


def test_what_was_ticked_on_the_public_page_holds_for_that_request_alone() -> None:
    harness = ConsentHarness()
    own = harness.ask()
    typed = [str(get_body(harness.ask_on_the_page(each))["request_id"]) for each in ("w-1", "w-2")]
    harness.give(typed[0], "delivery", way="typed", by="")
    person = harness.person(harness.request(own).person_id)
    assert {harness.request(id_).person_id for id_ in typed} == {person.id}
    assert person.consents == {}
    assert not harness.is_given(own, "delivery")

    def list_states(id_: str) -> list[str]:
        typed_here = harness.request(id_).typed_consents
        rows = list_consents(harness.person(person.id).consents, harness.now, typed_here)
        return [row.state for row in rows if row.purpose == "delivery"]

    assert [list_states(id_) for id_ in (*typed, own)] == [["given"], ["unasked"], ["unasked"]]
    harness.end(typed[0], "delivery", by="s-1")
    assert [list_states(id_) for id_ in (*typed, own)] == [["ended"]] * 3, "her own no is for all"


def test_what_was_ticked_before_this_was_told_apart_is_nobodys_word() -> None:
    harness = ConsentHarness()
    id_ = harness.ask()
    person = harness.person(harness.request(id_).person_id)
    old = Consent(given_at=harness.now, until=harness.now + CONSENT_LASTS, way="typed")
    harness.save(Decision(states=(person.model_copy(update={"consents": {"history": old}}),)))
    assert not harness.is_given(id_, "history")
    harness.later(days=CONSENT_LASTS.days + 1)
    assert not is_refused(harness.person(person.id).consents, "history", harness.now)


def test_who_asks_on_the_page_learns_of_no_phone_whether_the_house_knows_it() -> None:
    """Somebody met 张三: his own request opened. One that is typed in his name waits as one for
    nobody, with no class of his, until somebody of the house says that it is his."""
    harness = ConsentHarness()
    own = harness.request(harness.ask())
    assert own.sighting is not None
    typed = [
        harness.request(str(get_body(harness.ask_on_the_page(message, phone))["request_id"]))
        for message, phone in (("w-1", PHONE), ("w-2", "+8613800138009"))
    ]
    assert [each.person_id == own.person_id for each in typed] == [True, False]
    seen = [(each.state, each.waits_for, each.beneficiary_class) for each in typed]
    assert seen[0] == seen[1]
    assert "phone_unproven" in typed[0].waits_for
    assert list_facts(harness.vouch(typed[0].id)) == ["RequestOpened"]


# --- children -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "born_on", "until"),
    [
        ("44199920100301001X", None, date(2024, 3, 1)),
        (None, date(2012, 2, 29), date(2026, 3, 1)),
        (None, None, None),
    ],
)
def test_a_child_is_one_until_his_fourteenth_birthday(
    number: str | None, born_on: date | None, until: date | None
) -> None:
    assert find_child_until(number, born_on) == until


def test_a_childs_request_waits_for_his_guardian() -> None:
    """It would open by itself; the guardian's word opens it, nobody else's, and no approver may go
    before him."""
    harness = ConsentHarness()
    id_ = harness.ask(born_on="2010-05-01")
    assert harness.request(id_).waits_for == ("guardian_missing",)
    assert get_code(harness.approve(id_)) == "guardian_absent"
    assert list_facts(harness.give(id_)) == []
    assert harness.request(id_).state == "recorded"
    assert list_facts(harness.give(id_, by_guardian=True)) == ["RequestOpened"]
    assert harness.request(id_).state == "open"
    second = harness.ask("m-2", born_on="2010-05-01")
    assert harness.request(second).state == "open", "he agreed for two years"


def test_a_guardians_word_noted_in_one_area_opens_nothing_elsewhere() -> None:
    harness = ConsentHarness()
    here = harness.ask(born_on="2010-05-01")
    there = harness.ask("m-2", area={"town_code": SHIJIE}, born_on="2010-05-01")
    harness.give(here, by_guardian=True, area=CHASHAN)
    assert (harness.request(here).state, harness.request(there).state) == ("open", "recorded")
    assert harness.request(there).needs_guardian
    assert get_code(harness.give(there, area=SHIJIE)) == "person_elsewhere", "no guardian's word"
    harness.give(there, by_guardian=True, area=SHIJIE, by="s-2")
    assert not harness.request(there).needs_guardian
    (line,) = [part for part in list_own(harness.request(there)) if "监护人已同意" in part.zh]
    assert "s-2" in line.zh


def test_a_guardians_word_noted_elsewhere_speaks_for_nothing_that_comes_later() -> None:
    harness = ConsentHarness()
    harness.ask(born_on="2010-05-01")
    there = harness.ask("m-2", area={"town_code": SHIJIE}, born_on="2010-05-01")
    harness.give(there, by_guardian=True, area=SHIJIE)
    later = harness.ask("m-3", born_on="2010-05-01")
    assert harness.request(later).needs_guardian


def test_several_requests_of_a_child_are_not_opened_under_one_count() -> None:
    harness = ConsentHarness()
    ids = [harness.ask(message, born_on="2010-05-01") for message in ("m-1", "m-2", "m-3")]
    assert list_facts(harness.give(ids[0], by_guardian=True)) == ["RequestOpened"]
    waiting = [harness.request(id_) for id_ in ids if harness.request(id_).state == "recorded"]
    assert [each.waits_for for each in waiting] == [("person_often",)] * 2


def test_who_is_grown_up_agrees_for_himself_and_no_birthday_is_stored() -> None:
    harness = ConsentHarness()
    grown = harness.ask(born_on="2008-01-20")
    assert harness.request(grown).state == "open", "14 today"
    child = harness.ask("m-2", name="张小三", born_on="2008-01-21")
    assert harness.request(child).state == "recorded"
    stored = repr([harness.request(child), harness.person(harness.request(child).person_id)])
    assert "2008" not in stored
