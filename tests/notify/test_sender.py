"""How the sender keeps its calls going: nothing is real here but the sender and its gates."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from services.notify import calling, gates, jobs, recording, store
from services.notify.channels import Contact
from services.notify.decide.claims import NOT_SENT
from services.notify.jobs import Sender
from services.notify.model import ClaimNotice, Notice, RecordOutcome
from services.notify.providers import Outcome
from services.notify.registers import NEVER_BEGAN, name_call
from services.notify.settings import NotifySettings
from services.notify.turns import PreparedTurn, Recipients
from shared.messaging.decision import Answer, Command
from tests.notify.decisions import START
from tests.support.eventually import eventually

CALLS = 2


def make_turn(*names: str, more_due: bool) -> PreparedTurn:
    notices = [
        Notice(
            id=name,
            person_id=f"P-{name}",
            purpose="request_opened",
            regarding="R-1",
            correlation_id="C-1",
            created_at=START,
            due_at=START,
        )
        for name in names
    ]
    contacts = {notice.person_id: Contact(phone="+8613800138000") for notice in notices}
    return PreparedTurn((), notices, Recipients(contacts, {}, {}), more_due)


class Stage:
    """looked_for: in hand at each look. batches: the commands of each submission, by their type.

    calls: notices at the provider, each until `answer`. noted: in the register, before they begin;
    not where `is_closed`. ahead: notices that were claimed without a place. Claims that follow
    `hold_claims` are decided when `decide_claims` says so. withheld: notices that are not sent now,
    as their claims find. outcomes: of calls, as recorded.
    """

    def __init__(self, turns: Sequence[PreparedTurn]) -> None:
        self._turns = list(turns)
        self._answered = asyncio.Event()
        self._decided = asyncio.Event()
        self._decided.set()
        self.outcomes: list[RecordOutcome] = []
        self.noted: set[str] = set()
        self.ahead: set[str] = set()
        self.is_closed = False
        self.noting = asyncio.Event()
        self.noting.set()
        self.withheld: set[str] = set()
        self.looked_for: list[set[str]] = []
        self.batches: list[tuple[str, int]] = []
        self.calls: list[str] = []
        self.waited_for: list[asyncio.Event] = []
        settings = NotifySettings(
            send_concurrency=CALLS, send_batch_max=4, sms_shares={"tencent": 100}
        )
        resources = Mock(token=None, words=Mock(refresh=AsyncMock()), send=self._send)
        resources.find_subscription_id = lambda *_: ""
        now = AsyncMock(return_value=START)
        processor = Mock(execute_many=self._execute, wait_commit=self._wait, now=now)
        processor.next_commit = asyncio.Event()
        self.runtime = Mock(settings=settings, resources=resources, processor=processor)

    async def prepare(self, _runtime: object, in_hand: Collection[str]) -> PreparedTurn:
        self.looked_for.append(set(in_hand))
        return self._turns.pop(0) if self._turns else make_turn(more_due=False)

    async def _execute(self, commands: Sequence[Command[Any]]) -> list[Answer]:
        self.batches.append((type(commands[0].data).__name__, len(commands)))
        if not isinstance(commands[0].data, ClaimNotice):
            self.outcomes += [c.data for c in commands if isinstance(c.data, RecordOutcome)]
            return [Answer(204, {}) for _ in commands]
        self.ahead |= {c.data.notice_id for c in commands if c.data.register_id}
        await self._decided.wait()
        claimed = {"channel": "sms", "provider": "tencent", "attempt": 1, "as_subscription": False}
        return [
            NOT_SENT if c.data.notice_id in self.withheld else Answer(200, claimed)
            for c in commands
        ]

    async def open_register(self, *_: object) -> None:
        """Nothing is noted yet."""

    async def note_calls(self, _database: object, _id: str, _v: int, calls: Iterable[str]) -> bool:
        await self.noting.wait()
        self.noted |= set() if self.is_closed else set(calls)
        return not self.is_closed

    async def _wait(self, _timeout_s: float, committed: asyncio.Event) -> None:
        """A commit comes soon."""
        self.waited_for.append(committed)
        await asyncio.sleep(0.001)

    async def _send(self, notice: Notice, *_: object, **__: object) -> Outcome:
        assert notice.id not in self.ahead or name_call(notice.id, 1) in self.noted
        self.calls.append(notice.id)
        place = len(self.calls)
        await self._answered.wait()
        for _turn in range(20 * place):  # one after another, as answers come
            await asyncio.sleep(0)
        return Outcome("sent", provider_message_id=notice.id)

    def add_turn(self, turn: PreparedTurn) -> None:
        self._turns.append(turn)

    def answer(self) -> None:
        self._answered.set()

    def hang(self) -> None:
        self._answered.clear()

    def hold_claims(self) -> asyncio.Event:
        """Those from now on, until it is set."""
        self._decided = asyncio.Event()
        return self._decided

    def decide_claims(self) -> None:
        self._decided.set()


@asynccontextmanager
async def open_stage(patch: pytest.MonkeyPatch, *turns: PreparedTurn) -> AsyncIterator[Stage]:
    stage = Stage(turns)
    patch.setattr(jobs, "prepare_turn", stage.prepare)
    patch.setattr(store, "open_register", stage.open_register)
    patch.setattr(store, "note_calls", stage.note_calls)
    patch.setattr(jobs, "SLOW_GATE_S", 3600)  # however busy the machine is, no provider is slow
    sending = asyncio.create_task(Sender(stage.runtime).run())
    try:
        yield stage
    finally:
        stage.answer()
        stage.decide_claims()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@pytest.mark.parametrize(("before", "lingers"), [((), 0), (("a",), 1)])
async def test_only_where_notices_follow_one_another_others_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, before: Sequence[str], lingers: int
) -> None:
    """So the first notice after a pause goes at once, and under load they share a transaction."""
    happened: list[str] = []
    turns = make_turn(*before, more_due=False), make_turn("b", more_due=False)
    async with open_stage(monkeypatch, *turns) as stage:
        linger_s, send = stage.runtime.settings.send_linger_ms / 1000, stage.runtime.resources.send

        async def note_sleep(seconds: float) -> None:
            happened.extend(["linger"] if seconds == linger_s else [])
            await asyncio.sleep(0)

        def note_send(notice: Notice, *rest: object, **options: object) -> object:
            happened.append(notice.id)
            return send(notice, *rest, **options)

        monkeypatch.setattr(jobs, "asyncio", Mock(wraps=asyncio, sleep=note_sleep))
        stage.runtime.resources.send = note_send
        stage.answer()
        await eventually(lambda: count_calls(stage), lambda calls: calls == len(before) + 1)
        assert happened[: happened.index("b")].count("linger") == lingers
        assert stage.waited_for[0] is stage.runtime.processor.next_commit


async def get_looks(stage: Stage) -> int:
    return len(stage.looked_for)


async def count_calls(stage: Stage) -> int:
    return len(stage.calls)


async def test_the_next_turn_is_looked_for_while_the_last_calls_of_this_one_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = make_turn("a", "b", "c", "d", more_due=True), make_turn("e", more_due=False)
    async with open_stage(monkeypatch, *turns) as stage:
        await eventually(lambda: get_looks(stage), lambda looks: looks == 2)
        assert stage.looked_for == [set(), {"a", "b", "c", "d"}]
        assert len(stage.calls) == CALLS, "no call has ended"
        stage.answer()
        await eventually(lambda: count_calls(stage), lambda calls: calls == 5)


async def test_where_no_more_is_due_nothing_is_looked_for_before_this_turn_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_stage(monkeypatch, make_turn("a", "b", "c", more_due=False)) as stage:
        await eventually(lambda: count_calls(stage), lambda calls: calls == CALLS)
        assert stage.looked_for == [set()]


async def test_the_outcomes_of_calls_that_end_together_are_one_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recording, "TOGETHER_S", 1)
    async with open_stage(monkeypatch, make_turn("a", "b", more_due=False)) as stage:
        await eventually(lambda: count_calls(stage), lambda calls: calls == CALLS)
        stage.answer()
        await eventually(lambda: count_batches(stage), lambda batches: batches == 2)
        assert stage.batches == [("ClaimNotice", 2), ("RecordOutcome", 2)]


async def count_batches(stage: Stage) -> int:
    return len(stage.batches)


async def test_outcomes_go_with_the_claims_that_take_their_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As soon as these are made: they wait for others' outcomes no longer."""
    monkeypatch.setattr(recording, "TOGETHER_S", 3600)
    monkeypatch.setattr(jobs, "FINISH_WITHIN_S", 0)
    async with open_stage(monkeypatch, make_turn("a", "b", "c", more_due=False)) as stage:
        await eventually(lambda: count_calls(stage), lambda calls: calls == CALLS)
        stage.answer()
        await eventually(lambda: count_batches(stage), lambda batches: batches == 3)
        assert sorted(stage.batches[1:]) == [("ClaimNotice", 1), ("RecordOutcome", 1)]


async def test_a_place_that_is_free_is_taken_while_another_claim_is_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_stage(monkeypatch, make_turn("a", "b", more_due=False)) as stage:
        stage.answer()
        await eventually(lambda: count_batches(stage), lambda batches: batches == 2)
        stage.hold_claims()
        stage.add_turn(make_turn("c", more_due=False))
        stage.add_turn(make_turn("d", "e", "f", more_due=False))
        await eventually(lambda: count_claims(stage), lambda claims: claims == 3)
        claims = [size for name, size in stage.batches if name == "ClaimNotice"]
        assert claims == [2, 1, 3]
        assert len(stage.ahead) == 2, "the other two have a place each"
        assert stage.looked_for[-1] == {"c"}, "its claim is not durable yet"
        stage.decide_claims()
        await eventually(lambda: count_calls(stage), lambda calls: calls == 6)


async def count_claims(stage: Stage) -> int:
    return sum(name == "ClaimNotice" for name, _ in stage.batches)


async def count_claimed(stage: Stage) -> int:
    return sum(size for name, size in stage.batches if name == "ClaimNotice")


async def test_places_that_are_free_after_a_claim_wait_for_no_call_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both calls end while the claim of the first place that was free is on its way."""
    turn = make_turn("a", "b", "c", "d", more_due=False)
    async with open_stage(monkeypatch, turn) as stage:
        await eventually(lambda: count_calls(stage), lambda calls: calls == CALLS)
        stage.hold_claims()
        stage.answer()
        await eventually(lambda: count_claimed(stage), lambda claimed: claimed == 4)
        assert len(stage.calls) == CALLS, "the claims of the other two are on their way"


async def test_what_is_claimed_when_the_process_stops_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is certain that it was not sent: nobody has to look what became of it."""
    async with open_stage(monkeypatch, make_turn("a", more_due=False)) as stage:
        stage.hold_claims()
        await eventually(lambda: count_claims(stage), lambda claims: claims == 1)
    assert stage.calls == []
    assert [(o.notice_id, o.outcome) for o in stage.outcomes] == [("a", "retry")]


NAMES = ("a", "b", "c", "d", "e", "f")


async def test_while_calls_follow_one_another_others_are_claimed_ahead_and_noted_as_they_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That each is noted before it is called, the stage asserts at each call."""
    async with open_stage(monkeypatch, make_turn(*NAMES, more_due=False)) as stage:
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == len(NAMES))
        assert {outcome.outcome for outcome in stage.outcomes} == {"sent"}
        assert stage.ahead
        assert stage.noted == {name_call(name, 1) for name in stage.ahead}


async def count_noted(stage: Stage) -> int:
    return len(stage.noted)


async def count_outcomes(stage: Stage) -> int:
    return len(stage.outcomes)


async def test_where_the_register_was_closed_what_was_claimed_ahead_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever closed it took them for calls that never began, and others send them."""
    async with open_stage(monkeypatch, make_turn(*NAMES, more_due=False)) as stage:
        stage.is_closed = True
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == len(NAMES))
        back = {
            o.notice_id for o in stage.outcomes if (o.outcome, o.code) == ("retry", NEVER_BEGAN)
        }
        assert back
        assert back == stage.ahead
        assert set(stage.calls) == set(NAMES) - back


async def test_what_was_claimed_ahead_of_a_provider_that_got_stuck_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_stage(monkeypatch, make_turn("a", "b", more_due=False)) as stage:
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == CALLS)
        stage.hang()
        stage.add_turn(make_turn("c", "d", "e", "f", more_due=False))
        await eventually(lambda: count_claims(stage), lambda claims: claims >= 2)
        monkeypatch.setattr(calling, "WAITS_S_MAX", 0)
        await eventually(lambda: count_outcomes(stage), lambda count: count == len(NAMES) - CALLS)
        assert {outcome.code for outcome in stage.outcomes[CALLS:]} == {NEVER_BEGAN}
        assert {outcome.notice_id for outcome in stage.outcomes[CALLS:]} == stage.ahead


async def test_a_place_whose_claim_began_no_call_is_taken_by_what_was_claimed_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No call is under way whose end would give it a place."""
    monkeypatch.setattr(gates, "AHEAD_S", 3600)
    async with open_stage(monkeypatch, make_turn("a", "b", more_due=False)) as stage:
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == CALLS)
        with_places = stage.hold_claims()
        stage.withheld = {"c", "d"}
        stage.add_turn(make_turn("c", "d", more_due=False))
        await eventually(lambda: count_claimed(stage), lambda claimed: claimed == 2 * CALLS)
        stage.hold_claims().set()
        stage.add_turn(make_turn("e", "f", more_due=False))
        await eventually(lambda: count_noted(stage), lambda noted: noted >= 1)
        assert stage.ahead == {"e", "f"}
        assert len(stage.calls) == CALLS, "the places are held by the claims of the others"
        with_places.set()
        await eventually(lambda: count_outcomes(stage), lambda count: count == 2 * CALLS)
    assert {outcome.outcome for outcome in stage.outcomes} == {"sent"}


async def test_a_call_is_noted_before_its_place_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no place is empty while the note is written; but no more are noted than begin next."""
    monkeypatch.setattr(gates, "AHEAD_S", 3600)
    async with open_stage(monkeypatch, make_turn("a", "b", more_due=False)) as stage:
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == CALLS)
        stage.hang()
        stage.add_turn(make_turn("c", "d", more_due=False))
        await eventually(lambda: count_calls(stage), lambda calls: calls == 2 * CALLS)
        stage.add_turn(make_turn("e", "f", more_due=False))
        await eventually(lambda: count_noted(stage), lambda noted: noted == 1)
        assert len(stage.calls) == 2 * CALLS
        assert stage.ahead == {"e", "f"}
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == 3 * CALLS)


@pytest.mark.timeout(30)
async def test_where_notes_alone_are_under_way_the_process_does_other_things(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All calls have ended, what was claimed ahead of them waits for its note, and more is due."""
    monkeypatch.setattr(gates, "AHEAD_S", 3600)
    async with open_stage(monkeypatch, make_turn("a", "b", more_due=False)) as stage:
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == CALLS)
        stage.hang()
        stage.add_turn(make_turn("c", "d", more_due=False))
        await eventually(lambda: count_calls(stage), lambda calls: calls == 2 * CALLS)
        stage.noting.clear()
        stage.add_turn(make_turn("e", "f", "g", "h", "i", "j", "k", more_due=False))
        await eventually(lambda: count_claimed(stage), lambda claimed: claimed == 6)
        stage.answer()
        await eventually(lambda: count_outcomes(stage), lambda count: count == 2 * CALLS)
        stage.noting.set()
        await eventually(lambda: count_outcomes(stage), lambda count: count == 11)
