"""Requests that go with another's: what becomes of that is told to all who asked for the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from services.intake.decide.suggestions import separate_request
from services.intake.model import Person, Request
from shared.contracts.envelope import Fact
from shared.contracts.events import FollowedStage, RequestFollowed, RequestUnmet
from shared.messaging.decision import Decision, State, States


def with_told(
    states: States, request: Request, stage: FollowedStage, decision: Decision
) -> Decision:
    """Everybody who asked for the same hears what became of it."""
    return _with_facts(
        _list_others(states, request),
        lambda each: RequestFollowed(person_id=each.person_id, request_id=request.id, stage=stage),
        decision,
    )


def with_disappointed(states: States, request: Request, decision: Decision) -> Decision:
    """They were told that help was found; they hear as well that it fell through."""
    return _with_facts(
        _list_others(states, request),
        lambda each: RequestUnmet(person_id=each.person_id, request_id=request.id),
        decision,
    )


def _list_others(states: States, request: Request) -> list[Request]:
    """What other people asked for, and goes with this one."""
    return [
        each
        for each in states.get_many(Request, request.followers).values()
        if each.person_id != request.person_id and each.duplicate_of == request.id
    ]


def _with_facts(
    followers: list[Request], make_fact: Callable[[Request], Fact], decision: Decision
) -> Decision:
    facts = tuple((each, make_fact(each)) for each in followers)
    return replace(
        decision,
        states=(*decision.states, *followers),
        events=(*decision.events, *facts),
    )


def with_all_released(states: States, requests: Iterable[Request], decision: Decision) -> Decision:
    """requests: as they were before this decision ended them."""
    for request in requests:
        if request.followers:
            decision = with_released(states, request, decision)
    return decision


def with_released(states: States, request: Request, decision: Decision) -> Decision:
    """It ends without help: what others asked for is theirs again, as it was. Those of the same
    person end with it."""
    changed: dict[tuple[type[State], str], State] = {
        (type(state), state.id): state for state in decision.states
    }
    facts = list(decision.events)
    followers = states.get_many(Request, request.followers).values()
    # Together: one read each would be a round each.
    states.get_many(Person, sorted({each.person_id for each in followers}))
    for follower in followers:
        if follower.person_id == request.person_id:
            continue
        freed = separate_request(states, follower.id)
        if isinstance(freed, Decision):
            others = (state for state in freed.states if state.id != request.id)
            changed |= {(type(s), s.id): _join_business(changed, s) for s in others}
            facts.extend(freed.events)
    return replace(decision, states=tuple(changed.values()), events=tuple(facts))


def _join_business(changed: Mapping[tuple[type[State], str], State], state: State) -> State:
    """A person of several requests gets all of them back."""
    before = changed.get((type(state), state.id))
    if not isinstance(state, Person) or not isinstance(before, Person):
        return state
    return before.model_copy(update={"unfinished": {**before.unfinished, **state.unfinished}})
