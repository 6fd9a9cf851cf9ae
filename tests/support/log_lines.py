"""What a module logs. (`capture_logs` misses it where another test of the process logged before: a
logger keeps how it was configured when it was first used.)"""

from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture


def capture_lines(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> Sequence[MutableMapping[str, Any]]:
    """Grows while it logs; each with `event` and `log_level`."""
    capture = LogCapture()
    monkeypatch.setattr(f"{module}.log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries
