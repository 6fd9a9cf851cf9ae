"""What need a person wrote of by SMS or WeChat, read without I/O. The order of words is free.

    心愿 生活物资 200元 茶山镇 低保 张三
    家里老人瘫痪，求一辆轮椅，茶山镇

Nothing is guessed: what the words do not say, or say twice, is not in the draft and is asked for.
A complaint, a question or a story is no need; a person reads it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.intake.channels.answers import Sense, ShortAnswer, read_answer
from services.intake.channels.dialect import read_spoken_wish
from services.intake.channels.donor_answers import DonorAnswer, offers_help, read_donor_answer
from services.intake.channels.remainder import SEPARATORS, Remainder, compile_any
from services.intake.channels.spoken_amounts import (
    AMOUNT,
    BARE_AMOUNT,
    CHINESE_AMOUNT,
    HAD,
    MONEY_WORDS,
    SHORT_OF,
    THOUSANDS,
    VAGUE,
    parse_chinese_fen,
    parse_fen,
    parse_number_fen,
)
from services.intake.channels.spoken_counts import fold_counts
from services.intake.channels.spoken_goods import (
    SpokenWish,
    count_named,
    find_category_named,
    find_named,
    find_uncounted,
    fold_measures,
    is_good,
    is_wish,
    name_thing,
    split_named,
    take_goods,
    tell_apart,
)
from services.intake.channels.spoken_names import find_answered_name, find_names, take_called
from services.intake.channels.spoken_places import (
    SpokenPlace,
    find_short_place,
    get_single,
    read_corrected_place,
    take_place,
)
from services.intake.channels.words import (
    CATEGORY_WORDS,
    CLASS_WORDS,
    COMPLAINT_WORDS,
    KIND_WORDS,
    REQUEST_WORDS,
    find_spoken_categories,
    find_thing,
)
from shared.contracts.values import (
    MONEY_UNIT,
    BeneficiaryClass,
    Category,
    Kind,
    Need,
    Value,
)
from shared.simplified import simplify
from shared.text import fold_text
from shared.towns import CITY_WIDE
from shared.villages import find_villages_in

BINDING_DIGITS = 8
NAMELESS = "未留姓名"
NEED_LENGTH_MAX = 120
BARE_LENGTH_MAX = 20
Slot = Literal["what", "where", "whom"]
"""What a request has to say, in the order in which it is asked for."""

_OPENING = re.compile(
    "(?:请问|你好|您好|我们?)*(?:怎么|怎样|如何|可以|才能|能|想|要|需要|得到|求|请)*"
    "(?:求助|帮助|帮忙|(?<=[想要])申请|申请帮助|申请救助|申请临时救助)|request"
)
"""Help is wanted, and what help is not said."""
_PHONE = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")
_BIND = re.compile(rf"^(?:bind|绑定(?:手机(?:号码?)?|微信)?)[\s,:;、]*(\d{{{BINDING_DIGITS}}})?$")
_PROVE = re.compile(rf"^(?:本人|myself|me)[\s,:;、]*(\d{{{BINDING_DIGITS}}})$")


@dataclass(frozen=True, slots=True)
class Bind:
    """“This phone and this WeChat are mine.” code: empty from who asks for one."""

    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Prove:
    """“It is I who opened my page.” code: what stands there."""

    code: str = field(repr=False)


class Draft(Value):
    """A need as far as it was said. None: it was not said, or more than once. others: what is asked
    for besides, each of which becomes a request of its own."""

    kind: Kind = Kind.WISH
    category: Category | None = None
    beneficiary_class: BeneficiaryClass = BeneficiaryClass.GENERAL
    need: Need | None = None
    town_code: str | None = None
    village_code: str | None = None
    name: str | None = None
    others: tuple[SpokenWish, ...] = ()

    @property
    def missing(self) -> tuple[Slot, ...]:
        """For money it must be said what it is for; what is not money says so itself."""
        has_purpose = self.category is not None or (self.need and not self.need.is_money)
        values: dict[Slot, object] = {
            "what": self.need is not None and has_purpose,
            "where": self.town_code,
            "whom": self.name,
        }
        return tuple(slot for slot, value in values.items() if not value)

    def list_each(self) -> "tuple[Draft, ...]":
        """One for each thing that is asked for."""
        others = (
            self.model_copy(update={"need": wish.need, "category": wish.category, "others": ()})
            for wish in self.others
        )
        return (self.model_copy(update={"others": ()}), *others)

    def correct(self, place: SpokenPlace) -> "Draft":
        """With this place, whatever was said before."""
        return self.model_copy(update=place._asdict())

    def fill(self, later: "Draft") -> "Draft":
        """With what was said later; the first word of each stands, and a town in place of “I do not
        know where”."""
        fields = ("category", "need", "town_code", "name")
        changes = {f: getattr(later, f) for f in fields if getattr(self, f) is None}
        if self.town_code == CITY_WIDE and later.town_code:
            changes["town_code"] = later.town_code
        if self.need is None:
            changes["others"] = later.others
        village, town = later.village_code, changes.get("town_code", self.town_code)
        if self.village_code is None and village and town and village.startswith(town):
            changes["village_code"] = village
        if self.beneficiary_class is BeneficiaryClass.GENERAL:
            changes["beneficiary_class"] = later.beneficiary_class
        return self.model_copy(update=changes)


@dataclass(frozen=True, slots=True)
class Unclear:
    """A person reads it."""


Understood = ShortAnswer | DonorAnswer | Bind | Prove | Draft | SpokenPlace | Unclear


def understand(text: str) -> Understood:
    """Never raises. Who speaks of what came, or wants nothing, asks for nothing new. A place alone
    is one that corrects another."""
    plain = simplify(fold_text(text))
    words = _strip(plain).casefold()
    if match := _BIND.match(words):
        return Bind(match.group(1) or "")
    if match := _PROVE.match(words):
        return Prove(match.group(1))
    answer = read_answer(plain)
    if answer.sense is not Sense.EMERGENCY and (donor := read_donor_answer(plain)):
        return donor
    if answer.sense not in (Sense.UNKNOWN, Sense.REFERENCE, Sense.CALL):
        return answer
    if offers_help(words):
        return ShortAnswer(Sense.GIVING)
    if corrected := read_corrected_place(words):
        return corrected
    if _OPENING.fullmatch(words):
        return Draft()
    draft = None if answer.is_about_delivery else _read_need(_read_wish(plain))
    if draft is not None:
        return draft
    return Unclear() if answer.sense is Sense.UNKNOWN and not answer.references else answer


def find_town(text: str) -> str | None:
    """The one town that is named: in full, or alone as people say it."""
    plain = simplify(fold_text(text))
    place = read_corrected_place(_strip(plain)) or take_place(Remainder(plain))
    return place.town_code


def read_slot(slot: Slot, text: str, label: str = "") -> Draft:
    """What an answer to one question says, and whatever else it says. label: of a place sent."""
    plain = _read_wish(simplify(fold_text(f"{text} {label}")))
    draft = _read_draft(plain)
    if slot == "where" and draft.name is None:
        draft = draft.model_copy(update={"name": _read_bare_name(plain)})
    if slot == "whom" and draft.name is None:
        return draft.model_copy(update={"name": _read_name(plain)})
    if slot == "what" and draft.need is None and (match := BARE_AMOUNT.fullmatch(plain)):
        fen = parse_number_fen(match[1])
        return draft.model_copy(update={"need": _make_money_need(fen) if fen else None})
    if slot == "where" and draft.town_code is None:
        return draft.correct(find_short_place(plain))
    return draft


def read_count(earlier: tuple[str, ...], text: str) -> Need | None:
    """“2床” of who wrote “棉被” last and was asked how many."""
    thing = _strip(simplify(fold_text(earlier[-1]))) if earlier else ""
    return count_named(thing, _strip(simplify(fold_text(text))))


def _read_wish(plain: str) -> str:
    """In the words and the order that the readers of wishes know."""
    return fold_counts(read_spoken_wish(plain))


def _strip(text: str) -> str:
    return text.strip("。.!,;\"'“” ")


def _read_name(text: str) -> str | None:
    """Of who was asked whom it is for; a place or a class that he says too is none."""
    remainder = Remainder(text)
    remainder.take(_PHONE)
    take_place(remainder)
    remainder.take_words(CLASS_WORDS)
    return find_answered_name(remainder.tokens)


def _read_bare_name(text: str) -> str | None:
    """Of who was asked where and answers for whom: a name and nothing else."""
    remainder = Remainder(text)
    take_place(remainder)
    names = find_names(remainder.tokens, is_form=True)
    return names.pop() if len(names) == len(remainder.tokens) == 1 else None


def _read_need(text: str) -> Draft | None:
    """None for what asks for nothing, or for something that no rule of ours gives."""
    if len(text) > NEED_LENGTH_MAX or any(word in text for word in COMPLAINT_WORDS):
        return None
    draft, tokens = _read_draft(text), SEPARATORS.split(text)
    is_labelled = any(word in text for word in (*CATEGORY_WORDS, *KIND_WORDS))
    is_asked_for = any(w in text for w in REQUEST_WORDS) or any(map(is_wish, tokens))
    is_placed = draft.town_code is not None or bool(find_villages_in(text))
    if draft.need is None and draft.category is None:
        return None
    is_list = len(text) <= BARE_LENGTH_MAX or any(map(is_good, tokens))
    if is_good(_strip(text)) or (draft.others and is_list) or all(map(name_thing, tokens)):
        return draft
    if is_labelled and (draft.need or is_placed or is_asked_for):
        return draft
    is_short = draft.category is not None or len(text) <= BARE_LENGTH_MAX
    return draft if is_asked_for or (is_placed and draft.need and is_short) else None


def _read_draft(text: str) -> Draft:
    remainder = Remainder(fold_measures(THOUSANDS.sub("", text)))
    remainder.take(_PHONE)
    is_vague = bool(remainder.take(VAGUE))
    names, remainder.rest = take_called(remainder.rest)
    amounts = {parse_fen(match) for match in remainder.take(AMOUNT)}
    amounts |= {parse_chinese_fen(match[1]) for match in remainder.take(CHINESE_AMOUNT)}
    if not amounts and MONEY_WORDS.search(text):
        short_of = remainder.take(SHORT_OF)
        amounts = {parse_number_fen(next(filter(None, match.groups()))) for match in short_of}
    town_code, village_code = take_place(remainder)
    classes = _take_classes(remainder)
    kinds = remainder.take_words(KIND_WORDS)
    labels = remainder.take_words(CATEGORY_WORDS)
    tokens = [part for token in remainder.tokens for part in split_named(token)]
    goods, rest = take_goods(tokens, is_any=bool(labels or kinds))
    remainder.rest = " ".join(rest)
    if is_vague or (goods and amounts and HAD.search(text)):
        amounts = {0}
    needs = [*(_make_money_need(fen) for fen in amounts - {0}), *goods]
    is_form = bool(labels or kinds or goods or amounts) or any(map(name_thing, remainder.tokens))
    names = names or find_names(remainder.tokens, is_form=is_form)
    named = _find_category_of(goods) or find_category_named(rest)
    category = _find_category(labels, text) or named
    if not needs and not amounts:
        needs = find_uncounted(text, category) or find_named(rest)
    else:
        needs += [need for need in find_named(rest) if need.item not in {n.item for n in needs}]
    wishes = [] if len(kinds) > 1 else tell_apart(needs, category, text)
    if len(wishes) > 1:
        category = wishes[0].category
    elif wishes and not wishes[0].need.is_money:
        category = category or _find_category_of([wishes[0].need])
    return Draft(
        kind=Kind(get_single(kinds) or _KINDS_OF.get(category, Kind.WISH)),
        category=category,
        beneficiary_class=classes[0] if classes else BeneficiaryClass.GENERAL,
        need=wishes[0].need if wishes else None,
        others=tuple(wishes[1:]),
        town_code=town_code,
        village_code=village_code,
        name=names.pop() if len(names) == 1 else None,
    )


_CLASS = re.compile(
    r"(?P<denied>(?:不是|不属于|不算|不够|不享受|未享受|没有?评上|评不上|没办|没有|没|非)(?:什么)?)?"
    rf"(?P<word>{compile_any(CLASS_WORDS).pattern})"
)


def _take_classes(remainder: Remainder) -> list[BeneficiaryClass]:
    """As they are said, without “general” and those that are denied: 不是低保户."""
    matches = [match for match in remainder.take(_CLASS) if not match["denied"]]
    classes = [BeneficiaryClass(CLASS_WORDS[match["word"]]) for match in matches]
    return [each for each in classes if each is not BeneficiaryClass.GENERAL]


def _find_category(labels: set[str], text: str) -> Category | None:
    categories = labels or find_spoken_categories(text)
    return Category(next(iter(categories))) if len(categories) == 1 else None


def _find_category_of(goods: list[Need]) -> Category | None:
    """“米一袋”: the catalogue knows what it is where the text has no other word for it."""
    entry = find_thing(goods[0].item) if len(goods) == 1 else None
    return entry.category if entry else None


_KINDS_OF: Mapping[Category | None, Kind] = {Category.PUBLIC_WORKS: Kind.PROJECT}


def _make_money_need(fen: int) -> Need:
    return Need(unit=MONEY_UNIT, quantity=fen)
