"""What claims allow: by a table, never more than the register, one area to a session."""

from typing import Any

import pytest

from services.intake.sign_in.rights import Rights, find_rights, read_rights
from shared.errors import Invalid
from shared.security import Credential, Role, Unauthenticated
from shared.security.sessions import LiveSession, narrow_area
from tests.intake.builders import CHASHAN, SHIJIE

VILLAGE = f"{CHASHAN}001"
ROWS = read_rights(
    f"""声明,值,角色,地区
groups,gj-chashan-approve,镇街审批,茶山镇
groups,gj-chashan-collect,collector,{CHASHAN}
groups,gj-village,collector,{VILLAGE}
groups,gj-shijie-approve,镇街审批,石碣镇
groups,gj-city,市级审批,
realm_access.roles,finance,财务经办,全市
department,audit,审计,
""".encode()
)


def make_credential(*roles: Role, area: str = "") -> Credential:
    return Credential(id="s-1", secret_sha256="", roles=frozenset(roles), area=area)


@pytest.mark.parametrize(
    ("roles", "area", "claims", "expected"),
    [
        ({Role.APPROVER_TOWN}, "", {"groups": ["x", "gj-chashan-approve"]}, CHASHAN),
        ({Role.APPROVER_TOWN}, CHASHAN, {"groups": ["gj-chashan-approve"]}, CHASHAN),
        ({Role.COLLECTOR}, VILLAGE, {"groups": "gj-chashan-collect"}, VILLAGE),
        ({Role.COLLECTOR}, CHASHAN, {"groups": ["gj-village"]}, VILLAGE),
        ({Role.APPROVER_CITY}, CHASHAN, {"groups": ["gj-city"]}, CHASHAN),
        ({Role.FINANCE_MAKER}, "", {"realm_access": {"roles": ["finance"]}}, ""),
        ({Role.AUDITOR}, "", {"department": "audit"}, ""),
    ],
)
def test_a_role_counts_in_the_smaller_area(
    roles: set[Role], area: str, claims: dict[str, Any], expected: str
) -> None:
    credential = make_credential(*roles, area=area)
    assert find_rights(ROWS, credential, claims) == Rights(frozenset(roles), expected)


def test_of_several_roles_those_count_that_the_claims_say() -> None:
    credential = make_credential(Role.APPROVER_TOWN, Role.COLLECTOR, area=CHASHAN)
    claims = {"groups": ["gj-chashan-collect", "gj-city"]}
    assert find_rights(ROWS, credential, claims) == Rights(frozenset({Role.COLLECTOR}), CHASHAN)


@pytest.mark.parametrize(
    ("area", "claims"),
    [
        ("", {}),
        ("", {"groups": []}),
        ("", {"groups": ["gj-city"]}),  # a role that the register does not give
        ("", {"groups": {"gj-chashan-approve": True}}),
        ("", {"groups": [["gj-chashan-approve"]]}),
        ("", {"group": ["gj-chashan-approve"]}),
        ("", {"groups": ["GJ-CHASHAN-APPROVE", "gj-chashan-approve "]}),
        (SHIJIE, {"groups": ["gj-chashan-approve"]}),  # of another town
        ("", {"groups": ["gj-chashan-approve", "gj-shijie-approve"]}),  # of two
    ],
)
def test_what_does_not_fit_gives_nothing(area: str, claims: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        find_rights(ROWS, make_credential(Role.APPROVER_TOWN, area=area), claims)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("groups,x,leader,", "rights_row_wrong"),
        ("groups,x,bank,", "rights_row_wrong"),
        ("groups,x,collector,东城区某地", "rights_row_wrong"),
        ("groups,,collector,", "rights_row_wrong"),
        ("", "rights_empty"),
    ],
)
def test_a_wrong_table_is_refused_whole(row: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_rights(f"声明,值,角色,地区\n{row}\n".encode())
    assert {problem.code for problem in caught.value.problems} == {code}


def test_a_session_never_has_more_than_the_register_has_now() -> None:
    session = LiveSession("S-1", "s-1", frozenset({Role.APPROVER_TOWN, Role.COLLECTOR}), CHASHAN)
    now = session.narrow(make_credential(Role.COLLECTOR, Role.AUDITOR))
    assert now.roles == {Role.COLLECTOR}
    assert now.area == CHASHAN
    assert session.narrow(make_credential(Role.COLLECTOR, area=VILLAGE)).area == VILLAGE
    for less in (make_credential(Role.AUDITOR), make_credential(Role.COLLECTOR, area=SHIJIE)):
        with pytest.raises(Unauthenticated):
            session.narrow(less)
    whole = make_credential(Role.AUDITOR)
    assert LiveSession("S-1", "s-1").narrow(whole) is whole


def test_of_two_areas_the_smaller_counts() -> None:
    assert narrow_area("", CHASHAN) == narrow_area(CHASHAN, "") == CHASHAN
    assert narrow_area(VILLAGE, CHASHAN) == VILLAGE
    assert narrow_area(SHIJIE, CHASHAN) is None
