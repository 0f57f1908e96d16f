//! The losses themselves, as functions of tensors: what objectives combine and what the conformance
//! cases check. Means are over what counts: padding, and rows whose label is −100, never do.

mod features;
mod logits;
mod teachers;

pub use features::{attention_kl, first_token_mse, hidden_cosine, hidden_mse, relation_kl, relations, scores_mse};
pub(crate) use logits::within;
pub use logits::{Atkd, LogitLoss, Named, confidence, cross_entropy, mean};
pub use teachers::{Blend, blended};

#[cfg(test)]
mod tests;
