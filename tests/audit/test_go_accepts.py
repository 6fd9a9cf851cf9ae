"""Code that nobody here wrote, the Go team's tlog and note packages, judges our log."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from services.audit.log.publisher import LogDirectory
from services.audit.verify.tiles import pack_bundle, split_bundle
from tests.audit.ledgers import log_key, publish_all, year_of_facts

SOURCE = Path(__file__).parent / "gocheck"
VKEY = str(log_key().vkey)
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def gocheck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed (Debian package golang-go, 1.26 or later)")
    program = tmp_path_factory.mktemp("go") / "gocheck"
    build = subprocess.run(
        [go, "build", "-o", str(program), "."],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if build.returncode != 0:
        pytest.skip(f"go cannot build the checker here: {build.stderr.strip()[-300:]}")
    return program


def run(program: Path, log: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), str(log), VKEY], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 1000, 65_537])
def test_go_accepts_our_log_at_every_kind_of_size(gocheck: Path, tmp_path: Path, size: int) -> None:
    log = LogDirectory(tmp_path, log_key())
    log.publish((number, b"entry %d" % number) for number in range(size // 2))
    log.publish((number, b"entry %d" % number) for number in range(size))
    result = run(gocheck, tmp_path)
    assert result.returncode == 0, result.stdout


def flipped(name: str) -> Callable[[Path], None]:
    def tamper(log: Path) -> None:
        data = bytearray((log / name).read_bytes())
        data[len(data) // 2] ^= 1
        (log / name).write_bytes(data)

    return tamper


def rebundled(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    """The first two bundles' entries, changed; the tiles stay as they are."""

    def tamper(log: Path) -> None:
        paths = [log / "tile/entries/000", log / "tile/entries/001"]
        entries = change([each for p in paths for each in split_bundle(p.read_bytes(), 256)])
        paths[0].write_bytes(pack_bundle(entries[:256]))
        paths[1].write_bytes(pack_bundle(entries[256:512]))

    return tamper


def other_history(log: Path) -> None:
    """Entries and tiles of another log of the same size below the old checkpoint."""
    other = year_of_facts(599)
    other.donate(1)
    publish_all(other, log / "other", step=600)
    shutil.rmtree(log / "tile")
    (log / "other/tile").rename(log / "tile")


TAMPERINGS = {
    "flipped byte in an entry": flipped("tile/entries/001"),
    "flipped byte in a tile": flipped("tile/0/001"),
    "flipped byte in a partial tile": flipped("tile/0/002.p/88"),
    "flipped byte in an upper tile": flipped("tile/1/000.p/2"),
    "flipped byte in the checkpoint": flipped("checkpoint"),
    "swapped bundles": rebundled(lambda entries: entries[256:] + entries[:256]),
    "removed entry": rebundled(lambda entries: entries[:9] + entries[10:] + entries[-1:]),
    "reordered entries": rebundled(lambda e: [*e[:9], e[10], e[9], *e[11:]]),
    "duplicated entry": rebundled(lambda entries: entries[:10] + entries[9:-1]),
    "second history": other_history,
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_go_rejects_what_we_reject(gocheck: Path, tmp_path: Path, name: str) -> None:
    publish_all(year_of_facts(600), tmp_path, step=600)
    assert run(gocheck, tmp_path).returncode == 0
    TAMPERINGS[name](tmp_path)
    assert run(gocheck, tmp_path).returncode != 0
