//! The branch of a conversation that is in force: records that a rewind abandoned are left out.
//!
//! Records name their parent. The way from the newest message up to the first is the branch in force. Three things
//! break that simple picture, and each has its rule here: a compaction cuts the chain and leaves a logical parent; a torn
//! record takes its children's parent away, and then the record before stands in for it; and answers of one message,
//! or results of tools called at once, hang beside the chain, not in it.

use super::record::Line;
use rustc_hash::{FxHashMap, FxHashSet};

/// The indexes into `lines` of the branch in force, ascending. Records without a uuid belong to no branch.
///
/// Of records with the same uuid the first counts; sidechains are left out. O(n).
pub(super) fn in_force(lines: &[Line]) -> Vec<usize> {
    let mut by_uuid: FxHashMap<&str, usize> = FxHashMap::default();
    let mut order = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; lines.len()];
    for (i, line) in lines.iter().enumerate() {
        let Some(uuid) = line.uuid.0.as_deref() else {
            continue;
        };
        if line.is_sidechain.0 || by_uuid.contains_key(uuid) {
            continue;
        }
        by_uuid.insert(uuid, i);
        before[i] = order.last().copied();
        order.push(i);
    }
    let is_message = |i: usize| lines[i].kind.is("user") || lines[i].kind.is("assistant");
    let mut chain = FxHashSet::default();
    let mut at = order.iter().rev().copied().find(|i| is_message(*i));
    while let Some(i) = at {
        if !chain.insert(i) {
            break;
        }
        let line = &lines[i];
        let parent = line
            .parent_uuid
            .0
            .as_deref()
            .or(line.logical_parent_uuid.0.as_deref());
        at = match parent {
            None => None,
            // A parent that comes later, or none at all: the record before it is the best guess left.
            Some(parent) => match by_uuid.get(parent) {
                Some(p) if !chain.contains(p) => Some(*p),
                Some(_) => None,
                None => before[i],
            },
        };
    }
    let message_id = |i: usize| {
        let message = lines[i].message.0.as_ref()?;
        lines[i].kind.is("assistant").then_some(())?;
        message.id.0.as_deref()
    };
    let ids: FxHashSet<&str> = chain.iter().filter_map(|i| message_id(*i)).collect();
    let calls: FxHashSet<&str> = order
        .iter()
        .filter(|i| chain.contains(i) || message_id(**i).is_some_and(|id| ids.contains(id)))
        .flat_map(|i| lines[*i].blocks())
        .filter(|block| block.kind.is("tool_use"))
        .filter_map(|block| block.id.0.as_deref())
        .collect();
    order.retain(|i| {
        chain.contains(i)
            || message_id(*i).is_some_and(|id| ids.contains(id))
            || lines[*i].blocks().iter().any(|block| {
                block.kind.is("tool_result") && calls.contains(block.tool_use_id.or_empty())
            })
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One record a word: `uuid<parent`, `uuid~logical parent`; `?` marks an assistant's message id, `!` a sidechain.
    fn lines(text: &str) -> Vec<Line> {
        text.split_whitespace()
            .map(|word| {
                let side = word.ends_with('!');
                let word = word.trim_end_matches('!');
                let (word, id) = word.split_once('?').unwrap_or((word, ""));
                let (uuid, parent) = word.split_once(['<', '~']).unwrap_or((word, ""));
                let key = if word.contains('~') { "logicalParentUuid" } else { "parentUuid" };
                let kind = if id.is_empty() { "user" } else { "assistant" };
                let mut json = serde_json::json!({
                    "type": kind, "uuid": uuid, "isSidechain": side, "message": {"id": id, "content": "x"},
                });
                if !parent.is_empty() {
                    json[key] = parent.into();
                }
                serde_json::from_value(json).unwrap()
            })
            .collect()
    }

    fn check(text: &str, expected: &[usize]) {
        assert_eq!(in_force(&lines(text)), expected, "{text}");
    }

    #[test]
    fn branches() {
        check("a b<a c<b", &[0, 1, 2]);
        check("a b<a c<a", &[0, 2]); // rewound
        check("a b<a c~b d<c", &[0, 1, 2, 3]); // compacted
        check("a b<a c<gone d<c", &[0, 1, 2, 3]); // torn parent
        check("a b<a c<a!", &[0, 1]); // sidechain
        check("a b<a a<b", &[0, 1]); // the first of a uuid counts
        check("a b<c c<b", &[1, 2]); // a cycle
        check("a<a", &[0]);
        check("a b<a?m c<b?m d<b", &[0, 1, 2, 3]); // one message, two records
        check("a b", &[1]); // rewound to the very start
        check("", &[]);
    }

    proptest! {
        #[test]
        fn any_graph_ends(words in prop::collection::vec("[a-e][<~][a-f]", 0..12)) {
            let lines = lines(&words.join(" "));
            let branch = in_force(&lines);
            prop_assert!(branch.is_sorted() && branch.iter().all(|i| *i < lines.len()));
            prop_assert_eq!(branch.is_empty(), lines.is_empty());
        }
    }
}
