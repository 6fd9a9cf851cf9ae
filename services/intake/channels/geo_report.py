"""Words and shapes of Open311 GeoReport v2: what is asked of a reporter and what he is told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.etree import ElementTree

from services.intake.channels.text import find_town
from services.intake.messages import SERVICE_UNKNOWN
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import CHINA, LABELS, Area, Category, Channel, Kind
from shared.documents import Document
from shared.errors import Invalid
from shared.messages import TOWN_UNKNOWN
from shared.phones import parse_mobile
from shared.sheets.messages import VALUE_MISSING
from shared.text import clean_lines, clean_text
from shared.towns import CITY_WIDE, is_known, load_towns
from shared.villages import format_place

SERVICES: Mapping[Category, str] = {
    Category.PUBLIC_WORKS: "道路、路灯、排水、护栏、公厕等小型公共设施",
    Category.MEALS: "长者饭堂等集体用餐设施",
    Category.CHILDREN: "儿童活动场所和设施",
    Category.AFTER_SCHOOL: "校外托管场所的问题",
    Category.OTHER: "其他公共事项",
}
CODES = frozenset(category.value for category in SERVICES)
TOWN_CODE = "town"
TEXT_MAX = 3_800


SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGED_AT = "2026-11-29T18:00:00+08:00"
"""When what is offered here last changed."""
FORMATS = ("application/json", "text/xml")
NOTHING_WRITTEN = "（没有写说明）no description"


def describe_discovery(url: str, help_phone: str) -> Document:
    """url: where the service stands for the world."""
    endpoint = {
        "specification": SPECIFICATION,
        "url": f"{url}/open311/v2",
        "changeset": CHANGED_AT,
        "type": "production",
        "formats": list(FORMATS),
    }
    return {
        "changeset": CHANGED_AT,
        "contact": f"莞家 Guanjia, {help_phone}",
        "key_service": (
            "请向平台运营人员申请渠道凭证，以 Authorization: Bearer 发送。"
            "Ask the operator for a channel's credential and send it as a bearer token."
        ),
        "endpoints": [endpoint],
    }


def describe_services() -> list[Document]:
    return [
        {
            "service_code": category.value,
            "service_name": LABELS[category],
            "description": description,
            "metadata": True,
            "type": "realtime",
            "keywords": "",
            "group": LABELS[Kind.PROJECT],
        }
        for category, description in SERVICES.items()
    ]


def describe_definition(code: str) -> Document:
    return {
        "service_code": code,
        "attributes": [
            {
                "variable": True,
                "code": TOWN_CODE,
                "datatype": "singlevaluelist",
                "required": False,
                "datatype_description": "镇街 town or street",
                "order": 1,
                "description": "在哪个镇街？Which town?",
                "values": [{"key": key, "name": name} for key, name in load_towns().items()],
            }
        ],
    }


def describe_service_request(
    *,
    id_: str,
    category: Category,
    is_open: bool,
    notes: str,
    recorded_at: datetime,
    area: Area,
) -> Document:
    """Without words: what somebody wrote stays with the office."""
    return {
        "service_request_id": id_,
        "status": "open" if is_open else "closed",
        "status_notes": notes,
        "service_name": LABELS[category],
        "service_code": category.value,
        "description": "",
        "agency_responsible": "",
        "service_notice": "",
        "requested_datetime": recorded_at.astimezone(CHINA).isoformat(timespec="seconds"),
        "address": format_place(area.town_code, area.village_code),
    }


def make_submission(fields: Mapping[str, str]) -> RequestSubmitted:
    """Raises Invalid or ValidationError. A service and a place are needed, and nothing else, as the
    specification says."""
    code = fields.get("service_code", "").strip()
    if not code:
        raise VALUE_MISSING.invalid("service_code", label="service_code")
    if code not in CODES:
        raise SERVICE_UNKNOWN.invalid("service_code")
    place = clean_text(fields.get("address_string", ""))
    point = [fields[name].strip() for name in ("lat", "long") if fields.get(name, "").strip()]
    number = clean_text(fields.get("address_id", ""))
    town = fields.get(f"attribute[{TOWN_CODE}]", "") or find_town(place) or CITY_WIDE
    if not (place or number or len(point) == 2 or town != CITY_WIDE):
        raise VALUE_MISSING.invalid("address_string", label="address_string")
    if not is_known(town):
        raise TOWN_UNKNOWN.invalid(f"attribute[{TOWN_CODE}]")
    lines = (
        f"地点：{place}" if place else "",
        f"地址编号：{number}" if number else "",
        f"坐标：{', '.join(point)}" if point else "",
        clean_lines(fields.get("description", "")) or NOTHING_WRITTEN,
    )
    category = Category(code)
    return RequestSubmitted.model_validate(
        {
            "kind": Kind.PROJECT,
            "category": category,
            "beneficiary_class": "general",
            "channel": Channel.PARTNER,
            "need": {"unit": "次", "quantity": 1, "item": LABELS[category]},
            "area": {"town_code": town},
            "applicant": _make_applicant(fields),
            "text": "\n".join(line for line in lines if line)[:TEXT_MAX],
        }
    )


def _make_applicant(fields: Mapping[str, str]) -> dict[str, str]:
    """Surname first; a phone that is no mobile costs nothing: a public work needs none."""
    names = (clean_text(fields.get(name, "")) for name in ("last_name", "first_name"))
    applicant = {"name": "".join(names)[:200] or "未留姓名"}
    try:
        phone = parse_mobile(fields["phone"], "phone") if fields.get("phone") else ""
    except Invalid:
        phone = ""
    return applicant | ({"phone": phone} if phone else {})


def write_xml(root: str, each: str, rows: Sequence[Document]) -> bytes:
    """each: the element of a row; empty where the document is one."""
    top = ElementTree.Element(root)
    for row in rows:
        _fill(ElementTree.SubElement(top, each) if each else top, row)
    content: bytes = ElementTree.tostring(top, encoding="utf-8", xml_declaration=True)
    return content


_ITEMS = {
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}


def _fill(element: ElementTree.Element, row: Document) -> None:
    for name, value in row.items():
        child = ElementTree.SubElement(element, name)
        if isinstance(value, list):
            for each in value:
                item = ElementTree.SubElement(child, _ITEMS[name])
                if isinstance(each, dict):
                    _fill(item, each)
                else:
                    item.text = str(each)
        elif isinstance(value, bool):
            child.text = str(value).lower()
        else:
            child.text = str(value)
