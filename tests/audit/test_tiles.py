"""Tiles and bundles, against the page's figures and an oracle that nobody here wrote."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tlog_scales import tiles as oracle_tiles
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import PlainEd25519Signer
from tlog_scales.writer import TilesWriter

from services.audit.tlog.merkle import Frontier, hash_leaf
from services.audit.tlog.tiles import (
    MalformedBundleError,
    TileTree,
    format_tile_path,
    list_edge_places,
    pack_bundle,
    split_bundle,
)
from services.audit.tlog.writer import LogDirectory
from tests.audit.ledgers import ORIGIN, log_key


def test_paths_group_digits_by_three() -> None:
    assert format_tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert format_tile_path("entries", 0, 5) == "tile/entries/000.p/5"


@given(st.integers(0, 63), st.integers(0, 2**53), st.integers(0, 255))
def test_paths_are_the_oracles(level: int, number: int, width: int) -> None:
    assert format_tile_path(level, number, width).split("/") == oracle_tiles.tile_path(
        level, number, width
    )


def test_a_log_of_seventy_thousand_has_the_edge_of_the_page() -> None:
    assert list_edge_places(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    tree = TileTree()
    full = tree.add([hash_leaf(b"%d" % n) for n in range(70_000)])
    assert [sum(tile.level == level for tile in full) for level in range(3)] == [273, 1, 0]
    assert [tile.path for tile in tree.list_partials()] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]


@given(st.lists(st.integers(0, 700), max_size=4), st.integers(0, 255))
@settings(max_examples=30)
def test_tile_tree_agrees_with_the_frontier(batches: list[int], more: int) -> None:
    tree, frontier, count = TileTree(), Frontier(), 0
    for batch in batches:
        leaves = [hash_leaf(b"%d" % n) for n in range(count, count + batch)]
        tree.add(leaves)
        frontier, count = frontier.extend(leaves), count + batch
        assert (tree.size, tree.compute_root()) == (count, frontier.compute_root())
    more = min(more, 256 - count % 256)
    extra = [hash_leaf(b"more %d" % n) for n in range(more)]
    assert tree.compute_root(extra) == frontier.extend(extra).compute_root()


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_bundles_survive_packing(entries: list[bytes]) -> None:
    packed = pack_bundle(entries)
    assert split_bundle(packed, len(entries)) == entries
    with pytest.raises(MalformedBundleError):
        split_bundle(packed, len(entries) + 1)
    with pytest.raises(MalformedBundleError):
        split_bundle(packed + b"\x00", len(entries))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=3))
@settings(max_examples=12, deadline=None)
def test_published_files_are_the_oracles_files(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int]
) -> None:
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("o") / "log"
    log, writer = LogDirectory(ours, log_key()), TilesWriter.create(theirs, ORIGIN)
    signer = PlainEd25519Signer(ORIGIN, log_key().private)
    count = 0
    for batch in batches:
        entries = [(n, b"entry %d" % n) for n in range(count, count + batch)]
        log.publish(entries)
        for _, entry in entries:
            writer.add_leaf(entry)
        writer.commit([signer])
        count += batch
        assert _files(ours) == _files(theirs)


def test_the_oracle_reads_our_log_and_finds_its_root(tmp_path: Path) -> None:
    log = LogDirectory(tmp_path, log_key())
    standing = log.publish((n, b"entry %d" % n) for n in range(66_000))
    reader = TilesReader(LocalBackend(tmp_path))
    assert reader.get_checkpoint().size == 66_000
    assert reader.calculate_root_hash() == standing.root
    proof = reader.get_inclusion_proof(65_999, 66_000)
    proof.check(hash_leaf(reader.get_entry(65_999)), standing.root)


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.relative_to(root).parts[0].startswith(".")
    }
