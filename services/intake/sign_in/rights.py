"""What an organisation's own sign-in says that a person may do, by a table in a file of the office.

`GUANJIA_OIDC_RIGHTS_FILE` names it. The register says what an account may do at most; the table
says what of it counts in a session that began there. So who changes his post there loses here what
he did before, and nobody gains by it what the register does not give him.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.intake.approvals.limits import EVERYTHING, parse_place
from services.intake.sign_in.messages import (
    CLAIMS_OF_SEVERAL_AREAS,
    CLAIMS_WITHOUT_ROLE,
    RIGHTS_EMPTY,
    RIGHTS_ROLE_UNKNOWN,
    RIGHTS_ROW_WRONG,
    RIGHTS_UNREADABLE,
)
from shared.documents import Document
from shared.errors import Invalid, Problem
from shared.security import Credential, Role
from shared.security.sessions import SIGNS_IN, narrow_area
from shared.sheets import Column, Columns, RefusedRow, Row, open_sheet
from shared.web.tiles import ROLE_NAMES


@dataclass(frozen=True, slots=True)
class RightsRow:
    """Whoever's claim has this value may act in this role. area: empty is the whole city."""

    claim: str
    value: str
    role: Role
    area: str

    def fits(self, claims: Document) -> bool:
        return self.value in _list_values(claims, self.claim)


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one session: no more than its account has."""

    roles: frozenset[Role]
    area: str


def find_rights(rows: Sequence[RightsRow], credential: Credential, claims: Document) -> Rights:
    """Raises Invalid where the claims leave nothing, or several areas: a session has one."""
    fitting = [
        (row.role, area)
        for row in rows
        if row.role in credential.roles and row.fits(claims)
        if (area := narrow_area(credential.area, row.area)) is not None
    ]
    if not fitting:
        raise CLAIMS_WITHOUT_ROLE.invalid()
    areas = {area for _, area in fitting}
    if len(areas) > 1:
        raise CLAIMS_OF_SEVERAL_AREAS.invalid()
    return Rights(frozenset(role for role, _ in fitting), areas.pop())


def _list_values(claims: Document, name: str) -> list[object]:
    """Of `groups`, or inside of another as `realm_access.roles`; one value, or a list of them."""
    value: object = claims
    for part in (name,) if name in claims else name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, list) else [value]


# --- the file -------------------------------------------------------------------------------------


def _parse_role(text: str, field: str) -> Role:
    """By its Chinese name or its code."""
    for role in SIGNS_IN:
        if text.strip() in (role.value, *ROLE_NAMES[role]):
            return role
    roles = [role for role in ROLE_NAMES if role in SIGNS_IN]
    names = "、".join(ROLE_NAMES[role][0] for role in roles)
    raise RIGHTS_ROLE_UNKNOWN.invalid(field, roles=names, codes=", ".join(roles))


def _parse_area(text: str, field: str) -> str:
    return "" if text.strip() in (EVERYTHING, "全市") else parse_place(text.strip(), field)


COLUMNS = Columns(
    (
        Column("claim", "声明", required=True),
        Column("value", "值", required=True),
        Column("role", "角色", _parse_role, required=True),
        Column("area", "地区 镇街", _parse_area),
    )
)


@cache
def load_rights(file: Path | None) -> tuple[RightsRow, ...]:
    """Empty without a file. Raises Invalid with everything that is wrong."""
    if file is None:
        return ()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RIGHTS_UNREADABLE.invalid(reason=error.strerror or type(error).__name__) from None
    return read_rights(content)


def read_rights(content: bytes) -> tuple[RightsRow, ...]:
    """Raises Invalid."""
    rows: list[RightsRow] = []
    problems: list[Problem] = []
    for row in open_sheet(content).find_table(COLUMNS):
        if isinstance(row, RefusedRow):
            problems.extend(_place(row.line, row.problems))
        elif isinstance(row, Row):
            role, area = row.values["role"], row.values.get("area", "")
            assert isinstance(role, Role)
            rows.append(RightsRow(row.text("claim"), row.text("value"), role, str(area)))
    if not rows and not problems:
        raise RIGHTS_EMPTY.invalid()
    if problems:
        raise Invalid(*problems)
    return tuple(rows)


def _place(line: int, problems: tuple[Problem, ...]) -> Iterator[Problem]:
    return (
        RIGHTS_ROW_WRONG.problem(each.field, line=line, zh=each.zh, en=each.en) for each in problems
    )
