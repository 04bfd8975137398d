"""Function names as tracebacks print them, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.goruntime.function_names import (
    FunctionName,
    bare_name,
    declared_name,
    is_cgo,
    is_runtime,
    is_standard_library,
    is_user_code,
    package_of,
    receiver_of,
    short_name,
    split_name,
    unescape,
)

CASES = {
    "main.main": ("main", "", "main", ""),
    "main.main.func1": ("main", "", "main", ".func1"),
    "net/http.(*conn).serve": ("net/http", "*conn", "serve", ""),
    "net/http.HandlerFunc.ServeHTTP": ("net/http", "HandlerFunc", "ServeHTTP", ""),
    "net/http.(*Server).Serve.gowrap3": ("net/http", "*Server", "Serve", ".gowrap3"),
    "example.com/na-mes/yaml%2ev2.(*D).Block.func1": (
        "example.com/na-mes/yaml.v2", "*D", "Block", ".func1"),
    "gopkg.in/yaml%2ev3.Unmarshal": ("gopkg.in/yaml.v3", "", "Unmarshal", ""),
    "main.(*Stack[...]).Map[...].func1": ("main", "*Stack", "Map", ".func1"),
    "main.Plain.Conv[...]": ("main", "Plain", "Conv", ""),
    "iter.Pull[...].func1.1": ("iter", "", "Pull", ".func1.1"),
    "main.Map[go.shape.struct { example.com/x.T }]": ("main", "", "Map", ""),
    "main.Nest[main.Box[int]].func2": ("main", "", "Nest", ".func2"),
    "main.glob..func1": ("main", "", "glob.", ".func1"),
    "main.init.func43.gowrap1": ("main", "", "init", ".func43.gowrap1"),
    "main.init.0": ("main", "", "init", ".0"),
    "main.walk-range1": ("main", "", "walk", "-range1"),
    "main.(*T).Do-range1.func2": ("main", "*T", "Do", "-range1.func2"),
    "main.F.deferwrap1": ("main", "", "F", ".deferwrap1"),
    "main.main·dwrap·1": ("main", "", "main", "·dwrap·1"),
    "go.etcd.io/etcd/etcdserver.(*EtcdServer).purgeFile-fm": (
        "go.etcd.io/etcd/etcdserver", "*EtcdServer", "purgeFile", "-fm"),
    "main.main.(*Server).Start.func2": ("main", "*Server", "Start", ".func2"),
    "main.main.start.func2": ("main", "", "start", ".func2"),
    "main.Outer.func1.callee.1": ("main", "", "callee", ".1"),
    "main.(*T).func1": ("main", "*T", "func1", ""),
    "main.(*T).func1.func2": ("main", "*T", "func1", ".func2"),
    "main.(*struct { net.Conn; n int }).Read": ("main", "*struct { net.Conn; n int }", "Read", ""),
    "main.ünïcode": ("main", "", "ünïcode", ""),
    "main._Cfunc_sleep": ("main", "", "_Cfunc_sleep", ""),
    "plugin/unnamed-0af.Run": ("plugin/unnamed-0af", "", "Run", ""),
    "_cgoexp_4f3a_callback": ("", "", "_cgoexp_4f3a_callback", ""),
    "type:.eq.main.T": ("", "", "type:.eq.main.T", ""),
    "type..eq.main.T": ("", "", "type..eq.main.T", ""),
    "go:(*struct { sync.Mutex }).Lock": ("", "", "go:(*struct { sync.Mutex }).Lock", ""),
    "panic": ("", "", "panic", ""),
    "pthread_cond_wait": ("", "", "pthread_cond_wait", ""),
    "": ("", "", "", ""),
    ".": ("", "", ".", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_split(name: str) -> None:
    expected = FunctionName(*CASES[name])
    assert split_name(name) == expected
    assert package_of(name) == expected.package
    assert receiver_of(name) == expected.receiver
    assert bare_name(name) == expected.function


@pytest.mark.parametrize(
    ("name", "declared"),
    [("main.F.gowrap1", "main.F"), ("main.F-fm", "main.F"), ("main.F", "main.F"), ("", ""),
     ("a/b.(*T[...]).M.func1.2-range1", "a/b.(*T[...]).M"), ("main.v2", "main.v2")],
)  # fmt: skip
def test_declared_name(name: str, declared: str) -> None:
    assert declared_name(name) == declared


def test_unescape() -> None:
    assert unescape("x/y%2ez.F") == "x/y.z.F"
    assert unescape("x/%c3%bc.F") == "x/ü.F"
    assert unescape("x/%ff.F") == "x/\ufffd.F"
    assert unescape("100%") == "100%"


RUNTIME = ("runtime.gopark", "runtime/internal/syscall.Syscall6", "panic",
           "runtime/cgo.Handle.Value", "internal/runtime/syscall/linux.EpollWait")  # fmt: skip
LIBRARY = ("runtime/debug.Stack", "runtime/pprof.writeGoroutine", "net/http.(*conn).serve",
           "time.Sleep", "internal/poll.(*FD).Accept", "sync.runtime_Semacquire",
           "bufio.(*Reader).Peek",
           "vendor/golang.org/x/net/idna.ToASCII", "bytes_test.TestX", "uuid.New",
           "net/http/internal/http2.(*Framer).ReadFrame")  # fmt: skip
PROGRAM = ("main.main", "example.com/app.Run", "myapp/server.(*S).Run",
           "golang.org/x/net/idna.ToASCII", "example.com/app/vendor/golang.org/x/net/idna.ToASCII",
           "plugin/unnamed-0af.Run", "uuid/v2.New", "command-line-arguments.TestX",
           "go.etcd.io/etcd/raft.(*node).run",
           "github.com/grpc-ecosystem/grpc-gateway/runtime.(*ServeMux).ServeHTTP",
           "go.structured.dev/x.F")  # fmt: skip
NEITHER = ("type:.eq.main.T", "pthread_cond_wait", "_cgoexp_4f3a_callback", "")


@pytest.mark.parametrize("name", RUNTIME)
def test_the_runtime(name: str) -> None:
    assert is_runtime(name) and is_standard_library(name) and not is_user_code(name)


@pytest.mark.parametrize("name", LIBRARY)
def test_the_standard_library(name: str) -> None:
    assert is_standard_library(name) and not is_runtime(name) and not is_user_code(name)


@pytest.mark.parametrize("name", PROGRAM)
def test_the_program_and_its_modules(name: str) -> None:
    assert is_user_code(name) and not is_standard_library(name) and not is_runtime(name)


@pytest.mark.parametrize("name", NEITHER)
def test_what_nobody_wrote_in_go(name: str) -> None:
    assert not is_user_code(name) and not is_standard_library(name)


def test_bridges_to_c() -> None:
    bridges = ("main._Cfunc_sleep", "net._C2func_getaddrinfo", "_cgoexp_1_f", "x_cgo_init",
               "runtime/cgo.Handle.Value")  # fmt: skip
    assert all(map(is_cgo, bridges))
    assert not is_user_code("main._Cfunc_sleep")
    assert not is_cgo("main.main")


@given(st.text(alphabet="ab/.()[]{}*%2e- :\u00b71func", max_size=40))
def test_any_text_is_taken(name: str) -> None:
    parts = split_name(name)
    assert parts.package == package_of(name)
    assert isinstance(is_user_code(name), bool)
    declared_name(name)


@pytest.mark.parametrize(
    ("function", "short"),
    [
        ("example.com/shop/orders.(*Server).Lookup.func1", "orders.(*Server).Lookup.func1"),
        ("main.main", "main.main"),
        ("a.com/x.F[b.com/y.T]", "x.F[b.com/y.T]"),
        ("a.com/x.F[...]", "x.F[...]"),
        ("[x]", "[x]"),
        ("", ""),
    ],
)
def test_short_names(function: str, short: str) -> None:
    assert short_name(function) == short
