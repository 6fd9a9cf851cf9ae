"""The programs `guanjia run` knows: where each one's settings are."""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, cast

from shared.settings import Settings

Service = Literal["intake", "matching", "notify", "audit"]
Name = Literal["intake", "matching", "notify", "audit", "simulators"]
SERVICES: tuple[Service, ...] = ("intake", "matching", "notify", "audit")
NAMES: tuple[Name, ...] = (*SERVICES, "simulators")

_SETTINGS: dict[str, tuple[str, str]] = {
    "intake": ("services.intake.settings", "IntakeSettings"),
    "matching": ("services.matching.settings", "MatchingSettings"),
    "notify": ("services.notify.settings", "NotifySettings"),
    "audit": ("services.audit.settings", "AuditSettings"),
    "simulators": ("deploy.simulators.environment", "SimulatorsEnvironment"),
}


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These variables and no others, for as long as the context lasts."""
    ours, wanted = dict(os.environ), dict(variables)
    try:
        os.environ.clear()
        os.environ.update(wanted)
        yield
    finally:
        os.environ.clear()
        os.environ.update(ours)


def find_settings_class(name: str) -> type[Settings]:
    module, kind = _SETTINGS[name]
    return cast(type[Settings], getattr(importlib.import_module(module), kind))
