"""Logs: one JSON object a line on standard output, static snake_case events, UTC times."""

import json
import logging
import sys
from typing import Any

import structlog


def configure(service: str, level: str) -> None:
    """httpx and aiokafka would log URLs and records: they may speak from WARNING up."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format=_stdlib_format(service))


def _to_json(event: dict[str, Any], **options: Any) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), **options)


def _stdlib_format(service: str) -> str:
    return (
        f'{{"service":"{service}","event":"library_message","level":"%(levelname)s",'
        '"logger":"%(name)s","message":"%(message)s"}'
    )
