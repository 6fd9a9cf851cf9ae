"""In January each donor is told, once, that his year is over and where its report stands."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from services.matching.giving import compute_bounds, find_year
from services.matching.model.donor_digest import DonorDigest, SummarizeYear
from services.matching.model.match import Match
from services.matching.resources import MatchingRuntime
from shared.contracts.values import CHINA
from shared.errors import Transient
from shared.messaging.batches import execute_each
from shared.messaging.decision import Command
from shared.runtime import Runtime

log = structlog.get_logger()

FIRST_DAY = 5
"""Of January: what was brought in the last days of the year is confirmed by then."""
DONORS_MAX = 500
LOOKED_EVERY_S = 1800.0


async def run_year_summaries(runtime: MatchingRuntime) -> None:
    """Endless: nothing to do in eleven months of the year."""
    while True:
        try:
            year = find_ended_year(await runtime.processor.now())
            while year is not None and await summarize_year(runtime, year):
                pass
        except Transient as error:
            log.warning("year_summaries_postponed", error=str(error))
        await asyncio.sleep(LOOKED_EVERY_S)


def find_ended_year(now: datetime) -> int | None:
    """The year that donors hear of now; None outside of January."""
    local = now.astimezone(CHINA)
    if local.month != 1 or local.day < FIRST_DAY:
        return None
    return find_year(now) - 1


async def summarize_year(runtime: Runtime, year: int) -> bool:
    """So many donors at a time; whether there are more."""
    commands = [
        Command(SummarizeYear(donor_id=donor_id, year=year, count=count))
        for donor_id, count in await _find_untold(runtime, year)
    ]
    for command, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            log.error("year_summary_failed", donor_id=command.data.donor_id, exc_info=answer)
            return False
    return len(commands) == DONORS_MAX


async def _find_untold(runtime: Runtime, year: int) -> Sequence[tuple[str, int]]:
    """Donors who were not told yet, and how many requests got what they gave; without what a
    partner registered who speaks for nobody any more."""
    first, next_first = compute_bounds(year)
    matches = runtime.database[Match.COLLECTION]
    confirmed: dict[str, object] = {
        "state": "confirmed",
        "confirmed_at": {"$gte": first, "$lt": next_first},
    }
    sources = await matches.distinct("source", confirmed)
    ended_sources = [source for source in sources if runtime.keyring.is_partner_gone(source)]
    pipeline: list[Mapping[str, object]] = [
        {"$match": confirmed | {"source": {"$nin": ended_sources}}},
        {"$group": {"_id": {"donor": "$donor_id", "request": "$request_id"}}},
        {"$group": {"_id": "$_id.donor", "count": {"$sum": 1}}},
        {
            "$lookup": {
                "from": DonorDigest.COLLECTION,
                "localField": "_id",
                "foreignField": "_id",
                "as": "digests",
            }
        },
        {"$match": {"digests.summarized_year": {"$not": {"$gte": year}}}},
        {"$sort": {"_id": 1}},
        {"$limit": DONORS_MAX},
    ]
    rows = await matches.aggregate(pipeline).to_list(None)
    return [(row["_id"], row["count"]) for row in rows]
