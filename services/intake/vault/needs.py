"""What of a need may leave intake: the catalogue's words. What was written goes into its text.

Names, phones and whole sentences are written into the item; the text is sealed with the person.
"""

import secrets
from dataclasses import replace
from typing import TypeVar

from services.intake.channels.danger import find_danger
from services.intake.model import (
    DeclineRequest,
    NotedCommand,
    SealedNote,
    SealedRequest,
    derive_note_record,
)
from services.intake.model.approval import AddCaseNote, MendRequest
from services.intake.vault.sealing import Vault
from shared.catalogue import Catalogue, Reading
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import LABELS, Need
from shared.messaging.decision import Command
from shared.personal import has_personal_number

N = TypeVar("N", bound=NotedCommand)
A = TypeVar("A", MendRequest, AddCaseNote)
UNSAID = "求助"
"""The item of who asked in his own words: what it is a member of staff finds out."""
_WRITTEN = "所写物品："
"""The first line of the text of a request whose item was not sure."""


def hide_written_words(
    vault: Vault, catalogue: Catalogue, request: RequestSubmitted, sealed: SealedRequest
) -> SealedRequest:
    """The same with the catalogue's item, and a collector who is no name and no phone."""
    lines: list[str] = []
    changes: dict[str, object] = {}
    if not request.need.is_money:
        reading = _read_need(catalogue, request)
        changes |= _make_changes(request, reading)
        if not reading.is_sure and request.need.item != UNSAID:
            lines.append(f"{_WRITTEN}{request.need.item}")
    collector = request.collector_id
    if collector and (has_personal_number(collector) or not collector.isascii()):
        changes["collector_id"] = vault.derive_id("K", collector)
        lines.append(f"收集人：{collector}")
    if lines:
        text = "\n".join((*lines, request.text)).strip()
        changes["text"] = vault.seal(sealed.request_id, text.encode())
    return sealed.model_copy(update=changes) if changes else sealed


def prepare_decline(vault: Vault, item: Command[DeclineRequest]) -> Command[DeclineRequest]:
    """The approver's note, sealed under a key that goes with the person's."""
    data = item.data
    if not data.note:
        return item
    sealed = vault.seal(derive_note_record(data.request_id), data.note.encode())
    return replace(item, data=data.model_copy(update={"note": "", "sealed_note": sealed}))


def prepare_note(vault: Vault, item: Command[N]) -> Command[N]:
    """Each under a key and a name of its own: a request has several."""
    data = item.data
    if not data.note:
        return item
    record = f"{derive_note_record(data.request_id)} {secrets.token_hex(6)}"
    sealed = vault.seal(record, data.note.encode())
    note = SealedNote(record=record, cipher=sealed.cipher, key=sealed.key)
    return replace(item, data=data.model_copy(update={"note": "", "sealed_note": note}))


def prepare_addition(vault: Vault, item: Command[A]) -> Command[A]:
    """What is added to a request may name danger as its text may."""
    danger = bool(find_danger(item.data.note))
    item = replace(item, data=item.data.model_copy(update={"danger": danger}))
    return prepare_note(vault, item)


def find_written_item(text: str | None) -> str:
    """Empty where nothing else was written than what left intake."""
    first = (text or "").partition("\n")[0]
    return first.removeprefix(_WRITTEN) if first.startswith(_WRITTEN) else ""


def _read_need(catalogue: Catalogue, request: RequestSubmitted) -> Reading:
    """A service may be called as its category: that word is nobody's."""
    need, label = request.need, LABELS[request.category]
    reading = catalogue.read(need.item, need.unit)
    if reading.match == "unknown" and need.item == label:
        return Reading("named", label, reading.unit)
    return reading


def _make_changes(request: RequestSubmitted, reading: Reading) -> dict[str, object]:
    """An item that nobody knows leaves as the word for its category."""
    item = reading.item or LABELS[request.category]
    need = Need(unit=reading.unit, quantity=request.need.quantity, item=item)
    return {"need": need, "item_match": reading.match, "item_reason": reading.reason}
