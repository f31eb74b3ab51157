"""One question and its answer over HTTP, from an address that was looked at.

A host name is looked up once per request and the connection goes to that very address, so that a
second look-up cannot give another one (DNS rebinding). The whole answer has one deadline and a size
limit. Proxies of the environment are not used: behind one, the address could not be checked.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from kgml import __version__
from kgml.errors import OntologyError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_REDIRECTS = 5
CHUNK = 65_536
PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_CARRIERS = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16",
                                             "2001::/32", "::/96", "fec0::/10")))  # fmt: skip
"""IPv6 networks that carry IPv4 addresses to somewhere else, and the former site-local one."""


class ConnectionFailedError(OntologyError):
    """Nobody answered, or the answer broke off; another try may succeed."""


def not_public(address: Address) -> str:
    """Why ``address`` is not one of the public internet; empty if it is.

    >>> not_public(ipaddress.ip_address("::ffff:127.0.0.1")), not_public(ipaddress.ip_address("1.1.1.1"))
    ('a loopback address', '')
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return not_public(address.ipv4_mapped)
        if any(address in network for network in _CARRIERS) and not address.is_loopback:
            return "an address that stands for another one"
    for kind in ("loopback", "link_local", "multicast", "unspecified", "private", "reserved"):
        if getattr(address, f"is_{kind}"):
            return f"a {kind.replace('_', '-')} address"
    return "" if address.is_global else "not a public address"


@dataclass(frozen=True)
class Rules:
    """What may be asked for, at the first address and after each redirect."""

    schemes: tuple[str, ...] = ("https",)
    refuse: Callable[[Address], str] = not_public
    """Why an address is refused; empty if it is not."""
    same_host: bool = False
    """Whether a redirect must stay on the host and port, but for http to https."""
    context: ssl.SSLContext | None = None
    """None: the certificates that this system trusts."""


PUBLIC = Rules()
"""What a stranger's file may ask for: https, public addresses."""


@dataclass(frozen=True)
class Answer:
    """The head of an answer; ``chunks`` is its body, once."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    chunks: Iterator[bytes]

    @property
    def content_type(self) -> str:
        """Media type without parameters, in small letters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def refused(answer: Answer) -> OntologyError:
    """The error for an answer that is not what was asked for, with the start of its text."""
    start = b""
    with suppress(OntologyError):
        for chunk in answer.chunks:
            start += chunk
            if len(start) >= 1_000:
                break
    text = re.sub(r"<[^>]{0,200}>|\s+", " ", start[:1_000].decode("utf-8", "replace")).strip()
    said = f" It says: {re.sub(' +', ' ', text)[:200]}" if text else ""
    return OntologyError(
        f"{answer.url}: the server answered {answer.status} {answer.reason}. Check the address.{said}"
    )


def limited(answer: Answer, most: int) -> Iterator[bytes]:
    """The body of ``answer``; `OntologyError` as soon as it is or says it is over ``most`` bytes."""
    says = answer.headers.get("content-length", "")
    size = 0
    if not (says.isascii() and says.isdigit() and len(says) < 20 and int(says) > most):
        for chunk in answer.chunks:
            size += len(chunk)
            if size > most:
                break
            yield chunk
        else:
            return
    raise OntologyError(
        f"{answer.url}: more than {most:,} bytes. Raise max_download in [graph] of kgml.toml, or "
        "download the file yourself."
    )


@contextmanager
def request(
    url: str,
    rules: Rules,
    seconds: float,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Iterator[Answer]:
    """Ask ``url`` (GET, or POST with a ``body``), follow redirects and yield the answer.

    Args:
        seconds: for everything from the first look-up to the last byte of the body.

    Raises:
        OntologyError: a URL, host, address or redirect that ``rules`` refuse, or too slow.
        ConnectionFailedError: nobody there, or it broke off.
    """
    watch = _Watch(seconds)
    here = url
    for _ in range(MAX_REDIRECTS + 1):
        with _exchange(here, rules, watch, headers, body) as answer:
            where = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not where:
                yield answer
                return
            here = _redirected(answer, where, rules, body)
    raise OntologyError(f"{url}: more than {MAX_REDIRECTS} redirects, the last to {here}.")


def _redirected(answer: Answer, where: str, rules: Rules, body: bytes | None) -> str:
    target = where
    with suppress(ValueError):  # what cannot be joined is no URL either, as `_checked` says
        target = urljoin(answer.url, where)
    here, there = urlsplit(answer.url), _checked(target, rules, f"{answer.url} redirects to ")
    ports = [parts.port or PORTS[parts.scheme] for parts in (here, there)]
    upgrade = (here.scheme, there.scheme) == ("http", "https") and ports == [80, 443]
    same = here.hostname == there.hostname and (here.scheme == there.scheme or upgrade)
    if rules.same_host and not (same and (upgrade or ports[0] == ports[1])):
        raise OntologyError(
            f"{answer.url} redirects to {target}, another server. If you trust it, give that address."
        )
    if body is not None and answer.status < 307:  # a POST would arrive there without its body
        raise OntologyError(f"{answer.url} redirects to {target}. Give that address.")
    return target


def _checked(url: str, rules: Rules, before: str = "") -> SplitResult:
    """The parts of ``url``; refuses other schemes, credentials and what is no URL."""
    shown = before + re.sub(r"//[^/?#]*@", "//...@", url)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname and _host(parts), parts.port
    except ValueError as error:  # a port that is no number, a name that is none
        raise OntologyError(f"{shown}: not a URL ({error}).") from None
    if re.search(r"[\x00-\x20\x7f\\\ud800-\udfff]", url) or not host:
        raise OntologyError(f"{shown}: not a URL that can be fetched.")
    if "@" in parts.netloc:
        raise OntologyError(
            f"{shown}: user names and passwords in a URL are not sent. Download it yourself."
        )
    if parts.scheme not in rules.schemes:
        raise OntologyError(
            f"{shown}: wanted {' or '.join(rules.schemes)}, found {parts.scheme or 'no scheme'}. "
            "Download it yourself if you trust it."
        )
    return parts


class _Watch:
    """Ends a connection when the time for the whole answer is over.

    A timeout of the socket alone begins anew with each byte, so a server that sends one now and
    then would never end.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, url: str) -> float:
        """Seconds left; `OntologyError` where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.too_slow(url)
        return left

    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    def too_slow(self, url: str) -> OntologyError:
        """The error for it."""
        return OntologyError(
            f"{url}: no whole answer within {self.seconds:g} s. Raise timeout in [graph] of "
            "kgml.toml, or try again later."
        )

    @contextmanager
    def over(self, connected: socket.socket, url: str) -> Iterator[None]:
        """Cut ``connected`` off at the end of the time, unless the block ends before."""

        def cut() -> None:
            with suppress(OSError):  # the plain shutdown: TLS would wait for the other side
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

        timer = threading.Timer(self.left(url), cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


@contextmanager
def _exchange(
    url: str, rules: Rules, watch: _Watch, headers: Mapping[str, str], body: bytes | None
) -> Iterator[Answer]:
    parts = _checked(url, rules)
    connection = _connect(url, parts, rules, watch)
    given = {"Host": _host(parts), "User-Agent": f"kgml/{__version__}",
             "Accept-Encoding": "identity", **headers}  # fmt: skip
    target = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:=&?~+!$,;'@()*[]")
    try:
        with watch.over(connection.sock, url):
            with _worded(url, watch):
                connection.request("GET" if body is None else "POST", target, body, given,
                                   preload_content=False, decode_content=False)  # fmt: skip
                response = connection.getresponse()
            try:
                yield Answer(url, response.status, response.reason or "", response.headers,
                             _body(response, url, watch))  # fmt: skip
            finally:
                response.close()
    finally:
        connection.close()


def _host(parts: SplitResult, port: bool = True) -> str:
    """The host as it is sent and looked up: international names in their ASCII form."""
    host = str(parts.hostname)
    host = host if ":" in host else host.encode("idna").decode("ascii")
    if not port:
        return host
    return (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")


def _body(response: Any, url: str, watch: _Watch) -> Iterator[bytes]:
    chunks = response.stream(CHUNK, decode_content=False)
    while True:
        with _worded(url, watch):
            chunk = next(chunks, None)
        if watch.is_over():  # a connection cut off looks like the end of a body without a length
            raise watch.too_slow(url)
        if chunk is None:
            return
        yield chunk


def _connect(url: str, parts: SplitResult, rules: Rules, watch: _Watch) -> Any:
    """A connection to the first address of the host that answers, all of them looked at before."""
    from urllib3.connection import HTTPConnection, HTTPSConnection

    host, port = _host(parts, port=False), parts.port or PORTS[parts.scheme]
    addresses = _addresses(url, host, port, rules)
    context = rules.context or ssl.create_default_context()
    for number, address in enumerate(addresses):
        share = watch.left(url) / (len(addresses) - number)
        if parts.scheme == "https":
            connection: Any = HTTPSConnection(
                address, port, timeout=share, server_hostname=host, ssl_context=context
            )
        else:
            connection = HTTPConnection(address, port, timeout=share)
        try:
            with _worded(url, watch):
                connection.connect()
        except OntologyError as error:
            connection.close()
            if number == len(addresses) - 1 or not isinstance(error, ConnectionFailedError):
                raise
        else:
            connection.timeout = watch.left(url)
            return connection
    raise AssertionError("a host without addresses is refused before")


def _addresses(url: str, host: str, port: int, rules: Rules) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectionFailedError(
            f"{url}: the host '{host}' was not found ({error}). Check the address and the network."
        ) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        why = rules.refuse(ipaddress.ip_address(address))
        if why:
            raise OntologyError(
                f"{url}: '{host}' is {address}, {why}; only public addresses are asked. "
                "Download it yourself if you trust it."
            )
    return addresses


@contextmanager
def _worded(url: str, watch: _Watch) -> Iterator[None]:
    """What the libraries below raise, as errors of ours."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise OntologyError(
            f"{url}: its certificate is not trusted ({error.verify_message}). Download it yourself, "
            "or name the certificates to trust in SSL_CERT_FILE."
        ) from None
    except (HTTPError, HTTPException, OSError) as error:
        if watch.is_over() or isinstance(error, TimeoutError | ReadTimeoutError):
            raise watch.too_slow(url) from None
        reason = str(error) or type(error).__name__
        raise ConnectionFailedError(
            f"{url}: the connection failed ({reason}). Check the address and try again."
        ) from None
