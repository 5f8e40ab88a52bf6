"""The friendly face: a colony, in memory or in a directory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, overload

from . import _phago, results
from ._alive import Alive
from ._checks import beginning_of, count, extras_of, question_of, text_of, time_of
from ._embedding import Embed, Embedding, Vector, embedding_of
from ._held import Held, config_given, in_memory, runner_given, shards_given
from ._intake import (
    DigestOf,
    DocumentLike,
    Intake,
    OnError,
    Updated,
    Updating,
    Where,
    are_many,
    chunks,
    is_evidence,
    keys_of,
    not_everything,
    overlapped,
    page_of,
    ran,
    ticked,
    undone_is_logged,
)
from ._later import datetime, module, pathlib
from ._progress import OnProgress, shown, taken
from ._question import Question, explained
from ._rows import alike, concept, constants, explanation, helped, stored, suggestions
from ._unpicklable import Unpicklable
from .config import ColonyConfig, Ranking, RunnerConfig
from .results import (
    Concept,
    Explanation,
    Hit,
    Hits,
    IngestReport,
    RunReport,
    Stats,
    StoredDocument,
    Suggestion,
    UpdateReport,
)

# What few programs need.
if TYPE_CHECKING:
    from . import _jsonl as jsonl
    from . import _listing as listing
    from . import errors
    from . import graph as graphs
    from .agents.minds import Minds
else:
    errors, graphs = module("phago.errors"), module("phago.graph")
    jsonl, listing = module("phago._jsonl"), module("phago._listing")

__all__ = ["Colony"]


class Colony(Alive, Unpicklable):
    """A memory that organises itself. This makes one that lives in memory; `phago.open` opens one in a directory.

    >>> with Colony(seed=7) as colony:
    ...     report = colony.ingest([{"id": "a", "text": "Ions cross the membrane."}, "The membrane holds the cell."])
    ...     digested = colony.run().digested
    ...     best = colony.query("how do ions cross", k=1)[0]
    >>> report.accepted, digested, best.id
    (2, 2, 'a')

    Args:
        shards: The number of parts that the work is cut into; 1 to 1,024. By default one for each core. No result
            depends on it.
        seed: Keys the colony's chance; 0 to 2^64 - 1. Short for `ColonyConfig(seed=...)`.
        config: Everything else that can be set.
        runner: How ticks are driven. By default with one thread for each core.
        embed: A model of one's own that makes vectors of texts: called with a list of at most 64 of them, it returns as
            many vectors. It is called for documents that come without one, with their title and text, and for
            questions; outside of any lock. phago has no model, and needs none.
        model: The name of that model. The colony remembers it, and refuses another one.

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
        embed: Embed | None = None,
        model: str | None = None,
    ) -> None:
        given = config_given(seed, config)
        config = ColonyConfig() if given is None else given
        runner, shards = runner_given(runner), shards_given(shards)
        self._config, self._shards = config, shards
        self._held: Held | None = None
        self._embedding = embedding_of(embed, model)
        self._timeout_ms = runner.phase_timeout_ms
        self._held = in_memory(config, shards, runner)
        if self._embedding is not None and self._embedding.model is not None:
            self._world.tell_model(self._embedding.model).wait()

    @classmethod
    def _of(cls, held: Held, config: ColonyConfig, shards: int, timeout_ms: int, embedding: Embedding | None) -> Self:
        colony = cls.__new__(cls)
        colony._embedding = embedding
        colony._config, colony._shards, colony._held = config, shards, held
        colony._timeout_ms = timeout_ms
        return colony

    def _open(self) -> Held:
        held = self._held
        if held is None:
            what = "the colony is closed; make a new one"
            raise errors.ClosedError(what, what=what)
        return held

    @property
    def _world(self) -> _phago.World:
        return self._open().world

    @property
    def _minds(self) -> Minds:
        # Most colonies have no agents of one's own, and do without what loads them.
        from .agents.minds import Minds

        # Whoever comes first, all get the same.
        minds = Minds(self._config.seed, self._timeout_ms, self._config.maturation_ticks)
        found: Minds = vars(self).setdefault("_known", minds)
        return found

    @property
    def _is_without_agents(self) -> bool:
        known: Minds | None = vars(self).get("_known")
        return known is None or known.is_empty

    @property
    def _runner(self) -> _phago.Runner:
        return self._open().driver()

    # --- taking in ---

    def ingest(
        self,
        documents: Iterable[DocumentLike] | DocumentLike,
        on_error: OnError = "raise",
        *,
        progress: OnProgress | None = None,
    ) -> IngestReport:
        """Take in documents, or one document. They are found by their words at once, and digested by `run`.

        While a tick is being made, what comes is there at once (`get`), and found when that ends.

        Any iterable will do; it is read in chunks of 1,000 to 8,000 documents, or 32 MiB of text, one or two ahead of
        what is taken in; with a model of vectors none. So an iterable that changes the colony itself does so while
        documents before are taken in. A document with an id that is there already with the same content changes
        nothing. After Ctrl-C the chunk that was under way may still be taken in, as a whole.

        Args:
            documents: Strings, mappings (`text`; optional the other fields of a `Document`) or `Document`s; or a
                DataFrame of pandas or polars or a Table of pyarrow with these columns (see `read_frame` for others).
            on_error: With "raise", the first document that is not valid raises, and nothing of its chunk is taken in.
                With "skip", the report lists such documents, and the rest is taken in.
            progress: Called with a `Progress` after each chunk; or True for a bar. What it raises ends the call between
                two chunks.

        Raises:
            InvalidDocument: Not text, blank, over 16 MiB, over 1,000,000 different words, with an unknown key, or with
                a field that is not valid (see `Document`). Its `report` says what was taken before.
            DocumentExists: A document with other content has this id; `update` replaces it. The error's `report` says
                what was taken in before.
        """
        ends: list[int] = []

        def calls(overlaps: bool) -> Iterator[_phago.Call[_phago.IngestedRow]]:
            for first, chunk in chunks(documents):
                ends.append(first + len(chunk))
                idles = overlaps and first > 0
                yield self._world.ingest(chunk, first, intake.skip, self._vectors(chunk, first), idles)

        with Intake(on_error) as intake, shown(progress) as show:
            # A model may be told of a document once it stands, so it waits for that.
            overlaps = self._world.is_far or (self._embedding is None and are_many(documents))
            made: Iterable[_phago.Call[_phago.IngestedRow]] = calls(overlaps)
            if overlaps:
                made = overlapped(made, self._world.is_far)
            for number, call in enumerate(made):
                intake.add(call.wait())
                if show is not None:
                    show(taken(documents, ends[number]))
        return intake.report

    def _vectors(self, documents: list[DocumentLike], first: int) -> list[Vector] | None:
        embedding = self._embedding
        return None if embedding is None else embedding.fill(self._world, documents, first)

    def update(self, document: DocumentLike) -> Updated:
        """Replace the document with this id, in one step: no question finds both, and none finds neither.

        The old content leaves as if deleted (see `delete`); the new one is found by its words at once and digested by
        `run`. Returns "changed"; or "unchanged" if the document is there with the same fields, and
        nothing is done; or "new" if no document had this id, and the document is taken in as by
        `ingest`. If only `expires` differs, the document stays as it is, with what it wired, and gets that. During a
        tick, all of this happens when the tick ends; a document that the tick takes away comes back as a new one.

        Args:
            document: A mapping with `id` and `text`, and perhaps the other fields of a `Document`; or a `Document` that
                has an id. What it leaves out is gone: the document has none of that afterwards.

        Raises:
            InvalidDocument: No id, or a document that `ingest` would refuse. Nothing has changed then.
        """
        vectors = self._vectors([document], 0)
        return self._world.update(document, None if vectors is None else vectors[0]).wait()

    def update_all(self, documents: Iterable[DocumentLike] | DocumentLike, on_error: OnError = "raise") -> UpdateReport:
        """Update documents, each in one step as by `update`, and much faster than one by one in a directory.

        Any iterable will do; it is read in chunks of 1,000 to 8,000, each of which is written to the disk together. Of
        two documents with one id the later one stands.

        Args:
            documents: Documents that have ids, or a table, as `ingest` takes them.
            on_error: With "raise", the first document that is not valid raises, and nothing of its chunk is updated.
                With "skip", the report lists such documents, and the rest is updated.

        Raises:
            InvalidDocument: As by `update`. Its `report` says what was updated before.
        """
        with Updating(on_error) as updating:
            for first, chunk in chunks(documents):
                vectors = self._vectors(chunk, first)
                updating.add(self._world.update_all(chunk, first, updating.skip, vectors).wait())
        return updating.report

    @overload
    def delete(self, id: str) -> bool: ...
    @overload
    def delete(self, id: Iterable[str]) -> int: ...
    @overload
    def delete(self, *, where: Where) -> int: ...
    def delete(self, id: str | Iterable[str] | None = None, *, where: Where | None = None) -> bool | int:
        """Delete a document. Returns `False`, and changes nothing, if no document has this id.

        With several ids, or with a filter, it deletes those documents one after the other and returns how many there
        were. In a directory, 1,000 are written to the disk together. Interrupted, it leaves whole documents.

        Every answer, count and statistic is at once that of a colony that never saw the document, and
        `digest("evidence")` proves it. A document that waits to be digested never will be. During a tick, the delete
        happens when the tick ends.

        What it wired leaves the graph in the next tick, which `run` makes. Concepts that no other document wired are
        gone. Each synapse that the document helped to make keeps the share of its weight that other documents gave,
        and goes if no other document gave any; a synapse made after the document was digested stays as it is. No
        synapse gains weight by a delete.

        The graph, too, is then that of a colony that never saw the document, if it never lost anything: with an
        `edge_decay_rate` of 0, an `edge_prune_threshold` of at most 0.1 (the weight of a new synapse), no concept at
        `max_edge_degree`, no weight at 1, no document with more terms than `concepts_per_document`, and nothing
        reinforced. Otherwise some history stays: a synapse that was dropped to make room, or pruned, does not return.

        It costs what the document's words cost, however many documents there are. The memory of words that no document
        has any more is reused once they are most of the dictionary.

        Args:
            id: The document's id; for one that came without, the 32 hex digits that its hit shows. Or several of them.
            where: Instead, a filter as `query` takes it: every document that matches goes. One that is true of every
                document by its form alone is refused, such as one without a key or `{"year": {"nin": []}}`.
        """
        if isinstance(id, str):
            if where is None:
                return self._world.delete(text_of("id", id)).wait()
        elif id is not None and where is None:
            return self._world.delete_all(keys_of(id)).wait()
        elif id is None:
            return self._world.delete_all(self._world.names(not_everything(where)).wait()).wait()
        raise TypeError("`delete` takes an id, several ids, or `where`: one of them")

    def reinforce(self, hit: Hit) -> bool:
        """Learn from a hit that helped; it takes effect in the next tick, which `run` makes.

        Every concept of the hit's path, the question's words among them, counts one use (`Node.uses`). Every synapse
        between a word of the question and a concept that it led to, and between two of its words that the document has,
        in either direction, gains `ColonyConfig.reinforcement_gain` of weight, up to 1, and fades from that tick on.
        No synapse is made: a synapse is evidence of documents, and `co_activations` counts documents only. So what is
        learned is bounded, fades when it is not repeated, and goes with the synapse. It changes no answer unless
        `Ranking.hop_share` is above 0.

        Returns `False`, and does nothing, if the document is gone or has changed since, or if the hit has no path to
        learn from: a lexical hit, or one asked for without paths. During a tick, all of this waits for its end. If
        the document is deleted before the next tick, nothing is learned.

        Args:
            hit: A hit of `query`, of this colony or of another one with the same document, pickled or not. Of a path
                the first 16 concepts and words, and for each the first 32 words, count.

        Raises:
            LimitError: More would wait for the next tick than 1,048,576 concepts and pairs of them. Make a tick.
        """
        return self._world.reinforce(*helped(hit)).wait()

    def run(
        self,
        max_ticks: int | None = None,
        *,
        now: datetime.datetime | None = None,
        progress: OnProgress | None = None,
    ) -> RunReport:
        """Tick until all is digested, unwired or reinforced and every digester has ended, or `max_ticks` were made.

        No tick is made for lifetimes that are not over yet (`Document.expires`).

        Args:
            max_ticks: Ticks, at most.
            now: As in `tick`.
            progress: Called with a `Progress` after each tick; or True for a bar, drawn by rich where that is installed
                (`phago[progress]`). What it raises ends the run between two ticks.

        Raises:
            PhaseTimeout: A shard did not finish a phase in time, even when redone (`RunnerConfig.recover`).
                The tick was undone; call `run` again to go on.
            ShardDied: The work of a shard failed, even when redone. The tick was undone.
        """
        limit = None if max_ticks is None else count("max_ticks", max_ticks, 0)
        begun = time.monotonic()
        self._tell(now)
        with undone_is_logged():
            if self._is_without_agents and progress is None:
                rows = [self._runner.run_sync(limit)]
            else:
                rows = self._run_tick_by_tick(limit, progress)
        return ran(rows, begun)

    def ticks(
        self, max_ticks: int | None = None, *, now: datetime.datetime | None = None
    ) -> Iterator[results.DistributedTickResult]:
        """As `run`, handing over each tick as it is made."""
        left = -1 if max_ticks is None else count("max_ticks", max_ticks, 0)
        if now is not None:
            time_of("now", now)
        return self._ticks(left, now)

    def _ticks(self, left: int, now: datetime.datetime | None) -> Iterator[results.DistributedTickResult]:
        self._tell(now)
        while left != 0 and not self._world.quiet:
            yield self.tick()
            left -= 1

    def tick(self, *, now: datetime.datetime | None = None) -> results.DistributedTickResult:
        """Make one tick, whether there is work or not.

        >>> from datetime import UTC, datetime
        >>> with Colony() as colony:
        ...     report = colony.ingest({"id": "a", "text": "Ions.", "expires": datetime(2030, 1, 1, tzinfo=UTC)})
        ...     earlier, later = datetime(2029, 12, 31, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC)
        ...     [(colony.tick(now=now).tick, len(colony)) for now in (None, earlier, later)]
        [(1, 1), (2, 1), (3, 0)]

        Args:
            now: The time, with a time zone: once the tick is made, documents that expire by then are gone. It is an
                input as a document is: kept, a part of `digest()`, and there for later ticks too, also if this one
                fails. A time before the latest one that the colony was told changes nothing.

        Raises:
            ConfigError: `now` is no datetime, or has no time zone.
            PhaseTimeout: A shard did not finish a phase in time. The tick was undone.
            ShardDied: The work of a shard failed. The tick was undone.
        """
        self._tell(now)
        with undone_is_logged():
            if self._is_without_agents:
                return ticked(self._runner.tick_sync())
            return ticked(self._minds.acting(self._living, self._world, self._runner.tick_sync))

    def _tell(self, now: datetime.datetime | None) -> None:
        if now is not None:
            self._world.tell_time(time_of("now", now)).wait()

    # --- asking; nothing here changes anything ---

    def query(
        self,
        text: str,
        k: int = 10,
        ranking: Ranking | Literal["lexical"] | None = None,
        where: Where | None = None,
        paths: bool = True,
        *,
        vector: Vector | None = None,
        as_of: datetime.datetime | str | None = None,
        since: datetime.datetime | str | None = None,
        until: datetime.datetime | str | None = None,
        newer: float | None = None,
        half_life: datetime.timedelta | str | float | None = None,
        diverse: float = 0.0,
        operators: bool | None = None,
        required: str | Iterable[str] = (),
        excluded: str | Iterable[str] = (),
        synonyms: Mapping[str, str | Iterable[str]] | None = None,
    ) -> Hits:
        """The `k` documents that answer best, with their text, best first; ties by document.

        A score is the sum of its `parts`: the question's words (BM25, coverage, titles), concepts that the best
        documents share, mentions of a document's title in those, and, for documents of a `thread`, their neighbours in
        it. Digested or not makes no difference. Two more are there if one asks for them: how similar the vectors of
        question and document are, and how new it is.

        Vectors are compared with those of all documents that have one, exactly. The most similar document gets
        `Ranking.similar_weight`, one as similar as the mean of all or less nothing, the others in between in
        proportion. So a document that has none of the question's words is found too.

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


        A question may have operators: `"an exact phrase"`, `+required`, `-excluded`, `title:word`, `text:word` and
        `begin*`, also together (`-title:"old news"`). All must hold of a hit. Words stand for all their forms; those of
        a phrase follow each other without a gap, function words too. Operators choose among the documents and change
        no score: what is required and phrases are ranked like the same words without signs, what is excluded is not
        asked, and what `begin*` begins counts as one word. They are read where the question looks like a query: one
        line that does not end like a sentence (`.`, `?`, `!`), with at most ten words beside its phrases. There, what
        is no whole operator is text, such as a lone quote, `-5` or `foo - bar`.

        >>> with Colony() as colony:
        ...     texts = {"a": "A signed draft.", "b": "I signed the draft."}
        ...     report = colony.ingest([{"id": id, "text": text} for id, text in texts.items()])
        ...     [hit.id for hit in colony.query('"the draft" signed')]
        ...     [hit.id for hit in colony.query('signed -"the draft"')]
        ['b']
        ['a']

        A word that no document has is read as the nearest known ones: "recieve" as "receive". `Hit.path.words` and
        `explain` tell it. See `Ranking.near_share`.

        Args:
            text: The question; at most 64 KiB of UTF-8.
            k: Hits, at most. The head of a longer answer is the shorter one, for every `k`, unless it is `diverse`;
                more than the colony has is no error. By score, but for what stands behind the candidates: see
                `Ranking.lexical_candidates`.
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
            vector: The question's, as documents have them; by default what `embed` makes of the text, if there is one.
            as_of: Answer as of this moment: documents whose time is later are not there, those without a time are. What
                words are worth, and so scores, are those of the whole colony all the same, as with `where`.
            since: Only documents whose time is this moment or later.
            until: Only documents whose time is this moment or earlier. One without a time is in no such span.
            newer: What being new is worth, in units of the best score by words: a document of the latest time, or of
                `as_of`, gets as much, and one that is `half_life` older half of it. One without a time gets nothing. Of
                documents that answer equally well the latest comes first, and none rises by more than this: one that
                answers better by more stays before it, however old. By default 0.
            half_life: A timedelta, text such as "12h", "180d" or "2y", or a number of days. By default 180 days.
            diverse: How much it counts that hits are unlike each other; 0 (by default nothing) to 1. Each next hit is
                the one with the most of (1 - diverse) * its score, as a share of the best one's, - diverse * its
                likeness to the hit before it that it is most like: the cosine of their vectors, or of their terms if
                one has none. So near copies come late or not at all. Scores stay what they are, and are in no order
                then. Hits are chosen among the 50 to 200 best, four for each that is asked for; those behind 200
                stay in their order.
            operators: True to read operators also in prose, with an error for one that is incomplete; False for text
                that is none of yours, in which signs mean nothing.
            required: Words, phrases (of several words) or `begin*` that a hit must have, perhaps behind `title:` or
                `text:`. They are also asked.
            excluded: The same for what it must not have. At most 32 operators in all, and 256 words that begin so.
            synonyms: For words of the question one or more others that are looked for too, each a word or several;
                they weigh by `Ranking.synonym_share`. At most 1,024.

        Raises:
            EmbedError: `embed` failed.
            LimitError: A longer question.
            ConfigError: Another ranking; a filter that is not valid: `where` is the error's field, and its value the
                key and what is wrong under it; an operator that is incomplete, with the character where.
        """
        extras = extras_of(operators, required, excluded, synonyms)
        asked = Question.of(
            text, k, ranking, where, paths, vector, as_of, since, until, newer, half_life, diverse, extras
        )
        return asked.hits(asked.call(self._world, self._made(asked)).wait())

    def _made(self, asked: Question) -> list[Vector]:
        texts, embedding = asked.texts(self._embedding), self._embedding
        return embedding.vectors(texts) if embedding is not None and texts else []

    def explain(
        self,
        text: str,
        id: str | None = None,
        ranking: Ranking | None = None,
        *,
        vector: Vector | None = None,
        as_of: datetime.datetime | str | None = None,
        newer: float | None = None,
        half_life: datetime.timedelta | str | float | None = None,
        operators: bool | None = None,
        required: str | Iterable[str] = (),
        excluded: str | Iterable[str] = (),
        synonyms: Mapping[str, str | Iterable[str]] | None = None,
    ) -> Explanation | None:
        """Why a document has its score, found or not; returns `None` if no document has this id.

        That is also told of a document that came while a tick was being made, until that ends.

        The score is the one that a query gives, to the last bit. Without an id, the explanation is of the question
        alone: which of its words no document has and, if nothing is found, why.

        >>> with Colony() as colony:
        ...     colony.query("where is everybody?").items, colony.explain("where is everybody?").nothing
        ((), 'the colony has no documents')

        Args:
            text: The question; at most 64 KiB of UTF-8.
            id: The document's id, or none.
            ranking: Constants other than the default ones.
            vector: As of `query`, and so are the others.
            as_of: The moment from which ages are counted.
            newer: What being new is worth.
            half_life: In which time that halves.
            operators: As for `query`, and so are the next three. `Explanation.unmet` has the operators that the
                document does not meet.
            required: What a hit must have.
            excluded: What it must not have.
            synonyms: What words are read as too.

        Raises:
            LimitError: A longer question.
            ConfigError: An operator that is incomplete.
        """
        key = None if id is None else text_of("id", id)
        extras = extras_of(operators, required, excluded, synonyms)
        asked = explained(text, ranking, vector, as_of, newer, half_life, extras)
        told = asked.explain(self._world, key, self._made(asked)).wait()
        return None if told is None else explanation(told)

    def similar(self, id: str, k: int = 10, ranking: Ranking | None = None, where: Where | None = None) -> Hits | None:
        """The `k` documents that are most like another one, best first; `None` if no document has this id.

        If that one has a vector, these are the documents whose vectors have the highest cosines with it, which are
        their scores (`parts.similar`). Otherwise its title and text, up to 8 KiB, are asked as a question is, and it
        is left out of the answer.

        >>> with Colony() as colony:
        ...     texts = {"a": "Ions cross the membrane.", "b": "The membrane holds ions.", "c": "Rain falls on hills."}
        ...     report = colony.ingest({"id": id, "text": text} for id, text in texts.items())
        ...     [hit.id for hit in colony.similar("a")]
        ['b']

        Args:
            id: The document's id.
            k: Hits, at most.
            ranking: Constants other than the default ones, of a document without a vector.
            where: A filter as `query` takes it.
        """
        found = self._world.similar(text_of("id", id), count("k", k, 1), constants(ranking), where).wait()
        return alike(found)

    def suggest(self, text: str, k: int = 10) -> list[Suggestion]:
        """The `k` words that begin with a text and that most documents have, most first; ties by alphabet.

        Of a word's forms it is the most frequent one that begins so.

        >>> with Colony() as colony:
        ...     report = colony.ingest(["membranes and members", "a membrane"])
        ...     [(found.word, found.documents) for found in colony.suggest("memb")]
        [('membrane', 2), ('members', 1)]

        Args:
            text: How the words begin, at least a letter or digit; without regard to case and accents.
            k: Words, at most.

        Raises:
            ConfigError: Blank, or more than one word.
        """
        return suggestions(self._world.suggest(beginning_of("text", text), count("k", k, 1)).wait())

    def concepts(self, text: str, k: int = 10) -> list[Concept]:
        """The `k` concepts nearest to a text, best first, each with what it is associated with."""
        rows = self._world.concepts_with_neighbors(question_of("text", text), count("k", k, 1)).wait()
        return [concept(row) for row in rows]

    def get(self, id: str) -> StoredDocument | None:
        """The document of this id, or `None` if no document has it.

        A document that came without an id has the 32 hex digits that its hit shows.
        """
        found = self._world.get(text_of("id", id)).wait()
        return None if found is None else stored(found)

    def count(self, where: Where | None = None) -> int:
        """How many documents match a filter as `query` takes it; without one, all there are."""
        return self._world.count(where).wait()

    def documents(
        self, where: Where | None = None, *, after: str | None = None, limit: int | None = None
    ) -> listing.Documents:
        """Iterate over the documents, in the order of their ids (by code point), reading 1,000 at a time.

        They are those that are there when the iteration begins; one that is deleted before its turn is left out. The
        ids are held in memory, and the texts of one page. What is returned has `__arrow_c_stream__`, so that
        `polars.DataFrame(colony.documents())` is a table of them (`pip install "phago[arrow]"`).

        >>> with Colony() as colony:
        ...     report = colony.ingest([{"id": name, "text": f"Text {name}."} for name in "cab"])
        ...     [one.id for one in colony.documents()], [one.id for one in colony.documents(after="a", limit=1)]
        (['a', 'b', 'c'], ['b'])

        Args:
            where: A filter as `query` takes it.
            after: Begin behind this id, such as the last one of the page before.
            limit: At most so many.
        """
        world = self._world
        keys = world.names(where, None if after is None else text_of("after", after)).wait()
        return listing.Documents(self._world.stored(page).wait() for page in page_of(keys, limit))

    def export_jsonl(self, path: str | os.PathLike[str], where: Where | None = None) -> int:
        """Write the documents as lines of JSON, in the order of their ids; returns how many there are.

        A colony that ingests `phago.read_jsonl(path)` has the same `digest("evidence")`. The file is there whole or not
        at all. The graph, what is learned and the ticks of the documents are no part of it.

        Args:
            path: The file, which is replaced if it is there.
            where: A filter as `query` takes it.
        """
        with jsonl.Export(path) as export:
            for page in page_of(self._world.names(where).wait(), None):
                export.write(self._world.stored(page).wait())
        return export.documents

    def import_jsonl(self, path: str | os.PathLike[str], on_error: OnError = "raise") -> IngestReport:
        """Ingest the documents of a file that `export_jsonl` wrote, or that has the same form (see `read_jsonl`).

        Args:
            path: The file, in UTF-8.
            on_error: As of `ingest`. With "skip", lines that are no JSON object in UTF-8 are left out too: the report
                lists them among the documents, with the number of the line. The `index` of each is its place among the
                lines that are not blank.

        Raises:
            InvalidDocument: As by `ingest`, and for a line that is no JSON object in UTF-8.
            FileNotFoundError: There is no such file.
        """
        imported = jsonl.Imported(path, skip=on_error == "skip")
        return imported.told(self.ingest(iter(imported), on_error))

    @property
    def graph(self) -> graphs.Graph:
        """The concepts and what they are associated with."""
        return graphs.Graph(lambda: self._world)

    def stats(self) -> Stats:
        """The colony in numbers."""
        return Stats(**self._world.stats().wait())  # type: ignore[arg-type]

    def digest(self, of: DigestOf = "state") -> str:
        """A SHA-256, as 64 hex digits: equal for equal inputs on any number of shards.

        Takes time in proportion to what is stored.

        Args:
            of: "state" for everything. "evidence" for what the documents that stand decide alone (their texts, the
                index, the statistics and the word forms), whatever was digested, deleted or forgotten.
        """
        world, evidence = self._world, is_evidence(of)
        return (world.evidence_digest() if evidence else world.digest()).wait()

    @property
    def config(self) -> ColonyConfig:
        return self._config

    @property
    def shards(self) -> int:
        """The number of shards."""
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
        if self._held is None:
            return "<closed Colony>"
        try:
            return f"<Colony of {len(self)} documents at tick {self._world.tick}>"
        except errors.CoordinatorUnavailable:
            return "<unavailable Colony>"

    def _repr_html_(self) -> str:
        from html import escape

        from .view.glance import glance

        if self._held is None:
            return f"<code>{escape(repr(self))}</code>"
        try:
            return glance(self.stats(), self.events(), self.graph)
        except errors.CoordinatorUnavailable:
            return f"<code>{escape(repr(self))}</code>"

    # --- on disk ---

    @property
    def path(self) -> pathlib.Path | None:
        """The directory it lives in; None for a colony in memory."""
        return self._open().path

    def checkpoint(self) -> None:
        """Write the colony down as a whole, so that its log begins anew and it is opened faster.

        It happens by itself as the log grows, and at the end; questions are answered meanwhile. Waits for the end of a
        tick that is being made.

        Raises:
            NotOnDisk: A colony in memory.
            ReadOnlyError: A colony that was opened to read.
            StorageError: The system refused. What was kept before stands.
        """
        self._open().writer("checkpoint").checkpoint().wait()

    def compact(self) -> None:
        """Write the colony down as a whole, after which no byte of a deleted document is in its files.

        Raises:
            BusyError: What a deleted document wired is unwired by the next tick: call `run` before.
            NotOnDisk: A colony in memory.
            ReadOnlyError: A colony that was opened to read.
            StorageError: The system refused. What was kept before stands.
        """
        self._open().writer("compact").compact().wait()

    def snapshot(self, path: str | os.PathLike[str]) -> None:
        """Write the colony, as it is now, into another directory, as a colony of its own.

        Args:
            path: A directory beside the colony's, empty but for hidden files; it is made where there is none.

        Raises:
            ColonyExists: There is a colony.
            ConfigError: It holds other files, or lies in the directory of a colony.
            NotOnDisk: A colony in memory.
            ReadOnlyError: A colony that was opened to read.
            StorageError: The system refused.
        """
        from ._directory import copy_given

        held = self._open()
        held.writer("snapshot").snapshot(copy_given("path", path, held.path)).wait()

    def refresh(self) -> bool:
        """Move a colony that was opened to read on to what is committed now; says whether there was anything new.

        The one who writes has nothing to refresh, which is `False`.

        Raises:
            NotOnDisk: A colony in memory.
            CorruptionError: A file is not what was written. The colony stays where it was.
        """
        held = self._open()
        follower = held.reader()
        is_new = follower is not None and follower.refresh().wait()
        # One that was interrupted may have moved on all the same.
        if follower is not None:
            held.world = follower.world
        return is_new

    # --- ending ---

    def close(self) -> None:
        """Give memory, threads and the directory back. Later calls raise `ClosedError`; closing twice is fine.

        What was acknowledged is kept with it and without. With it, the next `phago.open` is faster, as there is less to
        do again. What another thread is inside of is freed when it comes out. In a forked child it does nothing.
        Where only what makes the next opening fast could not be written, as on a full disk, that is a
        `CheckpointWarning`: nothing is lost.

        Raises:
            StorageError: Of a colony on disk the last idle ticks could not be written. It is closed all the same.
        """
        held = self._take()
        if held is not None:
            held.close()

    def _take(self) -> Held | None:
        held, self._held = self._held, None
        return held

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
