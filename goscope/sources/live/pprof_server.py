"""The pprof pages of a live program (net/http/pprof): finding them, and fetching them with care.

Only this module speaks HTTP. Credentials, in the address or in headers, never appear in a name or in a
message. What had arrived before an answer broke off is kept, with the reason.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from netrc import NetrcParseError
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from goscope.errors import InputError, UsageError
from goscope.redaction import without_credentials
from goscope.sources.files.compressed import UnreadableData
from goscope.sources.live.packed_answers import unpacked_answer
from goscope.sources.live.pages import HttpAccess, ProfilePage

ROOT = "/debug/pprof/"
#: How often a refused connection is tried again, and how long to wait before.
_AGAIN_AFTER = (0.1, 0.4)
_MOST_REDIRECTS = 5
#: The index page names every profile with its count (net/http/pprof: Index; attributes vary by version).
_COUNT = re.compile(
    rb"<td[^>]*>\s*([0-9]{1,12})\s*(?:</td>)?\s*<td>\s*<a href=['\"]?([A-Za-z0-9_.-]+)\?debug=1"
)


class PprofServer:
    """The pprof pages of one program; use it in a ``with`` statement.

    Raises:
        UsageError: the address cannot be understood.
        InputError: it cannot be reached, refuses, or serves no pprof pages; the message says what to do.
    """

    def __init__(
        self, address: str, access: HttpAccess, *, sleep: Callable[[float], None] = time.sleep
    ):
        if "://" not in address:
            address = "http://" + address
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{without_credentials(address)}: not an address: {error}") from error
        if parts.scheme == "file":
            raise UsageError(f"{address}: give the file by its path: {unquote(parts.path)}")
        if parts.scheme not in ("http", "https", "unix") or not (parts.netloc or parts.path):
            raise UsageError(
                f"{without_credentials(address)}: not an address that goscope can read; "
                "use http://host:port, https://host:port, host:port or unix:///path/to/socket"
            )
        self._access = access
        self._sleep = sleep
        self._socket = parts.path if parts.scheme == "unix" else None
        self._user = (
            (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        )
        self._host = parts.hostname or ""
        host = f"[{self._host}]" if ":" in self._host else self._host
        if self._socket is None:
            self._origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
            self.name = self._origin
        else:
            self._origin, self.name = "http://localhost", f"unix://{self._socket}"
        self._proxy = None if self._socket is not None else _proxy_for(parts.scheme, self._host)
        self._asked = "/" if self._socket is not None else parts.path or "/"
        self._root = ROOT
        #: The profiles that the index page lists, with their counts; empty if there is no index page.
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        if self._socket is not None:
            self._try_socket(self._socket)
        self._client = self._connected()
        try:
            self._find_root()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    @property
    def label(self) -> str:
        """The name of the program: host and port, and the path if its pages are below one."""
        prefix = self._root.removesuffix(ROOT) if self._root.endswith(ROOT) else self._root
        return self.name.removeprefix("http://").removeprefix("https://") + prefix

    def count_again(self) -> None:
        """Look at the index page once more: the program may have grown. The old counts stay without one."""
        status, content, _ = self._get(self._root)
        counts = _counts(content)
        if status == 200 and "goroutine" in counts:
            self.counts = counts

    def fetch(self, profile: str, query: str, *, patience: float = 0.0) -> ProfilePage:
        """A profile's page, such as ``fetch("goroutine", "debug=2")``; as much of it as arrived.

        ``patience`` is how many seconds longer than usual the program may be silent.
        """
        path = self._root + profile + "?" + query
        status, content, problem = self._get(path, patience=patience)
        if not content and problem is not None:
            raise InputError(f"{self.name}{self._root}{profile}: {problem}")
        if status != 200:
            why = _refusal_to_record(status, content) if profile == "trace" else None
            raise InputError(
                f"{self.name}{self._root}{profile}: {why or _refusal(status, content)}"
            )
        return ProfilePage(f"{self.name}{self._root}{profile}?{query}", content, problem)

    # ---- finding the pages ------------------------------------------------------------------------

    def _find_root(self) -> None:
        before, found, _ = self._asked.partition(ROOT.rstrip("/"))
        path = self._asked.rstrip("/")
        roots = [before + ROOT] if found else [path + ROOT, path + "/"]
        answers = []
        for root in dict.fromkeys(roots):
            status, content, problem = self._get(root)
            counts = _counts(content)
            if status == 200 and "goroutine" in counts:
                self._root, self.counts = root, counts
                return
            answers.append((status, content, problem))
        # A program may serve single profiles and no index page.
        for root in dict.fromkeys(roots):
            status, content, _ = self._get(root + "goroutine?debug=1", most=1 << 16)
            total = re.match(rb"goroutine profile: total ([0-9]{1,12})\n", content)
            if status == 200 and total:
                self._root, self.counts = root, {"goroutine": int(total[1])}
                return
        status, content, problem = answers[0]
        through = ""
        if self._proxy is not None and status >= 400:
            through = (
                f"; asked through the proxy {self._proxy}, NO_PROXY={self._host} goes without it"
            )
        raise InputError(f"{self.name}: {problem or _refusal(status, content)}{through}")

    # ---- one request ------------------------------------------------------------------------------

    def _connected(self) -> httpx.Client:
        access = self._access
        headers = [(name.encode(), value.encode()) for name, value in access.headers]
        trust = self._trust()
        try:
            return httpx.Client(
                base_url=self._origin,
                headers=[(b"User-Agent", b"goscope"), (b"Accept-Encoding", b"gzip"), *headers],
                auth=self._user or _netrc(),
                verify=trust,
                timeout=access.timeout,
                follow_redirects=False,
                transport=httpx.HTTPTransport(uds=self._socket) if self._socket else None,
                trust_env=not _is_loopback(self._host),  # as Go does, no proxy for the own machine
            )
        except httpx.InvalidURL as error:
            raise UsageError(f"{self.name}: not an address: {error}") from None
        except (ImportError, ValueError) as error:  # no support for SOCKS, for one
            reason = without_credentials(str(error).partition(".")[0])
            raise UsageError(f"the proxy of the environment cannot be used: {reason}") from None

    def _try_socket(self, path: str) -> None:
        """Check that the socket accepts connections; httpcore leaks a socket that it cannot connect."""
        if not hasattr(socket, "AF_UNIX"):
            raise UsageError(f"{self.name}: this system's Python knows no such sockets")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(self._access.timeout)
            try:
                probe.connect(path)
            except OSError as error:
                raise InputError(f"{self.name}: cannot be reached ({_reason(error)})") from None

    def _trust(self) -> ssl.SSLContext:
        access = self._access
        try:
            context = ssl.create_default_context(cafile=access.ca)
            if access.certificate is not None:
                context.load_cert_chain(access.certificate, access.key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(p) for p in (access.ca, access.certificate, access.key) if p)
            raise UsageError(f"{files}: not a usable certificate: {_reason(error)}") from error
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _get(
        self, path: str, most: int | None = None, patience: float = 0.0
    ) -> tuple[int, bytes, str | None]:
        """Status, body, and why the body is not whole."""
        most = most or self._access.most_bytes
        own = True
        for _ in range(_MOST_REDIRECTS):
            with self._answer(path, own=own, patience=patience) as response:
                target = response.headers.get("location")
                if not response.is_redirect or not target:
                    return response.status_code, *self._body(response, most)
                try:
                    there = response.url.join(target)
                except httpx.InvalidURL:
                    return 0, b"", "redirects to what is no address; another program?"
                if there.host != response.url.host:
                    what = (
                        f"redirects to another host ({there.host}): a login page? "
                        "give the address of the program itself, or credentials with --header"
                    )
                    return 0, b"", what
                own = own and _may_know(response.url, there)
                path = str(there)
        return 0, b"", "redirects in a circle"

    @contextmanager
    def _answer(self, path: str, *, own: bool, patience: float) -> Iterator[httpx.Response]:
        """The answer to a request, with credentials unless it is for something else on the same host."""
        for wait in (*_AGAIN_AFTER, None):
            try:
                wait_for = self._access.timeout + patience
                request = self._client.build_request("GET", path, timeout=wait_for)
                if own:
                    response = self._client.send(request, stream=True)
                else:
                    for name, _ in self._access.headers:
                        request.headers.pop(name, None)
                    response = self._client.send(request, stream=True, auth=None)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if wait is None or "certificate" in str(error).lower():
                    why = _unreachable(error)
                    if self._proxy is not None and "certificate" not in str(error).lower():
                        why = (
                            f"the proxy {self._proxy} of the environment cannot be reached "
                            f"({_reason(error)}); NO_PROXY={self._host} goes without it"
                        )
                    raise InputError(f"{self.name}: {why}") from None
                self._sleep(wait)
            except UnicodeError:
                raise UsageError(f"{self.name}: not an address: no host has such a name") from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise InputError(f"{self.name}: {_unreachable(error)}") from None
            else:
                break
        try:
            yield response
        finally:
            response.close()

    def _body(self, response: httpx.Response, most: int) -> tuple[bytes, str | None]:
        pieces: list[bytes] = []
        size = 0
        ends: list[str] = []
        packing = response.headers.get("content-encoding", "")
        try:
            for piece in unpacked_answer(self._arriving(response, ends), packing):
                pieces.append(piece[: most - size])
                size += len(pieces[-1])
                if size >= most:
                    what = f"the answer is longer than {most >> 20} MiB; --max-body allows more"
                    return b"".join(pieces), what
        except UnreadableData as error:
            if not ends:
                return b"".join(pieces), str(error).format(size)
        return b"".join(pieces), ends[0].format(size) if ends else None

    def _arriving(self, response: httpx.Response, ends: list[str]) -> Iterator[bytes]:
        """The bytes as they come; why they end early goes to ``ends``."""
        try:
            yield from response.iter_raw()  # with a size, what is short of it would be lost
        except httpx.TimeoutException:
            ends.append(f"the answer stopped after {{}} bytes, for {self._access.timeout:g} s")
        except httpx.HTTPError:
            ends.append("the answer broke off after {} bytes: did the program end?")


def _counts(index: bytes) -> dict[str, int]:
    """The profiles that an index page lists, with their counts."""
    return {word.decode(): int(count) for count, word in _COUNT.findall(index)}


def _netrc() -> httpx.NetRCAuth | None:
    """Credentials of ~/.netrc or of the file that NETRC names, if it can be used."""
    try:
        return httpx.NetRCAuth(os.environ.get("NETRC") or None)
    except (OSError, NetrcParseError, UnicodeError):
        return None


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name (net/http: useProxy)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost") or host.endswith(".localhost")


def _proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a host, as httpx takes it, without credentials."""
    if _is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return without_credentials(proxy) if proxy else None


def _may_know(asked: httpx.URL, there: httpx.URL) -> bool:
    """Whether credentials for one address may be sent to another one of the same host."""
    ports = {"http": 80, "https": 443}
    same_port = (asked.port or ports.get(asked.scheme)) == (there.port or ports.get(there.scheme))
    return (asked.scheme == there.scheme and same_port) or (asked.scheme, there.scheme) == (
        "http",
        "https",
    )


def _unreachable(error: Exception) -> str:
    """Why a request failed, and what to do."""
    text = str(error).lower()
    if "alert" in text and "certificate" in text:
        return "it wants a certificate of the client; give it with --cert FILE and --key FILE"
    if "certificate" in text:
        why = _reason(error).partition("verify failed: ")[2] or "not trusted"
        return (
            f"its certificate cannot be trusted ({why}); give the CA's with --ca FILE, or --insecure "
            "to go on anyway"
        )
    if "wrong_version_number" in text or "wrong version number" in text or "record layer" in text:
        return "it does not speak TLS; use http:// instead of https://"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time; is the program stopped or very busy? --timeout waits longer"
    if isinstance(error, httpx.ConnectError):
        if "refused" in text:
            return (
                "connection refused; is the program running, and does it serve pprof on this port?"
            )
        return f"cannot be reached ({_reason(error)})"
    if isinstance(error, httpx.RemoteProtocolError):
        return "it does not speak HTTP, or hung up; is this the port of the pprof pages?"
    return f"cannot be read ({_reason(error)})"


def _reason(error: Exception) -> str:
    """What the libraries below say, without numbers and credentials."""
    text = re.sub(r"\[(?:Errno )?[-A-Z0-9_: ]*\] ?|\(_ssl\.c:[0-9]+\)", "", str(error)).strip()
    return without_credentials(text).lower() or type(error).__name__


def _refusal_to_record(status: int, content: bytes) -> str | None:
    """Why net/http/pprof does not take a trace, and what to do; None if it is something else."""
    said = content[:400].decode("utf-8", "replace").strip()
    if status == 404:
        return "it serves no execution traces (HTTP 404); net/http/pprof has them as pprof.Trace"
    if status == 400 and "WriteTimeout" in said:
        return "its server ends answers earlier (WriteTimeout); take a shorter trace with --seconds"
    if status == 500 and "trac" in said:
        return f"it cannot trace now ({' '.join(said.split())}); is somebody else taking a trace?"
    return None


def _refusal(status: int, content: bytes) -> str:
    """What an answer that is no profile means, and what to do."""
    head = content[:4096].lstrip().lower()
    if status in (401, 403, 407):
        return (
            f"it asks for credentials (HTTP {status}); put them into the address, ~/.netrc or "
            "--header 'Authorization: ...'"
        )
    if status == 400 and b"https server" in head:
        return "it speaks HTTPS; use https:// instead of http://"
    if status == 404:
        return (
            'no pprof pages there (HTTP 404); the program needs import _ "net/http/pprof", '
            "or give the path under which it serves them"
        )
    if status == 200 and head.startswith((b"<!doctype html", b"<html")):
        return (
            "it answers with a web page that is no pprof index; a login page, or another program?"
        )
    if status == 200:
        return "it answers, but not as Go's pprof does; is this the port of the pprof pages?"
    return f"HTTP {status}; is this the port of the pprof pages?"
