"""The places in which `mutants.py` breaks phago, each with the test that finds it."""

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


QUERY = "rust/core/src/query/"
MESSAGE = "rust/core/src/message.rs"
DELIVER = "rust/core/src/shard/deliver.rs"
TICK = "rust/engine/src/tick/"
INTAKE = "rust/engine/src/intake/"
STORE = "rust/engine/src/store/"
RULE = "tests/test_answer_rules.py::test_"
ANSWER = "tests/test_answer_oracle.py::test_any_answer_equals_the_naive_one"
LEXICAL = "tests/test_answer_oracle.py::test_any_lexical_answer_equals_the_naive_one"
WIRE = "phago-core wire "
# A thousand schedules at most; how many it took is printed.
MANY = "phago-engine many updates_of_a_chunk_are_those_of_one_by_one_and_share_a_sync"
SCHEDULES = "phago-engine simulator whatever_fails_a_colony_is_what_its_acknowledged_inputs_make"
# A thousand drawn orders of threads.
ORDERS = "phago-engine interleaved "
MUTANTS = [
    # --- words ---
    Mutant(
        "coverage has the power 1",
        QUERY + "evidence.rs",
        "libm::pow(coverage / question.mass, ranking.coverage_power)",
        "(coverage / question.mass)",
        RULE + "a_part_of_a_question_counts_by_the_power_of_coverage",
    ),
    Mutant("lengths count half", QUERY + "bm25.rs", "K1 * B / mean", "K1 * 0.5 / mean", LEXICAL),
    Mutant(
        "function words weigh as others",
        QUERY + "question.rs",
        "commons.idf(term) * words[place].share()",
        "commons.idf(term)",
        ANSWER,
    ),
    Mutant(
        "passages are read without the title",
        QUERY + "tally.rs",
        "0..sequence.title()",
        "0..0",
        RULE + "a_passage_is_read_with_the_title",
    ),
    Mutant(
        "a word counts twice in a title",
        QUERY + "evidence.rs",
        "title[..at].contains(term)",
        "false",
        RULE + "a_word_that_stands_twice_in_a_title_counts_once",
    ),
    # --- names and bridges ---
    Mutant(
        "a name is worth more than 1",
        QUERY + "names.rs",
        "(mass(title, commons) / full).min(1.0)",
        "(mass(title, commons) / full)",
        RULE + "a_name_is_worth_no_more_than_one",
    ),
    Mutant(
        "a name is worth more than all of the question",
        QUERY + "lexical.rs",
        "(ranking.name_share * names::mass(&named.title, commons) / question.mass).min(1.0)",
        "(ranking.name_share * names::mass(&named.title, commons) / question.mass)",
        RULE + "a_small_part_of_a_question_is_named_in_part_and_a_large_one_fully",
    ),
    Mutant(
        "one bearer fewer names something",
        QUERY + "names.rs",
        "named.bearers.len() <= ranking.bearers_max as usize",
        "named.bearers.len() < ranking.bearers_max as usize",
        RULE + "a_title_that_more_documents_bear_than_the_bound_names_none",
    ),
    Mutant(
        "one bearer more names something",
        QUERY + "names.rs",
        "ranking.bearers_max as usize + 1",
        "ranking.bearers_max as usize",
        RULE + "a_title_that_more_documents_bear_than_the_bound_names_none",
    ),
    Mutant(
        "names have seven words",
        "rust/core/src/titles.rs",
        "MENTION_TERMS_MAX.min(sequence.len() - start)",
        "7.min(sequence.len() - start)",
        RULE + "a_title_of_more_than_eight_words_is_never_named",
    ),
    Mutant(
        "names go on over unknown words",
        QUERY + "question.rs",
        "sequence.push(term)",
        "sequence.extend(word.term)",
        RULE + "a_name_goes_over_a_stop_word_and_not_over_an_unknown_one",
    ),
    Mutant(
        "names go on from the title into the text",
        QUERY + "seeds.rs",
        "terms.push(BREAK)",
        "()",
        RULE + "no_name_goes_on_from_a_title_into_the_text",
    ),
    Mutant(
        "namesakes are bridges",
        QUERY + "bridge.rs",
        "named.title != voice.title",
        "!named.title.is_empty()",
        RULE + "a_seed_leads_neither_to_itself_nor_to_its_namesakes",
    ),
    # --- seeds, concepts, hops ---
    Mutant(
        "weights of seeds are no shares",
        QUERY + "seeds.rs",
        "seed.weight /= sum",
        "()",
        RULE + "the_weights_of_the_seeds_are_shares_of_one",
    ),
    Mutant(
        "a seed at the floor is none",
        QUERY + "seeds.rs",
        "seed.weight >= ranking.seed_floor",
        "seed.weight > ranking.seed_floor",
        RULE + "a_seed_at_the_floor_is_one",
    ),
    Mutant(
        "stretches do not overlap",
        QUERY + "seeds.rs",
        "most.div_ceil(2)",
        "most",
        RULE + "a_stretch_overlaps_the_one_before_by_half",
    ),
    Mutant(
        "own words light fully",
        QUERY + "concepts.rs",
        "if question.place(term).is_some() { ranking.own_share } else { 1.0 }",
        "1.0",
        RULE + "own_words_light_up_with_their_share",
    ),
    Mutant(
        "concepts come from one document",
        QUERY + "concepts.rs",
        "df > 1",
        "df > 0",
        RULE + "a_word_of_one_document_is_no_concept",
    ),
    Mutant(
        "concepts come from all documents",
        QUERY + "concepts.rs",
        "u64::from(df) < commons.documents()",
        "df > 0",
        RULE + "a_word_of_all_documents_is_no_concept",
    ),
    Mutant(
        "long questions do not damp concepts",
        QUERY + "concepts.rs",
        "ranking.concepts_evidence + question.content as f64",
        "ranking.concepts_evidence",
        RULE + "long_questions_need_concepts_less",
    ),
    Mutant(
        "concepts give more than to the best seed",
        QUERY + "concepts.rs",
        "(activation / self.full).min(1.0)",
        "(activation / self.full)",
        RULE + "no_document_gains_more_by_concepts_than_the_best_seed",
    ),
    Mutant(
        "hops lead to words of one document",
        QUERY + "hop.rs",
        "commons.df(synapse.target) > 1",
        "commons.df(synapse.target) > 0",
        RULE + "a_hop_leads_to_words_of_several_documents_only",
    ),
    Mutant(
        "hops do not count a word asked twice",
        QUERY + "hop.rs",
        "term.mass()",
        "term.idf",
        RULE + "a_word_asked_twice_hops_twice_as_strongly",
    ),
    Mutant(
        "near concepts do not fade",
        QUERY + "near.rs",
        "decay.weight(&synapse, now)",
        "1.0",
        RULE + "a_concept_is_as_near_as_its_synapse_is_strong",
    ),
    # --- what is shown, and in which order ---
    Mutant(
        "the last of equal passages is shown",
        QUERY + "passages.rs",
        "worth > most",
        "worth >= most",
        RULE + "the_first_of_equal_passages_is_shown",
    ),
    Mutant(
        "concepts show a passage as well as words",
        QUERY + "passages.rs",
        "lit[place as usize - 1].weight / strongest * 0.5 * mean",
        "lit[place as usize - 1].weight / strongest * 1.5 * mean",
        RULE + "a_word_of_the_question_shows_a_passage_before_a_concept_does",
    ),
    Mutant(
        "what has nothing is a hit",
        QUERY + "answer.rs",
        "hit.found.score > 0.0",
        "hit.found.score >= 0.0",
        "tests/test_answer_oracle.py::test_a_filter_leaves_out_documents_and_moves_no_score",
    ),
    Mutant(
        "ties stand against the order of ids",
        QUERY + "answer.rs",
        "a.found.id.cmp(&b.found.id)",
        "b.found.id.cmp(&a.found.id)",
        RULE + "equal_documents_stand_in_the_order_of_their_ids",
    ),
    Mutant(
        "lexical ties stand against the order of ids",
        QUERY + "bm25.rs",
        "a.id.cmp(&b.id)",
        "b.id.cmp(&a.id)",
        RULE + "equal_documents_stand_in_the_order_of_their_ids",
    ),
    Mutant(
        "a filter is forgotten among many",
        QUERY + "here.rs",
        "allowed.has(spot)",
        "true",
        "tests/test_where.py::test_where_the_best_are_many_those_that_match_are_found_behind_them",
    ),
    # --- the wire ---
    Mutant(
        "a decoded list is left unsorted",
        MESSAGE,
        "list.sort_unstable()",
        "()",
        WIRE + "a_batch_means_the_same_where_words_were_learned_in_another_order",
    ),
    Mutant(
        "a decoded list has a word twice",
        MESSAGE,
        "list.dedup()",
        "()",
        WIRE + "a_list_is_read_sorted_and_each_word_once",
    ),
    Mutant(
        "decoded uses are left unsorted",
        MESSAGE,
        "uses.synapses.sort_unstable()",
        "()",
        WIRE + "a_batch_means_the_same_where_words_were_learned_in_another_order",
    ),
    Mutant(
        "decoded lists forget their ticks",
        MESSAGE,
        "lists.push(&list, *tick)",
        "lists.push(&list, 0)",
        WIRE + "a_batch_means_the_same_where_words_were_learned_in_another_order",
    ),
    Mutant(
        "any version is read",
        MESSAGE,
        "version != WIRE_VERSION",
        "version == u8::MAX",
        WIRE + "another_version_and_a_word_beyond_the_list_are_refused",
    ),
    # --- the tick ---
    Mutant(
        "a delivery does not poll",
        DELIVER,
        "work.add(list.len())?",
        "()",
        "phago-core cancel a_delivery_polls_as_often_as_it_has_work",
    ),
    Mutant(
        "calling back does not poll",
        DELIVER,
        "work.add(64 + row.len() * (1 + gone.len()))?",
        "()",
        "phago-core cancel calling_back_deleted_documents_polls_as_often_as_it_has_work",
    ),
    Mutant(
        "a commit holds its references",
        TICK + "commit.rs",
        "drop((commons, shards))",
        "std::mem::forget((commons, shards))",
        "phago-engine run a_commit_changes_shards_in_place_and_copies_none",
    ),
    Mutant(
        "a run of short ticks does not ask",
        TICK + "runner.rs",
        "now() - looked >= LOOK",
        "false",
        "phago-engine run a_run_of_short_ticks_asks_whether_to_stop_between_them",
    ),
    Mutant(
        "a run in the queue does not ask",
        TICK + "turn.rs",
        "should_stop()",
        "false",
        "phago-engine run a_run_that_waits_for_its_turn_asks_whether_to_stop",
    ),
    Mutant(
        "an aborted tick keeps its inputs waiting",
        TICK + "commit.rs",
        "!inputs.pending.is_empty()",
        "false",
        "phago-engine deletes what_waits_is_done_when_the_tick_is_given_up_too",
    ),
    # --- threads ---
    Mutant(
        "an item is claimed twice",
        "rust/engine/src/work/job.rs",
        "self.next.fetch_add(1, Ordering::AcqRel)",
        "{ let next = self.next.load(Ordering::Acquire); self.next.store(next + 1, Ordering::Release); next }",
        ORDERS + "each_item_runs_once_and_each_end_is_told_once",
    ),
    Mutant(
        "one of the workers is told that the pool is closed",
        "rust/engine/src/work/pool.rs",
        "self.shared.wake.notify_all()",
        "self.shared.wake.notify_one()",
        ORDERS + "each_item_runs_once_and_each_end_is_told_once",
    ),
    Mutant(
        "a wake-up is sent and not counted",
        "rust/engine/src/work/pool.rs",
        "core.tokens += 1",
        "()",
        ORDERS + "what_is_given_up_ends_and_its_workers_are_replaced",
    ),
    Mutant(
        "what is given up goes on",
        "rust/engine/src/work/job.rs",
        "self.abandoned.store(true, Ordering::Release)",
        "()",
        ORDERS + "what_is_given_up_ends_and_its_workers_are_replaced",
    ),
    Mutant(
        "a worker that sleeps does not see that the pool is closed",
        "rust/engine/src/work/pool.rs",
        "core.tokens == 0 && !core.closed",
        "core.tokens == 0",
        ORDERS + "each_item_runs_once_and_each_end_is_told_once",
    ),
    Mutant(
        "the end of a tick wakes nobody",
        TICK + "outcome.rs",
        "self.told_blocking.notify_all()",
        "()",
        ORDERS + "ticks_queue_and_inputs_wait_for_their_end",
    ),
    Mutant(
        "a free turn calls nobody",
        TICK + "turn.rs",
        "waker.wake()",
        "drop(waker)",
        ORDERS + "ticks_queue_and_inputs_wait_for_their_end",
    ),
    Mutant(
        "the keeper of deadlines sleeps without a second look",
        TICK + "deadline.rs",
        "self.look().is_none()",
        "true",
        ORDERS + "a_shard_that_hangs_is_noticed_and_cannot_reach_the_next_attempt",
    ),
    Mutant(
        "what came during a sync is acknowledged with it",
        STORE + "writer.rs",
        "(state.kept, state.kept_offset) = (end, offset)",
        "(state.kept, state.kept_offset) = { let _ = end; (state.end, offset) }",
        ORDERS + "what_is_acknowledged_is_durable_and_seen_by_readers",
    ),
    Mutant(
        "what was written by others is acknowledged before the sync",
        STORE + "writer.rs",
        "state.kept.sequence < sequence",
        "state.kept.sequence < sequence && !state.leading",
        ORDERS + "one_sync_serves_all_who_wait",
    ),
    Mutant(
        "the lock is let go while the keeper writes",
        STORE + "writer.rs",
        "state = self.inner.turn.wait(state).unwrap_or_else(PoisonError::into_inner)",
        "break",
        ORDERS + "a_store_that_is_dropped_waits_for_the_keeper_of_its_witness",
    ),
    # --- recovery ---
    Mutant(
        "a tick is redone once more than the bound",
        TICK + "attempt.rs",
        "self.recovered.len() < REDOS_MAX as usize",
        "self.recovered.len() <= REDOS_MAX as usize",
        "phago-engine recover one_fault_more_than_the_bound_is_the_error_and_changes_nothing",
    ),
    Mutant(
        "a redone tick sees what came meanwhile",
        TICK + "attempt.rs",
        "means.world.redo(snapshot)",
        '{ means.world.abort(snapshot.attempt, None); drop(snapshot); means.world.begin("a mutant") }',
        "phago-engine recover a_redone_tick_sees_the_inputs_that_the_first_attempt_saw",
    ),
    Mutant(
        "the attempt's number is ignored",
        TICK + "commit.rs",
        "running == attempt",
        "running > 0 || attempt > 0",
        "phago-engine lib what_comes_with_the_number_of_an_attempt_that_was_redone_is_refused",
    ),
    Mutant(
        "the seat of a hung shard is accepted",
        TICK + "slot.rs",
        "!place.given_up",
        "true",
        "phago-engine lib a_seat_that_comes_back_after_its_slot_was_given_up_is_dropped",
    ),
    Mutant(
        "a cancel lets the next attempt begin",
        TICK + "making.rs",
        "matches!(*now, Now::Over)",
        "false",
        "phago-engine lib no_attempt_begins_after_the_tick_was_given_up",
    ),
    Mutant(
        "a delete trusts a stale reading",
        INTAKE + "change.rs",
        "read.take().filter(|read| read.title == old.title && read.text == old.text)",
        "read.take()",
        "phago-engine lib a_document_that_changes_while_it_is_read_is_read_again",
    ),
    Mutant(
        "a change keeps what was learned before",
        INTAKE + "pending.rs",
        "self.reinforcing.remove(&id.0)",
        "None",
        "phago-engine lib reinforcements_are_counted_once_each_and_go_with_the_document",
    ),
    # --- lifetimes ---
    Mutant(
        "a lifetime ends a tick late",
        "rust/core/src/commons/lifetimes.rs",
        "entry.0 <= tick",
        "entry.0 < tick",
        "phago-core lifetimes a_document_is_there_before_the_tick_of_its_number_is_made_and_gone_after",
    ),
    Mutant(
        "an earlier time is news",
        "rust/core/src/replica/inputs.rs",
        "self.commons.now() < Some(now)",
        "true",
        "phago-core lifetimes times_do_nothing_until_the_colony_is_told_one_as_late",
    ),
    Mutant(
        "another lifetime is another document",
        "rust/core/src/replica/inputs.rs",
        "standing.is_some_and(|standing| standing.differs_in_lifetime_at_most(&body))",
        "false",
        "phago-core lifetimes another_lifetime_is_refused_by_ingest_and_taken_by_update_without_unwiring",
    ),
    Mutant(
        "what waits trusts that a document outlives the tick",
        INTAKE + "pending.rs",
        "fate.leaves.filter(|_| stands)",
        "fate.leaves",
        "phago-engine lifetimes inputs_that_come_while_a_tick_takes_the_document_away_are_judged_when_it_has",
    ),
    Mutant(
        "an idle run spans the end of a lifetime",
        "rust/engine/src/tick/commit.rs",
        "state.is_idle_until(plan.tick)",
        "state.is_quiet()",
        "phago-engine lifetimes a_tick_with_which_a_lifetime_ends_is_not_among_the_idle_ones_of_the_log",
    ),
    # --- what is kept on disk ---
    Mutant(
        "store: the log is not synced",
        STORE + "writer.rs",
        'log.sync().refused(files, &name, "sync")?',
        "()",
        SCHEDULES,
    ),
    Mutant(
        "store: the witness is written before the log",
        STORE + "writer.rs",
        "self.options.mutant == Some(Mutant::WitnessFirst)",
        "true",
        SCHEDULES,
    ),
    Mutant(
        "store: a failed write does not poison",
        STORE + "writer.rs",
        "state.poisoned = Some(error.to_string())",
        "drop(error)",
        SCHEDULES,
    ),
    Mutant(
        "store: idle ticks are counted for what came before an input",
        STORE + "writer.rs",
        "state.settled == after",
        "true",
        SCHEDULES,
    ),
    Mutant(
        "store: the lock is let go once it is open",
        STORE + "writer.rs",
        "Some(from.held)",
        "{ drop(from.held); None }",
        SCHEDULES,
    ),
    Mutant(
        "store: a torn tail is left",
        STORE + "recovery.rs",
        "self.options.mutant != Some(Mutant::TailLeft)",
        "false",
        SCHEDULES,
    ),
    Mutant(
        "store: what is found beyond the witness is trusted",
        STORE + "recovery.rs",
        "self.options.mutant != Some(Mutant::TailTrusted)",
        "false",
        SCHEDULES,
    ),
    Mutant(
        "store: the chain is not checked",
        STORE + "recovery.rs",
        "options.mutant != Some(Mutant::ChainUnchecked)",
        "false",
        SCHEDULES,
    ),
    Mutant(
        "store: a checkpoint is named before it is synced",
        STORE + "checkpoint.rs",
        'self.file.sync().refused(self.files, &self.name, "sync")?',
        "()",
        SCHEDULES,
    ),
    Mutant(
        "store: the name of a new log is not synced",
        STORE + "layout.rs",
        'files.sync_dir().refused(files, "", "sync")?',
        "()",
        SCHEDULES,
    ),
    Mutant(
        "store: the old generation is removed before the new one is named",
        STORE + "generation.rs",
        "self.options.mutant == Some(Mutant::OldDeletedFirst)",
        "true",
        SCHEDULES,
    ),
    Mutant(
        "store: one slot of the witness is written again and again",
        STORE + "witness.rs",
        "(self.slot + 1) % SLOTS",
        "self.slot",
        SCHEDULES,
    ),
    Mutant(
        "store: an input is acknowledged before it is durable",
        INTAKE + "enter.rs",
        "(Some(journal), Some(sequence)) => journal.keep(sequence)",
        "(Some(_), Some(_)) => Ok(())",
        SCHEDULES,
    ),
    Mutant(
        "store: many updates are acknowledged before they are durable",
        INTAKE + "many.rs",
        "let kept = self.keep(chunk.last);",
        "let kept = Ok(());",
        MANY,
    ),
    Mutant(
        "store: a tick is swapped in before it is durable",
        TICK + "commit.rs",
        "journal.tick(plan.tick, *attempt, *cut, *is_idle, documents as u64)?",
        "()",
        SCHEDULES,
    ),
    Mutant(
        "store: a replay ignores the cuts",
        "rust/core/src/replay.rs",
        "self.held.partition_point(|(sequence, _)| *sequence <= cut)",
        "self.held.len()",
        SCHEDULES,
    ),
    Mutant(
        "store: a batch of another attempt is taken",
        TICK + "hand.rs",
        "sent.batch.says_the_same(batch)",
        "batch.tick == sent.batch.tick",
        SCHEDULES,
    ),
]
