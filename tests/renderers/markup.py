"""Reads a page as a browser would not: strictly. An element that is not closed, is an error."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset({"wbr", "meta", "br", "input", "link", "img", "hr"})


class Markup(HTMLParser):
    """The elements of a page, its text and the texts of its scripts."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        assert page.startswith("<!DOCTYPE html>\n")
        self.feed(page)
        self.close()
        self.problems += [f"{tag} is not closed" for tag in self._open]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def values(self, attribute: str) -> list[str]:
        return [found[attribute] for _, found in self.elements if attribute in found]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if len(found) < len(attrs):
            self.problems.append(f"an attribute of {tag} stands twice")
        self.elements.append((tag, found))
        if tag == "script":
            self.scripts.append((found, ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            found, text = self.scripts[-1]
            self.scripts[-1] = (found, text + data)
        elif not self._open or self._open[-1] != "style":
            self.words.append(data)
