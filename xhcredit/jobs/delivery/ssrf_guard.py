"""SSRF guard of webhooks: public addresses over HTTPS only, unless the operator allows others.

Whoever can make a subscription could otherwise let this computer knock at doors behind its
firewall.  A name is looked up once, every address of it is judged, and the connection goes to the
very address that was judged.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import httpx

from xhcredit.errors import BadInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: IPv6 that carries an IPv4 address to translators (RFC 6052)
_NAT64_PREFIX = ipaddress.IPv6Network("64:ff9b::/96")
_MAX_URL_LENGTH, _PORT_LIMIT = 2000, 65536


@dataclass(frozen=True)
class AddressPolicy:
    """Address policy; ``allowed`` are hosts and networks that need no HTTPS and may be private."""

    allowed: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> AddressPolicy:
        """Read what an operator allows, commas between.

        >>> AddressPolicy.of("10.0.0.0/8, hooks.local").allowed
        ('10.0.0.0/8', 'hooks.local')
        """
        return cls(tuple(part.strip() for part in text.split(",") if part.strip()))

    @cached_property
    def _networks(self) -> tuple[_Network, ...]:
        return tuple(n for n in map(_network, self.allowed) if n is not None)

    @cached_property
    def _hosts(self) -> frozenset[str]:
        return frozenset(a.lower() for a in self.allowed if _network(a) is None)

    def url(self, text: str) -> httpx.URL:
        """Parse and check a webhook URL, as far as possible without DNS.

        Raises:
            BadInput: it cannot be read, holds a password, or is not HTTPS.
        """
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            raise BadInput("this is no address; write https://host/path") from None
        if url.scheme not in ("https", "http") or not url.host or len(text) > _MAX_URL_LENGTH:
            raise BadInput("messages go to https:// addresses only; write https://host/path")
        if url.port is not None and not 0 < url.port < _PORT_LIMIT:
            raise BadInput(f"there is no port {url.port}; write https://host/path")
        if url.userinfo or url.fragment:
            raise BadInput("the address holds a password or a #; take it out: messages are signed")
        literal = _literal_address(url.host)
        if literal is not None:
            self._refuse_private(url, literal)
        elif url.scheme == "http" and url.host not in self._hosts and not self._networks:
            raise BadInput(f'"{url.host}" is asked without HTTPS; {_REMEDY}')
        return url

    def resolved_address(self, url: httpx.URL) -> Address:
        """Resolve the address that a connection to ``url`` uses; all addresses are checked.

        Raises:
            BadInput: nobody has this name, or one of its addresses may not be sent to.
        """
        addresses = _resolve_host(url)
        for address in addresses:
            self._refuse_private(url, address)
        return addresses[0]

    def _refuse_private(self, url: httpx.URL, address: Address) -> None:
        effective_address = _effective_address(address)
        if url.host in self._hosts or any(
            effective_address in network for network in self._networks
        ):
            return
        if url.scheme != "https":
            raise BadInput(f'"{url.host}" is asked without HTTPS; {_REMEDY}')
        # ipaddress takes most multicast addresses for global ones.
        if not effective_address.is_global or effective_address.is_multicast:
            raise BadInput(f'"{url.host}" is inside, at {address}; {_REMEDY}')


_REMEDY = "the operator can allow its host or network: xhcredit deliver --allow"


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _literal_address(host: str) -> Address | None:
    """An address that is written as one; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _resolve_host(url: httpx.URL) -> Sequence[Address]:
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        address_infos = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadInput(f'nobody has the name "{url.host}"; see that it is right') from None
    addresses = (
        # The zone of a link-local address, after %, is no part of what is judged.
        ipaddress.ip_address(str(entry[4][0]).partition("%")[0])
        for entry in address_infos
    )
    return list(dict.fromkeys(addresses))


def _effective_address(address: Address) -> Address:
    """The IPv4 address behind one of IPv6, where there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64_PREFIX:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    # Mapped, 6to4 and Teredo: an inner IPv4 address would else pass as a global IPv6 one.
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
