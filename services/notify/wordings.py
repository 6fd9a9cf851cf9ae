"""The words that replace those of the file: versions, each by two people. docs/decisions/0192.

Variables and channels of a notice are code and stay; its sentences, and the ids under which
providers approved them, are changed here while notify runs.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.notify.limits import has_all_places
from services.notify.rules import Rules
from services.notify.templates import TEMPLATES, Template
from shared.contracts.values import Identifier, Value
from shared.messaging.decision import State
from shared.text import CLEANED

IdOf = Literal["tencent", "aliyun", "wechat"]
VERSIONS_MAX = 50

Sentence = Annotated[str, CLEANED, Field(max_length=500)]
TemplateId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")]


class Words(Value):
    """One version. ids: as providers approved it, where they gave it new ones."""

    number: int
    sms: str
    title: str
    status: str
    hint: str
    ids: Mapping[IdOf, str] = Field(default_factory=dict)
    proposed_by: str
    proposed_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None

    def apply(self, template: Template) -> Template:
        return replace(template, sms=self.sms, title=self.title, status=self.status, hint=self.hint)


class Wording(State):
    """What a notice says now and said before. id: its template's name. versions: the approved
    ones."""

    COLLECTION: ClassVar[str] = "wordings"

    versions: tuple[Words, ...] = ()
    proposal: Words | None = None
    last_number: int = 0

    @property
    def current(self) -> Words | None:
        return self.versions[-1] if self.versions else None


class ProposeWords(Value):
    purpose: Identifier
    sms: Sentence
    title: Sentence
    status: Sentence
    hint: Sentence
    tencent_id: TemplateId = ""
    aliyun_id: TemplateId = ""
    wechat_id: TemplateId = ""


class ApproveWords(Value):
    """number: of the version that was read."""

    purpose: Identifier
    number: int


class DropWords(ApproveWords):
    """It is not to be used."""


def find_template(name: str, wording: Wording | None) -> Template:
    """As the file has it, where the approved words leave out what it says today."""
    template = TEMPLATES[name]
    words = find_words(name, wording)
    return words.apply(template) if words else template


def find_words(name: str, wording: Wording | None) -> Words | None:
    """The approved ones, if they have the places of today's template: a provider refuses others,
    and a sentence without the sum or the day says less than it has to."""
    words = wording.current if wording else None
    return words if words and has_all_places(words.apply(TEMPLATES[name])) else None


def find_id_clashes(rules: Rules, wording: Wording, words: Words) -> Mapping[IdOf, str]:
    """Of each provider in use, the id under which the words would go out though it approved
    another text there, which it would send. docs/decisions/0418."""
    file = TEMPLATES[wording.id]
    clashes: dict[IdOf, str] = {}
    for of, id_of_file in _list_ids_of_file(rules, wording.id, file).items():
        texts = {id_of_file: _find_approved_text(file, of)}
        for version in wording.versions:
            if id_ := version.ids.get(of):
                texts.setdefault(id_, _find_approved_text(version, of))
        id_ = words.ids.get(of) or id_of_file
        text = _find_approved_text(words, of)
        if texts.get(id_, text) != text:
            clashes[of] = id_
    return clashes


def _list_ids_of_file(rules: Rules, name: str, file: Template) -> Mapping[IdOf, str]:
    """Of each provider in use."""
    ids: dict[IdOf, str] = {
        "tencent": rules.sms_template_ids.get(name, file.sms_id),
        "aliyun": rules.aliyun_template_ids.get(name, file.aliyun_id),
        "wechat": rules.wechat_template_ids.get(name, file.wechat_id),
    }
    return {of: id_ for of, id_ in ids.items() if of in (*rules.sms_providers, "wechat")}


def _find_approved_text(words: Template | Words, of: IdOf) -> str:
    """Of WeChat's notice only the title is approved: status and hint are values of its fields."""
    return words.title if of == "wechat" else words.sms
