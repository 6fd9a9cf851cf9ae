"""The words: one fixed template per purpose (`templates.csv`), as registered with the providers.

Status notices only; both providers ban appeals for donations, and a variable of an SMS takes at
most six characters and no link. `{1}` is the last six characters of the request's or donation's
number, so that two notices about different things never have the same content. `{2}` is the donor,
by name only where he consents and the name is short enough, the code of a donor's word over the
phone, or what the event says, such as a hotline's number. In a digest for staff `{1}` is the time
of day, `{2}` how many wait (`channels.py` fills them).
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Template:
    """sms_id, wechat_id: as the simulators know them; settings replace them by the approved ones.

    status, hint: WeChat's `thing` fields, at most 20 characters each.
    """

    sms_id: str
    sms: str
    title: str
    status: str
    hint: str
    with_amount: bool = False
    with_donor: bool = False
    with_code: bool = False
    with_count: bool = False
    with_detail: bool = False

    @property
    def wechat_id(self) -> str:
        return f"guanjia-{self.sms_id}"


def _read_templates() -> dict[str, Template]:
    """with: the further variables that a template has, set apart by blanks."""
    text = files("services.notify").joinpath("templates.csv").read_text("utf-8")
    return {row["purpose"]: _make_template(row) for row in csv.DictReader(io.StringIO(text))}


def _make_template(row: Mapping[str, str]) -> Template:
    extras = row["with"].split()
    return Template(
        sms_id=row["sms_id"],
        sms=row["sms"],
        title=row["title"],
        status=row["status"],
        hint=row["hint"],
        with_amount="amount" in extras,
        with_donor="donor" in extras,
        with_code="code" in extras,
        with_count="count" in extras,
        with_detail="detail" in extras,
    )


TEMPLATES: Mapping[str, Template] = _read_templates()


def count_sms_units(sign_name: str, text: str) -> int:
    """UTF-16 units of the text as it arrives: up to 70 are one SMS."""
    return len(f"【{sign_name}】{text}".encode("utf-16-le")) // 2
