"""Mutants of answers and of what travels, each with the test that finds it."""

from mutant import Mutant

QUERY = "rust/core/src/query/"
MESSAGE = "rust/core/src/message.rs"
RULE = "tests/test_answer_rules.py::test_"
ANSWER = "tests/test_answer_oracle.py::test_any_answer_equals_the_naive_one"
LEXICAL = "tests/test_answer_oracle.py::test_any_lexical_answer_equals_the_naive_one"
WIRE = "phago-core wire "
PRUNING = "phago-core lib pruning_never_shows"

ANSWERS = [
    # --- vectors and times ---
    Mutant(
        "a mean is none",
        QUERY + "similar.rs",
        "levels.sum as f64 / UNIT / levels.count as f64",
        "0.0",
        "tests/test_vectors.py::test_a_score_is_the_formula_over_all_documents",
    ),
    Mutant(
        "ages are counted from the latest document where one asks as of a moment",
        QUERY + "inquiry.rs",
        "question.as_of.or(heard.unweighed.newest)",
        "heard.unweighed.newest",
        "tests/test_time.py::test_as_of_a_moment_later_documents_are_not_there_and_undated_ones_are",
    ),
    Mutant(
        "the last vector stays where one leaves",
        "rust/core/src/documents/vectors.rs",
        "row < last",
        "false",
        "tests/test_vectors.py::test_vectors_follow_updates_and_deletes",
    ),
    # --- words ---
    Mutant(
        "coverage has the power 1",
        QUERY + "coverage.rs",
        "libm::pow(found / question.mass, ranking.coverage_power)",
        "(found / question.mass)",
        RULE + "a_part_of_a_question_counts_by_the_power_of_coverage",
    ),
    Mutant("lengths count half", QUERY + "bm25.rs", "K1 * B / mean", "K1 * 0.5 / mean", LEXICAL),
    Mutant(
        "what a cancelled search left counts",
        QUERY + "bm25.rs",
        "std::mem::replace(&mut self.is_left, true)",
        "false",
        PRUNING,
    ),
    Mutant(
        "what lists behind add is not expected",
        QUERY + "bm25.rs",
        "least + rest[next]",
        "least",
        PRUNING,
    ),
    Mutant(
        "what a list alone does not lift is passed over",
        QUERY + "bm25.rs",
        "threshold / ROUNDING - rest[read]",
        "threshold / ROUNDING",
        PRUNING,
    ),
    Mutant(
        "what is found later is not kept",
        QUERY + "threshold.rs",
        "kept.retain(|kept| kept.most * ROUNDING >= threshold)",
        "kept.truncate(k)",
        PRUNING,
    ),
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
        "ranking.concepts_evidence + asked * (asked / ranking.concepts_question).max(1.0)",
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
        "decays.of(from).weight(&synapse, now)",
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
        "hit.parts.answers()",
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
        "may(candidate.spot)",
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
]
