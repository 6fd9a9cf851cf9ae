"""Spreadsheets of requests: bytes in, rows out, each either a request or why it is none.

Headers and values in Chinese or English. The hospitals' event file of February 2020 is known by
its header (`hospital_needs`). Nothing here asks the house: who imports may be anywhere.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.intake.channels import hospital_needs
from services.intake.channels.columns import HEADERS, request_of
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import Channel
from shared.errors import Invalid, Problem
from shared.validation import describe_validation


@dataclass(frozen=True, slots=True)
class Row:
    """line: in the file, from 1. key: the same row is the same message, however often imported."""

    line: int
    original: Mapping[str, str]
    key: str
    request: RequestSubmitted


@dataclass(frozen=True, slots=True)
class RefusedRow:
    line: int
    original: Mapping[str, str]
    problems: tuple[Problem, ...]


Reader = Callable[[Mapping[str, str], Channel], dict[str, Any]]


def read(content: bytes, channel: Channel) -> Iterator[Row | RefusedRow]:
    """Raises Invalid when the file is no table of requests at all."""
    lines = csv.DictReader(io.StringIO(_decoded(content), newline=""))
    fields = tuple(lines.fieldnames or ())
    reader, known = _reader_for(fields)
    for raw in _rows(lines):
        original = {name: (raw.get(name) or "").strip() for name in fields}
        yield _read_row(reader, known, lines.line_num, original, channel)


def headers(content: bytes) -> tuple[str, ...]:
    lines = csv.DictReader(io.StringIO(_decoded(content), newline=""))
    return tuple(lines.fieldnames or ())


def _rows(lines: "csv.DictReader[str]") -> Iterator[dict[str, Any]]:
    try:
        yield from lines
    except csv.Error:
        raise Invalid.of(
            "not_csv",
            f"第 {lines.line_num} 行之后不是有效的 CSV",
            f"not a valid CSV after line {lines.line_num}",
        ) from None


def _decoded(content: bytes) -> str:
    """UTF-8 with or without a mark; Chinese spreadsheets often save GB18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid.of(
        "not_text", "文件编码应为 UTF-8 或 GB18030", "save the file as UTF-8 or GB18030"
    )


def _reader_for(fields: tuple[str, ...]) -> tuple[Reader, tuple[str, ...]]:
    if set(fields) >= hospital_needs.HEADER:
        return hospital_needs.request_of, fields
    known = tuple(name for name in fields if name.strip().lower() in HEADERS)
    if not known:
        raise Invalid.of(
            "unknown_header",
            "没有认识的表头，至少需要：姓名、手机、类别、困难类别、金额或数量、镇街",
            "no known header: name, phone, category, class, amount or quantity, town are needed",
        )
    return request_of, known


def _read_row(
    reader: Reader, known: tuple[str, ...], line: int, original: Mapping[str, str], channel: Channel
) -> Row | RefusedRow:
    try:
        request = RequestSubmitted.model_validate(reader(original, channel))
    except Invalid as error:
        return RefusedRow(line, original, error.problems)
    except ValidationError as error:
        return RefusedRow(line, original, describe_validation(error))
    return Row(line, original, _key({name: original[name] for name in known}, channel), request)


def _key(content: Mapping[str, str], channel: Channel) -> str:
    """Its own number if it has one; else a digest of what it says."""
    number = next((content[n] for n in content if HEADERS.get(n.strip().lower()) == "number"), "")
    said: Any = number or sorted(content.items())
    framed = json.dumps([channel.value, said], ensure_ascii=False).encode()
    return f"row-{hashlib.sha256(framed).hexdigest()[:32]}"
