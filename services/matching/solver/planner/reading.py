"""A file into an instance. What is wrong in it is said with its path: `$.requests[3].need.unit`."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from services.matching.solver.planner.instance import Instance
from shared.errors import Invalid, Problem
from shared.validation import Location, describe_validation


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
        raise Invalid(*describe_validation(error, path)) from None
    repeated = [
        *_repeated("requests", (request.id for request in instance.requests)),
        *_repeated("offers", (offer.id for offer in instance.offers)),
    ]
    if repeated:
        raise Invalid(*repeated)
    return instance


def path(location: Location) -> str:
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
