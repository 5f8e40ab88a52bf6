"""A store for LangGraph, the long-term memory of agents; needs the extra `langgraph`."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..colony import Colony
from ..results import StoredDocument
from ._asking import needed
from ._conditions import holds, matches
from ._items import Item, Names, document_of, item_of

try:
    from langgraph.store import base
except ImportError as error:
    raise needed("langgraph", "langgraph")(error) from error

__all__ = ["PhagoStore"]

Namespace = tuple[str, ...]


class PhagoStore(base.BaseStore):
    """LangGraph's store in a colony: what is put survives the process, and is found by its words and concepts.

    Each item is a document. `search` with a query ranks as `Colony.query` does and returns what it finds, with scores;
    without one, the items with the latest first. Items of other namespaces, of stores of other names and documents of
    no store are never found. What words are worth, and which concepts they lead to, is read from the whole colony: for
    users who must not even influence one another's order, give each a colony.

    Values are what JSON can hold: tuples come back as lists, and keys of mappings as texts. Of one, what is no long
    text that is searched may take some 60,000 bytes. `list_namespaces`, and `search` without a query, read all items
    that they may mean.

    Args:
        colony: A `Colony`. The store does not close it.
        name: Keeps this store apart from others in the same colony.
        index: `{"fields": [...]}`: the paths of a value that are searched, as LangGraph writes them, for items that are
            put without `index`. By default all texts and numbers in it. It needs no `embed` and no `dims`.
        ttl: As LangGraph has it. What is over is never returned; it leaves the files with the next item that is put
            with a lifetime, or with `sweep_ttl`.

    Raises:
        InvalidDocument: A value that is too long.
        TypeError: A value that JSON cannot hold.
    """

    supports_ttl = True
    __slots__ = ("_colony", "_fields", "_lock", "_names", "_now", "ttl_config")

    def __init__(
        self,
        colony: Colony,
        *,
        name: str = "store",
        index: dict[str, Any] | None = None,
        ttl: base.TTLConfig | None = None,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
    ) -> None:
        if asyncio.iscoroutinefunction(getattr(colony, "query", None)):
            raise TypeError("`colony` is a `Colony`, not one for event loops; a `Colony` answers `abatch` too")
        self._colony, self._names, self._now = colony, Names(name), now
        self._fields: list[str] | None = (index or {}).get("fields")
        self.ttl_config = ttl
        # An item that is put again keeps when it was created: reading and writing are one.
        self._lock = threading.Lock()

    def batch(self, ops: Iterable[base.Op]) -> list[base.Result]:
        """Do several operations: all reads see what was there before; of two puts of one item the last one stands."""
        ops = list(ops)
        results = [self._read(op) for op in ops]
        puts = {(op.namespace, str(op.key)): op for op in ops if isinstance(op, base.PutOp)}
        if puts:
            self._write(puts)
        return results

    async def abatch(self, ops: Iterable[base.Op]) -> list[base.Result]:
        """As `batch`, off the event loop."""
        return await asyncio.to_thread(self.batch, list(ops))

    def sweep_ttl(self) -> int:
        """Delete what is over; returns how many items that were, of all stores of the colony."""
        before = len(self._colony)
        self._colony.run(now=self._now())
        return before - len(self._colony)

    # --- reading ---

    def _read(self, op: base.Op) -> base.Result:
        if isinstance(op, base.GetOp):
            document = self._colony.get(self._names.id(op.namespace, str(op.key)))
            if document is None or self._is_over(document):
                return None
            self._refresh([document], op.refresh_ttl)
            return base.Item(**_fields_of(item_of(document)))
        if isinstance(op, base.SearchOp):
            return self._search(op)
        if isinstance(op, base.ListNamespacesOp):
            return self._namespaces(op)
        if isinstance(op, base.PutOp):
            return None
        raise ValueError(f"there is no operation {type(op).__name__}")

    def _is_over(self, document: StoredDocument) -> bool:
        return isinstance(document.expires, datetime.datetime) and document.expires <= self._now()

    def _there(self, prefix: Namespace) -> Iterator[StoredDocument]:
        where = {"store.under": self._names.under(prefix)}
        return (document for document in self._colony.documents(where) if not self._is_over(document))

    def _search(self, op: base.SearchOp) -> list[base.SearchItem]:
        end = op.offset + op.limit
        found = self._ranked(op, end) if op.query else self._latest(op)
        shown = found[op.offset : end]
        self._refresh([document for _, document, _ in shown], op.refresh_ttl)
        return [base.SearchItem(**_fields_of(item), score=score) for item, _, score in shown]

    def _latest(self, op: base.SearchOp) -> list[tuple[Item, StoredDocument, float | None]]:
        there = ((item_of(document), document, None) for document in self._there(op.namespace_prefix))
        kept = [one for one in there if holds(one[0].value, op.filter or {})]
        return sorted(kept, key=lambda one: one[0].updated, reverse=True)

    def _ranked(self, op: base.SearchOp, end: int) -> list[tuple[Item, StoredDocument, float | None]]:
        where, k = {"store.under": self._names.under(op.namespace_prefix)}, max(end, 1)
        while True:
            # The questions of agents are prose: a sign in them means nothing.
            hits = self._colony.query(op.query or "", k=k, where=where, paths=False, operators=False)
            kept: list[tuple[Item, StoredDocument, float | None]] = []
            for hit in hits:
                document = self._colony.get(hit.id)
                if document is None or self._is_over(document):
                    continue
                item = item_of(document)
                if holds(item.value, op.filter or {}):
                    kept.append((item, document, hit.score))
            # The filter, or a lifetime, took some away: the head of a longer answer is this one.
            if len(kept) >= end or len(hits) < k:
                return kept
            k *= 4

    def _namespaces(self, op: base.ListNamespacesOp) -> list[Namespace]:
        conditions = op.match_conditions or ()
        # What begins with names that are no wildcards is found without reading the others.
        prefix: Namespace = ()
        for condition in conditions:
            if condition.match_type == "prefix" and "*" not in condition.path:
                prefix = max(prefix, tuple(condition.path), key=len)
        found = {item_of(document).namespace for document in self._there(prefix)}
        found = {one for one in found if all(matches(one, each.match_type, each.path) for each in conditions)}
        cut = {one[: op.max_depth] for one in found} if op.max_depth is not None else found
        return sorted(cut)[op.offset : op.offset + op.limit]

    # --- writing ---

    def _write(self, puts: dict[tuple[Namespace, str], base.PutOp]) -> None:
        now = self._now()
        with self._lock:
            documents, gone = [], []
            for (namespace, key), op in puts.items():
                name = self._names.id(namespace, key)
                if op.value is None:
                    gone.append(name)
                    continue
                before = self._colony.get(name)
                is_new = before is None or self._is_over(before)
                created = now if is_new or before is None else item_of(before).created
                item = Item(namespace, key, op.value, created, now, op.ttl)
                documents.append(document_of(item, self._names, self._searched(op.index)))
            if documents:
                self._colony.update_all(documents)
            if gone:
                self._colony.delete(gone)
        has_lifetimes = any("expires" in document for document in documents)
        self._colony.run(now=now if has_lifetimes else None)

    def _searched(self, index: Any) -> Callable[[dict[str, Any]], Sequence[str]] | None:
        """What finds an item, by how it was put: None for all that is in it."""
        if index is False:
            return lambda value: ()
        fields = self._fields if index is None else index
        if fields is None or "$" in fields:
            return None
        return lambda value: [text for path in fields for text in base.get_text_at_path(value, path)]

    def _refresh(self, documents: list[StoredDocument], wanted: bool) -> None:
        """Begin the lifetimes of items anew that were read."""
        if not wanted:
            return
        renewed = []
        for document in documents:
            ttl = document.metadata.get("store.ttl")
            if isinstance(ttl, float):
                fields = {"id": document.id, "text": document.text, "metadata": document.metadata}
                renewed.append({**fields, "expires": self._now() + datetime.timedelta(minutes=ttl)})
        if renewed:
            with self._lock:
                # Not what was put or deleted by another one meanwhile.
                still = [one for one in renewed if self._is_as_it_was(one)]
                self._colony.update_all(still)

    def _is_as_it_was(self, fields: dict[str, Any]) -> bool:
        there = self._colony.get(fields["id"])
        return there is not None and there.metadata == fields["metadata"]


def _fields_of(item: Item) -> dict[str, Any]:
    return {
        "namespace": item.namespace,
        "key": item.key,
        "value": item.value,
        "created_at": item.created,
        "updated_at": item.updated,
    }
