"""HTTP for what a message brought: seen by who reads the message."""

from collections.abc import Iterable

from fastapi.responses import Response

from services.intake import store
from services.intake.api.attachments import Size, build_file_answer
from services.intake.api.messages import CaseWorker, load_seen_message
from services.intake.attachments.keeping import open_file
from services.intake.attachments.messages import ATTACHMENT_UNKNOWN
from services.intake.model import Message
from services.intake.model.attachment import Attachment
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import Denied, Router, find_scope

router = Router(tags=["attachments"])


@router.get("/messages/{message_id}/attachments/{attachment_id}")
async def read_message_file(
    message_id: Identifier,
    attachment_id: Identifier,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    size: Size = "full",
) -> Response:
    """A photo or voice that came with a message; each look is in the vault's log."""
    scope, small = find_scope(caller), size == "small"
    return await send_message_file(runtime, caller, scope, message_id, attachment_id, small=small)


# --- for the pages too ---


async def list_message_files(
    runtime: IntakeRuntime, messages: Iterable[Message]
) -> dict[str, list[Attachment]]:
    """By message; messages: those that the reader sees."""
    return {each.id: await _list_present(runtime, each) for each in messages}


async def send_message_file(
    runtime: IntakeRuntime,
    caller: Credential,
    scope: Scope,
    message_id: str,
    attachment_id: str,
    *,
    small: bool,
) -> Response:
    """Raises Denied, or Invalid while it is not checked."""
    message = await load_seen_message(runtime, message_id, scope)
    files = {each.id: each for each in await _list_present(runtime, message)}
    attachment = files.get(attachment_id)
    if attachment is None:
        raise Denied(ATTACHMENT_UNKNOWN.refusal(404, "attachment_id"))
    at = await runtime.processor.now()
    subjects = [message.point_id, *filter(None, (attachment.person_id,))]
    await store.VAULT_LOOKS.add(runtime.database, caller, "read_attachment", subjects, at)
    return build_file_answer(attachment, await open_file(runtime, attachment, small=small))


async def _list_present(runtime: IntakeRuntime, message: Message) -> list[Attachment]:
    """None of a message that is forgotten, or that were taken away from its case."""
    if message.key is None or not message.attachments:
        return []
    query = {"_id": {"$in": list(message.attachments)}, "removed_by": ""}
    return await mongo.find(runtime.database, Attachment, query)
