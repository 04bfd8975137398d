"""What the printed name of a Go function says: package, receiver, function, closure.

The names are those of tracebacks and profiles: ``funcNameForPrint`` in ``runtime/traceback.go``
replaces type arguments by ``[...]``; ``closureName`` in ``cmd/compile/internal/ir/func.go`` makes
``.func1``, ``.gowrap1``, ``.deferwrap1`` and ``-range1``; ``PathToPrefix`` in
``cmd/internal/objabi/path.go`` escapes the dots of the last path element as ``%2e``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# The top level of the Go source tree (1.27). Single packages match exactly, so that a program's own
# "uuid/v2" or the "plugin/unnamed-..." package of a plugin is not taken for the standard library.
_STD_TREES = frozenset(
    (
        "archive", "compress", "container", "crypto", "database", "debug", "encoding", "go", "hash",
        "html", "image", "index", "internal", "io", "log", "math", "mime", "net", "os", "path",
        "reflect", "regexp", "runtime", "simd", "sync", "syscall", "testing", "text", "time",
        "unicode", "vendor",
    )
)  # fmt: skip
_STD_SINGLE = frozenset(
    (
        "arena", "bufio", "builtin", "bytes", "cmp", "context", "embed", "errors", "expvar", "flag",
        "fmt", "iter", "maps", "plugin", "slices", "sort", "strconv", "strings", "structs",
        "unique", "unsafe", "uuid", "weak",
    )
)  # fmt: skip

# Symbols that the compiler makes (debug/gosym, Sym.PackageName): "type:" and "go:" from 1.20.
_COMPILER_MADE = ("type:", "go:", "type..", "go.(", "go.struct {")
_CGO = re.compile(r"_C(?:2?func|macro)_|_cgo(?:exp)?_|x_cgo_")
_CLOSURE = re.compile(r"(?:\.(?:func|gowrap|deferwrap)?[0-9]+|-range[0-9]+|-fm|·dwrap·[0-9]+)+$")
_CLOSURE_WORD = re.compile(r"(?:func|gowrap|deferwrap)?[0-9]+")
_ESCAPES = re.compile(r"(?:%[0-9a-f]{2})+")
_NO_TYPES = frozenset({"main", "init", "glob"})


@dataclass(frozen=True, slots=True)
class FunctionName:
    """The parts of a name.

    ``package`` is the import path without escapes, "" for C functions, assembly labels and what the
    compiler makes. ``receiver`` is ``*conn`` or ``conn`` without type arguments, "" for functions.
    ``closure`` is what follows the declared function: ``.func1.2``, ``-fm``, ``.gowrap1``, ``.0``.

    A closure of an inlined function carries both names (``main.Outer.callee.func1``, 1.21+), which
    cannot be told from a method ``callee`` of a type ``Outer``: the receiver is a guess there.
    """

    package: str
    receiver: str
    function: str
    closure: str


@lru_cache(maxsize=8192)
def split_name(name: str) -> FunctionName:
    """Take a printed function name apart; any text is accepted."""
    package, rest = _cut_package(name)
    if not package:
        return FunctionName("", "", rest, "")
    rest = _with_type_arguments(rest, "")
    match = _CLOSURE.search(rest)
    declared, closure = (rest, "") if match is None else (rest[: match.start()], match.group())
    if declared.endswith(")") and closure.startswith("."):  # a method that is called func1
        method, dot, closure = closure[1:].partition(".")
        declared, closure = f"{declared}.{method}", dot + closure
    *outer, function = _dotted(declared)
    if outer == ["glob"] and not function:
        return FunctionName(package, "", "glob.", closure)
    receiver = outer[-1] if outer else ""
    if receiver.startswith("(") and receiver.endswith(")"):
        receiver = receiver[1:-1]
    elif receiver in _NO_TYPES or _CLOSURE_WORD.fullmatch(receiver):
        receiver = ""
    return FunctionName(package, receiver, function, closure)


def package_of(name: str) -> str:
    """The import path: ``net/http`` of ``net/http.(*conn).serve``; "" if the name has none."""
    return _cut_package(name)[0]


def receiver_of(name: str) -> str:
    """The receiver's type: ``*conn`` of ``net/http.(*conn).serve``; "" for a function."""
    return split_name(name).receiver


def bare_name(name: str) -> str:
    """The declared function or method: ``serve`` of ``net/http.(*conn).serve.func1``."""
    return split_name(name).function


def declared_name(name: str) -> str:
    """The name without what marks closures and wrappers: ``main.F`` of ``main.F.gowrap1``."""
    if name[-1:].isdigit() or name.endswith("-fm"):
        return _CLOSURE.sub("", name)
    return name


def unescape(name: str) -> str:
    """``%2e`` and its like undone (``objabi.PrefixToPath``): ``gopkg.in/yaml.v3.Unmarshal``."""
    if "%" not in name:
        return name
    return _ESCAPES.sub(
        lambda found: bytes.fromhex(found.group().replace("%", "")).decode(errors="replace"), name
    )


def short_name(name: str) -> str:
    """A name without the path of its package: ``orders.(*Server).Lookup``."""
    before, bracket, after = name.partition("[")
    return before.rpartition("/")[2] + bracket + after if before else name


def printed_name(name: str) -> str:
    """A symbol's name as tracebacks print it (``funcNameForPrint``): type arguments as ``[...]``.

    Symbols spell them out, as ``main.(*Stack[go.shape.int]).Pop``; so do profiles as protobuf.
    """
    return _with_type_arguments(name, "[...]")


def is_runtime(name: str) -> bool:
    """Whether the function belongs to the Go runtime itself.

    ``runtime``, ``runtime/internal/...`` (up to 1.22), ``internal/runtime/...`` (1.23+) and
    ``runtime/cgo``, and ``panic``, as ``printFuncName`` shows ``runtime.gopanic``. Not
    ``runtime/debug``, ``runtime/pprof`` and ``runtime/trace``: libraries that programs call.
    """
    return name == "panic" or name.startswith(
        ("runtime.", "internal/runtime/", "runtime/internal/", "runtime/cgo.")
    )


@lru_cache(maxsize=8192)
def is_standard_library(name: str) -> bool:
    """Whether the function is Go's own: the runtime, the standard library, or vendored in it."""
    if is_runtime(name):
        return True
    package = _cut_package(name)[0].removesuffix("_test")
    if package in _STD_SINGLE:
        return True
    return package.partition("/")[0] in _STD_TREES


def is_cgo(name: str) -> bool:
    """Whether the function is a bridge that cgo made: ``main._Cfunc_sleep``, ``_cgoexp_..._f``."""
    package, rest = _cut_package(name)
    return package == "runtime/cgo" or _CGO.match(rest) is not None


def is_user_code(name: str) -> bool:
    """Whether somebody outside of the Go project wrote the function in Go."""
    return bool(_cut_package(name)[0]) and not is_standard_library(name) and not is_cgo(name)


def _cut_package(name: str) -> tuple[str, str]:
    """The import path and what follows its dot; the path is "" if there is none."""
    if name.startswith(_COMPILER_MADE):
        return "", name
    # A receiver and type arguments may hold slashes and dots of their own; a path has no brackets.
    end = min((at for at in map(name.find, "([{") if at >= 0), default=len(name))
    dot = name.find(".", name.rfind("/", 0, end) + 1, end)
    if dot <= 0:
        return "", name
    return unescape(name[:dot]), name[dot + 1 :]


def _with_type_arguments(name: str, shown: str) -> str:
    """With ``shown`` for each outermost list of type arguments; unchanged if brackets do not close."""
    if "[" not in name:
        return name
    kept: list[str] = []
    depth = 0
    for letter in name:
        if letter == "[":
            depth += 1
            if depth == 1:
                kept.append(shown)
        elif letter == "]" and depth:
            depth -= 1
        elif not depth:
            kept.append(letter)
    return name if depth else "".join(kept)


def _dotted(declared: str) -> list[str]:
    """Cut at the dots outside of parentheses: ``(*struct { net.Conn }).Read`` has two parts."""
    if "(" not in declared:
        return declared.split(".")
    parts = [""]
    depth = 0
    for letter in declared:
        depth += (letter in "({") - (letter in ")}")
        if letter == "." and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
