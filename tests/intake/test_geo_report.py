"""Open311 GeoReport v2: the shapes of the published specification."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.intake.channels.geo_report import (
    CODES,
    describe_definition,
    describe_discovery,
    describe_service_request,
    describe_services,
    make_submission,
    write_xml,
)
from services.intake.rules import find_problems
from shared.contracts.values import Area, Category
from shared.errors import Invalid
from shared.towns import CITY_WIDE, load_towns
from tests.intake.builders import RULES
from tests.intake.open311_schemas import DEFINITION, DISCOVERY, REQUESTS, SERVICES

FORM = {"service_code": "public_works", "description": "路灯坏了", "address_string": "茶山镇"}


def test_what_is_told_is_as_the_specification_has_it() -> None:
    DISCOVERY.validate(describe_discovery("https://guanjia.example", "0769-12345"))
    SERVICES.validate(describe_services())
    for code in CODES:
        definition = describe_definition(code)
        DEFINITION.validate(definition)
        (attribute,) = definition["attributes"]
        assert len(attribute["values"]) == len(load_towns())
    for is_open in (True, False):
        request = describe_service_request(
            id_="R-1",
            category=Category.OTHER,
            is_open=is_open,
            notes="待审批",
            recorded_at=datetime(2026, 3, 1, 12, 30, 15, 999, UTC),
            area=Area(town_code="441900103"),
        )
        REQUESTS.validate([request])


def test_xml_has_the_elements_of_the_specification() -> None:
    services = ElementTree.fromstring(write_xml("services", "service", describe_services()))
    assert services.tag == "services"
    assert {each.findtext("metadata") for each in services.findall("service")} == {"true"}
    discovery = ElementTree.fromstring(
        write_xml("discovery", "", [describe_discovery("https://guanjia.example", "12345")])
    )
    formats = discovery.findall("endpoints/endpoint/formats/format")
    assert [each.text for each in formats] == ["application/json", "text/xml"]
    definition = ElementTree.fromstring(
        write_xml("service_definition", "", [describe_definition("meals")])
    )
    assert definition.findtext("service_code") == "meals"
    assert definition.findtext("attributes/attribute/values/value/name")


def test_a_place_is_a_town_by_attribute_or_address_else_the_citys() -> None:
    assert make_submission(FORM).area.town_code == "441900103"
    by_attribute = make_submission({**FORM, "attribute[town]": "441900104"})
    assert by_attribute.area.town_code == "441900104"
    point = {"service_code": "other", "description": "护栏断了", "lat": "23.0", "long": "113.7"}
    submission = make_submission(point)
    assert submission.area.town_code == CITY_WIDE
    assert "坐标：23.0, 113.7" in submission.text


@pytest.mark.parametrize(
    "changed",
    [
        {"service_code": "none"},
        {"address_string": ""},
        {"attribute[town]": "999999999"},
    ],
)
def test_what_the_specification_requires_is_required(changed: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        make_submission({**FORM, **changed})


def test_a_description_is_optional_and_an_address_may_be_a_number() -> None:
    """As the specification has it: one of three kinds of place, and a service."""
    bare = make_submission({"service_code": "other", "address_id": "A-17"})
    assert "地址编号：A-17" in bare.text
    assert not list(find_problems(RULES, bare))


def test_a_landline_costs_nothing() -> None:
    assert make_submission({**FORM, "phone": "0769-22830000"}).applicant.phone is None


@given(
    st.dictionaries(
        st.sampled_from(["description", "address_string", "last_name", "phone", "lat", "long"]),
        st.text(max_size=60),
    ),
    st.sampled_from(sorted(CODES)),
)
def test_any_form_is_read_or_refused(fields: dict[str, str], code: str) -> None:
    try:
        submission = make_submission({**fields, "service_code": code})
    except (Invalid, ValidationError):
        return
    assert submission.text
