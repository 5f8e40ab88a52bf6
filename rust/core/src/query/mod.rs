//! Answers: documents by words, concepts and titles, with the reasons for each; and concepts near a question.
//!
//! * [`view`] is the committed state that a question reads, [`question`] the question, [`ranking`] every constant.
//! * [`reading`] reads a question: [`spelling`] its words that no document has as known ones near them, [`synonyms`] by a
//!   list; [`wording`] has its operators, and [`clause`] what they demand.
//! * [`bm25`] finds documents by words; [`evidence`] is what one document has of a question,
//!   [`tally`] what its passages have.
//! * The parts of a score: [`lexical`], [`concepts`] with [`lit`], [`bridge`], [`context`] with [`speaker`], [`similar`], [`newer`]; [`parts`] lists them. [`seeds`] are the
//!   documents that light up concepts, [`hop`] finds what the question's words light up, [`names`] the titles that a
//!   text mentions.
//! * [`homes`] lists the rounds in which the homes of documents and concepts are asked; [`here`] asks the shards of
//!   this process.
//! * [`inquiry`] runs the rounds needed to score any document, [`answer`] those that find the best; [`hit`] is what
//!   they find.
//! * [`diverse`] chooses hits that are unlike each other, by their [`outline`]s.
//! * [`telling`], [`passages`], [`lighting`] and [`explain`] give the reasons; [`near`] ranks concepts; [`allowed`]
//!   restricts which documents can answer.

pub mod allowed;
pub mod answer;
pub mod bm25;
pub mod bridge;
pub mod buffers;
pub mod clause;
pub mod concepts;
pub mod context;
pub mod coverage;
pub mod diverse;
pub mod evidence;
pub mod explain;
pub mod here;
pub mod hit;
pub mod homes;
pub mod hop;
pub mod inquiry;
pub mod lexical;
pub mod lighting;
pub mod lit;
pub mod marks;
pub mod names;
pub mod near;
pub mod newer;
pub mod outline;
pub mod parts;
pub mod passages;
pub mod question;
pub mod ranking;
pub mod reading;
pub mod seeds;
pub mod similar;
pub mod speaker;
pub mod spelling;
pub mod synonyms;
pub mod tally;
pub mod telling;
mod threshold;
pub mod view;
pub mod wording;

pub use allowed::Allowed;
pub use answer::Answer;
pub use bm25::{Found, Scratch};
pub use buffers::Buffers;
pub use clause::{Clause, Only};
pub use explain::{ContextShare, Explanation};
pub use here::Here;
pub use hit::{FoundDocument, Hit, Told};
pub use homes::Homes;
pub use inquiry::{Inquiry, Nothing};
pub use lighting::{ConceptShare, Light, Lighting};
pub use near::RankedConcept;
pub use parts::{Part, Parts};
pub use question::Query;
pub use ranking::Ranking;
pub use view::{Local, Spot, View};
pub use wording::Wording;
