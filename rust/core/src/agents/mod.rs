//! The agents of the colony. They read a view and propose; they never change anything.

pub mod digester;

pub use digester::Digester;
