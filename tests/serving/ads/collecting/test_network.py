"""How sites are asked: how often, only where they may be reached, and only over connections that are what they say."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adsite.server import serve
from tests.adsite.site import AdSite
from tests.serving.ads.collecting import running


def gaps(served):
    times = [x.time for x in served.log]
    return [later - earlier for earlier, later in pairwise(times)]


def test_the_pace_of_the_rules_is_kept_and_that_of_robots_txt_if_it_is_slower(tmp_path):
    site = AdSite(4, traps=False)
    with serve(site) as served:
        sites = running.write_sites(tmp_path / "sites.toml", served, delay=0.3, concurrency=4)
        assert running.run(sites, tmp_path / "pages").returncode == 0
        assert len(served.log) == 7
        assert min(gaps(served)) >= 0.28
        served.clear()
        site.robots = "User-agent: tegn\nCrawl-delay: 0.6\n\nUser-agent: *\nDisallow: /\n"
        assert running.run(sites, tmp_path / "pages").returncode == 0
        assert len(served.log) == 7
        assert min(gaps(served)) >= 0.58


def test_a_limit_of_pages_ends_the_run_and_the_next_goes_on(tmp_path):
    with serve(AdSite(30, traps=False)) as served:
        sites = running.write_sites(tmp_path / "sites.toml", served, pages=20)
        first = running.run(sites, tmp_path / "pages")
        assert first.returncode == 0
        assert len(served.log) == 20
        assert "13 addresses wait for the next run" in first.stderr
        assert running.run(sites, tmp_path / "pages").returncode == 0
        assert sorted(running.kept(tmp_path / "pages")) == sorted(f"/annonce/{x}" for x in range(30))
        assert len(served.log) == 20 + 1 + 13


def test_addresses_of_private_networks_are_not_reached_unless_the_rules_say_so(tmp_path):
    with serve(AdSite(4, traps=False)) as served:
        sites = running.write_sites(tmp_path / "sites.toml", served, private=False, delay=0.5)
        text = sites.read_text().replace('"127.0.0.1"]', '"127.0.0.1", "localhost", "2130706433"]')
        start = [f"http://{x}:{served.port}/" for x in ("127.0.0.1", "localhost", "2130706433")]
        sites.write_text(text.replace(f'["{served.origin}/"]', str(start).replace("'", '"')))
        done = running.run(sites, tmp_path / "pages")
        assert done.returncode == 3
        assert served.log == []
        assert [x["fault"] for x in running.lines_of(tmp_path / "pages", errors=True)] == ["private_address"] * 3


def test_a_certificate_that_nobody_vouches_for_is_a_fault(tmp_path):
    with serve(AdSite(4, traps=False), context=own_certificate(tmp_path)) as served:
        sites = running.write_sites(tmp_path / "sites.toml", served)
        sites.write_text(sites.read_text().replace("http://", "https://"))
        done = running.run(sites, tmp_path / "pages")
        assert done.returncode == 3
        assert [x["fault"] for x in running.lines_of(tmp_path / "pages", errors=True)] == ["tls"]
        assert served.log == []


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
