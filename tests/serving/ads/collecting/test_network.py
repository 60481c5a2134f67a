"""How sites are asked: how often, only where they may be reached, and only over connections that are what they say."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adsite.server import serve
from tests.adsite.site import AdSite
from tests.serving.ads.collecting import running


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The logs of four sites that one command collected, and what it said."""
    base = tmp_path_factory.mktemp("network")
    slow = AdSite(4, traps=False)
    slow.robots = "User-agent: tegn\nCrawl-delay: 0.6\n\nUser-agent: *\nDisallow: /\n"
    with (
        serve(AdSite(4, traps=False), host="127.0.0.1") as plain,
        serve(slow, host="127.0.0.2") as slower,
        serve(AdSite(4, traps=False), host="127.0.0.3", context=own_certificate(base)) as false,
        serve(AdSite(4, traps=False), host="127.0.0.4") as private,
    ):
        own = ["127.0.0.4", "localhost", "2130706433", "0"]
        sites = running.write_file(
            base / "sites.toml",
            running.table("plain", ["127.0.0.1"], start=[f"{plain.origin}/"], delay=0.3),
            running.table("slower", ["127.0.0.2"], start=[f"{slower.origin}/"], delay=0.3),
            running.table("false", ["127.0.0.3"], start=[f"https://127.0.0.3:{false.port}/"]),
            running.table("private", own, start=[f"http://{x}:{private.port}/" for x in own], private=False, delay=0.5),
        )
        done = running.run(sites, base / "pages")
        yield (
            base / "pages",
            done,
            {"plain": plain.log, "slower": slower.log, "false": false.log, "private": private.log},
        )


def is_kept(log, delay):
    """Whether requests came at a pace; each may come a little late, so that the next seems early."""
    times = [x.time for x in log]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return min(gaps) > 0.6 * delay and sum(gaps) > (len(gaps) - 0.5) * delay


def test_the_pace_of_the_rules_is_kept_and_that_of_robots_txt_if_it_is_slower(asked):
    folder, done, logs = asked
    assert done.returncode == 3, done.stderr
    assert len(logs["plain"]) == len(logs["slower"]) == 7
    assert is_kept(logs["plain"], 0.3)
    assert is_kept(logs["slower"], 0.6)
    for site in ("plain", "slower"):
        assert sorted(running.kept(folder / site)) == [f"/annonce/{x}" for x in range(4)]


def test_addresses_of_private_networks_are_not_reached_unless_the_rules_say_so(asked):
    folder, _, logs = asked
    assert logs["private"] == []
    told = [x["fault"] for x in running.lines_of(folder, errors=True) if x["site"] == "private"]
    assert told == ["private_address"] * 4


def test_a_certificate_that_nobody_vouches_for_is_a_fault(asked):
    folder, _, logs = asked
    assert logs["false"] == []
    assert [x["fault"] for x in running.lines_of(folder, errors=True) if x["site"] == "false"] == ["tls"]


def own_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem")
    return context
