"""The options of live programs, and the progress that is shown while they answer."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.duration_options import seconds
from goscope.cli.messages import print_error, print_note
from goscope.errors import GoscopeError, InputError, UsageError

if TYPE_CHECKING:
    from goscope.sources.live.pages import HttpAccess, ProfilePage, SnapshotPlan

IntervalOption = Annotated[str, typer.Option(help="Time between snapshots: 500ms, 2s, 1m.")]
#: Longer ones would fill the memory of most machines.
_LONGEST_TRACE_S = 600.0
_SIZES = {"": 0, "k": 10, "m": 20, "g": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """The options of every command that reads live programs: access to them, and limits of their load."""

    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Take dumps from programs with more than 5,000 goroutines too; each stops the program "
            "for about 25 µs per goroutine.",
        ),
    ] = False
    headers: Annotated[
        list[str] | None, typer.Option("--header", help="'Name: value', for every request.")
    ] = None
    ca: Annotated[Path | None, typer.Option(help="Certificate of the CA to trust.")] = None
    insecure: Annotated[bool, typer.Option("--insecure", help="Trust any certificate.")] = False
    certificate: Annotated[Path | None, typer.Option("--cert", help="Client certificate.")] = None
    key: Annotated[Path | None, typer.Option("--key", help="Key of the client certificate.")] = None
    timeout: Annotated[str, typer.Option(help="Longest time without a byte.")] = "30s"
    most_bytes: Annotated[str, typer.Option("--max-body", help="Longest answer.")] = "256MiB"

    def live(
        self,
        *,
        snapshots: int = 1,
        interval: str = "2s",
        leak_profile: bool = False,
        trace: str = "0s",
        save: Path | None = None,
        quiet: bool = False,
    ) -> LivePrograms:
        """The options with their values parsed and checked.

        Raises:
            UsageError: one is wrong.
        """
        from goscope.sources.live.pages import HttpAccess, SnapshotPlan

        if save is not None and save.is_dir() and any(save.iterdir()):
            raise UsageError(
                f"--save {save}: the folder is not empty; what is in it would be mixed up"
            )
        access = HttpAccess(
            headers=tuple(_header(text) for text in self.headers or ()),
            ca=self.ca,
            insecure=self.insecure,
            certificate=self.certificate,
            key=self.key,
            timeout=max(seconds(self.timeout, "--timeout"), 0.001),
            most_bytes=_bytes(self.most_bytes),
        )
        plan = SnapshotPlan(
            snapshots=snapshots,
            interval=seconds(interval, "--interval"),
            full=self.full,
            leak_profile=leak_profile,
            trace_seconds=_trace_seconds(trace),
        )
        return LivePrograms(access, plan, save, quiet)


@dataclass(frozen=True, slots=True)
class LivePrograms:
    """How live programs are read: access, what is taken, where it is saved; whether to be quiet about it."""

    access: HttpAccess
    plan: SnapshotPlan
    save: Path | None
    quiet: bool

    @contextmanager
    def pages(self, addresses: Sequence[str]) -> Iterator[Iterator[ProfilePage | GoscopeError]]:
        """The pages of these programs, in a ``with`` statement that ends the display of progress."""
        if not addresses:
            yield iter(())
            return
        from goscope.sources.live.program_pages import pages_of_all

        with self._progress() as report:
            yield self._warned(
                pages_of_all(addresses, self.access, self.plan, report=report, folder=self.save)
            )

    def _warned(
        self, pages: Iterator[ProfilePage | GoscopeError]
    ) -> Iterator[ProfilePage | GoscopeError]:
        """The same pages; warns of those that Go itself cut, which is no failure."""
        for page in pages:
            yield page
            if not isinstance(page, GoscopeError) and page.by_go and not self.quiet:
                print_error(InputError(f"{page.name}: {page.problem}"))

    @contextmanager
    def _progress(self) -> Iterator[Callable[[str], None]]:
        """A function that shows progress: in one changing line on a terminal, line by line elsewhere."""
        from goscope.renderers.safe_text import safe

        if self.quiet:
            yield lambda text: None
        elif not sys.stderr.isatty():
            yield lambda text: print_note(f"goscope: {safe(text)}\n")
        else:
            from rich.console import Console
            from rich.text import Text

            console = Console(stderr=True, highlight=False, emoji=False, markup=False)
            with console.status(Text("asking the program ...")) as status:

                def report(text: str) -> None:
                    if "instead of dumps" in text or "tracing for" in text:  # these lines stay
                        console.print(Text(f"goscope: {safe(text)}"))
                    else:
                        status.update(Text(safe(text)))

                yield report


def _trace_seconds(text: str) -> float:
    lasts = seconds(text, "--trace")
    if lasts > _LONGEST_TRACE_S:
        raise UsageError(
            f"a trace of {text} is too long; take at most {_LONGEST_TRACE_S:g} seconds"
        )
    return lasts


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
        # It may hold a secret in the wrong place, so it is not repeated.
        raise UsageError("--header: not a header; write it like 'Name: value'")
    if name.strip().lower() in ("content-length", "transfer-encoding"):
        raise UsageError(f"--header {name.strip()}: goscope only asks, and sends no content")
    if not value.strip().isprintable():
        raise UsageError(
            f"--header {name.strip()}: the value holds characters that no header may hold"
        )
    return name.strip(), value.strip()


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9})\s*([kmg]?)(?:i?b)?", text.lower())
    if found is None or not int(found[1]):
        raise UsageError(f"--max-body {text}: not a size; write it like 256MiB")
    return int(found[1]) << _SIZES[found[2]]
