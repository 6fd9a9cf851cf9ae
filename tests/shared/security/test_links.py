"""Signed links: for one purpose and subject, until they expire."""

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.credentials import issue_first
from shared.link_tokens import LinkToken
from shared.moments import count_milliseconds
from shared.security import (
    Keyring,
    Unauthenticated,
    create_root_key,
)
from tests.shared.security.callers import NOW, quick

# What Identifier allows is what subjects are made of.
SUBJECTS = st.from_regex(r"\A[A-Za-z0-9_.:/@+-]{1,60}\Z")
PURPOSES = st.sampled_from(("donor", "confirm", "request"))


@quick
@given(purpose=PURPOSES, subject=SUBJECTS, lives_s=st.integers(1, 10**8))
def test_a_link_opens_until_it_expires(
    keyring: Keyring, purpose: str, subject: str, lives_s: int
) -> None:
    ends = NOW + timedelta(seconds=lives_s)
    link = keyring.make_link(purpose, subject, ends)
    assert keyring.open_link(purpose, link, NOW).subject == subject
    assert keyring.open_link(purpose, link, ends - timedelta(microseconds=1)).subject == subject
    for late in (ends, ends + timedelta(days=1)):
        with pytest.raises(Unauthenticated):
            keyring.open_link(purpose, link, late)


def test_a_link_says_when_and_for_whom_it_was_made(keyring: Keyring) -> None:
    ends = NOW + timedelta(hours=1)
    link = keyring.make_link("donor", "M-1", ends, NOW, holder="P-1")
    opened = keyring.open_link("donor", link, NOW)
    assert opened.holder == "P-1"
    assert opened.made_ms == count_milliseconds(NOW)
    assert keyring.open_link("donor", f"{link}=", NOW).id == opened.id
    later = keyring.make_link("donor", "M-1", ends, NOW + timedelta(seconds=1), holder="P-1")
    assert keyring.read_link(later).id != opened.id


def test_a_link_ends_with_the_first_page_that_it_was_reached_from(keyring: Keyring) -> None:
    """A delivery's, on a request's page, in a session: with the session, by name and by time."""
    first, later = NOW + timedelta(hours=1), NOW + timedelta(days=30)
    session = keyring.read_link(keyring.make_link("session", "H-1", first, NOW))
    page = keyring.read_link(keyring.make_link("request", "R-1", later, NOW, "P-1", session))
    delivery = keyring.read_link(keyring.make_link("match", "M-1", later, NOW, "P-1", page))
    for link in (page, delivery):
        assert (link.parent, link.expires_s) == (session.id, session.expires_s)


def test_a_link_that_was_sent_before_links_said_so_opens(keyring: Keyring) -> None:
    older = LinkToken("donor", "M-1", int((NOW + timedelta(hours=1)).timestamp()))
    opened = keyring.open_link("donor", older.seal(keyring.roots.current.derive("links")), NOW)
    assert (opened.subject, opened.made_ms, opened.holder) == ("M-1", 0, "")


@quick
@given(subject=SUBJECTS, purpose=PURPOSES, other=PURPOSES)
def test_a_link_is_for_one_purpose(
    keyring: Keyring, subject: str, purpose: str, other: str
) -> None:
    link = keyring.make_link(purpose, subject, NOW + timedelta(hours=1))
    if other != purpose:
        with pytest.raises(Unauthenticated):
            keyring.open_link(other, link, NOW)


@quick
@given(at=st.integers(0, 500), put=st.sampled_from("ABCXYZabcxyz0189-_=.% ü"))
def test_a_link_with_one_character_changed_does_not_speak_of_anything_else(
    keyring: Keyring, at: int, put: str
) -> None:
    link = keyring.make_link("donor", "M-1", NOW + timedelta(hours=1))
    place = at % len(link)
    try:
        opened = keyring.open_link("donor", link[:place] + put + link[place + 1 :], NOW)
    except Unauthenticated:
        return
    assert opened == keyring.read_link(link)  # base64 has spellings that mean the same bytes


@quick
@given(st.one_of(st.text(), st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_what_is_no_link_is_refused(keyring: Keyring, text: str) -> None:
    with pytest.raises(Unauthenticated):
        keyring.open_link("donor", text, NOW)


@quick
@given(body=st.sampled_from([[], ["donor"], ["donor", "M-1", "later"], {}, 1, None]))
def test_a_link_of_another_house_is_refused(
    tmp_path_factory: pytest.TempPathFactory, keyring: Keyring, body: object
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    create_root_key(elsewhere)
    issue_first(elsewhere)
    theirs = Keyring(elsewhere).make_link("donor", "M-1", NOW + timedelta(hours=1))
    unsigned = base64.urlsafe_b64encode(bytes(16) + json.dumps(body).encode()).decode()
    for forged in (theirs, unsigned):
        with pytest.raises(Unauthenticated):
            keyring.open_link("donor", forged, NOW)
