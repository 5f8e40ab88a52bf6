"""`phago evolve`: foragers with a genome that evolves, with the default one and with random ones, on one stream."""

from __future__ import annotations

import argparse
import platform
from collections import Counter
from collections.abc import Iterator

from .._bar import progress
from .._json import json_text
from ..document import Document
from ..evolution import Genome
from ..extract import LeftOut, read_sources, sources
from .demo import python_documents
from .exits import FOUND, Problem
from .finding import counted
from .parsing import Parser, count, shards
from .plain import show
from .trials import MEASURES, Trials, mean_and_spread, p_text, tried

__all__ = ["add_evolve"]

_HEADS = {"concepts": "concepts", "topics": "topics", "lasting": "lasting synapses", "bridges": "bridges"}
_SEED_MAX = 2**32


def _seed(given: str) -> int:
    if not given.isdecimal() or int(given) > _SEED_MAX:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from 0 to {_SEED_MAX}")
    return int(given)


def add_evolve(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evolve",
        help="see whether foragers whose genomes evolve find more than others do",
        description="Digests a third of the documents of PATH, or without PATH of the documentation of the Python that "
        "runs this, several times: in the order in which they come, and in the order for which foragers ask that have "
        "the default genome, one that evolves, or random ones. Prints what each reached, how genes drifted, and "
        "whether that is more than chance.",
    )
    parser.add_argument("path", metavar="PATH", nargs="?", help="a folder with text files, or a file of lines of JSON")
    parser.add_argument("--ticks", type=count, default=24, metavar="N", help="in how many ticks (default: 24)")
    parser.add_argument("--seed", type=_seed, default=0, metavar="S", help="the first seed (default: 0)")
    parser.add_argument("--seeds", type=count, default=5, metavar="K", help="how many seeds (default: 5)")
    parser.add_argument("--shards", type=shards, metavar="N", help="shards, 1 to 1024 (default: one for each core)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_evolve)
    parser.is_mixed = True


def _evolve(arguments: argparse.Namespace) -> int:
    topics: dict[str, str] | None = None
    if arguments.path is None:
        try:
            documents = python_documents()
        except RuntimeError as error:
            raise Problem(str(error), code=1) from None
        name = f"the documentation of Python {platform.python_version()}"
        topics = {str(one.id): str(one.id).partition(".")[0] for one in documents}
    else:
        documents, name = _read(arguments.path), arguments.path
    if len(documents) < arguments.ticks:
        raise Problem(f"{counted(len(documents), 'document')} in {name}: give fewer --ticks than {arguments.ticks}")
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    with progress(quiet=arguments.json) as tell:
        trials = tried(
            documents,
            ticks=arguments.ticks,
            seeds=seeds,
            topics=topics,
            shards=arguments.shards,
            tell=lambda done, total: tell("colonies", done, total),
        )
    if arguments.json:
        print(json_text(trials.as_json(), indent=2))
    else:
        show(f"{name}: {counted(len(documents), 'document')}.")
        for line in _lines(trials, arguments.ticks):
            show(line)
    return FOUND


def _read(path: str) -> list[Document]:
    try:
        found = list(read_sources(sources([path])))
    except FileNotFoundError:
        raise Problem(f"there is no file or folder `{path}`") from None
    # Of several documents with one id, the first.
    documents = {one.id: one for _, one in reversed(found) if isinstance(one, Document)}
    if not documents:
        reasons = Counter(one.reason for _, one in found if isinstance(one, LeftOut))
        told = ", ".join(f"{number:,} {reason}" for reason, number in reasons.most_common(3))
        raise Problem(f"there are no documents in `{path}`{f' (left out: {told})' if told else ''}")
    return list(reversed(documents.values()))


def _lines(trials: Trials, ticks: int) -> Iterator[str]:
    seeds = trials.seeds
    of = f"seeds {seeds[0]} to {seeds[-1]}: mean ± standard deviation" if len(seeds) > 1 else f"seed {seeds[0]}"
    digested = trials.results["default"][0].digested
    yield f"{counted(ticks, 'tick')}, each digests {trials.per_tick:,} at most: {digested:,} in all."
    yield f"{of[0].upper()}{of[1:]}."
    yield ""
    measures = [one for one in MEASURES if trials.values("default", one) is not None]
    rows = [("", *(_HEADS[one] for one in measures), "characters", "born", "died")]
    for mode, results in trials.results.items():
        values = [[float(getattr(one, measure)) for one in results] for measure in (*measures, "characters", "born")]
        values.append([float(sum(one.died.values())) for one in results])
        rows.append((mode, *map(_spread, values)))
    yield from _table(rows)
    gained = trials.text_gained()
    if gained is not None:
        yield f"Signals favour long documents: with foragers {gained:.1f} times the text was digested as with nobody."
    drifts = trials.drifts()
    if drifts:
        yield ""
        firsts = [one.first for one in trials.results["evolved"]]
        lasts = [one.last for one in trials.results["evolved"]]
        genes: list[tuple[str, ...]] = [("mean genome", "beginning", "end", "chance")]
        for gene in Genome.RANGES:
            ends = ([float(getattr(one, gene)) for one in side if one is not None] for side in (firsts, lasts))
            genes.append((gene, *(_spread(side, 2) for side in ends), p_text(drifts[gene][1])))
        yield from _table(genes)
    yield ""
    yield trials.verdict()


def _spread(values: list[float], digits: int = 0) -> str:
    mean, spread = mean_and_spread(values)
    return f"{mean:,.{digits}f} ± {spread:,.{digits}f}" if len(values) > 1 else f"{mean:,.{digits}f}"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *cells in rows:
        yield "  ".join([first.ljust(widths[0]), *map(str.rjust, cells, widths[1:])]).rstrip()
