"""What stands on the public log for ever holds nobody's phone or ID number."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.audit.model import ProposeFund, ProposeTransfer
from services.audit.model.stock import ProposeStockCount
from services.audit.model.vouchers import ProposeFundFee
from shared.errors import Invalid
from shared.validation import describe_validation
from tests.audit.decisions import open_audit
from tests.audit.facts import FUND, GOODS, NOW, goods

NUMBERS = (
    "李某13900770050确认",
    "证 440106198001010019",
    "139-0077-0050",
    "一三九零零七七零零五零批",
    "ZhangSan13900770050",
    "tel:13900770050",
    "Zhang440106198001010019",
)
DOCUMENTS = ("理事会纪要-3", "东民〔2026〕12号", "盘点表 2026-01-15", "20260115000123456789")
FEE: dict[str, Any] = {"fund_id": FUND, "amount_fen": 1, "at": NOW, "attachment": "0" * 64}
COUNT: dict[str, Any] = {"fund_id": FUND, "counted": 1, "at": NOW, **GOODS}
TRANSFER: dict[str, Any] = {"from_fund_id": FUND, "to_fund_id": "other", "amount_fen": 1}
TEXTS: dict[str, tuple[type[Any], dict[str, Any], str]] = {
    "reference of a fee": (ProposeFundFee, FEE | {"voucher": "记-1"}, "reference"),
    "voucher of a fee": (ProposeFundFee, FEE | {"reference": "纪要"}, "voucher"),
    "reference of a count": (ProposeStockCount, COUNT, "reference"),
    "voucher of a count": (ProposeStockCount, COUNT | {"reference": "纪要"}, "voucher"),
    "reference of a transfer": (ProposeTransfer, TRANSFER, "reference"),
    "name of a fund": (ProposeFund, {"fund_id": "spring"}, "name"),
}


@pytest.mark.parametrize("id_", ["13900770050", "wang-13900770050"])
def test_a_fund_is_not_known_by_a_number_of_somebody(id_: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ProposeFund.model_validate({"name": "春", "fund_id": id_})
    assert [p.code for p in describe_validation(refused.value)] == ["public_text_personal"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_for_the_log_is_proposed_without_anybodys_number(text: str) -> None:
    command, fields, name = TEXTS[text]
    for document in DOCUMENTS:
        command.model_validate(fields | {name: document})
    for number in NUMBERS:
        with pytest.raises(ValidationError) as refused:
            command.model_validate(fields | {name: number})
        [problem] = describe_validation(refused.value)
        assert (problem.code, problem.field) == ("public_text_personal", name)
        assert number not in problem.zh + problem.en


def test_the_purpose_of_a_fund_is_public_too() -> None:
    fields = {"fund_id": "spring", "name": "春"}
    ProposeFund.model_validate(fields | {"terms": {"purpose": "助学"}})
    with pytest.raises(ValidationError, match="public log for ever"):
        ProposeFund.model_validate(fields | {"terms": {"purpose": NUMBERS[0]}})


@pytest.mark.parametrize("field", ["item", "unit"])
def test_goods_that_a_bank_names_by_a_number_come_again_corrected(field: str) -> None:
    """Nothing is on the log, and the id is not used up."""
    audit = open_audit()
    right = goods(20)
    wrong = right.data.model_copy(update={field: "李某13900770050捐的大米"})
    with pytest.raises(Invalid) as refused:
        audit.receive(right.model_copy(update={"data": wrong}))
    assert [p.code for p in refused.value.problems] == ["item_with_number"]
    assert audit.kinds() == ["fund_opened"]
    audit.receive(right)
    assert audit.stock().in_stock == 20


@pytest.mark.parametrize("item", ["课桌1200×600×750mm", "床1900*900*450", "月饼2026-09-15批次"])
def test_measures_and_days_are_nobodys_number(item: str) -> None:
    audit = open_audit()
    event = goods(20)
    audit.receive(event.model_copy(update={"data": event.data.model_copy(update={"item": item})}))
    assert audit.kinds() == ["fund_opened", "goods_received"]
