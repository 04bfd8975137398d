"""Where a source file is to be found for who reads a report: in a browser, an editor, a repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from goscope.errors import UsageError
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_standard_library

# Editors register schemes of their own; these are the ones that must never become a link.
_EXECUTES = frozenset({"javascript", "data", "vbscript", "blob", "about", "file"})
_FIELD = re.compile(r"\{(\w*)\}")
# The module cache and GOROOT are no part of the repository that a web address shows.
_NOT_IN_REPOSITORY = re.compile(r"/pkg/mod/|@v[0-9]+\.|/go/src/|^\$GOROOT|^<")


@dataclass(frozen=True, slots=True)
class SourceLinks:
    """Makes links of places.

    ``template`` is a URL with ``{file}`` and perhaps ``{line}``, as ``https://host/repo/{file}#L{line}``
    or ``vscode://file/{file}:{line}``. ``root`` is what file names start with that the repository does
    not have, as ``/build/app``.
    """

    template: str | None = None
    root: str | None = None

    def url(self, site: Site) -> str | None:
        """The address of a place; None without a template, or where the template cannot know it."""
        if self.template is None or site.file is None:
            return None
        web = self.template.lower().startswith(("http:", "https:"))
        if web and self._foreign(site):
            return None
        path = quote((self.relative(site.file) if web else site.file).replace("\\", "/"), safe="/:")
        before = self.template.partition("{file}")[0]
        if before.endswith("/"):
            path = path.lstrip("/")
        words = {"file": path, "line": str(site.line or 1)}
        return _FIELD.sub(lambda field: words[field.group(1)], self.template)

    def relative(self, file: str) -> str:
        """The file as the repository names it, with forward slashes."""
        file = file.replace("\\", "/")
        root = (self.root or "").replace("\\", "/").rstrip("/")
        return file.removeprefix(root + "/") if root else file

    def _foreign(self, site: Site) -> bool:
        if site.function and is_standard_library(site.function):
            return True
        return _NOT_IN_REPOSITORY.search(site.file or "") is not None


NO_LINKS = SourceLinks()


def file_uri(file: str) -> str:
    """A file name as a URI: relative as it is, absolute with the scheme ``file``."""
    path = quote(file.replace("\\", "/"), safe="/")
    if re.match(r"[A-Za-z]%3A/", path):
        return "file:///" + path.replace("%3A", ":", 1)
    return "file://" + path if path.startswith("/") else path


def source_links(template: str | None, root: str | None = None) -> SourceLinks:
    """Links by a template of the user; raises :class:`UsageError` if it is none."""
    if template is None:
        return SourceLinks(None, root)

    def refused(why: str) -> UsageError:
        return UsageError(
            f"--source-url: {why}; write it like 'https://example.com/repository/{{file}}#L{{line}}'"
        )

    if "{file}" not in template:
        raise refused("{file} is missing")
    if unknown := [name for name in _FIELD.findall(template) if name not in ("file", "line")]:
        raise refused(f"{{{unknown[0]}}} is not known, only {{file}} and {{line}} are")
    try:
        parts = urlsplit(template)
    except ValueError:
        raise refused("not a URL") from None
    if not parts.scheme or parts.scheme in _EXECUTES:
        raise refused("not a URL of a web page or an editor")
    if "@" in parts.netloc:
        raise refused("a user name or password in a URL would be in the report")
    return SourceLinks(template, root)
