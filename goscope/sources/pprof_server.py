"""The pprof pages of a live program (net/http/pprof): finding them, and fetching them with care.

Only this module speaks HTTP. Credentials, in the address or in headers, never appear in a name or in a
message. What had arrived before an answer broke off is kept, with the reason.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import httpx

from goscope.credentials import without_credentials
from goscope.errors import InputError, UsageError
from goscope.sources.pages import Access, Page

ROOT = "/debug/pprof/"
#: How often a refused connection is tried again, and how long to wait before.
_AGAIN_AFTER = (0.1, 0.4)
_MOST_REDIRECTS = 5
#: The index page names every profile with its count (net/http/pprof: Index; attributes vary by version).
_COUNT = re.compile(
    rb"<td[^>]*>\s*([0-9]+)\s*(?:</td>)?\s*<td>\s*<a href=['\"]?([A-Za-z0-9_.-]+)\?debug=1"
)


class PprofServer:
    """The pprof pages of one program; use it in a ``with`` statement.

    Raises:
        UsageError: the address cannot be understood.
        InputError: it cannot be reached, refuses, or serves no pprof pages; the message says what to do.
    """

    def __init__(
        self, address: str, access: Access, *, sleep: Callable[[float], None] = time.sleep
    ):
        if "://" not in address:
            address = "http://" + address
        parts = urlsplit(address)
        try:
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{without_credentials(address)}: not an address: {error}") from error
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
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        if self._socket is None:
            self._origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
            self.name = self._origin
        else:
            self._origin, self.name = "http://localhost", f"unix://{self._socket}"
        self._asked = "/" if self._socket is not None else parts.path or "/"
        self._root = ROOT
        #: The profiles that the index page lists, with their counts; empty if there is no index page.
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Self:
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
        """What tells the program from others: host and port, and the path if its pages are below one."""
        prefix = self._root.removesuffix(ROOT) if self._root.endswith(ROOT) else self._root
        return self.name.removeprefix("http://").removeprefix("https://") + prefix

    def count_again(self) -> None:
        """Look at the index page once more: the program may have grown. The old counts stay without one."""
        status, content, _ = self._get(self._root)
        counts = _counts(content)
        if status == 200 and "goroutine" in counts:
            self.counts = counts

    def fetch(self, profile: str, query: str) -> Page:
        """A profile's page, such as ``fetch("goroutine", "debug=2")``; as much of it as arrived."""
        status, content, problem = self._get(self._root + profile + "?" + query)
        if not content and problem is not None:
            raise InputError(f"{self.name}{self._root}{profile}: {problem}")
        if status != 200:
            raise InputError(f"{self.name}{self._root}{profile}: {_refusal(status, content)}")
        return Page(f"{self.name}{self._root}{profile}?{query}", content, problem)

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
            total = re.match(rb"goroutine profile: total ([0-9]+)\n", content)
            if status == 200 and total:
                self._root, self.counts = root, {"goroutine": int(total[1])}
                return
        status, content, problem = answers[0]
        raise InputError(f"{self.name}: {problem or _refusal(status, content)}")

    # ---- one request ------------------------------------------------------------------------------

    def _connected(self) -> httpx.Client:
        access = self._access
        return httpx.Client(
            base_url=self._origin,
            headers=[*access.headers, ("User-Agent", "goscope")],
            auth=self._user or _netrc(),
            verify=self._trust(),
            timeout=access.timeout,
            follow_redirects=False,
            transport=httpx.HTTPTransport(uds=self._socket) if self._socket else None,
        )

    def _trust(self) -> ssl.SSLContext:
        access = self._access
        try:
            context = ssl.create_default_context(cafile=access.ca)
            if access.certificate is not None:
                context.load_cert_chain(access.certificate, access.key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(p) for p in (access.ca, access.certificate, access.key) if p)
            raise UsageError(f"{files}: not a usable certificate: {error}") from error
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _get(self, path: str, most: int | None = None) -> tuple[int, bytes, str | None]:
        """Status, body, and why the body is not whole."""
        most = most or self._access.most_bytes
        for _ in range(_MOST_REDIRECTS):
            with self._answer(path) as response:
                target = response.headers.get("location")
                if not response.is_redirect or not target:
                    return response.status_code, *self._body(response, most)
                there = response.url.join(target)
                if there.host != response.url.host:
                    return (
                        0,
                        b"",
                        (
                            f"redirects to another host ({there.host}): a login page? "
                            "give the address of the program itself, or credentials with --header"
                        ),
                    )
                path = there.raw_path.decode("ascii", "replace")
                if there.scheme != response.url.scheme or there.port != response.url.port:
                    path = str(there)
        return 0, b"", "redirects in a circle"

    @contextmanager
    def _answer(self, path: str) -> Iterator[httpx.Response]:
        for wait in (*_AGAIN_AFTER, None):
            try:
                request = self._client.build_request("GET", path)
                response = self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if wait is None or "certificate" in str(error).lower():
                    raise InputError(f"{self.name}: {_unreachable(error)}") from None
                self._sleep(wait)
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
        try:
            for piece in response.iter_bytes():  # with a size, what is short of it would be lost
                pieces.append(piece[: most - size])
                size += len(pieces[-1])
                if size >= most:
                    what = f"the answer is longer than {most >> 20} MiB; --max-body allows more"
                    return b"".join(pieces), what
        except httpx.TimeoutException:
            waited = f"{self._access.timeout:g} s"
            return b"".join(pieces), f"the answer stopped after {size} bytes, for {waited}"
        except httpx.DecodingError:
            return b"".join(pieces), f"the compressed answer is damaged after {size} bytes"
        except httpx.HTTPError:
            return b"".join(
                pieces
            ), f"the answer broke off after {size} bytes: did the program end?"
        return b"".join(pieces), None


def _counts(index: bytes) -> dict[str, int]:
    """The profiles that an index page lists, with their counts."""
    return {word.decode(): int(count) for count, word in _COUNT.findall(index)}


def _netrc() -> httpx.NetRCAuth | None:
    """Credentials of ~/.netrc, if there is one."""
    try:
        return httpx.NetRCAuth()
    except (OSError, SyntaxError):
        return None


def _unreachable(error: Exception) -> str:
    """Why a program could not be asked, and what to do."""
    text = str(error).lower()
    if "certificate" in text:
        return "its certificate is not trusted; give the CA's with --ca FILE, or --insecure to go on anyway"
    if "wrong_version_number" in text or "wrong version number" in text or "record layer" in text:
        return "it does not speak TLS; use http:// instead of https://"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time; is the program stopped or very busy? --timeout waits longer"
    if isinstance(error, httpx.ConnectError):
        if "refused" in text:
            return (
                "connection refused; is the program running, and does it serve pprof on this port?"
            )
        return f"cannot be reached ({without_credentials(str(error))})"
    if isinstance(error, httpx.RemoteProtocolError):
        return "it does not speak HTTP, or hung up; is this the port of the pprof pages?"
    return f"cannot be read ({without_credentials(str(error)) or type(error).__name__})"


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
