"""The table of addresses: what of one public address belongs to which service.

The embedded stack's front is made from it; a proxy or an ingress of your own is written by it.
What no row names is not to be had from outside: metrics, health, what services ask one another.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from shared.contracts.links import LINKS
from shared.contracts.topics import SERVICES

API = "/api/"


@dataclass(frozen=True, slots=True)
class Address:
    """path: public; with a slash at its end all below it, else itself and all below it.

    inner: what stands for `path` in the service's own paths.
    """

    path: str
    service: str
    inner: str | None = None

    def holds(self, path: str) -> bool:
        if self.path.endswith("/"):
            return path.startswith(self.path)
        return path == self.path or path.startswith(f"{self.path}/")

    def find_inner(self, path: str) -> str:
        return path if self.inner is None else self.inner + path.removeprefix(self.path)


START = Address("/", "intake")
"""Itself alone: nothing below it."""

PAGES = (
    Address("/static/", "intake"),
    Address("/language/", "intake"),
    Address("/sign-in", "intake"),
    Address("/sign-out", "intake"),
    Address("/home", "intake"),
    Address("/account", "intake"),
    Address("/accounts", "intake"),
    # For everybody: asking, giving, where the money went.
    Address("/ask", "intake"),
    Address("/mine", "intake"),
    Address("/give", "matching"),
    Address("/giver", "matching"),
    Address("/ledger", "audit"),
    # The desk, its cases, and what each service shows of its own.
    Address("/desk", "intake"),
    Address("/cases", "intake"),
    Address("/inbox", "intake"),
    Address("/meetings", "intake"),
    Address("/emergencies", "intake"),
    Address("/regular", "intake"),
    Address("/operations", "intake"),
    Address("/intake/", "intake"),
    Address("/matching/", "matching"),
    Address("/notify/", "notify"),
    Address("/audit/", "audit"),
)
# Behind signed links; the providers' callbacks; the log that everybody may check.
OPEN = (
    *(Address(f"/{link.segment}/", link.service) for link in LINKS),
    Address("/callbacks/", "intake"),
    Address("/log/", "audit"),
)
# Every route of a service for programs, and for people who read its description.
PROGRAMS = tuple(Address(f"{API}{service}/", service, "/") for service in SERVICES)
ADDRESSES = (*PAGES, *OPEN, *PROGRAMS)
# Of a service, not to be had from outside by any address.
INTERNAL = ("/internal", "/metrics", "/health")


@dataclass(frozen=True, slots=True)
class Target:
    """path: at the service. Both are as they came, percent signs and all."""

    service: str
    path: str


def find_target(path: str) -> Target | None:
    """Whose a path is, and where there; None for what is not to be had.

    path: as it came, without its query. Two spellings of one path are one, or none: what the
    service would read otherwise than we do goes nowhere.
    """
    if not _is_plain(path):
        return None
    row = START if path == "/" else next((row for row in ADDRESSES if row.holds(path)), None)
    if row is None:
        return None
    inner = row.find_inner(path)
    if any(inner == each or inner.startswith(f"{each}/") for each in INTERNAL):
        return None
    return Target(row.service, inner)


def _is_plain(path: str) -> bool:
    """Whether nobody reads it as another: no dots, double slashes, or signs in disguise."""
    decoded = unquote(path)
    parts = decoded.split("/")
    has_disguise = "%2f" in path.lower() or "\\" in decoded or "%" in decoded
    return (
        path.startswith("/")
        and not has_disguise
        and not {".", ".."} & set(parts)
        and ("" not in parts[1:-1])
        and decoded.isprintable()
        and _is_named_plainly(path)
    )


def _is_named_plainly(path: str) -> bool:
    """What decides (the first parts) is written without percent signs."""
    return all("%" not in part for part in path.split("/")[:4])
