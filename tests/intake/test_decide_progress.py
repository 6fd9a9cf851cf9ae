"""What matching says of a request, until it is closed."""

from hypothesis import given
from hypothesis import strategies as st

from services.intake import events
from services.intake.model import RequestState, WithdrawRequest
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    MatchReopened,
)
from tests.intake.making import RULES, VAULT, Memory, command, facts, match, submitted, told

EVENTS = events.events(VAULT, RULES)
COMMANDS = events.commands(VAULT, RULES)


def opened(quantity: int = 20_000) -> tuple[Memory, str]:
    memory = Memory()
    asked = submitted(need={"unit": "fen", "quantity": quantity})
    return memory, told(memory.submit(asked))["request_id"]


def test_a_commitment_is_progress_and_closes_nothing() -> None:
    memory, id_ = opened()
    decision = memory.handle(
        EVENTS[MatchCommitted], match(MatchCommitted, memory.request(id_), 20_000)
    )
    assert not decision.events
    assert memory.request(id_).committed_quantity == 20_000
    assert memory.request(id_).confirmed_quantity == 0


def test_it_closes_when_everything_needed_is_confirmed() -> None:
    memory, id_ = opened()
    request = memory.request(id_)
    for part in ("M-1", "M-2"):
        memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, 10_000, part))
    first = memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, request, 10_000, "M-1"))
    assert not first.events
    last = memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, request, 10_000, "M-2"))
    assert facts(last) == ["RequestClosed"]
    assert memory.request(id_).state is RequestState.CLOSED


def test_once_closed_the_person_is_free_and_waits_for_nothing() -> None:
    memory, id_ = opened()
    request = memory.request(id_)
    memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, 20_000))
    memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, request, 20_000))
    person = memory.person(request.person_id)
    assert not person.unfinished
    assert not person.awaiting
    assert told(memory.submit(message="m-2"))["decision"] == "opened"


def test_deliveries_wait_for_confirmation_oldest_first() -> None:
    memory, id_ = opened()
    request = memory.request(id_)
    for part in ("M-2", "M-1"):
        memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, 1, part))
    assert memory.person(request.person_id).awaiting == ("M-2", "M-1")


def test_a_released_match_counts_no_more() -> None:
    memory, id_ = opened()
    request = memory.request(id_)
    memory.handle(EVENTS[MatchCommitted], match(MatchCommitted, request, 20_000))
    memory.handle(EVENTS[MatchReleased], match(MatchReleased, request, 20_000))
    assert memory.request(id_).committed_quantity == 0
    assert memory.request(id_).state is RequestState.OPEN


def test_what_was_withdrawn_does_not_close() -> None:
    memory, id_ = opened()
    request = memory.request(id_)
    memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, 20_000))
    memory.handle(COMMANDS[WithdrawRequest], command(WithdrawRequest(request_id=id_)))
    late = memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, request, 20_000))
    assert not late.events
    assert memory.request(id_).state is RequestState.WITHDRAWN
    assert memory.request(id_).confirmed_quantity == 20_000


def test_a_match_of_an_unknown_request_changes_nothing() -> None:
    elsewhere, id_ = opened()
    stray = match(MatchConfirmed, elsewhere.request(id_), 1)
    decision = Memory().handle(EVENTS[MatchConfirmed], stray)
    assert not decision.states
    assert not decision.events


@given(st.lists(st.integers(1, 500), min_size=1, max_size=6), st.integers(1, 1500))
def test_it_closes_exactly_once_and_only_when_enough_came(parts: list[int], need: int) -> None:
    memory, id_ = opened(need)
    closed = 0
    for number, quantity in enumerate(parts):
        request = memory.request(id_)
        arrived = match(MatchConfirmed, request, quantity, f"M-{number}")
        closed += len(memory.handle(EVENTS[MatchConfirmed], arrived).events)
    assert closed == (1 if sum(parts) >= need else 0)
    assert memory.request(id_).confirmed_quantity == sum(parts)


# --- it did not arrive after all ---


def confirmed(quantity: int = 20_000) -> tuple[Memory, str]:
    """Closed: everything that was needed is confirmed."""
    memory, id_ = opened(quantity)
    request = memory.request(id_)
    memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, quantity))
    memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, request, quantity))
    assert memory.request(id_).state is RequestState.CLOSED
    return memory, id_


def reopened(memory: Memory, id_: str, was: str, quantity: int = 20_000) -> list[str]:
    again = match(MatchReopened, memory.request(id_), quantity, was=was)
    return facts(memory.handle(EVENTS[MatchReopened], again))


def test_closed_request_reopens_when_what_was_confirmed_did_not_arrive() -> None:
    memory, id_ = confirmed()
    assert reopened(memory, id_, "confirmed") == ["RequestReopened"]
    request = memory.request(id_)
    assert (request.state, request.confirmed_quantity) == (RequestState.OPEN, 0)
    assert told(memory.submit(message="m-2"))["decision"] == "duplicate"
    part = match(MatchConfirmed, request, 20_000, "M-2")
    assert facts(memory.handle(EVENTS[MatchConfirmed], part)) == ["RequestClosed"]


def test_request_like_it_that_came_meanwhile_stays_the_unfinished_one() -> None:
    memory, id_ = confirmed()
    newer = told(memory.submit(message="m-2"))["request_id"]
    reopened(memory, id_, "confirmed")
    person = memory.person(memory.request(id_).person_id)
    assert [entry.request_id for entry in person.unfinished.values()] == [newer]


def test_delivery_that_did_not_arrive_is_on_its_way_again_and_not_awaited() -> None:
    memory, id_ = opened()
    request = memory.request(id_)
    memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, 20_000))
    assert reopened(memory, id_, "delivered") == []
    assert memory.request(id_).matches["M-1"].stage == "committed"
    assert memory.person(request.person_id).awaiting == ()


def test_withdrawn_request_stays_withdrawn_whatever_did_not_arrive() -> None:
    memory, id_ = opened()
    request = memory.request(id_)
    memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, 10_000))
    memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, request, 10_000))
    memory.handle(COMMANDS[WithdrawRequest], command(WithdrawRequest(request_id=id_)))
    assert reopened(memory, id_, "confirmed", 10_000) == []
    assert memory.request(id_).state is RequestState.WITHDRAWN
    assert memory.request(id_).confirmed_quantity == 0


def test_request_that_has_enough_without_it_stays_closed() -> None:
    memory, id_ = opened(100)
    request = memory.request(id_)
    for part in ("M-1", "M-2"):
        memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, request, 100, part))
    assert reopened(memory, id_, "confirmed", 100) == []
    assert memory.request(id_).state is RequestState.CLOSED
