"""What breaks a rule of the architecture is seen: each fault is planted into a copy of the tree."""

import shutil
from pathlib import Path

import pytest
from test_architecture import (
    CRATES,
    ROOT,
    faults_of_circles,
    faults_of_handles,
    faults_of_the_core,
    faults_of_the_crates,
    faults_of_the_engine,
    faults_of_the_package,
    faults_of_unsafe_code,
)

# (the file, what is added to it, what says so)
PLANTED = [
    ("rust/core/src/graph/row.rs", "use crate::shard::Shard;", faults_of_the_core),
    ("rust/core/src/graph/row.rs", "use super::super::shard::Shard;", faults_of_the_core),
    ("rust/core/src/ring.rs", "use super::coordinator::Coordinator;", faults_of_the_core),
    ("rust/core/src/agents/digester.rs", "use crate::{ids::{ShardId, Tick}, graph::{Row}};", faults_of_the_core),
    ("rust/core/src/coordinator.rs", "fn peek(s: &crate::shard::Shard) {}", faults_of_the_core),
    ("rust/core/src/novelty.rs", "//! New.", faults_of_the_core),
    ("rust/core/src/query/lexical.rs", "use crate::{\n    ids::Tick,\n    replica::Replica,\n};", faults_of_the_core),
    ("rust/core/src/shard/act.rs", "use std::time::Instant;", faults_of_the_crates),
    ("rust/core/src/shard/act.rs", "use std::{collections::BTreeMap, thread};", faults_of_the_crates),
    ("rust/core/src/maps.rs", "fn now() { tokio::spawn(async {}); }", faults_of_the_crates),
    ("rust/core/src/maps.rs", "use pyo3::prelude::*;", faults_of_the_crates),
    ("rust/core/src/maps.rs", "use phago_engine::World;", faults_of_the_crates),
    ("rust/core/src/maps.rs", "fn seed() -> u64 { rand::random() }", faults_of_the_crates),
    ("rust/core/Cargo.toml", '[dependencies.tokio]\nversion = "1"', faults_of_the_crates),
    ("rust/engine/src/work/pool.rs", "use pyo3::Python;", faults_of_the_crates),
    ("rust/engine/src/work/pool.rs", "use crate::world::World;", faults_of_the_engine),
    ("rust/engine/src/store/writer.rs", "use crate::world::World;", faults_of_the_engine),
    ("rust/engine/src/world.rs", "use std::fs;", faults_of_the_crates),
    ("rust/engine/src/store/log.rs", "use std::{fs, sync::Arc};", faults_of_the_crates),
    ("rust/engine/src/tick/report.rs", "use super::super::uses::Helped;", faults_of_the_engine),
    ("rust/engine/src/novelty.rs", "//! New.", faults_of_the_engine),
    ("rust/engine/src/work/job.rs", "use crate::work::pool::Pool;", faults_of_circles),
    ("rust/engine/src/tick/deadline.rs", "use super::{report, attempt::Attempt};", faults_of_circles),
    # Over a name that another file hands on.
    ("rust/core/src/shard/delta.rs", "use super::{Seat};", faults_of_circles),
    ("rust/core/src/graph/synapse.rs", "fn all(rows: &[crate::graph::Row]) {}", faults_of_circles),
    (
        "rust/py/src/mailbox.rs",
        "use crate::{\n    error::{self as errors, Failure},\n    runtime::brief,\n};",
        faults_of_circles,
    ),
    ("rust/core/src/shard/mod.rs", "struct Peer {\n    other: Arc<Shard>,\n}", faults_of_handles),
    ("rust/core/src/shard/act.rs", "pub struct Line(std::sync::mpsc::Sender<u32>);", faults_of_handles),
    ("rust/core/src/shard/act.rs", "static LAST: u32 = 0;", faults_of_handles),
    ("rust/core/src/message.rs", "pub struct Letter {\n    reply: Box<dyn Fn(u32)>,\n}", faults_of_handles),
    ("rust/py/src/ring.rs", "fn f(p: *const u8) -> u8 {\n    unsafe { *p }\n}", faults_of_unsafe_code),
    ("python/phago/results/graph.py", "from ..colony import Colony", faults_of_the_package),
    ("python/phago/results/graph.py", "from .ticks import PhaseResult", faults_of_the_package),
    ("python/phago/results/graph.py", "def late():\n    from .. import _phago", faults_of_the_package),
    ("python/phago/machine/ring.py", "from .. import colony", faults_of_the_package),
    ("python/phago/ids.py", "import phago.errors", faults_of_the_package),
    ("python/phago/ids.py", "from phago.errors import PhagoError", faults_of_the_package),
    ("python/phago/novelty.py", '"""New."""', faults_of_the_package),
    ("python/phago/machine/novelty.py", '"""New."""', faults_of_the_package),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("house")
    for crate in CRATES:
        shutil.copytree(ROOT / "rust" / crate / "src", root / "rust" / crate / "src")
        shutil.copy(ROOT / "rust" / crate / "Cargo.toml", root / "rust" / crate)
    shutil.copytree(ROOT / "python/phago", root / "python/phago", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return root


@pytest.mark.parametrize(("name", "planted", "look"), PLANTED, ids=range(len(PLANTED)))
def test_what_breaks_the_rules_is_seen(tree, name, planted, look):
    file = tree / name
    before = file.read_text(encoding="utf-8") if file.exists() else None
    assert look(tree)[0] == []
    try:
        # Before the tests of a Rust file, which are not looked at; a manifest goes on where it ends.
        file.write_text(f"{before or ''}\n{planted}\n" if name.endswith("toml") else f"{planted}\n{before or ''}")
        (fault,) = look(tree)[0]
        assert Path(name).stem in fault or Path(name).parent.name in fault
    finally:
        file.unlink()
        if before is not None:
            file.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("crate", ["core", "engine"])
def test_a_crate_that_allows_unsafe_code_is_seen(tree, crate):
    file = tree / "rust" / crate / "src/lib.rs"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("#![forbid(unsafe_code)]", ""), encoding="utf-8")
    assert faults_of_unsafe_code(tree)[0] == [f"{crate} does not forbid unsafe code"]
    file.write_text(before, encoding="utf-8")


def test_comments_and_tests_are_not_code(tree):
    file = tree / "rust/core/src/ring.rs"
    before = file.read_text(encoding="utf-8")
    file.write_text(f"// use crate::shard::Shard;\n{before}\n#[cfg(test)]\nmod more {{ use crate::shard::Shard; }}\n")
    assert faults_of_the_core(tree)[0] == []
    file.write_text(before, encoding="utf-8")
