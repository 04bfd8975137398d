"""Inputs as the user names them: files, directories, patterns and standard input.

:mod:`goscope.sources.files.input_streams` unpacks and decodes what is in them;
:mod:`goscope.sources.files.snapshot_order` puts the files of a directory or a pattern in order.
"""

from __future__ import annotations

import glob
import io
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from goscope.errors import InputError, UsageError, reason_of, unreadable
from goscope.redaction import without_credentials
from goscope.sources.files.compressed import CHUNK
from goscope.sources.files.input_streams import InputStream, refused, streams_of
from goscope.sources.files.snapshot_order import in_order

__all__ = ["CHUNK", "Source", "sources_of"]

_GLOB = "*?["
_LONGEST_NAME = 255  # no system allows a longer one; what is longer, or of several lines, is a text
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Source:
    """An input: its name as the user gave it, and where its bytes are. ``path`` None is stdin.

    ``named`` is False for a file that was found in a directory: nobody asked for it in particular, so
    it is no failure if it is of another kind. ``refusal`` says why it is not even opened.
    """

    name: str
    path: Path | None
    named: bool = True
    refusal: str | None = None

    def streams(self, arrived: Callable[[], None] = lambda: None) -> Iterator[InputStream]:
        """The texts in it: one, or all of an archive. Read each one before taking the next.

        ``arrived`` is called when bytes or the end arrive: reading a pipe may block.

        Raises:
            InputError: it cannot be read; the texts before are good.
        """
        if self.refusal is not None:
            yield refused(self.name, self.refusal)
        elif self.path is None:
            _refuse_endless(self.name, sys.stdin.buffer)
            yield from streams_of(
                self.name, sys.stdin.buffer, None, named=self.named, arrived=arrived
            )
        else:
            try:
                file = self.path.open("rb")
            except OSError as error:
                raise unreadable(self.name, error) from error
            with file:
                _refuse_endless(self.name, file)
                yield from streams_of(self.name, file, self.path, named=self.named, arrived=arrived)


def sources_of(arguments: Sequence[str]) -> tuple[list[Source], list[InputError]]:
    """The inputs that the arguments name, in their order, and those that are not there.

    A directory stands for the files in it and below, a pattern for what it matches, both in the order of
    snapshots. ``-`` is standard input. A file that several arguments name counts once.

    Raises:
        UsageError: standard input is named twice.
    """
    found: list[Source] = []
    missing: list[InputError] = []
    seen: dict[tuple[int, int], str] = {}
    for argument in arguments:
        if argument == "-":
            if any(source.path is None for source in found):
                raise UsageError("standard input (-) can be read only once")
            found.append(Source("stdin", None))
            continue
        trouble = _trouble(argument)
        if trouble is not None and "://" in argument:
            url = without_credentials(argument)
            why = "live programs are read by goscope analyze, watch and diff; or save the dump to a file"
            missing.append(InputError(f"{url}: {why}"))
            continue
        if trouble is None and Path(argument).is_dir():
            sources, unreadable = _in_directory(Path(argument))
            if not sources and not unreadable:
                missing.append(InputError(f"{argument}: the directory holds no files"))
            missing += unreadable
        elif trouble is None:
            sources = [Source(_readable(argument), Path(argument))]
        elif any(mark in argument for mark in _GLOB) and "\n" not in argument:
            sources = _matching(argument)
            if not sources:
                missing.append(InputError(f"{argument}: no file matches"))
        else:
            missing.append(_not_there(argument, trouble))
            continue
        found += [_once(source, seen) for source in sources]
    return found, missing


def _trouble(argument: str) -> str | None:
    """Why nothing of this name can be opened; None if it can."""
    try:
        Path(argument).stat()
    except (OSError, ValueError) as error:
        return reason_of(error)
    # Path("") would be the working directory: goscope "$LOG" with LOG unset.
    return None if argument else "no such file or directory"


def _not_there(argument: str, trouble: str) -> InputError:
    shown = argument if argument.strip() else repr(argument)
    if "\n" in argument or len(argument.rpartition("/")[2]) > _LONGEST_NAME:
        shown = argument.strip().partition("\n")[0][:_SHOWN] + "..."
    if "\n" in argument:
        trouble = "this is a text, not the name of a file; pipe it in, or save it and give the file"
    elif re.fullmatch(r":[0-9]{1,5}", argument):  # as Go programs write where they listen
        trouble += f"; is a live program meant? write localhost{argument}"
    return InputError(f"{shown}: {trouble}")


def _in_directory(root: Path) -> tuple[list[Source], list[InputError]]:
    """The files in a directory and below, and the directories that cannot be looked into.

    Hidden ones are left out, and links to directories are not followed, so none leads in a circle.
    """
    errors: list[InputError] = []
    paths: list[Path] = []
    folders = [str(root)]
    while folders:  # os.walk calls itself for each level, and a tree may be a thousand deep
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                seen = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            errors.append(unreadable(_short(folder), error))
            continue
        folders += [entry.path for entry in seen if entry.is_dir(follow_symlinks=False)]
        paths += [Path(entry.path) for entry in seen if not _leads_to_folder(entry)]
    return [
        Source(_readable(str(path)), path, False, _no_file(path)) for path in _ordered(paths)
    ], errors


def _readable(name: str) -> str:
    """A name with escapes for bytes that are no UTF-8, which pandas and files of tables do not hold."""
    lone = "surrogateescape" if os.name == "posix" else "surrogatepass"
    return name.encode("utf-8", lone).decode("utf-8", "backslashreplace")


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, a name that has become too long
        return False


def _short(path: str) -> str:
    """The beginning and the end of a path that is too long to be read."""
    return path if len(path) <= _LONGEST_NAME else f"{path[:_SHOWN]}...{path[-_SHOWN:]}"


def _matching(pattern: str) -> list[Source]:
    """What a pattern matches; with ``**`` it names the files below a directory itself."""
    names = glob.glob(pattern, recursive=True)
    files = [Path(name) for name in names if not Path(name).is_dir()]
    sources = [Source(_readable(str(path)), path, True, _no_file(path)) for path in _ordered(files)]
    if "**" not in pattern:
        for folder in _ordered([Path(name) for name in names if Path(name).is_dir()]):
            sources += _in_directory(folder)[0]
    return sources


def _ordered(paths: Sequence[Path]) -> list[Path]:
    return in_order(paths, Path.as_posix, _changed)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _no_file(path: Path) -> str | None:
    """Why a file that was found is not opened; None if it can be. A named pipe would be waited for."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"a link to nothing ({reason_of(error)})"
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return None if stat.S_ISREG(mode) else kinds.get(stat.S_IFMT(mode), "a device")


def _refuse_endless(name: str, file: BinaryIO) -> None:
    """Refuse ``/dev/zero`` and the like; a file that starts with zeros may be a log, truncated.

    Raises:
        InputError: it is one.
    """
    try:
        device = stat.S_ISCHR(os.fstat(file.fileno()).st_mode) and not file.isatty()
    except (OSError, ValueError):  # no file of the system
        return
    if device and isinstance(file, io.BufferedReader) and file.peek(1)[:1] == b"\0":
        raise InputError(f"{name}: a device that gives zeros without end")


def _once(source: Source, seen: dict[tuple[int, int], str]) -> Source:
    """The source, refused if an earlier one is the same file, by whatever name."""
    if source.path is None or source.refusal is not None:
        return source
    try:
        found = source.path.stat()
    except OSError:
        return source
    file = (found.st_dev, found.st_ino)
    if not stat.S_ISREG(found.st_mode) or not found.st_ino:
        return source
    if file in seen:
        return replace(
            source, named=False, refusal=f"the same file as {seen[file]}; it counts once"
        )
    seen[file] = source.name
    return source
