"""What comes back from the organisation's own sign-in is believed when everything fits."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr, ValidationError

from services.intake.settings import IntakeSettings
from services.intake.sign_in.organisation import Departure, Errand, ProviderAway, Visitor
from services.intake.sign_in.provider import OpenIdProvider
from shared.http import open_http_client
from shared.messaging.sealing import Sealer
from shared.security import SealingKey, Unauthenticated
from tests.support.log_lines import capture_lines
from tests.support.lying_provider import LyingProvider, open_lying_provider

CALLBACK = "http://127.0.0.1:8000/sign-in/organisation/callback"
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
CLIENT_SECRET = "of-the-client-and-long-enough-for-a-mac"
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1"})
SHARED_KEY = OctKey.import_key(CLIENT_SECRET, {"kid": "k1"})

AN_HOUR_S = 3600
AT_S = int(NOW.timestamp())
LIES: Mapping[str, dict[str, Any]] = {
    "another_issuer": {"claims": {"iss": "https://elsewhere.example"}},
    "another_client": {"claims": {"aud": "another-client"}},
    "another_client_and_we": {"claims": {"aud": ["another-client"], "azp": "guanjia"}},
    "another_party": {"claims": {"azp": "another-client"}},
    "nonce_of_another_visit": {"claims": {"nonce": "of-another-visit"}},
    "no_nonce": {"claims": {"nonce": None}},
    "nobody": {"claims": {"sub": None}},
    "nobody_by_name": {"claims": {"sub": ""}},
    "a_number": {"claims": {"sub": 7}},
    "over": {"claims": {"exp": AT_S - 90}},
    "without_end": {"claims": {"exp": None}},
    "of_tomorrow": {"claims": {"iat": AT_S + AN_HOUR_S}},
    "another_key": {"key": OTHER_KEY},
    "an_unknown_key": {"key": OTHER_KEY, "kid": "k9"},
    "the_shared_secret": {"key": SHARED_KEY, "algorithm": "HS256"},
    "unsigned": {"key": SHARED_KEY, "algorithm": "none"},
    "no_token": {"sends_token": False},
}


def list_keys(*, anew: bool = False) -> tuple[SealingKey, ...]:
    del anew
    return (SealingKey(b"mark", b"k" * 32),)


@pytest_asyncio.fixture(loop_scope="session")
async def provider() -> AsyncIterator[LyingProvider]:
    async with open_lying_provider(int(NOW.timestamp())) as provider:
        yield provider


@pytest_asyncio.fixture(loop_scope="session")
async def client(provider: LyingProvider) -> AsyncIterator[OpenIdProvider]:
    settings = IntakeSettings(
        oidc_issuer=provider.url,
        oidc_client_id="guanjia",
        oidc_client_secret=SecretStr(CLIENT_SECRET),
    )
    async with open_http_client(trust_env=False) as http:
        yield OpenIdProvider(settings, b"n" * 32, Sealer(list_keys), http)


async def visit(
    client: OpenIdProvider, provider: LyingProvider, **changed: str | None
) -> tuple[Departure, Mapping[str, str]]:
    """Sent there and back, with another query where the test says so."""
    departure = await client.depart(Errand("/desk", "an-invitation"), CALLBACK, NOW)
    query = {**provider.visit(departure.url), **changed}
    return departure, {name: value for name, value in query.items() if value is not None}


async def arrive(client: OpenIdProvider, provider: LyingProvider) -> Visitor:
    departure, query = await visit(client, provider)
    return await client.arrive(departure.baggage, query, CALLBACK, NOW)


async def test_who_signed_in_there_is_the_same_person_each_time(
    client: OpenIdProvider, provider: LyingProvider
) -> None:
    first, again = await arrive(client, provider), await arrive(client, provider)
    assert first.errand == Errand("/desk", "an-invitation")
    assert first.identity_id == again.identity_id
    assert "zhang-3" not in first.identity_id
    provider.claims = {"sub": "li-4", "email": "zhang-3@town.example"}
    assert (await arrive(client, provider)).identity_id != first.identity_id


async def test_each_visit_has_a_state_a_nonce_and_a_challenge_of_its_own(
    client: OpenIdProvider, provider: LyingProvider
) -> None:
    asked = []
    for _ in range(2):
        await visit(client, provider)
        asked.append(dict(provider.asked))
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name]) >= 43
    assert asked[0]["code_challenge_method"] == "S256"
    assert asked[0]["redirect_uri"] == CALLBACK


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_token_that_does_not_fit_signs_nobody_in(
    client: OpenIdProvider, provider: LyingProvider, lie: dict[str, Any]
) -> None:
    for name, value in lie.items():
        setattr(provider, name, value)
    with pytest.raises(Unauthenticated):
        await arrive(client, provider)


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "of-another-visit"},
        {"state": None},
        {"code": None},
        {"code": None, "error": "access_denied"},
    ],
    ids=str,
)
async def test_what_another_put_into_the_address_signs_nobody_in(
    client: OpenIdProvider, provider: LyingProvider, changed: dict[str, str | None]
) -> None:
    departure, query = await visit(client, provider, **changed)
    with pytest.raises(Unauthenticated):
        await client.arrive(departure.baggage, query, CALLBACK, NOW)


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        ({"key": OTHER_KEY, "kid": "zhang-3@town.example"}, "InvalidKeyIdError invalid_key_id"),
        ({"claims": {"iat": "zhang-3"}}, "InvalidClaimError invalid_claim"),
        ({"sends_token": False}, "KeyError"),
    ],
    ids=["key", "claim", "no_token"],
)
async def test_the_log_has_the_code_of_a_refusal_and_nothing_that_the_provider_wrote(
    client: OpenIdProvider,
    provider: LyingProvider,
    lie: dict[str, Any],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = capture_lines(monkeypatch, "services.intake.sign_in.provider")
    for name, value in lie.items():
        setattr(provider, name, value)
    with pytest.raises(Unauthenticated):
        await arrive(client, provider)
    [line] = lines
    assert line["why"] == why
    assert "zhang" not in str(line)


async def test_only_the_browser_that_left_comes_back_and_in_time(
    client: OpenIdProvider, provider: LyingProvider
) -> None:
    of_another, _ = await visit(client, provider)
    departure, query = await visit(client, provider)
    late = NOW + timedelta(minutes=11)
    for baggage, now in (
        (of_another.baggage, NOW),
        ("", NOW),
        ("no base64 …", NOW),
        (departure.baggage[:-8] + "AAAAAAAA", NOW),
        (departure.baggage, late),
    ):
        with pytest.raises(Unauthenticated):
            await client.arrive(baggage, query, CALLBACK, now)
    await client.arrive(departure.baggage, query, CALLBACK, NOW)


async def test_the_code_alone_is_worth_nothing(
    client: OpenIdProvider, provider: LyingProvider
) -> None:
    """The provider gives the token to who has the secret of the challenge (PKCE)."""
    departure, query = await visit(client, provider)
    provider.asked["code_challenge"] = "of-another-browser"
    with pytest.raises(Unauthenticated):
        await client.arrive(departure.baggage, query, CALLBACK, NOW)


@pytest.mark.parametrize("kid", ["k2", "k1"], ids=["by_another_name", "by_the_same"])
async def test_new_keys_of_the_provider_are_looked_for(
    client: OpenIdProvider, provider: LyingProvider, kid: str
) -> None:
    before = await arrive(client, provider)
    provider.change_key(kid)
    assert (await arrive(client, provider)).identity_id == before.identity_id


async def test_a_key_of_a_kind_that_nobody_knows_here_stands_in_nobodys_way(
    client: OpenIdProvider, provider: LyingProvider
) -> None:
    provider.other_keys = [{"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA"}, {"kty": "RSA"}, {}]
    assert await arrive(client, provider)


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://elsewhere.example"}, {"token_endpoint": None}, {"jwks_uri": None}],
    ids=str,
)
async def test_a_provider_that_is_another_is_as_away(
    client: OpenIdProvider, provider: LyingProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    with pytest.raises(ProviderAway):
        await client.depart(Errand("/home"), CALLBACK, NOW)


async def test_one_signs_out_there_too_where_there_is_such_a_page(
    client: OpenIdProvider, provider: LyingProvider
) -> None:
    assert await client.find_sign_out("http://127.0.0.1:8000/sign-in", NOW) is None
    provider.metadata = {"end_session_endpoint": f"{provider.url}/out"}
    later = NOW + timedelta(hours=2)
    url = await client.find_sign_out("http://127.0.0.1:8000/sign-in", later)
    assert url is not None
    assert url.startswith(f"{provider.url}/out?client_id=guanjia&post_logout_redirect_uri=")


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "https://sso.example"},
        {"oidc_issuer": "http://sso.example", "oidc_client_id": "guanjia"},
        {"oidc_issuer": "sso.example", "oidc_client_id": "guanjia"},
        {"oidc_scope": "profile"},
        {"oidc_rights_file": "no/such/file.csv"},
    ],
    ids=str,
)
def test_settings_that_would_sign_in_strangers_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IntakeSettings(**given)
