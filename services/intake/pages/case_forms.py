"""What the forms of a case say: how much, why, and what is known of the person."""

from typing import Any, Literal

from services.intake.judgement_messages import PART_REASONS, QUANTITY_UNREADABLE
from services.intake.model import PartReason, Vouching
from shared.contracts.values import Need
from shared.money import parse_amount
from shared.web.forms import Form

QUANTITY_MAX = 10**12
Act = Literal[
    "approve",
    "vouch",
    "classify",
    "decline",
    "withdraw",
    "pause",
    "resume",
    "return",
    "mend",
    "meeting",
    "files",
    "consent",
    "merge",
    "apart",
    "separate",
]
"""Which form of a case's page was sent."""


def read_quantity(form: Form, need: Need) -> int | None:
    """Of money yuan were typed, else the unit's own. None where nothing was. Raises Invalid."""
    text = form.get("quantity", "")
    if not text:
        return None
    try:
        quantity = parse_amount(text, "quantity") if need.is_money else int(text)
    except ValueError:
        quantity = 0
    if not 0 < quantity <= QUANTITY_MAX:
        raise QUANTITY_UNREADABLE.invalid("quantity")
    return quantity


def read_part_reason(form: Form) -> PartReason | None:
    code = form.get("part_reason", "")
    return next((each for each in PART_REASONS if each == code), None)


def read_vouching(form: Form) -> Vouching:
    """What was chosen; nothing where nothing was. Raises ValidationError."""
    fields: dict[str, Any] = {}
    if manner := form.get("seen"):
        fields["seen"] = {"manner": manner, "on": form.get("seen_on")}
    if basis := form.get("basis"):
        confirmed = {"beneficiary_class": form.get("class"), "basis": basis}
        fields["confirmed"] = confirmed
    return Vouching.model_validate(fields)
