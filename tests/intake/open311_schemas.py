"""What GeoReport v2 and Service Discovery of Open311 ask of answers, as JSON Schemas.

Fields and values are those of the specification (wiki.open311.org/GeoReport_v2, frozen) and of the
schemas of github.com/open311/schema-validation, stricter in one thing: no field that they do not
know, since clients of XML may fail on it.
"""

from jsonschema_rs import Draft202012Validator

_TEXT = {"type": ["string", "null"]}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"}


def _make_object(
    required: dict[str, object], optional: dict[str, object] | None = None
) -> dict[str, object]:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
        "additionalProperties": False,
    }


def _make_list(item: dict[str, object], least: int = 0) -> dict[str, object]:
    return {"type": "array", "items": item, "minItems": least}


_NAME = {"type": "string", "minLength": 1}
_SERVICE = _make_object(
    {
        "service_code": _NAME,
        "service_name": _NAME,
        "metadata": {"type": "boolean"},
        "type": {"enum": ["realtime", "batch", "blackbox"]},
    },
    {"description": _TEXT, "keywords": _TEXT, "group": _TEXT},
)
_ATTRIBUTE = _make_object(
    {
        "variable": {"type": "boolean"},
        "code": _NAME,
        "datatype": {
            "enum": ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
        },
        "required": {"type": "boolean"},
    },
    {
        "datatype_description": _TEXT,
        "order": {"type": "integer", "minimum": 1},
        "description": _TEXT,
        "values": _make_list(_make_object({"key": _NAME, "name": _NAME}), 1),
    },
)
_REQUEST = _make_object(
    {
        "service_request_id": _NAME,
        "status": {"enum": ["open", "closed"]},
        "service_code": _NAME,
        "requested_datetime": _TIME,
    },
    {
        **dict.fromkeys(("status_notes", "service_name", "agency_responsible"), _TEXT),
        **dict.fromkeys(("service_notice", "address", "address_id", "zipcode", "media_url"), _TEXT),
        "description": {"type": ["string", "null"], "maxLength": 4000},
        **dict.fromkeys(("updated_datetime", "expected_datetime"), _TIME),
        **{key: {"type": ["number", "null"]} for key in ("lat", "long")},
    },
)
_ENDPOINT = _make_object(
    {
        "specification": {"const": "http://wiki.open311.org/GeoReport_v2"},
        "url": {"type": "string", "pattern": "^https?://"},
        "changeset": _TIME,
        "type": {"enum": ["production", "test"]},
        "formats": _make_list({"enum": ["text/xml", "application/json"]}, 1),
    }
)

DISCOVERY = Draft202012Validator(
    _make_object(
        {
            "changeset": _TIME,
            "contact": _NAME,
            "key_service": _NAME,
            "endpoints": _make_list(_ENDPOINT, 1),
        }
    )
)
SERVICES = Draft202012Validator(_make_list(_SERVICE, 1))
DEFINITION = Draft202012Validator(
    _make_object({"service_code": _NAME, "attributes": _make_list(_ATTRIBUTE, 1)})
)
CREATED = Draft202012Validator(
    _make_list(
        _make_object(
            {"service_request_id": _NAME},
            {"token": _TEXT, "service_notice": _TEXT, "account_id": _TEXT},
        ),
        1,
    )
)
REQUESTS = Draft202012Validator(_make_list(_REQUEST))
ERRORS = Draft202012Validator(
    _make_list(_make_object({"code": {"type": "integer"}, "description": _NAME}), 1)
)
