//! Pages that embed the modal: those that may, and those that were refused.

use store::RefusedEmbedder;

use crate::{Broker, Caller, Problem, Scope};

/// Both lists of a project.
#[derive(Debug)]
pub struct Embedders {
    /// May embed, in the order of the alphabet.
    pub allowed: Vec<String>,
    /// Were refused, the last first.
    pub refused: Vec<RefusedEmbedder>,
}

impl Broker {
    /// Which pages may embed, and which were refused.
    pub async fn embedders(&self, caller: &Caller) -> Result<Embedders, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        Ok(Embedders {
            allowed: self.store().origins(caller.project).await?,
            refused: self.store().refused_embedders(caller.project).await?,
        })
    }
}
