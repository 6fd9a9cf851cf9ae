"""Open311 GeoReport v2: the shapes of the published specification."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.intake.channels.geo_report import (
    CODES,
    describe_definition,
    describe_services,
    make_submission,
    write_xml,
)
from shared.errors import Invalid
from shared.towns import CITY_WIDE, towns

FORM = {"service_code": "public_works", "description": "路灯坏了", "address_string": "茶山镇"}


def test_services_have_the_fields_of_the_specification() -> None:
    names = ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]
    for service in describe_services():
        assert list(service) == names
        assert service["type"] == "realtime"
    definition = describe_definition("public_works")
    (attribute,) = definition["attributes"]
    assert (attribute["variable"], attribute["datatype"]) == (True, "singlevaluelist")
    assert len(attribute["values"]) == len(towns())


def test_xml_has_the_elements_of_the_specification() -> None:
    services = ElementTree.fromstring(write_xml("services", "service", describe_services()))
    assert services.tag == "services"
    assert {each.findtext("metadata") for each in services.findall("service")} == {"true"}
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
        {"description": " "},
        {"address_string": ""},
        {"attribute[town]": "999999999"},
    ],
)
def test_what_the_specification_requires_is_required(changed: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        make_submission({**FORM, **changed})


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
