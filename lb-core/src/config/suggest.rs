//! The nearest known word to one that is not known, for "did you mean".

/// The word of `known` that is nearest to `word`, if any is near enough to be what was meant.
///
/// The distance counts inserted, removed, replaced and swapped neighbouring characters; a third of the word
/// may differ. A known word of several words ("timeout client") is compared as a whole.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > MAX_LENGTH {
        return None;
    }
    let wanted: Vec<char> = word.chars().collect();
    let limit = wanted.len().div_ceil(3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let other: Vec<char> = candidate.chars().collect();
        if other.is_empty() || other.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let found = distance(&wanted, &other);
        if found <= limit && best.is_none_or(|(least, _)| found < least) {
            best = Some((found, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Longer words are not worth the time: nobody mistypes them.
const MAX_LENGTH: usize = 64;

/// Edit distance with swaps of neighbours counted once (optimal string alignment).
pub(crate) fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let cost = usize::from(!ca.eq_ignore_ascii_case(&cb));
            let mut least = (previous[j] + cost).min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && ca == b[j - 1] && a[i - 1] == cb {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["maxconn", "maxconnrate", "nbthread", "daemon", "user", "uid"];

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(nearest("maxcon", KNOWN), Some("maxconn"));
        assert_eq!(nearest("nbtrhead", KNOWN), Some("nbthread"));
        assert_eq!(nearest("deamon", KNOWN), Some("daemon"));
        assert_eq!(nearest("MAXCONN", KNOWN), Some("maxconn"));
        assert_eq!(nearest("usr", KNOWN), Some("user"));
    }

    #[test]
    fn says_nothing_when_nothing_is_near() {
        assert_eq!(nearest("completely-different", KNOWN), None);
        assert_eq!(nearest("", KNOWN), None);
        assert_eq!(nearest(&"x".repeat(10_000), KNOWN), None);
    }

    #[test]
    fn a_swap_counts_once() {
        let (a, b): (Vec<char>, Vec<char>) = ("ab".chars().collect(), "ba".chars().collect());
        assert_eq!(distance(&a, &b), 1);
        assert_eq!(distance(&[], &b), 2);
    }
}
