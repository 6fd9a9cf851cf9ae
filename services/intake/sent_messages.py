"""What one person sent: identified as his, or from contact points that reach nobody else."""

from services.intake import message_views, store
from services.intake.model import ContactPoint, Message, Person
from services.intake.resources import IntakeRuntime
from services.intake.vault.persons import derive_point_id, open_contact
from shared import mongo
from shared.scope import OutOfScope, Scope


async def list_sent_messages(
    runtime: IntakeRuntime, person: Person, scope: Scope
) -> list[dict[str, object]]:
    """For his own export, oldest first. Of a village nothing: messages are read by towns."""
    try:
        seen = scope.build_query(store.MESSAGES)
    except OutOfScope:
        return []
    points = await list_sole_points(runtime, person)
    sent = store.build_sender_query([person.id], points)
    order = [("received_at", 1), ("_id", 1)]
    messages = await mongo.find(runtime.database, Message, {"$and": [seen, sent]}, sort=order)
    vault = runtime.resources.vault
    return [message_views.describe_sent(vault, message) for message in messages]


async def list_sole_points(runtime: IntakeRuntime, person: Person) -> list[str]:
    """That reach him and nobody else: what others wrote from his phone is theirs."""
    contact, vault = open_contact(runtime.resources.vault, person), runtime.resources.vault
    derived = (
        derive_point_id(vault, phone=contact.phone),
        derive_point_id(vault, openid=contact.openid),
    )
    ids = {*person.points, *filter(None, derived)}
    points = await mongo.find(runtime.database, ContactPoint, {"_id": {"$in": sorted(ids)}})
    shared = {p.id for p in points if any(link.person_id != person.id for link in p.links)}
    return sorted(ids - shared)
