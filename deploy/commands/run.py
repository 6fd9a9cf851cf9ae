"""`guanjia run NAME`: one service in this process, until SIGTERM or Ctrl-C."""

import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Any, cast

import structlog
import typer
import uvicorn

from deploy.commands.services import Name, find_settings_class
from deploy.local.connections import TimedProtocol
from shared import logs
from shared.security import REGISTER, RootError
from shared.security.roots import read_roots
from shared.settings import PREFIX, Settings, SettingsError, load_settings

log = structlog.get_logger()

GARBAGE_AFTER = (10_000, 20, 50)
"""Objects more, and looks. A batch makes tens of thousands that end by themselves: looking through
them after each 700, as Python does, took a twelfth of its time."""
SWITCHES_AFTER_S = 0.001
"""A thread that hears from MongoDB waits so long for the main one, which decides meanwhile. A
transaction makes some ten calls: by Python's 5 ms it waited 70 ms, now 25 (decision 0652)."""
REQUESTS_FINISH_S = 2
STOP_S_MAX = 4.5
EXIT_STOP_TOO_SLOW = 75
# Longer than any client keeps an idle connection: closing first would look like a lost answer.
KEEP_ALIVE_S = 120


def run(name: Annotated[Name, typer.Argument(help="服务 which service")]) -> None:
    """运行一个服务；设置来自环境变量 GUANJIA_*。Runs one service, configured by GUANJIA_*."""
    gc.disable()
    settings = load_settings(find_settings_class(name))
    if name != "front":  # it opens nothing and signs nothing
        _check_secrets(settings)
    logs.configure(name, settings.log_level)
    app = _build_app(name, settings)
    # What is imported stays as long as the process: looking through it for garbage took a seventh
    # of each start, and time again at each full collection.
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)
    gc.enable()
    sys.setswitchinterval(SWITCHES_AFTER_S)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="asyncio",  # aiokafka's metadata task does not survive uvloop's error on a dead socket
        http=TimedProtocol,
        ws="none",
        access_log=False,
        proxy_headers=False,  # `FrontAddress` believes them of who shows the front's token
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=REQUESTS_FINISH_S,
        ssl_certfile=getattr(settings, "front_cert_file", None),
        ssl_keyfile=getattr(settings, "front_key_file", None),
    )
    DrainingServer(config, app, settings.drain_s).run()


def _check_secrets(settings: Settings) -> None:
    """Raises SettingsError."""
    for name in ("root.key", REGISTER):
        file = settings.secrets_dir / name
        if not file.exists():
            raise SettingsError(
                f"{PREFIX}SECRETS_DIR = {str(settings.secrets_dir)!r}: 没有 {name} · "
                f"{name} is not there (`guanjia up` makes it, `guanjia keys init` too)"
            )
    try:
        read_roots(settings.secrets_dir)
    except RootError as error:
        raise SettingsError(f"{PREFIX}SECRETS_DIR: {error}") from None


def _build_app(name: str, settings: Settings) -> Any:
    if name == "simulators":
        from deploy.simulators.environment import SimulatorsEnvironment, build_simulator_settings
        from deploy.simulators.main import create_app

        return create_app(build_simulator_settings(cast(SimulatorsEnvironment, settings)))
    if name == "front":
        from deploy.front.main import create_app as create_front
        from deploy.front.settings import FrontSettings

        return create_front(cast(FrontSettings, settings))
    return importlib.import_module(f"services.{name}.main").create_app(settings)


class DrainingServer(uvicorn.Server):
    """Whatever hangs, the process ends in time: a crash loses nothing, waiting may.

    drain_s: how long it still answers after SIGTERM, when it has said that it stops.
    """

    def __init__(self, config: uvicorn.Config, app: Any, drain_s: float) -> None:
        super().__init__(config)
        self._state = app.state
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._drain_s:
            self._state.ready = lambda: "stopping"
            # Whoever holds a connection opens the next one to another instance.
            self.config.encoded_headers.append((b"connection", b"close"))
            _call_later(self._drain_s, self._end, sig, frame)
            self._drain_s = 0
        else:
            self._end(sig, frame)

    def _end(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        _call_later(STOP_S_MAX, _end_process)


def _call_later(seconds: float, function: Callable[..., None], *arguments: Any) -> None:
    timer = threading.Timer(seconds, function, arguments)
    timer.daemon = True
    timer.start()


def _end_process() -> None:
    log.error("stop_too_slow", waited_s=STOP_S_MAX)
    os._exit(EXIT_STOP_TOO_SLOW)
