"""In which language a person is told: his own, as far as the provider has approved the words."""

from datetime import UTC, datetime

import pytest

from services.notify.channels import SMS, Content
from services.notify.english import CATEGORIES, DONORS, format_short_day, format_short_sum
from services.notify.model import About, ProviderName
from services.notify.provider_accounts import list_all_ids
from services.notify.resources import choose_template
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from services.notify.wordbook import WordBook
from shared.contracts.events import RequestReferred
from shared.contracts.values import Area, Category, DonorKind
from tests.notify.decisions import REQUEST_ID, DecisionHarness
from tests.notify.test_purposes import fill


def choose(settings: NotifySettings, provider: ProviderName, purpose: str = "case_closed") -> str:
    return choose_template(purpose, "en", list_all_ids(settings, WordBook())[provider])


def test_who_chose_english_is_told_in_english_where_its_words_are_approved() -> None:
    real = NotifySettings(tencent_endpoint="https://sms.tencentcloudapi.com/")
    approved = real.model_copy(update={"sms_template_ids": {"case_closed.en": "88"}})
    assert choose(NotifySettings(), "tencent") == "case_closed.en"
    assert choose(real, "tencent") == "case_closed"
    assert choose(approved, "tencent") == "case_closed.en"
    assert choose(approved, "tencent", "request_opened") == "request_opened"
    assert list_all_ids(approved, WordBook())["tencent"]["case_closed.en"] == "88"


@pytest.mark.parametrize(
    ("name", "about", "text"),
    [
        (
            "match_proposed.en",
            About(
                category=Category.MEDICAL,
                quantity=200_000,
                unit="fen",
                town_code="441900101",
                until=datetime(2026, 12, 1, 7, tzinfo=UTC),
            ),
            "health ¥2000, 石碣镇. Tell your social worker, station or 12345 by Dec 1.",
        ),
        ("ledger_goods_received.en", About(quantity=3, unit="床"), "Your goods, 3床, arrived"),
    ],
)
def test_its_sums_days_and_categories_are_english_too(name: str, about: About, text: str) -> None:
    assert text in fill(Content(TEMPLATES[name], "R-1", about=about))


@pytest.mark.parametrize(
    ("answer_on", "zh", "en"),
    [("2026-08-20", "最迟8月20日答复", "answers by Aug 20."), ("2026-12-01", "12月1日", "Dec 1.")],
)
def test_who_is_referred_hears_by_when_in_his_language(answer_on: str, zh: str, en: str) -> None:
    referred = RequestReferred(
        person_id="P-1",
        policy="temporary_relief",
        policy_zh="临时救助",
        department="镇街公共服务办",
        answer_on=answer_on,
        area=Area(town_code="441900101"),
    )
    harness = DecisionHarness()
    harness.on_event(referred)
    told = {
        name: fill(Content(TEMPLATES[name], REQUEST_ID, detail=harness.notice.detail))
        for name in ("request_referred", "request_referred.en")
    }
    assert zh in told["request_referred"]
    assert en in told["request_referred.en"]
    assert not harness.notice.detail.isascii(), "as the event says it, in any language"


def test_what_is_no_day_is_said_as_it_is() -> None:
    """A hotline's number, or the numbers of several deliveries."""
    for detail in ("12345", "", "13月1日", "2、3"):
        content = Content(TEMPLATES["message_emergency.en"], REQUEST_ID, detail=detail)
        assert SMS.format_parameters(content)[1] == detail


def test_every_word_of_english_fits_an_sms_variable() -> None:
    assert set(CATEGORIES) == {None, *Category}
    assert set(DONORS) == {None, *DonorKind}
    assert all(len(word) <= 6 for word in (*CATEGORIES.values(), *DONORS.values()))
    days = [format_short_day(datetime(2026, month, 28, tzinfo=UTC)) for month in range(1, 13)]
    assert all(len(day) <= 6 for day in days)


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "a sum"),
        (50, "¥0.50"),
        (20_000, "¥200"),
        (12_345, "¥123+"),
        (9_999_900, "¥99999"),
        (20_450_050, "¥204k+"),
        (200_150_000_00, "¥200m+"),
    ],
)
def test_a_sum_is_exact_where_it_fits_and_never_more_than_it_is(fen: int, text: str) -> None:
    assert format_short_sum(fen) == text
