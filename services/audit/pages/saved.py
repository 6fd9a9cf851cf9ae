"""The page of an entry as it is saved: with the files of its proof, and all that it runs."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.proofs import prove_inclusion
from services.audit.tlog.reader import Source, read_bundle
from services.audit.tlog.tiles import CHECKPOINT, TILE_WIDTH
from shared.web.pages import ASSETS

SCRIPT = ASSETS["verify.js"]
STYLE = ASSETS["guanjia.css"]


class RecordingSource:
    """Remembers what was read of a log: that is what a proof needs."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.files: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        data = self._source.read(path)
        if data is not None:
            self.files[path] = data
        return data

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        return map(self.read, paths)

    def list_partial_widths(self, level: int | str, number: int) -> list[int]:
        return self._source.list_partial_widths(level, number)


def collect_proof_files(source: Source, index: int) -> Mapping[str, bytes]:
    """By path: checkpoint, bundle and tiles. Blocking."""
    recording = RecordingSource(source)
    note = recording.read(CHECKPOINT)
    assert note is not None, "its entry was read before"
    size = Checkpoint.read_unverified(note).size
    read_bundle(recording, size, index // TILE_WIDTH)
    prove_inclusion(recording, size, index)
    return recording.files


@dataclass(frozen=True, slots=True)
class Inline:
    """Script and style for a page that is opened from a disk, and the policy that lets no others
    in: such a page asks nobody for anything."""

    script: str
    style: str
    policy: str


def inline_assets() -> Inline:
    digests = [
        base64.b64encode(hashlib.sha256(asset.content).digest()).decode()
        for asset in (SCRIPT, STYLE)
    ]
    policy = (
        f"default-src 'none'; script-src 'sha256-{digests[0]}'; style-src 'sha256-{digests[1]}'"
    )
    return Inline(SCRIPT.content.decode(), STYLE.content.decode(), policy)
