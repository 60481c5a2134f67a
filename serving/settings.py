"""Settings of the service: environment variables ``TEGN_*``, checked at start. This is their one description.

Four more hold keys, or name files that do, and are read by `serving.store.masterkey` alone: its `VARIABLES`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from serving.claims import Roles
from serving.store.masterkey import VARIABLES
from serving.store.tables import ROLES
from triage.loading import Inference

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "models" / "tegn-da"

CACHE = 64 << 20
"""Bytes of scores of units that each process keeps."""


class InvalidSettings(ValueError):
    """A setting is unknown or wrong; the message names the variable and says what it takes."""


class Settings(BaseSettings):
    """Where things are and where to listen. A variable that is empty is one that is not set."""

    model_config = SettingsConfigDict(env_prefix="TEGN_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    home: Path = Path(".tegn")
    """Folder of database and keys; made with mode 0700."""
    database_url: str = ""
    """SQLAlchemy URL of the store; by default an SQLite file in `home`. The path of an SQLite file is made absolute."""
    model: Path = SHIPPED_MODEL
    """Model folder to serve."""
    engine: Literal["auto", "openvino", "torch"] = "auto"
    """What computes an encoder: OpenVINO where the model folder is compiled for it, else torch, on a GPU if there is one."""
    precision: Literal["auto", "f32", "bf16"] = "auto"
    """Of OpenVINO: f32 says the same on every machine; auto takes bf16 where processor and model folder allow it."""
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Processes that read texts, some 650 MB each; 0 for one a processor core, fewer where memory is short for twice as many."""
    queue_code_points: Annotated[int, Field(ge=50_000)] = 1_000_000
    """Code points of texts that may wait for the API and the page to paste; beyond, callers are told to come later."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=1, le=65535)] = 3000
    """Port to listen on."""
    public_url: str = ""
    """Address people type if it is not http://host:port; behind a proxy that speaks https, cookies are for https alone."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port where Prometheus reads metrics; 0: nowhere."""
    metrics_host: str = "127.0.0.1"
    """Address of that port. Whoever reaches it reads the metrics, without a key."""
    log: Literal["text", "json"] = "text"
    """Form of the log lines."""
    traces: str = ""
    """OTLP/HTTP address that traces are sent to, such as http://127.0.0.1:4318; empty: nowhere."""

    calls_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """Calls of the API a key has each minute, in each process."""

    oidc_issuer: str = ""
    """OpenID Connect provider to log in with, exactly as it names itself; none by default."""
    oidc_client_id: str = ""
    """What the provider calls this service."""
    oidc_client_secret: SecretStr = SecretStr("")
    """Its password there."""
    oidc_roles: str = ""
    """A claim of the ID token and VALUE=ROLE for each value. Without it the provider lets in only those who are bound by hand."""

    keep_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """Days after which a case is erased, counted from the last text that was added to it."""
    keep_logins_days: Annotated[int, Field(ge=0, le=36_500)] = 30
    """Days after which a session that ended, or a log-in link that was used or ran out, is deleted."""

    @field_validator("database_url")
    @classmethod
    def _means_one_file(cls, value: str) -> str:
        """`start` changes folder: a relative path is meant from the folder of the command."""
        try:
            url = make_url(value)
        except ArgumentError:
            return value  # the store says what is wrong with it
        path = url.database or ":memory:"
        # An SQLite URI (file:...) is kept as it is: its path cannot be told from its options here.
        if url.get_backend_name() != "sqlite" or path.startswith((":memory:", "file:")) or Path(path).is_absolute():
            return value
        return url.set(database=str(Path(path).resolve())).render_as_string(hide_password=False)

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return value.rstrip("/")

    @field_validator("traces")
    @classmethod
    def _is_a_collector(cls, value: str) -> str:
        """The collector's own path is put in where none is given."""
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
            raise ValueError(
                "must be the http or https address of an OpenTelemetry collector, such as http://127.0.0.1:4318"
            )
        return value if not value or parts.path.strip("/") else value.rstrip("/") + "/v1/traces"

    @field_validator("oidc_issuer")
    @classmethod
    def _is_an_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        if value and (not (parts.scheme == "https" or local) or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("must be the https address by which the provider names itself, without ? and #")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _gives_roles(cls, value: str) -> str:
        Roles.read(value, ROLES)
        return value

    @model_validator(mode="after")
    def _has_all_of_the_provider(self) -> Self:
        parts = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret.get_secret_value())
        if (any(parts) or self.oidc_roles) and not all(parts):
            raise ValueError(
                "TEGN_OIDC_ISSUER, TEGN_OIDC_CLIENT_ID and TEGN_OIDC_CLIENT_SECRET belong together: set all or none"
            )
        return self

    @model_validator(mode="after")
    def _keeps_metrics_apart(self) -> Self:
        if self.metrics_port == self.port:
            raise ValueError("TEGN_METRICS_PORT must be another than TEGN_PORT: metrics are not for everybody")
        return self

    @property
    def inference(self) -> Inference:
        """How texts are computed."""
        return Inference(self.engine, precision=self.precision, cache=CACHE)

    @property
    def provider_roles(self) -> Roles | None:
        """Which claim of the provider gives which role."""
        return Roles.read(self.oidc_roles, ROLES)

    @property
    def store_url(self) -> str:
        """The database URL, with the default filled in."""
        return self.database_url or f"sqlite:///{(self.home / 'tegn.db').resolve()}"

    @property
    def origin(self) -> str:
        """What links to the service begin with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def secure_cookies(self) -> bool:
        """Whether people reach the service over https."""
        return self.origin.startswith("https://")

    def make_home(self) -> None:
        """Make `home`, open to its owner alone."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home.chmod(0o700)


def known_variables() -> frozenset[str]:
    """Names of all variables that Tegn reads."""
    return frozenset({f"TEGN_{name.upper()}" for name in Settings.model_fields} | set(VARIABLES))


def read_settings() -> Settings:
    """The settings of the environment.

    Raises:
        InvalidSettings: see the class.
    """
    known = known_variables()
    if unknown := sorted(name for name in os.environ if name.startswith("TEGN_") and name not in known):
        raise InvalidSettings(f"unknown setting {', '.join(unknown)}; the settings are {', '.join(sorted(known))}")
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            (f"TEGN_{str(item['loc'][0]).upper()}: " if item["loc"] else "") + item["msg"] for item in error.errors()
        ]
        raise InvalidSettings("; ".join(problems)) from None
