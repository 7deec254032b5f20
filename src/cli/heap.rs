//! Makes the system's allocator keep what it was given.
//!
//! glibc lets the heap of each thread but the first grow by a page or two at a time, with a system call that all threads wait for,
//! and gives blocks of 128 KiB and more back as soon as they are free, so that the next one is cleared anew. How much it keeps follows
//! the largest block that was freed (`M_MMAP_THRESHOLD` in mallopt(3)): here one is, before the work begins. No page of it is touched, and
//! what other allocators do with that costs nothing.

use std::hint::black_box;

/// What may be kept for the next block.
const KEPT: usize = 4 << 20;

/// By how much the heap of a thread grows at first.
const AT_FIRST: usize = 1 << 20;

/// Prepares this thread and those that share the work, once and before any other work.
pub fn prepare() {
    take_and_free(KEPT);
    let pool = rayon::ThreadPoolBuilder::new().start_handler(|_| take_and_free(AT_FIRST));
    // there is one already where the program tests itself
    let _ = pool.build_global();
}

fn take_and_free(n_bytes: usize) {
    drop(black_box(Vec::<u8>::with_capacity(n_bytes)));
}
