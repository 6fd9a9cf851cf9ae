"""That it is he: a code of his page that comes back from his own phone or WeChat account.

Of a code only its keyed digest is stored, with whose page it is of and what it came back from.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.intake.store import VAULT_LOOKS
from shared import mongo

OWN_PROOFS = "own_proofs"
PROOF_TTL = timedelta(minutes=30)
INDEXES: tuple[mongo.Index, ...] = (
    (OWN_PROOFS, [("at", 1)], {"expireAfterSeconds": int(PROOF_TTL.total_seconds())}),
)
CORRECTIONS_MAX = 3
"""By one code."""
TRIES_PER_MINUTE = 40
"""Of one page, codes made and codes typed: whoever has the link finds no code of eight digits that
the person sent from his phone, in the half hour that it is good for."""


async def save_proof(database: mongo.Database, id_: str, request_id: str, at: datetime) -> None:
    """id_: keyed digest of the code, which stands on his page alone."""
    row = {"_id": id_, "request_id": request_id, "point_id": "", "corrections": 0, "at": at}
    await database[OWN_PROOFS].insert_one(row)


async def record_proof(database: mongo.Database, id_: str, point_id: str, now: datetime) -> bool:
    """It came from this contact point. False for a code that is over, or came before."""
    waiting = {"_id": id_, "point_id": {"$in": ["", point_id]}, "at": {"$gt": now - PROOF_TTL}}
    updated = await database[OWN_PROOFS].update_one(waiting, {"$set": {"point_id": point_id}})
    return updated.matched_count == 1


async def find_proof(
    database: mongo.Database, id_: str, request_id: str, now: datetime
) -> str | None:
    """The contact point that it came from, empty as long as it did not. None: over, or of another
    page."""
    wanted = {"_id": id_, "request_id": request_id, "at": {"$gt": now - PROOF_TTL}}
    row = await database[OWN_PROOFS].find_one(wanted)
    return str(row["point_id"]) if row else None


async def take_correction(database: mongo.Database, id_: str) -> int | None:
    """Which it is by this code, from 1. None: it would be one too many."""
    row = await database[OWN_PROOFS].find_one_and_update(
        {"_id": id_, "corrections": {"$lt": CORRECTIONS_MAX}},
        {"$inc": {"corrections": 1}},
        return_document=True,
    )
    return int(row["corrections"]) if row else None


async def use_up(database: mongo.Database, id_: str) -> bool:
    """Whether it was there: of two who use it at once one does."""
    deleted = await database[OWN_PROOFS].delete_one({"_id": id_})
    return deleted.deleted_count == 1


async def log_own_look(
    database: mongo.Database, request_id: str, person_ids: Sequence[str], at: datetime
) -> None:
    """He too stands among those who looked: where it was not he, he reads it."""
    look = {"who": f"link:{request_id}", "roles": ["self"], "purpose": "own_export", "at": at}
    await database[VAULT_LOOKS.collection].insert_many(
        [{**look, "person_id": id_} for id_ in person_ids]
    )
