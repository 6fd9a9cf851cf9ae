"""Logs: one JSON object a line on standard output, static snake_case events, UTC times."""

import json
import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO, cast

import orjson
import structlog

REPEATED_AFTER_S = 10.0
KEY_LENGTH = 40
"""Of a message before its arguments; some libraries put them in themselves."""
SEEN_MAX = 500


def configure(service: str, level: str) -> None:
    """httpx and aiokafka would log URLs and records: they may speak from WARNING up."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Never with local variables: they hold numbers, texts and tokens.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # One write a line; printing takes two.
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _StandardOutput())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_LibraryLines(service))
    handler.addFilter(RepeatFilter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class _StandardOutput:
    """Of the moment a line is written: loggers are kept longer than a test's output.

    A line that cannot be written, on a full disk, is lost, and what it tells of goes on: a job that
    logs its own failure would otherwise end with it.
    """

    def write(self, text: str) -> int:
        with suppress(OSError):
            sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()


def _to_json(event: dict[str, object], **options: Any) -> str:
    try:
        return orjson.dumps(event, **options).decode()
    except TypeError:  # a number that JSON's readers would round, or half a character
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"), **options)


class RepeatFilter(logging.Filter):
    """Lets each message of a library pass once in a while, and says how often it came meanwhile.

    Each client of a broker that is away says so several times a second, for as long as it is away.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, str(record.msg)[:KEY_LENGTH])
        now = self._now()
        passed_at, count = self._seen.get(key, (-REPEATED_AFTER_S, 0))
        if now - passed_at < REPEATED_AFTER_S:
            self._seen[key] = passed_at, count + 1
            return False
        if len(self._seen) >= SEEN_MAX:
            self._seen.clear()
        self._seen[key] = now, 0
        record.repeated = count
        return True


class _LibraryLines(logging.Formatter):
    """What libraries log: a traceback too is one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        return _to_json(
            {
                "service": self._service,
                "event": "library_message",
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": super().format(record),
                **({"repeated": count} if (count := getattr(record, "repeated", 0)) else {}),
                "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            }
        )
