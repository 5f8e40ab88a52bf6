//! The hot paths of the core, each as work that can be done once more: what `tools/instructions.py` counts.
//!
//! `cargo bench -p phago-core --bench paths -- PATH TIMES` does a path so often; without arguments it lists them. All is
//! made up from a seed and done by one thread, so that a path takes the same instructions each time.

use phago_core::cancel::Cancel;
use phago_core::checkpoint::{Section, Share, read, write};
use phago_core::colony::{Colony, stage};
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::DocumentId;
use phago_core::input::Input;
use phago_core::metadata::Filter;
use phago_core::query::{Buffers, Here, Ranking, Scratch};
use phago_core::read::answers::Asking;
use phago_core::ring::Ring;
use phago_core::text::{Session, passages::passages};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;

const DOCUMENTS: usize = 1500;
const QUESTIONS: usize = 40;
const SHARDS: u32 = 2;

/// Returns what does a path once. What it stands on is made before, and not counted.
type Path = (&'static str, fn() -> Box<dyn FnMut()>);

const PATHS: &[Path] = &[
    ("analyse", || {
        let (texts, mut session) = (texts(200), Session::new(filled(1).state().commons().lexicon().clone()));
        Box::new(move || texts.iter().for_each(|text| drop(black_box(session.analyse("", text)))))
    }),
    ("passages", || {
        // Long ones, as a short text is one passage.
        let texts: Vec<String> = texts(200).chunks(20).map(<[String]>::concat).collect();
        Box::new(move || texts.iter().for_each(|text| drop(black_box(passages(text)))))
    }),
    ("ingest", || {
        let mut colony = filled(DOCUMENTS);
        let mut from = DOCUMENTS;
        Box::new(move || {
            colony.apply(Input::Ingest(bodies(from, 200))).expect("the documents are new");
            from += 200;
        })
    }),
    ("tick that wires", || {
        let mut colony = filled(DOCUMENTS);
        colony.apply(Input::Ingest(bodies(DOCUMENTS, DOCUMENTS))).expect("the documents are new");
        let plan = colony.state().plan().expect("ticks can be counted");
        assert!(!plan.grants.is_empty(), "there is work");
        Box::new(move || drop(black_box(stage(colony.state(), &plan, &Cancel::new()))))
    }),
    ("tick that idles", || {
        let mut colony = filled(DOCUMENTS);
        Box::new(move || (0..100).for_each(|_| drop(black_box(colony.tick().expect("the tick is made")))))
    }),
    ("lexical query", || {
        let colony = filled(DOCUMENTS);
        let (mut session, mut scratch) = (session(&colony), Scratch::default());
        Box::new(move || {
            for question in questions() {
                let words = session.query(&question);
                let found = colony.state().search(&words, 10, &Filter::default(), &mut scratch);
                assert!(!found.expect("nothing cancels").is_empty());
            }
        })
    }),
    ("full query", || {
        let colony = filled(DOCUMENTS);
        let (mut session, mut buffers) = (session(&colony), Buffers::default());
        Box::new(move || {
            for question in questions() {
                let view = colony.state().view();
                let mut homes = Here::new(view, &mut buffers);
                let (text, ranking) = (&*question, &Ranking::default());
                let asking = Asking { homes: &mut homes, text, ranking, session: &mut session };
                assert!(!asking.answer(10, &Filter::default(), true).expect("nothing cancels").is_empty());
            }
        })
    }),
    ("delete", || {
        let mut colony = filled(DOCUMENTS);
        let mut number = 0;
        Box::new(move || {
            for _ in 0..20 {
                let id = DocumentId::from_key(&format!("d{number}"));
                assert!(colony.delete(id).expect("nothing waits"), "the document is there");
                number += 1;
            }
        })
    }),
    ("digest", || {
        let colony = filled(DOCUMENTS);
        Box::new(move || drop(black_box(colony.digest())))
    }),
    ("checkpoint and open", || {
        let colony = filled(DOCUMENTS);
        Box::new(move || {
            let mut sections = BTreeMap::new();
            let put = |section: Section, bytes: Vec<u8>| {
                sections.insert(section, bytes);
                Ok::<(), Infallible>(())
            };
            write(colony.state(), put).expect("nothing fails");
            let ring = Ring::new(SHARDS, 150);
            let again = read(ColonyConfig::default(), ring, Share::Whole, |section| Ok(sections[&section].clone()));
            drop(black_box(again.expect("what is written is read")));
        })
    }),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let Some(name) = arguments.first() else {
        PATHS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let times: usize = arguments.get(1).map_or(1, |times| times.parse().expect("TIMES is a number"));
    let (_, make) = PATHS.iter().find(|(path, _)| path == name).expect("PATH is one of those listed");
    let mut path = make();
    (0..times).for_each(|_| path());
}

// A generator of its own, as the counts must not change with that of a library.
struct Chance(u32);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 24)
    }

    // Of syllables, with an ending that a stemmer cuts; small numbers come more often.
    fn word(&mut self) -> String {
        let number = (self.unit().powi(3) * 5000.0) as usize;
        let syllable = |at: usize| format!("{}{}", b"bdfgklmnprst"[at % 12] as char, b"aeiou"[at / 12 % 5] as char);
        let ending = ["", "s", "ing", "ed", "ly"][(self.unit() * 5.0) as usize];
        format!("{}{}{}k{ending}", syllable(number), syllable(number / 60 % 60), syllable(number / 7))
    }

    fn sentence(&mut self, words: usize) -> String {
        (0..words).map(|_| self.word()).collect::<Vec<_>>().join(" ") + ". "
    }
}

fn text(number: usize) -> String {
    let mut chance = Chance(number as u32);
    let sentences = 2 + (chance.unit() * 6.0) as usize;
    (0..sentences).map(|_| chance.sentence(12)).collect::<String>() + &format!("the n{number}")
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(text).collect()
}

// A title is a word, so that documents mention others.
fn bodies(from: usize, count: usize) -> Vec<Body> {
    let body = |number: usize| {
        let title = Chance(number as u32 * 31 + 7).word();
        Body {
            key: Some(format!("d{number}").into()),
            title: title.into(),
            text: text(number).into(),
            ..Body::default()
        }
    };
    (from..from + count).map(body).collect()
}

fn filled(count: usize) -> Colony {
    let mut colony = Colony::new(ColonyConfig::default(), Ring::new(SHARDS, 150)).expect("the config is accepted");
    colony.apply(Input::Ingest(bodies(0, count))).expect("the documents are new");
    while !colony.state().is_quiet() {
        colony.tick().expect("the tick is made");
    }
    colony
}

fn session(colony: &Colony) -> Session {
    Session::new(colony.state().commons().lexicon().clone())
}

fn questions() -> Vec<String> {
    (0..QUESTIONS).map(|number| Chance(number as u32 + 1_000_000).sentence(2 + number % 7)).collect()
}
