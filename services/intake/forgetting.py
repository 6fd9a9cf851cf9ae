"""What people wrote goes with them: by person and by contact point."""

from collections.abc import Sequence

from services.intake import store
from services.intake.attachments.keeping import drop_files_of_messages
from services.intake.model import ContactPoint, ForgetMessages, Person
from services.intake.resources import IntakeRuntime
from services.intake.vault.persons import derive_point_id, open_contact
from shared import mongo
from shared.messaging.decision import Command

BATCH = 200


async def forget_messages(runtime: IntakeRuntime, person_id: str) -> None:
    """All that a person wrote. Again, where it was cut off."""
    await forget_contacts(runtime, await _list_points(runtime, person_id), [person_id])


async def forget_contacts(
    runtime: IntakeRuntime, points: Sequence[str], person_ids: Sequence[str] = ()
) -> None:
    """What was written from these contact points, and what goes on with them."""
    while ids := await store.find_message_ids(runtime.database, person_ids, points, BATCH):
        await runtime.processor.execute(Command(ForgetMessages(message_ids=tuple(ids))))
        await drop_files_of_messages(runtime, ids)
    if points:
        forget = ForgetMessages(message_ids=(), point_ids=tuple(points))
        await runtime.processor.execute(Command(forget))


async def _list_points(runtime: IntakeRuntime, person_id: str) -> list[str]:
    """That reach him and nobody else: what others wrote from his phone is theirs."""
    person = await mongo.load(runtime.database, Person, person_id)
    if person is None:
        return []
    contact, vault = open_contact(runtime.resources.vault, person), runtime.resources.vault
    derived = (
        derive_point_id(vault, phone=contact.phone),
        derive_point_id(vault, openid=contact.openid),
    )
    ids = {*person.points, *filter(None, derived)}
    points = await mongo.find(runtime.database, ContactPoint, {"_id": {"$in": sorted(ids)}})
    shared = {p.id for p in points if any(link.person_id != person_id for link in p.links)}
    return sorted(ids - shared)
