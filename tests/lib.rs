//! Nothing of its own: this package holds the tests that cross crates.
