"""What a dishonest operator, or a bad disk, may do to the files of a published log of 600."""

import shutil
from collections.abc import Callable
from pathlib import Path

from services.audit.tlog.merkle import hash_node
from services.audit.tlog.tiles import pack_bundle, split_bundle
from tests.audit.ledgers import publish_all, year_of_facts

SIZE = 600
Tamper = Callable[[Path], None]


def flipped(name: str) -> Tamper:
    def tamper(log: Path) -> None:
        data = bytearray((log / name).read_bytes())
        data[len(data) // 2] ^= 1
        (log / name).write_bytes(data)

    return tamper


def rebundled(change: Callable[[list[bytes]], list[bytes]]) -> Tamper:
    """The first two bundles' entries, changed; the tiles stay as they are."""

    def tamper(log: Path) -> None:
        paths = [log / "tile/entries/000", log / "tile/entries/001"]
        entries = change([each for p in paths for each in split_bundle(p.read_bytes(), 256)])
        paths[0].write_bytes(pack_bundle(entries[:256]))
        paths[1].write_bytes(pack_bundle(entries[256:512]))

    return tamper


def forged_tile(log: Path) -> None:
    """A leaf's hash is replaced and the tile above agrees: only the root tells."""
    leaves = bytearray((log / "tile/0/000").read_bytes())
    leaves[:32] = bytes(32)
    (log / "tile/0/000").write_bytes(leaves)
    row = [bytes(leaves[at : at + 32]) for at in range(0, len(leaves), 32)]
    while len(row) > 1:
        row = [hash_node(*pair) for pair in zip(row[::2], row[1::2], strict=True)]
    upper = log / "tile/1/000.p/2"
    upper.write_bytes(row[0] + upper.read_bytes()[32:])


def other_files(log: Path) -> None:
    """Entries and tiles of another log of the same size below the old checkpoint."""
    checkpoint = (log / "checkpoint").read_bytes()
    other_history(log)
    (log / "checkpoint").write_bytes(checkpoint)


def other_history(log: Path) -> None:
    """All of it, signed by the log's own key: by itself a good log."""
    other = year_of_facts(SIZE - 1)
    other.donate(1)
    shutil.rmtree(log)
    publish_all(other, log, step=SIZE)


def missing(name: str) -> Tamper:
    return lambda log: (log / name).unlink()


TAMPERINGS: dict[str, Tamper] = {
    "flipped byte in an entry": flipped("tile/entries/001"),
    "flipped byte in a tile": flipped("tile/0/001"),
    "flipped byte in a partial tile": flipped("tile/0/002.p/88"),
    "flipped byte in an upper tile": flipped("tile/1/000.p/2"),
    "flipped byte in the checkpoint": flipped("checkpoint"),
    "swapped bundles": rebundled(lambda entries: entries[256:] + entries[:256]),
    "removed entry": rebundled(lambda entries: entries[:9] + entries[10:] + entries[-1:]),
    "reordered entries": rebundled(lambda e: [*e[:9], e[10], e[9], *e[11:]]),
    "duplicated entry": rebundled(lambda entries: entries[:10] + entries[9:-1]),
    "removed bundle": missing("tile/entries/001"),
    "removed tile": missing("tile/0/001"),
    "forged tile": forged_tile,
    "second history below the old checkpoint": other_files,
}
