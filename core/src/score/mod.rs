//! How much each part of a model matters, and to what.
//!
//! A unit is an attention head or a feed-forward neuron. What it is worth to a loss is the slope of the
//! loss in a factor on the unit ([`sensitivity`]); what it is worth to two losses at once is a blend of
//! both ([`knowledgeable`]). [`single`] scores single weights, and [`weights`] sums over units what belongs to
//! those. [`platon`] scores weights while they are trained, and [`schedule`] says how many are left at which step;
//! [`density`] lets the scores say it.

pub mod density;
pub mod knowledgeable;
pub mod losses;
pub mod pilot;
pub mod platon;
pub mod schedule;
mod scores;
pub mod sensitivity;
pub mod single;
mod survey;
pub mod weights;

pub use knowledgeable::{blend, keep};
pub use platon::Platon;
pub use schedule::Cubic;
pub use scores::{By, Looked, Scored, Scores, Scoring};
pub use sensitivity::{Accumulate, Units, sensitivity};
pub use single::Fine;
pub use survey::{Felt, Kind, Removal, Survey};
pub use weights::{Sums, magnitude, random, sums};
