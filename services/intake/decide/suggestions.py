"""What looks alike is suggested, and joined or kept apart by a person, without loss either way."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from services.intake.decide.persons import (
    Named,
    is_known_there,
    with_unfinished,
    without_unfinished,
)
from services.intake.messages import (
    IDENTITY_SAME,
    MERGE_LATE,
    PERSON_ELSEWHERE,
    PERSON_SAME,
    PERSON_UNKNOWN,
    REQUEST_UNKNOWN,
    STATE_UNSUITABLE,
    SUGGESTION_UNKNOWN,
)
from services.intake.model import ContactPoint, Identity, Person, Request, RequestState
from services.intake.model.suggestion import (
    DecideSuggestion,
    JoinPersons,
    JudgeAlike,
    Judged,
    LikenessReason,
    NameInPlace,
    SeparatePerson,
    SeparateRequest,
    Subject,
    Suggestion,
)
from services.intake.rules import Rules
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    PersonJoined,
    PersonSeparated,
    RequestFollowed,
    RequestReopened,
    RequestWithdrawn,
)
from shared.ids import make_id
from shared.messaging.decision import Answer, Command, Decision, State, States

COMPARED_MAX = 8
"""A phone or a name of more is an office's, or too common to tell anything."""

FOLLOWERS_MAX = 50
"""Of one request: what more people ask for is a matter of its own."""

Likenesses = Mapping[str, tuple[LikenessReason, ...]]


# --- what looks alike -------------------------------------------------------------------------


def suggest(
    rules: Rules, states: States, named: Named, request: Request, place_id: str, now: datetime
) -> tuple[State, ...]:
    """Other records that may be this person, and requests of theirs that may be this one.

    place_id: keyed digest of the name in its place.
    """
    alike, book = _find_alike(states, named, place_id)
    persons = states.get_many(Person, alike)
    seen = {id_: person for id_, person in persons.items() if not person.erased}
    pairs: dict[tuple[Subject, str, str], tuple[LikenessReason, ...]] = {}
    if named.is_new:
        pairs |= {("person", id_, named.person.id): alike[id_] for id_ in seen}
    since = now - timedelta(days=rules.duplicate_days)
    for other in (named.person, *seen.values()):
        reasons = alike.get(other.id, ("person_same",))
        for entry in other.unfinished.values():
            if entry.fingerprint == request.fingerprint and entry.recorded_at > since:
                pairs["request", entry.request_id, request.id] = (*reasons, "need_same")
    ids = [_make_id(*pair) for pair in pairs]
    stored = states.get_many(Suggestion, ids)
    suggestions = [
        _make(pair, reasons, request, now)
        for pair, reasons in pairs.items()
        if _make_id(*pair) not in stored
    ]
    return (*suggestions, *book)


def _find_alike(
    states: States, named: Named, place_id: str
) -> tuple[Likenesses, tuple[NameInPlace, ...]]:
    """Why each looks like this person; and the name's own list, where it grew."""
    own, reasons = named.person.id, defaultdict[str, list[LikenessReason]](list)
    for state in named.states:
        if isinstance(state, Identity):
            for id_ in state.persons.values():
                reasons[id_].append("identity_same")
        elif isinstance(state, ContactPoint):
            for id_ in _list_sharers(state, own):
                reasons[id_].append("phone_same")
    book = states.get(NameInPlace, place_id) or NameInPlace(id=place_id)
    grown: tuple[NameInPlace, ...] = ()
    if named.is_named and len(book.person_ids) <= COMPARED_MAX:
        for id_ in book.person_ids:
            reasons[id_].append("name_place_same")
        if own not in book.person_ids:
            ids = (*book.person_ids, own)
            grown = (book.model_copy(update={"person_ids": ids}),)
    joined = {own, *named.person.joined}
    alike = {id_: tuple(why) for id_, why in reasons.items() if id_ not in joined}
    return dict(list(alike.items())[-COMPARED_MAX:]), grown


def _list_sharers(point: ContactPoint, own_id: str) -> list[str]:
    """Who may be he, of those whom his contact point reaches: nobody said whose else it is."""
    links = [link for link in point.links if link.whose in ("unsaid", "own")]
    is_own = any(link.person_id == own_id for link in links)
    return [link.person_id for link in links] if is_own and len(links) <= COMPARED_MAX else []


def _make_id(subject: Subject, first_id: str, second_id: str) -> str:
    return make_id("S", subject, *sorted((first_id, second_id)))


def _make(
    pair: tuple[Subject, str, str],
    reasons: tuple[LikenessReason, ...],
    request: Request,
    now: datetime,
) -> Suggestion:
    subject, first_id, second_id = pair
    return Suggestion(
        id=_make_id(*pair),
        subject=subject,
        first_id=first_id,
        second_id=second_id,
        reasons=tuple(dict.fromkeys(reasons)),
        town_code=request.area.town_code,
        village_code=request.area.village_code,
        made_at=now,
    )


# --- judged -----------------------------------------------------------------------------------


def decide_suggestion(states: States, item: Command[DecideSuggestion], now: datetime) -> Decision:
    """Joined or kept apart; what was joined comes apart again as it was."""
    data = item.data
    suggestion = states.get(Suggestion, data.suggestion_id)
    if suggestion is None or not suggestion.place.startswith(data.area):
        return Decision(answer=SUGGESTION_UNKNOWN.refusal(404))
    return _judge(states, suggestion, data.verdict, item.principal, data.area, now)


def _judge(
    states: States,
    suggestion: Suggestion,
    verdict: Judged,
    principal: str,
    area: str,
    now: datetime,
) -> Decision:
    """Said already and still so it is only answered. What came apart meanwhile is joined anew."""
    suggestion = _bring_up_to_date(states, suggestion)
    if suggestion.state == verdict:
        return Decision(answer=_build_answer(suggestion))
    decision = _carry_out(states, suggestion, verdict, area)
    if isinstance(decision, Answer):
        return Decision(answer=decision)
    changes = {"state": verdict, "decided_by": principal, "decided_at": now}
    decided = suggestion.model_copy(update=changes)
    return Decision((decided, *decision.states), decision.events, _build_answer(decided))


def _bring_up_to_date(states: States, suggestion: Suggestion) -> Suggestion:
    """Records that were joined come apart elsewhere too: by a person's page, by an ID number, or
    where the first request was withdrawn and its followers were released."""
    if suggestion.state != "merged":
        return suggestion
    first_id, second_id = suggestion.first_id, suggestion.second_id
    if suggestion.subject == "person":
        person = states.get(Person, second_id)
        stands = person is not None and first_id in person.joined
    else:
        stands = _is_led(states, first_id, second_id)
    return suggestion if stands else suggestion.model_copy(update={"state": "apart"})


def _is_led(states: States, first_id: str, second_id: str) -> bool:
    """Whether the second goes with the first, or both with what the first has joined since."""
    second = states.get(Request, second_id)
    if second is None or second.state is not RequestState.DUPLICATE:
        return False
    if second.duplicate_of == first_id:
        return True
    first = states.get(Request, first_id)
    return first is not None and first.duplicate_of == second.duplicate_of


def _carry_out(
    states: States, suggestion: Suggestion, verdict: str, area: str
) -> Decision | Answer:
    """area: of who says so; what is of another area he neither joins nor takes apart."""
    first_id, second_id = suggestion.first_id, suggestion.second_id
    if suggestion.subject == "person":
        if verdict == "merged":
            return _join(states, first_id, second_id, area)
        return _separate(states, second_id, area) if suggestion.state == "merged" else Decision()
    both = states.get_many(Request, (first_id, second_id)).values()
    if not all(_is_there(each, area) for each in both):
        return REQUEST_UNKNOWN.refusal(404, "request_id")
    if verdict == "merged":
        return _merge_requests(states, first_id, second_id)
    return separate_request(states, second_id) if suggestion.state == "merged" else Decision()


def _build_answer(suggestion: Suggestion) -> Answer:
    return Answer(200, {"suggestion_id": suggestion.id, "state": suggestion.state})


# --- persons ----------------------------------------------------------------------------------


def decide_join(states: States, item: Command[JoinPersons], _now: datetime) -> Decision:
    data = item.data
    if data.person_id == data.other_id:
        return Decision(answer=PERSON_SAME.refusal(409, "other_id"))
    decision = _join(states, data.person_id, data.other_id, data.area)
    if isinstance(decision, Answer):
        return Decision(answer=decision)
    answer = Answer(200, {"person_id": data.person_id, "joined": [data.other_id]})
    return Decision(decision.states, decision.events, answer)


def decide_separate(states: States, item: Command[SeparatePerson], _now: datetime) -> Decision:
    decision = _separate(states, item.data.person_id, item.data.area)
    if isinstance(decision, Answer):
        return Decision(answer=decision)
    answer = Answer(200, {"person_id": item.data.person_id, "joined": []})
    return Decision(decision.states, decision.events, answer)


def _join(states: States, first_id: str, second_id: str, area: str) -> Decision | Answer:
    """A link on every record of the two: each keeps its contacts, requests, keys and what was
    counted for it."""
    both = states.get_many(Person, (first_id, second_id))
    if len(both) != 2 or any(person.erased for person in both.values()):
        return PERSON_UNKNOWN.refusal(404, "person_id")
    ids = sorted({*both, *(id_ for person in both.values() for id_ in person.joined)})
    persons = states.get_many(Person, ids)
    if not all(is_known_there(states, each, area) for each in persons.values()):
        return PERSON_ELSEWHERE.refusal(403, "person_id")
    if second_id in both[first_id].joined:
        return Decision()
    linked = [
        person.model_copy(update={"joined": tuple(i for i in ids if i != id_)})
        for id_, person in persons.items()
    ]
    fact = PersonJoined(person_ids=tuple(ids))
    first = next(person for person in linked if person.id == first_id)
    return Decision(tuple(linked), ((first, fact),))


def _separate(states: States, person_id: str, area: str) -> Decision | Answer:
    """Not where both say one ID number: a related party would be somebody else by one signature."""
    person = states.get(Person, person_id)
    if person is None:
        return PERSON_UNKNOWN.refusal(404, "person_id")
    joined = states.get_many(Person, person.joined).values()
    if not all(is_known_there(states, each, area) for each in (person, *joined)):
        return PERSON_ELSEWHERE.refusal(403, "person_id")
    if person.identity_id and person.identity_id in {each.identity_id for each in joined}:
        return IDENTITY_SAME.refusal(409, "person_id")
    alone = person.model_copy(update={"joined": ()})
    others = list_without(joined, person_id)
    fact = PersonSeparated(person_ids=person.joined)
    return Decision((alone, *others), ((alone, fact),) if person.joined else ())


def list_without(persons: Iterable[Person], person_id: str) -> list[Person]:
    """Those that were one with him, without him."""
    return [
        person.model_copy(
            update={"joined": tuple(id_ for id_ in person.joined if id_ != person_id)}
        )
        for person in persons
    ]


# --- requests ---------------------------------------------------------------------------------


def decide_alike(states: States, item: Command[JudgeAlike], now: datetime) -> Decision:
    """Two requests that somebody compared, both of his area: one need, or two."""
    data = item.data
    pair = states.get_many(Request, (data.request_id, data.other_id))
    if len(pair) != 2 or any(not _is_there(each, data.area) for each in pair.values()):
        return Decision(answer=REQUEST_UNKNOWN.refusal(404, "request_id"))
    first, second = sorted(pair.values(), key=lambda each: (not each.matches, each.recorded_at))
    stored = states.get(Suggestion, _make_id("request", first.id, second.id))
    suggestion = stored or _make(("request", first.id, second.id), data.reasons, second, now)
    return _judge(states, suggestion, data.verdict, item.principal, data.area, now)


def _is_there(request: Request, area: str) -> bool:
    return (request.area.village_code or request.area.town_code).startswith(area)


def _merge_requests(states: States, first_id: str, second_id: str) -> Decision | Answer:
    """The later one leaves the menu and goes with the earlier; it comes back as it was. Who asked
    for it hears of that, and of what comes of the other."""
    first, second = states.get_each((Request, first_id), (Request, second_id))
    states_unfit = [
        request.state if request else "unknown"
        for request in (first, second)
        if request is None or not request.is_withdrawable
    ]
    if first is None or second is None or states_unfit:
        return STATE_UNSUITABLE.refusal(409, "state", state=states_unfit[0])
    if second.matches or len(first.followers) >= FOLLOWERS_MAX:
        return MERGE_LATE.refusal(409, "other_id")
    first = first.model_copy(update={"followers": (*first.followers, second.id, *second.followers)})
    merged = second.model_copy(
        update={
            "state": RequestState.DUPLICATE,
            "duplicate_of": first_id,
            "state_before": second.state,
            "followers": (),
        }
    )
    led = [
        each.model_copy(update={"duplicate_of": first_id})
        for each in states.get_many(Request, second.followers).values()
    ]
    person = states.get(Person, second.person_id)
    persons = (without_unfinished(person, merged),) if person else ()
    facts: tuple[Fact, ...] = (
        RequestWithdrawn(person_id=second.person_id),
        RequestFollowed(person_id=second.person_id, request_id=first_id, stage="merged"),
    )
    return Decision((first, merged, *led, *persons), tuple((merged, fact) for fact in facts))


def decide_separate_request(
    states: States, item: Command[SeparateRequest], _now: datetime
) -> Decision:
    request = states.get(Request, item.data.request_id)
    place = (request.area.village_code or request.area.town_code) if request else ""
    if request is None or not place.startswith(item.data.area):
        return Decision(answer=REQUEST_UNKNOWN.refusal(404, "request_id"))
    decision = separate_request(states, request.id)
    if isinstance(decision, Answer):
        return Decision(answer=decision)
    answer = Answer(200, {"request_id": request.id})
    pair_id = _make_id("request", request.duplicate_of or "", request.id)
    row = states.get(Suggestion, pair_id)
    rows = (row.model_copy(update={"state": "apart"}),) if row else ()
    return Decision((*decision.states, *rows), decision.events, answer)


def separate_request(states: States, request_id: str) -> Decision | Answer:
    """Where it was: on the menu, or waiting for an approver. So do those that the machine itself
    once called duplicates."""
    request = states.get(Request, request_id)
    if request is None or request.state is not RequestState.DUPLICATE:
        state = request.state if request else "unknown"
        return STATE_UNSUITABLE.refusal(409, "state", state=state)
    before = request.state_before or RequestState.RECORDED
    changes: dict[str, object] = {"state": before, "duplicate_of": None, "state_before": None}
    if request.state_before is None:
        changes |= {"approval_level": "village", "waits_for": ("request_separated",)}
    separated = request.model_copy(update=changes)
    person = states.get(Person, request.person_id)
    persons = (with_unfinished(person, separated),) if person and not person.erased else ()
    first = states.get(Request, request.duplicate_of or "")
    facts: list[Fact] = []
    if before is RequestState.OPEN:
        facts.append(RequestReopened(person_id=request.person_id, is_separated=True))
    if first is not None and request.id in first.followers:
        others = tuple(id_ for id_ in first.followers if id_ != request.id)
        persons = (*persons, first.model_copy(update={"followers": others}))
        facts.append(
            RequestFollowed(person_id=request.person_id, request_id=first.id, stage="separated")
        )
    return Decision((separated, *persons), tuple((separated, fact) for fact in facts))
