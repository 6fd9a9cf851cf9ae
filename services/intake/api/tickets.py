"""HTTP for who brings in the hotline's tickets: each is kept whole, and read in its town."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field

from services.intake.api.requests import CASE_WORKERS
from services.intake.channels.danger import find_danger
from services.intake.channels.hotline import SOURCE
from services.intake.messages import AREA_FOREIGN
from services.intake.model import KeepMessage, SettleMessage
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.messages import Inbound, seal_message
from shared.contracts.values import Channel, TownCode, Value
from shared.documents import Document
from shared.messages import FORBIDDEN
from shared.messaging.decision import Command
from shared.security import Credential, Role
from shared.web.access import Router, allow
from shared.web.admission import BATCH_BYTES_MAX, takes_bytes
from shared.web.batches import Row, answer_rows

router = Router(tags=["messages"])

TICKETS_MAX = 200
Bringer = Annotated[Credential, Depends(allow(Role.CHANNEL, Role.OPERATOR, *CASE_WORKERS))]
Cell = Annotated[str, Field(max_length=4000)]


class TicketRow(Value):
    """number: the hotline's own: the same ticket again is the same message. phone: as E.164, where
    it is one. fields: every column as it was written."""

    number: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,100}$")]
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    town_code: TownCode
    phone: Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")] | None = None
    urgent: bool = False
    fields: Annotated[dict[str, Cell], Field(max_length=60, default_factory=dict)]


@router.post("/messages/tickets")
@takes_bytes(BATCH_BYTES_MAX)
async def keep_tickets(
    rows: Annotated[list[TicketRow], Field(max_length=TICKETS_MAX)],
    caller: Bringer,
    runtime: IntakeRuntimeDep,
) -> dict[str, object]:
    """Each row's own answer, in order: `kept`, or `known` where the ticket was there before."""
    row_inputs = [_make_row(runtime, row, caller) for row in rows]
    answers: list[dict[str, object]] = (await answer_rows(runtime.processor, row_inputs))["answers"]
    fresh = [
        settle
        for row, each, answer in zip(rows, row_inputs, answers, strict=True)
        if answer.get("is_settled") is False and (settle := _settle(row, each, caller))
    ]
    await runtime.processor.execute_many(fresh)
    return {"answers": [_describe(answer) for answer in answers]}


def _make_row(runtime: IntakeRuntime, row: TicketRow, caller: Credential) -> Row:
    identity = {"number": row.number}
    if Role.CHANNEL in caller.roles and caller.speaks_as != SOURCE:
        return Row(identity, FORBIDDEN.refusal(403))
    if not caller.sees(row.town_code, None):
        return Row(identity, AREA_FOREIGN.refusal(403, "town_code"))
    vault = runtime.resources.vault
    inbound = Inbound(
        text=row.text,
        message_id=row.number,
        source=SOURCE,
        channel=Channel.HOTLINE,
        phone=row.phone,
        fields=row.fields,
    )
    keep = seal_message(vault, inbound, row.town_code)
    if not row.phone:
        alone = vault.derive_id("W", "ticket", row.number)
        keep = keep.model_copy(update={"point_id": alone, "earlier_id": alone})
    return Row(identity, Command(keep, principal=caller.principal))


def _settle(row: TicketRow, stored: Row, caller: Credential) -> Command[SettleMessage] | None:
    """It waits to be read; nobody is answered: the hotline does that."""
    if not isinstance(stored.work, Command) or not isinstance(stored.work.data, KeepMessage):
        return None
    keep = stored.work.data
    danger = find_danger(row.text)
    settle = SettleMessage(
        message_id=keep.message_id,
        point_id=keep.point_id,
        reading="emergency" if danger else "unknown",
        state="unread",
        urgent=row.urgent or bool(danger),
    )
    return Command(settle, principal=caller.principal)


def _describe(answer: Document) -> Document:
    if answer["status"] >= 400:
        return answer
    decision = "kept" if answer["status"] == 201 else "known"
    return {"number": answer["number"], "status": answer["status"], "decision": decision}
