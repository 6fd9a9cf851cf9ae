"""Every page: what people wrote does nothing, headers let nothing in, nothing stands inline."""

import re
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from shared.web.pages import (
    ASSETS,
    CACHED_FOR_EVER,
    Pages,
    format_quantity,
    format_town,
    name_place,
    name_town,
)
from tests.support.readers import make_reader
from tests.support.sample_pages import render_samples
from tests.support.services import SERVICES, not_started

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "single_quote": "' onmouseover='alert(1)",
    "template": "{{ 7*7 }}{% raw %}${7*7}",
    "right_to_left": "\u202eפתח\u202c مرحبا",
    "emoji": "👨‍👩‍👧‍👦🍚",
    "long": "米" * 10_000,
}
SCRIPTED = re.compile(r"(ledger_entry|operations|service_state)$|ask(_|$)")
# Its policy is WeChat's to meet: tests/notify/test_wechat_pages.py.
OF_WECHAT = "subscribe"
VOID = {"meta", "link", "img", "input", "br"}


class Read(HTMLParser):
    """What a browser would find: tags that stand open, and attributes by tag."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.wrong: list[str] = []
        self.script = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and self.open[-1] == "script":
            self.script += data


def html_of(page: HTMLResponse) -> str:
    return bytes(page.body).decode()


def test_page_is_whole_and_says_whose_it_is(subtests: pytest.Subtests) -> None:
    for name, page in render_samples().items():
        with subtests.test(name):
            read = Read(html_of(page))
            assert read.open == []
            assert read.wrong == []
            tags = [tag for tag, _ in read.tags]
            for once in ("html", "title", "main", "h1", "header", "footer"):
                assert tags.count(once) == 1, once
            attributes = dict(read.tags)
            assert attributes["html"]["lang"] == "zh-CN"
            assert "莞家" in "".join(read.text)
            ids = [a["id"] for _, a in read.tags if "id" in a]
            assert len(ids) == len(set(ids))
            labelled = {a["for"] for tag, a in read.tags if tag == "label" and "for" in a}
            assert labelled <= set(ids)


# What a phone is asked to dial: nothing is loaded by it.
CALL = re.compile(r"tel:[0-9+-]+")


def test_nothing_stands_inline(subtests: pytest.Subtests) -> None:
    """The policy would refuse it, and a person would see an ugly page."""
    for name, page in render_samples().items():
        with subtests.test(name):
            read = Read(html_of(page))
            assert not read.script.strip()
            for tag, attributes in read.tags:
                assert tag not in ("style", "iframe", "object", "embed", "base")
                assert tag != "script" or attributes["src"] in {
                    asset.url for asset in ASSETS.values()
                }
                assert not [a for a in attributes if a == "style" or a.startswith("on")]
                for address in ("href", "src", "action"):
                    value = attributes.get(address) or ""
                    assert not re.match(r"(?i)\s*(\w+:|//)", value) or CALL.fullmatch(value)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_words_change_nothing(subtests: pytest.Subtests, kind: str) -> None:
    words = HOSTILE[kind]
    for name, page in render_samples(words).items():
        with subtests.test(name):
            calm = Read(html_of(render_samples("word")[name]))
            read = Read(html_of(page))
            assert [tag for tag, _ in read.tags] == [tag for tag, _ in calm.tags]
            assert [sorted(a) for _, a in read.tags] == [sorted(a) for _, a in calm.tags]
            if "word" in "".join(calm.text):
                assert words in "".join(read.text)


def test_a_token_that_is_spelt_otherwise_stays_in_its_attribute(subtests: pytest.Subtests) -> None:
    """A link opens with signs in it that no token has: decoding passes over them."""
    for name, page in render_samples().items():
        with subtests.test(name):
            calm = Read(html_of(page))
            odd = Read(html_of(render_samples(token='t"><script>')[name]))
            assert [tag for tag, _ in odd.tags] == [tag for tag, _ in calm.tags]


def test_headers_let_nothing_in(subtests: pytest.Subtests) -> None:
    for name, page in render_samples().items():
        with subtests.test(name):
            headers = page.headers
            if name == OF_WECHAT:
                continue
            policy = dict(
                part.strip().partition(" ")[::2]
                for part in headers["content-security-policy"].split(";")
            )
            # A script of ours reads the log; another keeps a page up to date.
            scripted = (
                {"script-src": "'self'", "connect-src": "'self'"} if SCRIPTED.match(name) else {}
            )
            assert policy == scripted | {
                "default-src": "'none'",
                "style-src": "'self'",
                "img-src": "'self'",
                "form-action": "'self'",
                "frame-ancestors": "'none'",
                "base-uri": "'none'",
            }
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert headers["content-type"] == "text/html; charset=utf-8"


def test_towns_are_named_and_codes_are_not() -> None:
    assert format_town("441900103") == "茶山镇"
    assert format_town("441900000") == "全市"
    assert format_town("330106000") == "其他地区"
    assert name_town("441900103") == ("茶山镇", "Chashan")
    assert name_town("441900000") == ("全市", "whole city")
    assert name_place("441900003001")[0] == "东城街道岗贝社区"
    assert name_place("441900003001")[1] == 'Dongcheng <span lang="zh-CN">岗贝社区</span>'
    for name, page in render_samples().items():
        assert not re.search(r"4419\d{5}", "".join(Read(html_of(page)).text)), name


BEHIND_LINKS = re.compile(
    r"proposal|delivery|menu$|menu_empty|receipt|mandate|giving|own|request_|give$"
)


def test_whoever_has_a_link_reads_whom_to_ask_and_a_donor_what_for_and_until_when() -> None:
    pages = {name: html_of(page) for name, page in render_samples().items()}
    asked = {name for name in pages if BEHIND_LINKS.match(name)}
    assert len(asked) > 20
    assert {name for name in asked if 'href="tel:12345"' not in pages[name]} == set()
    for over in ("link_over", "link_invalid"):
        assert "村（居）委会" in pages[over]
    for words in ("中堂镇", "低保", "等了12天", "1.6公里", "2026年5月23日 16:00 前答复"):
        assert words in pages["proposal"], words
    for words in ("茶山镇", "低保", "已等待"):
        assert words in pages["menu"], words


def test_sums_of_a_fund_have_their_unit() -> None:
    sums = re.findall(r"<dd><bdi>([-\d,]+\.\d\d.*?)</bdi></dd>", _render("ledger_fund"))
    assert sums
    assert all(each.endswith(" 元") for each in sums), sums


def test_no_page_of_entries_leads_to_itself() -> None:
    assert "逐笔查看</a>" in _render("ledger")
    assert "逐笔查看</a>" not in _render("ledger_entries")


def _render(name: str) -> str:
    return html_of(render_samples()[name])


def test_a_donor_reads_the_name_of_the_fund_and_each_number_on_one_line() -> None:
    receipt = html_of(render_samples("word")["receipt_invoiced"])
    assert "<dt>基金</dt><dd><bdi>1-word</bdi></dd>" in receipt
    assert '<bdi lang="zh-CN">莞家慈善基金会</bdi>' in receipt
    assert re.search(r"<dt>捐赠编号</dt><dd><bdi><code class=.inline.>", receipt)
    mandate = html_of(render_samples("word")["mandate"])
    assert "<dt>基金</dt><dd><bdi>1-word</bdi></dd>" in mandate


def test_what_is_due_says_chinas_day_of_a_moment() -> None:
    """Half past midnight there is still the day before in UTC."""
    assert "确认于 2026年5月20日" in html_of(render_samples()["payables"])


def test_a_number_of_ours_is_written_small_enough_for_its_line() -> None:
    parts = Pages("services.audit").open_templates("zh")
    fact = parts.from_string("{% from 'parts.html' import fact %}{{ fact('', '', text) }}")
    for number in ("P-0123456789abcdef0123", "M-R-0123456789abcdef0123-O-abc-1", "0a" * 32):
        assert f'<code class="inline">{number}</code>' in fact.render(text=number)
    for words in ("finance-maker", "ICBC-1001", "2026年5月20日", "A-1 gift"):
        assert "<code" not in fact.render(text=words)


def test_a_sentence_breaks_where_its_line_is_full_and_a_date_does_not() -> None:
    parts = Pages("services.intake").open_templates("zh")
    fact = parts.from_string("{% from 'parts.html' import fact %}{{ fact('', '', text) }}")
    assert "<dd>" in fact.render(text="2026年5月20日")
    assert '<dd class="sentence">' in fact.render(text="首次申请资金，须先由工作人员见到本人")


def test_no_link_stands_in_a_row_of_buttons(subtests: pytest.Subtests) -> None:
    for name, page in render_samples().items():
        with subtests.test(name):
            for row in re.findall(r'<p class="button-row">.*?</p>', html_of(page), re.S):
                assert not re.search(r"<a (?!class=.button)", row), row


def test_figures_of_a_table_that_a_phone_shows_as_paragraphs_say_what_they_are(
    subtests: pytest.Subtests,
) -> None:
    """Where the heads of the columns are not seen."""
    for name, page in render_samples().items():
        with subtests.test(name):
            for table in re.findall(r'<table class="stacked">.*?</table>', html_of(page), re.S):
                for cell in re.findall(r"<td([^>]*)>[\d,]+\.\d\d</td>", table):
                    assert "data-label=" in cell, cell


def test_words_that_turn_the_direction_turn_no_number() -> None:
    assert format_quantity("zh", 30, "袋", "大米") == "大米 30 袋"
    assert format_quantity("zh", 30, "袋", "\u202e米") == "\u2068\u202e米\u2069 30 袋"
    assert format_quantity("zh", 20_450_000, "fen") == "人民币 204,500.00 元"


def test_what_did_not_arrive_stands_below_the_rating() -> None:
    page = html_of(render_samples()["delivery_confirmed"])
    assert page.index("评价") < page.index("没有收到")


def test_a_case_leads_to_the_call_that_waits() -> None:
    assert 'href="/notify/calls"' in html_of(render_samples()["case"])


def test_a_template_that_misses_a_value_is_a_bug() -> None:
    with pytest.raises(Exception, match="undefined"):
        Pages("services.matching").render(make_reader(), "done.html")


# --- the stylesheet -----------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
async def test_assets_are_cached_by_their_content(service: str) -> None:
    for asset in ASSETS.values():
        answer = await _get(not_started(service), asset.url)
        assert (answer.status_code, answer.content) == (200, asset.content)
        assert answer.headers["cache-control"] == CACHED_FOR_EVER
        assert answer.headers["content-type"].startswith(asset.media_type)
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_asset_asked_for_otherwise_is_looked_up_again() -> None:
    app = not_started("intake")
    plain = await _get(app, "/static/guanjia.css")
    assert "immutable" not in plain.headers["cache-control"]
    known = {"If-None-Match": plain.headers["etag"]}
    assert (await _get(app, "/static/guanjia.css", known)).status_code == 304
    for missing in ("/static/no.css", "/static/..%2fpages.py", "/static/"):
        assert (await _get(app, missing)).status_code == 404


def test_pages_name_the_assets_there_are() -> None:
    for tag, attributes in Read(html_of(render_samples()["request_open"])).tags:
        if tag in ("link", "img"):
            address = str(attributes["href" if tag == "link" else "src"])
            is_own_picture = tag == "img" and address.startswith("/r/")
            assert is_own_picture or address in {asset.url for asset in ASSETS.values()}


def test_stylesheet_asks_nobody_else() -> None:
    css = ASSETS["guanjia.css"].content.decode()
    assert "url(" not in css
    assert "@import" not in css
    for needed in ("prefers-color-scheme: dark", "@media print", ":focus-visible"):
        assert needed in css


async def _get(app: FastAPI, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        return await http.get(path, headers=headers)


def test_an_account_to_pay_and_its_match_are_labelled_where_their_heads_are_not_seen() -> None:
    order = _render("payment_order")
    for label in ("户名", "收款账号", "开户行", "对接", "银行"):
        assert f'<td data-label="{label}">' in order, label
