"""Imports go down only, and the pure core stays pure. The tables are the rule; every source file is looked at."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What each module of the core may import. The words of the crate know only one another.
WORDS = {
    "bytes",
    "cancel",
    "config",
    "error",
    "exact",
    "ids",
    "maps",
    "phase",
    "place_list",
    "select",
    "settings",
    "table",
}
CORE = {
    "bytes": set(),
    "exact": set(),
    "cancel": {"error"},
    "config": {"settings"},
    "settings": {"error"},
    "error": {"ids", "phase"},
    "ids": set(),
    "maps": set(),
    "phase": set(),
    "place_list": set(),
    "select": set(),
    "table": set(),
    "text": WORDS,
    "ring": WORDS,
    "message": WORDS | {"text"},
    "reinforcement": set(),
    "titles": WORDS,
    "metadata": WORDS,
    "documents": WORDS | {"metadata", "text", "titles"},
    # What changes a colony, as data: it knows nobody who could apply it.
    "input": WORDS | {"documents", "life", "reinforcement"},
    "graph": WORDS,
    "field": WORDS,
    "sentinel": WORDS,
    "membership": WORDS,
    # What a colony has beside its documents, as data: nobody who could apply it.
    "life": WORDS | {"documents", "field", "membership"},
    "ghost": WORDS,
    # It speaks of ids and phases, never of shards.
    "coordinator": WORDS | {"ring"},
    "commons": WORDS | {"documents", "field", "graph", "life", "ring", "text"},
    "plan": WORDS | {"commons", "documents", "field", "life"},
    "wishes": WORDS | {"commons", "documents", "field"},
    # Agents propose; they see no shard and no graph to change.
    "agents": WORDS | {"commons", "plan"},
    # A shard knows no other shard, no replica of them and no driver: what it has to say is a message.
    "shard": WORDS | {"agents", "commons", "documents", "field", "graph", "message", "plan", "reinforcement", "text"},
    "query": WORDS | {"commons", "documents", "graph", "metadata", "shard", "text", "titles"},
    # What is told of a committed state, for users and for far shards.
    "read": WORDS | {"commons", "documents", "ghost", "graph", "metadata", "query", "shard", "survey", "text"},
    # Structural questions, over plain data that is read from a state: nothing in it can change one.
    "survey": WORDS | {"commons", "graph", "membership", "query", "sentinel"},
    "replica": WORDS
    | {
        "commons",
        "documents",
        "graph",
        "input",
        "life",
        "metadata",
        "plan",
        "query",
        "reinforcement",
        "ring",
        "shard",
        "text",
        "wishes",
    },
    "dump": WORDS | {"agents", "commons", "documents", "graph", "reinforcement", "replica", "shard", "text"},
    "checkpoint": WORDS
    | {
        "agents",
        "commons",
        "documents",
        "graph",
        "life",
        "metadata",
        "reinforcement",
        "replica",
        "ring",
        "shard",
        "text",
    },
    # Parts of a replica and what they say to each other, by the code that serves one process; it knows nobody who could
    # carry it.
    "cluster": WORDS
    | {"commons", "documents", "graph", "message", "metadata", "plan", "query", "read", "reinforcement", "replica"}
    | {"life", "ring", "shard", "survey", "text", "wishes"},
    # What is stored, by the reference driver.
    "replay": WORDS | {"colony", "input", "life", "replica"},
    "colony": WORDS
    | {
        "commons",
        "documents",
        "dump",
        "input",
        "life",
        "metadata",
        "plan",
        "query",
        "reinforcement",
        "replica",
        "ring",
        "shard",
    }
    | {"text"},
}

# What each file and folder of the engine may import.
ENGINE = {
    "config": set(),
    "cores": set(),
    # What threads meet on, and the clock.
    "sync": set(),
    "lock": {"sync"},
    # Threads and items; they know no colony.
    "work": {"lock", "sync"},
    # Bytes and files; it knows no colony.
    "store": {"lock", "sync"},
    # What a colony writes into a store; it knows no world.
    "journal": {"lock", "store", "sync"},
    "kept": {"cluster", "cores", "journal", "lock", "store", "sync", "world"},
    # What reaches the nodes of a colony, and what a node does; it makes no tick by itself.
    "cluster": {"config", "events", "intake", "journal", "kept", "lock", "store", "sync", "tick", "work", "world"},
    "coordination": {"lock", "sync"},
    "intake": {"journal", "lock", "store", "sync", "work", "world"},
    "answers": {"cluster", "lock", "world"},
    "surveys": {"world"},
    "changes": {"world"},
    "concepts": set(),
    "topology": set(),
    "events": {"lock", "world"},
    "life": {"lock", "world"},
    "views": {"lock", "topology", "world"},
    "ghosts": {"lock", "sync", "tick", "world"},
    "world": {"cluster", "concepts", "events", "topology", "ghosts", "intake", "journal", "lock", "sync", "tick"},
    # It drives the world and its workers, and takes nothing in and answers nothing.
    "tick": {"config", "coordination", "events", "lock", "sync", "work", "world"},
    # For the program that embeds the rest, which knows nothing of it.
    "host": {"coordination", "cores", "intake", "kept", "lock", "store", "tick", "world"},
}

# Files that still import each other in a circle, by crate. The list only gets shorter.
IN_CIRCLES = {
    "core": set(),
    "engine": set(),
    "py": set(),
}

# What each crate may name of other crates of the workspace, and what it must not know at all.
IMPURE = {f"std::{name}" for name in ("env", "fs", "io", "net", "process", "thread", "time")}
CRATES = {
    "core": (set(), {"pyo3", "rand", "tokio", *IMPURE}),
    "engine": ({"phago_core"}, {"pyo3", "rand", "std::env", "std::fs", "std::net"}),
    "py": ({"phago_core", "phago_engine"}, {"rand", "std::fs", "std::net"}),
}
# The one file that touches a file system, and what it may name for it.
EXCEPTIONS = {("engine", "store/directory.rs"): {"std::fs"}}

# What would let a shard reach another one, or wait for it.
HANDLES = r"\b(Shard|Replica|Colony|World|Mutex|RwLock|Condvar|Weak|Sender|Receiver|SyncSender|channel|dyn|Atomic\w+)\b"

# What each module of the package may import of the others; a folder is its own module and says what it has.
PACKAGE = {
    "_cores": "_phago",
    "_json": "",
    "_later": "",
    "_log": "",
    "_pickles": "",
    "_records": "",
    "_unpicklable": "",
    "_values": "_later",
    "_bar": "",
    "document": "_later _pickles _records",
    "ids": "",
    "machine": "",
    "results._show": "_later",
    "results._quick": "results.answers",
    # Pictures as data, as SVG and as a page; of colonies they know only what they are given.
    "view": "",
    "view.layout": "",
    "view.around": "view.layout",
    "view.atlas": "view.layout",
    "view.file": "",
    "view.notebook": "",
    "view.glance": "results._show view.notebook",
    # Tables and graphs for other tools; rows are given to them.
    "_files": "",
    "export.arrow": "_files results.documents",
    "export.graphml": "",
    "export.libraries": "",
    "export": "export.arrow",
    "_listing": "_rows export.arrow results",
    "results.colony": "_pickles _records results._show",
    "results.graph": "_records",
    "results.surveys": "_records results._show view.atlas view.notebook",
    "results.life": "_records",
    "results.answers": "_json _later _pickles _records document export.arrow results._show",
    "results.documents": "_later _pickles _records document results._show",
    "results.machine": "_records ids",
    "results.ticks": "_pickles _records ids",
    "_debug": "",
    "errors": "_debug ids results.documents",
    # These two load what they name in a table of their own.
    "results": "_later results.answers results.colony results.documents results.graph results.life results.machine "
    "results.surveys results.ticks",
    "_checks": "_later _values errors",
    "_directory": "_checks",
    "_jsonl": "_files _log errors results.documents",
    "_frames": "_checks document errors",
    "_mapping": "results",
    "_settings": "_checks _phago",
    "machine.ghosts": "_checks _phago _unpicklable errors ids results",
    "config": "_pickles _records _settings",
    "_rows": "_checks _log _settings config ids results results._quick results.ticks",
    "_embedding": "_checks _later _phago errors",
    "_question": "_checks _embedding _intake _later _phago _records _rows config errors results",
    "machine.ring": "_checks _phago _unpicklable config ids",
    "_intake": "_checks _frames _later _log _phago _rows document errors results",
    "graph": "_checks _files _phago _rows _unpicklable errors export.arrow export.graphml export.libraries results "
    "results._show view.around view.atlas view.file view.notebook",
    "machine.coordinator": "_checks _phago _settings _unpicklable config errors ids machine.ring results",
    "machine.shard": "_checks _phago _rows _settings _unpicklable config errors ids machine.ghosts machine.ring "
    "results",
    # What a user's own transport is made of.
    "backends.transport": "_phago _records",
    "backends.framing": "",
    "backends.pipes": "",
    "backends.processes": "backends.framing backends.pipes backends.transport",
    "backends.worker": "backends.framing backends.pipes backends.transport",
    "backends.ray": "_checks _phago backends.transport",
    "backends.choice": "_checks _phago _records backends.processes backends.transport",
    "backends": "backends.processes backends.ray backends.transport",
    "_progress": "_bar _phago results",
    "agents.view": "_checks _phago",
    "agents.actions": "agents.view",
    "agents.agent": "agents.actions agents.view results",
    "agents.arrays": "_checks _phago",
    "agents.states": "_checks _phago _values agents.view errors",
    "agents.minds": "_checks _phago agents.actions agents.agent agents.arrays agents.states agents.view errors ids",
    "agents": "_later agents.actions agents.agent agents.arrays agents.view",
    "_alive": "_checks _mapping _phago _progress _rows agents agents.minds graph results",
    "_alive_aio": "_alive _checks _mapping _phago _progress _rows agents agents.minds graph results",
    "_held": "_checks _later _log _phago _records _settings config errors",
    "colony": "_alive _checks _directory _embedding _held _intake _jsonl _later _listing _phago _progress _question "
    "_rows _unpicklable agents.minds config errors graph results view.glance",
    "machine.query": "_checks errors ids machine.coordinator machine.shard results",
    "machine.runner": "_checks _phago _rows _settings _unpicklable backends.choice config errors machine.coordinator "
    "machine.shard results",
    "aio": "_alive_aio _checks _directory _embedding _intake _jsonl _later _phago _progress _question _rows "
    "_unpicklable agents.minds colony config graph results",
    "opening": "_checks _directory _embedding _held _phago _records _settings aio backends backends.choice colony "
    "config errors",
    # Agents, policy and driver know the colony as its users do.
    "evolution.genome": "_checks",
    "evolution.fitness": "_checks",
    "evolution.forager": "agents errors evolution.fitness evolution.genome results",
    "evolution.policy": "_checks evolution.fitness evolution.genome",
    "evolution.driver": "_checks _intake _phago colony evolution.fitness evolution.forager evolution.genome "
    "evolution.policy",
    "evolution": "evolution.driver evolution.fitness evolution.forager evolution.genome evolution.policy",
    "roles": "_checks _unpicklable colony results",
    # A colony that another process has; the package names it, and imports it when it is asked for.
    "remote.wire": "_json errors ids results",
    "remote.faults": "_checks errors remote.wire results",
    "remote.refused": "errors results",
    "remote.calls": "_checks _intake _jsonl colony config errors graph remote.refused remote.wire results",
    "remote.judge": "colony",
    "remote.plain": "_values",
    "remote.arguments": "_checks document errors remote.judge remote.plain remote.refused",
    "remote.desk": "errors remote.calls remote.faults remote.wire",
    "remote.place": "",
    "remote.line": "remote.place",
    "remote.owner": "colony errors remote.calls remote.desk remote.line remote.place",
    "remote.shared": "_log colony errors remote.calls remote.desk remote.line remote.owner remote.place",
    "remote.http": "_checks errors remote.calls remote.desk remote.faults remote.line",
    "remote.graph": "_phago graph remote.calls results",
    "remote.embedding": "_embedding _question remote.arguments",
    "remote.client": "_checks _embedding _intake _jsonl _listing _progress _question _rows _unpicklable agents config "
    "errors graph remote.arguments remote.calls remote.embedding remote.graph results view.glance",
    "remote.aio": "_checks _embedding _intake _phago _progress _question _unpicklable agents config graph remote.calls "
    "remote.client remote.graph results",
    "remote.connecting": "_checks _directory _embedding config opening remote.aio remote.client remote.http "
    "remote.line remote.shared",
    "remote": "remote.aio remote.client remote.connecting",
    # It names all the others, and imports them when they are asked for.
    "phago": "_cores _debug _later _phago errors",
    # HTTP, which needs starlette and uvicorn; nothing imports it before `phago serve` runs.
    "serve": "",
    "serve.limits": "",
    "serve.problems": "errors remote.faults remote.wire",
    "serve.schemas": "ids results",
    "serve.metrics": "results",
    "serve.operations": "serve.problems serve.schemas",
    "serve.memory": "_embedding remote remote.calls remote.client remote.desk results serve.limits serve.metrics "
    "serve.operations",
    "serve.entry": "",
    "serve.guard": "remote.http serve.entry serve.problems",
    "serve.stream": "errors results serve.operations serve.problems",
    "serve.routes": "",
    "serve.routes.questions": "_checks config results serve.memory serve.operations serve.problems serve.schemas",
    "serve.routes.documents": "results serve.guard serve.memory serve.operations serve.problems serve.schemas "
    "serve.stream",
    "serve.routes.graph": "results serve.memory serve.operations serve.problems serve.routes.questions serve.schemas",
    "serve.routes.pictures": "serve.memory serve.operations serve.problems serve.schemas view.around view.atlas",
    "serve.routes.running": "remote.wire results serve.memory serve.operations serve.problems serve.schemas",
    "serve.routes.service": "errors remote.desk remote.http remote.line serve.memory serve.metrics serve.operations "
    "serve.problems serve.schemas",
    "serve.openapi": "serve.operations serve.schemas",
    "serve.app": "serve.guard serve.openapi serve.operations serve.problems serve.routes",
    "serve.listening": "",
    "serve.server": "serve.limits serve.listening serve.memory",
    "cli.models": "_embedding cli.exits cli.parsing colony errors",
    "cli.serving": "_embedding cli.exits cli.models cli.parsing errors phago remote serve.app serve.limits "
    "serve.listening serve.memory serve.server cli.plain",
    # What stands on the package as its users do.
    "cli.stdlib_docs": "",
    "evaluation": "",
    "evaluation.measures": "",
    "evaluation.significance": "",
    "evaluation.beir": "document errors",
    "extract.content": "",
    "extract.tags": "",
    "extract.html": "extract.content extract.tags",
    "extract.markup": "extract.content extract.tags",
    "extract.markdown": "extract.content extract.html extract.markup extract.tags",
    "extract.notebook": "extract.content extract.markdown",
    "extract.mail": "extract.content extract.html",
    "extract.pdf": "extract.content",
    "extract.docx": "extract.content extract.html",
    "extract.apart": "document extract.content extract.docx extract.mail extract.pdf",
    "extract.parts": "document extract.content",
    "extract.lines": "document",
    "extract.files": "document extract.apart extract.content extract.html extract.lines extract.markdown "
    "extract.markup extract.notebook extract.parts",
    "extract": "extract.apart extract.files extract.lines extract.parts",
    "cli.exits": "",
    "cli.plain": "",
    "cli.parsing": "cli.exits config errors cli.plain",
    "cli.planning": "_intake _json cli.parsing",
    # A memory in an agent's tools and in frameworks: each needs an extra.
    "integrations": "",
    "integrations._asking": "_checks results",
    "integrations._conditions": "",
    "integrations._items": "results",
    "integrations.langchain": "integrations._asking integrations.langgraph",
    "integrations.langgraph": "colony integrations._asking integrations._conditions integrations._items results",
    "integrations.llama_index": "integrations._asking",
    "mcp": "mcp.service mcp.serving",
    "mcp.budget": "_json results",
    "mcp.clients": "",
    "mcp.guard": "mcp.lines serve.entry",
    "mcp.lines": "",
    "mcp.provenance": "colony mcp.tool results results.answers",
    "mcp.sdk": "errors mcp.service phago",
    "mcp.service": "colony errors mcp.budget mcp.provenance mcp.tool mcp.tools",
    "mcp.serving": "mcp.guard mcp.lines mcp.sdk mcp.service serve.entry serve.listening",
    "mcp.tool": "colony mcp.lines",
    "mcp.tools": "mcp.tool mcp.tools.explain mcp.tools.forget mcp.tools.insights mcp.tools.recall mcp.tools.related "
    "mcp.tools.remember mcp.tools.status",
    "mcp.tools.explain": "_checks colony mcp.budget mcp.tool results results.answers",
    "mcp.tools.forget": "colony mcp.budget mcp.tool",
    "mcp.tools.insights": "colony mcp.budget mcp.tool",
    "mcp.tools.recall": "_checks colony config mcp.budget mcp.provenance mcp.tool results",
    "mcp.tools.related": "_checks colony mcp.budget mcp.provenance mcp.tool",
    "mcp.tools.remember": "_phago colony errors mcp.budget mcp.tool",
    "mcp.tools.status": "colony mcp.tool",
    # Pictures, which need matplotlib; nothing imports it that works without.
    "plot.sheet": "",
    "plot.layout": "",
    "plot.growing": "plot.sheet results",
    "plot.mapping": "colony plot.layout plot.sheet results",
    "plot.neighbors": "_checks _mapping colony plot.sheet results",
    "plot.paths": "plot.sheet results results.answers",
    "plot": "plot.growing plot.mapping plot.neighbors plot.paths plot.sheet",
    "cli.finding": "results",
    "cli.drawing": "cli.exits colony plot results",
    "cli.demo": "cli.drawing cli.finding cli.stdlib_docs colony config document results",
    "evaluation.evaluation": "_embedding colony config document errors evaluation.beir evaluation.measures "
    "evaluation.significance results",
    "evaluation.replay": "colony config evaluation.beir evaluation.evaluation evaluation.significance results",
    "evaluation.spelling": "colony evaluation.beir evaluation.evaluation evaluation.significance results",
    "cli.taking": "_bar colony document errors extract",
    "cli.following": "_bar cli.exits cli.taking colony extract",
    "cli.exporting": "cli.exits cli.finding colony export",
    "cli.directory": "_json _directory backends.ray cli.exits colony errors opening remote remote.place cli.plain",
    "cli.asking": "cli.directory cli.drawing cli.exits cli.finding cli.parsing results results.answers "
    "results.documents cli.plain",
    "cli.memory": "_bar _json _jsonl cli.asking cli.directory cli.drawing cli.exits cli.exporting cli.following "
    "cli.models cli.parsing cli.taking colony document errors extract opening remote cli.plain",
    "cli.trials": "colony config document evaluation.significance evolution",
    "cli.evolving": "_bar _json cli.demo cli.exits cli.finding cli.parsing cli.plain cli.trials document evolution "
    "extract",
    "cli.agents": "cli.agents_install cli.directory cli.exits cli.models cli.parsing cli.serving errors mcp opening "
    "remote cli.plain",
    "cli.agents_install": "cli.directory cli.exits cli.models cli.parsing mcp.clients cli.plain",
    "cli.checks": "_phago errors mcp mcp.budget opening phago",
    "cli.completing": "cli.exits cli.parsing",
    "cli.doctor": "_json cli.checks cli.exits cli.parsing cli.plain",
    "cli.command": "_json cli.agents cli.completing cli.doctor cli.demo cli.evolving cli.exits "
    "cli.memory cli.models cli.parsing cli.planning cli.serving colony "
    "document errors evaluation.beir evaluation.evaluation evaluation.replay evaluation.spelling phago cli.plain",
    "cli": "cli.command cli.plain",
    "__main__": "cli",
}
PACKAGE = {module: set(others.split()) for module, others in PACKAGE.items()}


# --- looking -----------------------------------------------------------------------------------------------------


def code(file):
    """A Rust file without comments and without its tests, which may look anywhere."""
    text = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
    return text.partition("#[cfg(test)]")[0]


def first_names(group):
    """`a::b, c::{d, e}` to `a`, `c`."""
    while "{" in group:
        group = re.sub(r"\{[^{}]*\}", "", group)
    return {item.strip().partition("::")[0] for item in group.split(",")} - {""}


def named_under(root, text):
    """What a piece of Rust names directly under a path, one by one or in braces."""
    found = set(re.findall(rf"\b{root}::([A-Za-z_]+)", text))
    for start in re.finditer(rf"\b{root}::\{{", text):
        depth, end = 1, start.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        found |= first_names(text[start.end() : end - 1])
    return found


def modules_named(text, depth):
    """The modules of its own crate that a file names, `depth` modules below the crate's root."""
    found = named_under("crate", text) | named_under("::".join(["super"] * depth), text)
    # The crate's root re-exports its errors.
    return {"error" if name in ("Error", "Result") else name for name in found} - {"self", "super"}


def rust_files(root, crate):
    return sorted((root / "rust" / crate / "src").rglob("*.rs"))


def faults_of_the_modules(root, crate, table):
    """(what is wrong, the files that were looked at, the modules that were seen)"""
    source, faults, seen, modules = root / "rust" / crate / "src", [], set(), set()
    for file in rust_files(root, crate):
        seen.add(file)
        parts = [part.removesuffix(".rs") for part in file.relative_to(source).parts]
        # The map of the crate names all modules, and tests may look anywhere.
        if parts in (["lib"],) or file.name == "tests.rs":
            continue
        modules.add(parts[0])
        if parts[0] not in table:
            faults.append(f"{file.name}: {parts[0]} has no place in the table")
            continue
        depth = len(parts) - (parts[-1] == "mod")
        beyond = modules_named(code(file), depth) - table[parts[0]] - {parts[0]}
        if beyond:
            faults.append(f"{parts}: imports {sorted(beyond)}")
    return faults, seen, modules


def faults_of_the_core(root):
    return faults_of_the_modules(root, "core", CORE)


def faults_of_the_engine(root):
    return faults_of_the_modules(root, "engine", ENGINE)


def paths_in(text, start):
    """The paths named from `start` on, and where they end: `a::{b, c::d}` gives a::b and a::c::d."""
    path, at = [], start
    while True:
        name = re.compile(r"\s*(\w+|\*)").match(text, at)
        if name:
            path.append(name[1])
            after = re.compile(r"\s*::").match(text, name.end())
            if not after:
                return [path], name.end()
            at = after.end()
            continue
        brace = re.compile(r"\s*\{").match(text, at)
        if not brace:
            return [path], at
        found, at = [], brace.end()
        while not re.compile(r"\s*\}").match(text, at):
            inner, end = paths_in(text, at)
            found += [path + more for more in inner if more]
            # A name in braces may have another one; lifetimes and generics do not stand there.
            rest = re.compile(r"(?:\s+as\s+\w+)?\s*,?").match(text, end)
            if rest.end() == at:
                break
            at = rest.end()
        return found, at + 1


class Modules:
    """The files of a crate as modules, and which of them each one imports."""

    def __init__(self, root, crate):
        source = root / "rust" / crate / "src"
        self.text, self.exports, self.files = {}, {}, rust_files(root, crate)
        for file in self.files:
            parts = tuple(part.removesuffix(".rs") for part in file.relative_to(source).parts)
            if parts[-1] != "tests":
                self.text[parts[:-1] if parts[-1] in ("mod", "lib") else parts] = code(file)
        for module, text in self.text.items():
            self.exports[module] = {
                path[-1]: path
                for use in re.finditer(r"\bpub(?:\([a-z]+\))?\s+use\s", text)
                for path in paths_in(text, use.end())[0]
            }

    def file(self, module, path, seen=()):
        """The module whose file says what a path means that stands in another module."""
        at = module
        for depth, name in enumerate(path):
            if name == "crate":
                at = ()
            elif name == "super":
                at = at[:-1]
            elif (*at, name) in self.text:
                at = (*at, name)
            elif name in self.exports[at] and (at, name) not in seen:
                # What is handed on is asked of the file that it comes from.
                more = path[depth + 1 :]
                return self.file(at, [*self.exports[at][name], *more], (*seen, (at, name)))
            elif name != "self":
                break
        return at

    def imports(self, module):
        text, found = self.text[module], set()
        own = re.sub(r"\bpub(?:\([a-z]+\))?\s+use\s[^;]*;", "", text)
        children = [name[-1] for name in self.text if len(name) == len(module) + 1 and name[:-1] == module]
        for start in re.finditer(rf"(?<![\w:])(?:{'|'.join(['crate', 'super', 'self', *children])})\s*::", own):
            found |= {self.file(module, path) for path in paths_in(own, start.start())[0]}
        # A name that is handed on and used as well.
        found |= {
            self.file(module, path) for name, path in self.exports[module].items() if re.search(rf"\b{name}\b", own)
        }
        return {to for to in found if to and to != module}


def circles(imports):
    """The sets of modules that import one another, by following each as far as it leads."""
    reached = {}
    for one in imports:
        reached[one], waiting = set(), [one]
        while waiting:
            more = imports[waiting.pop()] - reached[one]
            reached[one] |= more
            waiting += more
    return {frozenset(two for two in reached[one] if one in reached[two]) for one in imports if one in reached[one]}


def faults_of_circles(root):
    """(circles that are on no list, the files that were looked at, how often one imports another)"""
    faults, seen, edges = [], set(), 0
    for crate in CRATES:
        modules = Modules(root, crate)
        seen |= set(modules.files)
        # The map of a crate names all modules.
        imports = {module: modules.imports(module) for module in modules.text if module}
        edges += sum(map(len, imports.values()))
        found = [{"/".join(module) for module in circle} for circle in circles(imports)]
        faults += [f"{crate}: a circle of {sorted(circle)}" for circle in found if not circle <= IN_CIRCLES[crate]]
        parted = IN_CIRCLES[crate] - set().union(*found)
        faults += [f"{crate}: {sorted(parted)} are in no circle any more"] if parted else []
    return faults, seen, edges


def faults_of_the_crates(root):
    faults, seen = [], set()
    for crate, (allowed, forbidden) in CRATES.items():
        for file in rust_files(root, crate):
            seen.add(file)
            if file.name == "tests.rs":
                continue
            text = code(file)
            named = set(re.findall(r"\bphago_(?:core|engine|py)\b", text))
            if not named <= allowed:
                faults.append(f"{crate}/{file.name} names {sorted(named - allowed)}")
            of_std = {f"std::{name}" for name in named_under("std", text)}
            known = {word for word in forbidden if "::" not in word and re.search(rf"\b{word}\b", text)}
            known |= of_std & forbidden
            path = file.relative_to(root / "rust" / crate / "src").as_posix()
            known -= EXCEPTIONS.get((crate, path), set())
            if known:
                faults.append(f"{crate}/{file.name} names {sorted(known)}")
        manifest = tomllib.loads((root / "rust" / crate / "Cargo.toml").read_text(encoding="utf-8"))
        needed = {name.replace("-", "_") for name in manifest.get("dependencies", {})}
        if {name for name in needed if name.startswith("phago_")} != allowed or needed & forbidden:
            faults.append(f"{crate}/Cargo.toml needs {sorted(needed)}")
    return faults, seen


def faults_of_handles(root):
    """Types of shards and messages that hold a shard, a lock or a way to call back."""
    faults, types = [], 0
    files = [*sorted((root / "rust/core/src/shard").rglob("*.rs")), root / "rust/core/src/message.rs"]
    for file in files:
        text = code(file)
        for kind in re.finditer(r"\b(?:struct|enum)\s+(\w+)[^;{(]*(\{.*?\n\}|\([^;]*\);)", text, re.DOTALL):
            types += 1
            held = re.search(HANDLES, kind[2])
            if held:
                faults.append(f"{file.name}: {kind[1]} holds {held[0]}")
        globals_of = re.findall(r"\b(static|thread_local|OnceLock|LazyLock)\b(?! str)", text)
        faults += [f"{file.name}: has a {word}" for word in sorted(set(globals_of))]
    return faults, types


def faults_of_unsafe_code(root):
    maps = {crate: (root / "rust" / crate / "src/lib.rs").read_text(encoding="utf-8") for crate in ("core", "engine")}
    faults = [f"{crate} does not forbid unsafe code" for crate in maps if "#![forbid(unsafe_code)]" not in maps[crate]]
    reasons = 0
    for file in rust_files(root, "py"):
        lines = file.read_text(encoding="utf-8").splitlines()
        for at, line in enumerate(lines):
            if not re.search(r"\bunsafe\b", line.partition("//")[0]):
                continue
            above = at
            while above and lines[above - 1].strip().startswith(("//", "#[")):
                above -= 1
            if "safety:" in "\n".join(lines[above:at]).lower():
                reasons += 1
            else:
                faults.append(f"{file.name}:{at + 1} gives no reason")
    return faults, reasons


def runtime_imports(package, module, tree):
    """What a Python file imports of the package, by its name below it; what is imported for types alone left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "module":
            # One that is loaded with its first name.
            yield ast.literal_eval(node.args[0]).removeprefix("phago.")
        if isinstance(node, ast.ImportFrom) and node.level:
            base = module.split(".")[: -node.level] if module else []
            where = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            if node.module:
                yield where
            else:
                # `from . import _phago` names a module, `from . import __version__` the package.
                names = [".".join([*base, name.name]) for name in node.names]
                yield from (name if module_exists(package, name) else where or "phago" for name in names)
        else:
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "phago"] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "phago" for name in names):
                yield "phago by its full name, and not by a dot"


def module_exists(package, name):
    file = package / name.replace(".", "/")
    return any(file.with_name(file.name + suffix).exists() for suffix in (".py", ".pyi")) or file.is_dir()


def faults_of_the_package(root):
    package, faults, seen = root / "python/phago", [], set()
    for file in sorted(package.rglob("*.py")):
        seen.add(file)
        parts = file.relative_to(package).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__") or "phago"
        if name not in PACKAGE:
            faults.append(f"{file.name} has no place in the table")
            continue
        # A folder's own file counts its dots from inside.
        inside = ".".join(parts)
        tree = ast.parse(file.read_text(encoding="utf-8"))
        beyond = set(runtime_imports(package, inside, tree)) - PACKAGE[name]
        if beyond:
            faults.append(f"{name} imports {sorted(beyond)}")
    return faults, seen


# --- the house as it is ------------------------------------------------------------------------------------------


def test_the_core_imports_down_only():
    faults, _, modules = faults_of_the_core(ROOT)
    assert faults == []
    assert modules == set(CORE), "in the table and nowhere else"


def test_the_engine_imports_what_its_table_says():
    faults, _, modules = faults_of_the_engine(ROOT)
    assert faults == []
    assert modules == set(ENGINE), "in the table and nowhere else"


def test_no_files_import_each_other_in_a_circle():
    faults, seen, edges = faults_of_circles(ROOT)
    assert faults == []
    assert seen == {file for crate in CRATES for file in rust_files(ROOT, crate)}
    # A file imports some four others.
    assert edges > 2 * len(seen)


@pytest.mark.parametrize(
    ("imports", "found"),
    [
        ({1: {2}, 2: {3}, 3: set()}, []),
        ({1: {2}, 2: {1, 3}, 3: set()}, [{1, 2}]),
        ({1: {2}, 2: {3}, 3: {1, 4}, 4: {5}, 5: {4}, 6: {1}}, [{1, 2, 3}, {4, 5}]),
    ],
)
def test_circles_are_found(imports, found):
    assert sorted(map(sorted, circles(imports))) == list(map(sorted, found))


def test_a_crate_knows_only_those_below():
    assert faults_of_the_crates(ROOT)[0] == []


def test_the_package_imports_down_only():
    faults, seen = faults_of_the_package(ROOT)
    assert faults == []
    assert len(seen) == len(PACKAGE), "in the table and nowhere else"


def test_no_shard_holds_a_handle_to_another():
    faults, types = faults_of_handles(ROOT)
    assert faults == []
    # Shard, its nodes, what it stages, what it sends.
    assert types >= 9


def test_unsafe_code_is_forbidden_or_has_its_reason():
    faults, reasons = faults_of_unsafe_code(ROOT)
    assert faults == []
    assert reasons >= 1


def test_every_source_file_was_looked_at():
    seen = faults_of_the_core(ROOT)[1] | faults_of_the_crates(ROOT)[1] | faults_of_the_package(ROOT)[1]
    sources = {file for file in (ROOT / "rust").rglob("*.rs") if "src" in file.relative_to(ROOT).parts}
    sources |= set((ROOT / "python").rglob("*.py"))
    assert seen == sources
    assert len(seen) >= 80
    assert {file.parent.name for file in (ROOT / "rust").glob("*/Cargo.toml")} == set(CRATES)


def test_the_tables_have_no_circles():
    # The engine has no order of folders, only of files: the world holds what a tick made by hand has staged.
    for table in (CORE, PACKAGE):
        done: set[str] = {"_phago"}
        waiting = set(table)
        while waiting:
            free = {one for one in waiting if table[one] <= done}
            assert free, f"a circle among {sorted(waiting)}"
            done |= free
            waiting -= free
