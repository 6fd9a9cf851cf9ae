"""Whether who confirms or rates for a person had met the person: intake is asked, at that moment.

Matching hears of a meeting by an event, some time after it, and of meetings from before it kept
records by none. While intake is of the release before, the events alone decide (decision 0744).
"""

from collections.abc import Collection

from services.matching.model.match import Match
from services.matching.resources import MatchingRuntime
from shared import mongo
from shared.security import Credential
from shared.web.access import find_scope


async def find_barred(
    runtime: MatchingRuntime, caller: Credential, match_ids: Collection[str]
) -> frozenset[str]:
    """The matches that the caller may not confirm or rate, since he met their persons. Who meets
    one after this was asked has confirmed first. Raises Transient."""
    rows = await mongo.find(runtime.database, Match, {"_id": {"$in": sorted(match_ids)}})
    matches = [match for match in rows if match.is_seen(find_scope(caller))]
    persons = {match.person_id for match in matches}
    acquaintances = await runtime.resources.persons.find_vouched(persons, caller.principal)
    return frozenset(match.id for match in matches if match.person_id in acquaintances)
