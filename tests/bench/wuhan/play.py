"""Plays the files as events in order of time.

What one commit of the table changed comes at once and is decided as a micro-batch, priced by the
last whole solution; at every full hour the whole open pool is solved. Donors accept at once.
Goods that were promised go nowhere else until the hospital says that it does not need them: then
they are free again, for nobody recorded deliveries. A new quantity is a new request that has
waited as long as the one before it.
"""

from collections.abc import Sequence
from datetime import timedelta

from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.facts import Registration, list_registrations
from tests.bench.wuhan.needs import Change, compute_usual_quantities, group_by_time
from tests.bench.wuhan.offers import OfferRow
from tests.bench.wuhan.periods import RequestPeriod
from tests.bench.wuhan.replay import MatchingReplay

HOUR = timedelta(hours=1)


def play(
    changes: Sequence[Change], offers: Sequence[OfferRow], assumed: Assumptions
) -> tuple[RequestPeriod, ...]:
    """changes: in order of time. Every period as the full hour after the last change leaves it."""
    if not changes:
        return ()
    begins, ends = changes[0].at, changes[-1].at
    replay = MatchingReplay(offers, assumed, compute_usual_quantities(changes))
    upcoming: Sequence[Registration] = list_registrations(offers, assumed, begins, ends)
    hour = begins.replace(minute=0, second=0, microsecond=0) + HOUR
    for at, batch in group_by_time(changes):
        while hour <= at:
            upcoming = replay.register(upcoming, hour)
            replay.hold_whole(hour)
            hour += HOUR
        upcoming = replay.register(upcoming, at)
        replay.hold_batch(replay.apply(batch, at), at)
    replay.register(upcoming, hour)
    replay.hold_whole(hour)
    replay.close(hour)
    return tuple(replay.periods)
