"""The version that runs beside today's: the tree of the last release, from this clone's history."""

import io
import re
import subprocess
import tarfile
from pathlib import Path

RELEASE = "ff61b072d1fdf04a069c5f4c2e1828959856fb65"
"""The last landing: who upgrades comes from there."""
ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "shared", "deploy")
ITEMS = re.compile(r"^guanjia_batch_items_sum(?:\{[^}]*\})? ([\d.e+]+)$", re.MULTILINE)


class OlderMissingError(RuntimeError):
    """This clone does not have the commit; the message says how to get it."""


def unpack_older(folder: Path, commit: str = RELEASE) -> Path:
    """The tree of the commit in this folder. It runs on the packages of today's lock."""
    command = ("git", "-C", str(ROOT), "archive", "--format=tar", commit, "--", *PACKAGES)
    try:
        archive = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", b"").decode().strip() or str(error)
        raise OlderMissingError(
            f"没有旧版本 {commit}（git fetch --unshallow）· no older version: {reason}"
        ) from None
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def count_items(metrics: str) -> int:
    """Records and commands that a service has worked on, by its /metrics."""
    return int(sum(float(number) for number in ITEMS.findall(metrics)))
