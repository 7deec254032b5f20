//! What tells that a file is as it was, without reading it.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// Size, time of last change and identity of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// In bytes.
    pub size: u64,
    /// Nanoseconds since the Unix epoch; 0 where the system does not say.
    pub changed_ns: u64,
    /// When the system last changed what it knows of the file, in the same unit, which no program can set; 0 where it does not say.
    pub status_ns: u64,
    /// The file behind the name, where the system numbers files: a file that was replaced is another.
    pub inode: u64,
}

impl Stamp {
    /// That of an open or listed file.
    pub fn of(metadata: &Metadata) -> Self {
        let changed = metadata.modified().ok();
        let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        #[cfg(unix)]
        let (status_ns, inode) = {
            use std::os::unix::fs::MetadataExt as _;
            let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
            let rest = u64::try_from(metadata.ctime_nsec()).unwrap_or(0);
            let at = seconds.saturating_mul(1_000_000_000).saturating_add(rest);
            (at, metadata.ino())
        };
        #[cfg(not(unix))]
        let (status_ns, inode) = (0, 0);
        Self {
            size: metadata.len(),
            changed_ns: changed.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(0)),
            status_ns,
            inode,
        }
    }

    /// Whether a file with this stamp, read before `written`, may have changed afterwards without its stamp changing.
    ///
    /// A file system may count time in steps: what changes twice within a step looks the same. So a file counts as settled
    /// only where it changed two seconds (the coarsest step in use) before the record was written; git's rule for its index.
    pub fn is_racy(&self, written: Stamp) -> bool {
        const STEP_NS: u64 = 2_000_000_000;
        self.changed_ns == 0 || self.changed_ns.saturating_add(STEP_NS) > written.changed_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_just_before_may_have_changed_after() {
        let at = |changed_ns| Stamp {
            changed_ns,
            ..Stamp::default()
        };
        let written = at(10_000_000_000);
        assert!(!at(7_999_999_999).is_racy(written));
        assert!(at(8_000_000_001).is_racy(written));
        assert!(at(11_000_000_000).is_racy(written));
        assert!(at(0).is_racy(written));
    }

    #[test]
    fn a_file_that_grows_has_another_stamp() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = || Stamp::of(&file.path().metadata().unwrap());
        let before = stamp();
        assert_eq!(before, stamp());
        std::fs::write(file.path(), "more").unwrap();
        assert_ne!(before, stamp());
    }
}
