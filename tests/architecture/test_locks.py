"""Two locks: what production installs, and what this repository's machines install."""

import re
import runpy
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.repository_files import ROOT

PIN = re.compile(r"^([a-z0-9.-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)
Lock = dict[str, tuple[str, frozenset[str]]]


def read_lock(name: str) -> Lock:
    """Package -> version and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "index-url" not in text
    assert "find-links" not in text
    lock: Lock = {
        canonicalize_name(package): (version, frozenset(re.findall("[0-9a-f]{64}", hashes)))
        for package, version, hashes in PIN.findall(text)
    }
    assert len(lock) == text.count("=="), "every package has hashes"
    return lock


def list_names(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras for line in optional[extra])]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_production_installs_the_base_and_the_services_and_no_more() -> None:
    lock = read_lock("requirements.lock")
    assert list_names("services") <= set(lock)
    others = list_names("embedded", "test", "parquet") - list_names("services")
    assert others.isdisjoint(lock)


def test_what_is_tested_is_what_production_installs() -> None:
    production, ours = read_lock("requirements.lock"), read_lock("requirements-dev.lock")
    assert {name: ours.get(name) for name in production} == production
    assert list_names("services", "embedded", "test", "parquet") <= set(ours)


INSTALL = runpy.run_path(str(ROOT / ".ci" / "install"))


def test_uv_looks_where_pip_is_told_to_look() -> None:
    lines = (
        ":env:.find-links='/opt/wheels /srv/wheels'",
        "global.index-url='https://mirror.example/simple'",
        "global.extra-index-url='\\nhttps://a.example/simple\\nhttps://b.example/simple'",
        "global.timeout='10'",
        "install.timeout='60'",
        "global.trusted-host='mirror.example'",
        "freeze.timeout='1'",
    )
    assert INSTALL["translate"](lines) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/opt/wheels,/srv/wheels",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INSECURE_HOST": "mirror.example",
    }


@pytest.mark.parametrize("option", ["no-index", "client-cert", "constraint", "only-binary"])
def test_what_uv_cannot_be_told_is_pips_to_install(option: str) -> None:
    assert INSTALL["translate"]([f"install.{option}='1'"]) is None


def test_uv_itself_is_installed_by_its_hashes() -> None:
    pins = INSTALL["UV_PIN"].findall((ROOT / "requirements-dev.lock").read_text(encoding="utf-8"))
    assert len(pins) == 1
    assert pins[0].count("--hash=sha256:") > 1
