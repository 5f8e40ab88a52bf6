//! A colony over nodes that exchange bytes equals one process, after every change.

use crate::cancel::Cancel;
use crate::checkpoint::{self, Section, Share};
use crate::cluster::message::{Done, Fate, Granted, Handshake, Order, Step, decode, encode};
use crate::cluster::{Answered, Carrier, Driver, Layout, Node, Sent};
use crate::colony::Colony;
use crate::commons::{Departed, Digestion};
use crate::config::{ColonyConfig, DistributedConfig};
use crate::documents::{Body, Lifetime};
use crate::dump;
use crate::ids::DocumentId;
use crate::input::{Input, Outcome, Updated};
use crate::reinforcement::Reinforcement;
use crate::replica::Replica;
use crate::ring::Ring;
use crate::text::Word;
use crate::{Error, Result};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

// Nodes in this process; every message passes as bytes.
struct Here {
    nodes: Vec<RefCell<(Node, Replica)>>,
    // Orders since it was last set to 0, and the parcels that came with them.
    orders: Cell<usize>,
    parcels: Cell<usize>,
}

impl Here {
    fn new(config: &ColonyConfig, ring: &DistributedConfig, layout: &Layout) -> Here {
        let join = |node: usize| {
            let handshake = Handshake::new(config.clone(), ring.clone(), layout.clone(), node);
            let handshake: Handshake = decode("handshake", &encode(&handshake)).unwrap();
            RefCell::new(Node::join(&handshake).unwrap())
        };
        Here { nodes: (0..layout.nodes()).map(join).collect(), orders: Cell::new(0), parcels: Cell::new(0) }
    }

    fn over_the_wire(&self, order: &Order) -> Order {
        let bytes = encode(order);
        self.orders.set(self.orders.get() + 1);
        decode("order", &bytes).unwrap()
    }
}

impl Carrier for Here {
    type Parcel = Vec<u8>;

    fn send(&self, orders: Vec<Sent<Vec<u8>>>) -> Result<Vec<Answered<Vec<u8>>>> {
        let one = |(node, order, parcels): Sent<Vec<u8>>| {
            let (node, replica) = &mut *self.nodes[node].borrow_mut();
            let order = self.over_the_wire(&order);
            self.parcels.set(self.parcels.get() + parcels.len());
            let answer = match order {
                Order::Apply(_) | Order::Commit { .. } | Order::Pass(_) => {
                    node.change(replica, order).map(|done| (done, Vec::new()))
                }
                order => node.obey(replica, order, &parcels, &Cancel::new()),
            };
            let (done, parcels) = answer.unwrap_or_else(|error| (Done::Refused(error.to_string()), Vec::new()));
            Ok((decode("answer", &encode(&done)).unwrap(), parcels))
        };
        orders.into_iter().map(one).collect()
    }
}

struct Cluster {
    replica: Replica,
    driver: Driver,
    nodes: Here,
    // What was read ahead.
    read: VecDeque<(u64, Vec<Body>)>,
}

impl Cluster {
    fn new(config: &ColonyConfig, shards: u32, nodes: usize) -> Cluster {
        let ring = DistributedConfig { num_shards: shards, ..DistributedConfig::default() };
        Cluster::on(config, ring, nodes)
    }

    fn on(config: &ColonyConfig, ring: DistributedConfig, nodes: usize) -> Cluster {
        let shards = ring.num_shards;
        let layout = Layout::new(shards as usize, nodes);
        let whole = Replica::new(config.clone(), Ring::new(shards, ring.virtual_nodes_per_shard)).unwrap();
        let nodes = Here::new(config, &ring, &layout);
        Cluster { replica: whole.part(&[]), driver: Driver::new(layout), nodes, read: VecDeque::new() }
    }

    // The colony of these sections.
    fn of(sections: &BTreeMap<Section, Vec<u8>>, shards: u32, nodes: usize) -> Cluster {
        let mut cluster = Cluster::new(&ColonyConfig::default(), shards, nodes);
        let read = |share: Share<'_>| {
            let ring = Ring::new(shards, DistributedConfig::default().virtual_nodes_per_shard);
            checkpoint::read(ColonyConfig::default(), ring, share, |section| Ok(sections[&section].clone())).unwrap()
        };
        cluster.replica = read(Share::Driver);
        let layout = cluster.driver.layout();
        let node = |node: usize| {
            let replica = read(Share::Node(&layout.seats_of(node).collect::<Vec<_>>()));
            RefCell::new((Node::over(&replica, layout.clone(), node), replica))
        };
        cluster.nodes.nodes = (0..nodes).map(node).collect();
        cluster
    }

    fn apply(&mut self, steps: &[Step]) -> Result<Vec<Fate>> {
        let settled = self.driver.prepare(&self.replica, &self.nodes, steps, None)?;
        let fates = settled.fates.clone();
        self.driver.apply(&mut self.replica, &self.nodes, settled)?;
        Ok(fates)
    }

    fn node_of(&self, id: DocumentId) -> usize {
        let commons = self.replica.commons();
        self.driver.layout().node_of(commons.seat(commons.ring().shard_of(id.0)))
    }

    fn tick(&mut self) {
        let plan = self.replica.plan().unwrap();
        let made = self.driver.make(&self.nodes, plan).unwrap();
        self.driver.commit(&mut self.replica, &self.nodes, made).unwrap();
    }

    fn digest(&self) -> String {
        let parts: Vec<_> = self.nodes.nodes.iter().map(|node| node.borrow().1.clone()).collect();
        let (layout, commons) = (self.driver.layout(), self.replica.commons());
        for (node, part) in parts.iter().enumerate() {
            assert_eq!(part.commons().terms(), commons.terms());
            assert_eq!((part.commons().documents(), part.tick()), (commons.documents(), commons.tick()));
            assert!((0..commons.terms() as u32).all(|term| {
                let (here, there) = (part.commons(), commons);
                (here.df(term), here.id(term), here.home(term)) == (there.df(term), there.id(term), there.home(term))
            }));
            assert_eq!(part.own(), layout.seats_of(node).collect::<Vec<_>>());
        }
        dump::digest(&self.replica.joined(parts.iter()), &Cancel::new()).unwrap()
    }
}

const WORDS: [&str; 24] = [
    "ion",
    "ions",
    "channel",
    "channels",
    "membrane",
    "Membranes",
    "the",
    "of",
    "cell",
    "slime",
    "mould",
    "spores",
    "router",
    "routing",
    "kernel",
    "v2.0",
    "foo_bar",
    "naïve",
    "2021",
    "graph",
    "edges",
    "weights",
    "running",
    "runs",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 1..40).prop_map(|words| words.join(" "))
}

fn body() -> impl Strategy<Value = Body> {
    let key = prop_oneof![
        3 => (0..12u32).prop_map(|key| Some(format!("d{key}"))),
        2 => Just(None),
        // The name of a document without a key.
        1 => text().prop_map(|text| Some(Body { text: text.into(), ..Body::default() }.id().to_string())),
    ];
    let expires = prop_oneof![
        6 => Just(None),
        1 => (0..8u64).prop_map(|tick| Some(Lifetime::Tick(tick))),
        1 => (0..8i64).prop_map(|time| Some(Lifetime::Time(time))),
    ];
    (key, text(), prop::bool::ANY, expires).prop_map(|(key, text, titled, expires)| {
        let title = if titled { text.split(' ').take(2).collect::<Vec<_>>().join(" ") } else { String::new() };
        Body { key: key.map(Into::into), title: title.into(), text: text.into(), expires, ..Body::default() }
    })
}

#[derive(Clone, Debug)]
enum Act {
    Read(Vec<Body>),
    // These documents, or those that were read ahead, if any are left.
    Ingest(Vec<Body>, bool),
    Update(Body),
    Delete(Body),
    Reinforce(Body, usize, u64),
    Now(i64),
    Tick,
    // A tick that is given up, before or after Decay, and what it is told late.
    Abort(bool),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (prop::collection::vec(body(), 1..6), prop::bool::ANY).prop_map(|(bodies, is_read)| Act::Ingest(bodies, is_read)),
        3 => prop::collection::vec(body(), 1..6).prop_map(Act::Read),
        2 => body().prop_map(Act::Update),
        2 => body().prop_map(Act::Delete),
        2 => (body(), 0..WORDS.len(), 1..3u64).prop_map(|(body, word, times)| Act::Reinforce(body, word, times)),
        1 => (0..8i64).prop_map(Act::Now),
        5 => Just(Act::Tick),
        1 => prop::bool::ANY.prop_map(Act::Abort),
        1 => (1..4u64).prop_map(Act::Pass),
    ]
}

fn steps(bodies: &[Body]) -> Vec<Step> {
    (0..).zip(bodies).map(|(at, body)| Step::Ingest(at, Arc::new(body.clone()))).collect()
}

// Does the same to the cluster and to the colony in this process, and compares what both say of it.
fn both(act: Act, cluster: &mut Cluster, colony: &mut Colony) {
    match act {
        // One more than a node keeps.
        Act::Read(_) if cluster.read.len() > 2 => {}
        Act::Read(bodies) => {
            let number = cluster.read.back().map_or(1, |read| read.0 + 1);
            let orders = Driver::read(cluster.driver.layout(), &cluster.replica, number, &steps(&bodies));
            for (done, _) in cluster.nodes.send(orders).unwrap() {
                assert_eq!(done, Done::Done);
            }
            cluster.read.push_back((number, bodies));
        }
        Act::Ingest(bodies, is_read) => {
            // The last one stays, so that numbers ascend.
            let read = if is_read && cluster.read.len() > 1 { cluster.read.pop_front() } else { None };
            let (read, bodies) = read.map_or((None, bodies), |(number, bodies)| (Some(number), bodies));
            let steps = steps(&bodies);
            let settled = cluster.driver.prepare(&cluster.replica, &cluster.nodes, &steps, read).unwrap();
            let bad = settled.fates.iter().position(|fate| *fate == Fate::Taken);
            match colony.apply(Input::Ingest(bodies.clone())) {
                Ok(outcome) => {
                    assert_eq!(bad, None);
                    let new = settled.fates.iter().filter(|fate| matches!(fate, Fate::New { .. })).count() as u64;
                    let unchanged = bodies.len() as u64 - new;
                    assert_eq!(outcome, Outcome::Ingested { accepted: new, unchanged });
                    cluster.driver.apply(&mut cluster.replica, &cluster.nodes, settled).unwrap();
                }
                Err(error) => {
                    assert_eq!(error, bodies[bad.unwrap()].taken(bad.unwrap()));
                    cluster.driver.discard(&cluster.nodes).unwrap();
                }
            }
        }
        Act::Update(body) => {
            let Some(_) = body.key else { return };
            let fates = cluster
                .driver
                .prepare(&cluster.replica, &cluster.nodes, &[Step::Update(Arc::new(body.clone()))], None)
                .map(|settled| {
                    let fate = settled.fates[0].clone();
                    if fate == Fate::Taken {
                        cluster.driver.discard(&cluster.nodes).unwrap();
                    } else {
                        cluster.driver.apply(&mut cluster.replica, &cluster.nodes, settled).unwrap();
                    }
                    fate
                });
            match (colony.apply(Input::Update(body.clone())), fates.unwrap()) {
                (Ok(Outcome::Updated(Updated::New)), Fate::New { .. })
                | (Ok(Outcome::Updated(Updated::Unchanged)), Fate::Unchanged)
                | (Ok(Outcome::Updated(Updated::Changed)), Fate::Changed(_) | Fate::Renewed(_)) => {}
                (Err(error), Fate::Taken) => assert_eq!(error, body.named_as_another(0)),
                (one, other) => panic!("{one:?} is not {other:?}"),
            }
        }
        Act::Delete(body) => {
            let fates = cluster.apply(&[Step::Delete(body.id())]).unwrap();
            assert_eq!(colony.delete(body.id()).unwrap(), matches!(fates[0], Fate::Deleted(_)));
        }
        Act::Reinforce(body, word, times) => {
            let words = [WORDS[(word + 1) % WORDS.len()].to_owned()];
            let path = [(WORDS[word], &words[..])];
            let Some(path) = Reinforcement::new(path, |word| Some(word.to_lowercase())) else { return };
            let id = body.id();
            let fates = cluster.apply(&[Step::Reinforce(id, path.clone(), times)]).unwrap();
            let outcome = colony.apply(Input::Reinforce { id, path, times }).unwrap();
            assert_eq!(outcome, Outcome::Reinforced(matches!(fates[0], Fate::Reinforced(_))));
        }
        Act::Now(now) => {
            cluster.replica.commons_mut().lifetimes_mut().tell(now);
            colony.apply(Input::Now(now)).unwrap();
        }
        Act::Tick => {
            cluster.tick();
            colony.tick().unwrap();
        }
        Act::Abort(after_decay) => {
            let plan = cluster.replica.plan().unwrap();
            let made = cluster.driver.make(&cluster.nodes, plan).unwrap();
            let attempt = made.attempt;
            if !after_decay {
                // As if the answers of Decay were lost, and came to be asked for again.
                let again = vec![(0, Order::Decay { attempt, from: Vec::new(), with_edges: false }, Vec::new())];
                let _ = cluster.nodes.send(again).unwrap();
            }
            cluster.driver.abort(&cluster.nodes).unwrap();
            for late in [
                Order::Decay { attempt, from: Vec::new(), with_edges: false },
                Order::Act { attempt, plan: made.plan.clone(), granted: Granted::These(Vec::new()) },
            ] {
                let answer = cluster.nodes.send(vec![(0, late, Vec::new())]).unwrap();
                assert!(matches!(answer[0].0, Done::Refused(_)), "{answer:?}");
            }
        }
        Act::Pass(ticks) => {
            let tick = colony.state().tick() + ticks;
            if colony.state().is_idle_until(tick) {
                cluster.driver.pass(&mut cluster.replica, &cluster.nodes, tick).unwrap();
                colony.pass(ticks).unwrap();
            }
        }
    }
}

fn config() -> ColonyConfig {
    let small = ColonyConfig::default();
    ColonyConfig {
        documents_per_tick: 4,
        documents_per_digester: 2,
        concepts_per_document: 6,
        max_edge_degree: 8,
        ..small
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_colony_over_nodes_equals_one_process_after_every_change(
        acts in prop::collection::vec(act(), 1..40),
        (shards, nodes) in prop::sample::select(vec![(1, 1), (2, 1), (2, 2), (3, 3), (4, 2), (7, 3), (8, 8), (16, 5), (16, 16)]),
    ) {
        let mut cluster = Cluster::new(&config(), shards, nodes);
        let mut colony = Colony::new(config(), Ring::new(1, 150)).unwrap();
        for act in acts {
            both(act.clone(), &mut cluster, &mut colony);
            prop_assert_eq!(cluster.digest(), colony.digest(), "after {:?}", act);
        }
    }
}

#[test]
fn gaps_repeats_and_what_does_not_fit_are_refused() {
    let mut cluster = Cluster::new(&config(), 4, 2);
    let body = Body { text: "ions cross a membrane".into(), ..Body::default() };
    cluster.apply(&[Step::Ingest(0, Arc::new(body.clone()))]).unwrap();
    let before = cluster.digest();
    let refused = |order: Order| {
        let answer = cluster.nodes.send(vec![(0, order.clone(), Vec::new())]).unwrap();
        assert!(matches!(answer[0].0, Done::Refused(_)), "{order:?} was answered by {answer:?}");
    };
    for sequence in [0, 1, 3] {
        refused(Order::Prepare(crate::cluster::message::Prepare { sequence, ..Default::default() }));
        refused(Order::Apply(crate::cluster::message::Apply { sequence, ..Default::default() }));
    }
    refused(Order::Commit { attempt: 1, tally: Default::default() });
    refused(Order::Decay { attempt: 1, from: Vec::new(), with_edges: false });
    assert_eq!(cluster.digest(), before);

    let bytes = encode(&Order::Abort(1));
    assert!(decode::<Order>("order", &bytes).is_ok());
    for broken in [&[][..], &bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat(), &[2, 6, 1]] {
        assert!(matches!(decode::<Order>("order", broken), Err(Error::Wire { what: "order", .. })), "{broken:?}");
    }
    let ring = DistributedConfig { num_shards: 4, ..DistributedConfig::default() };
    let fits = Handshake::new(config(), ring, Layout::new(4, 2), 0);
    assert!(Node::join(&fits).is_ok());
    let odd = [
        ("phago", Handshake { phago: "0.0.9".into(), ..fits.clone() }),
        ("analyser", Handshake { analyser: "other".into(), ..fits.clone() }),
        ("node", Handshake { node: 2, ..fits }),
    ];
    for (named, handshake) in odd {
        assert!(matches!(Node::join(&handshake), Err(Error::Config { field, .. }) if field == named), "{named}");
    }
    assert!(DocumentId(0) != body.id());
}

#[test]
fn a_thousand_nodes_are_told_what_the_plan_of_a_large_cluster_counts_on() {
    let nodes = 1000;
    // With few points each, as every node lays the ring.
    let ring = DistributedConfig { num_shards: 1000, virtual_nodes_per_shard: 3, ..DistributedConfig::default() };
    let mut cluster = Cluster::on(&config(), ring, nodes);
    let mut colony = Colony::new(config(), Ring::new(1, 150)).unwrap();
    let body = |at: usize| {
        let text: Vec<&str> = (0..5).map(|word| WORDS[(at * 7 + word * (1 + at % 5)) % WORDS.len()]).collect();
        Body { key: Some(format!("{at}").into()), text: text.join(" ").into(), ..Body::default() }
    };
    let bodies: Vec<Body> = (0..40).map(body).collect();
    let steps: Vec<Step> = (0..).zip(&bodies).map(|(at, body)| Step::Ingest(at, Arc::new(body.clone()))).collect();
    cluster.apply(&steps).unwrap();
    colony.apply(Input::Ingest(bodies.clone())).unwrap();
    // The homes of the documents prepare; every node applies.
    let homes: std::collections::BTreeSet<usize> = steps.iter().map(|step| cluster.node_of(step.id())).collect();
    assert_eq!(cluster.nodes.orders.take(), homes.len() + nodes);
    for _ in 0..3 {
        cluster.tick();
        colony.tick().unwrap();
        // Act, Decay and Commit; a parcel from the home of each document to the homes of its concepts, at most.
        assert_eq!(cluster.nodes.orders.take(), 3 * nodes);
        let (documents, concepts) = (config().documents_per_tick, config().concepts_per_document);
        let parcels = cluster.nodes.parcels.take();
        assert!((1..=(documents * concepts) as usize).contains(&parcels), "{parcels}");
    }
    assert_eq!(cluster.digest(), colony.digest());
}

#[test]
fn decay_needs_the_parcels_of_all_who_sent_one_and_of_nobody_else() {
    let mut cluster = Cluster::new(&ColonyConfig { documents_per_tick: 16, ..config() }, 4, 2);
    let body = |at: usize| Body { text: WORDS[at..at + 8].join(" ").into(), ..Body::default() };
    let steps: Vec<Step> = (0..12).map(|at| Step::Ingest(at as u64, body(at).into())).collect();
    cluster.apply(&steps).unwrap();
    let before = cluster.digest();

    let plan = cluster.replica.plan().unwrap();
    let granted = plan.granted.last().map(|last| Granted::UpTo(*last)).unwrap();
    let layout = cluster.driver.layout().clone();
    let part = |node: usize| plan.part(&layout.seats_of(node).collect::<Vec<_>>());
    let act = |node: usize| (node, Order::Act { attempt: 1, plan: part(node), granted: granted.clone() }, Vec::new());
    let answers = cluster.nodes.send(vec![act(0), act(1)]).unwrap();
    let parcels_of = |to: usize| -> Vec<Vec<u8>> {
        answers.iter().filter_map(|(_, parcels)| parcels.get(to).cloned().flatten()).collect()
    };
    let (for_0, for_1) = (parcels_of(0), parcels_of(1));
    assert_eq!((for_0.len(), for_1.len()), (1, 1));
    assert_eq!(
        answers.iter().map(|answer| answer.0.clone()).collect::<Vec<_>>(),
        [Done::Acted(vec![1]), Done::Acted(vec![0])]
    );

    let decay = |from: &[u32], parcels: Vec<Vec<u8>>| {
        let order = Order::Decay { attempt: 1, from: from.to_vec(), with_edges: false };
        cluster.nodes.send(vec![(0, order, parcels)]).unwrap().remove(0).0
    };
    let (whole, doubled) = (for_0.clone(), [for_0.clone(), for_0.clone()].concat());
    for (from, parcels) in [(&[1][..], Vec::new()), (&[1], doubled), (&[1], for_1), (&[], whole.clone())] {
        let answer = decay(from, parcels);
        assert!(matches!(answer, Done::Refused(_)), "{answer:?} from {from:?}");
    }
    assert_eq!(cluster.digest(), before);
    assert!(matches!(decay(&[1], whole), Done::Decayed(_)));
}

#[test]
fn a_fate_that_no_home_gives_to_such_a_step_is_refused() {
    let body = Body { text: "ions".into(), ..Body::default() };
    let id = body.id();
    let path = Reinforcement::new([("ions", &["cells".to_owned()][..])], |word| Some(word.into())).unwrap();
    let steps = [
        Step::Ingest(0, body.clone().into()),
        Step::Update(body.into()),
        Step::Delete(id),
        Step::Reinforce(id, path, 1),
    ];
    let departed = Departed { digested: Digestion::Wired, reinforced: 0, expires: None };
    let fates = [
        (Fate::New { too_long: 0 }, [true, true, false, false]),
        (Fate::Unchanged, [true; 4]),
        (Fate::Taken, [true, true, false, false]),
        (Fate::TooManyWords, [true, true, false, false]),
        (Fate::Changed(departed), [false, true, false, false]),
        (Fate::Renewed(None), [false, true, false, false]),
        (Fate::Deleted(departed), [false, false, true, false]),
        (Fate::Reinforced(1), [false, false, false, true]),
    ];
    for (fate, fits) in fates {
        assert_eq!(steps.each_ref().map(|step| fate.fits(step)), fits, "{fate:?}");
    }
}

// Nodes of which each announces one word more.
struct Talkative<'a>(&'a Here, &'a str);

impl Carrier for Talkative<'_> {
    type Parcel = Vec<u8>;

    fn send(&self, orders: Vec<Sent<Vec<u8>>>) -> Result<Vec<Answered<Vec<u8>>>> {
        let more = |(mut done, parcels)| {
            if let Done::Prepared(prepared) = &mut done {
                prepared.words.push(Word::new(self.1));
            }
            (done, parcels)
        };
        Ok(self.0.send(orders)?.into_iter().map(more).collect())
    }
}

#[test]
fn words_of_a_change_that_is_not_made_leave_no_number_behind() {
    let config = ColonyConfig::default();
    let mut cluster = Cluster::new(&config, 3, 2);
    let mut colony = Colony::new(config, Ring::new(3, 150)).unwrap();
    let body = |text: &str| Body { text: text.into(), ..Body::default() };
    let steps = |text: &str| [Step::Ingest(0, body(text).into())];
    let mut add = |cluster: &mut Cluster, text: &str| {
        cluster.apply(&steps(text)).unwrap();
        colony.ingest(None, "", text).unwrap();
        let commons = cluster.replica.commons();
        assert_eq!(commons.lexicon().form_count(), commons.words().0, "{text}");
        assert_eq!(cluster.digest(), colony.digest(), "{text}");
    };
    add(&mut cluster, "ions cross the membrane");
    let known = cluster.replica.commons().words();
    let settled = cluster.driver.prepare(&cluster.replica, &cluster.nodes, &steps("spores of a slime mould"), None);
    assert_eq!(settled.unwrap().fates, [Fate::New { too_long: 0 }]);
    cluster.driver.discard(&cluster.nodes).unwrap();
    assert_eq!(cluster.replica.commons().words(), known);
    add(&mut cluster, "the slime finds spores, and a router its kernel");
    for (word, fits) in [("ions", false), ("kernel", false), ("graph", true)] {
        let nodes = Talkative(&cluster.nodes, word);
        let told = cluster.driver.prepare(&cluster.replica, &nodes, &steps("edges and weights"), None);
        assert_eq!(told.as_ref().err().is_none(), fits, "{word}: {told:?}");
        assert!(told.map_or_else(|error| error.to_string().contains("a word that all know"), |_| true), "{word}");
        cluster.driver.discard(&cluster.nodes).unwrap();
    }
    add(&mut cluster, "weights of edges, running ions and a graph");
}

#[test]
fn what_is_read_ahead_takes_over_new_numbers_again_and_again() {
    let config = ColonyConfig::default();
    let mut cluster = Cluster::new(&config, 4, 3);
    let mut colony = Colony::new(config, Ring::new(4, 150)).unwrap();
    // Half of the words of each chunk are new, and some come in two documents.
    let chunk = |number: usize| -> Vec<Step> {
        let text =
            |at: usize| (0..6).map(|n| format!("w{}x", 20 * number + 3 * at + 5 * n)).collect::<Vec<_>>().join(" ");
        let body = |at: usize| Body { text: text(at).into(), ..Body::default() };
        (0..12).map(|at| Step::Ingest(at as u64, body(at).into())).collect()
    };
    for number in 0..8 {
        for ahead in if number == 0 { 0..2 } else { number + 1..number + 2 } {
            let orders = Driver::read(cluster.driver.layout(), &cluster.replica, ahead as u64 + 1, &chunk(ahead));
            cluster.nodes.send(orders).unwrap();
        }
        let steps = chunk(number);
        let settled =
            cluster.driver.prepare(&cluster.replica, &cluster.nodes, &steps, Some(number as u64 + 1)).unwrap();
        cluster.driver.apply(&mut cluster.replica, &cluster.nodes, settled).unwrap();
        for step in &steps {
            let Step::Ingest(_, body) = step else { unreachable!("all are documents") };
            colony.ingest(None, "", &body.text).unwrap();
        }
        assert_eq!(cluster.digest(), colony.digest(), "{number}");
    }
}

// The section of words: stems, forms, the term of each form and its count.
type Columns = (Vec<String>, Vec<String>, Vec<u32>, Vec<u64>);

#[test]
fn a_node_refuses_what_takes_more_of_a_word_form_than_it_counts() {
    let mut colony = Colony::new(ColonyConfig::default(), Ring::new(2, 150)).unwrap();
    let body = |key: &str, text: &str| Body {
        key: Some(key.into()),
        text: text.into(),
        expires: (key == "leaves").then_some(Lifetime::Tick(2)),
        ..Body::default()
    };
    let stands = body("stands", "cell, cells, cells");
    colony.apply(Input::Ingest(vec![stands.clone(), body("leaves", "cells, cells")])).unwrap();
    colony.tick().unwrap();
    let mut sections = BTreeMap::new();
    let put = |section, bytes: Vec<u8>| {
        sections.insert(section, bytes);
        Ok::<(), Infallible>(())
    };
    checkpoint::write(colony.state(), put).unwrap();
    let (stems, forms, terms, mut counts): Columns = postcard::from_bytes(&sections[&Section::Words]).unwrap();
    let place = |word: &str| forms.iter().position(|form| form == word).unwrap();
    counts[place("cell")] += 3;
    counts[place("cells")] -= 3;
    sections.insert(Section::Words, postcard::to_allocvec(&(stems, &forms, terms, counts)).unwrap());
    let refused = |done: Result<()>| match done {
        Err(Error::BarrierFailed { reason }) => assert!(reason.contains("word form `cells`"), "{reason}"),
        other => panic!("{other:?}"),
    };
    let cluster = || Cluster::of(&sections, 2, 2);
    refused(cluster().apply(&[Step::Delete(stands.id())]).map(drop));
    refused(cluster().apply(&[Step::Update(body("stands", "salt").into())]).map(drop));
    let mut cluster = cluster();
    let made = cluster.driver.make(&cluster.nodes, cluster.replica.plan().unwrap()).unwrap();
    refused(cluster.driver.commit(&mut cluster.replica, &cluster.nodes, made).map(drop));
}
