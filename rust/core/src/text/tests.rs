use super::chunk::{self, normal};
use super::class::{Class, class};
use super::fold::stem_of;
use super::words::{Run, runs};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn session() -> Session {
    Session::new(Arc::new(Lexicon::new()))
}

/// Returns the forms of a text with their counts, as strings.
fn forms(text: &str) -> BTreeMap<String, u32> {
    let mut session = session();
    let analysis = session.analyse("", text);
    analysis.forms().iter().map(|&(form, count)| (session.lexicon().form(form).to_string(), count)).collect()
}

fn terms(text: &str) -> BTreeMap<String, u32> {
    let mut session = session();
    let analysis = session.analyse("", text);
    analysis.terms().iter().map(|&(term, count)| (session.lexicon().stem(term).to_string(), count)).collect()
}

fn names(text: &str) -> Vec<String> {
    forms(text).into_keys().collect()
}

// Returns the words of a text in alphabetical order, with counts.
fn words(text: &str) -> Vec<String> {
    forms(text).into_iter().map(|(form, count)| format!("{form} {count}")).collect()
}

// Returns the stems of the words with a position in the text, without function words, in their order.
fn standing(text: &str) -> Vec<String> {
    let mut session = session();
    let analysis = session.analyse("", text);
    let mut stems = Vec::new();
    analysis.sequence.visit(0..analysis.sequence.len(), |place| {
        stems.push(session.lexicon().stem(analysis.terms()[place as usize].0).to_string());
    });
    assert_eq!(stems.len(), analysis.length as usize);
    stems
}

// Returns whether a question finds a document by any word except function words.
fn finds(question: &str, text: &str) -> bool {
    let mut session = session();
    let analysis = session.analyse("", text);
    let has = |term: u32| analysis.terms().iter().any(|known| known.0 == term);
    session.query(question).iter().any(|word| word.role != Role::Function && word.term.is_some_and(has))
}

#[test]
fn words_are_maximal_runs_of_letters_digits_and_marks() {
    assert_eq!(words("asyncio.wait for, it"), ["asyncio 1", "for 1", "it 1", "wait 1"]);
    assert_eq!(words("naïve Zürich’s"), ["naïve 1", "zürich 1"]);
    assert_eq!(words("cafe\u{301} café CAFÉ"), ["café 3"]);
    assert_eq!(words("русский ελληνικά हिन्दी 한국어"), ["ελληνικά 1", "русский 1", "हिन्दी 1", "한국어 1"]);
    assert_eq!(words("zero\u{200b}width"), ["width 1", "zero 1"]);
}

#[test]
fn compatibility_forms_are_one_word_in_any_case() {
    assert_eq!(forms("ﬁle FILE ｆｉｌｅ File"), BTreeMap::from([("file".into(), 4)]));
    // A normal form may have several parts; its parts are words like any other.
    assert_eq!(names("7½ ⑴"), ["1", "2", "71"]);
}

#[test]
fn a_form_keeps_its_accents_and_its_term_loses_them() {
    for (form, stem) in [
        ("café", "cafe"),
        ("münchen", "munchen"),
        ("straße", "strass"),
        ("strasse", "strass"),
        ("i\u{307}stanbul", "istanbul"),
        ("ısı", "isi"),
        ("łódź", "lodz"),
        ("ærøskøbing", "aeroskob"),
        ("οδός", "οδοσ"),
        ("ёлка", "елка"),
        ("שׁ\u{5b8}לוֹם", "שלום"),
        ("م\u{64f}ح\u{64e}م\u{651}\u{64e}د", "محمد"),
        ("كـتاب", "كتاب"),
        // Marks that make another word are kept.
        ("हिन्दी", "हिन्दी"),
        ("が", "が"),
        ("한국어", "한국어"),
        // Every form has a term.
        ("\u{301}", "\u{301}"),
        ("ـ", "ـ"),
    ] {
        assert_eq!(stem_of(form), stem, "{form}");
    }
    assert_eq!(names("İstanbul"), ["i\u{307}stanbul"]);
}

#[test]
fn what_is_not_seen_is_no_part_of_a_word() {
    for hidden in ["\u{ad}", "\u{200d}", "\u{200c}", "\u{feff}", "\u{2060}", "\u{fe0f}", "\u{34f}"] {
        assert_eq!(names(&format!("{hidden}mem{hidden}brane{hidden}")), ["membrane"], "{hidden:?}");
        assert_eq!(names(&format!("日{hidden}本")), ["日", "日本", "本"], "{hidden:?}");
    }
}

#[test]
fn scripts_without_spaces_are_found_by_pairs_and_by_single_signs() {
    assert_eq!(standing("日本語の本"), ["日本", "本語", "語の", "の本"]);
    assert_eq!(words("日本語"), ["日 1", "日本 1", "本 1", "本語 1", "語 1"]);
    assert_eq!(standing("水"), ["水"]);
    assert_eq!(standing("Xカメラy"), ["x", "カメ", "メラ", "y"]);
    assert_eq!(standing("ｶﾞｽ ガス"), ["ガス", "ガス"]);
    assert_eq!(standing("か\u{3099}き"), ["がき"]);
    assert_eq!(standing("ที่นี่"), ["ที่นี่"]);
    let asked = |text| session().query(text).into_iter().map(|word| word.form).collect::<Vec<_>>();
    assert_eq!(asked("日本語"), ["日本", "本語"]);
    assert_eq!(asked("語"), ["語"]);
    assert!(finds("語", "日本語の本") && finds("本", "日本語の本") && finds("ภาษา", "ภาษาไทยสวยงาม"));
    assert!(!finds("本日", "日本語") && finds("python", "今天我们Python讨论"));
}

#[test]
fn emoji_are_words() {
    for (text, found) in [
        ("mood😀today", &["mood", "😀", "today"][..]),
        ("❤\u{fe0f}", &["❤"]),
        ("👍🏽 👍", &["👍", "👍"]),
        ("🇩🇪🇫🇷", &["🇩🇪", "🇫🇷"]),
        ("👨\u{200d}👩\u{200d}👧", &["👨", "👩", "👧"]),
        ("1\u{fe0f}\u{20e3}", &["1"]),
        ("© 2024 Acme™", &["2024", "acm"]),
    ] {
        assert_eq!(standing(text), found, "{text}");
    }
}

#[test]
fn an_identifier_counts_with_its_whole_and_its_parts() {
    for (text, found) in [
        ("getUserById", &["by", "get", "getuserbyid", "id", "user"][..]),
        ("get_user_by_id", &["by", "get", "get_user_by_id", "id", "user"]),
        ("parseHTTPResponse", &["http", "parse", "parsehttpresponse", "response"]),
        ("RTX4090", &["4090", "rtx", "rtx4090"]),
        ("USB-C", &["c", "usb", "usb-c"]),
        ("24GB", &["24", "24gb", "gb"]),
        ("COVID-19", &["19", "covid", "covid-19"]),
        ("v1.0.21", &["0", "1", "1.0.21", "21", "v", "v1", "v1.0.21"]),
        ("3.14", &["14", "3", "3.14"]),
        ("2024-03-12", &["03", "12", "2024", "2024-03-12"]),
        ("AT&T", &["at", "at&t", "t"]),
        ("I/O", &["i", "i/o", "o"]),
        ("O’Reilly", &["o", "o'reilly", "reilly"]),
        ("C++, C#, C++17", &["17", "c#", "c++"]),
        (".NET", &[".net", "net"]),
        ("U.S. and U.K.", &["and", "u.k.", "u.s."]),
        ("1990s 19th URLs IDs", &["1990s", "19th", "ids", "urls"]),
        ("well-known end.Next and/or issue#12", &["12", "and", "end", "issue", "known", "next", "or", "well"]),
        // A hash is not a name.
        ("3f2a9c81d", &["3f2a9c81d"]),
    ] {
        assert_eq!(names(text), found, "{text}");
    }
    let one_term = |a: &str, b: &str| stem_of(a) == stem_of(b);
    assert!(one_term("get_user_by_id", "getuserbyid") && one_term("usb-c", "usbc") && one_term("u.s.", "us"));
    assert!(!one_term("2024-03-12", "20240312") && !one_term("c++", "c") && !one_term("c#", "c++"));
    // Only runs have positions, so that order and length are those of the written text.
    assert_eq!(standing("RTX4090 on USB-C"), ["rtx4090", "usb", "c"]);
}

#[test]
fn scraps_are_scraps_behind_an_apostrophe_alone() {
    for apostrophe in ["'", "’"] {
        let text = |text: &str| names(&text.replace('\'', apostrophe));
        assert_eq!(text("it's dog's I'd we'll I'm they've you're"), ["dog", "i", "it", "they", "we", "you"]);
        assert_eq!(text("don't won't can't isn't"), ["can", "do", "is", "not", "will"]);
        assert_eq!(text("DON'T"), ["do", "not"]);
    }
    assert_eq!(standing("vitamin D, T cell, who won, ask Don"), ["vitamin", "d", "t", "cell", "won", "ask", "don"]);
}

#[test]
fn function_words_count_without_a_place() {
    assert!((100..=200).contains(&function_words().len()), "{}", function_words().len());
    assert!(function_words().iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    assert!(function_words().is_sorted());
    for word in ["the", "off", "who", "not", "for", "themselves", "yourselves", "would"] {
        assert!(is_function_word(word) && role_of(word) == Role::Function && stem_of(word) == word, "{word}");
    }
    for word in ["wait", "", "t", "d", "don", "won", "us", "vitamin"] {
        assert!(!is_function_word(word), "{word}");
    }
    let mut session = session();
    let analysis = session.analyse("", "turn off the light");
    assert_eq!((analysis.length, analysis.terms().len(), analysis.norm), (2, 4, 2f64.sqrt()));
    // No other word becomes a function word by its stem.
    for word in ["cans", "beings", "ins", "wills", "offs"] {
        assert_eq!(role_of(&stem_of(word)), Role::Word, "{word}");
    }
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
        ("electric", "electr"),
        ("walked", "walk"),
        ("regulation", "regul"),
        ("operator", "oper"),
        ("cheerful", "cheer"),
        ("adjustment", "adjust"),
        ("capitalism", "capit"),
        ("naïve", "naiv"),
        ("x86", "x86"),
        ("日本", "日本"),
    ] {
        assert_eq!(stem_of(form), stem);
    }
}

#[test]
fn title_and_text_are_one_stream_without_a_word_across() {
    let mut session = session();
    let both = session.analyse("Cell", "cell wall");
    let one = session.analyse("", "cell cell wall");
    assert_eq!((&both.terms(), &both.forms(), both.length), (&one.terms(), &one.forms(), 3));
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
    assert_eq!(title(&mut session, "The Who (band)"), ["the", "who"]);
    assert_eq!(title(&mut session, "(all of it)"), [""; 0]);
    for brackets in ["()", "[]", "{}", "（）", "［］", "｛｝"] {
        let (open, close) = brackets.split_at(brackets.len() / 2);
        assert_eq!(title(&mut session, &format!("Walls {open}of a cell{close}")), ["wall"], "{brackets}");
        // What is all that there is stands beside nothing.
        assert_eq!(title(&mut session, &format!("{open}Walls of a cell{close}")), ["wall", "cell"], "{brackets}");
    }
    assert_eq!(title(&mut session, &"Wörter ".repeat(50)).len(), TITLE_TERMS_MAX);
}

#[test]
fn words_are_placed_where_they_stand_and_enter_nothing() {
    let mut session = session();
    let text = "Cells, naïve the CELL: ½ unheard USB-C 日本語";
    session.analyse("", "the cell naïve");
    let known = session.lexicon().form_count();
    for _ in 0..2 {
        let mut words = Vec::new();
        session.words(text, |word| words.push((text[word.start..].chars().next().unwrap(), word.term)));
        let term = |stem| session.lexicon().term(stem);
        let (cell, naive, the) = (term("cell"), term("naiv"), term("the"));
        let known = [('C', cell), ('n', naive), ('t', the), ('C', cell)];
        assert_eq!(words[..4], known);
        assert_eq!(words[4..], ['½', '½', 'u', 'U', 'C', '日', '本'].map(|sign| (sign, None)));
    }
    assert_eq!(session.lexicon().form_count(), known);
}

#[test]
fn a_label_is_one_word_and_of_an_identifier_the_whole() {
    let mut session = session();
    session.analyse("", "USB-C RTX4090 membranes");
    for (label, stem) in [("usb-c", "usbc"), ("USB-C", "usbc"), ("rtx4090", "rtx4090"), ("Membranes, ", "membran")] {
        let word = session.label(label).unwrap();
        assert_eq!((word.stem.as_str(), word.term), (stem, session.lexicon().term(stem)), "{label}");
        assert_eq!(session.concept(label).as_deref(), Some(stem));
    }
    assert_eq!((session.label("usb cable"), session.label("?")), (None, None));
    assert_eq!(session.concept("the"), None);
}

#[test]
fn words_above_256_bytes_are_left_out_and_counted() {
    for (size, count) in [(255, 1), (256, 1), (257, 0), (5000, 0)] {
        let analysis = session().analyse("", &"a".repeat(size));
        assert_eq!((analysis.length, analysis.too_long), (count, 1 - count), "{size} bytes of ASCII");
        assert_eq!(session().query(&"a".repeat(size)).len() as u32, count);
    }
    for (letter, most) in [("é", 128), ("𝐚", 256), ("aB", 128)] {
        for (size, count) in [(most, 1), (most + 1, 0), (5000, 0)] {
            let analysis = session().analyse("", &letter.repeat(size));
            assert_eq!((analysis.length, analysis.too_long), (count, 1 - count), "{letter} {size}");
        }
    }
}

#[test]
fn text_without_a_break_is_indexed_however_long() {
    for unit in ["今天我们讨论记忆如何形成", "ภาษาไทยสวยงาม", "これは日本語の文字起こしです", "アイウエオ"]
    {
        let text = unit.repeat(1000);
        let analysis = session().analyse("", &text);
        assert_eq!(analysis.too_long, 0);
        assert!(analysis.length as usize >= 4000, "{unit}");
        assert!(finds(unit, &text));
        // Its words are in the passages where they are written.
        let sequence = analysis.sequence;
        assert!(sequence.passages().len() > 5);
        for number in 0..sequence.passages().len() {
            let words = sequence.words_of(number).len();
            let signs = {
                let (start, end) = sequence.passages()[number].bytes;
                text[start as usize..end as usize].chars().count()
            };
            assert!(words <= signs && words * 2 > signs, "{unit}: {words} words in {signs} signs");
        }
    }
}

#[test]
fn words_of_every_length_survive_both_caches() {
    let words: Vec<String> = (1..=40).map(|size| format!("{}Q", "Z".repeat(size))).collect();
    let text = words.join(" ");
    let mut session = session();
    let first = session.analyse("", &text);
    assert_eq!(first.forms().len(), 40);
    assert_eq!(session.analyse("", &text.to_lowercase()), first);
    // At the very end of a text, where sixteen bytes cannot be read at once any more.
    for word in &words {
        assert_eq!(session.analyse("", word).forms().len(), 1);
    }
    assert_eq!(session.lexicon().form_count(), 40);
}

// Returns a number in letters.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| (digit - b'0' + b'k') as char).collect()
}

#[test]
fn a_full_session_forgets_and_gives_the_same_numbers() {
    let mut session = session();
    let before = session.analyse("", "alpha beta naïve");
    let half = SESSION_FORMS_MAX / 2;
    for start in [0, half + 1] {
        let many: String = (start..=start + half).map(|i| letters(i) + " ").collect();
        assert_eq!(session.analyse("", &many).forms().len(), half + 1);
    }
    assert_eq!(session.analyse("", "alpha beta naïve"), before);
}

#[test]
fn a_query_keeps_the_order_and_counts_stems() {
    let mut session = session();
    session.analyse("", "transport of ions");
    let mut words = session.query("How do Membranes transport ions, membrane and transports?");
    let functions: Vec<_> = words.iter().filter(|word| word.role == Role::Function).map(|word| &*word.form).collect();
    assert_eq!(functions, ["how", "do", "and"]);
    assert!(words.iter().all(|word| word.share() == if word.role == Role::Function { 0.1 } else { 1.0 }));
    words.retain(|word| word.role == Role::Word);
    let show: Vec<_> = words.iter().map(|w| (w.form.as_str(), w.stem.as_str(), w.count)).collect();
    assert_eq!(show, [("membranes", "membran", 2), ("transport", "transport", 2), ("ions", "ion", 1)]);
    let lexicon = session.lexicon().clone();
    assert_eq!(words[0].term, None);
    assert_eq!(words[1].term, lexicon.term("transport"));
    // The form was never seen, its stem was.
    assert_eq!(session.query("ion")[0].term, lexicon.term("ion"));
    assert!(session.query("the of and").iter().all(|word| word.role == Role::Function));
    let shares: Vec<_> = session.query("USB-C").into_iter().map(|word| (word.stem.clone(), word.share())).collect();
    assert_eq!(shares, [("usb".into(), 1.0), ("c".into(), 1.0), ("usbc".into(), 0.5)]);
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
                // A visible form has a visible term.
                let forms = lexicon.new_forms(0);
                let terms = lexicon.new_terms(0);
                assert!(forms.iter().all(|&term| (term as usize) < terms.len()));
            });
        }
    });
    // Words with a number, the two without it, and the numbers.
    assert_eq!(lexicon.form_count(), 1200 + 2 + 700);
    let distinct: std::collections::BTreeSet<_> = (0..1902).map(|form| lexicon.form(form)).collect();
    assert_eq!(distinct.len(), 1902);
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9]{1,20}",
        2 => "[ \t\n.,;'_-]{1,3}",
        1 => "[ÀÉéüßİıſΣσςǅ²½ﬁ⑴ｆＦ\u{301}\u{307}\u{fe0f}\u{200d}日本ﷺ😀ที่’+#&/ـ]{1,6}",
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
    assert_eq!((expected.forms().len(), expected.length), (4, 12));
    for _ in 0..2 {
        assert_eq!(session.analyse("", "\u{fdfa} \u{fdfa} \u{fdfa}"), expected);
    }
}

#[test]
fn marks_of_a_sign_are_put_in_their_order_whatever_stands_between() {
    let expected = terms("\u{e01}\u{e48}\u{1a75}");
    for text in ["\u{e01}\u{1a75}\u{e48}", "\u{e01}\u{1a75}\u{200d}\u{e48}"] {
        assert_eq!(terms(text), expected, "{text:?}");
    }
    assert_eq!(terms("\u{1a75}\u{e48}"), terms("\u{e48}\u{1a75}"));
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
        // Words known from other texts are still counted; no new word is, but for some that are counted together.
        assert!((DOCUMENT_WORDS_MAX + 1..DOCUMENT_WORDS_MAX + 1_100).contains(&(analysis.different as usize)));
        assert_eq!(session.analyse("", "ions na\u{ef}ve crossing"), before);
        let fresh = session.analyse("", "late\u{ef} words");
        assert_eq!((fresh.forms().len(), fresh.length), (2, 2));
        session = self::session();
        session.analyse("", "ions na\u{ef}ve crossing");
    }
}

proptest! {
    #[test]
    fn counts_add_up_and_numbers_are_sorted(title in any_text(), text in any_text()) {
        let mut session = session();
        let cold = session.analyse(&title, &text);
        prop_assert_eq!(&session.analyse(&title, &text), &cold);
        let sum = |list: &[(u32, u32)]| list.iter().map(|&(_, count)| count).sum::<u32>();
        prop_assert_eq!(sum(cold.terms()), sum(cold.forms()));
        prop_assert!(cold.length <= sum(cold.terms()));
        prop_assert_eq!(cold.sequence.len(), cold.length as usize);
        prop_assert!(cold.terms().is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!(cold.forms().is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!(cold.terms().iter().chain(cold.forms()).all(|&(_, count)| count > 0));
    }

    // Most are read of what was counted, and some once more.
    #[test]
    fn a_title_has_the_words_that_are_read_of_it_alone(
        title in prop_oneof![2 => "([a-zA-Z0-9]{1,5}[ _.'/&+#:-]{0,2}|the |don't ){0,40}", 1 => any_text()],
    ) {
        let title = title.replace(['(', ')', '[', ']', '{', '}'], " ");
        let mut session = session();
        let analysis = session.analyse(&title, "text");
        let (mut words, mut functions) = (Vec::new(), Vec::new());
        session.words(&title, |word| match word.role {
            Role::Function => functions.extend(word.term),
            Role::Word => words.extend(word.term),
        });
        let mut expected = if words.is_empty() { functions } else { words };
        expected.truncate(TITLE_TERMS_MAX);
        prop_assert_eq!(&*analysis.title, &*expected, "{:?}", title);
    }

    // A session remembers words and chunks, and counts in what it remembers.
    #[test]
    fn texts_of_one_session_do_not_show_in_each_other(texts in prop::collection::vec((any_text(), any_text()), 1..6)) {
        let mut session = session();
        for (title, text) in texts.iter().chain(&texts) {
            let analysis = session.analyse(title, text);
            prop_assert_eq!(Session::new(session.lexicon().clone()).analyse(title, text), analysis);
        }
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
        // Except for the single signs of a stretch, which only documents have.
        let asked: BTreeMap<_, _> = words.into_iter().map(|word| (word.stem, word.count)).collect();
        let mut found = terms(&text);
        let is_sign = |stem: &str| stem.chars().next().is_some_and(|c| class(c) == Class::Sign);
        found.retain(|stem, count| {
            *count = if is_sign(stem) { asked.get(stem).copied().unwrap_or(0) } else { *count };
            *count > 0
        });
        prop_assert_eq!(asked, found);
    }

    #[test]
    fn runs_cover_all_that_belongs_to_words(text in any_text()) {
        let mut covered = vec![false; text.len()];
        let mut end = 0;
        runs(&text).for_each(|run| {
            let (Run::Plain(from, to) | Run::Chunk(from, to)) = run;
            assert!(end <= from && from < to, "{run:?} after {end}");
            if matches!(run, Run::Plain(..)) {
                assert!(text[from..to].bytes().all(|byte| byte.is_ascii_alphanumeric()));
            }
            covered[from..to].fill(true);
            end = to;
            chunk::words(&text[from..to], false, &mut |word| {
                assert!(!word.form.is_empty() && word.form.len() <= WORD_BYTES_MAX && word.at <= to - from);
                // The normal form of some emoji is the text that they show.
                let is_emoji = word.form.chars().any(|c| class(c) == Class::Emoji);
                assert!(is_emoji || normal(word.form) == word.form, "{word:?}");
            });
        });
        for (at, c) in text.char_indices() {
            let belongs = !matches!(class(c), Class::Break | Class::Ignorable);
            prop_assert!(covered[at] || !belongs, "{:?} at {}", c, at);
        }
    }

    #[test]
    fn any_form_has_a_stem(form in "\\PC{0,40}") {
        prop_assert!(form.is_empty() || !stem_of(&form).is_empty());
    }
}
