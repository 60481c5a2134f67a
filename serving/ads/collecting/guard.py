"""Keeps the collector out of private networks: names that lead there lead nowhere, whenever they are asked for.

A page can link to a name of its own that leads to an address behind the operator's firewall. Names are checked where the
connection is made, so that one that leads elsewhere the second time is too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from zope.interface import implementer

from serving.ads.collecting.scope import is_public


class Guard:
    """Which hosts may have private addresses, and which others turned out to."""

    def __init__(self, own: Iterable[str]) -> None:
        self._own = frozenset(own)
        self.refused: set[str] = set()

    def is_own(self, host: str) -> bool:
        """Whether a host is of the operator's network, by the rules."""
        return any(host == x or host.endswith("." + x) for x in self._own)

    def resolver(self) -> type[Any]:
        """A class for Scrapy's setting TWISTED_DNS_RESOLVER."""
        guard = self

        class Resolver(_Resolver):
            def __init__(self, reactor: Any) -> None:
                super().__init__(guard, reactor)

        return Resolver


@implementer(IHostnameResolver)
class _Resolver:
    def __init__(self, guard: Guard, reactor: Any) -> None:
        self._guard, self._reactor, self._inner = guard, reactor, reactor.nameResolver

    @classmethod
    def from_crawler(cls, _: Any, reactor: IReactorPluggableNameResolver) -> Any:
        return cls(reactor)  # type: ignore[call-arg]

    def install_on_reactor(self) -> None:
        self._reactor.installNameResolver(self)

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        receiver = _Receiver(self._guard, hostName.lower().rstrip("."), resolutionReceiver)
        return self._inner.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _Receiver:
    """Passes on the addresses that may be connected to."""

    def __init__(self, guard: Guard, host: str, receiver: Any) -> None:
        self._guard, self._host, self._receiver = guard, host, receiver

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        if self._guard.is_own(self._host) or is_public(address.host):
            self._receiver.addressResolved(address)
        else:
            self._guard.refused.add(self._host)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()
