//! Answers: lexical scores over every shard with global statistics, and concepts near a question.

pub mod concepts;
pub mod lexical;

pub use concepts::RankedConcept;
pub use lexical::{Found, Scratch};
