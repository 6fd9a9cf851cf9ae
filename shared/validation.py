"""Pydantic's errors as problems in both languages, without the input: it may be personal."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from pydantic import ValidationError

from shared.documents import Document
from shared.errors import InvalidValueError, Problem
from shared.messages import VALIDATION_OTHER, VALIDATION_ZH

_FIELD_NAME = re.compile(r"[A-Za-z_-]{1,40}")
Location = Iterable[str | int]


def format_field_path(location: Location) -> str:
    """`need.quantity`. A name nobody gave a field is shown only if it looks like one: it comes
    from the input, and may be personal."""
    return ".".join(
        str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "?"
        for part in location
    )


def describe_validation(
    error: ValidationError, format_path: Callable[[Location], str] = format_field_path
) -> tuple[Problem, ...]:
    """Every error of one validation, in pydantic's order."""
    return describe_errors(error.errors(include_url=False, include_input=False), format_path)


def describe_errors(
    errors: Iterable[Document],
    format_path: Callable[[Location], str] = format_field_path,
) -> tuple[Problem, ...]:
    """errors: as pydantic and FastAPI list them: `type`, `loc`, `msg`, and `ctx` if it has one."""
    return tuple(_describe(error, format_path(error["loc"])) for error in errors)


def _describe(error: Document, path: str) -> Problem:
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, InvalidValueError):
        return replace(cause.problem, field=path)
    return Problem(error["type"], _translate(error["type"], context), error["msg"], path)


def _translate(kind: str, context: Document) -> str:
    values = {"type": kind, **context}
    if "expected" in values:
        values["expected"] = str(values["expected"]).replace(" or ", " 或 ")
    return VALIDATION_ZH.get(kind, VALIDATION_OTHER).format(**values)
