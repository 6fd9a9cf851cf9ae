"""A message as it is settled: what a rule made of it, in one command."""

import structlog

from services.intake.channels.typed_requests import format_code, format_emergency
from services.intake.model import Correspondence, Dialogue, Reading, SettleMessage
from services.intake.resources import IntakeRuntime
from services.intake.vault.messages import Inbound, derive_message_id, derive_sender_id
from shared import mongo
from shared.contracts.events import SenderAnswer
from shared.messaging.decision import Command

log = structlog.get_logger()


class MessageSettler:
    """One message, and what goes on at its contact point."""

    def __init__(self, runtime: IntakeRuntime, inbound: Inbound) -> None:
        self._runtime, self._inbound = runtime, inbound
        self._vault = runtime.resources.vault
        self._message_id = derive_message_id(self._vault, inbound)
        self._point_id = derive_sender_id(self._vault, inbound)

    async def _load_thread(self) -> Correspondence:
        thread = await mongo.load(self._runtime.database, Correspondence, self._point_id)
        return thread or Correspondence(id=self._point_id)

    async def _raise_alarm(self) -> str:
        line = self._runtime.settings.crisis_hotline
        await self._settle("emergency", "unread", answer="emergency", detail=line, is_urgent=True)
        log.error("urgent_message_waits", message_id=self._message_id)
        return format_emergency(line)

    async def _leave_to_person(
        self, reading: Reading, *, is_urgent: bool = False, may_press: bool = False
    ) -> str:
        settled = await self._settle(
            reading, "unread", answer="unread", is_urgent=is_urgent, may_press=may_press
        )
        return format_code(settled or "unread")

    async def _settle(
        self,
        reading: Reading,
        state: str,
        *,
        answer: SenderAnswer | None = None,
        detail: str = "",
        is_urgent: bool = False,
        request_id: str | None = None,
        town_code: str | None = None,
        thread: Correspondence | None = None,
        dialogue: Dialogue | None = None,
        **flags: bool,
    ) -> str | None:
        """What he is told; None: another came first. Without a thread a dialogue stays. flags: of
        the command."""
        settle = SettleMessage.model_validate(
            {
                "message_id": self._message_id,
                "point_id": self._point_id,
                "reading": reading,
                "state": state,
                "answer": answer if self._inbound.is_phone else None,
                "detail": detail,
                "urgent": is_urgent,
                "request_id": request_id,
                "town_code": town_code,
                "dialogue": dialogue,
                "follows": _find_last(thread) if thread else None,
                **flags,
            }
        )
        command = Command(settle, principal=self._inbound.source, correlation_id=self._message_id)
        decided = await self._runtime.processor.execute(command)
        return None if decided.status == 409 else str(decided.body["answer"])


def _find_last(thread: Correspondence) -> str:
    return thread.dialogue.message_ids[-1] if thread.dialogue else ""
