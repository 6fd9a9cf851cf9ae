"""Persons of one town who are called the same. Matching knows no names: intake's keyed digests of
them are equal or are not."""

from typing import ClassVar

from services.matching.model.need import Need
from shared.messaging.decision import State


class Namesakes(State):
    """Who asked for something in a town under a name; its id says which, and neither in words."""

    COLLECTION: ClassVar[str] = "namesakes"

    person_ids: tuple[str, ...] = ()

    def with_person(self, person_id: str) -> "Namesakes":
        ids = dict.fromkeys((*self.person_ids, person_id))
        return self.model_copy(update={"person_ids": tuple(ids)})


def build_namesakes_id(need: Need) -> str | None:
    """None where the name is not known."""
    return f"{need.town_code}:{need.name_id}" if need.name_id else None
