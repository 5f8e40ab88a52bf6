use super::words::{Run, runs, wide_words};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

fn session() -> Session {
    Session::new(Arc::new(Lexicon::new()))
}

/// Forms of a text with their counts, as strings.
fn forms(text: &str) -> BTreeMap<String, u32> {
    let mut session = session();
    let analysis = session.analyse("", text);
    analysis.forms.iter().map(|&(form, count)| (session.lexicon().form(form).to_string(), count)).collect()
}

fn terms(text: &str) -> BTreeMap<String, u32> {
    let mut session = session();
    let analysis = session.analyse("", text);
    analysis.terms.iter().map(|&(term, count)| (session.lexicon().stem(term).to_string(), count)).collect()
}

fn names(text: &str) -> Vec<String> {
    forms(text).into_keys().collect()
}

// The rule of the module's first paragraph, written the slow way.
fn naive(text: &str) -> BTreeMap<String, u32> {
    let belongs = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    let mut found = BTreeMap::new();
    for run in text.split(|c| !belongs(c)) {
        if !run.is_ascii() && run.len() > RUN_BYTES_MAX {
            continue;
        }
        let lower = run.nfkc().collect::<String>().to_lowercase();
        let normal: String = lower.nfkc().collect();
        for word in normal.split(|c| !belongs(c)).flat_map(str::split_word_bounds) {
            if word.contains(char::is_alphanumeric) && word.len() <= WORD_BYTES_MAX && !is_stop_word(word) {
                *found.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    found
}

#[test]
fn words_are_maximal_runs_of_letters_digits_and_marks() {
    let words = |text| forms(text).into_iter().map(|(form, count)| format!("{form} {count}")).collect::<Vec<_>>();
    assert_eq!(words("asyncio.wait_for"), ["asyncio 1", "wait 1"]);
    assert_eq!(words("x86-64, utf8!"), ["64 1", "utf8 1", "x86 1"]);
    assert_eq!(words("naïve Zürich’s"), ["naïve 1", "zürich 1"]);
    assert_eq!(words("cafe\u{301} café CAFÉ"), ["café 3"]);
    assert_eq!(words("русский ελληνικά हिन्दी 한국어"), ["ελληνικά 1", "русский 1", "हिन्दी 1", "한국어 1"]);
    assert_eq!(words("soft\u{ad}hyphen zero\u{200b}width"), ["hyphen 1", "soft 1", "width 1", "zero 1"]);
}

#[test]
fn compatibility_forms_are_one_word_in_any_case() {
    assert_eq!(forms("ﬁle FILE ｆｉｌｅ File"), BTreeMap::from([("file".into(), 4)]));
    // A normal form may fall apart; its parts are words like any other.
    assert_eq!(names("7½ ⑴"), ["1", "2", "71"]);
    assert_eq!(names("İstanbul"), ["i\u{307}stanbul"]);
}

#[test]
fn scripts_without_spaces_are_parted_by_the_rules_of_unicode() {
    let words = |text| forms(text).into_iter().map(|(form, count)| format!("{form} {count}")).collect::<Vec<_>>();
    assert_eq!(words("日本語の本"), ["の 1", "日 1", "本 2", "語 1"]);
    assert_eq!(words("Xシャツとカメラ"), ["x 1", "と 1", "カメラ 1", "シャツ 1"]);
    assert_eq!(words("細胞膜，離子。"), ["子 1", "細 1", "胞 1", "膜 1", "離 1"]);
    assert_eq!(words("ที่นี่"), ["ที่ 1", "นี่ 1"]);
}

#[test]
fn marks_alone_are_not_a_word() {
    assert!(names("❤\u{fe0f} \u{301}").is_empty());
}

#[test]
fn the_stop_list_has_100_to_200_words_of_ascii() {
    assert!((100..=200).contains(&stop_words().len()), "{}", stop_words().len());
    assert!(stop_words::get("en").iter().all(|word| word.is_ascii()));
    for word in ["the", "don", "t", "for", "not", "won"] {
        assert!(is_stop_word(word), "{word}");
    }
    assert!(!is_stop_word("wait") && !is_stop_word(""));
    assert!(names("The THE don't Won’t it's").is_empty());
}

#[test]
fn forms_of_one_stem_are_one_term() {
    assert_eq!(
        terms("membrane membranes, Membranes transport transporting"),
        BTreeMap::from([("membran".into(), 3), ("transport".into(), 2)])
    );
    assert_eq!(terms("heart art").len(), 2);
}

#[test]
fn stems_are_those_of_snowball_english() {
    for (form, stem) in [
        ("fruitlessly", "fruitless"),
        ("connections", "connect"),
        ("generously", "generous"),
        ("skies", "sky"),
        ("dying", "die"),
        ("consolidating", "consolid"),
        ("naïve", "naïv"),
        ("x86", "x86"),
        ("日本語", "日本語"),
    ] {
        assert_eq!(stem_of(form), stem);
    }
}

#[test]
fn title_and_text_are_one_stream_without_a_word_across() {
    let mut session = session();
    let both = session.analyse("Cell", "cell wall");
    let one = session.analyse("", "cell cell wall");
    assert_eq!((&both.terms, &both.forms, both.length), (&one.terms, &one.forms, 3));
    assert_eq!(session.analyse("", ""), Analysis::default());
}

#[test]
fn a_title_keeps_the_order_of_its_terms_without_what_stands_in_brackets() {
    let mut session = session();
    let title = |session: &mut Session, title: &str| {
        let terms = session.analyse(title, "text").title;
        terms.iter().map(|&term| session.lexicon().stem(term).to_string()).collect::<Vec<_>>()
    };
    assert_eq!(title(&mut session, "The Walls of a Cell (biology [old]) walls"), ["wall", "cell", "wall"]);
    assert_eq!(title(&mut session, "(all of it)"), [""; 0]);
    assert_eq!(title(&mut session, &"Wörter ".repeat(50)).len(), TITLE_TERMS_MAX);
}

#[test]
fn words_are_placed_where_they_stand_and_enter_nothing() {
    let mut session = session();
    let text = "Cells, naïve the CELL: ½ unheard";
    session.analyse("", "cell naïve");
    let known = session.lexicon().form_count();
    for _ in 0..2 {
        let mut words = Vec::new();
        session.words(text, |word| words.push((&text[word.start..word.end], word.term)));
        let (cell, naive) = (session.lexicon().term("cell"), session.lexicon().term("naïv"));
        let expected = [("Cells", cell), ("naïve", naive), ("CELL", cell), ("½", None), ("½", None), ("unheard", None)];
        assert_eq!(words, expected);
    }
    assert_eq!(session.lexicon().form_count(), known);
}

#[test]
fn words_above_256_bytes_are_left_out() {
    for (size, count) in [(255, 1), (256, 1), (257, 0), (5000, 0)] {
        assert_eq!(session().analyse("", &"a".repeat(size)).length, count, "{size} bytes of ASCII");
        assert_eq!(session().query(&"a".repeat(size)).len() as u32, count);
    }
    // Two bytes each.
    assert_eq!(session().analyse("", &"é".repeat(128)).length, 1);
    assert_eq!(session().analyse("", &"é".repeat(129)).length, 0);
    // Four bytes each before, one after.
    assert_eq!(session().analyse("", &"𝐚".repeat(256)).length, 1);
    assert_eq!(session().analyse("", &"𝐚".repeat(1025)).length, 0);
}

#[test]
fn words_of_every_length_survive_both_caches() {
    let words: Vec<String> = (1..=40).map(|size| format!("{}q", "Z".repeat(size))).collect();
    let text = words.join(" ");
    let mut session = session();
    let first = session.analyse("", &text);
    assert_eq!(first.forms.len(), 40);
    assert_eq!(session.analyse("", &text.to_lowercase()), first);
    // At the very end of a text, where sixteen bytes can no longer be read at once.
    for word in &words {
        assert_eq!(session.analyse("", word).forms.len(), 1);
    }
    assert_eq!(session.lexicon().form_count(), 40);
}

#[test]
fn a_full_session_forgets_and_gives_the_same_numbers() {
    let mut session = session();
    let before = session.analyse("", "alpha beta naïve");
    let half = SESSION_FORMS_MAX / 2;
    for start in [0, half + 1] {
        let many: String = (start..=start + half).map(|i| format!("w{i} ")).collect();
        assert_eq!(session.analyse("", &many).length as usize, half + 1);
    }
    assert_eq!(session.analyse("", "alpha beta naïve"), before);
}

#[test]
fn a_query_keeps_the_order_and_counts_stems() {
    let mut session = session();
    session.analyse("", "transport of ions");
    let words = session.query("How do Membranes transport ions, membrane and transports?");
    let show: Vec<_> = words.iter().map(|w| (w.form.as_str(), w.stem.as_str(), w.count)).collect();
    assert_eq!(show, [("membranes", "membran", 2), ("transport", "transport", 2), ("ions", "ion", 1)]);
    let lexicon = session.lexicon().clone();
    assert_eq!(words[0].term, None);
    assert_eq!(words[1].term, lexicon.term("transport"));
    // The form was never met, its stem was.
    assert_eq!(session.query("ion")[0].term, lexicon.term("ion"));
    assert!(session.query("the of and").is_empty());
}

#[test]
fn a_lexicon_tells_what_is_new() {
    let lexicon = Arc::new(Lexicon::new());
    let mut session = Session::new(lexicon.clone());
    session.analyse("", "cell cells");
    assert_eq!((lexicon.form_count(), lexicon.term_count()), (2, 1));
    session.analyse("", "walls");
    assert_eq!(lexicon.new_terms(1), [crate::ids::NodeId::concept("wall")]);
    assert_eq!(lexicon.new_forms(0), [0, 0, 1]);
    assert_eq!(lexicon.new_forms(3), [0u32; 0]);
    assert_eq!(lexicon.new_terms(99), []);
    let form = lexicon.form_index("walls").unwrap();
    assert_eq!(&*lexicon.form(form), "walls");
    assert_eq!(lexicon.term_of_form(form), lexicon.term("wall").unwrap());
    assert_eq!(&*lexicon.stem(1), "wall");
    assert_eq!(lexicon.node(1), crate::ids::NodeId::concept("wall"));
    assert_eq!(lexicon.form_index("wall"), None);
    assert_eq!(format!("{lexicon:?}"), "Lexicon { forms: 3, terms: 2, .. }");
}

#[test]
fn threads_that_meet_the_same_words_number_each_once() {
    let lexicon = Arc::new(Lexicon::new());
    let text: String = (0..2000).map(|i| format!("word{} words{} ", i % 500, i % 700)).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut session = Session::new(lexicon.clone());
                session.analyse("", &text);
                // A form that can be seen has a term that can be seen.
                let forms = lexicon.new_forms(0);
                let terms = lexicon.new_terms(0);
                assert!(forms.iter().all(|&term| (term as usize) < terms.len()));
            });
        }
    });
    assert_eq!(lexicon.form_count(), 1200);
    let distinct: std::collections::BTreeSet<_> = (0..1200).map(|form| lexicon.form(form)).collect();
    assert_eq!(distinct.len(), 1200);
}

#[test]
fn time_is_linear_in_the_text() {
    // A ratio and a floor with much room for a busy machine: what is looked for is quadratic work on runs that
    // never end, which would take minutes.
    for unit in ["e\u{301}", "\u{301}", "\u{fdfa}", "a", "ab ", "é ", "⑴"] {
        let time = |size: usize| {
            let text = unit.repeat(size);
            let start = Instant::now();
            session().analyse("", &text);
            start.elapsed().as_secs_f64()
        };
        let small = time(20_000);
        let large = time(320_000);
        assert!(large < (small * 16.0 * 12.0).max(2.0), "{unit:?}: {small} s, then {large} s");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9]{1,20}",
        2 => "[ \t\n.,;'_-]{1,3}",
        1 => "[ÀÉéüßİıſΣσςǅ²½ﬁ⑴ｆＦ\u{301}\u{307}\u{fe0f}\u{200d}日本ﷺ]{1,6}",
        1 => "\\PC{1,8}",
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_sign_that_stands_for_a_sentence_is_counted_like_one_however_often() {
    let mut session = session();
    let sentence =
        "\u{635}\u{644}\u{649} \u{627}\u{644}\u{644}\u{647} \u{639}\u{644}\u{64a}\u{647} \u{648}\u{633}\u{644}\u{645}";
    let expected = session.analyse("", &[sentence; 3].join(" "));
    assert_eq!((expected.forms.len(), expected.length), (4, 12));
    for _ in 0..2 {
        assert_eq!(session.analyse("", "\u{fdfa} \u{fdfa} \u{fdfa}"), expected);
    }
}

#[test]
fn a_text_of_too_many_words_breaks_off_and_leaves_the_session_as_it_was() {
    let mut session = session();
    let before = session.analyse("", "ions na\u{ef}ve crossing");
    let many = |prefix: &str| -> String {
        (0..DOCUMENT_WORDS_MAX + 200_000).map(|word| format!("{prefix}{word:x} ")).collect()
    };
    for prefix in ["q", "\u{e9}"] {
        let analysis = session.analyse("", &format!("{} ions late\u{ef}", many(prefix)));
        // Words met in other texts count on; no new one does.
        assert!((DOCUMENT_WORDS_MAX + 1..DOCUMENT_WORDS_MAX + 4).contains(&analysis.forms.len()));
        assert_eq!(session.analyse("", "ions na\u{ef}ve crossing"), before);
        let fresh = session.analyse("", "late\u{ef} words");
        assert_eq!((fresh.forms.len(), fresh.length), (2, 2));
        session = self::session();
        session.analyse("", "ions na\u{ef}ve crossing");
    }
}

proptest! {
    #[test]
    fn any_text_is_counted_as_the_slow_way_counts(text in any_text()) {
        prop_assert_eq!(forms(&text), naive(&text));
    }

    #[test]
    fn counts_add_up_and_numbers_are_sorted(title in any_text(), text in any_text()) {
        let mut session = session();
        let cold = session.analyse(&title, &text);
        prop_assert_eq!(&session.analyse(&title, &text), &cold);
        let sum = |list: &[(u32, u32)]| list.iter().map(|&(_, count)| count).sum::<u32>();
        prop_assert_eq!(sum(&cold.terms), cold.length);
        prop_assert_eq!(sum(&cold.forms), cold.length);
        prop_assert!(cold.terms.is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!(cold.forms.is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!(cold.terms.iter().chain(&cold.forms).all(|&(_, count)| count > 0));
    }

    #[test]
    fn a_query_is_analysed_as_a_document_and_interns_nothing(known in any_text(), text in any_text()) {
        let mut session = session();
        session.analyse("", &known);
        let before = (session.lexicon().form_count(), session.lexicon().term_count());
        let words = session.query(&text);
        prop_assert_eq!((session.lexicon().form_count(), session.lexicon().term_count()), before);
        for word in &words {
            prop_assert_eq!(word.term, session.lexicon().term(&word.stem));
            prop_assert_eq!(stem_of(&word.form), word.stem.as_str());
        }
        let asked: BTreeMap<_, _> = words.into_iter().map(|word| (word.stem, word.count)).collect();
        prop_assert_eq!(asked, terms(&text));
    }

    #[test]
    fn runs_cover_exactly_what_belongs_to_words(text in any_text()) {
        let belongs = |c: char| c.is_alphanumeric() || is_combining_mark(c);
        let mut found = Vec::new();
        runs(&text, |run| found.push(match run {
            Run::Ascii(start, end) => text[start..end].to_owned(),
            Run::Wide(run) => run.to_owned(),
        }));
        let expected: Vec<_> = text.split(|c| !belongs(c)).filter(|run| !run.is_empty()).collect();
        prop_assert_eq!(found, expected);
        wide_words(&text, |word| assert!(word.chars().all(belongs)));
    }

    #[test]
    fn any_form_has_a_stem(form in "\\PC{0,40}") {
        prop_assert!(form.is_empty() || !stem_of(&form).is_empty());
    }
}
