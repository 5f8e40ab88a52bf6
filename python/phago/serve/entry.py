"""What is asked of whoever comes over HTTP, in one place: where from, for whom, and with which token."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

__all__ = ["has_token", "host_of", "is_address", "is_loopback"]


def host_of(url: str) -> str:
    """The host that an address or an `Origin` names, in small letters; empty where it names none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host means this machine alone."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def has_token(authorization: str, token: bytes) -> bool:
    """Whether a header `Authorization` has a token. How long it takes does not tell how much of it is right."""
    kind, _, given = authorization.partition(" ")
    # What is sent as no ASCII comes as Latin-1.
    is_right = hmac.compare_digest(given.strip().encode("latin-1"), token)
    return kind.lower() == "bearer" and is_right
