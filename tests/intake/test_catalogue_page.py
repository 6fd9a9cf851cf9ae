"""The page of the catalogue: found by any word for a thing, by category."""

import pytest

from services.intake.pages.catalogue import group_entries
from shared.catalogue import PACKAGED, load_catalogue
from shared.contracts.values import Category


def list_names(text: str) -> list[str]:
    groups = group_entries(load_catalogue(PACKAGED), text)
    return [entry.name for _, entries in groups for entry in entries]


def test_all_are_shown_once_by_category() -> None:
    catalogue = load_catalogue(PACKAGED)
    groups = list(group_entries(catalogue, ""))
    assert sorted(list_names("")) == sorted(entry.name for entry in catalogue.entries)
    categories = [category for category, _ in groups]
    assert len(categories) == len(set(categories))
    assert categories[0] is Category.SUPPLIES


@pytest.mark.parametrize("text", ["被子", " 被 子", "棉被", "被褥"])
def test_a_thing_is_found_by_what_people_call_it(text: str) -> None:
    assert "棉被" in list_names(text)


def test_what_may_be_given_instead_leads_to_it_too() -> None:
    assert {"棉被", "毛毯"} <= set(list_names("毛毯"))
    assert list_names("没有这种") == []
