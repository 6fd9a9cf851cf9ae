"""What waits when the campaign is over, for whoever looks around: wishes that nobody serves yet,
cases at each step of approval, one need that two channels brought, and messages to read.

Invented, like the campaign; it comes after the sums, which it would change.
"""

import asyncio
from collections.abc import Iterator

from deploy.demo.clients import Clients, RefusedError
from deploy.demo.submission import HTTP_CREDENTIALS
from shared.contracts.events import Applicant, RequestSubmitted
from shared.contracts.values import (
    MONEY_UNIT,
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
    Need,
)
from shared.towns import load_towns

MESSAGES = (
    ("+8616190000091", "上次说好的事一直没有消息，你们还管不管"),
    ("+8616190000092", "那个事情怎么办才好，我妈一个人在家我又走不开"),
)
_MET = Channel.HOUSEHOLD_VISIT


def list_requests() -> Iterator[RequestSubmitted]:
    """Some open by themselves and stand on the menu; the others wait for somebody."""
    disabled, alone, child = (
        BeneficiaryClass.DISABLED,
        BeneficiaryClass.ELDERLY_ALONE,
        BeneficiaryClass.CHILD,
    )
    yield _make(
        1, Channel.COMMITTEE, disabled, "茶山镇", "家里老人瘫痪，求一辆轮椅", "轮椅", "辆", 1
    )
    yield _make(2, _MET, alone, "石龙镇", "独居老人，冬天缺厚棉被", "棉被", "床", 2)
    yield _make(3, Channel.HOTLINE, alone, "厚街镇", "每周去医院透析，没人陪", "陪诊", "小时", 8)
    yield _make(4, Channel.COMMITTEE, child, "大朗镇", "姐弟三人开学缺书包文具", "书包", "个", 3)
    # A town's, then the city's, then the joint meeting's.
    yield _make(5, _MET, disabled, "虎门镇", "术后康复，药费还差三千元", yuan=3_000)
    yield _make(6, Channel.COMMITTEE, alone, "中堂镇", "危房漏雨，翻修要四万元", yuan=40_000)
    yield _make(
        7, Channel.COMMITTEE, None, "麻涌镇", "村口涵洞积水，改造预算一百二十万元", yuan=1_200_000
    )
    # The same household, by the committee and by the hotline.
    yield _make(
        8, Channel.COMMITTEE, disabled, "寮步镇", "母亲卧床，想要一张护理床", "护理床", "张", 1
    )
    yield _make(
        8, Channel.HOTLINE, disabled, "寮步镇", "来电：卧床的母亲需要护理床", "护理床", "张", 1
    )


def _make(
    number: int,
    channel: Channel,
    class_: BeneficiaryClass | None,
    town: str,
    text: str,
    item: str = "",
    unit: str = MONEY_UNIT,
    quantity: int = 0,
    *,
    yuan: int = 0,
) -> RequestSubmitted:
    """class_: None for what everybody uses."""
    codes = {name: code for code, name in load_towns().items()}
    return RequestSubmitted(
        kind=Kind.WISH if class_ else Kind.PROJECT,
        category=_CATEGORIES[class_],
        beneficiary_class=class_ or BeneficiaryClass.GENERAL,
        channel=channel,
        need=Need(unit=unit, quantity=yuan * 100 or quantity, item=item),
        area=Area(town_code=codes[town]),
        applicant=Applicant(name=f"演示来人{number:02d}", phone=f"+861619{number:07d}"),
        text=text,
    )


_CATEGORIES = {
    BeneficiaryClass.DISABLED: Category.DISABILITY,
    BeneficiaryClass.ELDERLY_ALONE: Category.HOME_CARE,
    BeneficiaryClass.CHILD: Category.EDUCATION,
    None: Category.PUBLIC_WORKS,
}


async def leave_open_work(clients: Clients) -> None:
    """Sends them, each by its channel. Raises RefusedError for what is not taken."""
    await asyncio.gather(
        *(
            clients.open("intake", HTTP_CREDENTIALS[request.channel]).post(
                "/requests",
                request.model_dump(mode="json", exclude_none=True),
                key=f"open-work-{number}",
            )
            for number, request in enumerate(list_requests())
        )
    )
    replies = [{"number": number, "text": text} for number, text in MESSAGES]
    answers = await clients.open("simulators").post("/simulator/phones/replies", replies)
    if refused := [answer for answer in answers if answer["status"] >= 300]:
        raise RefusedError(f"messages: {refused}")
