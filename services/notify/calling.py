"""The calls of one process to the providers: each begins when it has a place at its gate.

A call that was claimed ahead of its place is noted before it gets one: the note is a write, and a
place that waited for it would be empty as long.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field

import structlog

from services.notify.dispatching import Dispatcher
from services.notify.model import Notice, ProviderName, RecordOutcome
from services.notify.providers import Outcome
from services.notify.recording import OutcomeRecorder
from services.notify.registering import Registrar
from services.notify.registers import NEVER_BEGAN, name_call
from services.notify.resources import NotifyRuntime
from services.notify.turns import Recipients
from shared.documents import Document
from shared.messaging.decision import Command
from shared.tracing.context import follow

log = structlog.get_logger()

ALARM_EVERY_S = 60.0
WAITS_S_MAX = 5.0
"""What was claimed ahead of a place and finds none for so long goes back: its provider is slow."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A claim that is durable. answer: of the claim. start_before, since: of the monotonic clock.

    register_id: where the call is noted before it begins; empty where the claim says that it does.
    """

    notice: Notice
    answer: Document
    recipients: Recipients
    start_before: float
    since: float
    register_id: str

    @property
    def provider(self) -> ProviderName:
        provider: ProviderName = self.answer["provider"]
        return provider

    @property
    def call(self) -> str:
        return name_call(self.notice.id, self.answer["attempt"])


@dataclass(slots=True)
class GateLine:
    """What was claimed ahead of its place at one gate, in its order. noted: may begin at once where
    there is a place. noting: how many notes are on their way."""

    waiting: deque[Grant] = field(default_factory=deque)
    noted: deque[Grant] = field(default_factory=deque)
    noting: int = 0


class Caller:
    """under_way: calls, with what follows each until its outcome is on its way to the database."""

    def __init__(
        self,
        runtime: NotifyRuntime,
        dispatcher: Dispatcher,
        recorder: OutcomeRecorder,
        registrar: Registrar,
        shard: int,
    ) -> None:
        self._resources = runtime.resources
        self._dispatcher, self._recorder, self._registrar = dispatcher, recorder, registrar
        self._shard = shard
        self._lines: dict[ProviderName, GateLine] = {}
        self._notes: set[asyncio.Task[None]] = set()
        self._alarmed_at: dict[tuple[str, str], float] = {}
        self._is_stopping = False
        self.under_way: set[asyncio.Task[None]] = set()

    def begin(self, grant: Grant) -> None:
        """At once, where it was claimed for a place; else when there is one."""
        if not grant.register_id:
            self._dispatcher.enter(grant.provider)
            _start(self._call(grant), self.under_way)
            return
        self._dispatcher.enter_ahead(grant.provider)
        self._lines.setdefault(grant.provider, GateLine()).waiting.append(grant)
        self._fill(grant.provider)

    def fill_places(self) -> None:
        """A claim that held a place may begin no call: then no call ends there to pass it on."""
        for provider in self._lines:
            self._fill(provider)

    def give_back_overdue(self) -> None:
        """Its provider has no place for it: it goes again later, or by another."""
        since = time.monotonic() - WAITS_S_MAX
        for line in self._lines.values():
            for grants in (line.noted, line.waiting):
                while grants and (self._is_stopping or grants[0].since < since):
                    self._give_back(grants.popleft())

    def stop(self) -> None:
        """No other call begins; what is claimed is given back."""
        self._is_stopping = True
        self.give_back_overdue()

    def list_under_way(self) -> Collection[asyncio.Task[None]]:
        """Calls; where there are none, the notes of those that begin next."""
        return self.under_way or self._notes

    async def join(self) -> None:
        """Until no call is under way, and no note."""
        while tasks := {*self.under_way, *self._notes}:
            await asyncio.gather(*tasks)

    def _fill(self, provider: ProviderName) -> None:
        line = self._lines.get(provider)
        if line is None or self._is_stopping:
            return
        while line.noted and self._dispatcher.take_place(provider):
            _start(self._call(line.noted.popleft()), self.under_way)
        room = self._dispatcher.count_notable(provider) - len(line.noted) - line.noting
        while line.waiting and room > 0:
            room -= 1
            line.noting += 1
            _start(self._note(line.waiting.popleft(), line), self._notes)

    async def _note(self, grant: Grant, line: GateLine) -> None:
        is_noted = await self._registrar.begin(grant.register_id, grant.call)
        line.noting -= 1
        if is_noted and not self._is_stopping:
            line.noted.append(grant)
        else:
            self._give_back(grant)
        self._fill(grant.provider)

    def _give_back(self, grant: Grant) -> None:
        self._dispatcher.leave_ahead(grant.provider)
        self._record(grant, Outcome("retry", code=NEVER_BEGAN))

    async def _call(self, grant: Grant) -> None:
        began_at = time.monotonic()
        if self._is_stopping:
            outcome = Outcome("retry", code=NEVER_BEGAN)
            self._dispatcher.leave(grant.provider)
        elif began_at > grant.start_before:
            outcome = Outcome("retry", code="claim_too_old")
            self._dispatcher.leave(grant.provider)
        else:
            outcome = await self._send(grant)
            self._dispatcher.end(grant.provider, began_at, outcome)
        if outcome.kind == "misconfigured":
            self._raise_alarm(grant.provider, outcome)
        self._record(grant, outcome)
        self._fill(grant.provider)

    async def _send(self, grant: Grant) -> Outcome:
        notice, recipients = grant.notice, grant.recipients
        try:
            with follow((notice.correlation_id,)):
                return await self._resources.send(
                    notice,
                    grant.provider,
                    recipients.find_contact(notice),
                    recipients.names.get(notice.donor_id or ""),
                    as_subscription=grant.answer["as_subscription"],
                )
        except Exception:
            log.exception("provider_adapter_failed", provider=grant.provider, notice_id=notice.id)
            return Outcome("unknown", code="adapter_failed")

    def _raise_alarm(self, provider: ProviderName, outcome: Outcome) -> None:
        """Once a minute for each cause: no message passes until a person looks."""
        now, key = time.monotonic(), (provider, outcome.code)
        if now - self._alarmed_at.get(key, float("-inf")) > ALARM_EVERY_S:
            self._alarmed_at[key] = now
            log.error(
                "provider_misconfigured",
                provider=provider,
                code=outcome.code,
                detail=outcome.detail,
            )

    def _record(self, grant: Grant, outcome: Outcome) -> None:
        record = RecordOutcome(
            notice_id=grant.notice.id,
            attempt=grant.answer["attempt"],
            channel=grant.answer["channel"],
            provider=grant.provider,
            outcome=outcome.kind,
            provider_message_id=outcome.provider_message_id,
            code=outcome.code[:100],
            retry_after_s=outcome.retry_after_s or 0,
            blocked=outcome.blocked,
            blames_name=outcome.blames_name,
            parts=outcome.parts,
            shard=self._shard,
        )
        self._recorder.put(Command(record, correlation_id=grant.notice.correlation_id))


def _start(work: Coroutine[object, object, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
