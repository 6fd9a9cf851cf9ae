"""Explanations as staff read them: donors by name where they allow it, else by what they are.

A name is by need: for who works on requests there, read from intake at that moment and logged in
the vault with whose looking it was.
"""

import re
from collections.abc import Iterable, Mapping

import structlog

from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts.values import DONOR_WORDS
from shared.errors import Transient
from shared.persons_client import PersonsClient

log = structlog.get_logger()

PURPOSE = "donor_name_explained"
_OFFER = re.compile(r"O-[0-9a-f]{20}")
_TAIL = 4


async def name_donors(
    database: mongo.Database,
    persons: PersonsClient,
    answer: Mapping[str, object],
    for_whom: str | None,
) -> dict[str, object]:
    """The answer whose `text` says who gives. for_whom: who may read names; None for nobody."""
    lines = answer.get("text")
    if not isinstance(lines, list):
        return dict(answer)
    ids = {id_ for line in lines for id_ in _OFFER.findall(line)}
    labels = await _build_labels(database, persons, ids, for_whom) if ids else {}
    text = [_OFFER.sub(lambda hit: labels.get(hit[0], hit[0]), line) for line in lines]
    return {**answer, "text": text}


async def _build_labels(
    database: mongo.Database, persons: PersonsClient, ids: Iterable[str], for_whom: str | None
) -> dict[str, str]:
    offers = await mongo.find(database, Offer, {"_id": {"$in": sorted(ids)}})
    named = {offer.donor_id for offer in offers if offer.name_shown} if for_whom else set()
    names = await _find_names(persons, named, for_whom or "")
    return build_labels(offers, names)


async def _find_names(
    persons: PersonsClient, donors: set[str], for_whom: str
) -> Mapping[str, str | None]:
    """None of them while intake does not answer: what they are is still said."""
    try:
        return await persons.find_names(donors, PURPOSE, for_whom)
    except Transient as error:
        log.warning("donors_unnamed", reason=str(error))
        return {}


def build_labels(offers: Iterable[Offer], names: Mapping[str, str | None]) -> dict[str, str]:
    """By offer id. The end of the id tells apart who is not named, or has two offers."""
    labels = {offer.id: _find_label(offer, names) for offer in offers}
    return {
        id_: label if is_name and _count(labels, label) == 1 else f"{label} {id_[-_TAIL:].upper()}"
        for id_, (label, is_name) in labels.items()
    }


def _find_label(offer: Offer, names: Mapping[str, str | None]) -> tuple[str, bool]:
    name = names.get(offer.donor_id) if offer.name_shown else None
    return (name, True) if name else (DONOR_WORDS[offer.donor_kind], False)


def _count(labels: Mapping[str, tuple[str, bool]], label: str) -> int:
    return sum(each == label for each, _ in labels.values())
