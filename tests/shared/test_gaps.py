"""A gap that stays open is asked for again from the outbox of its source, and closes by itself."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from unittest.mock import AsyncMock, MagicMock, patch

import pytest

from shared import gaps
from shared.contracts.envelope import Event
from shared.contracts.events import LedgerReceived
from shared.contracts.resending import EVENTS_MAX, Missing, ResendQuery
from shared.errors import Transient
from shared.gaps import ASK_AGAIN_S_MAX, ASK_AGAIN_S_MIN, ASKED_MAX, Gap, GapWatch, Requests
from shared.http import Reply
from shared.messaging.changes import Outgoing
from shared.messaging.decision import Command, Decision, Handler, States
from shared.messaging.outbox import Outbox
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.ledgerlet import Add, Counter, ledgerlet
from tests.support.ledgerlet_harness import (
    MATCHING,
    make_acceptance,
    wait_for_count,
    wait_for_dead_letters,
)
from tests.support.serving import serve_app
from tests.support.stack_harness import RunningService, StackHarness


def test_a_gap_is_asked_for_at_once_and_then_ever_more_rarely() -> None:
    requests, gap = Requests(), Gap("/audit|C", 2, 2)
    asked_at = [second for second in range(20_000) if requests.choose([gap], second)]
    waits = [later - earlier for earlier, later in pairwise(asked_at)]
    assert asked_at[0] == 0
    assert waits[0] == ASK_AGAIN_S_MIN
    assert waits == sorted(waits)
    assert waits[-1] == ASK_AGAIN_S_MAX


def test_a_gap_that_moved_on_is_another_one() -> None:
    requests = Requests()
    assert requests.choose([Gap("/audit|C", 2, 5)], 0)
    assert requests.choose([Gap("/audit|C", 4, 5)], 1)


def test_many_gaps_have_their_turns() -> None:
    requests = Requests()
    many = [Gap(f"/audit|C-{n}", 1, 1) for n in range(ASKED_MAX + 1)]
    assert len(requests.choose(many, 0)) == ASKED_MAX
    assert len(requests.choose(many, 1)) == 1


@pytest.mark.parametrize(
    ("stream", "source"),
    [("/matching|M-1", "matching"), ("/channels/x|M-1", ""), ("/../intake|M-1", "")],
)
def test_only_our_own_services_are_asked(stream: str, source: str) -> None:
    assert Gap(stream, 1, 1).source == source


def test_one_call_names_few_events_of_a_subject_whatever_its_caller_says() -> None:
    assert Gap("/audit|C", 3, 9_999).missing.last == 2 + EVENTS_MAX
    query = ResendQuery(missing=(Missing(subject="C", first=3, last=10**15),))
    assert query.list_sequences() == {"C": set(range(3, 3 + EVENTS_MAX))}
    parts = tuple(Missing(subject="C", first=n, last=n + 149) for n in range(1, 3000, 150))
    assert len(ResendQuery(missing=parts).list_sequences()["C"]) == EVENTS_MAX


class Measuring:
    """A broker that takes everything. portions: the bytes of each sending."""

    cluster = "b"

    def __init__(self) -> None:
        self.portions: list[int] = []
        self.sent: list[Outgoing] = []

    async def send(self, records: Sequence[Outgoing]) -> None:
        self.portions.append(sum(len(record.value) for record in records))
        self.sent += records


async def test_much_that_is_missing_is_sent_in_portions_and_in_order() -> None:
    """Each sending has a time limit, so that one of everything would never succeed."""
    sender = Measuring()
    outbox = Outbox(MagicMock(), sender, 2000)
    found = {("C", n): Outgoing("t", "C", bytes([n]) * 1_500_000) for n in (3, 1, 2, 4, 5)}
    with patch.object(Outbox, "_find_missing", AsyncMock(return_value=found)):
        assert await outbox.resend_missing({"C": {n for _, n in found}}) == 5
    assert [record.value[0] for record in sender.sent] == [1, 2, 3, 4, 5]
    assert sender.portions == [3_000_000, 3_000_000, 1_500_000]


# --- on running services --------------------------------------------------------------------------


class ForgetfulBroker:
    """A sender that is told of an acknowledgement, though the broker lost the records."""

    def __init__(self, sender: Any, lost: set[int]) -> None:
        self._sender = sender
        self.lost = lost

    @property
    def cluster(self) -> str:
        return str(self._sender.cluster)

    async def send(self, records: Sequence[Outgoing]) -> None:
        numbers = [int(json.loads(record.value)["sequence"]) for record in records]
        pairs = zip(records, numbers, strict=True)
        await self._sender.send([record for record, number in pairs if number not in self.lost])
        self.lost -= set(numbers)


def count(states: States, event: Event[Any], now: datetime) -> Decision:
    counter = states.get(Counter, event.subject) or Counter(id=event.subject)
    seen = (*counter.seen, event.id)
    return Decision(states=(counter.model_copy(update={"seen": seen, "total": len(seen)}),))


async def start_source(stack: StackHarness) -> RunningService:
    bearer = stack.bearer("service", Role.SERVICE)["Authorization"]
    (stack.secrets_dir / "service.token").write_text(bearer.removeprefix("Bearer "))
    return await stack.start(ledgerlet())


async def emit(source: RunningService, *keys: str) -> None:
    for key in keys:
        await source.runtime.processor.execute(Command(Add(counter="C", amount=1), key=key))


async def test_an_event_that_the_broker_lost_comes_from_its_sources_outbox(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "LOOK_EVERY_S", 0.1)
    source = await start_source(stack)
    outbox: Any = source.runtime.outbox
    outbox._sender = broker = ForgetfulBroker(outbox._sender, lost={2, 3})
    async with serve_app(source.app) as server:
        reader = await stack.start(
            ledgerlet(name="notify", events={LedgerReceived: Handler(decide=count)}),
            audit_url=server.url,
            gap_alarm_s=0.2,
        )
        await emit(source, *"abcd")
        found = await wait_for_count(reader, "C", 4)
    assert not broker.lost, "they were lost, and sent again"
    assert found.seen == tuple(f"/audit:C:{n}" for n in range(1, 5))


async def test_a_source_answers_with_a_number_and_only_to_our_own_services(
    stack: StackHarness,
) -> None:
    source = await start_source(stack)
    await emit(source, *"abc")
    token = (stack.secrets_dir / "service.token").read_text()
    asked = {"missing": [{"subject": "C", "first": 2, "last": 9}]}

    async def ask(headers: dict[str, str]) -> Any:
        return await source.http.post("/internal/resend", json=asked, headers=headers)

    answer = await ask({"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (200, {"sent": 2})
    for number, role in enumerate(set(Role) - {Role.SERVICE}):
        refused = await ask(stack.bearer(f"other-{number}", role))
        assert refused.status_code == 403, role
    assert (await ask({})).status_code == 401


async def test_one_search_at_a_time_reads_an_outbox(stack: StackHarness) -> None:
    source = await start_source(stack)
    outbox: Any = source.runtime.outbox
    outbox._is_searched = True
    with pytest.raises(Transient):
        await outbox.resend_missing({"C": {1}})


async def test_what_waits_for_a_dead_letter_is_not_asked_for(stack: StackHarness) -> None:
    """The same event would fail the same way; a person replays or discards it."""
    reader = await stack.start(ledgerlet(), gap_alarm_s=0.01)
    await stack.publish(
        stack.own(MATCHING, "M-1", 1, make_acceptance(666)),
        stack.own(MATCHING, "M-1", 2, make_acceptance()),
        stack.own(MATCHING, "M-2", 2, make_acceptance()),
    )
    await wait_for_dead_letters(reader, 1)
    parked = reader.runtime.database["parked"]
    await eventually(lambda: parked.count_documents({}), lambda waiting: waiting == 2)
    bearer = stack.bearer("service", Role.SERVICE)["Authorization"]
    (stack.secrets_dir / "service.token").write_text(bearer.removeprefix("Bearer "))
    asked: list[Any] = []

    class Http:
        async def post(self, url: str, body: bytes, **_: Any) -> Reply:
            asked.append((url, json.loads(body)["missing"]))
            return Reply(200, {}, b"{}")

    watch = GapWatch(replace(reader.runtime, http=Http()))

    async def look() -> list[Any]:
        await watch.look()
        return asked

    await eventually(look, bool)
    assert asked == [
        (
            f"{reader.runtime.settings.matching_url}/internal/resend",
            [{"subject": "M-2", "first": 1, "last": 1}],
        )
    ]
