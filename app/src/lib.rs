//! Retort.
