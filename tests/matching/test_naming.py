"""Who gives, in the words of an explanation: by name where he allows it, else by what he is."""

import pytest

from services.matching.explaining.naming import build_labels
from services.matching.model.offer import Offer
from shared.contracts.values import DonorKind
from tests.matching.decisions import NOW, make_submitted

COMPANY, PERSON = "P-company", "P-person"
NAMES = {COMPANY: "裕杨公司", PERSON: "张三"}


def make_offer(end: str, donor_id: str, *, name_shown: bool, kind: DonorKind | None) -> Offer:
    submitted = make_submitted(quantity=5, unit="袋", item="大米").model_dump()
    named = {"donor_id": donor_id, "name_shown": name_shown, "donor_kind": kind}
    id_ = f"O-{'0' * 16}{end}"
    return Offer(id=id_, source="desk", registered_at=NOW, **submitted | named)


@pytest.mark.parametrize(
    ("name_shown", "kind", "label"),
    [
        (True, DonorKind.ENTERPRISE, "裕杨公司"),
        (False, DonorKind.ENTERPRISE, "爱心企业 AB12"),
        (False, DonorKind.SOCIAL_ORGANISATION, "爱心组织 AB12"),
        (False, None, "爱心人士 AB12"),
    ],
)
def test_donor_is_named_only_where_he_allows_it(
    name_shown: bool, kind: DonorKind | None, label: str
) -> None:
    offer = make_offer("ab12", COMPANY, name_shown=name_shown, kind=kind)
    assert build_labels([offer], NAMES) == {offer.id: label}


def test_name_that_is_gone_or_not_for_the_reader_is_what_he_is() -> None:
    offer = make_offer("ab12", COMPANY, name_shown=True, kind=DonorKind.ENTERPRISE)
    assert set(build_labels([offer], {}).values()) == {"爱心企业 AB12"}
    assert set(build_labels([offer], {COMPANY: None}).values()) == {"爱心企业 AB12"}


def test_two_offers_of_one_donor_are_told_apart() -> None:
    offers = [make_offer(end, COMPANY, name_shown=True, kind=None) for end in ("ab12", "cd34")]
    assert list(build_labels(offers, NAMES).values()) == ["裕杨公司 AB12", "裕杨公司 CD34"]
