//! tmp
use std::ops::RangeInclusive;
/// Lines of a file, 1-based and inclusive.
pub type Lines = RangeInclusive<u32>;
