"""Programs in Go that judge our log, built once a session."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def built(module: str, into: Path, *packages: str) -> Path:
    """The folder with the programs of a Go module of this directory; skips where Go cannot."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed (1.26 or later)")
    build = ran([go, "build", "-o", f"{into}/", *(packages or ["."])], HERE / module, 500)
    if build.returncode != 0:
        pytest.skip(f"go cannot build {module} here: {build.stdout.strip()[-300:]}")
    return into


def ran(
    command: Sequence[str | Path], cwd: Path | None = None, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """stdout and stderr together."""
    return subprocess.run(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
