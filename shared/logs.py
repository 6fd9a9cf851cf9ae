"""Logs: one JSON object a line on standard output, static snake_case events, UTC times."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO, cast

import orjson
import structlog


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
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class _StandardOutput:
    """Of the moment a line is written: loggers are kept longer than a test's output."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def _to_json(event: dict[str, object], **options: Any) -> str:
    try:
        return orjson.dumps(event, **options).decode()
    except TypeError:  # a number that JSON's readers would round, or half a character
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"), **options)


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
                "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            }
        )
