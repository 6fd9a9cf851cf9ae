"""What the catalogue says may take a thing's place is told to staff, by every other rule."""

from dataclasses import replace

from services.matching.explaining.substitutes import list_entries, weigh_substitute
from services.matching.solver.interface import OpenNeed, OpenOffer
from shared.catalogue import Entry, load_catalogue

TOWN = "441900103"
BLANKET = Entry("毛毯", "条")
NEED = OpenNeed(
    id="R-1",
    unit="床",
    item="棉被",
    category="supplies",
    beneficiary_class="general",
    town_code=TOWN,
    tier=0,
    recorded_ms=0,
    remaining=2,
    next_number=1,
)


def make_blankets(id_: str, free: int, *towns: str) -> OpenOffer:
    return OpenOffer(
        id=id_,
        unit="条",
        item="毛毯",
        quantity=50,
        free=free,
        categories=("supplies",),
        beneficiary_classes=(),
        town_codes=towns,
        village_codes=(),
        tiers=(),
        cap_per_request=None,
        cases_free=None,
        donor_id="P-1",
    )


def test_the_catalogue_names_what_may_be_given_instead() -> None:
    catalogue = load_catalogue()
    assert [entry.name for entry in list_entries(catalogue, "棉被")] == ["毛毯"]
    assert list_entries(catalogue, "") == list_entries(catalogue, "说法") == []


def test_only_what_may_serve_the_need_counts() -> None:
    offers = [
        make_blankets("O-1", 20),
        make_blankets("O-2", 5, "441900101"),
        make_blankets("O-3", 0),
    ]
    found = weigh_substitute(NEED, BLANKET, offers)
    assert found is not None
    assert (found.offers, found.free) == (1, 20)
    assert "毛毯还有20" in found.format("棉被").replace(" ", "")


def test_who_declined_is_not_asked_for_something_else() -> None:
    declined = replace(NEED, excluded_donors=("P-1",))
    assert weigh_substitute(declined, BLANKET, [make_blankets("O-1", 20)]) is None
