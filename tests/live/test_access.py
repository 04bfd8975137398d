"""Ways to a real Go program: TLS, credentials, sockets, IPv6, paths, packed answers, redirects, proxies."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.cli.running import Done, goscope, only_line
from tests.live.go_program import needs_go, serving

pytestmark = [needs_go, pytest.mark.full]


def once(*arguments: str | Path, **more: str) -> Done:
    """One snapshot, as JSON."""
    return goscope(*arguments, "--snapshots", "1", "-f", "json", cwd=None, **more)


def goroutines(done: Done) -> int:
    """How many were read; nothing but progress may have been told."""
    assert done.returncode == 0, done.stderr
    assert all(": snapshot 1 of 1" in s or s.count(":") > 1 for s in done.stderr.splitlines())
    return sum(i["records"]["goroutines"] for i in json.loads(done.stdout)["inputs"])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A program with more than 20 goroutines, for all that only ask."""
    with serving("-n", "20", "-for", "5m") as found:
        yield found


@pytest.mark.parametrize(
    "form",
    [
        "localhost:{}", "http://localhost:{}", "http://127.0.0.1:{}/", "127.0.0.1:{}/debug/pprof",
        "http://localhost:{}/debug/pprof/", "localhost:{}/debug/pprof/goroutine?debug=2",
        "localhost:{}/debug/pprof/heap", "localhost:{}/a/path", "localhost:{}/a/path/debug/pprof/",
        "localhost:{}/a/path/debug/pprof/goroutine?debug=1", "localhost:{}/packed", "localhost:{}/moved",
    ],
)  # fmt: skip
def test_forms_of_an_address(port: int, form: str) -> None:
    done = once(form.format(port))
    assert goroutines(done) > 20
    kinds = [i["formats"] for i in json.loads(done.stdout)["inputs"]]
    assert len(kinds) >= 3  # goroutines, threads, heap, and what the runtime proves to be leaked


def test_a_socket_of_the_file_system(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "app.sock"
    with serving("-n", "20", "-listen", str(path)):
        done = once(f"unix://{path}")
    assert goroutines(done) > 20
    assert json.loads(done.stdout)["inputs"][0]["name"].startswith(f"unix://{path}/debug/pprof/")
    gone = goscope(f"unix://{path}")
    assert (gone.returncode, gone.stdout) == (4, "")
    assert f"unix://{path}: " in only_line(gone.stderr)


def test_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serving("-n", "20", "-listen", "[::1]:0") as port:
        assert goroutines(once(f"[::1]:{port}")) > 20
        assert goroutines(once(f"http://[::1]:{port}/debug/pprof/")) > 20


def test_tls(tmp_path: Path) -> None:
    with serving("-tls", str(tmp_path), "-n", "20") as port:
        untrusted = goscope(f"https://127.0.0.1:{port}")
        trusted = [
            once(f"https://{h}:{port}", "--ca", tmp_path / "ca.pem")
            for h in ("127.0.0.1", "localhost")
        ]
        anyway = once(f"https://127.0.0.1:{port}", "--insecure")
        plain = goscope(f"http://127.0.0.1:{port}")
    assert (untrusted.returncode, untrusted.stdout) == (4, "")
    assert "--ca FILE" in only_line(untrusted.stderr)
    assert "self-signed certificate" in untrusted.stderr or "local issuer" in untrusted.stderr
    assert [goroutines(done) > 20 for done in (*trusted, anyway)] == [True] * 3
    assert plain.returncode == 4
    assert "it speaks HTTPS" in only_line(plain.stderr)


def test_tls_where_there_is_none(port: int) -> None:
    done = goscope(f"https://localhost:{port}")
    assert (done.returncode, done.stdout) == (4, "")
    assert "it does not speak TLS; use http://" in only_line(done.stderr)


def test_certificates_of_clients(tmp_path: Path) -> None:
    with serving("-tls", str(tmp_path), "-clients", "-n", "20") as port:
        url, ca = f"https://localhost:{port}", ("--ca", tmp_path / "ca.pem")
        without = goscope(url, *ca)
        own = ("--cert", tmp_path / "client.pem", "--key", tmp_path / "client-key.pem")
        given = once(url, *ca, *own)
        missing = goscope(url, *ca, "--cert", tmp_path / "no.pem")
        other = goscope(url, *ca, "--cert", tmp_path / "client.pem", "--key", tmp_path / "ca.pem")
    assert (without.returncode, without.stdout) == (4, "")
    assert "wants a certificate of the client; give it with --cert" in only_line(without.stderr)
    assert goroutines(given) > 20
    for wrong in (missing, other):
        assert (wrong.returncode, wrong.stdout) == (4, "")
        assert "not a usable certificate" in only_line(wrong.stderr)


# ---- credentials ------------------------------------------------------------------------------------


def test_credentials_are_used_and_never_shown(port: int, tmp_path: Path) -> None:
    place = f"localhost:{port}/auth/"
    netrc = tmp_path / ".netrc"
    netrc.touch(0o600)
    netrc.write_text("machine localhost login a password s3cret\n")
    without = goscope(place)
    assert (without.returncode, without.stdout) == (4, "")
    assert "asks for credentials (HTTP 401)" in only_line(without.stderr)
    reports = [
        tmp_path / f"report.{suffix}" for suffix in ("html", "json", "md", "txt", "sarif", "xml")
    ]
    files = [part for path in reports for part in ("-o", path)]
    ways: list[tuple[list[str | Path], dict[str, str]]] = [
        ([f"http://a:s3cret@{place}debug/pprof/goroutine?debug=2"], {}),
        ([place, "--header", "Authorization: Basic YTpzM2NyZXQ="], {}),
        ([place, "--header", "X-Token: s3cret"], {}),
        ([place], {"HOME": str(tmp_path)}),
        ([place], {"NETRC": str(netrc)}),
    ]
    for number, (arguments, more) in enumerate(ways):
        done = once(*arguments, *files, "--save", tmp_path / f"saved-{number}", **more)
        assert goroutines(done) > 20
        kept = [path for path in (tmp_path / f"saved-{number}").rglob("*") if path.is_file()]
        assert len(kept) >= 3
        written = "".join(path.read_text() + str(path) for path in (*reports, *kept))
        for secret in ("s3cret", "YTpzM2NyZXQ="):
            assert secret not in done.stdout + done.stderr + written
    netrc.write_text("machine\n")
    assert "asks for credentials" in only_line(goscope(place, HOME=str(tmp_path)).stderr)
    wrong = goscope(f"http://a:wr0ng@{place}")
    assert (wrong.returncode, "wr0ng" in wrong.stderr) == (4, False)
    assert "asks for credentials" in only_line(wrong.stderr)


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_credentials_stay_with_the_program_that_they_are_for(port: int) -> None:
    """A redirect to another port of the host is followed, as another program may well be there."""
    seen: list[str] = []

    class Redirects(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.headers['Authorization']} {self.headers['X-Token']}")
            self.send_response(307)
            self.send_header("Location", f"http://localhost:{port}/auth{self.path}")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Redirects) as first:
        done = goscope(f"http://a:s3cret@localhost:{first}", "--header", "X-Token: s3cret")
    assert seen
    assert set(seen) == {"Basic YTpzM2NyZXQ= s3cret"}
    assert done.returncode == 4
    assert "asks for credentials (HTTP 401)" in only_line(done.stderr)


# ---- proxies ----------------------------------------------------------------------------------------


def test_proxies_of_the_environment(port: int) -> None:
    """A name that only the proxy knows goes through it; this machine is asked without it, as Go does."""
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            there = self.path.replace("http://app.invalid:6060", f"http://127.0.0.1:{port}")
            with build_opener(ProxyHandler({})).open(there, timeout=20) as answer:
                content = answer.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Proxy) as proxy:
        variables = {"HTTP_PROXY": f"http://127.0.0.1:{proxy}", "NO_PROXY": ""}
        through = once("http://app.invalid:6060", **variables)
        assert goroutines(through) > 20
        assert asked
        assert all(url.startswith("http://app.invalid:6060/debug/pprof/") for url in asked)
        count = len(asked)
        assert goroutines(once(f"localhost:{port}", **variables)) > 20
        assert len(asked) == count
    unusable = goscope("http://app.invalid:6060", HTTP_PROXY="socks9://u:s3cret@127.0.0.1:1")
    assert unusable.returncode == 4
    assert "the proxy of the environment cannot be used" in only_line(unusable.stderr)
    assert "s3cret" not in unusable.stderr
    refuses = goscope("http://app.invalid:6060", HTTP_PROXY="http://u:s3cret@127.0.0.1:1")
    assert refuses.returncode == 4
    assert "the proxy http://127.0.0.1:1 of the environment" in only_line(refuses.stderr)
    assert "NO_PROXY=app.invalid" in refuses.stderr


def test_a_proxy_that_does_not_reach_the_program() -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(502)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Proxy) as proxy:
        done = goscope("http://app.invalid:6060", HTTP_PROXY=f"http://127.0.0.1:{proxy}")
    assert done.returncode == 4
    assert f"asked through the proxy http://127.0.0.1:{proxy}" in only_line(done.stderr)
