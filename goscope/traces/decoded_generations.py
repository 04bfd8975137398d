"""Decodes each generation of a trace in a second thread, while the previous one is analysed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from goscope.errors import InputError
from goscope.traces.event_columns import Events, decode
from goscope.traces.event_table import arities, mask_of
from goscope.traces.generation_tables import GenerationTables, TraceStacks, read_tables
from goscope.traces.generations import Batch, Generation, GenerationReader
from goscope.traces.thread_contexts import by_thread
from goscope.traces.varints import DamagedTrace

_WITH_REASON = mask_of("GoBlock", "GoStop")
_STACK_SECOND = mask_of("GoBlock", "GoStop", "GoSyscallBegin", "ProcsChange", "STWBegin", "GCBegin")
_STACK_THIRD = mask_of("GoUnblock", "GoCreate", "UserRegionBegin", "UserRegionEnd")


@dataclass(frozen=True, slots=True)
class DecodedGeneration:
    """A generation: its tables, its batches of events by thread, the events of those, and its start in ns."""

    dictionary: GenerationTables
    batches: Sequence[Batch]
    events: Events
    start: int


_Coming: TypeAlias = tuple[int, Future[DecodedGeneration]]


def decoded(
    batches: GenerationReader, version: int, stacks: TraceStacks
) -> Iterator[DecodedGeneration]:
    """The whole generations, in order, until one is damaged; the rest is counted by ``batches``.

    A second thread decodes the next generation meanwhile; numpy releases the GIL for most of that time.

    Raises:
        InputError: the chunks raised it; the generations before were given out.
    """
    generations = batches.generations()
    failure: InputError | None = None
    waiting: _Coming | None = None
    with ThreadPoolExecutor(1) as thread:
        while True:
            generation: Generation | None = None
            try:
                generation = next(generations, None)
            except InputError as error:
                failure = error
            coming: _Coming | None = None
            if generation is not None:
                future = thread.submit(_decode, generation, version, stacks)
                coming = generation.size, future
            if waiting is not None:
                try:
                    found = waiting[1].result()
                except DamagedTrace as error:
                    later = 0 if coming is None else coming[0]
                    batches.drop(waiting[0] + later, str(error))
                    break
                waiting = None
                yield found
                del found  # a generation is large
            if coming is None:
                break
            waiting = coming
    if failure is not None:
        raise failure


def _decode(generation: Generation, version: int, stacks: TraceStacks) -> DecodedGeneration:
    dictionary = read_tables(generation, stacks)
    batches = by_thread(generation.events)
    events = decode(generation.data, batches, arities(version), dictionary.scale)
    if not (generation.closed or _is_whole(events, dictionary)):
        raise DamagedTrace("it is cut off")
    batches = [batch for batch, count in zip(batches, events.counts, strict=True) if count]
    events.counts = events.counts[events.counts > 0]
    return DecodedGeneration(
        dictionary, batches, events, int(generation.first_ticks * dictionary.scale)
    )


def _is_whole(events: Events, dictionary: GenerationTables) -> bool:
    """Whether all strings and stacks that events name are in a table: these come last.

    Go writes down some strings in every generation, whether they are used or not.
    """
    if not dictionary.texts:
        return False
    for mask, column, table in (
        (_WITH_REASON, 0, dictionary.strings),
        (_STACK_SECOND, 1, dictionary.stacks),
        (_STACK_THIRD, 2, dictionary.stacks),
    ):
        if table.lacks(events.arguments[column][mask[events.type]]):
            return False
    return True
