"""Who can be invited to a joint meeting, as the page that convenes it names them."""

from datetime import UTC, datetime

from services.intake.approvals.meetings import list_people
from shared.security import Credential, Role

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)


def make_credential(id_: str, *roles: Role, holder: str = "") -> Credential:
    return Credential(id=id_, secret_sha256="", roles=frozenset(roles), holder=holder)


def test_their_roles_are_named_in_both_languages_each_holder_once() -> None:
    credentials = [
        make_credential("li-1", Role.AUDITOR, holder="li"),
        make_credential("li-2", Role.APPROVER_CITY, holder="li"),
        make_credential("bank", Role.BANK),
    ]
    (person,) = list_people(credentials, NOW)
    assert (person.id, person.may_chair) == ("li", True)
    assert person.roles == ("审计、市级审批", "Auditor, City approver")
