"""What log shippers make of a program's output, written from their documentation, and prefixes that nobody uses.

A wrapper turns the lines of a log into another log. ``lost`` says what it takes away for good.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

APP = (
    "served path=/api/v1/items status=200",
    "\x1b[32mINFO\x1b[0m[0031] request served",
    "worker 7: done (12 of 40), took 1.9ms",
    "{not json}",
    "level=warn msg=slow",
)
START = 1_795_471_200  # 2026-11-23T22:00:00Z


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How a line of the program becomes lines of the log."""

    name: str
    wrap: Callable[[str, int], str]  # (line, its number) -> line; "" for none
    timed: bool = False
    header: str = ""
    drops_empty: bool = False
    strips: bool = False


def clock(number: int) -> tuple[int, int, int, int]:
    second, micro = divmod(number * 1_700, 1_000_000)
    return 22 + second // 3600, second // 60 % 60, second % 60, micro


def nanoseconds(number: int) -> int:
    return START * 10**9 + number * 1_700 * 1_000


def iso(number: int, digits: int = 9) -> str:
    hour, minute, second, micro = clock(number)
    fraction = f"{micro * 1000:09}"[:digits]
    return f"2026-11-23T{hour:02}:{minute:02}:{second:02}" + (f".{fraction}" if digits else "")


def hms(number: int, digits: int = 6) -> str:
    return iso(number, digits).partition("T")[2]


def cri(line: str, number: int) -> str:
    """containerd: lines above 16 KiB are cut into parts; here much shorter ones, some of them."""
    head = f"{iso(number)}Z stderr"
    if number % 5 == 0 and len(line) > 9:
        return "\n".join([f"{head} P {line[:4]}", f"{head} P {line[4:9]}", f"{head} F {line[9:]}"])
    return f"{head} F {line}"


def docker_json(line: str, number: int) -> str:
    def entry(text: str) -> str:
        return json.dumps(
            {"log": text, "stream": "stderr", "time": iso(number) + "Z"}, separators=(",", ":")
        )

    if number % 7 == 0 and len(line) > 20:
        return entry(line[:20]) + "\n" + entry(line[20:] + "\n")
    return entry(line + "\n")


def go_test(line: str, number: int) -> str:
    """cmd/internal/test2json: HTML-escaped, and the time with the zone of the machine."""
    test = "TestA" if number % 3 else "TestB/case_1"
    event = {
        "Time": iso(number) + "+00:00",
        "Action": "output",
        "Package": "example.com/x",
        "Test": test,
        "Output": line + "\n",
    }
    text = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    extra = (
        '\n{"Time":"2026-11-23T22:00:00Z","Action":"run","Package":"example.com/x","Test":"TestA"}'
        if number % 50 == 0
        else ""
    )
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") + extra


def logfmt(line: str, number: int) -> str:
    quoted = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'time={iso(number, 3)}Z level=INFO msg="{quoted}" service=web'


def journal_json(line: str, number: int) -> str:
    message: str | list[int] = line
    if "\x1b" in line:
        message = list(line.encode())
    return json.dumps(
        {
            "__REALTIME_TIMESTAMP": str(nanoseconds(number) // 1000),
            "_HOSTNAME": "web-1",
            "SYSLOG_IDENTIFIER": "app",
            "_PID": "4711",
            "MESSAGE": message,
        }
    )


WRAPPERS = [
    Wrapper("compose", lambda line, n: f"app-1  | {line}"),
    Wrapper("compose without spaces at the end", lambda line, n: f"app-1  | {line}".rstrip(" ")),
    Wrapper("compose, old", lambda line, n: f"my_app_1     | {line}"),
    Wrapper("compose, coloured", lambda line, n: f"\x1b[36mapp_1  |\x1b[0m {line}"),
    Wrapper("compose, timestamps", lambda line, n: f"web-1  | {iso(n)}Z {line}", timed=True),
    Wrapper("compose, attached", lambda line, n: f"app-1  | {line}", header="Attaching to app-1\n"),
    Wrapper("kubectl --timestamps", lambda line, n: f"{iso(n)}Z {line}", timed=True),
    Wrapper("kubectl --prefix", lambda line, n: f"[pod/app-6c9f7d5b8-x2x7k/app] {line}"),
    Wrapper(
        "kubectl --prefix --timestamps",
        lambda line, n: f"[pod/app-6c9f7d5b8-x2x7k/app] {iso(n)}Z {line}",
        timed=True,
    ),
    Wrapper("stern", lambda line, n: f"app-6c9f7d5b8-x2x7k app {line}"),
    Wrapper("CRI", cri, timed=True),
    Wrapper("docker json-file", docker_json, timed=True),
    Wrapper(
        "zap JSON",
        lambda line, n: json.dumps({"level": "info", "ts": START + n * 0.0017, "msg": line}),
        timed=True,
    ),
    Wrapper(
        "JSON with message",
        lambda line, n: json.dumps(
            {"@timestamp": iso(n, 3) + "Z", "log": {"level": "info", "file": "x"}, "message": line}
        ),
        timed=True,
    ),
    Wrapper(
        "JSON in a field of a field",
        lambda line, n: json.dumps({"time": iso(n, 3) + "Z", "data": {"line": {"text": line}}}),
        timed=True,
    ),
    Wrapper(
        "JSON logger under docker",
        lambda line, n: json.dumps(
            {
                "log": json.dumps({"level": "error", "msg": line}) + "\n",
                "stream": "stderr",
                "time": iso(n) + "Z",
            }
        ),
        timed=True,
    ),
    Wrapper(
        "JSON logger under CRI",
        lambda line, n: f"{iso(n)}Z stderr F " + json.dumps({"msg": line}),
        timed=True,
    ),
    Wrapper(
        "klog", lambda line, n: f"{'IWE'[n % 3]}1123 {hms(n)}      17 main.go:{3 + n % 90}] {line}"
    ),
    Wrapper(
        "zap console",
        lambda line, n: f"{iso(n, 3)}Z\t{('INFO', 'ERROR')[n % 2]}\tapp/main.go:{n}\t{line}",
        timed=True,
    ),
    Wrapper("logfmt", logfmt, timed=True),
    Wrapper(
        "journald, short",
        lambda line, n: f"Nov 23 {hms(n, 0)} web-1 app[4711]: {line}",
        drops_empty=True,
        header="-- Logs begin at Mon 2026-11-23 --\n",
    ),
    Wrapper(
        "journald, short-iso",
        lambda line, n: f"{iso(n, 0)}+0000 web-1 app[4711]: {line}",
        timed=True,
        drops_empty=True,
    ),
    Wrapper(
        "journald, short-precise",
        lambda line, n: f"Nov 23 {hms(n)} web-1 app[4711]: {line}",
        drops_empty=True,
    ),
    Wrapper(
        "journald, short-full",
        lambda line, n: f"Mon {iso(n, 0).replace('T', ' ')} UTC web-1 app[4711]: {line}",
        timed=True,
        drops_empty=True,
    ),
    Wrapper(
        "journald, short-monotonic",
        lambda line, n: f"[{12345 + n * 0.0017:12.6f}] web-1 app[4711]: {line}",
        drops_empty=True,
    ),
    Wrapper("journald, JSON", journal_json, timed=True, drops_empty=True),
    Wrapper(
        "syslog RFC 5424", lambda line, n: f"<14>1 {iso(n, 6)}Z host app 311 - - {line}", timed=True
    ),
    Wrapper("syslog RFC 3164", lambda line, n: f"<14>Nov  3 {hms(n, 0)} host app[311]: {line}"),
    Wrapper(
        "GitHub Actions",
        lambda line, n: f"{iso(n, 7)}Z {line}",
        timed=True,
        header="2026-11-23T21:59:00.0000000Z ##[group]Run make\n",
    ),
    Wrapper(
        "GitHub Actions, stripped",
        lambda line, n: f"{iso(n, 7)}Z {line.lstrip()}",
        timed=True,
        strips=True,
    ),
    Wrapper(
        "gh run view --log",
        lambda line, n: f"test (1.27, ubuntu)\tRun go test ./...\t{iso(n, 7)}Z {line}",
        timed=True,
    ),
    Wrapper(
        "tabs become spaces",
        lambda line, n: f"{iso(n, 3)}Z {line}".replace("\t", "        "),
        timed=True,
    ),
    Wrapper("GitLab", lambda line, n: f"{iso(n, 6)}Z 01O {line}", timed=True),
    Wrapper("Heroku", lambda line, n: f"{iso(n, 6)}+00:00 app[web.1]: {line}", timed=True),
    Wrapper("foreman", lambda line, n: f"{hms(n, 0)} web.1  | {line}"),
    Wrapper("pm2", lambda line, n: f"0|app  | {line}"),
    Wrapper("grep -n", lambda line, n: f"{n + 1}:{line}"),
    Wrapper("grep in files", lambda line, n: f"var/log/app.log:{line}"),
    Wrapper("go test -json", go_test, timed=True),
    Wrapper("CRLF", lambda line, n: f"{line}\r"),
    Wrapper("compose and CRLF", lambda line, n: f"app-1  | {line}\r"),
    Wrapper("invented: bracketed process", lambda line, n: f"[web.3] {hms(n, 3)} | {line}"),
    Wrapper("invented: my host", lambda line, n: f"myhost app[311]: {line}"),
    Wrapper("invented: arrows", lambda line, n: f"»» {n:06} >> {line}"),
    Wrapper(
        "invented: date and level",
        lambda line, n: f"2026/11/23 {hms(n, 3)} {('[INFO]', '[ERROR]')[n % 2]} <stderr> {line}",
        timed=True,
    ),
    Wrapper("invented: constant", lambda line, n: f"@@ stderr @@ {line}"),
    Wrapper(
        "invented: no space", lambda line, n: f"{iso(n, 0)}Z app[9185] fra [info]{line}", timed=True
    ),
    Wrapper(
        "invented: epoch",
        lambda line, n: f"{START + n * 1700 // 1000000}.{n * 1700 % 1000000:06} app: {line}",
        timed=True,
    ),
    Wrapper("invented: three hashes", lambda line, n: f"### {line}"),
    Wrapper(
        "invented: tag",
        lambda line, n: (
            f"kube.var.log.app {iso(n, 3)}Z " + json.dumps({"stream": "stderr", "log": line})
        ),
        timed=True,
    ),
    Wrapper("invented: whole line coloured", lambda line, n: f"\x1b[31m[app] {line}\x1b[0m"),
    Wrapper("a console that paints stderr", lambda line, n: f"\x1b[90m{line}\x1b[0m"),
    Wrapper(
        "compose, coloured, and painted",
        lambda line, n: f"\x1b[36mapp |\x1b[0m \x1b[31m{line}\x1b[0m",
    ),
    Wrapper(
        "stern, two colours", lambda line, n: f"\x1b[2m{hms(n)}\x1b[0m \x1b[33mapp\x1b[0m {line}"
    ),
]


def wrapped(wrapper: Wrapper, lines: Sequence[str], app_every: int = 0) -> tuple[bytes, list[int]]:
    """The log, and for each line of it the line of the program, from 0; -1 for what the program did not print.

    With ``app_every``, application lines stand between the program's, as many as it says apart.
    """
    out = [wrapper.header] if wrapper.header else []
    origin = [-1] * wrapper.header.count("\n")
    number = 0

    def add(line: str, source: int) -> Iterator[tuple[str, int]]:
        nonlocal number
        if line or not wrapper.drops_empty:
            text = wrapper.wrap(line, number)
            for part in text.split("\n"):
                yield part + "\n", source
        number += 1

    for source, line in enumerate(lines):
        pairs = list(add(line, source))
        if app_every and source % app_every == app_every - 1:
            pairs += add(APP[source // app_every % len(APP)], -1)
        out += [text for text, _ in pairs]
        origin += [place for _, place in pairs]
    return "".join(out).encode(), origin
