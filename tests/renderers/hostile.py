"""A diagnosis of input that wants to do harm to whatever shows it."""

from __future__ import annotations

from dataclasses import replace

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity, Site

BREAKOUT = "</script><script>window.broken=1</script>"
IMAGE = "<img src=x onerror=window.broken=2>"
#: What stands in for all of it: none of these may come out as markup, a command or a control character.
MARKS = ("<script>window", IMAGE, "\x1b", "\x00", "\u202e")
SECRET = "s3cret"

_DUMP = f"""\
goroutine 1 [running]:
main.main()
\t/app/main.go:9 +0x1d

goroutine 8 [chan send, 9 minutes]:
main.%{{x}}<b>bold</b><a href="javascript:alert(1)">x</a>\x1b[31m\x00\u202e{BREAKOUT}(0x1)
\t/app/{IMAGE}'"`]]>&amp;.go:10 +0x1d
main.<b>bold<i>%{{value}}(0x1)
\t/app/x.go:10 +0x1d
created by main.{IMAGE}@everyone in goroutine 1
\t/app/x.go:5 +0x66

goroutine 9 [{BREAKOUT}]:
main.{"A" * 1_000_000}(0x1)
\t/app/y.go:10 +0x1d
created by main.z in goroutine 1
\t/app/x.go:5 +0x66

goroutine 7 [chan send, 9 minutes, {IMAGE}:
main.f(0x1)
"""

FINDING = Finding(
    rule="leak-growth",
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    title=f"{BREAKOUT} {IMAGE} @everyone [x](http://evil.example/) `code` | ::error::x \x1b[31m\x00\u202e",
    detail=f"first\r\n::warning::second, 50% done: {IMAGE} #1 ]]> &lt; \ud800 \ufffe",
    evidence=(
        Evidence(
            IMAGE, BREAKOUT, "`|`", f"http://user:{SECRET}@host/debug/pprof/goroutine?debug=2:1"
        ),
    ),
    advice="A" * 1_000_000,
    site=Site(f"main.{BREAKOUT}", f"/app/,x:{IMAGE}.go", 3),
    stack=(Site("main.`\x1b`", "/a\nb.go", 3), Site(None, None, None)),
    created_by=Site("main.|", "/app/[x](y).go", 2**63),
    blocked_on=IMAGE,
    goroutines=Group(10**30, (1, 2, 3)),
)


def hostile() -> Diagnosis:
    """Hostile in its names, its states, its file names, its findings and what was not understood."""
    diagnosis = goscope.diagnose(goscope.read(_DUMP))
    named = tuple(
        replace(one, name=f"http://user:{SECRET}@host/{BREAKOUT}\x1b")
        for one in diagnosis.capture.inputs
    )
    diagnosis.capture.inputs = named
    return replace(diagnosis, findings=(FINDING, *diagnosis.findings))
