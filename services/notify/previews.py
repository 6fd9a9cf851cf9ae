"""How a notice looks on a phone, and what it costs: with an example's values."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from services.notify.channels import SMS, WECHAT, Content, Donor
from services.notify.limits import (
    count_segments,
    count_sms_units,
    fill_longest,
    fill_places,
)
from services.notify.model import About
from services.notify.templates import Template
from shared.clock import system_now
from shared.contracts.values import Category, DonorKind, Value

REQUEST_ID = "R-0123456789abcdef0a1b"


class Preview(Value):
    """text: the SMS as an example. units, segments, price_fen: with every variable as long as it
    may be. title, fields: of WeChat's notice."""

    text: str
    units: int
    segments: int
    price_fen: float
    title: str
    fields: tuple[tuple[str, str], ...]


class PreviewLine(Value):
    """What a list says of a notice."""

    purpose: str
    status: str
    segments: int
    price_fen: float


FIELDS: Mapping[str, tuple[str, str]] = {
    "thing1": ("进展", "Status"),
    "character_string2": ("编号", "Number"),
    "thing3": ("提示", "Hint"),
    "amount4": ("金额", "Amount"),
    "thing5": ("捐赠方", "Donor"),
    "thing6": ("内容", "What for"),
    "thing7": ("镇街", "Town"),
    "time8": ("截止时间", "Until"),
    "phone_number9": ("咨询电话", "Call"),
    "thing10": ("原因", "Reason"),
    "time11": ("日期", "Day"),
    "thing12": ("办理部门", "Department"),
}
"""Of WeChat's notice, as the reader of a page understands them."""


def build_preview(
    template: Template, sign_name: str, sms_price_fen: float, number: str = ""
) -> Preview:
    """number: of a station, where one is set."""
    content = replace(_make_example(template), number=number)
    text = f"【{sign_name}】{fill_places(template.sms, SMS.format_parameters(content))}"
    units = count_sms_units(sign_name, fill_longest(template))
    segments = count_segments(units)
    fields = tuple(each for each in WECHAT.format_parameters(content) if isinstance(each, tuple))
    return Preview(
        text=text,
        units=units,
        segments=segments,
        price_fen=segments * sms_price_fen,
        title=template.title,
        fields=fields,
    )


def list_lines(
    templates: Iterable[tuple[str, Template]], sign_name: str, sms_price_fen: float
) -> list[PreviewLine]:
    """templates: with their names."""
    lines = []
    for name, template in templates:
        segments = count_segments(count_sms_units(sign_name, fill_longest(template)))
        price_fen = segments * sms_price_fen
        line = PreviewLine(
            purpose=name, status=template.status, segments=segments, price_fen=price_fen
        )
        lines.append(line)
    return lines


def find_example_number(numbers: Mapping[str, str]) -> str:
    """Of whichever station."""
    return next(iter(numbers.values()), "")


def _make_example(template: Template) -> Content:
    about = About(
        category=Category.MEDICAL,
        quantity=200_000,
        unit="fen",
        town_code="441900104",
        until=system_now() + timedelta(days=3),
        day=(system_now() + timedelta(days=3)).date().isoformat(),
        reason="不符合救助条件",
        office="镇街公共服务办（民政）",
    )
    donor = Donor("王芳", DonorKind.INDIVIDUAL)
    return Content(
        template,
        REQUEST_ID,
        200_000,
        donor,
        code="135790",
        count=3,
        counted_at="09:00",
        detail="57" if template.has("total") else "8月20日",
        about=about,
        reply_code="4821",
    )
