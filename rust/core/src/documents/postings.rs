//! Where terms stand.

/// Where a term stands: the place of a document and how often it has the term.
pub type Posting = (u32, u32);

/// The postings of one term on one shard, with what bounds any score they can give.
#[derive(Clone, Debug)]
pub struct Postings {
    /// Documents with the term, by place.
    pub list: Vec<Posting>,
    /// The highest count in the list, or more.
    pub most: u32,
    /// The fewest indexed words of a document in the list, or fewer.
    pub shortest: u32,
}

impl Default for Postings {
    fn default() -> Self {
        Postings { list: Vec::new(), most: 0, shortest: u32::MAX }
    }
}
