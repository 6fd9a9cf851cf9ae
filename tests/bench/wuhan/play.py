"""The files as events in order of time.

What one commit of the table changed comes at once and is decided as a micro-batch, priced by the
last whole solution; at every full hour the whole open pool is solved. Donors accept at once.
Goods that were promised go nowhere else until the hospital says that it does not need them: then
they are free again, for nobody recorded deliveries. A new quantity is a new request that has
waited as long as the one before it.
"""

from collections.abc import Sequence
from datetime import timedelta

from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.facts import Registration, registrations
from tests.bench.wuhan.needs import Change, batches, usual_quantities
from tests.bench.wuhan.offers import Offered
from tests.bench.wuhan.office import Office
from tests.bench.wuhan.spells import Spell

HOUR = timedelta(hours=1)


def play(
    changes: Sequence[Change], offers: Sequence[Offered], assumed: Assumptions
) -> tuple[Spell, ...]:
    """changes: in order of time. Every spell as the full hour after the last change leaves it."""
    if not changes:
        return ()
    begins, ends = changes[0].at, changes[-1].at
    office = Office(offers, assumed, usual_quantities(changes))
    coming: Sequence[Registration] = registrations(offers, assumed, begins, ends)
    hour = begins.replace(minute=0, second=0, microsecond=0) + HOUR
    for at, batch in batches(changes):
        while hour <= at:
            coming = office.hear(coming, hour)
            office.hold_whole(hour)
            hour += HOUR
        coming = office.hear(coming, at)
        office.hold_batch(office.apply(batch, at), at)
    office.hear(coming, hour)
    office.hold_whole(hour)
    office.close(hour)
    return tuple(office.spells)
