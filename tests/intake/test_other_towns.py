"""What staff of one town read of a person whom another town registered."""

from services.intake import person_views
from services.intake.model import Person, Request
from services.intake.vault.persons import narrow_person
from shared.scope import Scope
from tests.intake.builders import (
    CHASHAN,
    PHONE,
    SHIJIE,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
    make_submission,
)

ID_NUMBER = "441999194910011238"
OWN_PHONE = "+8613900139000"


class TownsHarness(DecisionHarness):
    def record(self, by: str, area: str, **applicant: str) -> Request:
        asked = make_submission(applicant={"name": "张三", **applicant}, area={"town_code": area})
        decided = self.decide_submission(make_command(asked, key=f"{by}|m-{area}"))
        return self.request(get_body(decided)["request_id"])

    def export(self, request: Request, area: str) -> dict[str, object]:
        person = self.narrow(request, area)
        return person_views.describe_export(VAULT, person, [request], [], [])

    def narrow(self, request: Request, area: str) -> Person:
        return narrow_person(self.person(request.person_id), Scope(area=area), {request.source})


def test_who_knows_a_name_and_a_phone_reads_no_id_number() -> None:
    harness = TownsHarness()
    theirs = harness.record("shijie", SHIJIE, phone=PHONE, id_number=ID_NUMBER)
    own = harness.record("chashan", CHASHAN, phone=PHONE)
    assert own.person_id == theirs.person_id
    page = harness.export(own, CHASHAN)
    assert (page["name"], page["phone"]) == ("张三", PHONE), "what was entered here"
    assert ID_NUMBER not in str(page)
    assert ID_NUMBER[-4:] not in str(page["id_number"])
    assert page["town_zh"] == ""
    assert harness.export(theirs, SHIJIE)["id_number"] == ID_NUMBER
    assert harness.export(theirs, "")["id_number"] == ID_NUMBER


def test_who_knows_a_name_and_an_id_number_reads_no_phone() -> None:
    harness = TownsHarness()
    theirs = harness.record("shijie", SHIJIE, phone=PHONE, id_number=ID_NUMBER)
    own = harness.record("chashan", CHASHAN, phone=OWN_PHONE, id_number=ID_NUMBER)
    assert own.person_id == theirs.person_id
    page = harness.export(own, CHASHAN)
    assert page["phone"] == OWN_PHONE
    assert PHONE not in str(page)
    assert OWN_PHONE not in str(harness.export(theirs, SHIJIE)), "nor the other way round"


def test_what_a_channel_brought_is_read_where_it_brought_it() -> None:
    harness = TownsHarness()
    theirs = harness.record("/channels/grid", SHIJIE, phone=PHONE)
    own = harness.record("chashan", CHASHAN, phone=PHONE)
    kept = harness.narrow(theirs, SHIJIE).registrations
    assert [row.speaker.source for row in kept] == ["/channels/grid"]
    kept = harness.narrow(own, CHASHAN).registrations
    assert [row.speaker.source for row in kept] == ["chashan"]


def test_a_village_reads_what_its_town_entered() -> None:
    harness = TownsHarness()
    theirs = harness.record("chashan", CHASHAN, phone=PHONE)
    person = narrow_person(harness.person(theirs.person_id), Scope(area=f"{CHASHAN}001"), ())
    assert len(person.registrations) == 1
