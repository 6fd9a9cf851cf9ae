"""The OpenAPI page tells the truth about who may come in and what a failure looks like."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from shared.security import Role
from shared.web.access import find_guard
from shared.web.links import LinkRoute

PROBLEM_STATUSES = {
    "401": "没有有效的凭证 no valid credential",
    "403": "无权进行此操作 not allowed for this role or area",
    "413": "内容过大 the body is larger than this route takes",
    "422": "内容不符合要求 what is asked cannot work; the problems say what to change",
    "429": "请求过于频繁 too many requests",
    "503": "服务暂不可用 try again later",
}
BODY_STATUSES = {"400": "无法读取的请求 the body is not what its header says, or cannot be read"}
# Of what an address or a body names, and of what its state allows.
NAMED_STATUSES = {"404": "没有这一项，或不在您的范围内 there is none, or none that you may see"}
DECIDED_STATUSES = {
    "404": NAMED_STATUSES["404"],
    "409": "与现在的状态不符 what it is now does not allow it",
}
LINK_STATUSES = {"401": "链接无效或已过期 the link opens nothing, or no longer"}
_PROBLEMS_REF = {"$ref": "#/components/schemas/Problems"}
_TEXT = {"type": "string"}
_SCHEMAS: dict[str, object] = {
    "Problem": {
        "type": "object",
        "required": ["code", "field", "zh", "en"],
        "properties": {"code": _TEXT, "field": _TEXT, "zh": _TEXT, "en": _TEXT},
    },
    "Problems": {
        "type": "object",
        "required": ["problems"],
        "properties": {
            "problems": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}}
        },
    },
}


def document_problems(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Adds to every operation that needs a credential bearer and roles, and to these and those
    behind links the statuses with which they may be refused."""
    contexts = iter_route_contexts([route for router in routers for route in router.routes])
    routes = {
        (str(context.path_format), method.lower()): route
        for context in contexts
        if isinstance(route := context.original_route, APIRoute)
        for method in context.methods or ()
    }
    guards = ((place, find_guard(route)) for place, route in routes.items())
    guarded = {place: sorted(guard.roles) for place, guard in guards if guard}
    behind_links = {place for place, route in routes.items() if isinstance(route, LinkRoute)}
    generated = app.openapi

    def openapi() -> dict[str, object]:
        if not app.openapi_schema:
            app.openapi_schema = _describe_schema(generated(), guarded, behind_links)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI's manual gives


def _describe_schema(
    schema: dict[str, Any],
    guarded: Mapping[tuple[str, str], list[Role]],
    behind_links: Set[tuple[str, str]],
) -> dict[str, object]:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= _SCHEMAS
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema.get("paths", {}).items():
        for method, operation in operations.items():
            if roles := guarded.get((path, method)):
                operation["security"] = [{"bearer": []}]
                operation["x-roles"] = [role.value for role in roles]
                _describe(operation, _list_statuses(path, method))
            elif (path, method) in behind_links:
                statuses = {**_list_statuses(path, method), **NAMED_STATUSES, **LINK_STATUSES}
                _describe(operation, statuses, content_type="text/html")
            else:
                stated = operation["responses"].keys() & PROBLEM_STATUSES.keys()
                _describe(operation, {status: PROBLEM_STATUSES[status] for status in stated})
    return schema


def _list_statuses(path: str, method: str) -> Mapping[str, str]:
    """How an operation may be refused, besides by what its route says itself."""
    if method != "get":
        return BODY_STATUSES | PROBLEM_STATUSES | DECIDED_STATUSES
    return PROBLEM_STATUSES | (NAMED_STATUSES if "{" in path else {})


def _describe(
    operation: dict[str, Any], statuses: Mapping[str, str], content_type: str = ""
) -> None:
    """content_type: in which a browser is answered, beside the problems for programs."""
    content: dict[str, object] = {"application/json": {"schema": _PROBLEMS_REF}}
    if content_type:
        content[content_type] = {"schema": _TEXT}
    for status, description in statuses.items():
        operation["responses"][status] = {"description": description, "content": content}
