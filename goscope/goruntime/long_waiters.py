"""Goroutines that normally wait for long, and are no leak for doing so.

An accept loop or an idle keep-alive connection waits for days. Each entry names the function that
waits and why that is normal. It speaks of one goroutine's *time*, not of *numbers*: a thousand
``database/sql`` openers are normal one by one, and together a leak of ``sql.DB``. Growth counts.

Left out on purpose, because they are how real leaks look: ``net/http.(*persistConn).readLoop`` in a
select of its own (waits until the response body is read or closed), ``context`` propagation,
``database/sql.(*Tx).awaitDone``, gRPC client streams, singleflight, DNS lookups, and whatever
``time.goFunc`` started (it runs the program's own function).

From the sources of Go 1.19 to 1.27 and of the named modules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from .function_names import declared_name, unescape

Where: TypeAlias = Literal["top", "any", "creator"]


@dataclass(frozen=True, slots=True)
class LongWaiter:
    """A function whose wait is normal.

    ``where``: ``top`` = it waits itself, nothing lies above it but the runtime and the primitives
    of ``sync``, ``time``, ``internal/poll`` and ``syscall``; ``any`` = anywhere in the stack;
    ``creator`` = it started the goroutine. ``called_by``: the frame below it must be this function.
    ``closures``: closures and wrappers of the function (``.func1``) count as the function.
    Names are without vendoring, escapes and major versions: ``k8s.io/klog``, not
    ``k8s.io/klog/v2``.
    """

    function: str
    where: Where
    because: str
    called_by: str | None = None
    closures: bool = False


def _all(where: Where, because: str, functions: str, *, closures: bool = False) -> list[LongWaiter]:
    """One entry per line of ``functions``; ``callee < caller`` sets ``called_by``."""
    entries = []
    for line in functions.split("\n"):
        callee, _, caller = line.strip().partition(" < ")
        if callee:
            entries.append(LongWaiter(callee, where, because, caller or None, closures))
    return entries


_H2 = ("net/http.(*http2", "net/http/internal/http2.(*", "golang.org/x/net/http2.(*")

_CHILD = ("os.(*Process).wait", "os.(*Process).Wait")

LONG_WAITERS: tuple[LongWaiter, ...] = (
    *_all("any", "the main goroutine lasts as long as the program", "main.main\nruntime.main"),
    *_all("any", "a goroutine of the runtime at rest between its tasks", """
        runtime.bgsweep
        runtime.bgscavenge
        runtime.forcegchelper
        runtime.gcBgMarkWorker
        runtime.updateMaxProcsGoroutine
        runtime.timerproc
        runtime.(*traceAdvancerState).start"""
        , closures=True),
    *_all("top", "waits for finalizers or cleanups to run", """
        runtime.runfinq
        runtime.runFinalizers
        runtime.runCleanups"""),
    *_all("creator", "a goroutine of the runtime at rest between its tasks", """
        runtime.gcenable
        runtime.gcBgMarkStartWorkers"""),
    *_all("any", "waits for signals as long as the program lasts", """
        os/signal.signal_recv
        os/signal.loop
        runtime.ensureSigM""", closures=True),
    *_all("top", "waits for a signal or for the end of its context", "os/signal.NotifyContext",
          closures=True),
    *_all("any", "an accept loop waits for new connections", """
        internal/poll.(*FD).Accept
        net.(*netFD).accept
        net/http.(*Server).Serve
        net/rpc.(*Server).Accept
        google.golang.org/grpc.(*Server).Serve"""),
    *_all("top", "an accept loop waits for new connections", """
        github.com/soheilhy/cmux.muxListener.Accept
        github.com/soheilhy/cmux.(*muxListener).Accept"""),
    *_all("any", "an unconnected socket waits for datagrams from anybody", """
        net.(*netFD).readFrom
        net.(*netFD).readFromInet4
        net.(*netFD).readFromInet6
        net.(*netFD).readMsg
        net.(*netFD).readMsgInet4
        net.(*netFD).readMsgInet6"""),
    *_all("any", "a keep-alive connection waits for the next request", """
        bufio.(*Reader).Peek < net/http.(*conn).serve
        net/http.(*conn).readRequest"""),
    *_all("any", "watches the connection while its handler runs",
          "net/http.(*connReader).backgroundRead"),
    *_all("any", "an idle client connection waits in the pool for the next response",
          "bufio.(*Reader).Peek < net/http.(*persistConn).readLoop"),
    *_all("top", "an idle client connection waits in the pool for the next request",
          "net/http.(*persistConn).writeLoop"),
    *(entry for prefix in _H2 for entry in (
        *_all("any", "waits for the next HTTP/2 frame of the peer",
              f"{prefix}Framer).ReadFrame\n{prefix}Framer).ReadFrameHeader"),
        *_all("top", "an HTTP/2 connection waits for the next event",
              f"{prefix}serverConn).serve\n{prefix}serverConn).readFrames"),
    )),
    *_all("top", "the housekeeping of a database pool waits for work", """
        database/sql.(*DB).connectionOpener
        database/sql.(*DB).connectionResetter
        database/sql.(*DB).connectionCleaner
        github.com/go-sql-driver/mysql.(*mysqlConn).startWatcher
        github.com/jackc/pgx/pgxpool.(*Pool).backgroundHealthCheck
        github.com/go-redis/redis/internal/pool.(*ConnPool).reaper""", closures=True),
    *_all("top", "a test waits for its subtests, for its turn or for its parent", """
        testing.(*T).Run
        testing.(*T).Parallel
        testing.tRunner
        testing.(*F).Fuzz
        testing.(*B).run1
        testing.(*B).doBench
        testing.(*testContext).waitParallel
        testing.(*testState).waitParallel""", closures=True),
    *_all("any", "waits for a child process to end", "\n".join(_CHILD)),
    *_all("top", "waits for a child process to end", "os/exec.(*Cmd).watchCtx"),
    *_all("any", "writes a profile or trace until it is stopped", """
        runtime.ReadTrace
        runtime/pprof.profileWriter"""),
    *_all("top", "a loop of a gRPC connection waits for the next event", """
        google.golang.org/grpc/internal/transport.(*controlBuffer).get
        google.golang.org/grpc/internal/transport.(*http2Client).keepalive
        google.golang.org/grpc/internal/transport.(*http2Server).keepalive
        google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run
        google.golang.org/grpc/internal/resolver/dns.(*dnsResolver).watcher
        google.golang.org/grpc.(*ccBalancerWrapper).watcher
        google.golang.org/grpc.(*ccResolverWrapper).watcher
        google.golang.org/grpc.(*addrConn).resetTransport
        google.golang.org/grpc.(*Server).serverWorker"""),
    *_all("top", "a background worker of a library waits for work or for its next tick", """
        go.opencensus.io/stats/view.(*worker).start
        go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).processQueue
        go.opentelemetry.io/otel/sdk/metric.(*PeriodicReader).run
        k8s.io/klog.(*flushDaemon).run
        k8s.io/klog.(*loggingT).flushDaemon
        github.com/golang/glog.(*loggingT).flushDaemon
        github.com/golang/glog.(*fileSink).flushDaemon
        gopkg.in/natefinch/lumberjack.v2.(*Logger).millRun
        go.uber.org/zap/zapcore.(*BufferedWriteSyncer).flushLoop
        k8s.io/client-go/tools/cache.(*processorListener).pop
        k8s.io/client-go/tools/cache.(*processorListener).run
        k8s.io/client-go/tools/cache.(*DeltaFIFO).Pop
        k8s.io/client-go/util/workqueue.(*Type).Get
        k8s.io/client-go/util/workqueue.(*Typed[...]).Get
        k8s.io/client-go/util/workqueue.(*Type).updateUnfinishedWorkLoop
        k8s.io/client-go/util/workqueue.(*Typed[...]).updateUnfinishedWorkLoop
        k8s.io/client-go/util/workqueue.(*delayingType).waitingLoop
        k8s.io/client-go/util/workqueue.(*delayingType[...]).waitingLoop
        github.com/patrickmn/go-cache.(*janitor).Run
        github.com/rcrowley/go-metrics.(*meterArbiter).tick
        github.com/IBM/sarama.(*client).backgroundMetadataUpdater
        github.com/Shopify/sarama.(*client).backgroundMetadataUpdater
        github.com/nats-io/nats.go.(*Conn).flusher
        github.com/getsentry/sentry-go.(*HTTPTransport).worker
        github.com/caddyserver/certmagic.(*Cache).maintainAssets
        go.etcd.io/etcd/pkg/schedule.(*fifo).run""", closures=True),
    *_all("top", "a background loop of a LevelDB database waits for work", """
        github.com/syndtr/goleveldb/leveldb.(*session).refLoop
        github.com/syndtr/goleveldb/leveldb.(*DB).compactionError
        github.com/syndtr/goleveldb/leveldb.(*DB).mpoolDrain
        github.com/syndtr/goleveldb/leveldb.(*DB).tCompaction
        github.com/syndtr/goleveldb/leveldb.(*DB).mCompaction
        github.com/syndtr/goleveldb/leveldb/util.(*BufferPool).drain"""),
    *_all("top", "a QUIC listener waits for new connections", """
        github.com/lucas-clemente/quic-go.(*baseServer).accept
        github.com/lucas-clemente/quic-go.(*baseServer).run
        github.com/lucas-clemente/quic-go.(*packetHandlerMap).runCloseQueue
        github.com/quic-go/quic-go.(*baseServer).accept
        github.com/quic-go/quic-go.(*baseServer).run"""),
    *_all("top", "a supervisor waits for a service to end", "github.com/thejerf/suture.(*Supervisor).Serve"),
    *_all("any", "waits for changes of files", """
        github.com/fsnotify/fsnotify.(*Watcher).readEvents
        github.com/fsnotify/fsnotify.(*inotify).readEvents
        github.com/rjeczalik/notify.(*nonrecursiveTree).dispatch
        github.com/rjeczalik/notify.(*nonrecursiveTree).internal
        github.com/rjeczalik/notify.(*inotify).send"""),
    *_all("top", "the main loop of a Raft node waits for the next event", """
        go.etcd.io/raft.(*node).run
        go.etcd.io/etcd/raft.(*node).run
        github.com/hashicorp/raft.(*Raft).runFSM
        github.com/hashicorp/raft.(*Raft).runSnapshots
        github.com/hashicorp/raft.(*Raft).runFollower
        github.com/hashicorp/raft.(*Raft).leaderLoop"""),
)  # fmt: skip

_PRIMITIVES = (
    "runtime.", "internal/runtime/", "runtime/internal/", "sync.", "internal/sync.", "time.Sleep",
    "internal/poll.", "syscall.", "internal/syscall/", "golang.org/x/sys/unix.",
)  # fmt: skip
_BY_FUNCTION: dict[str, list[LongWaiter]] = {}
for _entry in LONG_WAITERS:
    if _entry.where != "creator":
        _BY_FUNCTION.setdefault(_entry.function, []).append(_entry)
_BY_CREATOR = {entry.function: entry for entry in LONG_WAITERS if entry.where == "creator"}
_MAJOR = re.compile(r"/v[0-9]+(?=[/.])")


def normal_long_wait(functions: Sequence[str], creator: str | None) -> LongWaiter | None:
    """The reason why a goroutine's long wait is normal, or None.

    ``functions`` are its frames, the innermost first, as printed without arguments; ``creator`` is
    the function of ``created by``. Ask it only about goroutines that wait and are not ``(leaked)``:
    the state is not looked at.
    """
    waits_here = True
    for position, function in enumerate(functions):
        for entry in _entries(function):
            if entry.where == "top" and not waits_here:
                continue
            below = functions[position + 1] if position + 1 < len(functions) else ""
            if entry.called_by is None or entry.called_by == _plain(below):
                return entry
        waits_here = waits_here and function.startswith(_PRIMITIVES)
    return None if creator is None else _BY_CREATOR.get(creator)


def waits_for_child(functions: Sequence[str]) -> bool:
    """Whether a goroutine waits for a child process: one is normal, ever more of them are not."""
    return any(function in _CHILD for function in functions)


@lru_cache(maxsize=8192)
def _entries(function: str) -> tuple[LongWaiter, ...]:
    plain = _plain(function)
    exact = _BY_FUNCTION.get(plain)
    if exact is not None:
        return tuple(exact)
    declared = _BY_FUNCTION.get(declared_name(plain), ())
    return tuple(entry for entry in declared if entry.closures)


def _plain(function: str) -> str:
    """The name without vendoring, escapes and major versions, as the table spells it."""
    if "/" not in function:
        return function
    function = function.rpartition("/vendor/")[2].removeprefix("vendor/")
    return _MAJOR.sub("", unescape(function))
