"""The files that are, or are about to be, in the repository."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Relative to the root; tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout: which files belong to the house is not known")
    names = listed.stdout.decode().split("\0")
    return tuple(Path(name) for name in sorted(names) if name and (ROOT / name).is_file())


def python_files(*under: str) -> tuple[Path, ...]:
    wanted = [file for file in files() if file.suffix == ".py"]
    return tuple(f for f in wanted if not under or f.parts[0] in under)


def text_of(file: Path) -> str:
    """Empty for what is no text."""
    return (ROOT / file).read_bytes().decode("utf-8", errors="ignore")
