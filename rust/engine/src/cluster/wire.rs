//! What travels between driver and nodes: the messages of `phago_core::cluster`, and how a node is made.

use phago_core::checkpoint::{Piece, Section, WordsInUse};
use phago_core::cluster::message::{Done, Handshake, Order, Step, decode, encode_onto};
use phago_core::documents::Body;
use phago_core::dump::{Part, Scope};
use phago_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A message to a node.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Letter {
    /// Counts how often the nodes were made. What was sent to earlier ones is refused.
    pub(super) epoch: u64,
    pub(super) told: Told,
    /// The node that is addressed. Another one refuses it.
    pub(super) node: u32,
    /// No other letter of the same driver has it. The response repeats it.
    pub(super) number: u64,
}

/// What a node sends back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Response {
    /// The number of the letter that it answers; `None` if the letter could not be read.
    pub(super) number: Option<u64>,
    pub(super) reply: Reply,
}

/// What a node is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Told {
    /// Forget everything, and begin with an empty part of this colony.
    Join(Handshake),
    /// Keep this section of a checkpoint, by its number, until all are there.
    Section(u32, #[serde(with = "phago_core::bytes")] Vec<u8>),
    /// Build the part from the sections.
    Build,
    /// Do this.
    Order(Order),
    /// Answer this, at this tick and after this change.
    Ask { tick: u64, sequence: u64, what: What },
}

/// What a node is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum What {
    /// A round of an answer, or another read: the bytes of an ask.
    Round(#[serde(with = "phago_core::bytes")] Vec<u8>),
    /// Its part of a digest.
    Digest(Scope),
    /// What it knows of the words of the colony and the others do not.
    Words,
    /// To make the columns of its seats for a checkpoint, and to keep them under this number.
    Keep { number: u64, gone: Vec<u32> },
    /// Those of one of its seats in one section, which it then keeps no longer.
    Piece { number: u64, section: Section, seat: usize },
}

/// What a node replies.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// It did what it was told.
    Done(Done),
    /// The bytes of its reply to a round.
    Round(#[serde(with = "phago_core::bytes")] Vec<u8>),
    /// Its part of a digest.
    Digest(Part),
    /// What it knows of the words.
    Words(WordsInUse),
    /// It keeps the columns.
    Kept,
    /// The columns of a seat, each packed as a checkpoint has them.
    Piece(Piece),
    /// It failed, and is no longer what the driver thinks it is.
    Broken(String),
}

impl Told {
    // Returns about how many bytes it takes, if it has documents: they would else be moved again and again as they are
    // written.
    fn bytes(&self) -> usize {
        let of = |body: &Body| body.bytes() as usize + BODY_BYTES;
        let in_step = |step: &Step| if let Step::Ingest(_, body) | Step::Update(body) = step { of(body) } else { 0 };
        match self {
            Told::Order(Order::Read(_, documents)) => documents.iter().map(|body| of(body)).sum(),
            Told::Order(Order::Prepare(prepare)) => prepare.steps.iter().map(in_step).sum(),
            _ => 0,
        }
    }
}

// About what a document takes beside its title, text, metadata and vector.
const BODY_BYTES: usize = 64;

impl Letter {
    /// Returns its bytes. Numbers are compressed; texts and questions are not, as that takes longer than it saves.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut room = Vec::with_capacity(WHOLE.len() + self.told.bytes());
        room.extend_from_slice(&WHOLE);
        let is_long = matches!(self.told, Told::Order(Order::Apply(_) | Order::Commit { .. }));
        packed(encode_onto(room, self), is_long)
    }

    /// Reads what [`Letter::encode`] wrote.
    ///
    /// # Errors
    /// [`Error::Wire`] for other bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Letter> {
        let what = "message to a node";
        decode(what, &unpacked(what, bytes)?)
    }
}

impl Response {
    /// Returns its bytes, as [`Letter::encode`] does.
    pub(super) fn encode(&self) -> Vec<u8> {
        let is_long = matches!(self.reply, Reply::Done(Done::Prepared(_) | Done::Decayed(_)));
        packed(encode_onto(WHOLE.to_vec(), self), is_long)
    }

    /// Reads what [`Response::encode`] wrote.
    ///
    /// # Errors
    /// [`Error::Wire`] for other bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Response> {
        let what = "answer of a node";
        decode(what, &unpacked(what, bytes)?)
    }
}

/// Returns a parcel as it travels.
pub(super) fn pack_parcel(parcel: Vec<u8>) -> Vec<u8> {
    packed([&WHOLE[..], &parcel].concat(), true)
}

/// Returns the parcel that [`pack_parcel`] took.
///
/// # Errors
/// [`Error::Wire`] for other bytes.
pub(super) fn unpack_parcel(bytes: &[u8]) -> Result<Vec<u8>> {
    unpacked("parcel", bytes).map(Cow::into_owned)
}

// Fewer bytes are not worth it.
const PACKED_MIN: usize = 512;
// Of zstd. Numbers of this kind get little smaller beyond.
const LEVEL: i32 = 3;
// A message is never larger.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

// Bytes begin with how many there are after unpacking; 0 stands for bytes that are not packed.
const WHOLE: [u8; 4] = [0; 4];

// Packs bytes behind WHOLE, if that is wanted and makes them fewer.
fn packed(whole: Vec<u8>, is_wanted: bool) -> Vec<u8> {
    let bytes = &whole[WHOLE.len()..];
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    let small = (is_wanted && bytes.len() >= PACKED_MIN).then(|| zstd::bulk::compress(bytes, LEVEL).ok()).flatten();
    match small.filter(|small| length > 0 && small.len() < bytes.len()) {
        Some(small) => [&length.to_le_bytes()[..], &small].concat(),
        None => whole,
    }
}

fn unpacked<'a>(what: &'static str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    let refused = |reason: &str| Error::Wire { what, reason: reason.into() };
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Err(refused("it is cut off")) };
    match u32::from_le_bytes(*length) as usize {
        0 => Ok(Cow::Borrowed(rest)),
        length if length > MESSAGE_BYTES_MAX => Err(refused("it is longer than any message")),
        length => {
            let whole = zstd::bulk::decompress(rest, length).map_err(|cause| refused(&cause.to_string()))?;
            if whole.len() == length { Ok(Cow::Owned(whole)) } else { Err(refused("it is shorter than it says")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phago_core::cluster::message::{Announced, Apply, encode};
    use phago_core::text::Word;

    #[test]
    fn what_is_packed_comes_out_and_what_is_broken_is_refused() {
        let before = (0..400).map(|word| Word::new(&format!("word{word}"))).collect();
        let words = Announced { before, ..Announced::default() };
        let apply = Apply { sequence: 7, words, ..Apply::default() };
        let letter = Letter { epoch: 3, told: Told::Order(Order::Apply(apply)), node: 1, number: 9 };
        let (bytes, whole) = (letter.encode(), encode(&letter));
        assert!(bytes.len() < whole.len() / 2, "{} of {}", bytes.len(), whole.len());
        let read = Letter::decode(&bytes).unwrap();
        assert_eq!(encode(&read), whole);
        for cut in [0, 3, 4, 20, bytes.len() - 1] {
            assert!(Letter::decode(&bytes[..cut]).is_err(), "{cut}");
        }
        let longer = |length: u32| [&length.to_le_bytes()[..], &bytes[4..]].concat();
        for length in [0, 1, whole.len() as u32 - 1, whole.len() as u32 + 1, u32::MAX] {
            assert!(Letter::decode(&longer(length)).is_err(), "{length}");
        }
        let small = Response { number: Some(9), reply: Reply::Done(Done::Done) };
        let read = Response::decode(&small.encode()).unwrap();
        assert!(matches!(read, Response { number: Some(9), reply: Reply::Done(Done::Done) }), "{read:?}");
    }
}
