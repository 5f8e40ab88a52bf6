"""A place in which `mutants.py` breaks phago. `mutants_of_answers.py` and `mutants_of_ticks.py` are the tables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """What is broken, where, how, and the test that finds it.

    `old` and `new` are Rust expressions of one type, and `old` stands in the file once.

    A test is a node of pytest (`tests/...py::name`) or, in Rust, `crate target name`, where the target is the name of a
    file of the crate's tests, or `lib`.
    """

    name: str
    file: str
    old: str
    new: str
    test: str
