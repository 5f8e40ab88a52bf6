//! Answers: parts, paths and passages, the same on any number of shards.

mod common;

use common::{Chance, colony};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::ids::DocumentId;
use phago_core::metadata::Filter;
use phago_core::query::parts::PARTS;
use phago_core::query::{Answer, Buffers, Here, Hit, Nothing, Part, Ranking, Scratch};
use phago_core::text::passages::{PASSAGE_CHARS_MAX, passages};
use phago_core::text::{Role, Session};

const VOCABULARY: u64 = 400;

// Documents with titles of one to three words, some of which stand in other documents.
fn filled(shards: u32, count: usize) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), shards);
    let mut chance = Chance(11);
    let titles: Vec<String> = (0..count).map(|number| chance.text(VOCABULARY, 1 + number as u64 % 3)).collect();
    for (number, title) in titles.iter().enumerate() {
        let words = 5 + chance.below(60);
        let mut text = chance.text(VOCABULARY, words);
        if chance.below(2) == 0 {
            let other = &titles[chance.below(count as u64) as usize];
            text = format!("{text} {other} {}", chance.text(VOCABULARY, 5));
        }
        let title = if number % 5 == 0 { "" } else { title };
        colony.ingest(Some(&format!("doc-{number}")), title, &text).unwrap();
    }
    colony
}

fn questions() -> Vec<String> {
    let mut chance = Chance(5);
    (0..25).map(|length| chance.text(VOCABULARY, 1 + length % 9)).collect()
}

struct Asker {
    session: Session,
    buffers: Buffers,
    ranking: Ranking,
}

impl Asker {
    fn of(colony: &Colony) -> Asker {
        let session = Session::new(colony.state().commons().lexicon().clone());
        // Few enough that the tail of an answer is reached.
        let ranking =
            Ranking { exhaustive_max: 0, lexical_candidates: 40, concept_candidates: 20, ..Ranking::default() };
        Asker { session, buffers: Buffers::default(), ranking }
    }

    fn ask(&mut self, colony: &Colony, question: &str, k: usize) -> Answer {
        let (session, buffers) = (&mut self.session, &mut self.buffers);
        colony.state().answer(question, k, &self.ranking, &Filter::default(), session, buffers).unwrap()
    }
}

#[test]
fn parts_sum_to_the_score_and_all_of_them_occur() {
    let colony = filled(3, 300);
    let mut asker = Asker::of(&colony);
    let mut largest = [0.0f64; PARTS];
    for question in questions() {
        let hits = asker.ask(&colony, &question, 50).hits;
        assert!(!hits.is_empty());
        for hit in &hits {
            let parts = hit.parts;
            let sum = parts[Part::Lexical] + parts[Part::Concepts] + parts[Part::Bridge];
            assert_eq!(sum.to_bits(), hit.found.score.to_bits());
            for (largest, part) in largest.iter_mut().zip(parts.0) {
                assert!(part >= 0.0 && part.is_finite());
                *largest = largest.max(part);
            }
        }
        assert!(hits[..hits.len().min(40)].is_sorted_by(|a, b| a.found.score >= b.found.score));
    }
    // The others need threads, vectors or a weight for times.
    let (usual, asked_for) = largest.split_at(Part::Context as usize);
    assert!(usual.iter().all(|part| *part > 0.0) && asked_for.iter().all(|part| *part == 0.0), "{largest:?}");
}

#[test]
fn rankings_and_scores_are_the_same_on_any_number_of_shards() {
    let mut all: Vec<Vec<(u128, u64)>> = Vec::new();
    for (at, shards) in [1, 2, 3, 7, 16].into_iter().enumerate() {
        let colony = filled(shards, 250);
        let mut asker = Asker::of(&colony);
        for (number, question) in questions().iter().enumerate() {
            let hits = asker.ask(&colony, question, 200).hits;
            let ranking = hits.iter().map(|hit| (hit.found.id, hit.found.score.to_bits())).collect();
            if at == 0 {
                all.push(ranking);
            } else {
                assert_eq!(all[number], ranking, "{shards} shards, `{question}`");
            }
        }
    }
}

#[test]
fn a_short_answer_is_the_head_of_every_longer_one() {
    let colony = filled(3, 400);
    let mut asker = Asker::of(&colony);
    let mut tails = 0;
    for question in questions() {
        let whole = asker.ask(&colony, &question, usize::MAX).hits;
        tails += usize::from(whole.len() > 100);
        for k in (0..whole.len() + 3).step_by(7).chain([1, 5, 40, 41, 79, 80, 81, 160, 161, 1000]) {
            assert_eq!(asker.ask(&colony, &question, k).hits, whole[..whole.len().min(k)], "`{question}`, {k}");
        }
    }
    assert!(tails > 10, "{tails}");
}

#[test]
fn a_whole_answer_has_all_that_has_anything_of_the_question() {
    let colony = filled(3, 400);
    let mut asker = Asker::of(&colony);
    let (mut by_words, mut by_concepts) = (0, 0);
    for question in questions() {
        let Answer { hits, inquiry } = asker.ask(&colony, &question, usize::MAX);
        let view = colony.state().view();
        let mut scored = 0;
        for document in view.shards.iter().flat_map(|shard| shard.documents().all()) {
            let told = inquiry.explain(&mut Here::new(view, &mut asker.buffers), document.id).unwrap().unwrap();
            let hit = hits.iter().find(|hit| hit.found.id == document.id.0);
            assert_eq!(hit.map(|hit| hit.found.score.to_bits()), (told.score > 0.0).then(|| told.score.to_bits()));
            scored += usize::from(told.score > 0.0);
            by_words += usize::from(told.parts[Part::Lexical] > 0.0);
            by_concepts += usize::from(told.parts[Part::Lexical] == 0.0 && told.score > 0.0);
        }
        assert_eq!(scored, hits.len());
    }
    assert!(by_words > 1000 && by_concepts > 1000, "{by_words} {by_concepts}");
}

#[test]
fn explain_agrees_with_query_for_hits_and_others() {
    let colony = filled(4, 300);
    let mut asker = Asker::of(&colony);
    for question in questions() {
        let Answer { hits, inquiry } = asker.ask(&colony, &question, 30);
        // Another question in between must not show.
        asker.ask(&colony, "bak dak", 3);
        let view = colony.state().view();
        for hit in &hits {
            let id = DocumentId(hit.found.id);
            let explanation = inquiry.explain(&mut Here::new(view, &mut asker.buffers), id).unwrap().unwrap();
            assert_eq!(explanation.score.to_bits(), hit.found.score.to_bits());
            assert_eq!(explanation.parts, hit.parts);
        }
        let far = asker.ask(&colony, &question, 1000).hits;
        for number in (0..300).step_by(7) {
            let id = DocumentId::from_key(&format!("doc-{number}"));
            let explanation = inquiry.explain(&mut Here::new(view, &mut asker.buffers), id).unwrap().unwrap();
            match far.iter().find(|hit| hit.found.id == id.0) {
                Some(hit) => assert_eq!(explanation.score.to_bits(), hit.found.score.to_bits()),
                // Whatever has a word of the question is in an answer that is long enough.
                None => assert_eq!(explanation.parts[Part::Lexical], 0.0),
            }
            let near = |sum: f64, part: f64| assert!((sum - part).abs() < 1e-9, "{sum} for {part}");
            let words: f64 = explanation.words.iter().map(|word| word.points).sum();
            near(words + explanation.title + explanation.named, explanation.parts[Part::Lexical]);
            near(explanation.concepts.iter().map(|concept| concept.points).sum(), explanation.parts[Part::Concepts]);
            near(explanation.bridges.iter().map(|bridge| bridge.points).sum(), explanation.parts[Part::Bridge]);
            for concept in &explanation.concepts {
                near(concept.light.words.iter().map(|word| word.1).sum(), 1.0);
                near(concept.light.seeds.iter().map(|seed| seed.1).sum(), 1.0);
            }
        }
        assert!(
            inquiry
                .explain(&mut Here::new(view, &mut asker.buffers), DocumentId::from_key("nobody"))
                .unwrap()
                .is_none()
        );
    }
}

#[test]
fn a_mention_leads_to_the_document_it_names() {
    let mut colony = colony(&ColonyConfig::default(), 2);
    for number in 0..40 {
        colony.ingest(None, &format!("Filler {number}"), &format!("something else entirely, number {number}")).unwrap();
    }
    colony.ingest(Some("film"), "Night Harbour", "A film of 1962 directed by Vera Lindqvist (born Holm).").unwrap();
    colony
        .ingest(Some("person"), "Vera Lindqvist (director)", "She was born in Visby and studied in Uppsala.")
        .unwrap();
    let mut asker = Asker::of(&colony);
    let question = "Where was the director of Night Harbour born?";
    let Answer { hits, inquiry } = asker.ask(&colony, question, 2);
    let mut names: Vec<String> = hits.iter().map(|hit| colony.state().found(&hit.found).name()).collect();
    names.sort();
    assert_eq!(names, ["film", "person"]);
    let explanation = inquiry
        .explain(&mut Here::new(colony.state().view(), &mut asker.buffers), DocumentId::from_key("person"))
        .unwrap()
        .unwrap();
    assert!(explanation.parts[Part::Bridge] > 0.0);
    assert_eq!(explanation.bridges[0].seed, DocumentId::from_key("film"));
    let film = inquiry
        .explain(&mut Here::new(colony.state().view(), &mut asker.buffers), DocumentId::from_key("film"))
        .unwrap()
        .unwrap();
    assert!(film.named > 0.0 && film.seed.is_some());
    assert!(film.words.iter().any(|word| word.word == "harbour"));
}

#[test]
fn nothing_found_says_why() {
    let mut colony = colony(&ColonyConfig::default(), 2);
    let why = |colony: &Colony, question: &str| {
        let answer = Asker::of(colony).ask(colony, question, 10);
        assert!(answer.hits.is_empty());
        answer.inquiry.nothing(colony.state().commons())
    };
    assert_eq!(why(&colony, "lift"), Some(Nothing::NoDocuments));
    colony.ingest(Some("one"), "", "wings give lift").unwrap();
    assert_eq!(why(&colony, ""), Some(Nothing::NoWords));
    assert_eq!(why(&colony, "what is the, of \0 \u{2014}"), Some(Nothing::NoWords));
    assert_eq!(why(&colony, "propeller"), Some(Nothing::UnknownWords));
    let answer = Asker::of(&colony).ask(&colony, "lift of a propeller", 10);
    assert_eq!((answer.hits.len(), answer.inquiry.nothing(colony.state().commons())), (1, None));
    let mut asker = Asker::of(&colony);
    let explanation =
        answer.inquiry.explain(&mut Here::new(colony.state().view(), &mut asker.buffers), DocumentId::from_key("one"));
    let told = explanation.unwrap().unwrap();
    assert_eq!((told.unknown, told.function_words), (vec!["propeller".to_owned()], vec!["of".into(), "a".into()]));
}

#[test]
fn decay_never_hides_an_exact_match() {
    let mut colony = filled(3, 200);
    let ask = |colony: &Colony| {
        let mut asker = Asker::of(colony);
        let state = colony.state();
        let all = questions().into_iter().map(|question| {
            let words = asker.session.query(&question);
            let lexical = state.search(&words, 50, &Filter::default(), &mut Scratch::default()).unwrap();
            (lexical, asker.ask(colony, &question, 50).hits)
        });
        all.collect::<Vec<_>>()
    };
    let before = ask(&colony);
    for _ in 0..10_000 {
        colony.tick().unwrap();
    }
    assert_eq!(colony.state().edge_count(), 0);
    assert_eq!(ask(&colony), before);
}

#[test]
fn a_title_borne_by_many_names_none() {
    let mut colony = colony(&ColonyConfig::default(), 3);
    for number in 0..100 {
        let title = if number < 40 { "Weekly minutes" } else { "Annual report" };
        let title = if number < 45 { title } else { "" };
        colony.ingest(None, title, &format!("item {number} of the agenda, room {}", number * 7)).unwrap();
    }
    let mut asker = Asker::of(&colony);
    let named = |asker: &mut Asker, question: &str| {
        let Answer { hits, inquiry } = asker.ask(&colony, question, 1);
        let id = DocumentId(hits[0].found.id);
        inquiry.explain(&mut Here::new(colony.state().view(), &mut asker.buffers), id).unwrap().unwrap().named
    };
    assert_eq!(named(&mut asker, "weekly minutes about the agenda"), 0.0);
    assert!(named(&mut asker, "annual report about the agenda") > 0.0);
}

#[test]
fn passages_cover_a_text_and_the_best_has_the_answer() {
    let mut chance = Chance(3);
    let mut text = String::from("  ");
    for _ in 0..60 {
        text.push_str(&chance.text(50, 12));
        text.push_str(". \u{00e9}\u{1f600} ");
    }
    text.push_str("The zeppelin landed in Lakehurst. ");
    text.push_str(&chance.text(50, 2000));
    text.push_str(&"x".repeat(2 * PASSAGE_CHARS_MAX + 5));
    let all = passages(&text);
    assert!(all.len() > 10);
    let mut end = 0;
    for &(start, stop) in &all {
        let passage = &text[start..stop];
        assert!(passage.chars().count() <= PASSAGE_CHARS_MAX && passage == passage.trim() && !passage.is_empty());
        assert!(text[end..start].trim().is_empty());
        end = stop;
    }
    assert!(text[end..].trim().is_empty());
    assert!(passages("").is_empty() && passages(" \n ").is_empty());
    for mark in [".", "!", "?", "。", ".)", ".\n"] {
        let sentences: Vec<String> = (0..90).map(|_| format!("W{}X{mark}", chance.text(50, 9))).collect();
        let (text, end) = (sentences.join(" "), format!("X{}", mark.trim()));
        let all = passages(&text);
        assert!(all.iter().all(|&(start, stop)| text[start..stop].ends_with(&end)), "{mark:?}");
        // As many sentences as fit, white space aside.
        let fuller = all.windows(2).map(|pair| {
            let next = &text[pair[1].0..][..text[pair[1].0..].find(&end).unwrap() + end.len()];
            text[pair[0].0..pair[0].1].chars().count() + 1 + next.chars().count()
        });
        assert!(fuller.into_iter().all(|chars| chars + 2 > PASSAGE_CHARS_MAX), "{mark:?}");
    }

    let mut colony = colony(&ColonyConfig::default(), 1);
    colony.ingest(Some("long"), "", &text).unwrap();
    colony.ingest(Some("short"), "Zeppelin", "  Of no help. ").unwrap();
    let mut asker = Asker::of(&colony);
    let answer = asker.ask(&colony, "where did the zeppelin land?", 2);
    let homes = &mut Here::new(colony.state().view(), &mut asker.buffers);
    let told = answer.inquiry.tell(homes, &answer.hits, 3).unwrap();
    let passage = |key: &str| -> String {
        let hit = told.hits.iter().find(|hit| hit.document.name == key).unwrap();
        hit.document.text.chars().take(hit.span.1).skip(hit.span.0).collect()
    };
    assert!(passage("long").contains("zeppelin landed in Lakehurst"));
    assert_eq!(passage("short"), "Of no help.");
}

#[test]
fn the_words_of_a_document_stand_in_its_sequence_passage_by_passage() {
    let mut chance = Chance(8);
    let text = format!("{}. Naïve {}", chance.text(300, 200), chance.text(300, 900).replace("w1", ". W1"));
    let mut session = Session::new(Default::default());
    let analysis = session.analyse("A title of words", &text);
    let sequence = &analysis.sequence;
    let mut terms = Vec::new();
    sequence.visit(0..sequence.len(), |place| terms.push(analysis.terms()[place as usize].0));
    let mut expected = Vec::new();
    for text in ["A title of words", &text] {
        session.words(text, |word| expected.extend(word.term.filter(|_| word.role != Role::Function)));
    }
    assert_eq!(terms, expected);
    assert_eq!((sequence.title(), sequence.len()), (2, analysis.length as usize));
    let bounds = passages(&text);
    assert!(bounds.len() > 5 && sequence.passages().len() == bounds.len());
    for (number, &(start, end)) in bounds.iter().enumerate() {
        let (mut words, mut count) = (sequence.words_of(number), 0);
        session.words(&text[start..end], |word| {
            if word.role != Role::Function {
                assert_eq!(Some(terms[words.next().unwrap()]), word.term);
                count += 1;
            }
        });
        assert!(words.is_empty() && count > 0);
    }
    // One passage needs no bounds; and what one text leaves behind does not reach the next.
    assert!(session.analyse("", "few words").sequence.passages().is_empty());
}

#[test]
fn a_long_document_is_scored_by_its_best_passage() {
    let mut chance = Chance(31);
    let mut colony = colony(&ColonyConfig::default(), 2);
    for number in 0..40 {
        colony.ingest(Some(&format!("other-{number}")), "", &chance.text(200, 60)).unwrap();
    }
    let filler: Vec<String> = (0..12).map(|_| chance.text(200, 60)).collect();
    // The same words in both, as often: here far apart, there in one place.
    let words = ["zeppelin", "anchorage", "lakehurst", "mast"];
    let apart: Vec<String> =
        filler.iter().zip(words.iter().cycle()).map(|(text, word)| format!("{text} {word}. ")).collect();
    let near = words.map(|word| [word; 3].join(" ")).join(" ");
    colony.ingest(Some("apart"), "", &apart.concat()).unwrap();
    colony
        .ingest(Some("near"), "", &format!("{}. {near}. {}", filler[..6].join(". "), filler[6..].join(". ")))
        .unwrap();
    let mut asker = Asker::of(&colony);
    let question = "anchorage mast of the zeppelin in lakehurst";
    let answer = asker.ask(&colony, question, 5);
    let names: Vec<u128> = answer.hits.iter().take(2).map(|hit| hit.found.id).collect();
    assert_eq!(names, [DocumentId::from_key("near").0, DocumentId::from_key("apart").0]);
    assert!(answer.hits[0].parts[Part::Lexical] > 1.3 * answer.hits[1].parts[Part::Lexical]);
    for key in ["near", "apart"] {
        let told = answer
            .inquiry
            .explain(&mut Here::new(colony.state().view(), &mut asker.buffers), DocumentId::from_key(key))
            .unwrap()
            .unwrap();
        let words: f64 = told.words.iter().map(|word| word.points).sum();
        assert!((words + told.title + told.named - told.parts[Part::Lexical]).abs() < 1e-12);
        assert!(told.words.iter().all(|word| word.points > 0.0));
    }
    // Without passages there is nothing to choose between but the whole.
    asker.ranking.passage_share = 0.0;
    let answer = asker.ask(&colony, question, 2);
    let [near, apart] = [&answer.hits[0], &answer.hits[1]].map(|hit| hit.parts[Part::Lexical]);
    assert!((near - apart).abs() < 0.05, "{near} {apart}");
}

#[test]
fn among_few_documents_nothing_is_left_out() {
    let colony = filled(3, 300);
    let mut bounded = Asker::of(&colony);
    let mut whole = Asker { ranking: Ranking::default(), ..Asker::of(&colony) };
    let mut differ = 0;
    for question in questions() {
        let all = whole.ask(&colony, &question, usize::MAX).hits;
        assert!(all.is_sorted_by(|a, b| (-a.found.score, a.found.id) < (-b.found.score, b.found.id)));
        let some = bounded.ask(&colony, &question, usize::MAX).hits;
        differ += usize::from(some != all);
        assert!(some.len() <= all.len());
    }
    assert!(differ > 0);
}

#[test]
fn what_was_deleted_leaves_no_trace_in_answers() {
    let mut chance = Chance(23);
    for shards in [1, 3] {
        let mut colony = filled(shards, 200);
        for number in 0..200 {
            if chance.below(10) < 4 {
                assert!(colony.delete(DocumentId::from_key(&format!("doc-{number}"))).unwrap());
            }
        }
        let mut fresh = common::colony(&ColonyConfig::default(), 2);
        for shard in colony.state().shards() {
            for document in shard.documents().all() {
                fresh.ingest(document.body.key.as_deref(), &document.body.title, &document.body.text).unwrap();
            }
        }
        let (mut one, mut other) = (Asker::of(&colony), Asker::of(&fresh));
        let plain = |answer: Answer| -> Vec<(u128, u64, [u64; PARTS])> {
            let plain = |hit: &Hit| (hit.found.id, hit.found.score.to_bits(), hit.parts.0.map(f64::to_bits));
            answer.hits.iter().map(plain).collect()
        };
        for question in questions() {
            let (a, b) = (one.ask(&colony, &question, 100), other.ask(&fresh, &question, 100));
            assert_eq!(plain(a), plain(b), "{question}");
        }
    }
}

#[test]
fn no_passage_is_longer_than_a_passage_may_be_even_without_a_word() {
    let mut colony = colony(&ColonyConfig::default(), 2);
    let signs = "* * * -- ".repeat(2000);
    colony.ingest(Some("signs"), "Zeppelin", &signs).unwrap();
    colony.ingest(Some("blank"), "Zeppelin mast", "  \u{2003}").unwrap();
    colony.ingest(Some("short"), "Zeppelin hall", " *** ").unwrap();
    let mut asker = Asker::of(&colony);
    let answer = asker.ask(&colony, "zeppelin", 3);
    let homes = &mut Here::new(colony.state().view(), &mut asker.buffers);
    let told = answer.inquiry.tell(homes, &answer.hits, 3).unwrap();
    let passage = |key: &str| -> String {
        let hit = told.hits.iter().find(|hit| hit.document.name == key).unwrap();
        hit.document.text.chars().take(hit.span.1).skip(hit.span.0).collect()
    };
    let first = passage("signs");
    assert!(signs.starts_with(&first) && (500..=PASSAGE_CHARS_MAX).contains(&first.chars().count()), "{first}");
    assert_eq!((passage("blank"), passage("short")), (String::new(), "***".to_owned()));
}
