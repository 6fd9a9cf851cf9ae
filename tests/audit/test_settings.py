"""What audit's settings allow: foundations with logs of their own, and a chart of their own."""

from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.audit.settings import AuditSettings

CHART = files("services.audit.ledger").joinpath("chart.toml")


def test_each_foundation_and_year_has_an_origin_of_its_own() -> None:
    settings = AuditSettings(
        log_origin="example.org/log",
        foundations={"guanjia": "莞家", "chashan": "茶山"},
        default_foundation="chashan",
    )
    assert settings.format_origin("chashan", 2026) == "example.org/log/2026"
    assert settings.format_origin("guanjia", 2027) == "example.org/log/guanjia/2027"


@pytest.mark.parametrize(
    "wrong",
    [
        {"default_foundation": "nobody"},
        {"foundations": {}},
        {"foundations": {"2026": "an origin's last part is its year"}},
        {"foundations": {"a/b": "x"}},
        {"foundations": {"guanjia": ""}},
    ],
)
def test_a_foundation_that_no_log_can_be_named_after_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AuditSettings(**wrong)  # type: ignore[arg-type]


def test_a_chart_of_ones_own_names_the_accounts(tmp_path: Path) -> None:
    chart = tmp_path / "chart.toml"
    chart.write_text(CHART.read_text("utf-8").replace("Assets:Bank", "Assets:银行:茶山"))
    rules = AuditSettings(chart_file=chart).build_rules()
    assert rules.chart.of_fund(restricted=True).bank == "Assets:银行:茶山"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ('"Assets:Bank"', '"Assets:Our bank"'),
        ('"Assets:Bank"', '"Assets"'),
        ('"Assets:Bank"', '"Assets:Goods"'),
        ('"Income:Goods:Restricted"', '"Income:Donations:Restricted"'),
        ('"Expenses:Goods"', '"Expenses:Management"'),
    ],
)
def test_a_chart_whose_accounts_no_entry_could_use_is_refused_at_start(
    tmp_path: Path, name: str, instead: str
) -> None:
    """Else every fund's opening fails, or money and goods meet on an account: a broken ledger."""
    chart = tmp_path / "chart.toml"
    text = CHART.read_text("utf-8")
    assert name in text
    chart.write_text(text.replace(name, instead))
    with pytest.raises(ValidationError, match="account"):
        AuditSettings(chart_file=chart)


@pytest.mark.parametrize("text", [None, "", "[accounts]\n", "no toml"])
def test_a_chart_that_cannot_be_used_is_refused_at_start(tmp_path: Path, text: str | None) -> None:
    chart = tmp_path / "chart.toml"
    if text is not None:
        chart.write_text(text)
    with pytest.raises(ValidationError, match="chart"):
        AuditSettings(chart_file=chart)
