"""Whether who confirms or rates for a person had met the person: intake is asked, at that moment.

Matching hears of a meeting by an event, and of those of before its records by none: a witness who
met the person a second ago would be luckier than one who did so a minute ago.
"""

from collections.abc import Collection

from services.matching.model.match import Match
from services.matching.resources import MatchingRuntime
from shared import mongo
from shared.security import Credential
from shared.web.access import find_scope


async def find_parties(
    runtime: MatchingRuntime, caller: Credential, match_ids: Collection[str]
) -> frozenset[str]:
    """The matches for persons whom the caller met. Who meets one after this was asked has confirmed
    first. Raises Transient."""
    rows = await mongo.find(runtime.database, Match, {"_id": {"$in": sorted(match_ids)}})
    matches = [match for match in rows if match.is_seen(find_scope(caller))]
    persons = {match.person_id for match in matches}
    acquaintances = await runtime.resources.persons.find_vouched(persons, caller.principal)
    return frozenset(match.id for match in matches if match.person_id in acquaintances)
