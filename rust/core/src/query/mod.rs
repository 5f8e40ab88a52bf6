//! Answers: lexical scores over every shard with global statistics, and concepts near a question.

pub mod allowed;
pub mod answer;
pub mod concepts;
pub mod evidence;
pub mod explain;
pub mod hop;
pub mod lexical;
mod passages;
pub mod question;
pub mod ranking;
pub mod seeds;
pub mod spread;

pub use allowed::Allowed;
pub use answer::{Answer, Buffers, Hit, Inquiry, Nothing, Parts, View};
pub use concepts::RankedConcept;
pub use explain::{Explanation, Lighting};
pub use lexical::{Found, Scratch};
pub use ranking::Ranking;
