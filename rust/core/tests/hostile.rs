//! Texts that nobody writes and everybody receives: one sign for ever, no break, marks without letters.

use phago_core::text::Session;
use phago_core::text::passages::{PASSAGE_CHARS_MAX, passages};
use std::sync::LazyLock;
use std::time::Instant;
use unicode_segmentation::GraphemeCursor;

// Each is repeated until it is long enough.
const UNITS: [(&str, &str); 72] = [
    ("one letter", "a"),
    ("DNA", "ACGT"),
    ("hexadecimal", "3f2a9c81d7"),
    ("base64", "aGVsbG8gd29ybGQhIQzZ9xQ7"),
    ("letters in turns", "aB"),
    ("letters and digits in turns", "a1"),
    ("digits", "0123456789"),
    ("spaces", " "),
    ("tabs", "\t"),
    ("line ends", "\n"),
    ("carriage returns", "\r\n"),
    ("ideographic spaces", "\u{3000}"),
    ("no-break spaces", "\u{a0}"),
    ("zero width spaces", "\u{200b}"),
    ("NUL", "\0"),
    ("underscores", "_"),
    ("hyphens", "-"),
    ("full stops", "."),
    ("exclamation marks", "!"),
    ("question marks and spaces", "? "),
    ("apostrophes", "'"),
    ("curly apostrophes", "’"),
    ("letters and underscores", "a_"),
    ("letters and hyphens", "a-"),
    ("letters and dots", "a."),
    ("words and dots", "ab."),
    ("digits and dots", "1."),
    ("digits and colons", "1:"),
    ("letters and ampersands", "a&"),
    ("letters and slashes", "ab/"),
    ("letters and apostrophes", "a'"),
    ("contractions", "don't "),
    ("contractions with curly apostrophes", "n’t"),
    ("plus signs", "c++"),
    ("sharps", "c#"),
    ("leading dots", " .net"),
    ("minified code", "function(a,b){return a.b_c+d[0]};"),
    ("an embedding as JSON", "0.1234,"),
    ("a path", "/usr/lib/python3"),
    ("a word", "membrane "),
    ("a function word", "the "),
    ("one letter and a space", "a "),
    ("an accent and a space", "é "),
    ("accented letters", "é"),
    ("decomposed letters", "e\u{301}"),
    ("marks alone", "\u{301}"),
    ("marks of two classes", "\u{301}\u{323}"),
    ("joiners", "\u{200d}"),
    ("soft hyphens", "a\u{ad}"),
    ("byte order marks", "\u{feff}"),
    ("variation selectors", "\u{fe0f}"),
    ("Chinese", "今天我们讨论记忆如何形成"),
    ("one ideograph", "水"),
    ("Japanese", "これは日本語の文字起こしです"),
    ("Katakana", "ア"),
    ("halfwidth Katakana with voice marks", "ｶﾞ"),
    ("kana with decomposed voice marks", "か\u{3099}"),
    ("voice marks alone", "\u{3099}"),
    ("Thai", "ภาษาไทยสวยงาม"),
    ("Thai vowel am", "ำ"),
    ("Khmer", "ភាសាខ្មែរ"),
    ("Hangul without spaces", "한국어"),
    ("Hangul letters", "\u{1112}\u{1161}\u{11ab}"),
    ("Arabic without spaces", "مرحبا"),
    ("a ligature of a sentence", "\u{fdfa}"),
    ("Devanagari", "हिन्दी"),
    ("mathematical letters", "𝐚"),
    ("fullwidth letters", "Ａｂ"),
    ("emoji", "😀"),
    ("flags", "🇩🇪"),
    ("families", "👨\u{200d}👩\u{200d}👧"),
    ("emoji and letters", "a😀"),
];

fn text(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes.div_ceil(unit.len()))
}

#[test]
fn passages_are_short_whole_and_cover_a_hostile_text() {
    let mut seen = 0;
    for (name, unit) in UNITS {
        for before in ["", "Needle. ", "x"] {
            let text = format!("{before}{}", text(unit, 20_000));
            let mut end = 0;
            for (start, stop) in passages(&text) {
                let passage = &text[start..stop];
                assert!(passage.chars().count() <= PASSAGE_CHARS_MAX, "{name}");
                assert!(text[end..start].trim().is_empty() && passage == passage.trim(), "{name}");
                // Between two characters as a reader sees them, unless one of them is longer than a passage.
                if stop < text.len()
                    && !["\u{301}", "\u{3099}", "\u{200d}", "\u{fe0f}", "ำ"].iter().any(|mark| unit.starts_with(mark))
                {
                    let is_bound = GraphemeCursor::new(stop, text.len(), true).is_boundary(&text, 0);
                    assert_eq!(is_bound, Ok(true), "{name} at {stop}");
                }
                (end, seen) = (stop, seen + 1);
            }
            assert!(text[end..].trim().is_empty(), "{name}");
        }
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn a_hostile_text_is_indexed_or_says_what_is_not() {
    let mut session = Session::new(Default::default());
    for (name, unit) in UNITS {
        let text = text(unit, 20_000);
        let analysis = session.analyse("", &text);
        assert_eq!(session.analyse("", &text), analysis, "{name}");
        assert_eq!(analysis.sequence.len(), analysis.length as usize, "{name}");
        let has_letters = unit.chars().any(|c| c.is_alphanumeric() || c as u32 > 0x1f000);
        assert!(analysis.too_long > 0 || !analysis.terms().is_empty() || !has_letters, "{name}");
        // What is asked about it is found; but for a vowel alone, which belongs to the letter before it.
        if analysis.too_long == 0 && has_letters && unit != "\u{e33}" {
            let words = session.query(unit);
            let has = |term: u32| analysis.terms().iter().any(|known| known.0 == term);
            assert!(words.iter().any(|word| word.term.is_some_and(has)), "{name}: {words:?}");
        }
    }
}

// Seconds for which this thread had a core, where the system tells, or else those that went by.
fn busy() -> f64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let told = told.and_then(|told| told.split(' ').next()?.parse::<f64>().ok());
    told.map_or_else(|| BEGUN.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// `cargo test --release -p phago-core --test hostile -- --ignored --nocapture` prints the seconds for 16 MiB of each.
#[test]
#[ignore = "a table of times, to be read"]
fn seconds_for_16_mib_of_each() {
    let mut slowest = (0.0, "");
    for (name, unit) in UNITS {
        let text = text(unit, 16 << 20);
        let mut session = Session::new(Default::default());
        let begun = busy();
        let analysis = session.analyse("", &text);
        let seconds = busy() - begun;
        println!("{seconds:6.2} s  {:>9} words  {:>6} too long  {name}", analysis.length, analysis.too_long);
        if seconds > slowest.0 {
            slowest = (seconds, name);
        }
    }
    println!("slowest: {} in {:.2} s", slowest.1, slowest.0);
}
