"""Downloads from a real HTTPS server on this machine, and what is refused."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kgml.config import GraphConfig
from kgml.errors import ArtifactError, OntologyError
from kgml.kg.sources import transport
from kgml.kg.sources.network import cache_folder, fetch
from kgml.kg.sources.transport import ConnectionFailedError, Rules, not_public
from kgml.progress import KGMLWarning

TURTLE = b"<http://e.org/a> <http://e.org/b> <http://e.org/c> .\n"
CONFIG = GraphConfig(timeout=20.0)


def refused(url: str, folder: Path, rules: Rules, config: GraphConfig = CONFIG) -> str:
    with pytest.raises(OntologyError) as caught:
        fetch(url, config, folder, rules)
    assert not [f for f in folder.rglob("*") if f.is_file()]  # nothing half-written stays
    return str(caught.value)


def test_a_file_is_fetched_once_and_noted_with_its_sha256(site, rules, tmp_path) -> None:
    site.put("/onto.ttl", TURTLE, Content_Type="text/turtle; charset=utf-8")
    path = fetch(site.url("/onto.ttl"), CONFIG, tmp_path, rules)
    assert path.read_bytes() == TURTLE
    assert path.suffix == ".ttl"
    note = json.loads(path.with_name(f"{path.name}.json").read_text())
    assert note == {
        "url": site.url("/onto.ttl"), "from": site.url("/onto.ttl"), "type": "text/turtle",
        "bytes": len(TURTLE), "sha256": hashlib.sha256(TURTLE).hexdigest(),
    }  # fmt: skip
    assert fetch(site.url("/onto.ttl#"), CONFIG, tmp_path, rules) == path
    assert site.asked == [(f"localhost:{site.port}", "/onto.ttl")]


def test_a_download_that_was_changed_on_disk_is_fetched_again(site, rules, tmp_path) -> None:
    site.put("/onto", TURTLE)
    path = fetch(site.url("/onto"), CONFIG, tmp_path, rules)
    path.write_bytes(TURTLE[:-5])
    with pytest.warns(KGMLWarning, match="does not fit the note"):
        assert fetch(site.url("/onto"), CONFIG, tmp_path, rules).read_bytes() == TURTLE
    path.with_name(f"{path.name}.json").write_text("[]")
    with pytest.warns(KGMLWarning, match="does not fit the note"):
        fetch(site.url("/onto"), CONFIG, tmp_path, rules)
    assert len(site.asked) == 3


def test_the_default_rules_refuse_this_machine(site, tmp_path) -> None:
    site.put("/x", TURTLE)
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises(OntologyError, match=r"loopback address|not found"):
            fetch(site.url("/x", host), CONFIG, tmp_path)
    assert site.asked == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.1.2.3", "private"), ("192.168.0.1", "private"), ("172.16.9.9", "private"),
        ("127.9.9.9", "loopback"), ("169.254.169.254", "link-local"), ("224.0.0.1", "multicast"),
        ("0.0.0.0", "unspecified"), ("240.0.0.1", "private|reserved"), ("100.64.0.1", "not a public"),
        ("255.255.255.255", "private|reserved"), ("192.0.2.1", "private"), ("198.18.0.1", "private"),
        ("::1", "loopback"), ("::", "stands for|unspecified"), ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"), ("fc00::1", "private"), ("ff02::1", "multicast"),
        ("::ffff:10.0.0.1", "private"), ("64:ff9b::a00:1", "stands for"), ("2002:a00:1::", "stands for"),
        ("2001:0:5ef5::1", "stands for"), ("::a00:1", "stands for"), ("fec0::1", "stands for"),
        ("2001:db8::1", "private"),
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused_with_its_kind(address: str, why: str) -> None:
    assert re.search(why, not_public(ipaddress.ip_address(address)))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1"])
def test_a_public_address_is_not_refused(address: str) -> None:
    assert not_public(ipaddress.ip_address(address)) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://e.org/x.ttl", "wanted https, found http"),
        ("ftp://e.org/x.ttl", "wanted https, found ftp"),
        ("file:///etc/passwd", "not a URL that can be fetched"),
        ("x.ttl", "not a URL that can be fetched"),
        ("https://", "not a URL that can be fetched"),
        ("https://e.org/a b", "not a URL that can be fetched"),
        ("https://e.org/a\r\nX: y", "not a URL that can be fetched"),
        ("https://e.org\\@evil.org/", "not a URL that can be fetched"),
        ("https://e.org/\udcff", "not a URL that can be fetched"),
        ("https://e.org:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://a..b/", "not a URL"),
    ],
)
def test_what_is_not_an_https_url_is_refused(url: str, words: str, tmp_path: Path) -> None:
    assert words in refused(url, tmp_path, Rules())


def test_credentials_are_neither_sent_nor_shown(tmp_path: Path) -> None:
    message = refused("https://me:secret@e.org/x", tmp_path, Rules())
    assert "passwords in a URL are not sent" in message
    assert "secret" not in message
    assert "secret" not in refused("https://me:secret@e.org:x/", tmp_path, Rules())


def test_redirects_are_followed_up_to_five(site, rules, tmp_path) -> None:
    for number in range(6):
        site.put(f"/{number}", b"", 302, Location=f"/{number + 1}")
    site.put("/6", TURTLE)
    assert fetch(site.url("/1"), CONFIG, tmp_path / "a", rules).read_bytes() == TURTLE
    assert "more than 5 redirects" in refused(site.url("/0"), tmp_path / "b", rules)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://localhost/x", "redirects to http://localhost/x: wanted https, found http"),
        ("https://10.0.0.1/x", "'10.0.0.1' is 10.0.0.1, a private address"),
        ("https://169.254.169.254/latest", "a link-local address"),
        ("https://me:secret@localhost/", "passwords in a URL are not sent"),
        ("https://[::1/", "not a URL"),
        ("file:///etc/passwd", "not a URL"),
    ],
)
def test_each_redirect_is_looked_at_anew(site, rules, tmp_path, target, words) -> None:
    site.put("/x", b"", 301, Location=target)
    assert words in refused(site.url("/x"), tmp_path, rules)
    assert len(site.asked) == 1


def test_a_name_is_looked_up_once_and_that_address_connected_to(
    site, rules, tmp_path, monkeypatch
) -> None:
    """A second look-up of the name would lead elsewhere, as in DNS rebinding."""
    lookup, names = socket.getaddrinfo, []

    def rebinding(host, *more, **options):
        if host != "ontologies.example":
            return lookup(host, *more, **options)
        names.append(host)
        return lookup("127.0.0.1" if len(names) == 1 else "10.0.0.1", *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    site.put("/x", TURTLE)
    fetch(site.url("/x", "ontologies.example"), CONFIG, tmp_path, rules)
    assert site.asked == [(f"ontologies.example:{site.port}", "/x")]  # and TLS checked that name
    assert names == ["ontologies.example"]
    message = refused(site.url("/y", "ontologies.example"), tmp_path / "b", rules)
    assert "'ontologies.example' is 10.0.0.1, a private address" in message


def test_a_name_with_one_private_address_is_refused_whole(rules, tmp_path, monkeypatch) -> None:
    entries = [(0, 0, 0, "", (a, 443)) for a in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)
    assert "is 10.0.0.1" in refused("https://two.example/x", tmp_path, rules)


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    site, rules, tmp_path, monkeypatch
) -> None:
    lookup = socket.getaddrinfo
    closed = socket.create_server(("127.0.0.2", 0))
    closed.close()

    def two(host, *more, **options):
        if host != "localhost":
            return lookup(host, *more, **options)
        return [*lookup("127.0.0.2", *more, **options), *lookup("127.0.0.1", *more, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    site.put("/x", TURTLE)
    assert fetch(site.url("/x"), CONFIG, tmp_path, rules).read_bytes() == TURTLE


def test_a_certificate_that_nobody_vouches_for_is_refused(site, rules, tmp_path) -> None:
    site.put("/x", TURTLE)
    system = replace(rules, context=ssl.create_default_context())
    assert "certificate is not trusted" in refused(site.url("/x"), tmp_path, system)
    assert site.asked == []


def test_the_certificate_must_fit_the_name_asked_for(site, rules, tmp_path, monkeypatch) -> None:
    lookup = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *more, **o: lookup("127.0.0.1" if host == "other.example" else host, *more, **o),
    )  # fmt: skip
    site.put("/x", TURTLE)
    message = refused(site.url("/x", "other.example"), tmp_path, rules)
    assert "not trusted" in message
    assert "other.example" in message
    assert site.asked == []


def test_a_body_over_the_limit_is_cut_off(site, rules, tmp_path) -> None:
    config = replace(CONFIG, max_download=100_000)
    site.put("/said", bytes(100_001))
    assert "more than 100,000 bytes. Raise max_download" in refused(
        site.url("/said"), tmp_path, rules, config
    )
    sent = []

    def endless(handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1_000):
            handler.wfile.write(bytes(65_536))
            sent.append(65_536)

    site.pages["/unsaid"] = endless
    assert "more than 100,000 bytes" in refused(site.url("/unsaid"), tmp_path, rules, config)
    site.put("/fits", bytes(100_000))
    assert fetch(site.url("/fits"), config, tmp_path, rules).stat().st_size == 100_000
    assert sum(sent) < 65_536 * 1_000


@pytest.mark.parametrize("when", ["before the head", "within the head", "within the body"])
def test_a_server_that_drips_is_cut_off_at_the_deadline(site, rules, tmp_path, when) -> None:
    """Each byte comes within a socket's timeout; only a deadline over all of them ends it."""

    def drip(handler) -> None:
        if when == "within the head":
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        elif when == "within the body":
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        for _ in range(100):
            if when != "before the head":
                handler.wfile.write(b"x")
            time.sleep(0.1)

    site.pages["/slow"] = drip
    started = time.monotonic()
    message = refused(site.url("/slow"), tmp_path, rules, replace(CONFIG, timeout=0.6))
    assert "no whole answer within 0.6 s. Raise timeout" in message
    assert 0.5 < time.monotonic() - started < 3.0


def test_a_body_that_breaks_off_is_no_file(site, rules, tmp_path) -> None:
    def short(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(TURTLE) + 10))
        handler.end_headers()
        handler.wfile.write(TURTLE)

    site.pages["/short"] = short
    message = refused(site.url("/short"), tmp_path, rules)
    assert "the connection failed" in message
    assert "10 more expected" in message


def test_a_404_is_named_with_what_the_server_says(site, rules, tmp_path) -> None:
    message = refused(site.url("/gone.ttl"), tmp_path, rules)
    assert message.startswith(f"{site.url('/gone.ttl')}: the server answered 404 Not Found. Check")
    site.put("/down", b"<h1>Down</h1>\n for repair", 500)
    assert "answered 500 Internal Server Error. Check the address. It says: Down for repair" in (
        refused(site.url("/down"), tmp_path, rules)
    )


def test_nobody_there_is_a_failed_connection(rules, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConnectionFailedError, match="the connection failed"):
        fetch(f"https://localhost:{port}/x", CONFIG, tmp_path, rules)


def test_an_unknown_host_is_named(rules, tmp_path, monkeypatch) -> None:
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(transport.socket, "getaddrinfo", unknown)
    assert "the host 'no.example' was not found" in refused("https://no.example/x", tmp_path, rules)


def test_a_name_with_letters_beyond_ascii_is_asked_for_in_its_ascii_form(
    site, rules, tmp_path, monkeypatch
) -> None:
    names = []

    def unknown(host, *_, **__):
        names.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(transport.socket, "getaddrinfo", unknown)
    refused("https://bücher.example/x", tmp_path, rules)
    assert names == ["xn--bcher-kva.example"]
    monkeypatch.undo()
    site.put("/caf%C3%A9?q=%20a", TURTLE)
    fetch(site.url("/café?q=%20a"), CONFIG, tmp_path, rules)


def test_a_folder_that_cannot_be_written_is_named(site, rules, tmp_path) -> None:
    site.put("/x", TURTLE)
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="could not be written"):
        fetch(site.url("/x"), CONFIG, tmp_path / "file", rules)


def test_the_cache_folder_is_the_users_own(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("KGML_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("KGML_CACHE")
    assert cache_folder().name == "kgml"
