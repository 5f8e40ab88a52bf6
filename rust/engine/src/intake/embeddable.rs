//! Of what the vectors of documents are made.

use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::documents::{Body, Known, Vector};
use phago_core::life::Deed;

/// Of what the vector of a document is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Embeddable {
    /// Of this text: the title, if there is one, and the text.
    Text(String),
    /// It is there: the document stands in the colony, and differs in its lifetime at most.
    Kept(Vector),
}

impl World {
    /// Returns of what the vector of each document is made; `None` for one that has its vector, or is an error. A model
    /// need not give the same vector twice, to the last bit: so a document that stands is not given another one.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn embeddable(&self, documents: &[Result<Body>], cancel: &Cancel) -> Result<Vec<Option<Embeddable>>> {
        let bare = |document: &&Body| document.vector.is_none();
        let names: Vec<String> = documents.iter().flatten().filter(bare).map(Body::name).collect();
        let standing = self.whole(cancel, |state| state.stored(&names))?;
        let mut standing = standing.into_iter();
        let of = |document: &Result<Body>| {
            let body = document.as_ref().ok().filter(bare)?;
            let known = standing.next().flatten().map(|stored| stored.body);
            let same = known.filter(|known| Known::from(known).differs_in_lifetime_and_vector_at_most(body));
            Some(match same.and_then(|known| known.vector) {
                Some(vector) => Embeddable::Kept(vector),
                None if body.title.is_empty() => Embeddable::Text(body.text.to_string()),
                None => Embeddable::Text(format!("{}\n{}", body.title, body.text)),
            })
        };
        Ok(documents.iter().map(of).collect())
    }

    /// Tells the name of the model that makes the vectors of documents. Takes effect when [`World::delete`] would.
    ///
    /// # Errors
    /// [`phago_core::Error::Config`] if the colony was told another one; [`phago_core::Error::ReadOnly`], and those of the store, if it was told
    /// none.
    pub fn tell_model(&self, model: &str) -> Result<()> {
        let told = self.read(|state| {
            let space = state.commons().life().space();
            space.check_model(model).map(|()| space.model().is_some())
        })??;
        if told { Ok(()) } else { self.live(Deed::Model(model.into())) }
    }
}
