//! Keeps a cache small: what is old, or more than fits, goes.
//!
//! Age is that of the record, told by the folder's newest one rather than by a clock. A record that is still needed is
//! written again once in a month; that is cheaper than touching each on every run.

use super::{Bucket, TEMPORARY};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How much older than the newest record of its bucket a record may be.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// After this long nobody is writing a temporary file any more.
const UNFINISHED: Duration = Duration::from_secs(60 * 60);
/// Files that are looked at, at most.
const MAX_FILES: usize = 200_000;

struct Record {
    path: PathBuf,
    size: u64,
    written: SystemTime,
    is_temporary: bool,
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
        put("sessions-v2/aa/new", Duration::ZERO);
        put("sessions-v2/ab/month", day * 29);
        put("sessions-v2/ab/old", day * 31);
        put("sessions-v2/ab/.new-x", day);
        put("sessions-v2/ab/.new-y", Duration::from_secs(60));
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
            "sessions-v2/aa/new",
            "sessions-v2/ab/.new-y",
            "sessions-v2/ab/month",
            "theirs/aa/any",
        ];
        assert_eq!(left, expected);
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
