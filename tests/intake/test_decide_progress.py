"""What matching says of a request, until it is closed."""

from hypothesis import given
from hypothesis import strategies as st

from services.intake.model import RequestState, WithdrawRequest
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    MatchReopened,
)
from tests.intake.builders import (
    COMMANDS,
    EVENTS,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_match_event,
    make_submission,
)


def opened(quantity: int = 20_000) -> tuple[DecisionHarness, str]:
    harness = DecisionHarness()
    asked = make_submission(need={"unit": "fen", "quantity": quantity})
    return harness, get_body(harness.submit(asked))["request_id"]


def test_a_commitment_is_progress_and_closes_nothing() -> None:
    harness, id_ = opened()
    decision = harness.handle(
        EVENTS[MatchCommitted], make_match_event(MatchCommitted, harness.request(id_), 20_000)
    )
    assert not decision.events
    assert harness.request(id_).committed_quantity == 20_000
    assert harness.request(id_).confirmed_quantity == 0


def test_it_closes_when_everything_needed_is_confirmed() -> None:
    harness, id_ = opened()
    request = harness.request(id_)
    for part in ("M-1", "M-2"):
        harness.handle(
            EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 10_000, part)
        )
    first = harness.handle(
        EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, 10_000, "M-1")
    )
    assert not first.events
    last = harness.handle(
        EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, 10_000, "M-2")
    )
    assert list_facts(last) == ["RequestClosed"]
    assert harness.request(id_).state is RequestState.CLOSED


def test_once_closed_the_person_is_free_and_waits_for_nothing() -> None:
    harness, id_ = opened()
    request = harness.request(id_)
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 20_000))
    harness.handle(EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, 20_000))
    person = harness.person(request.person_id)
    assert not person.unfinished
    assert not person.awaiting
    assert get_body(harness.submit(message="m-2"))["decision"] == "opened"


def test_deliveries_wait_for_confirmation_oldest_first() -> None:
    harness, id_ = opened()
    request = harness.request(id_)
    for part in ("M-2", "M-1"):
        harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 1, part))
    assert harness.person(request.person_id).awaiting == ("M-2", "M-1")


def test_a_released_match_counts_no_more() -> None:
    harness, id_ = opened()
    request = harness.request(id_)
    harness.handle(EVENTS[MatchCommitted], make_match_event(MatchCommitted, request, 20_000))
    harness.handle(EVENTS[MatchReleased], make_match_event(MatchReleased, request, 20_000))
    assert harness.request(id_).committed_quantity == 0
    assert harness.request(id_).state is RequestState.OPEN


def test_what_was_withdrawn_does_not_close() -> None:
    harness, id_ = opened()
    request = harness.request(id_)
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 20_000))
    harness.handle(COMMANDS[WithdrawRequest], make_command(WithdrawRequest(request_id=id_)))
    late = harness.handle(EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, 20_000))
    assert not late.events
    assert harness.request(id_).state is RequestState.WITHDRAWN
    assert harness.request(id_).confirmed_quantity == 20_000


def test_a_match_of_an_unknown_request_changes_nothing() -> None:
    elsewhere, id_ = opened()
    stray = make_match_event(MatchConfirmed, elsewhere.request(id_), 1)
    decision = DecisionHarness().handle(EVENTS[MatchConfirmed], stray)
    assert not decision.states
    assert not decision.events


@given(st.lists(st.integers(1, 500), min_size=1, max_size=6), st.integers(1, 1500))
def test_it_closes_exactly_once_and_only_when_enough_came(parts: list[int], need: int) -> None:
    harness, id_ = opened(need)
    closed = 0
    for number, quantity in enumerate(parts):
        request = harness.request(id_)
        arrived = make_match_event(MatchConfirmed, request, quantity, f"M-{number}")
        closed += len(harness.handle(EVENTS[MatchConfirmed], arrived).events)
    assert closed == (1 if sum(parts) >= need else 0)
    assert harness.request(id_).confirmed_quantity == sum(parts)


# --- it did not arrive after all ---


def confirmed(quantity: int = 20_000) -> tuple[DecisionHarness, str]:
    """Closed: everything that was needed is confirmed."""
    harness, id_ = opened(quantity)
    request = harness.request(id_)
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, quantity))
    harness.handle(EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, quantity))
    assert harness.request(id_).state is RequestState.CLOSED
    return harness, id_


def reopened(harness: DecisionHarness, id_: str, was: str, quantity: int = 20_000) -> list[str]:
    again = make_match_event(MatchReopened, harness.request(id_), quantity, was=was)
    return list_facts(harness.handle(EVENTS[MatchReopened], again))


def test_closed_request_reopens_when_what_was_confirmed_did_not_arrive() -> None:
    harness, id_ = confirmed()
    assert reopened(harness, id_, "confirmed") == ["RequestReopened"]
    request = harness.request(id_)
    assert (request.state, request.confirmed_quantity) == (RequestState.OPEN, 0)
    part = make_match_event(MatchConfirmed, request, 20_000, "M-2")
    assert list_facts(harness.handle(EVENTS[MatchConfirmed], part)) == ["RequestClosed"]


def test_request_like_it_that_came_meanwhile_is_unfinished_beside_it() -> None:
    harness, id_ = confirmed()
    newer = get_body(harness.submit(message="m-2"))["request_id"]
    reopened(harness, id_, "confirmed")
    person = harness.person(harness.request(id_).person_id)
    assert sorted(person.unfinished) == sorted([id_, newer])


def test_delivery_that_did_not_arrive_is_on_its_way_again_and_not_awaited() -> None:
    harness, id_ = opened()
    request = harness.request(id_)
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 20_000))
    assert reopened(harness, id_, "delivered") == []
    assert harness.request(id_).matches["M-1"].stage == "committed"
    assert harness.person(request.person_id).awaiting == ()


def test_withdrawn_request_stays_withdrawn_whatever_did_not_arrive() -> None:
    harness, id_ = opened()
    request = harness.request(id_)
    harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 10_000))
    harness.handle(EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, 10_000))
    harness.handle(COMMANDS[WithdrawRequest], make_command(WithdrawRequest(request_id=id_)))
    assert reopened(harness, id_, "confirmed", 10_000) == []
    assert harness.request(id_).state is RequestState.WITHDRAWN
    assert harness.request(id_).confirmed_quantity == 0


def test_request_that_has_enough_without_it_stays_closed() -> None:
    harness, id_ = opened(100)
    request = harness.request(id_)
    for part in ("M-1", "M-2"):
        harness.handle(EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, request, 100, part))
    assert reopened(harness, id_, "confirmed", 100) == []
    assert harness.request(id_).state is RequestState.CLOSED
