"""The calls of one process to the providers: each begins when it has a place at its gate."""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass

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
        self._waiting: dict[ProviderName, deque[Grant]] = {}
        self._alarmed_at: dict[tuple[str, str], float] = {}
        self._is_stopping = False
        self.under_way: set[asyncio.Task[None]] = set()

    def begin(self, grant: Grant) -> None:
        """At once, where it was claimed for a place; else when there is one."""
        if not grant.register_id:
            self._dispatcher.enter(grant.provider)
            self._start(self._call(grant))
            return
        self._dispatcher.enter_ahead(grant.provider)
        self._waiting.setdefault(grant.provider, deque()).append(grant)
        self._fill(grant.provider)

    def fill_places(self) -> None:
        """A claim that held a place may begin no call: then no call ends there to pass it on."""
        for provider in self._waiting:
            self._fill(provider)

    def give_back_overdue(self) -> None:
        """Its provider has no place for it: it goes again later, or by another."""
        since = time.monotonic() - WAITS_S_MAX
        for grants in self._waiting.values():
            while grants and (self._is_stopping or grants[0].since < since):
                grant = grants.popleft()
                self._dispatcher.leave_ahead(grant.provider)
                self._record(grant, Outcome("retry", code=NEVER_BEGAN))

    def stop(self) -> None:
        """No other call begins; what is claimed is given back."""
        self._is_stopping = True
        self.give_back_overdue()

    def _fill(self, provider: ProviderName) -> None:
        grants = self._waiting.get(provider)
        while grants and self._dispatcher.take_place(provider):
            self._start(self._call(grants.popleft()))

    def _start(self, calling: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(calling)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _call(self, grant: Grant) -> None:
        is_noted = not grant.register_id
        if not is_noted:
            is_noted = await self._registrar.begin(grant.register_id, grant.call)
        began_at = time.monotonic()
        if not is_noted or self._is_stopping:
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
