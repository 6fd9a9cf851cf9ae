"""The columns of a sheet of requests, and one row of it as a request."""

import re
from collections.abc import Callable

from services.intake.channels.request_cells import (
    CHANNEL_CELLS,
    NO_AMOUNT_WORDS,
    NO_ID_WORDS,
    NO_PHONE_WORDS,
    STATE_GUARD,
    find_village_beside,
    make_word_parser,
    parse_category,
    parse_class,
    parse_contact_owner,
    parse_id_number,
    parse_name,
    parse_prose,
    parse_town_cell,
    parse_village_cell,
    split_classes,
    split_count,
)
from services.intake.channels.spoken_goods import find_things, is_good
from services.intake.channels.words import KIND_CELLS, MEASURES, find_thing
from services.intake.messages import NEED_MISSING, NEED_TWICE
from shared.catalogue import Entry
from shared.contracts.values import (
    LABELS,
    MONEY_UNIT,
    Category,
    Channel,
    Kind,
)
from shared.errors import Invalid, Problem
from shared.messages import (
    ID_NUMBER_DOUBTFUL,
    ID_NUMBER_OLD,
    ID_NUMBER_OTHER,
    PHONE_FIXED,
    PHONE_FOREIGN,
)
from shared.money import PIECES, find_money_unit, parse_amount, parse_quantity
from shared.personal import drop_numbers, has_number
from shared.phones import parse_mobile
from shared.sheets import (
    ABSENT_WORDS,
    CURRENCY_GUARD,
    REASON_HEADERS,
    Column,
    Columns,
    Row,
    check_not_foreign,
    check_yuan,
    make_code_parser,
    parse_folded,
)
from shared.sheets.messages import VALUE_MISSING, VALUE_REWRITTEN, WORD_UNKNOWN
from shared.towns import CITY_WIDE
from shared.villages import find_village

_VILLAGE_CODE = re.compile(r"\d{12}", re.ASCII)
_TOWN_DIGITS = 9
_SPOKEN_TO = frozenset({PHONE_FIXED.code, PHONE_FOREIGN.code})
"""Numbers that no SMS reaches and a call does: they stay beside the text, for whoever calls."""
_NOT_TAKEN = frozenset({ID_NUMBER_DOUBTFUL.code, ID_NUMBER_OLD.code, ID_NUMBER_OTHER.code})
_TIMES = frozenset({"次", "小时"})
"""Units of help that is done, which its category names well enough."""
_REWRITTEN = frozenset({VALUE_REWRITTEN.code})
_UNKNOWN_WORD = frozenset({WORD_UNKNOWN.code})
"""What costs a column at the side and not the person's row."""

REQUEST_COLUMNS = Columns(
    (
        Column(
            "number", "编号 序号编号 诉求编号 id message_id", make_code_parser("编号"), single=True
        ),
        Column(
            "name",
            "姓名 申请人 对象姓名 申请人姓名 求助人 求助人姓名 服务对象 服务对象姓名 受助人 "
            "受助人姓名 困难群众姓名 户主姓名 applicant",
            parse_name,
            required=True,
            absent=ABSENT_WORDS,
        ),
        Column(
            "phone",
            "手机 手机号 手机号码 电话 联系电话 电话号码 联系方式 联系手机 "
            "本人电话 申请人电话 mobile",
            parse_mobile,
            absent=NO_PHONE_WORDS,
            forgiven=_SPOKEN_TO,
        ),
        Column("openid", "openid wechat_openid 微信openid", make_code_parser("openid")),
        Column(
            "household", "户号 家庭户号 household", make_code_parser("户号"), forgiven=_REWRITTEN
        ),
        Column(
            "id_number",
            "身份证号 身份证号码 身份证 证件号码 证件号 公民身份号码 id_number",
            parse_id_number,
            absent=NO_ID_WORDS,
            forgiven=_NOT_TAKEN,
        ),
        Column(
            "contact_of",
            "电话归属 手机归属 联系人关系 contact_of",
            parse_contact_owner,
            absent=ABSENT_WORDS,
            forgiven=_UNKNOWN_WORD,
        ),
        Column("kind", "类型 诉求类型", make_word_parser("类型", KIND_CELLS, Kind)),
        Column(
            "category",
            "类别 诉求类别 需求类别 需求类型 心愿类别 求助类别 救助类别 服务类别",
            parse_category,
            required=True,
        ),
        Column(
            "class",
            "困难类别 对象类别 人员类别 困难类型 对象类型 人群类别 人员类型 身份类别 "
            "困难群体类别 beneficiary_class",
            parse_class,
            required=True,
        ),
        Column("quantity", "数量 需求数量 申请数量 所需数量", absent=ABSENT_WORDS, single=True),
        Column("unit", "单位 计量单位 数量单位", parse_folded, absent=ABSENT_WORDS),
        Column(
            "item",
            "物品 物品名称 服务 需求物品 所需物品 申请物品 物资名称 物品或服务 品名",
            parse_folded,
            absent=ABSENT_WORDS,
        ),
        Column(
            "amount",
            "金额 金额(元) 申请金额 申请金额(元) 需求金额 需求金额(元) 所需金额 所需金额(元) "
            "所需资金 所需资金(元) 求助金额 求助金额(元) 预算金额(元) 预计金额(元) amount_yuan",
            parse_amount,
            absent=NO_AMOUNT_WORDS,
            single=True,
        ),
        Column("amount_fen", "金额(分)", parse_quantity, single=True),
        Column("currency", "币种", check_yuan),
        Column(
            "town",
            "镇街 镇 街道 镇(街) 所属镇街 所在镇街 镇(街道) 所属镇(街道) "
            "所在镇(街道) 乡镇 town_code",
            parse_town_cell,
        ),
        Column(
            "village",
            "村居 村(居) 村 社区 村(社区) 村社区 所在村 所属村 所在村居 所属村居 所在村(居) "
            "所属村(居) 所在村(社区) 所属村(社区) 所在社区 所属社区 "
            "所在村社区 所属村社区 village_code",
            parse_village_cell,
            absent=ABSENT_WORDS | {"不详"},
        ),
        Column(
            "text",
            "内容 诉求内容 心愿内容 说明 情况 情况说明 具体情况 基本情况 家庭情况 困难情况 "
            "需求内容 具体内容 申请理由 申请原因 事由 content",
            parse_prose,
        ),
        Column("remark", "备注 remark", parse_prose),
        Column(
            "address", "地址 住址 家庭住址 家庭地址 居住地址 详细地址 现住址 address", parse_prose
        ),
        Column(
            "collector",
            "收集人 收集人编号 collector_id",
            make_code_parser("收集人"),
            forgiven=_REWRITTEN,
        ),
        Column(
            "channel",
            "渠道 征集渠道",
            make_word_parser("渠道", CHANNEL_CELLS, Channel),
            forgiven=_UNKNOWN_WORD,
        ),
    ),
    ignored=REASON_HEADERS,
    guards=(CURRENCY_GUARD, STATE_GUARD),
    check_unread=check_not_foreign,
)
_LABELS = {column.name: column.label for column in REQUEST_COLUMNS.columns}


def parse_request(row: Row, channel: Channel, town: str = "") -> dict[str, object]:
    """Fields of a `RequestSubmitted`. town: where neither the row nor its village says one.
    Raises Invalid with every problem of the row."""
    problems: list[Problem] = []

    def collect(read: Callable[[Row], object]) -> object:
        try:
            return read(row)
        except Invalid as error:
            problems.extend(error.problems)
            return None

    values = row.values
    request: dict[str, object] = {
        "kind": values.get("kind", Kind.WISH.value),
        "category": values["category"],
        "beneficiary_class": values["class"],
        "channel": values.get("channel", channel.value),
        "need": collect(_read_need),
        "area": collect(lambda row: _read_area(row, town)),
        "applicant": _read_applicant(row),
        "text": _read_text(row, town),
    }
    if problems:
        raise Invalid(*problems)
    return request | ({"collector_id": values["collector"]} if "collector" in values else {})


def _read_need(row: Row) -> dict[str, object]:
    values = row.values
    amounts = [values[name] for name in ("amount_fen", "amount") if name in values]
    unit, item = row.text("unit"), row.text("item")
    if amounts and item and "quantity" in values:
        raise NEED_TWICE.invalid("amount")
    if amounts:
        return {"unit": MONEY_UNIT, "quantity": amounts[0]}
    if "quantity" not in values:
        raise (_refuse_missing("quantity") if unit or item else NEED_MISSING.invalid("amount"))
    quantity, unit = split_count(row.text("quantity"), unit)
    entry = _find_entry(row, unit)
    unit = unit or (entry.unit if entry else "")
    if not unit:
        raise _refuse_missing("unit")
    money_unit = None if item and unit in PIECES else find_money_unit(unit)
    if money_unit:
        amount = parse_amount(quantity, "quantity", money_unit)
        return {"unit": MONEY_UNIT, "quantity": amount}
    return {
        "unit": unit,
        "quantity": parse_quantity(quantity, "quantity"),
        "item": drop_numbers(item) or _read_item(row, entry, unit),
    }


def _find_entry(row: Row, unit: str) -> Entry | None:
    """The thing of the catalogue that the row's item is; else the one that its text names and
    that is counted so: “想要一台电风扇”, 1台."""
    if item := drop_numbers(row.text("item")):
        return find_thing(item)
    text = row.text("text")
    if not unit and not is_good(text):
        return None
    things = find_things(text)
    entries = [each for each in things if unit in ("", each.unit, *each.unit_synonyms)]
    return entries[0] if len(entries) == 1 else None


def _read_item(row: Row, entry: Entry | None, unit: str) -> str:
    """Raises Invalid where things are counted and their wish is only told in prose: a donor would
    read of two “生活物资”."""
    if entry is not None:
        return entry.name
    if unit in MEASURES - _TIMES and find_things(row.text("text")):
        raise _refuse_missing("item")
    return _get_category_word(row)


def _get_category_word(row: Row) -> str:
    return LABELS[Category(row.text("category"))]


def _read_area(row: Row, sheet_town: str) -> dict[str, object]:
    village = find_village_code(row, sheet_town)
    town = row.text("town")
    if village and town in ("", CITY_WIDE):
        town = village[:_TOWN_DIGITS]
    town = town or sheet_town
    if not town:
        raise _refuse_missing("town")
    area: dict[str, object] = {"town_code": town}
    return area | ({"village_code": village} if village else {})


def find_village_code(row: Row, sheet_town: str) -> str:
    """By its code, or its name within the town of the row, so that its own approver sees it;
    empty where neither is clear."""
    village, town = row.text("village"), row.text("town")
    if _VILLAGE_CODE.fullmatch(village):
        return village
    code = find_village(village, town or sheet_town) or find_village(village, town)
    return code or (find_village_beside(row.texts.get("town", "")) if not village else "")


def _read_applicant(row: Row) -> dict[str, object]:
    names = {
        "name": "name",
        "phone": "phone",
        "openid": "wechat_openid",
        "household": "household",
        "id_number": "id_number",
        "contact_of": "contact_of",
    }
    applicant = {field: row.values[name] for name, field in names.items() if name in row.values}
    if any(remark.field == "contact_of" for remark in row.remarks):
        # Somebody's, in words that are not known: nobody answers by it for the applicant.
        applicant["contact_of"] = "collector"
    return applicant


def _read_text(row: Row, sheet_town: str) -> str:
    """A village whose name is not clear, a second class, an item with somebody's number, a phone
    that no SMS reaches and another paper than an ID card stay readable for whoever judges the
    request."""
    village = row.text("village")
    is_named = village and not find_village_code(row, sheet_town)
    item, dropped = row.text("item"), {remark.field for remark in row.remarks}
    classes = "、".join(split_classes(row.texts.get("class", "")))
    parts = (
        f"困难类别：{classes}" if "、" in classes else "",
        f"村（居）：{village}" if is_named else "",
        f"所写物品：{item}" if has_number(item) else "",
        row.text("text"),
        f"联系电话：{row.texts['phone']}" if "phone" in dropped else "",
        f"证件：{row.texts['id_number']}" if "id_number" in dropped else "",
        f"电话归属：{row.texts['contact_of']}" if "contact_of" in dropped else "",
        f"住址：{row.text('address')}" if "address" in row.values else "",
        f"备注：{row.text('remark')}" if "remark" in row.values else "",
    )
    return "\n".join(part for part in parts if part)


def _refuse_missing(name: str) -> Invalid:
    return VALUE_MISSING.invalid(name, label=_LABELS[name])
