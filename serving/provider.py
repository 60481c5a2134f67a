"""Log-in by an OpenID Connect provider: code with PKCE, state and nonce; who it is comes from the ID token alone."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pydantic import SecretStr

from serving.claims import Roles

SCOPE = "openid profile"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"]
"""Signatures with a public key alone: a shared secret, or none, must never pass for one."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
TIMEOUT = 5.0
_KEEP = 3600.0
_PAUSE = 5.0
"""Seconds before a provider that failed is asked again."""
_AGAIN = 60.0
"""Seconds before keys are fetched again because a token names one that is not known."""


class ProviderDown(Exception):
    """The provider cannot be reached or says nonsense about itself: offer another way in, and try later."""


class NotVouchedFor(Exception):
    """The answer does not prove who somebody is: refuse it and let them start again."""


class ProviderSettings(Protocol):
    """What of the settings says where the provider is."""

    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: SecretStr
    oidc_roles: str

    @property
    def origin(self) -> str:
        """What links to the service begin with."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    name: str
    role: str | None
    """What their claim gives; None where roles are Tegn's own matter."""


class NoRole(Exception):
    """The provider knows somebody but gives them no role here."""


class Secrets:
    """What one log-in needs to recognise its answer, all made from one random secret that the browser keeps in a cookie."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @classmethod
    def make(cls) -> tuple[str, Self]:
        """A new secret, and what it gives."""
        secret = secrets.token_urlsafe(32)
        return secret, cls(secret)

    def _of(self, what: str) -> str:
        return sha256(f"tegn {what} {self._secret}".encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def state(self) -> str:
        """Comes back in the address: the answer belongs to this browser."""
        return self._of("state")

    @property
    def nonce(self) -> str:
        """Comes back in the ID token: the token was made for this log-in."""
        return self._of("nonce")

    @property
    def verifier(self) -> str:
        """Of PKCE: whoever steals the code cannot use it."""
        return self._of("verifier")


class Provider:
    """One provider. What it says of itself is kept for an hour."""

    def __init__(
        self, settings: ProviderSettings, roles: Roles | None, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.issuer = settings.oidc_issuer
        self.redirect = f"{settings.origin}/oidc/callback"
        self._id, self._secret = settings.oidc_client_id, settings.oidc_client_secret
        self._roles, self._transport = roles, transport
        self._about: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._failed = -math.inf

    @classmethod
    def of(cls, settings: Any) -> Self | None:
        """The provider that the settings name, if they do."""
        return cls(settings, settings.provider_roles) if settings.oidc_issuer else None

    def _client(self, **options: Any) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=self._id,
            client_secret=self._secret.get_secret_value(),
            redirect_uri=self.redirect,
            scope=SCOPE,
            code_challenge_method="S256",
            timeout=TIMEOUT,
            transport=self._transport,
            **options,
        )

    async def _fetch(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT, transport=self._transport) as client:
                answer = await client.get(url, headers={"Accept": "application/json"})
                said = answer.raise_for_status().json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise ProviderDown(type(error).__name__) from None
        if not isinstance(said, dict):
            raise ProviderDown("no JSON object")
        return said

    async def _describe(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0)."""
        now = time.monotonic()
        if self._about is not None and now - self._about[0] < _KEEP:
            return self._about[1]
        if now - self._failed < _PAUSE:
            raise ProviderDown("a moment ago")
        self._failed = now  # until it is known better: nobody can have us ask without end
        said = await self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != self.issuer:
            raise ProviderDown("another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            url = said.get(name)
            if not isinstance(url, str) or urlsplit(url).scheme != urlsplit(self.issuer).scheme:
                raise ProviderDown(f"no {name}")
        self._about, self._failed = (now, said), -math.inf
        return said

    async def _key_set(self, *, again: bool = False) -> KeySet:
        now = time.monotonic()
        if self._keys is not None and now - self._keys[0] < (_AGAIN if again else _KEEP):
            return self._keys[1]
        said = await self._fetch((await self._describe())["jwks_uri"])
        try:
            keys = KeySet.import_key_set(said)  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise ProviderDown("no keys") from None
        self._keys = now, keys
        return keys

    async def start(self, own: Secrets) -> str:
        """The address of the provider's log-in page.

        Raises:
            ProviderDown: see the class.
        """
        about = await self._describe()
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                about["authorization_endpoint"], state=own.state, nonce=own.nonce, code_verifier=own.verifier
            )
        return str(url)

    async def finish(self, own: Secrets, answer: Mapping[str, str]) -> Vouched:
        """Who came back with an answer.

        Args:
            answer: the query of the address the provider sent the browser to.

        Raises:
            ProviderDown: see the class.
            NotVouchedFor: see the class.
            NoRole: see the class.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), own.state.encode()):
            raise NotVouchedFor("state")
        if answer.get("iss", self.issuer) != self.issuer:  # RFC 9207
            raise NotVouchedFor("iss")
        if not answer.get("code"):
            raise NotVouchedFor("no code")
        token = await self._exchange(answer["code"], own.verifier)
        claims = await self._read(token, own.nonce)
        role = None
        if self._roles is not None:
            role = self._roles.of(claims)
            if role is None:
                raise NoRole
        shown = next((claims[x] for x in ("name", "preferred_username") if isinstance(claims.get(x), str)), "")
        return Vouched(self.issuer, claims["sub"], shown, role)

    async def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        about = await self._describe()
        ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
        try:
            async with self._client(token_endpoint_auth_method=way) as client:
                token = await client.fetch_token(
                    about["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except OAuthError:
            raise NotVouchedFor("code") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderDown(type(error).__name__) from None
        return dict(token)

    async def _read(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token, checked as OpenID Connect Core 1.0, section 3.1.3.7, says."""
        raw = token.get("id_token")
        if not isinstance(raw, str):
            raise NotVouchedFor("no ID token")
        try:
            try:
                read = jwt.decode(raw, await self._key_set(), algorithms=ALGORITHMS)
            except (InvalidKeyIdError, ValueError):  # the provider may have new keys
                read = jwt.decode(raw, await self._key_set(again=True), algorithms=ALGORITHMS)
            options = {"iss": {"value": self.issuer}, "aud": {"value": self._id}}
            params = {"nonce": nonce, "client_id": self._id, "access_token": token.get("access_token")}
            claims = CodeIDToken(read.claims, read.header, options, params)
            claims.validate(now=int(time.time()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise NotVouchedFor(type(error).__name__) from None
        if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= 255:
            raise NotVouchedFor("sub")
        return read.claims
