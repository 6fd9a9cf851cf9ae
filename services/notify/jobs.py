"""The sender: claims what is due, sends it, records what became of it.

    due -> contacts -> claim (durable) -> send, many at a time -> outcomes (durable, in batches)

Nothing is sent before its claim is durable. Where there is a place at its provider's gate, the
claim is the record that the call begins; while calls follow one another, others are claimed ahead
of their places, and that they begin is noted in a register (`registering.py`). A process that dies
leaves as many unclear notices as it had calls under way or about to begin; whatever else was due or
claimed is sent by the next. A call that may have begun and whose claim expires is unclear, and an
SMS is then never sent again by itself.

No call waits for another's claim or outcome.
"""

import asyncio
import random
import time
from collections.abc import Sequence

import structlog

from services.notify import store
from services.notify.budgeting import BudgetWatch
from services.notify.calling import Caller, Grant
from services.notify.channels import Contact
from services.notify.decide.claims import NOT_DUE
from services.notify.decide.waits import find_unmatched, pick_receipt
from services.notify.dispatching import Candidate, Dispatcher
from services.notify.model import ClaimNotice, Notice, NoticeDue, PutOffNotice, RecordOutcome
from services.notify.recording import INTERRUPTED_WAIT_S, INTERRUPTIONS, OutcomeRecorder
from services.notify.registering import Registrar
from services.notify.registers import name_call
from services.notify.resources import NotifyRuntime
from services.notify.settings import NotifySettings
from services.notify.turns import PreparedTurn, Recipients, prepare_turn
from shared.messaging.batches import execute_each
from shared.messaging.decision import Answer, Command

log = structlog.get_logger()

FINISH_WITHIN_S = 2.0
SLOW_GATE_S = 1.0


async def send_notices(runtime: NotifyRuntime) -> None:
    """Until cancelled; then what is under way is finished and recorded, if there is time."""
    await Sender(runtime).run()


class Sender:
    """One per process. Any number of processes share the work: the claim decides whose it is."""

    def __init__(self, runtime: NotifyRuntime) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._resources = runtime.resources
        self._claiming: dict[asyncio.Task[bool], Sequence[Candidate]] = {}
        self._next: asyncio.Task[PreparedTurn] | None = None
        self._found = False
        self._dispatcher = Dispatcher(runtime)
        self._registrar = Registrar(runtime.database)
        self._recorder = OutcomeRecorder(self._execute, self._note_end)
        if runtime.resources.token:
            runtime.resources.token.open(runtime.processor)
        self._budget = BudgetWatch(runtime)
        self._caller = Caller(
            runtime, self._dispatcher, self._recorder, self._registrar, self._budget.shard
        )

    async def run(self) -> None:
        recorder = asyncio.create_task(self._recorder.run())
        processor = self._runtime.processor
        try:
            while not recorder.done():
                committed = processor.next_commit
                if not await self._work_or_wait():
                    await processor.wait_commit(self._settings.send_poll_s, committed)
                    await self._linger()
            recorder.result()
        finally:
            await self._finish()
            recorder.cancel()

    async def _linger(self) -> None:
        """Where notices follow one another, some share a transaction; one alone goes at once."""
        if self._found:
            await asyncio.sleep(self._settings.send_linger_ms / 1000)

    async def _finish(self) -> None:
        """A send that is given up on would leave an SMS unclear for a person to look at."""
        self._caller.stop()
        if self._next:
            self._next.cancel()
        try:
            async with asyncio.timeout(FINISH_WITHIN_S):
                await asyncio.gather(*self._claiming, return_exceptions=True)
                self._caller.stop()
                await self._caller.join()
                await self._recorder.join()
        except TimeoutError:
            count = len(self._caller.under_way) + self._recorder.count_waiting()
            log.warning("sends_left_unclear", count=count)

    # --- claiming ---

    async def _work_or_wait(self) -> bool:
        """A failure elsewhere must not end the sender: it holds outcomes not yet stored."""
        try:
            return await self._work_batch()
        except INTERRUPTIONS as error:
            log.warning("notices_wait", reason=str(error))
            await asyncio.sleep(INTERRUPTED_WAIT_S)
            return False

    async def _work_batch(self) -> bool:
        """Whether there may be more to do at once."""
        await self._dispatcher.watch()
        await self._budget.watch()
        await self._resources.words.refresh(self._runtime.database)
        await self._registrar.open(await self._runtime.processor.now())
        self._caller.give_back_overdue()
        self._look_at_claims()
        looking, self._next = self._next, None
        turn = await (looking or prepare_turn(self._runtime, self._list_in_hand([])))
        self._found = bool(turn.waiting)
        await self._expire(turn.expired)
        await self._send_all(turn)
        return turn.more_due

    async def _expire(self, expired: Sequence[Notice]) -> None:
        commands = [
            Command(
                NoticeDue(
                    aggregate_id=notice.id,
                    due_at=notice.deadline,
                    dispatch_id=await self._find_receipt(notice),
                ),
                correlation_id=notice.correlation_id,
            )
            for notice in expired
        ]
        await self._execute(commands)

    async def _find_receipt(self, notice: Notice) -> str | None:
        """That may be of a message whose id was never heard."""
        attempt, database = find_unmatched(notice), self._runtime.database
        if attempt is None or attempt.point_id is None:
            return None
        receipts = await store.find_unbound_receipts(database, attempt)
        rivals = await store.count_rivals(database, notice, attempt) if receipts else 0
        return pick_receipt(notice.id, attempt, receipts, rivals, self._settings.rules)

    async def _send_all(self, turn: PreparedTurn) -> None:
        """In shuffled order: two processes that found the same notices rarely claim the same.

        Where another was faster with one, it has others of these too: then it is looked again.
        """
        recipients = turn.recipients
        remaining = [
            self._dispatcher.draw(notice, recipients.find_contact(notice))
            for notice in random.sample(turn.waiting, len(turn.waiting))
        ]
        while remaining:
            register_id = self._registrar.id
            ready, remaining = self._dispatcher.split(remaining, may_go_ahead=bool(register_id))
            if ready:
                self._begin_claim(ready, recipients, register_id)
            if turn.more_due and len(remaining) <= self._settings.send_batch_max // 2:
                self._look_ahead(remaining)
            if not ready and not await self._wait_for_room():
                await self._put_off([candidate.notice for candidate in remaining])
                return
            if not self._look_at_claims():
                return

    def _look_ahead(self, remaining: Sequence[Candidate]) -> None:
        """While the last ones of this turn go: no call waits for the next."""
        if self._next is None:
            in_hand = self._list_in_hand(remaining)
            self._next = asyncio.create_task(prepare_turn(self._runtime, in_hand))

    def _list_in_hand(self, remaining: Sequence[Candidate]) -> frozenset[str]:
        """What is due by the database until its claim is durable."""
        claimed = [candidate for claim in self._claiming.values() for candidate in claim]
        return frozenset(candidate.notice.id for candidate in (*remaining, *claimed))

    async def _wait_for_room(self) -> bool:
        """Whether any call or claim has ended: a provider that is slow does not hold the others'
        messages. A claim that takes long is no provider's fault."""
        under_way = {*self._caller.list_under_way(), *self._claiming}
        if not under_way:
            return True
        ended, _ = await asyncio.wait(
            under_way, timeout=SLOW_GATE_S, return_when=asyncio.FIRST_COMPLETED
        )
        self._caller.give_back_overdue()
        return bool(ended or self._claiming)

    async def _put_off(self, waiting: Sequence[Notice]) -> None:
        await self._execute(
            [
                Command(
                    PutOffNotice(aggregate_id=notice.id, due_at=notice.deadline),
                    correlation_id=notice.correlation_id,
                )
                for notice in waiting
            ]
        )

    def _begin_claim(
        self, ready: Sequence[Candidate], recipients: Recipients, register_id: str
    ) -> None:
        self._recorder.hurry()
        self._claiming[asyncio.create_task(self._claim(ready, recipients, register_id))] = ready

    def _look_at_claims(self) -> bool:
        """Whether all that have ended found their notices still due. Raises what one raised."""
        ended = [claim for claim in self._claiming if claim.done()]
        for claim in ended:
            del self._claiming[claim]
        return {claim.result() for claim in ended} <= {True}

    async def _claim(
        self, ready: Sequence[Candidate], recipients: Recipients, register_id: str
    ) -> bool:
        """Begins to send what this process got. Whether all of them were still due. register_id:
        of those that are claimed ahead."""
        now = time.monotonic()
        start_before = now + compute_start_within_s(self._settings)
        try:
            answers = await self._execute(
                [
                    self._build_claim(
                        each,
                        recipients.find_contact(each.notice),
                        register_id if each.is_ahead else "",
                    )
                    for each in ready
                ]
            )
        finally:
            self._dispatcher.give_back(ready)
        for each, answer in zip(ready, answers, strict=True):
            if isinstance(answer, Answer) and answer.status == 200:
                noted_in = register_id if each.is_ahead else ""
                grant = Grant(each.notice, answer.body, recipients, start_before, now, noted_in)
                self._caller.begin(grant)
        self._caller.fill_places()
        return NOT_DUE not in answers

    def _build_claim(
        self, candidate: Candidate, contact: Contact, register_id: str
    ) -> Command[ClaimNotice]:
        notice = candidate.notice
        claim = ClaimNotice(
            notice_id=notice.id,
            person_id=notice.person_id,
            due_at=notice.deadline,
            reachable=contact.reachable,
            opted_out=contact.opted_out,
            erased=contact.erased,
            own_phone=contact.own_phone,
            sms_providers=candidate.sms_providers,
            point_id=contact.point_id,
            preferred=contact.preferred,
            is_budget_gone=self._budget.is_gone,
            subscription_id=self._resources.find_subscription_id(notice, contact),
            register_id=register_id,
        )
        return Command(claim, correlation_id=notice.correlation_id)

    async def _execute(self, commands: Sequence[Command]) -> list[Answer | Exception]:
        decided = await execute_each(self._runtime.processor, commands)
        for _, answer in decided:
            if isinstance(answer, Exception):
                log.error("command_failed", error=repr(answer))
        return [answer for _, answer in decided]

    def _note_end(self, outcome: RecordOutcome) -> None:
        self._registrar.end(name_call(outcome.notice_id, outcome.attempt))


def compute_start_within_s(settings: NotifySettings) -> float:
    """A send begun later could outlast its claim: it takes up to four calls to the provider."""
    return max(5.0, settings.claim_s - 4 * settings.provider_timeout_s)
