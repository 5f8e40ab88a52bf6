"""Break phago by hand in many places and see that a test finds each: `make mutants`, or with NAMES of some of them.

    .venv/bin/python tools/mutants.py [--list] [NAME ...]     NAME is any part of a mutant's name

A mutant is one change of one file and the one test that must fail with it. The change is made in a copy of the tree
under `target/mutants`, so that nothing here is ever left broken. The test must pass without the change and the changed
tree must compile: a mutant of which the old text is gone, that does not compile or whose test fails anyway is an error
of the table, and not a mutant found.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "mutants"
# A mutant may hang.
TEST_SECONDS = 300
BUILD_SECONDS = 1800


@dataclass(frozen=True)
class Mutant:
    """What is broken, where, how, and the test that finds it.

    A test is a node of pytest (`tests/...py::name`) or, in Rust, `crate target name`, where the target is the name of a
    file of the crate's tests, or `lib`.
    """

    name: str
    file: str
    old: str
    new: str
    test: str


RULES = "tests/test_answer_rules.py::test_"
QUERY = "rust/core/src/query/"
MUTANTS = [
    # --- the answer ---
    Mutant(
        "own words light fully",
        QUERY + "spread.rs",
        "{ ranking.own_share } else { 1.0 }",
        "{ 1.0 } else { 1.0 }",
        RULES + "own_words_light_up_with_their_share",
    ),
    Mutant(
        "coverage has the power 1",
        QUERY + "evidence.rs",
        "libm::pow(coverage / question.mass, ranking.coverage_power)",
        "(coverage / question.mass)",
        RULES + "a_part_of_a_question_counts_by_the_power_of_coverage",
    ),
    Mutant(
        "namesakes are bridges",
        QUERY + "answer.rs",
        ".filter(|(title, _)| title != own)",
        ".filter(|(title, _)| title.len() + own.len() > 0)",
        RULES + "a_seed_leads_neither_to_itself_nor_to_its_namesakes",
    ),
    Mutant(
        "concepts come from one document",
        QUERY + "spread.rs",
        "(df > 1 && strength > 0.0)",
        "(df > 0 && strength > 0.0)",
        RULES + "a_word_of_one_document_is_no_concept",
    ),
    Mutant(
        "long questions do not damp concepts",
        QUERY + "spread.rs",
        "ranking.concepts_evidence + question.terms.len() as f64",
        "ranking.concepts_evidence",
        RULES + "long_questions_need_concepts_less",
    ),
    Mutant(
        "one bearer fewer names something",
        QUERY + "seeds.rs",
        "spots.len() <= ranking.bearers_max as usize",
        "spots.len() < ranking.bearers_max as usize",
        RULES + "a_title_that_more_documents_bear_than_the_bound_names_none",
    ),
    Mutant(
        "one bearer more names something",
        QUERY + "seeds.rs",
        "ranking.bearers_max as usize + 1",
        "ranking.bearers_max as usize",
        RULES + "a_title_that_more_documents_bear_than_the_bound_names_none",
    ),
    Mutant(
        "the last of equal passages is shown",
        QUERY + "passages.rs",
        "if worth > most {",
        "if worth >= most {",
        RULES + "the_first_of_equal_passages_is_shown",
    ),
    Mutant(
        "stretches do not overlap",
        QUERY + "seeds.rs",
        "step_by(most.div_ceil(2))",
        "step_by(most)",
        RULES + "a_stretch_overlaps_the_one_before_by_half",
    ),
    Mutant(
        "a name is worth more than 1",
        QUERY + "evidence.rs",
        "(title_mass(title, commons) / full).min(1.0)",
        "(title_mass(title, commons) / full)",
        RULES + "a_name_is_worth_no_more_than_one",
    ),
    Mutant(
        "a name is worth more than all of the question",
        QUERY + "seeds.rs",
        "title_mass(&title, commons) / question.mass).min(1.0)",
        "title_mass(&title, commons) / question.mass)",
        RULES + "a_small_part_of_a_question_is_named_in_part_and_a_large_one_fully",
    ),
    Mutant(
        "passages are read without the title",
        QUERY + "evidence.rs",
        "for part in [0..sequence.title(), words.clone()]",
        "for part in [0..0, words.clone()]",
        RULES + "a_passage_is_read_with_the_title",
    ),
    Mutant(
        "a word counts twice in a title",
        QUERY + "evidence.rs",
        "if title[..at].contains(term) {",
        "if title[..0].contains(term) {",
        RULES + "a_word_that_stands_twice_in_a_title_counts_once",
    ),
    Mutant(
        "weights of seeds are no shares",
        QUERY + "seeds.rs",
        "seed.weight /= sum",
        "seed.weight /= sum.max(1.0).min(1.0)",
        RULES + "the_weights_of_the_seeds_are_shares_of_one",
    ),
    Mutant(
        "a seed at the floor is none",
        QUERY + "seeds.rs",
        "seed.weight >= ranking.seed_floor",
        "seed.weight > ranking.seed_floor",
        RULES + "a_seed_at_the_floor_is_one",
    ),
    Mutant(
        "concepts give more than to the best seed",
        QUERY + "spread.rs",
        "(activation / self.full).min(1.0)",
        "(activation / self.full)",
        RULES + "no_document_gains_more_by_concepts_than_the_best_seed",
    ),
    Mutant(
        "what has nothing is a hit",
        QUERY + "answer.rs",
        "hits.retain(|hit| hit.found.score > 0.0)",
        "hits.retain(|hit| hit.found.score >= 0.0)",
        "tests/test_answer_oracle.py::test_a_filter_leaves_out_documents_and_moves_no_score",
    ),
    Mutant(
        "names go on from the title into the text",
        QUERY + "seeds.rs",
        "    terms.push(BREAK);\n",
        "",
        RULES + "no_name_goes_on_from_a_title_into_the_text",
    ),
    Mutant(
        "names go on over unknown words",
        QUERY + "question.rs",
        "sequence.push(word.term.unwrap_or(BREAK))",
        "sequence.extend(word.term.or((BREAK == 0).then_some(BREAK)))",
        RULES + "a_name_goes_over_a_stop_word_and_not_over_an_unknown_one",
    ),
    Mutant(
        "names have seven words",
        "rust/core/src/titles.rs",
        "MENTION_TERMS_MAX: usize = 8",
        "MENTION_TERMS_MAX: usize = 7",
        RULES + "a_title_of_more_than_eight_words_is_never_named",
    ),
    Mutant(
        "hops lead to words of one document",
        QUERY + "hop.rs",
        "commons.df(synapse.target) > 1 &&",
        "commons.df(synapse.target) > 0 &&",
        RULES + "a_hop_leads_to_words_of_several_documents_only",
    ),
    Mutant(
        "hops do not count a word asked twice",
        QUERY + "hop.rs",
        "term.mass() * decay.weight",
        "term.idf * decay.weight",
        RULES + "a_word_asked_twice_hops_twice_as_strongly",
    ),
    Mutant(
        "concepts show a passage as well as words",
        QUERY + "passages.rs",
        "/ strongest * 0.5 * mean",
        "/ strongest * 1.5 * mean",
        RULES + "a_word_of_the_question_shows_a_passage_before_a_concept_does",
    ),
    Mutant(
        "ties stand against the order of ids",
        QUERY + "answer.rs",
        "b.found.score.total_cmp(&a.found.score).then(a.found.id.cmp(&b.found.id))",
        "b.found.score.total_cmp(&a.found.score).then(b.found.id.cmp(&a.found.id))",
        RULES + "equal_documents_stand_in_the_order_of_their_ids",
    ),
    Mutant(
        "lexical ties stand against the order of ids",
        QUERY + "lexical.rs",
        "b.score.total_cmp(&a.score).then(a.id.cmp(&b.id))",
        "b.score.total_cmp(&a.score).then(b.id.cmp(&a.id))",
        RULES + "equal_documents_stand_in_the_order_of_their_ids",
    ),
    Mutant(
        "near concepts do not fade",
        QUERY + "concepts.rs",
        "sharpness * decay.weight(&synapse, now)",
        "sharpness * decay.weight(&synapse, now).signum()",
        RULES + "a_concept_is_as_near_as_its_synapse_is_strong",
    ),
    Mutant(
        "lengths count half",
        QUERY + "lexical.rs",
        "pub const B: f64 = 0.75",
        "pub const B: f64 = 0.5",
        "tests/test_answer_oracle.py::test_any_lexical_answer_equals_the_naive_one",
    ),
    Mutant(
        "a filter is forgotten among many",
        QUERY + "answer.rs",
        "allowed.is_none_or(|allowed| allowed.has(spot))",
        "allowed.is_none_or(|allowed| allowed.has(spot) || spot.1 < u32::MAX)",
        "tests/test_where.py::test_where_the_best_are_many_those_that_match_are_found_behind_them",
    ),
    # --- the wire ---
    Mutant(
        "a decoded list is left unsorted",
        "rust/core/src/message.rs",
        "            list.sort_unstable();\n",
        "",
        "phago-core wire a_batch_means_the_same_where_words_were_learned_in_another_order",
    ),
    Mutant(
        "a decoded list has a word twice",
        "rust/core/src/message.rs",
        "            list.dedup();\n",
        "",
        "phago-core wire a_list_is_read_sorted_and_each_word_once",
    ),
    Mutant(
        "decoded uses are left unsorted",
        "rust/core/src/message.rs",
        "        uses.synapses.sort_unstable();\n",
        "",
        "phago-core wire a_batch_means_the_same_where_words_were_learned_in_another_order",
    ),
    Mutant(
        "decoded lists forget their ticks",
        "rust/core/src/message.rs",
        "lists.push(&list, *tick)",
        "lists.push(&list, tick.min(&0).to_owned())",
        "phago-core wire a_batch_means_the_same_where_words_were_learned_in_another_order",
    ),
    Mutant(
        "any version is read",
        "rust/core/src/message.rs",
        "if version != WIRE_VERSION {",
        "if version > u8::MAX - WIRE_VERSION {",
        "phago-core wire another_version_and_a_word_beyond_the_list_are_refused",
    ),
    # --- the tick ---
    Mutant(
        "a delivery does not poll",
        "rust/core/src/shard/deliver.rs",
        "                work.add(list.len())?;\n",
        "",
        "phago-core cancel a_delivery_polls_as_often_as_it_has_work",
    ),
    Mutant(
        "calling back does not poll",
        "rust/core/src/shard/deliver.rs",
        "            work.add(64 + row.len() * (1 + gone.len()))?;\n",
        "",
        "phago-core cancel calling_back_deleted_documents_polls_as_often_as_it_has_work",
    ),
    Mutant(
        "a commit holds its references",
        "rust/engine/src/world.rs",
        "        drop((commons, shards));\n",
        "        let _held = (commons, shards);\n",
        "phago-engine run a_commit_changes_shards_in_place_and_copies_none",
    ),
    Mutant(
        "a run of short ticks does not ask",
        "rust/engine/src/runner.rs",
        "if looked.elapsed() >= LOOK {",
        "if looked.elapsed() >= LOOK * 10_000 {",
        "phago-engine run a_run_of_short_ticks_asks_whether_to_stop_between_them",
    ),
    Mutant(
        "a run in the queue does not ask",
        "rust/engine/src/runner.rs",
        "Err(RecvTimeoutError::Timeout) if should_stop() => {",
        "Err(RecvTimeoutError::Timeout) if false && should_stop() => {",
        "phago-engine run a_run_that_waits_for_its_turn_asks_whether_to_stop",
    ),
    Mutant(
        "a delete trusts a stale reading",
        "rust/engine/src/changes.rs",
        ".filter(|read| read.title == old.title && read.text == old.text)",
        "",
        "phago-engine lib a_document_that_changes_while_it_is_read_is_read_again",
    ),
    Mutant(
        "an aborted tick keeps its inputs waiting",
        "rust/engine/src/world.rs",
        "            if !inputs.pending.is_empty()\n",
        "            if inputs.pending.is_empty()\n",
        "phago-engine deletes what_waits_is_done_when_the_tick_is_given_up_too",
    ),
    Mutant(
        "a change keeps what was learned before",
        "rust/engine/src/pending.rs",
        "if let Some(dropped) = self.reinforcing.remove(&id.0) {",
        "if let Some(dropped) = self.reinforcing.remove(&!id.0) {",
        "phago-engine lib reinforcements_are_counted_once_each_and_go_with_the_document",
    ),
]


class TableError(Exception):
    """A mutant of which nothing can be said."""


# --- the copy ----------------------------------------------------------------------------------------------------


def run(command, seconds, **options):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, timeout=seconds, check=False, **options)


def write(path, content):
    """Only what differs is written: cargo builds what is newer than what it built."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def copy():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    files = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    for name in files:
        write(COPY / name, (ROOT / name).read_bytes())
    for path in [path for path in COPY.rglob("*") if path.is_file()]:
        name = path.relative_to(COPY).as_posix()
        if path.suffix in (".rs", ".py") and name not in files and not name.startswith("target/"):
            path.unlink()


class Broken:
    """The copy with one change, which is taken back whatever happens."""

    def __init__(self, mutant):
        self.path = COPY / mutant.file
        self.whole = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        if self.whole.count(mutant.old) != 1:
            raise TableError(f"its old text stands {self.whole.count(mutant.old)} times in {mutant.file}, and not once")
        self.changed = self.whole.replace(mutant.old, mutant.new)

    def __enter__(self):
        self.path.write_text(self.changed, encoding="utf-8")

    def __exit__(self, *_):
        self.path.write_text(self.whole, encoding="utf-8")


# --- tests -------------------------------------------------------------------------------------------------------


def environment():
    return {
        **os.environ,
        # Not that of the tree itself: its library must never be a broken one.
        "CARGO_TARGET_DIR": str(COPY / "target"),
        # As maturin builds it: without linking Python.
        "PYO3_BUILD_EXTENSION_MODULE": "1",
        "PYO3_PYTHON": sys.executable,
        "PYTHONPATH": str(COPY / "python"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def is_python(test):
    return test.startswith("tests/")


def pytest(*tests):
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]


def cargo(test):
    """The command up to the name of the test."""
    crate, target, _ = test.split()
    where = ["--lib"] if target == "lib" else ["--test", target]
    return ["cargo", "test", "--locked", "-p", crate, *where]


def build(test):
    command = ["cargo", "build", "--locked", "-p", "phago-py"] if is_python(test) else [*cargo(test), "--no-run"]
    made = run(command, BUILD_SECONDS, env=environment())
    if made.returncode:
        raise TableError(f"it does not compile:\n{made.stderr}")
    if is_python(test):
        shutil.copy(library(), COPY / "python" / "phago" / "_phago.abi3.so")


def library():
    for name in ("lib_phago.so", "lib_phago.dylib"):
        if (path := COPY / "target" / "debug" / name).exists():
            return path
    raise TableError("cargo left no library")


def passes(test):
    """Whether a test passes in the tree as it is; a test that hangs fails."""
    build(test)
    command = pytest("-x", test) if is_python(test) else [*cargo(test), test.split()[2]]
    try:
        done = run(command, TEST_SECONDS, env=environment())
    except subprocess.TimeoutExpired:
        return False
    if is_python(test) and done.returncode not in (0, 1):
        raise TableError(f"pytest could not run `{test}`:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


def failing(tests):
    """Those that do not pass, or that are not there, run together where that is quicker."""
    wrong = []
    nodes = [test for test in tests if is_python(test)]
    if nodes:
        build(nodes[0])
        if run(pytest(*nodes), TEST_SECONDS * 4, env=environment()).returncode:
            wrong += [test for test in nodes if not passes(test)]
    rust = [test for test in tests if not is_python(test)]
    for target in dict.fromkeys(tuple(test.split()[:2]) for test in rust):
        own = [test for test in rust if tuple(test.split()[:2]) == target]
        build(own[0])
        said = run(cargo(own[0]), TEST_SECONDS * 4, env=environment()).stdout
        wrong += [test for test in own if not re.search(rf"^test (.*::)?{test.split()[2]} \.\.\. ok$", said, re.M)]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="say what there is, and do nothing")
    asked = parser.parse_args()
    chosen = [one for one in MUTANTS if not asked.names or any(name in one.name for name in asked.names)]
    if not chosen:
        parser.error("no mutant has such a name")
    if asked.list:
        for mutant in chosen:
            print(f"{mutant.name:50} {mutant.test}")
        return 0
    copy()
    print(f"{len(chosen)} mutants; first their tests without them", flush=True)
    broken = failing(list(dict.fromkeys(mutant.test for mutant in chosen)))
    for test in broken:
        print(f"FAILS ANYWAY  {test}", flush=True)
    if broken:
        return 1
    found, wrong = 0, 0
    for mutant in chosen:
        begun = time.monotonic()
        try:
            with Broken(mutant):
                survives = passes(mutant.test)
        except TableError as error:
            wrong += 1
            print(f"error         {mutant.name}: {error}", flush=True)
            continue
        found += not survives
        print(f"{'SURVIVES' if survives else 'found':13} {mutant.name} ({time.monotonic() - begun:.0f} s)", flush=True)
    print(f"{found} of {len(chosen)} mutants found ({found / len(chosen):.0%})")
    return found < len(chosen) or wrong > 0


if __name__ == "__main__":
    sys.exit(main())
