"""The plan of a large colony: its arithmetic, and what the command prints."""

import itertools
import json
import subprocess
import sys

import pytest
from phago.cli.planning import planned


def phago(*arguments):
    return subprocess.run([sys.executable, "-m", "phago", *arguments], capture_output=True, text=True, timeout=60)


def test_a_colony_of_one_process_sends_nothing():
    plan = planned(1e6, 1)
    assert (plan.messages, plan.exchanged_bytes, plan.driver_seconds) == (0, 0, 0)
    assert plan.breaks_first.startswith("nothing yet")


def test_more_nodes_hold_less_each_and_say_more_together():
    plans = [planned(1e7, nodes) for nodes in (1, 2, 4, 8, 16, 64)]
    assert all(one.shard_bytes > more.shard_bytes for one, more in itertools.pairwise(plans))
    assert all(one.exchanged_bytes < more.exchanged_bytes for one, more in itertools.pairwise(plans))
    assert len({plan.commons_bytes for plan in plans}) == 1


def test_what_breaks_first_depends_on_the_size():
    assert "memory" in planned(1e9, 4, memory=16e9).breaks_first
    assert "outgrows its own work" in planned(1e9, 1000).breaks_first


def test_the_command_prints_the_plan_and_its_json():
    text = phago("plan", "--documents", "1e9", "--nodes", "1000")
    assert text.returncode == 0
    assert "1,000,000,000 on 1,000 nodes" in text.stdout
    assert "breaks first" in text.stdout
    told = json.loads(phago("plan", "--documents", "1e6", "--json").stdout)
    assert told["documents"] == 1e6
    assert told["nodes"] == 1


@pytest.mark.parametrize(
    "wrong", [["--documents", "0"], ["--documents", "many"], ["--documents", "9", "--nodes", "0"], []]
)
def test_what_is_no_size_is_refused(wrong):
    done = phago("plan", *wrong)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
