"""The catalogue of items for whoever works with cases, and what people wrote that it lacks."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from services.intake.api.catalogue import Keeper, find_unknown_items
from services.intake.resources import IntakeRuntimeDep
from shared.catalogue import PACKAGED, Catalogue, Entry
from shared.catalogue.reading import normalize
from shared.contracts.values import Category
from shared.security import Credential
from shared.web.access import allow, find_scope
from shared.web.pages import HEADERS, Pages
from shared.web.staff import PageRouter
from shared.web.tiles import CASE_WORKERS, KEEPERS

router = PageRouter()
PAGES = Pages("services.intake")
CATALOGUE_PATH = "/desk/catalogue"

Reader = Annotated[Credential, Depends(allow(*CASE_WORKERS, *KEEPERS))]
Words = Annotated[str, Query(max_length=40)]


@router.get(CATALOGUE_PATH)
async def show_catalogue(
    caller: Reader, request: Request, runtime: IntakeRuntimeDep, q: Words = ""
) -> Response:
    """q: a word of an item, of its synonyms or substitutes."""
    catalogue = runtime.settings.catalogue
    return PAGES.render_for(
        request,
        "catalogue.html",
        groups=list(group_entries(catalogue, q)),
        units=catalogue.units,
        text=q,
        may_see_unknown=not caller.roles.isdisjoint(CASE_WORKERS),
        path=CATALOGUE_PATH,
    )


@router.get(f"{CATALOGUE_PATH}/unknown")
async def show_unknown_items(
    caller: Keeper, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """In people's words, which may name somebody: each look is logged."""
    rows = await find_unknown_items(runtime, caller, find_scope(caller))
    return PAGES.render_for(request, "catalogue_unknown.html", rows=rows, path=CATALOGUE_PATH)


@router.get(f"{CATALOGUE_PATH}/items.csv")
async def download_catalogue(_caller: Reader, runtime: IntakeRuntimeDep) -> Response:
    """The file that is in force, to be edited in a spreadsheet program."""
    content = (runtime.settings.catalogue_file or PACKAGED).read_bytes()
    name = {"Content-Disposition": 'attachment; filename="items.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers={**HEADERS, **name})


def group_entries(
    catalogue: Catalogue, text: str
) -> Iterator[tuple[Category | None, tuple[Entry, ...]]]:
    """By category, in the order of the file; of those that have the word, where one is given."""
    word = normalize(text)
    entries = [entry for entry in catalogue.entries if not word or _has_word(entry, word)]
    for category in dict.fromkeys(entry.category for entry in entries):
        yield category, tuple(entry for entry in entries if entry.category is category)


def _has_word(entry: Entry, word: str) -> bool:
    words = (entry.name, *entry.synonyms, *entry.substitutes)
    return any(word in normalize(each) for each in words)
