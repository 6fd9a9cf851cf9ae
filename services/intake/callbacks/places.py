"""In which town a place lies that somebody sent: he is asked about the nearest, never taken at it.

No borders are known here, and the middles of towns are some kilometres off (shared/towns.py).
"""

from services.intake import store
from services.intake.model import ContactPoint
from services.intake.vault.messages import Place
from shared import mongo
from shared.text import fold_text
from shared.towns import find_nearest, town_name

_MARKS = "。.,、!)）(（ "


async def is_awaited(database: mongo.Database, point_id: str) -> bool:
    """Whether help waits to be confirmed from this contact point, which a bare “1” would do."""
    point = await mongo.load(database, ContactPoint, point_id)
    ids = [link.person_id for link in point.links] if point else []
    persons = await store.load_persons(database, ids) if ids else {}
    return any(person.awaiting for person in persons.values())


def list_nearest(place: Place | None) -> tuple[str, ...]:
    """Names of towns, the nearest first; none where there is no place or it is far from ours."""
    if place is None:
        return ()
    return tuple(town_name(code) for code in find_nearest(place.latitude, place.longitude))


def read_nearest(written: str, choices: tuple[str, ...]) -> str | None:
    """The name that a number stands for; None where no such number was written."""
    number = fold_text(written).strip(_MARKS)
    numbers = {str(at): name for at, name in enumerate(choices, 1)}
    return numbers.get(number)
