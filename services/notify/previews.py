"""How a notice looks on a phone, and what it costs: with an example's values."""

from datetime import timedelta

from services.notify.channels import SMS, WECHAT, Content, Donor
from services.notify.limits import count_segments, count_sms_units, fill_longest
from services.notify.model import About
from services.notify.templates import Template
from shared.clock import system_now
from shared.contracts.values import Category, DonorKind, Value

REQUEST_ID = "R-0123456789abcdef0a1b"


class Preview(Value):
    """text: the SMS as an example. units, segments, price_fen: with every variable as long as it
    may be. fields: of WeChat's notice."""

    text: str
    units: int
    segments: int
    price_fen: float
    fields: tuple[tuple[str, str], ...]


def build_preview(template: Template, sign_name: str, sms_price_fen: float) -> Preview:
    content = _make_example(template)
    text = f"【{sign_name}】{template.sms}"
    for number, value in enumerate(SMS.format_parameters(content), 1):
        text = text.replace(f"{{{number}}}", str(value))
    units = count_sms_units(sign_name, fill_longest(template))
    segments = count_segments(units)
    fields = tuple(each for each in WECHAT.format_parameters(content) if isinstance(each, tuple))
    return Preview(
        text=text,
        units=units,
        segments=segments,
        price_fen=segments * sms_price_fen,
        fields=fields,
    )


def _make_example(template: Template) -> Content:
    about = About(
        category=Category.MEDICAL,
        quantity=200_000,
        unit="fen",
        town_code="441900104",
        until=system_now() + timedelta(days=3),
        day=(system_now() + timedelta(days=3)).date().isoformat(),
        reason="不符合救助条件",
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
        detail="8月20日",
        about=about,
    )
