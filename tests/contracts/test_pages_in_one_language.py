"""A page in the reader's language is whole: in English no Chinese, in Chinese no English.

What people, partners and files wrote stays as it is; the samples have it in neither. What is sent
in Chinese, spelt so by law, or a name of Chinese alone says so: `lang="zh-CN"`.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from shared.dates import Language
from tests.support import readers
from tests.support.sample_pages import render_samples

AS_WRITTEN = frozenset({"code", "pre", "script"})
VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})
HAN = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e]")
"""Their punctuation too."""
# Two words in a row: one alone may be a name, such as WeChat.
ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
# As machines write a day or a moment: decision 0688. To the second it is for who operates them.
MACHINE_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2}|\d{2}-\d{2} \d{2}:\d{2})\b(?! \d{2}:\d{2}:|:\d{2})")
# As people, a bank, a provider or a command spell it.
PEOPLE = "word"
"""What people wrote, in the samples."""
SPELT_SO = re.compile(
    rf"{PEOPLE}|业务参考号|附言|退订|中文|English|"
    r"guanjia [a-z]+|C2SP tlog-[a-z]+|Microsoft Authenticator|GUANJIA_\w+"
)


class Words(HTMLParser):
    """What a reader reads of a page that is ours: texts, and what is read out."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, bool]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        for name in ("aria-label", "alt", "placeholder", "title"):
            if text := attributes.get(name):
                self.texts.append(text)
        if tag not in VOID:
            is_chinese = "hreflang" in attributes or attributes.get("lang") == "zh-CN"
            is_other = tag != "html" and is_chinese
            self._open.append((tag, tag in AS_WRITTEN or is_other))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(is_skipped for _, is_skipped in self._open):
            self.texts.append(" ".join(data.split()))


def list_foreign(html: str, foreign: re.Pattern[str]) -> Iterator[str]:
    for text in Words(html).texts:
        if foreign.search(SPELT_SO.sub("", text)):
            yield text


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Language:
    """Of whoever reads the samples, behind a link too."""
    language: Language = request.param
    monkeypatch.setattr(readers, "LANGUAGE", language)
    return language


def test_a_page_is_whole_in_its_language(language: Language, subtests: pytest.Subtests) -> None:
    foreign = HAN if language == "en" else ENGLISH
    for name, page in render_samples.__wrapped__(PEOPLE).items():
        with subtests.test(name):
            html = bytes(page.body).decode()
            assert f'<html lang="{"en" if language == "en" else "zh-CN"}">' in html
            assert list(list_foreign(html, foreign)) == []


def test_a_page_writes_days_as_people_do(language: Language, subtests: pytest.Subtests) -> None:
    for name, page in render_samples.__wrapped__(PEOPLE).items():
        with subtests.test(name):
            texts = Words(bytes(page.body).decode()).texts
            assert [text for text in texts if MACHINE_DAY.search(text)] == []


@pytest.mark.parametrize(
    ("html", "foreign"),
    [
        ("<p>待审批</p>", ["待审批"]),
        ('<svg aria-label="茶山镇 3"></svg><p>Chashan · 2</p>', ["茶山镇 3"]),
        ('<svg aria-label="全部基金"></svg>', ["全部基金"]),
        ("<p><bdi>张三</bdi> waits</p>", ["张三"]),
        ('<p>As sent: <bdi lang="zh-CN">已受理</bdi></p>', []),
        ('<a hreflang="zh-CN">中文版</a><img alt="照片">', ["照片"]),
    ],
)
def test_what_counts_as_chinese(html: str, foreign: list[str]) -> None:
    assert list(list_foreign(html, HAN)) == foreign
