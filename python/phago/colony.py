"""The friendly face: a colony in memory."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self, cast

from . import _phago
from ._checks import count, question_of, text_of
from ._rows import concept, constants, explanation, helped, hit, lexical_hit, tick_result
from ._settings import as_native
from ._unpicklable import Unpicklable
from .config import ColonyConfig, Ranking, RunnerConfig
from .document import Document
from .errors import ClosedError, ConfigError, CoordinatorUnavailable, DocumentExists, InvalidDocument
from .graph import Graph
from .results import (
    Concept,
    DistributedTickResult,
    Explanation,
    Hit,
    Hits,
    IngestReport,
    Rejected,
    RunReport,
    Stats,
    StoredDocument,
)

__all__ = ["Colony", "DigestOf", "DocumentLike", "OnError", "Updated", "Where"]

DocumentLike = str | Mapping[str, Any] | Document
"""A document: its text; a mapping with `text` and perhaps `id`, `title` and `metadata`; or a `Document`."""

# A mapping of keys to conditions; conditions and filters nest, which type checkers are not asked to follow.
Where = Mapping[str, Any]
"""A filter: for each key a value, values, or operators with what to compare with; see `Colony.query`."""

OnError = Literal["raise", "skip"]

DigestOf = Literal["state", "evidence"]
"""Of what a digest is."""

Updated = Literal["new", "changed", "unchanged"]
"""What an update did."""

CHUNK = 1000
"""Documents that are taken together: all of them or, with `on_error="raise"`, none."""


def chunks(documents: Iterable[DocumentLike] | DocumentLike) -> Iterator[tuple[int, list[DocumentLike]]]:
    """The documents in chunks, each with the index of its first."""
    # A string, a mapping and bytes can be iterated, and whoever passes one means one document.
    alone = isinstance(documents, str | bytes | bytearray | Mapping) or not isinstance(documents, Iterable)
    waiting = cast("Iterator[DocumentLike]", iter([documents] if alone else documents))  # type: ignore[arg-type]
    first = 0
    while chunk := list(islice(waiting, CHUNK)):
        yield first, chunk
        first += len(chunk)


def is_evidence(of: DigestOf) -> bool:
    """Whether a digest is of the evidence alone."""
    if of in ("state", "evidence"):
        return of == "evidence"
    accepted = '"state" or "evidence"'
    raise ConfigError(f"`of` is {of!r}; accepted is {accepted}", field="of", value=of, accepted=accepted)


class Intake:
    """The report of one `ingest` while it grows."""

    def __init__(self, on_error: OnError) -> None:
        if on_error not in ("raise", "skip"):
            accepted = '"raise" or "skip"'
            message = f"`on_error` is {on_error!r}; accepted is {accepted}"
            raise ConfigError(message, field="on_error", value=on_error, accepted=accepted)
        self.skip = on_error == "skip"
        self.report = IngestReport()

    def add(self, taken: tuple[int, int, list[tuple[int, str | None, str, str]]]) -> None:
        accepted, unchanged, rejected = taken
        self.report = IngestReport(
            self.report.accepted + accepted,
            self.report.unchanged + unchanged,
            self.report.rejected + tuple(Rejected(*row) for row in rejected),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, InvalidDocument | DocumentExists):
            error.report = self.report


class Colony(Unpicklable):
    """A memory that organises itself, kept in this process.

    >>> with Colony(seed=7) as colony:
    ...     report = colony.ingest([{"id": "a", "text": "Ions cross the membrane."}, "The membrane holds the cell."])
    ...     digested = colony.run().digested
    ...     best = colony.query("how do ions cross", k=1)[0]
    >>> report.accepted, digested, best.id
    (2, 2, 'a')

    Args:
        shards: Into how many parts the work is cut; 1 to 1,024. By default one for each core. No result depends on it.
        seed: Keys the colony's chance; 0 to 2^64 - 1. Short for `ColonyConfig(seed=...)`.
        config: Everything else that can be set.
        runner: How ticks are driven. By default with one thread for each core.

    Methods may be called from several threads; queries do not wait for a tick under way. A colony cannot be pickled or
    copied and does not survive a fork: make it in the process that uses it.

    Raises:
        ConfigError: For a setting outside of what is accepted.
    """

    _instead = "make one where it is needed; documents, configs, results and `digest()` may travel"

    def __init__(
        self,
        shards: int | None = None,
        seed: int = 0,
        config: ColonyConfig | None = None,
        *,
        runner: RunnerConfig | None = None,
    ) -> None:
        config = ColonyConfig() if config is None else config
        if not isinstance(config, ColonyConfig):
            raise TypeError(f"`config` is a ColonyConfig, not {type(config).__name__}")
        if seed:
            if config.seed not in (0, seed):
                accepted = f"the config's own seed {config.seed}, or none"
                raise ConfigError(
                    f"`seed` is {seed}; accepted is {accepted}", field="seed", value=seed, accepted=accepted
                )
            config = dataclasses.replace(config, seed=seed)
        if runner is None:
            runner = RunnerConfig(max_parallelism=min(_phago.cores(), 256))
        self._config = config
        self._shards = (
            min(_phago.cores(), _phago.SHARDS_MAX) if shards is None else count("shards", shards, 1, _phago.SHARDS_MAX)
        )
        self._native: tuple[_phago.World, _phago.Runner] | None = None
        world = _phago.World.create(as_native(config, "ColonyConfig"), self._shards)
        self._native = (
            world,
            _phago.Runner.of_world(world, as_native(runner, "RunnerConfig")),
        )

    def _open(self) -> tuple[_phago.World, _phago.Runner]:
        native = self._native
        if native is None:
            what = "the colony is closed; make a new one"
            raise ClosedError(what, what=what)
        return native

    @property
    def _world(self) -> _phago.World:
        return self._open()[0]

    @property
    def _runner(self) -> _phago.Runner:
        return self._open()[1]

    # --- taking in ---

    def ingest(self, documents: Iterable[DocumentLike] | DocumentLike, on_error: OnError = "raise") -> IngestReport:
        """Take documents, or one document. They are found by their words at once, and digested by `run`.

        Any iterable will do; it is read in chunks of 1,000. A document with an id that is there already with the same
        content changes nothing.

        Args:
            documents: Strings, mappings (`text`; optional `id`, `title`, `metadata`) or `Document`s.
            on_error: With "raise", the first bad document raises and nothing of its chunk is taken. With "skip", bad
                documents are listed in the report and the rest is taken.

        Raises:
            InvalidDocument: Not text, blank, over 16 MiB, over 1,000,000 different words, with an unknown key or with
                metadata that is none (see `Document`). Its `report` says what was taken before.
            DocumentExists: An id that is taken by other content; `update` replaces it. Its `report` says what was taken
                before.
        """
        with Intake(on_error) as intake:
            for first, chunk in chunks(documents):
                intake.add(self._world.ingest(chunk, first, intake.skip))
        return intake.report

    def update(self, document: DocumentLike) -> Updated:
        """Replace the document with this id, in one step: nobody finds neither of them, or both.

        The old content leaves as if deleted (see `delete`); the new one is found by its words at once and digested by
        `run`. Returns "changed"; or "unchanged" where it stands with the same title, text and metadata, and nothing is
        done; or "new" where there was none of this id, and the document is taken as `ingest` would. While a tick is
        made, all of this happens when it ends.

        Args:
            document: A mapping with `id` and `text`, and perhaps `title` and `metadata`; or a `Document` that has an
                id. What it does not say is gone: without `metadata` it has none.

        Raises:
            InvalidDocument: No id, or what `ingest` would not take either. Nothing has changed then.
        """
        return self._world.update(document)

    def delete(self, id: str) -> bool:
        """Let a document go; `False` where there is none of this id, and then nothing is done.

        At once it is out of every answer, count and statistic: they are those of a colony that never saw it, and
        `digest("evidence")` proves it. One that waits to be digested never will be. While a tick is made, all of this
        happens when it ends.

        What it wired leaves the graph in the next tick, which `run` makes. Concepts that no other document wired are
        gone. Each synapse it helped to make keeps as much of its weight as the other documents have a share in it, and
        is gone where there are none; one that was made after the document was digested owes it nothing and stays. No
        synapse gains by a delete.

        The graph, too, is then that of a colony that never saw the document, if nothing in it was ever lost: with a
        decay rate of 0, no concept at `max_edge_degree`, no weight at 1, and no document with more terms than
        `concepts_per_document`. Else some history stays: a synapse that had to make room does not return.

        Args:
            id: The document's id; for one that came without, the 32 hex digits that its hit shows.
        """
        return self._world.delete(text_of("id", id))

    def reinforce(self, hit: Hit) -> bool:
        """Learn from a hit that helped; it takes effect in the next tick, which `run` makes.

        Every concept of the hit's path, the question's words among them, counts one use (`Node.uses`). Every synapse
        between a word of the question and a concept that it led to, and between two of its words that the document has,
        in either direction, gains `ColonyConfig.reinforcement_gain` of weight, up to 1, and fades from that tick on.
        Nothing is made: a synapse is evidence of documents, and `co_activations` counts those alone. So what is learned
        is bounded, fades when it is not repeated, and goes with the synapse. It changes no answer, unless
        `Ranking.hop_share` lets it.

        Returns `False`, and does nothing, where the document is gone or has changed since, and where the hit has no
        path to learn from: a lexical hit, or one asked for without paths. While a tick is made, all of this waits for
        its end. A document deleted before the next tick takes along what it was to be reinforced with.

        Args:
            hit: A hit of `query`, of this colony or of another one with the same document, pickled or not. Of a path
                the first 16 concepts and words, and for each the first 32 words, count.

        Raises:
            LimitError: More would wait for the next tick than 1,048,576 concepts and pairs of them. Make a tick.
        """
        return self._world.reinforce(*helped(hit))

    def run(self, max_ticks: int | None = None) -> RunReport:
        """Tick until all is digested, unwired or reinforced and every digester has ended, or `max_ticks` were made.

        Raises:
            PhaseTimeout: A shard did not finish a phase in time. The tick was undone; call `run` again to go on.
            ShardDied: The work of a shard failed. The tick was undone.
        """
        limit = None if max_ticks is None else count("max_ticks", max_ticks, 0)
        begun = time.monotonic()
        run = self._runner.run_sync(limit)
        return RunReport(run.ticks, run.digested, run.failed, time.monotonic() - begun)

    def ticks(self, max_ticks: int | None = None) -> Iterator[DistributedTickResult]:
        """As `run`, handing over each tick as it is made."""
        left = -1 if max_ticks is None else count("max_ticks", max_ticks, 0)
        while left != 0 and not self._world.quiet:
            yield self.tick()
            left -= 1

    def tick(self) -> DistributedTickResult:
        """Make one tick, whether there is work or not."""
        return tick_result(self._runner.tick_sync())

    # --- asking; nothing here changes anything ---

    def query(
        self,
        text: str,
        k: int = 10,
        ranking: Ranking | Literal["lexical"] | None = None,
        where: Where | None = None,
        paths: bool = True,
    ) -> Hits:
        """The `k` documents that answer best, with their text, best first; ties by document.

        A score is the sum of three parts: the question's words (BM25, coverage, titles), concepts that the best
        documents share, and mentions of a document's title in those. Digested or not makes no difference.

        With `where`, these are the `k` best of the documents whose metadata matches, and not what is left of the `k`
        best of all. Their scores, parts and passages are the same with and without it: what a question means is read
        from the whole colony.

        >>> with Colony() as colony:
        ...     report = colony.ingest([
        ...         {"id": "a", "text": "Ions cross.", "metadata": {"year": 2019, "tags": ["cell", "ion"]}},
        ...         {"id": "b", "text": "Ions rest.", "metadata": {"year": 2024, "tags": ["cell"]}},
        ...     ])
        ...     [hit.id for hit in colony.query("ions", where={"tags": "cell", "year": {"gte": 2020}})]
        ...     [hit.id for hit in colony.query("ions", where={"tags": ["ion", "salt"]})]
        ['b']
        ['a']

        Args:
            text: The question; at most 64 KiB of UTF-8.
            k: Hits, at most. The head of a longer answer is the shorter one.
            ranking: "lexical" for BM25 alone (k1 1.5, b 0.75); constants other than the default ones.
            where: For each key a condition; all must hold. A condition is a value (equal to it), a list, tuple or set
                (equal to any of them), None (no such key), or a mapping of operators, all of which must hold: `eq`,
                `gt`, `gte`, `lt`, `lte` (equal, greater, greater or equal, less, less or equal), `in` (any of), `ne`
                (not equal), `nin` (none of), `exists` (True or False: whether there is the key), `not` (a condition
                that does not hold). `$and` and `$or` stand in the place of a key and take a list of such filters,
                `$not` takes one. Numbers compare by their exact value (1 is 1.0), strings by code point; a bool is no
                number, and values of different kinds are never equal, less or greater. A document without the key
                matches `ne`, `nin`, `not` and None, and nothing else. Of one with a list, one value must pass all
                operators; `ne` and `nin` must hold for every value. The `$` may be left out of `$and`, `$or` and `$not`
                where no condition is meant, and may stand before operators. At most 64 conditions on keys, 16 levels
                and 1 MiB, counted as in metadata.
            paths: Without, the hits' `passage` and `path` stay empty, which makes a long answer cheaper.

        Raises:
            LimitError: A longer question.
            ConfigError: Another ranking, or a filter that is none: `where` is the error's field, and its value the key
                and what is wrong under it.
        """
        world, text, k = self._world, question_of("text", text), count("k", k, 1)
        if isinstance(ranking, str) and ranking == "lexical":
            hits = tuple(map(lexical_hit, world.search(text, k, where)))
        else:
            hits = tuple(map(hit, world.answer(text, k, constants(ranking), where, bool(paths))))
        return Hits(hits, world.pending)

    def explain(self, text: str, id: str | None = None, ranking: Ranking | None = None) -> Explanation | None:
        """Why a document stands where it stands, whether it was found or not; `None` where there is none of this id.

        The score is the one a query gives to it, to the last bit. Without an id, only what there is to say of the
        question: which of its words no document has, and why nothing at all is found, if so.

        >>> with Colony() as colony:
        ...     colony.query("where is everybody?").items, colony.explain("where is everybody?").nothing
        ((), 'the colony has no documents')

        Args:
            text: The question; at most 64 KiB of UTF-8.
            id: The document's id, or none.
            ranking: Constants other than the default ones.

        Raises:
            LimitError: A longer question.
        """
        key = None if id is None else text_of("id", id)
        told = self._world.explain(question_of("text", text), key, constants(ranking))
        return None if told is None else explanation(told)

    def concepts(self, text: str, k: int = 10) -> list[Concept]:
        """The `k` concepts nearest to a text, best first, each with what it is associated with."""
        rows = self._world.concepts_with_neighbors(question_of("text", text), count("k", k, 1))
        return [concept(row) for row in rows]

    def get(self, id: str) -> StoredDocument | None:
        """The document of this id; `None` where there is none.

        A document that came without an id has the 32 hex digits that its hit shows.
        """
        found = self._world.get(text_of("id", id))
        return None if found is None else StoredDocument(id, *found)

    @property
    def graph(self) -> Graph:
        """The concepts and what they are associated with."""
        return Graph(lambda: self._world)

    def stats(self) -> Stats:
        """The colony in numbers."""
        return Stats(**self._world.stats())  # type: ignore[arg-type]

    def digest(self, of: DigestOf = "state") -> str:
        """A SHA-256, as 64 hex digits: equal for equal inputs on any number of shards.

        Takes time in proportion to what is stored.

        Args:
            of: "state" for everything. "evidence" for what the documents that stand decide alone (their texts, the
                index, the statistics and the word forms), whatever was digested, deleted or forgotten.
        """
        world, evidence = self._world, is_evidence(of)
        return world.evidence_digest() if evidence else world.digest()

    @property
    def config(self) -> ColonyConfig:
        return self._config

    @property
    def shards(self) -> int:
        """Into how many parts the work is cut."""
        return self._shards

    def __len__(self) -> int:
        """Documents, digested or not."""
        return len(self._world)

    def __bool__(self) -> bool:
        # An empty colony is a colony: `colony or Colony()` must not make a second one.
        return True

    def __contains__(self, id: object) -> bool:
        return id in self._world

    def __repr__(self) -> str:
        if self._native is None:
            return "<closed Colony>"
        try:
            return f"<Colony of {len(self)} documents at tick {self._world.tick}>"
        except CoordinatorUnavailable:
            return "<unavailable Colony>"

    # --- ending ---

    def close(self) -> None:
        """Give memory and threads back. Later calls raise `ClosedError`; closing twice is fine.

        What another thread is inside of is freed when it comes out. In a forked child it does nothing.
        """
        runner = self._take()
        if runner is not None:
            runner.close()
            del runner
            _phago.wait_until_freed()

    def _take(self) -> _phago.Runner | None:
        # The colony is freed when the last handle goes: this one goes here.
        native, self._native = self._native, None
        return None if native is None else native[1]

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
