"""The programs that `guanjia run` starts, and the settings class of each."""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, cast

from shared.settings import Settings

Service = Literal["intake", "matching", "notify", "audit"]
Name = Literal["intake", "matching", "notify", "audit", "simulators", "front"]
SERVICES: tuple[Service, ...] = ("intake", "matching", "notify", "audit")
NAMES: tuple[Name, ...] = (*SERVICES, "simulators", "front")

_SETTINGS: dict[str, tuple[str, str]] = {
    "intake": ("services.intake.settings", "IntakeSettings"),
    "matching": ("services.matching.settings", "MatchingSettings"),
    "notify": ("services.notify.settings", "NotifySettings"),
    "audit": ("services.audit.settings", "AuditSettings"),
    "front": ("deploy.front.settings", "FrontSettings"),
    "simulators": ("deploy.simulators.environment", "SimulatorsEnvironment"),
}


@contextmanager
def use_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These variables and no others, for as long as the context lasts."""
    before, during = dict(os.environ), dict(variables)
    try:
        os.environ.clear()
        os.environ.update(during)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def find_settings_class(name: str) -> type[Settings]:
    module, kind = _SETTINGS[name]
    return cast(type[Settings], getattr(importlib.import_module(module), kind))
