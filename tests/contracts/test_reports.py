"""Every report can be taken away as an .xlsx, and a new one that cannot is found here."""

import re
from collections.abc import Iterator

import pytest

from services.audit.pages.downloads import REPORTS as FINANCE_REPORTS
from tests.contracts.reports import EVERYWHERE, FINANCE, FINANCE_PATH, OTHER, REPORTS
from tests.support.services import SERVICES, not_started, operations

ONE_THING = re.compile(r"\}$|\.\{form\}$|/file$|\.(xlsx|csv|pdf)$")
"""A page of one thing, a file, or an interface with a format of its own."""


def list_reads(service: str) -> set[str]:
    return {each.path for each in operations(not_started(service)) if each.method == "GET"}


def list_unsorted(service: str) -> Iterator[str]:
    shared = {path.replace("{service}", service) for path in EVERYWHERE}
    named = {*REPORTS[service], *shared}
    for path in list_reads(service):
        is_named = path in named or f"{service} {path}" in OTHER
        if not is_named and not ONE_THING.search(path):
            yield path


@pytest.mark.parametrize("service", SERVICES)
def test_every_page_and_read_is_a_report_with_a_workbook_or_says_why_not(service: str) -> None:
    assert sorted(list_unsorted(service)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_workbook_of_each_report_is_served(service: str) -> None:
    reads = list_reads(service)
    assert set(REPORTS[service]) <= reads
    served = {FINANCE_PATH if is_of_books(each) else each for each in REPORTS[service].values()}
    assert served <= reads


def is_of_books(workbook: str) -> bool:
    return workbook.startswith(FINANCE)


def test_each_page_of_the_books_names_a_report_that_there_is() -> None:
    named = {each.removeprefix(FINANCE) for each in REPORTS["audit"].values() if is_of_books(each)}
    assert named <= set(FINANCE_REPORTS)


def test_nothing_is_listed_that_is_not_there() -> None:
    reads = {f"{service} {path}" for service in SERVICES for path in list_reads(service)}
    assert set(OTHER) <= reads


def test_a_report_of_the_books_has_a_name_that_an_address_holds() -> None:
    assert all(re.fullmatch(r"[a-z-]+", name) for name in FINANCE_REPORTS)
