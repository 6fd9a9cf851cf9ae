"""Files of a case: added, taken away, checked. Their keys are with the person."""

from datetime import datetime

from services.intake.attachments.messages import (
    ATTACHMENT_UNKNOWN,
    FILE_REMOVED,
    FILES_TOO_MANY,
    PERSON_GONE,
    REMOVER_FOREIGN,
)
from services.intake.messages import REQUEST_UNKNOWN
from services.intake.model import Person, Request
from services.intake.model.attachment import (
    ATTACHMENTS_MAX,
    OWN_ATTACHMENTS_MAX,
    AddAttachment,
    Attachment,
    RemoveAttachment,
    SettleCheck,
)
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States


def decide_add(states: States, item: Command[AddAttachment], now: datetime) -> Decision:
    """The same picture on the same case is there once. What somebody took away stays away: he or an
    approver puts it back, and nobody else by sending it again."""
    data = item.data
    stored, request = states.get_each((Attachment, data.attachment_id), (Request, data.request_id))
    if request is None or not _is_there(request, data.area, data.source):
        return Decision(answer=REQUEST_UNKNOWN.refusal(404, "request_id"))
    if stored is not None and not stored.removed_by:
        return Decision(answer=Answer(200, describe_added(stored)))
    if stored is not None and not data.may_restore and data.by != stored.removed_by:
        return Decision(answer=FILE_REMOVED.refusal(409, "file"))
    person = states.get(Person, request.person_id)
    if person is None or person.erased:
        return Decision(answer=PERSON_GONE.refusal(409, "file"))
    if limit := _find_full(states, request, data):
        return Decision(answer=FILES_TOO_MANY.refusal(409, "file", most=limit))
    attachment = Attachment(
        id=data.attachment_id,
        request_id=request.id,
        person_id=person.id,
        kind=data.kind,
        media_type=data.media_type,
        size=data.size,
        file_id=data.file_id,
        giver=data.giver,
        added_by=data.by,
        added_at=now,
        check=data.check,
    )
    ids = tuple(dict.fromkeys((*request.attachments, attachment.id)))
    return Decision(
        (
            attachment,
            request.model_copy(update={"attachments": ids}),
            person.with_key(attachment.id, data.key),
        ),
        answer=Answer(201, describe_added(attachment)),
    )


def describe_added(attachment: Attachment) -> dict[str, object]:
    return {
        "attachment_id": attachment.id,
        "file_id": attachment.file_id,
        "kind": attachment.kind,
        "media_type": attachment.media_type,
        "check": attachment.check,
    }


def _is_there(request: Request, area: str, source: str | None) -> bool:
    place = request.area.village_code or request.area.town_code
    return place.startswith(area) and source in (None, request.source)


def _find_full(states: States, request: Request, data: AddAttachment) -> int:
    """The limit that is reached; 0 where there is room."""
    present = list_present(states, request)
    if len(present) >= ATTACHMENTS_MAX:
        return ATTACHMENTS_MAX
    own = sum(each.giver == "applicant" for each in present)
    is_full = data.giver == "applicant" and own >= OWN_ATTACHMENTS_MAX
    return OWN_ATTACHMENTS_MAX if is_full else 0


def list_present(states: States, request: Request) -> list[Attachment]:
    """Those that nobody took away, the earliest first."""
    stored = states.get_many(Attachment, request.attachments)
    return [each for each in stored.values() if not each.removed_by]


def decide_remove(states: States, item: Command[RemoveAttachment], _now: datetime) -> Decision:
    """Its key goes, so what was stored is noise; that there was one stays, and who took it away."""
    data = item.data
    attachment = states.get(Attachment, data.attachment_id)
    if attachment is None or attachment.request_id != data.request_id or attachment.removed_by:
        return Decision(answer=ATTACHMENT_UNKNOWN.refusal(404, "attachment_id"))
    request, person = states.get_each(
        (Request, attachment.request_id), (Person, attachment.person_id)
    )
    if request is None or not _is_there(request, data.area, None):
        return Decision(answer=ATTACHMENT_UNKNOWN.refusal(404, "attachment_id"))
    if not data.may_remove_any and data.by != attachment.added_by:
        return Decision(answer=REMOVER_FOREIGN.refusal(403, "attachment_id"))
    removed = attachment.model_copy(update={"removed_by": data.by})
    answer = Answer(200, describe_added(removed))
    if person is None:
        return Decision((removed,), answer=answer)
    keys = {record: key for record, key in person.keys.items() if record != attachment.id}
    return Decision((removed, person.model_copy(update={"keys": keys})), answer=answer)


def decide_file_check(states: States, item: Command[SettleCheck], _now: datetime) -> Decision:
    attachment = states.get(Attachment, item.data.attachment_id)
    if attachment is None or attachment.check not in ("waiting", "unasked"):
        return NOTHING
    return Decision((attachment.model_copy(update={"check": item.data.check}),))
