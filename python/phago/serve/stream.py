"""Documents as a stream of lines, taken in as they come; no more of them is held than one chunk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ..errors import DocumentExists, InvalidDocument
from ..results import Rejected
from .operations import json_of, kind_of
from .problems import Refused

if TYPE_CHECKING:
    from .memory import Memory

# Documents and bytes of one chunk: it is taken in while the next one comes.
_CHUNK = 1_000
_CHUNK_BYTES = 8 << 20


class Streamed:
    """One stream, and the report of it while it grows."""

    def __init__(self, memory: Memory, update: bool, skip: bool) -> None:
        self._memory, self._skip = memory, skip
        self._take = memory.client.update_all if update else memory.client.ingest
        names = ("new", "changed", "unchanged") if update else ("accepted", "unchanged")
        self._counts = dict.fromkeys(names, 0)
        self._rejected: list[Rejected] = []
        self._unindexed: list[Rejected] = []
        self._left_out, self._index = 0, 0
        self._chunk: list[tuple[int, dict[str, Any]]] = []
        self._size = 0

    async def taken(self, stream: AsyncIterator[bytes]) -> dict[str, Any]:
        """The report, once all has come.

        Raises:
            Refused: A line is no document, and none may be left out; what came before is taken in.
        """
        line, most, is_over = bytearray(), self._memory.limits.line_bytes, False
        async for piece in stream:
            *ends, rest = piece.split(b"\n")
            for end in ends:
                line += end
                await self._line(bytes(line), is_over or len(line) > most)
                line.clear()
                is_over = False
            line += rest
            if len(line) > most:
                # The rest of it is read and dropped.
                line.clear()
                is_over = True
        await self._line(bytes(line), is_over)
        await self._send()
        told: dict[str, Any] = {**self._counts, "rejected": self._rejected, "left_out": self._left_out}
        return told if "new" in told else {**told, "unindexed": self._unindexed}

    async def _line(self, line: bytes, is_over: bool) -> None:
        if not is_over and not line.strip():
            return
        index, self._index = self._index, self._index + 1
        try:
            if is_over:
                raise Refused(413, f"it has more than {self._memory.limits.line_bytes} bytes")
            document = json_of(line.removeprefix(b"\xef\xbb\xbf") if not index else line)
            if not isinstance(document, dict):
                raise Refused(422, f"it is {kind_of(document)}; accepted is an object")
        except Refused as error:
            reason = error.detail.replace("the body", "it")
            if not self._skip:
                await self._send()
                raise Refused(422, f"document {index}: {reason}", report=self._counts) from None
            self._reject([Rejected(index, None, "document", reason)])
            return
        self._chunk.append((index, document))
        self._size += len(line)
        if len(self._chunk) >= _CHUNK or self._size >= _CHUNK_BYTES:
            await self._send()

    async def _send(self) -> None:
        if not self._chunk:
            return
        (indices, documents), self._chunk, self._size = zip(*self._chunk, strict=True), [], 0
        try:
            report = await self._memory.do(lambda: self._take(list(documents), "skip" if self._skip else "raise"))
        except (InvalidDocument, DocumentExists) as error:
            # Numbered within its chunk, and not among all lines.
            error.message = error.message.replace(f"document {error.index}", f"document {indices[error.index]}", 1)
            error.index = indices[error.index]
            raise
        for name in self._counts:
            self._counts[name] += getattr(report, name)
        self._reject([Rejected(indices[one.index], one.id, one.field, one.reason) for one in report.rejected])
        for one in getattr(report, "unindexed", ()):
            if len(self._unindexed) < self._memory.limits.told:
                self._unindexed.append(Rejected(indices[one.index], one.id, one.field, one.reason))

    def _reject(self, found: list[Rejected]) -> None:
        self._left_out += len(found)
        self._rejected += found[: self._memory.limits.told - len(self._rejected)]
