"""From an upload to a file of a case, and back: read, checked, sealed, stored, opened."""

import asyncio
import secrets
from dataclasses import dataclass

from services.intake.attachments.clamd import check_file
from services.intake.attachments.files import (
    ReadFile,
    join_parts,
    read_file,
    split_parts,
)
from services.intake.attachments.messages import ATTACHMENT_WAITS, FILE_INFECTED
from services.intake.model import Person, Request, Sealed
from services.intake.model.attachment import (
    AddAttachment,
    Attachment,
    AttachmentKind,
    FileCheck,
    Giver,
)
from services.intake.resources import IntakeRuntime
from services.intake.vault.sealing import Vault
from shared import mongo
from shared.errors import Transient
from shared.messaging.decision import Answer, Command
from shared.messaging.sealing import UnreadableError

BUCKET = "attachment_files"


@dataclass(frozen=True, slots=True)
class Adder:
    """by: a staff number or a channel's source; empty for the applicant himself. area, source,
    may_restore: as in `AddAttachment`."""

    giver: Giver
    by: str = ""
    area: str = ""
    source: str | None = None
    may_restore: bool = False


async def add_file(
    runtime: IntakeRuntime, request_id: str, content: bytes, kind: AttachmentKind, adder: Adder
) -> Answer:
    """Answers 201, 200 where it is there already, or what hinders it. Raises Invalid.

    Stored before it is decided: what is refused then, or cut off between, is noise without its key.
    """
    file, check = await examine(runtime, content)
    vault = runtime.resources.vault
    digest = vault.digest(file.content).hex()
    attachment_id = vault.derive_id("F", request_id, digest)
    file_id, sealed = await store_file(runtime, attachment_id, file)
    command = AddAttachment(
        attachment_id=attachment_id,
        request_id=request_id,
        kind=kind,
        media_type=file.media_type,
        size=len(file.content),
        file_id=file_id,
        key=sealed.key,
        giver=adder.giver,
        by=adder.by,
        area=adder.area,
        source=adder.source,
        may_restore=adder.may_restore,
        check=check,
    )
    answer = await runtime.processor.execute(Command(command, principal=adder.by))
    if answer.body.get("file_id") != file_id:
        await _open_bucket(runtime).delete(file_id)
    body = {name: value for name, value in answer.body.items() if name != "file_id"}
    return Answer(answer.status, body)


async def examine(runtime: IntakeRuntime, content: bytes) -> tuple[ReadFile, FileCheck]:
    """As it is stored, and what the virus check says of what came. Raises Invalid."""
    async with runtime.resources.picture_gate:
        file = await asyncio.to_thread(read_file, content)
    if not runtime.settings.clamd:
        return file, "unasked"
    try:
        verdict = await check_file(runtime.settings.clamd, content)
    except Transient:
        return file, "waiting"
    if verdict == "infected":
        raise FILE_INFECTED.invalid("file")
    return file, "clean"


async def store_file(
    runtime: IntakeRuntime, attachment_id: str, file: ReadFile
) -> tuple[str, Sealed]:
    """The id it has in GridFS, which says nothing, and its key."""
    sealed = runtime.resources.vault.seal(attachment_id, join_parts(file))
    file_id = secrets.token_hex(16)
    await _open_bucket(runtime).write(file_id, sealed.cipher)
    return file_id, sealed


def _open_bucket(runtime: IntakeRuntime) -> mongo.FileBucket:
    return mongo.FileBucket(runtime.database, BUCKET)


# --- reading ---


async def list_files(runtime: IntakeRuntime, request: Request) -> list[Attachment]:
    """Of a case, the earliest first, without those that were taken away."""
    if not request.attachments:
        return []
    query = {"_id": {"$in": list(request.attachments)}, "removed_by": ""}
    rows = await mongo.find(runtime.database, Attachment, query)
    return sorted(rows, key=lambda each: (each.added_at, each.id))


async def open_file(
    runtime: IntakeRuntime, attachment: Attachment, *, small: bool = False
) -> bytes | None:
    """None where the key is gone. Raises Invalid while it is not checked."""
    if not attachment.may_be_shown(checks=bool(runtime.settings.clamd)):
        raise ATTACHMENT_WAITS.invalid("attachment_id")
    stored = await open_stored(runtime, attachment)
    if stored is None:
        return None
    preview, content = split_parts(stored)
    return preview or content if small else content


async def open_stored(runtime: IntakeRuntime, attachment: Attachment) -> bytes | None:
    key = attachment.key
    if attachment.person_id:
        person = await mongo.load(runtime.database, Person, attachment.person_id)
        key = person.keys.get(attachment.id) if person else None
    cipher = await _open_bucket(runtime).read(attachment.file_id) if key else None
    if key is None or cipher is None:
        return None
    return _open(runtime.resources.vault, attachment.id, cipher, key)


def _open(vault: Vault, record: str, cipher: bytes, key: bytes) -> bytes | None:
    try:
        return vault.open(record, cipher, key)
    except UnreadableError:
        return None


# --- what nobody can open any more ---


async def drop_files(runtime: IntakeRuntime, attachments: list[Attachment]) -> None:
    """Noise, since the keys are gone: it takes up room."""
    for attachment in attachments:
        await _open_bucket(runtime).delete(attachment.file_id)


async def discard_file(runtime: IntakeRuntime, file_id: str) -> None:
    """Stored, and then not taken."""
    await _open_bucket(runtime).delete(file_id)


async def drop_files_of_messages(runtime: IntakeRuntime, message_ids: list[str]) -> None:
    """But for those that are of a case now."""
    query = {"message_id": {"$in": message_ids}, "person_id": ""}
    await drop_files(runtime, await mongo.find(runtime.database, Attachment, query))


async def drop_files_of(runtime: IntakeRuntime, person_id: str) -> None:
    await drop_files(
        runtime, await mongo.find(runtime.database, Attachment, {"person_id": person_id})
    )
