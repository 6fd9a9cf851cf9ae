"""A donor never gives to himself: not by proposal, by claim, by acceptance, nor in a round."""

import json

from services.matching.model.match import AcceptMatch, ClaimNeed
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.interface import Inputs, read_inputs, write_inputs
from services.matching.solver.solve import MinCostFlow
from services.matching.store import PoolContext, build_open_need
from shared.contracts.events import PersonJoined, PersonSeparated
from tests.matching.decisions import DecisionHarness, make_propose, person_id
from tests.support.answers import code

PERSON, SECOND = person_id("r"), person_id("second")


def test_an_offer_of_the_person_who_asks_is_neither_proposed_nor_claimed() -> None:
    decisions = DecisionHarness()
    need, own = decisions.need(), decisions.offer(donor_id=PERSON, mode="both")
    assert code(decisions.command(make_propose(need, own, 10))) == "own_request"
    claim = ClaimNeed(request_id=need, offer_id=own, quantity=10)
    assert code(decisions.command(claim)) == "own_request"
    decisions.propose(decisions.need("somebody"), own, 10)


def test_a_joined_record_of_the_person_who_asks_is_the_same_donor() -> None:
    decisions = DecisionHarness()
    need, own = decisions.need(), decisions.offer(donor_id=SECOND, mode="both")
    decisions.event(PERSON, PersonJoined(person_ids=(PERSON, SECOND)))
    assert code(decisions.command(make_propose(need, own, 10))) == "own_request"
    decisions.event(SECOND, PersonSeparated(person_ids=(PERSON,)))
    decisions.propose(need, own, 10)


def test_a_proposal_from_before_the_records_were_joined_falls_when_it_is_accepted() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(donor_id=SECOND), 10)
    decisions.event(PERSON, PersonJoined(person_ids=(PERSON, SECOND)))
    assert code(decisions.command(AcceptMatch(match_id=id_))) == "own_request"
    assert (decisions.match(id_).state, decisions.match(id_).reason) == ("released", "own_request")
    assert (decisions.offer_of(id_).free, decisions.need_of(id_).remaining) == (100, 50)
    assert "MatchAccepted" not in decisions.list_event_names()


def test_a_round_gives_to_others_and_can_be_replayed() -> None:
    decisions = DecisionHarness()
    need = decisions.get(Need, decisions.need())
    offers = [
        decisions.offer(name, donor_id=donor) for name, donor in (("a", SECOND), ("b", "P-b"))
    ]
    context = PoolContext(own_donors={PERSON: (SECOND,)})
    giving = tuple(decisions.get(Offer, id_).to_open() for id_ in offers)
    inputs = Inputs((build_open_need(need, context),), giving)
    assert [a.offer_id for a in MinCostFlow().decide(inputs).allocations] == [offers[1]]
    assert read_inputs(write_inputs(inputs)).needs == inputs.needs
    plain = write_inputs(Inputs((build_open_need(need),), giving))
    assert "own_donors" not in json.loads(plain)["needs"][0], "an older round's text is unchanged"
