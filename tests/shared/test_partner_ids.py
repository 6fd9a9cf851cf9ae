"""A partner's ids of persons: his own, always the same, and good for nothing elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.partner_ids import PREFIX, PartnerIds, UnknownPartnerId, is_partner
from shared.security import Credential, Role

IDS = PartnerIds(b"k" * 32)
PERSON = "P-0123456789abcdef0123"
CHAMBER, CLUB = "/partners/chamber", "/partners/club"


@given(st.text(min_size=1, max_size=100), st.text(max_size=60))
def test_a_partners_id_leads_back_to_the_person(person_id: str, source: str) -> None:
    assert IDS.reveal(source, IDS.hide(source, person_id)) == person_id


def test_a_partner_always_gets_the_same_id_and_another_partner_another() -> None:
    mine, theirs = IDS.hide(CHAMBER, PERSON), IDS.hide(CLUB, PERSON)
    assert mine == IDS.hide(CHAMBER, PERSON)
    assert mine.startswith(PREFIX)
    assert PERSON not in mine
    assert mine[: len(PREFIX) + 4] != theirs[: len(PREFIX) + 4]


@pytest.mark.parametrize(
    "wrong",
    [
        PERSON,
        IDS.hide(CLUB, PERSON),
        IDS.hide(CHAMBER, PERSON)[:-2],
        PartnerIds(b"o" * 32).hide(CHAMBER, PERSON),
        "",
        PREFIX,
        "PT-编号",
    ],
)
def test_what_a_partner_was_not_given_leads_to_nobody(wrong: str) -> None:
    with pytest.raises(UnknownPartnerId):
        IDS.reveal(CHAMBER, wrong)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ({Role.DONOR_PARTNER}, True),
        ({Role.CHANNEL}, True),
        ({Role.COLLECTOR}, False),
        ({Role.SERVICE}, False),
        ({Role.DONOR_PARTNER, Role.OPERATOR}, True),
    ],
)
def test_who_is_outside_the_house_is_a_partner(roles: set[Role], expected: bool) -> None:
    credential = Credential(id="a", secret_sha256="", roles=frozenset(roles))
    assert is_partner(credential) is expected
