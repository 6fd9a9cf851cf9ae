"""What an approver says of a request: what is needed by its name, or why it is declined."""

from services.intake.messages import DECLINE_REASONS, ITEM_UNKNOWN, MONEY_WITH_ITEM
from services.intake.model import (
    DeclineRequest,
    Person,
    Request,
    RequestState,
    derive_note_record,
)
from services.intake.rules import Rules
from shared.contracts.events import RequestDeclined
from shared.messaging.decision import Answer


def name_item(rules: Rules, request: Request, item: str) -> Request | Answer:
    """The need in the catalogue's words; or why this is none of them."""
    if request.need.is_money:
        return MONEY_WITH_ITEM.refusal(422, "item")
    reading = rules.catalogue.read(item, request.need.unit)
    if not reading.is_sure:
        return ITEM_UNKNOWN.refusal(422, "item")
    need = request.need.model_copy(update={"item": reading.item, "unit": reading.unit})
    changes = {"need": need, "item_match": "named", "item_reason": reading.reason}
    return request.model_copy(update=changes)


def decline(
    request: Request, persons: tuple[Person, ...], data: DeclineRequest
) -> tuple[Request, RequestDeclined, tuple[Person, ...]]:
    """persons: who asks, unless nobody knows him. The note's key is his: it goes when he goes."""
    reason, note = DECLINE_REASONS[data.reason].zh, data.sealed_note
    changes: dict[str, object] = {
        "state": RequestState.DECLINED,
        "approved_by": data.approver_id,
        "reason": reason,
        "reason_code": data.reason,
    }
    if note and persons and not persons[0].erased:
        changes["note"] = note.cipher
        keys = {**persons[0].keys, derive_note_record(request.id): note.key}
        persons = (persons[0].model_copy(update={"keys": keys}),)
    fact = RequestDeclined(person_id=request.person_id, reason=reason, code=data.reason)
    return request.model_copy(update=changes), fact, persons
