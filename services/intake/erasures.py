"""Who was erased, kept apart from the database: whatever is restored, he is erased again.

One small file for each, of ids alone, in `GUANJIA_ERASURES_DIR`. It is written before the keys go.
A database that does not know an erasure of the folder is older than it.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from services.intake import store
from services.intake.attachments.keeping import drop_files_of, drop_files_of_messages
from services.intake.model import ErasePerson, ForgetMessages, ForgetOpenid, Person
from services.intake.resources import IntakeRuntime
from services.intake.sent_messages import list_sole_points
from services.intake.vault.persons import Contact, list_said, open_contact
from shared import mongo
from shared.errors import Transient
from shared.messaging.decision import Answer, Command
from shared.security.files import write_private

log = structlog.get_logger()
ERASURES = "erasures"
INDEXES: tuple[mongo.Index, ...] = ((ERASURES, [("person_id", 1)], {}),)
SUFFIX = ".json"
MESSAGES_AT_ONCE = 200
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class Erasure:
    """person_id, or the contact point whose owner unfollowed; earlier_id: as in `Naming`."""

    id: str
    person_id: str = ""
    point_id: str = ""
    earlier_id: str = ""


# --- the folder ---


def save_erasure(folder: Path, erasure: Erasure) -> None:
    """Blocking. Raises Transient: what is not written down is not begun."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = json.dumps(asdict(erasure), sort_keys=True).encode()
        write_private(folder / f"{erasure.id}{SUFFIX}", content)
    except OSError as error:
        raise Transient(f"erasures: {type(error).__name__}") from None


def load_erasures(folder: Path) -> list[Erasure]:
    """In the order of their ids. Blocking."""
    if not folder.is_dir():
        return []
    files = sorted(folder.glob(f"*{SUFFIX}"))
    return [Erasure(**json.loads(file.read_bytes())) for file in files]


# --- erasing ---


async def carry_out_erasure(
    runtime: IntakeRuntime, erasure: Erasure, *, principal: str, key: str = ""
) -> Answer:
    """Dead letters and messages first: without his keys nobody knows what to look for. Again, where
    it was cut off."""
    person = await mongo.load(runtime.database, Person, erasure.person_id)
    if person is not None:
        await asyncio.to_thread(save_erasure, runtime.settings.erasures_dir, erasure)
        await erase_dead_letters(runtime, person)
    await forget_messages(runtime, erasure.person_id)
    data = ErasePerson(person_id=erasure.person_id, erasure_id=erasure.id)
    answer = await runtime.processor.execute(Command(data, key=key, principal=principal))
    await drop_files_of(runtime, erasure.person_id)
    return answer


async def forget_account(runtime: IntakeRuntime, erasure: Erasure) -> Answer:
    """Of who unfollowed, with what he wrote."""
    await asyncio.to_thread(save_erasure, runtime.settings.erasures_dir, erasure)
    await forget_contacts(runtime, [erasure.point_id])
    data = ForgetOpenid(
        point_id=erasure.point_id, earlier_id=erasure.earlier_id, erasure_id=erasure.id
    )
    return await runtime.processor.execute(Command(data))


# --- after a restore ---


async def erase_again(runtime: IntakeRuntime) -> None:
    """Before anything is served: who was erased after the database that is here was copied."""
    erasures = await asyncio.to_thread(load_erasures, runtime.settings.erasures_dir)
    rows = runtime.database[ERASURES].find({}, {"_id": 1})
    ids = {row["_id"] for row in await rows.to_list(None)}
    missing = [each for each in erasures if each.id not in ids]
    answers = [await _erase_again(runtime, erasure) for erasure in missing]
    if any(answer.status == 200 for answer in answers):
        log.warning("erased_again", count=sum(answer.status == 200 for answer in answers))


async def _erase_again(runtime: IntakeRuntime, erasure: Erasure) -> Answer:
    if erasure.person_id:
        return await carry_out_erasure(runtime, erasure, principal="restore")
    return await forget_account(runtime, erasure)


# --- what dead letters say of him ---


async def erase_dead_letters(runtime: IntakeRuntime, person: Person) -> None:
    """Before his keys go: without them nobody knows what to look for."""
    vault = runtime.resources.vault
    contacts = [open_contact(vault, person)]
    contacts += [
        Contact(
            fields.get("name"), fields.get("phone"), fields.get("openid"), fields.get("id_number")
        )
        for _, fields in list_said(vault, person)
    ]
    async for id_, content in runtime.dead_letters.list_contents():
        if any(_is_about(contact, read_refused(content)) for contact in contacts):
            await runtime.dead_letters.erase(id_)


def read_refused(content: bytes) -> str:
    """A refused record as it was meant, whatever it is: names are often escaped in JSON."""
    try:
        return json.dumps(json.loads(content), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = content.decode("utf-8", errors="replace")
    units = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", errors="replace")


def _is_about(contact: Contact, text: str) -> bool:
    """His ID number or account; else his name with his phone: others may share either."""
    if any(mark and mark in text for mark in (contact.id_number, contact.openid)):
        return True
    phone = (contact.phone or "").removeprefix("+86")
    return bool(phone and contact.name and phone in text and contact.name in text)


# --- what people wrote ---


async def forget_messages(runtime: IntakeRuntime, person_id: str) -> None:
    """All that a person wrote. Again, where it was cut off."""
    person = await mongo.load(runtime.database, Person, person_id)
    points = await list_sole_points(runtime, person) if person else []
    await forget_contacts(runtime, points, [person_id])


async def forget_contacts(
    runtime: IntakeRuntime, points: Sequence[str], person_ids: Sequence[str] = ()
) -> None:
    """What was written from these contact points, and what goes on with them."""
    while ids := await store.find_message_ids(
        runtime.database, person_ids, points, MESSAGES_AT_ONCE
    ):
        await runtime.processor.execute(Command(ForgetMessages(message_ids=tuple(ids))))
        await drop_files_of_messages(runtime, ids)
    if points:
        forget = ForgetMessages(message_ids=(), point_ids=tuple(points))
        await runtime.processor.execute(Command(forget))
