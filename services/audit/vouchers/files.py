"""A voucher's file on its way into the store and out of it."""

import base64
import hashlib
from collections.abc import Iterable
from functools import partial

from services.audit.model.vouchers import FILE_BYTES_MAX, AddVoucherFile, SealedFile, VoucherFile
from services.audit.vouchers import messages
from shared import mongo
from shared.documents import Document
from shared.messaging.decision import Command
from shared.messaging.resealing import SealedCollection, SealedValue
from shared.messaging.sealing import Sealer
from shared.security import Keyring

MAGIC = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}

NEWEST_MAX = 30


def build_file_sealer(keyring: Keyring) -> Sealer:
    return Sealer(partial(keyring.list_sealing_keys, "voucher-files"))


def read_file(content: bytes, note: str) -> AddVoucherFile:
    """Raises Invalid."""
    if not 0 < len(content) <= FILE_BYTES_MAX:
        raise messages.ATTACHMENT_SIZE.invalid("file")
    media_type = next((kind for sign, kind in MAGIC.items() if content.startswith(sign)), "")
    if not media_type:
        raise messages.ATTACHMENT_KIND.invalid("file")
    if not 0 < len(note.strip()) <= 100:
        raise messages.ATTACHMENT_NOTE.invalid("note")
    return AddVoucherFile(
        id=hashlib.sha256(content).hexdigest(),
        media_type=media_type,
        size=len(content),
        note=note.strip(),
        content=base64.b64encode(content).decode(),
    )


def seal_file(sealer: Sealer, command: Command[AddVoucherFile]) -> Command[SealedFile]:
    data = command.data
    content = sealer.seal(data.id, base64.b64decode(data.content))
    return command.with_data(SealedFile(**data.model_dump(exclude={"content"}), content=content))


def describe_voucher_files(sealer: Sealer) -> SealedCollection:
    return SealedCollection(VoucherFile.COLLECTION, ("content",), sealer, _list_content)


def _list_content(file: Document) -> Iterable[SealedValue]:
    return (SealedValue("content", file["_id"], bytes(file["content"])),)


async def find_newest_files(database: mongo.Database) -> list[VoucherFile]:
    """Without their content."""
    cursor = database[VoucherFile.COLLECTION].find({}, {"content": 0})
    documents = await cursor.sort([("added_at", -1)]).limit(NEWEST_MAX).to_list(None)
    return [mongo.to_state(VoucherFile, {**each, "content": b""}) for each in documents]
