//! What only a state that is truly in parts can show: a driver and nodes that lack what is not theirs.

use crate::cluster::{Ask, Far, Nodes, Reply, home};
use crate::colony::Colony;
use crate::commons::Commons;
use crate::config::ColonyConfig;
use crate::metadata::Filter;
use crate::query::{Buffers, Here, Ranking, View};
use crate::read::{Asking, Whole, graph};
use crate::replica::Replica;
use crate::ring::Ring;
use crate::text::Session;
use crate::{Error, Result};

// The commons of a node that knows the word forms of its own terms alone.
fn with_forms_of(whole: &Commons, is_own: impl Fn(u32) -> bool) -> Commons {
    let counts = whole.vocabulary().form_counts();
    let forms = whole.lexicon().new_forms(0).into_iter().zip(counts);
    let mut part = whole.clone();
    part.restore_forms(&forms.map(|(term, &count)| if is_own(term) { count } else { 0 }).collect::<Vec<_>>());
    part
}

struct Seats(Vec<(Replica, Commons)>);

impl Nodes for Seats {
    fn node_of(&self, seat: usize) -> usize {
        seat
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn ask(&self, requests: Vec<(usize, Ask)>) -> Result<Vec<Reply>> {
        let reply = |(node, ask): (usize, Ask)| {
            let (part, commons) = &self.0[node];
            home::answer(View::new(part.shards(), commons), part.own(), &ask, &mut Buffers::default())
        };
        requests.into_iter().map(reply).collect()
    }
}

#[test]
fn labels_come_from_the_homes_of_terms() {
    let mut colony = Colony::new(ColonyConfig::default(), Ring::new(4, 50)).unwrap();
    // Each word has a form that is more frequent than its stem.
    let word = |number: usize| format!("{}{}ing", char::from(b'a' + number as u8 % 26), "xyz".repeat(1 + number / 26));
    for number in 0..60 {
        let words: Vec<String> = (0..8).map(|step| word((number * step) % 50)).collect();
        colony.ingest(Some(&number.to_string()), &words[1], &words.join(" ")).unwrap();
    }
    (0..4).for_each(|_| drop(colony.tick().unwrap()));
    let whole = colony.state();
    let part = |seat: usize| {
        let is_own = |term| whole.commons().seat(whole.commons().home(term).shard) == seat;
        (whole.part(&[seat]), with_forms_of(whole.commons(), is_own))
    };
    let nodes = Seats((0..4).map(part).collect());
    let driver = with_forms_of(whole.commons(), |_| false);
    let labels = |commons: &Commons| (0..commons.terms() as u32).map(|term| commons.label(term)).collect::<Vec<_>>();
    assert_ne!(labels(&driver), labels(whole.commons()));

    let (mut session, ranking) = (Session::new(whole.commons().lexicon().clone()), Ranking::default());
    let (view, filter, mut buffers) = (whole.view(), Filter::default(), Buffers::default());
    let (mut here, mut far) = (Here::new(view, &mut buffers), Far::new(&driver, &nodes));
    let mut told = 0;
    for number in 0..20 {
        let text = format!("{} {}", word(number), word(number + 1));
        let session = &mut session;
        let near =
            Asking { homes: &mut here, text: &text, ranking: &ranking, session }.answer(10, &filter, true).unwrap();
        let over =
            Asking { homes: &mut far, text: &text, ranking: &ranking, session }.answer(10, &filter, true).unwrap();
        assert_eq!(over, near);
        told += near.iter().map(|answer| answer.concepts.len()).sum::<usize>();
        let words = session.query(&text);
        assert_eq!(graph::near(&mut far, &words, 20).unwrap(), graph::near(&mut here, &words, 20).unwrap());
    }
    assert!(told > 100, "{told}");
    assert_eq!(Whole::nodes(&far).unwrap().rows, view.nodes().unwrap().rows);
    assert_eq!(Whole::edges(&far).unwrap().ends, view.edges().unwrap().ends);
    let terms: Vec<u32> = (0..driver.terms() as u32).collect();
    assert_eq!(Whole::neighbors(&far, &terms).unwrap(), Whole::neighbors(&view, &terms).unwrap());
}

// Nodes that reply what they should not.
struct Liar<'a>(&'a Seats, Box<dyn Fn(Reply) -> Reply>);

impl Nodes for Liar<'_> {
    fn node_of(&self, seat: usize) -> usize {
        seat
    }

    fn count(&self) -> usize {
        self.0.count()
    }

    fn ask(&self, requests: Vec<(usize, Ask)>) -> Result<Vec<Reply>> {
        Ok(self.0.ask(requests)?.into_iter().map(&self.1).collect())
    }
}

#[test]
fn a_reply_that_does_not_fit_is_refused() {
    let mut colony = Colony::new(ColonyConfig::default(), Ring::new(3, 50)).unwrap();
    for number in 0..40 {
        colony.ingest(Some(&number.to_string()), "lake", &format!("water flows over stone {number}")).unwrap();
    }
    drop(colony.tick().unwrap());
    let whole = colony.state();
    let commons: &Commons = whole.commons();
    let seats = Seats((0..3).map(|seat| (whole.part(&[seat]), commons.clone())).collect());
    let (mut session, ranking) = (Session::new(commons.lexicon().clone()), Ranking::default());
    let unknown = u32::MAX;
    type Change = Box<dyn Fn(Reply) -> Reply>;
    let changes: Vec<Change> = vec![
        Box::new(|_| Reply::Count(1)),
        Box::new(|reply| match reply {
            Reply::Heard(mut heard) => {
                heard.evidence.clear();
                Reply::Heard(heard)
            }
            other => other,
        }),
        Box::new(|reply| match reply {
            Reply::Heard(mut heard) => {
                heard.evidence.iter_mut().for_each(|(spot, _)| spot.0 = 7);
                Reply::Heard(heard)
            }
            other => other,
        }),
        Box::new(|reply| match reply {
            Reply::Voices(_) => Reply::Voices(Vec::new()),
            other => other,
        }),
        Box::new(move |reply| match reply {
            Reply::Voices(mut voices) => {
                voices.iter_mut().for_each(|voice| voice.found_by.push((unknown, 1.0)));
                Reply::Voices(voices)
            }
            other => other,
        }),
        Box::new(|reply| match reply {
            Reply::Reached(mut reached) => {
                reached.full = None;
                Reply::Reached(reached)
            }
            other => other,
        }),
        Box::new(|reply| match reply {
            Reply::Reached(mut reached) => {
                reached.activations.push(None);
                Reply::Reached(reached)
            }
            other => other,
        }),
        Box::new(move |reply| match reply {
            Reply::Told(mut told) => {
                told.hits.iter_mut().for_each(|hit| hit.concepts.push((unknown, 1.0)));
                Reply::Told(told)
            }
            other => other,
        }),
        Box::new(|reply| match reply {
            Reply::Told(_) => Reply::Told(Default::default()),
            other => other,
        }),
    ];
    let mut ask = |nodes: &Liar<'_>| {
        let homes = &mut Far::new(commons, nodes);
        let asking = Asking { homes, text: "water over a lake", ranking: &ranking, session: &mut session };
        asking.answer(5, &Filter::default(), true)
    };
    assert_eq!(ask(&Liar(&seats, Box::new(|reply| reply))).unwrap().len(), 5);
    for (number, change) in changes.into_iter().enumerate() {
        let refused = ask(&Liar(&seats, change));
        assert!(matches!(refused, Err(Error::Wire { what: "reply", .. })), "{number}: {refused:?}");
    }
}
