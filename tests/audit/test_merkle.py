"""Hashing and the frontier, against RFC 6962's own definition and known values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.tlog.merkle import EMPTY_ROOT, Frontier, compute_subtree_root, hash_leaf
from tests.audit.ledgers import naive_root


def test_known_hashes() -> None:
    assert (EMPTY_ROOT.hex()[:8], EMPTY_ROOT.hex()[-4:]) == ("e3b0c442", "b855")
    assert (hash_leaf(b"").hex()[:8], hash_leaf(b"").hex()[-4:]) == ("6e340b9c", "a01d")
    longer = hash_leaf(b"L123456").hex()
    assert (longer[:8], longer[-4:]) == ("395aa064", "4d56")


def test_frontier_has_the_naive_root_at_every_size() -> None:
    leaves = [b"entry %d" % number for number in range(300)]
    frontier = Frontier()
    for size in range(300):
        assert frontier.compute_root() == naive_root(leaves[:size])
        frontier = frontier.append(hash_leaf(leaves[size]))


@given(st.lists(st.binary(max_size=40), max_size=80), st.integers(0, 80))
def test_frontier_grows_the_same_however_entries_are_batched(leaves: list[bytes], cut: int) -> None:
    hashes = [hash_leaf(leaf) for leaf in leaves]
    whole = Frontier().extend(hashes)
    assert Frontier().extend(hashes[:cut]).extend(hashes[cut:]) == whole
    assert whole.compute_root() == compute_subtree_root(hashes) == naive_root(leaves)


@given(st.integers(0, 200))
def test_frontier_survives_its_encoding(size: int) -> None:
    frontier = Frontier().extend(hash_leaf(bytes([n % 256])) for n in range(size))
    assert Frontier.from_list(frontier.size, frontier.hashes) == frontier


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, []), (1, []), (2, [b"x" * 31]), (0, [b"x" * 32])]
)
def test_frontier_of_wrong_form_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="no frontier"):
        Frontier.from_list(size, hashes)
