//! Keeps a cache small: what is old, or more than fits, goes.
//!
//! Age is that of the record, told by the folder's newest one rather than by a clock. A record that is still needed is
//! written again once in a month; that is cheaper than touching each on every run.
//!
//! A sweep looks at every record, and a run before every prompt writes a few: it is due when as much was written as is worth a look,
//! which the length of a file beside the buckets tells. So a bucket is at most that much larger than it may be.

use super::{Bucket, TEMPORARY};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How much older than the newest record of its bucket a record may be.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// After this long nobody is writing a temporary file any more.
const UNFINISHED: Duration = Duration::from_secs(60 * 60);
/// Files that are looked at, at most.
const MAX_FILES: usize = 200_000;

/// The file that grows by a byte for each run that writes, and for each [`UNIT`] of what it writes.
pub(super) const TALLY: &str = "unswept";
const UNIT: u64 = 64 << 10;
/// Its length when a sweep is due: 16 MB, or so many runs.
const DUE: u64 = 256;

struct Record {
    path: PathBuf,
    size: u64,
    written: SystemTime,
    is_temporary: bool,
}

/// Notes that a run wrote `n_bytes`; says whether it is to sweep.
pub(super) fn is_due(folder: &Path, n_bytes: u64) -> bool {
    let path = folder.join(TALLY);
    let is_new = match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => return true, // something of somebody else's: as if there were no such file
        found => found.is_err(),
    };
    let written = || -> std::io::Result<u64> {
        let mut options = std::fs::OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.append(true).create(true).open(&path)?;
        let n = (1 + n_bytes / UNIT).min(DUE);
        file.write_all(&vec![b'.'; n as usize])?;
        let length = file.metadata()?.len();
        if length >= DUE {
            file.set_len(0)?;
        }
        Ok(length)
    };
    // what cannot be noted cannot be put off
    let is_due = written().map_or(true, |length| length >= DUE);
    is_new || is_due
}

/// Deletes what is too old or too much, the oldest first, and buckets of other versions. Trouble is passed over.
pub(super) fn sweep(folder: &Path) {
    for bucket in list(folder) {
        let name = bucket.file_name().unwrap_or_default().to_string_lossy();
        let known = Bucket::ALL.iter().find(|known| known.folder() == name);
        let is_ours = name
            .rsplit_once("-v")
            .is_some_and(|(_, n)| n.bytes().all(|b| b.is_ascii_digit()));
        if let Some(known) = known {
            trim(&bucket, known.most_bytes());
        } else if is_ours {
            let _ = std::fs::remove_dir_all(&bucket);
        }
    }
}

fn trim(bucket: &Path, most_bytes: u64) {
    let mut records: Vec<Record> = Vec::new();
    for path in list(bucket).iter().flat_map(|shelf| list(shelf)) {
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        records.push(Record {
            size: metadata.len(),
            written: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            is_temporary: name.starts_with(TEMPORARY),
            path,
        });
    }
    records.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.path.cmp(&b.path)));
    let newest = records
        .first()
        .map_or(SystemTime::UNIX_EPOCH, |it| it.written);
    let mut total = 0;
    for record in records {
        let age = newest.duration_since(record.written).unwrap_or_default();
        total += record.size;
        if total > most_bytes || age > MAX_AGE || (record.is_temporary && age > UNFINISHED) {
            let _ = std::fs::remove_file(&record.path);
        }
    }
}

/// What is in a folder, in the order of the system; a link is no folder.
pub(super) fn list(folder: &Path) -> Vec<PathBuf> {
    if !folder.symlink_metadata().is_ok_and(|it| it.is_dir()) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let entries = entries.take(MAX_FILES).flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_unfinished_or_of_another_version_goes() {
        let folder = tempfile::tempdir().unwrap();
        let day = Duration::from_secs(24 * 60 * 60);
        let now = SystemTime::UNIX_EPOCH + day * 20_000;
        let put = |path: &str, age: Duration| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = std::fs::File::create(path).unwrap();
            file.set_modified(now - age).unwrap();
        };
        put("sessions-v3/aa/new", Duration::ZERO);
        put("sessions-v3/ab/month", day * 29);
        put("sessions-v3/ab/old", day * 31);
        put("sessions-v3/ab/.new-x", day);
        put("sessions-v3/ab/.new-y", Duration::from_secs(60));
        put("sessions-v1/aa/any", Duration::ZERO);
        put("theirs/aa/any", day * 400);
        sweep(folder.path());
        let mut left: Vec<String> = Vec::new();
        for shelf in list(folder.path()).iter().flat_map(|bucket| list(bucket)) {
            for path in list(&shelf) {
                let path = path.strip_prefix(folder.path()).unwrap();
                left.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
        left.sort();
        let expected = [
            "sessions-v3/aa/new",
            "sessions-v3/ab/.new-y",
            "sessions-v3/ab/month",
            "theirs/aa/any",
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn a_sweep_is_due_after_many_runs_or_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let is_due = |n_bytes| is_due(folder.path(), n_bytes);
        let after = |n_bytes| (0..).take_while(|_| !is_due(n_bytes)).count() as u64 + 1;
        assert!(is_due(1), "nobody knows what stands in it");
        assert_eq!(after(1), DUE - 1, "one was noted before");
        assert_eq!(after(1), DUE);
        assert_eq!(after(3 * UNIT), DUE / 4);
        assert_eq!(after(1 << 40), 1);
        let tally = folder.path().join(TALLY);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = tally.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::remove_file(&tally).unwrap();
        std::fs::create_dir(&tally).unwrap();
        assert_eq!(after(1), 1, "a folder in its place");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_the_tally_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        std::fs::write(&other, "as it was").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join(TALLY)).unwrap();
        assert!(is_due(folder.path(), 1));
        assert_eq!(std::fs::read(&other).unwrap(), b"as it was");
    }

    #[test]
    fn what_is_more_than_fits_goes_oldest_first() {
        let check = |bucket: Bucket, left: &[u64]| {
            let folder = tempfile::tempdir().unwrap();
            let shelf = folder.path().join(bucket.folder()).join("aa");
            std::fs::create_dir_all(&shelf).unwrap();
            for n in 0..3 {
                let file = std::fs::File::create(shelf.join(n.to_string())).unwrap();
                file.set_len(100 << 20).unwrap();
                let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + n);
                file.set_modified(at).unwrap();
            }
            sweep(folder.path());
            let is_left = |n: &u64| shelf.join(n.to_string()).exists();
            assert_eq!((0..3).filter(is_left).collect::<Vec<_>>(), left);
        };
        check(Bucket::Sessions, &[1, 2]);
        check(Bucket::Index, &[0, 1, 2]);
    }
}
