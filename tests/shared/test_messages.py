"""Every problem speaks both languages: our own messages, and pydantic's errors."""

from typing import Literal, get_args

import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import core_schema
from pydantic_core._pydantic_core import list_all_errors

from shared import messages
from shared.errors import Message, Problem
from shared.messages import VALIDATION_ZH
from shared.validation import describe_validation
from tests.support.messages import check_messages

UNEVEN = Message("sum_uneven", "“{field}”应为偶数，现为 {value}", "{field} is even, not {value}")

# What only code can get wrong, whatever the input is.
CODE_ALONE = {
    *("no_such_attribute", "needs_python_object", "frozen_field", "frozen_instance"),
    *("get_attribute_error", "dataclass_exact_type", "default_factory_not_called"),
    *("iteration_error", "frozen_dict_type", "ordered_dict_type", "counter_type", "deque_type"),
    *("set_item_not_hashable", "missing_sentinel_error", "ellipsis_error", "is_instance_of"),
    *("is_subclass_of", "callable_type", "arguments_type", "missing_argument"),
    *("unexpected_keyword_argument", "missing_keyword_only_argument"),
    *("unexpected_positional_argument", "missing_positional_only_argument"),
    *("multiple_argument_values", "fraction_type", "fraction_parsing", "complex_type"),
    "complex_str_parsing",
}


class Sample(BaseModel):
    number: int = Field(0, le=3)
    colour: Literal["red", "green", "blue"] = "red"

    @model_validator(mode="after")
    def _check_even(self) -> "Sample":
        if self.number % 2:
            raise UNEVEN.invalid_value("number", value=self.number)
        return self


def problem(**values: object) -> Problem:
    with pytest.raises(ValidationError) as refused:
        Sample.model_validate(values)
    (described,) = describe_validation(refused.value)
    return described


def test_shared_messages_have_one_shape() -> None:
    check_messages(messages)


def test_a_message_fills_both_languages_and_names_its_field() -> None:
    described = UNEVEN.problem("sum", value=3)
    assert described == Problem("sum_uneven", "“sum”应为偶数，现为 3", "sum is even, not 3", "sum")
    assert UNEVEN.invalid("sum", value=3).problems == (described,)
    answer = UNEVEN.refusal(409, "sum", value=3)
    assert (answer.status, answer.body) == (409, {"problems": [described.as_dict()]})


def test_every_error_that_input_can_cause_has_its_chinese() -> None:
    assert set(get_args(core_schema.ErrorType)) == set(VALIDATION_ZH) | CODE_ALONE


@pytest.mark.parametrize("error", list_all_errors(), ids=lambda error: error["type"])
def test_the_chinese_uses_only_what_pydantic_tells(error: dict[str, dict[str, object]]) -> None:
    context = error.get("example_context") or {}
    assert VALIDATION_ZH.get(str(error["type"]), "").format(**context) is not None


def test_limits_and_choices_stand_in_the_chinese() -> None:
    assert problem(number=4).zh == "不能大于 3"
    assert problem(colour="grey").zh == "应为 'red', 'green' 或 'blue' 之一"


def test_a_model_validator_speaks_for_itself() -> None:
    described = problem(number=1)
    assert (described.code, described.zh) == ("sum_uneven", "“number”应为偶数，现为 1")
