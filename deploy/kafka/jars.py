"""Finds Java and Maven, and resolves the broker's jars once into the user's cache."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
_JAVA_MAJOR_MIN = 17
_RESOLVE_S_MAX = 600


class ToolMissingError(RuntimeError):
    """Java or Maven is not there; the message names the Debian package that brings it."""


def read_kafka_version() -> str:
    version = re.search(r"<kafka\.version>(.+?)</kafka\.version>", POM.read_text())
    assert version, "the pom names the Kafka version"
    return version[1]


def find_directory() -> Path:
    """Where this pom's jars are, or will be. Another pom is another directory."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pom = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
    return cache / "guanjia" / "kafka" / f"{read_kafka_version()}-{pom}"


def resolve() -> Path:
    """The directory with all jars. The first call asks Maven, later ones need no network."""
    jars = find_directory()
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="resolving-") as scratch:
        complete = Path(scratch) / "jars"
        _copy_dependencies(complete)
        with suppress(OSError):  # another process was first: its jars are as good
            complete.rename(jars)
    assert jars.is_dir(), f"{jars} was resolved"
    return jars


def require_java() -> str:
    java = shutil.which("java")
    process = java and subprocess.run(
        [java, "-version"], capture_output=True, text=True, timeout=60
    )
    version = re.search(r'version "(?:1\.)?(\d+)', process.stderr) if process else None
    if not java or not version or int(version[1]) < _JAVA_MAJOR_MIN:
        raise ToolMissingError(_format_advice(f"Java {_JAVA_MAJOR_MIN}", "openjdk-17-jre-headless"))
    return java


def require_maven() -> str:
    maven = shutil.which("mvn")
    if not maven:
        raise ToolMissingError(_format_advice("Maven", "maven"))
    return maven


def explain_missing() -> str | None:
    """Why the broker cannot run here, or None."""
    try:
        require_java()
        if not find_directory().is_dir():
            require_maven()
    except ToolMissingError as reason:
        return str(reason)
    return None


def _copy_dependencies(target: Path) -> None:
    goal = [
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={target}",
    ]
    command = [require_maven(), "--quiet", "--batch-mode", "--file", str(POM), *goal]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_RESOLVE_S_MAX)
    if done.returncode != 0 or not target.is_dir():
        raise RuntimeError(
            f"Maven 没能取得 Kafka · Maven could not resolve Kafka:\n{done.stdout[-2_000:]}"
        )


def _format_advice(tool: str, package: str) -> str:
    return (
        f"Kafka 需要 {tool}，请安装 Debian 软件包 {package} · "
        f"Kafka needs {tool}: apt-get install {package}"
    )
