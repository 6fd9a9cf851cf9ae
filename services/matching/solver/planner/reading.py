"""A file into an instance. What is wrong in it is said with its path: `$.requests[3].need.unit`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from services.matching.solver.planner.instance import Instance
from shared.errors import Invalid, Problem

# Chinese first, with pydantic's own limits filled in.
_WORDS: Mapping[str, str] = {
    "missing": "缺少这一项",
    "extra_forbidden": "不认识的字段",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "finite_number": "应为有限的数字",
    "string_type": "应为文字",
    "string_too_short": "至少要有 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "含有不允许的字符",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "timezone_aware": "时间要带时区，例如 2026-01-01T08:00:00+08:00",
    "datetime_parsing": "应为 ISO 8601 时间",
    "datetime_from_date_parsing": "应为 ISO 8601 时间",
    "datetime_type": "应为 ISO 8601 时间",
    "literal_error": "应为 {expected} 之一",
    "tuple_type": "应为列表",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "value_error": "{error}",
}
_PAIRED = {
    "lat and lon are given together or not at all": "lat 和 lon 要么都写，要么都不写",
    "a radius needs lat and lon": "写了 radius_km 就要写 lat 和 lon",
}


def read_instance(content: bytes) -> Instance:
    """Raises Invalid with every problem found."""
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Invalid.of("not_utf8", "文件不是 UTF-8 编码", "the file is not UTF-8", "$") from None
    except json.JSONDecodeError as error:
        where = f"{error.lineno}:{error.colno}"
        zh, en = f"第 {where} 处不是 JSON", f"no JSON at line:column {where}: {error.msg}"
        raise Invalid.of("not_json", zh, en, "$") from None
    except RecursionError:
        raise Invalid.of("too_deep", "嵌套过深", "it is nested too deeply", "$") from None
    return _checked(raw)


def _checked(raw: Any) -> Instance:
    try:
        instance = Instance.model_validate(raw, strict=None)
    except ValidationError as error:
        raise Invalid(*_problems(error)) from None
    repeated = [
        *_repeated("requests", (request.id for request in instance.requests)),
        *_repeated("offers", (offer.id for offer in instance.offers)),
    ]
    if repeated:
        raise Invalid(*repeated)
    return instance


def _problems(error: ValidationError) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_input=False):
        en = found["msg"]
        words = _WORDS.get(found["type"])
        zh = words.format(**found.get("ctx", {})) if words else f"不符合要求（{found['type']}）"
        yield Problem(found["type"], _PAIRED.get(zh, zh), en, path(found["loc"]))


def path(location: Iterable[str | int]) -> str:
    """`$.offers[0].unit`."""
    return "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location)


def _repeated(name: str, ids: Iterable[str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, id_ in enumerate(ids):
        other = first.setdefault(id_, number)
        if other != number:
            yield Problem(
                "repeated_id",
                f"编号与 $.{name}[{other}] 重复",
                f"the id is that of $.{name}[{other}]",
                f"$.{name}[{number}].id",
            )
