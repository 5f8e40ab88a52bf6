"""Many questions awaited at once: threads, throughput, and how long the event loop stands still.

    python benches/awaits.py [QUESTIONS ...]

For 1, 64 and 2,000 concurrent questions (or as many as are named) over 3,000 documents: `AsyncColony.query`, and
`asyncio.to_thread` over the synchronous colony, in turn. A stall is how late another task wakes from a sleep of 5 ms.
Latencies are from the first call to an answer. Threads are those that came on top.
"""

import asyncio
import os
import sys
import time

import phago
from turns import percentile

DOCUMENTS = 3000
ROUNDS = 5
BEAT = 0.005


def documents():
    for number in range(DOCUMENTS):
        words = " ".join(f"t{number * other % 977}" for other in range(40))
        yield {"id": str(number), "text": f"alpha w{number} {words}"}


def threads():
    return len(os.listdir("/proc/self/task"))


class Beat:
    """A task that wants to go on every 5 ms, and the longest that it had to wait."""

    async def __aenter__(self):
        self.stall, self.threads, self.stopped = 0.0, threads(), False
        self.task = asyncio.create_task(self.run())
        await asyncio.sleep(0)
        return self

    async def run(self):
        while not self.stopped:
            begun = time.perf_counter()
            await asyncio.sleep(BEAT)
            self.stall = max(self.stall, time.perf_counter() - begun - BEAT)
            self.threads = max(self.threads, threads())

    async def __aexit__(self, *_):
        self.stopped = True
        await self.task


async def measure(ask, count):
    ended = []

    async def one(number):
        await ask(f"alpha t{number % 900} t{number % 77}")
        ended.append(time.perf_counter() - begun)

    before = threads()
    async with Beat() as beat:
        begun = time.perf_counter()
        await asyncio.gather(*map(one, range(count)))
        took = time.perf_counter() - begun
    return count / took, beat.threads - before, beat.stall * 1e3, percentile(ended, 0.5) * 1e3, max(ended) * 1e3


async def main(counts):
    async with phago.AsyncColony(seed=2, shards=2) as colony:
        await colony.ingest(documents())
        await colony.run()
        ways = {
            "AsyncColony.query": lambda text: colony.query(text, 5),
            "asyncio.to_thread": lambda text: asyncio.to_thread(colony._colony.query, text, 5),
        }
        print(f"{phago._phago.cores()} cores, {threads()} threads before; medians of {ROUNDS} rounds in turn")
        print(
            f"{'at once':>8} {'way':18} {'a second':>9} {'threads':>8} {'stall, ms':>10} {'p50, ms':>8} {'last, ms':>9}"
        )
        for count in counts:
            seen = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, ask in ways.items():
                    seen[name].append(await measure(ask, count))
            for name, rows in seen.items():
                rate, more, stall, half, last = (percentile(column, 0.5) for column in zip(*rows, strict=True))
                print(f"{count:8} {name:18} {rate:9.0f} {more:8.0f} {stall:10.1f} {half:8.1f} {last:9.1f}")


if __name__ == "__main__":
    asyncio.run(main([int(argument) for argument in sys.argv[1:]] or [1, 64, 2000]))
