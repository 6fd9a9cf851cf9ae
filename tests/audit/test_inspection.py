"""Which bundles of a log are held against the database at a look."""

from unittest.mock import Mock

from services.audit.inspection import BUNDLES_PER_LOOK, LOOKS_PER_ROUND, Inspector
from services.audit.tlog.tiles import TILE_WIDTH

LOG = "log"


def make_inspector() -> Inspector:
    return Inspector(Mock(), Mock())


def test_after_a_start_all_is_compared_some_bundles_at_a_look() -> None:
    inspector, bundles = make_inspector(), 100
    looks = [inspector._choose_bundles(LOG, bundles * TILE_WIDTH) for _ in range(3)]
    assert set().union(*looks) == set(range(bundles))
    assert max(len(look) for look in looks) <= BUNDLES_PER_LOOK + 1


def test_what_is_new_is_compared_at_the_next_look() -> None:
    inspector = make_inspector()
    inspector._choose_bundles(LOG, 3 * TILE_WIDTH)
    assert {3, 4} <= inspector._choose_bundles(LOG, 4 * TILE_WIDTH + 1)
    assert 4 in inspector._choose_bundles(LOG, 4 * TILE_WIDTH + 2)


def test_a_steady_log_costs_little_and_is_read_through_in_a_round() -> None:
    for bundles in (1, 7, LOOKS_PER_ROUND, 4000):
        inspector = make_inspector()
        size = bundles * TILE_WIDTH
        for _ in range(-(-bundles // BUNDLES_PER_LOOK)):
            inspector._choose_bundles(LOG, size)
        looks = [inspector._choose_bundles(LOG, size) for _ in range(LOOKS_PER_ROUND + 1)]
        assert set().union(*looks) == set(range(bundles))
        assert max(len(look) for look in looks) <= -(-bundles // LOOKS_PER_ROUND)


def test_what_differed_is_compared_at_every_look() -> None:
    inspector = make_inspector()
    size = 500 * TILE_WIDTH
    for _ in range(13):
        inspector._choose_bundles(LOG, size)
    inspector._differing[LOG] = {400}
    assert 400 in inspector._choose_bundles(LOG, size)


def test_a_new_year_begins_from_its_first_entry() -> None:
    inspector = make_inspector()
    inspector._choose_bundles(LOG, 9 * TILE_WIDTH)
    assert inspector._choose_bundles("next", 1) == {0}
