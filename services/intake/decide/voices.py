"""How a contact that staff gave becomes the person's own (0743)."""

from services.intake.decide.identities import name_enterer
from services.intake.model import OWN_SOURCES, AnswerMeaning, ContactPoint, Person, Speaker
from shared.messaging.decision import States

HEARD: frozenset[AnswerMeaning] = frozenset({"received", "not_received"})
"""Answers to what we asked. Any other words may be a stranger's at a number that was mistyped."""


def second_point(
    states: States, point: ContactPoint, person: Person, speaker: Speaker
) -> ContactPoint:
    """Staff correct the record to a contact that stood there already: the first of them answers for
    it instead of a channel, another is the second who looked into it.

    point: as it is linked now. person: before the correction.
    """
    before = states.get(ContactPoint, point.id)
    link = before.find_link(person.id) if before else None
    enterer = name_enterer(speaker)
    if link is None or not link.entered_by or link.entered_by == enterer:
        return point
    if person.is_of_staff(link.entered_by):
        return point.model_copy(update={"seconded": {**point.seconded, person.id: enterer}})
    return point.with_link(link.model_copy(update={"entered_by": enterer}))


def hear_point(states: States, point_id: str, source: str) -> ContactPoint | None:
    """It answered (HEARD), so it speaks from now on for whom two of the staff said that it is. None
    where nothing changes; what a hotline notes of a call came from no phone that it names.

    source: by which way the answer came.
    """
    point = states.get(ContactPoint, point_id) if source in OWN_SOURCES else None
    if point is None or not point.seconded:
        return None
    for person_id in point.seconded:
        point = give_voice(point, person_id)
    return point.model_copy(update={"seconded": {}})


def give_voice(point: ContactPoint, person_id: str) -> ContactPoint:
    """It is the person's, whoever entered it."""
    link = point.find_link(person_id)
    if link is None or not link.entered_by:
        return point
    changes = {"entered_by": "", "may_answer": link.whose != "collector"}
    return point.with_link(link.model_copy(update=changes))
