"""Whom one phone reaches: matching hears of it, so that nobody gives to himself by two names."""

from typing import Any

from services.intake.decide.identities import BESIDE_MAX
from services.intake.model import WECHAT_SOURCE, BindOpenid
from services.intake.vault.persons import derive_point_id, seal_openid
from services.intake.vault.prepare import make_binding
from shared.contracts.events import PersonJoined
from shared.messaging.decision import Decision
from tests.intake.builders import COMMANDS, PHONE, VAULT, make_command
from tests.intake.test_decide_identities import OTHER_PHONE, IdentityHarness


class Listening(IdentityHarness):
    """With what was emitted of persons."""

    def __init__(self, *states: Any) -> None:
        super().__init__(*states)
        self.told: list[PersonJoined] = []

    def save(self, decision: Decision) -> Decision:
        self.told += [fact for _, fact in decision.events if isinstance(fact, PersonJoined)]
        return super().save(decision)


def test_matching_hears_of_two_names_at_one_phone_once() -> None:
    """The donor who asks under another name there would give to himself."""
    harness = Listening()
    donor = harness.register("city", name="张三", phone=PHONE)
    person = harness.ask("1", name="李四", phone=PHONE)
    rows = [(fact.person_ids, fact.beside_ids) for fact in harness.told]
    assert rows == [((person,), tuple(sorted((donor, person))))]
    harness.ask("2", name="李四", phone=PHONE)
    harness.register("city", name="张三", phone=PHONE)
    assert len(harness.told) == 1
    for n in range(5):
        harness.ask(f"c{n}", name=f"老{n}", phone=OTHER_PHONE, contact_of="collector")
    assert len(harness.told) == 1


def test_a_donor_who_is_registered_where_somebody_asked_is_heard_of_too() -> None:
    harness = Listening()
    person = harness.ask("1", name="李四", phone=PHONE)
    donor = harness.register("city", name="张三", phone=PHONE)
    assert [fact.beside_ids for fact in harness.told] == [tuple(sorted((donor, person)))]


def test_an_account_that_is_bound_to_the_phone_is_the_same_phone() -> None:
    harness = Listening()
    donor = harness.register("city", name="张三", phone=PHONE)
    openid = "oTEST_1"
    point_id = derive_point_id(VAULT, openid=openid)
    binding = make_binding(VAULT, PHONE, seal_openid(VAULT, openid), point_id)
    harness.handle(COMMANDS[BindOpenid], make_command(binding))
    person = harness.ask("1", WECHAT_SOURCE, name="李四", wechat_openid=openid)
    assert person != donor
    assert [fact.beside_ids for fact in harness.told] == [tuple(sorted((donor, person)))]


def test_a_phone_of_many_is_an_offices_but_for_a_donor() -> None:
    harness = Listening()
    for n in range(25):
        harness.ask(f"m{n}", name=f"王{n}号", phone=PHONE)
    assert len(harness.told) == BESIDE_MAX - 1
    donor = harness.register("city", name="张三", phone=PHONE)
    last = harness.told[-1].beside_ids
    assert last is not None
    assert donor in last
    assert len(last) == 26
