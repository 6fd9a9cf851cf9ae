"""Whose cases they are that somebody sees who holds a phone."""

from collections.abc import Mapping, Sequence

from services.intake import store
from services.intake.decide.sign_ins import name_applicant
from services.intake.model import ContactPoint, Person
from services.intake.own.contacts import find_contact_refusal, is_called
from services.intake.resources import IntakeRuntime
from services.intake.vault.persons import derive_point_id, open_contact
from services.intake.vault.sealing import Vault
from shared import mongo
from shared.phone_sign_in import Signer


async def load_reached(database: mongo.Database, point_id: str) -> Mapping[str, Person]:
    """All whom this contact point reaches, by id, whose own or not."""
    point = await mongo.load(database, ContactPoint, point_id)
    links = point.links if point else ()
    return await store.load_persons(database, [link.person_id for link in links])


async def load_owners(
    database: mongo.Database, vault: Vault, point_id: str, name: str = ""
) -> Sequence[Person]:
    """Those whose own this contact point certainly is: the records of one human. Nobody where it
    reaches several who may be meant.

    name: of who says so and is about to prove that he holds it. Where nobody showed more than that
    he typed it, it is his who is so called.
    """
    persons = await load_reached(database, point_id)
    ids = {id_ for person in persons.values() for id_ in person.points}
    points = await mongo.find(database, ContactPoint, {"_id": {"$in": sorted(ids)}})
    by_id = {each.id: each for each in points}
    if name and point_id in by_id:
        called = [each.id for each in persons.values() if is_called(vault, each, name)]
        by_id[point_id] = by_id[point_id].with_confirmed(called)
    return [
        person
        for _, person in sorted(persons.items())
        if not person.erased
        and find_contact_refusal(vault, person, by_id, point_id, persons) is None
    ]


async def is_confirmed(runtime: IntakeRuntime, person_id: str) -> bool:
    """Whether a phone by whose code the person signed in is still certainly the person's own."""
    database, vault = runtime.database, runtime.resources.vault
    person = await mongo.load(database, Person, person_id)
    point_ids = list(person.points) if person else []
    points = await mongo.find(database, ContactPoint, {"_id": {"$in": point_ids}})
    for point in points:
        if person_id in point.confirmed_ids:
            owners = await load_owners(database, vault, point.id)
            if person_id in {each.id for each in owners}:
                return True
    return False


async def find_signer(runtime: IntakeRuntime, phone: str, name: str) -> Signer | None:
    """None where it is nobody's who ever asked for something. The session is the phone's: whose
    cases it shows is found out at every look. name: counts where several only typed the phone."""
    vault = runtime.resources.vault
    point_id = derive_point_id(vault, phone=phone)
    owners = await load_owners(runtime.database, vault, point_id)
    owners = owners or await load_owners(runtime.database, vault, point_id, name)
    reached = [each.id for each in owners if open_contact(vault, each).phone == phone]
    if not await store.list_requests_of(runtime.database, reached, limit=1):
        return None
    return Signer(point_id, min(reached), name_applicant(point_id))
