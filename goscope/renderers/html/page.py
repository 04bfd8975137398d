"""Puts the page together: sections, styles, scripts, figures, and the policy that nothing else may run."""

from __future__ import annotations

import functools
from itertools import takewhile
from pathlib import Path

from goscope import __version__
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.discovery import modules_of
from goscope.renderers.html.plotly_library import library, sha256
from goscope.renderers.html.section import ReportPage, Section, data_block, environment
from goscope.renderers.plain_words import headline, not_judged

_HERE = Path(__file__).parent
_ASSETS = _HERE / "assets"
_SCRIPTS = (
    "page.js",
    "charts.js",
    "timeline.js",
    "goroutines.js",
    "trace.js",
    "start.js",
)


@functools.cache
def sections() -> tuple[Section, ...]:
    """All sections of the page in their order."""
    modules = modules_of("goscope.renderers.html", [str(_HERE)])
    found = [m.SECTION for m in modules if hasattr(m, "SECTION")]
    return tuple(sorted(found, key=lambda section: section.order))


def page(diagnosis: Diagnosis) -> str:
    """The whole report."""
    import markupsafe

    made = ReportPage(diagnosis)
    built = [(s, text) for s in sections() if (text := s.build(made)) is not None]
    plotly = library() if made.charts else None
    style = _asset("style.css")
    script = "".join(_asset(name) for name in _SCRIPTS)
    hashes = [sha256(script.encode())] + ([plotly.sha256] if plotly else [])
    # plotly.js writes its own style elements and attributes, so styles are not held to hashes.
    policy = (
        "default-src 'none'; script-src "
        + " ".join(f"'sha256-{digest}'" for digest in hashes)
        + "; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    whole = environment().get_template("page.html")
    return whole.render(
        policy=markupsafe.Markup(policy),
        version=__version__,
        headline=headline(diagnosis),
        not_judged=not_judged(diagnosis),
        status=diagnosis.status,
        **_named([i.name for i in diagnosis.capture.inputs]),
        style=markupsafe.Markup(style),
        script=markupsafe.Markup(script),
        sections=[(s.anchor, s.title, markupsafe.Markup(text)) for s, text in built],
        data=markupsafe.Markup(data_block(made.charts)),
        plotly=plotly and markupsafe.Markup(plotly.text),
    )


def _named(names: list[str]) -> dict[str, object]:
    """The names of the inputs for the top of the page, without the folder that they share."""
    parts = [name.split("/")[:-1] for name in names]
    levels = takewhile(lambda words: len(set(words)) == 1, zip(*parts, strict=False))
    common = [words[0] for words in levels] if len(names) > 1 else []
    folder = "/".join(common)
    if not folder or "://" in folder:
        return {"inputs": names, "folder": ""}
    return {"inputs": [name.removeprefix(folder + "/") for name in names], "folder": folder}


@functools.cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
