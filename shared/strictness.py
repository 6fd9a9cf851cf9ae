"""What JSON and pydantic let pass that means something else: read strictly, at every edge.

`true` is no number, a name that stands twice in an object has no value, NaN is no JSON.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.messages import JSON_NAME_REPEATED, JSON_NUMBER_WRONG, JSON_UNREADABLE

_NUMBERS = ("int", "float", "decimal")


def read_json(content: bytes | str) -> Any:
    """Raises Invalid."""
    try:
        return json.loads(content, object_pairs_hook=_build_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise JSON_UNREADABLE.invalid() from None


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) < len(pairs):
        raise JSON_NAME_REPEATED.invalid()
    return built


def _refuse_constant(_: str) -> NoReturn:
    raise JSON_NUMBER_WRONG.invalid()


def refuse_booleans(schema: CoreSchema) -> CoreSchema:
    """The same schema, in which no number is read from true or false."""
    return cast(CoreSchema, _refuse_booleans(schema))


def _refuse_booleans(part: Any) -> Any:
    if isinstance(part, list | tuple):
        return type(part)(map(_refuse_booleans, part))
    if not isinstance(part, Mapping):
        return part
    if part.get("function") == _IS_NUMBER:
        return part
    if part.get("type") in _NUMBERS:
        number = cast(CoreSchema, part)
        return core_schema.no_info_before_validator_function(_check_number, number)
    return {name: _refuse_booleans(inner) for name, inner in part.items()}


def _check_number(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a number, no true or false")
    return value


_IS_NUMBER = {"type": "no-info", "function": _check_number}
