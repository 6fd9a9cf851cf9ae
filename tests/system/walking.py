"""What the walks over routes have in common: how a path is filled, and what must not be found."""

from collections.abc import Iterator, Mapping

import httpx

from shared.security import Role
from tests.support.services import Operation, operations
from tests.system.two_towns import Caller, Side, Town

# Who reads names and phones: of requests of his area alone.
CASE_WORKERS = frozenset(
    {Role.COLLECTOR, Role.APPROVER_VILLAGE, Role.APPROVER_TOWN, Role.APPROVER_CITY}
)
# Who opens the account that help is paid to.
FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
# A partner chooses from the menu what nobody is named in, so he knows the ids of open requests.
MENU_ROUTES = frozenset({"/menu", "/needs/{request_id}/explanation"})
# What stands in a path; ids of the other side wherever there are some.
OF_NOBODY = {
    "meeting_id": "G-1",
    "emergency_id": "E-1",
    "purpose": "request_opened",
    "provider": "tencent",
    "token": "X-1",
    "form": "json",
    "code": "public_works",
    "campaign_id": "K-1",
    "word_id": "W-1",
    "month": "2026-11",
    "task": "1",
    "foundation": "guanjia",
    "file_id": "X-1",
    "mandate_id": "W-1",
    "proposal_id": "P-1",
    "verdict": "approve",
    "step": "export",
    "id_": "X-1",
    "number": "1",
    "name": "fund",
    "kind": "fund",
}


def list_operations(town: Town, *methods: str) -> Iterator[tuple[str, Operation]]:
    for service, running in town.running.items():
        for operation in operations(running.app):
            if operation.method in methods:
                yield service, operation


def fill_path(operation: Operation, ids: Mapping[str, str], unknown: str = "") -> str:
    """With the ids of one side. unknown: what stands for what no side has; else it raises KeyError,
    and has to be added."""
    named = {f"{kind}_id": id_ for kind, id_ in ids.items()} | OF_NOBODY | {"fund_id": "F-1"}
    path = operation.path
    assert operation.route is not None
    for parameter in operation.route.param_convertors:
        name = named.get(parameter, unknown) if unknown else named[parameter]
        path = path.replace(f"{{{parameter}}}", name)
    return f"{path}?year=2026" if path == "/selection" else path


def find_marks(answer: httpx.Response, marks: Mapping[str, str]) -> set[str]:
    return {kind for kind, mark in marks.items() if mark in answer.text}


def find_hidden(caller: Caller, operation: Operation, side: Side, other: Side) -> dict[str, str]:
    """What this caller must not find in the answer, by its kind."""
    hidden: dict[str, str] = {}
    if caller.of is not None:
        hidden |= {f"the other's {kind}": id_ for kind, id_ in other.ids.items()}
        if caller.role is Role.DONOR_PARTNER and operation.path in MENU_ROUTES:
            hidden.pop("the other's request")
        hidden |= other.personal | other.gift
    if caller.role not in CASE_WORKERS:
        hidden |= side.personal | other.personal
    if caller.role not in FINANCE or caller.of is not None:
        hidden |= side.account | other.account
    if caller.role not in FINANCE | {Role.AUDITOR} or caller.of is not None:
        hidden |= {"a giver's words": side.wish, "the other giver's words": other.wish}
    if caller.role is Role.DONOR_PARTNER:
        hidden["the applicant's person id"] = side.ids["person"]
        if side.ids["donor"] != side.ids["giver"]:
            hidden["the house's id of his donor"] = side.ids["giver"]
    return hidden
