//! Patterns of every method, regular expressions included: whatever is read, nothing panics; what is found is a pattern
//! that matches by itself, and is no longer found once it was deleted.
#![no_main]

use lb_core::pattern::{Method, Patterns};
use lb_core::sample::Value;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else { return };
    let method = Method::ALL[usize::from(kind & 0x7f) % Method::ALL.len()];
    let ignore_case = kind & 0x80 != 0;
    let mut lines = rest.split(|byte| *byte == b'\n');
    let sample = Value::str(lines.next().unwrap_or_default());
    let patterns = Patterns::new(method, ignore_case);
    let mut added = 0;
    for line in lines.take(64) {
        added += usize::from(patterns.add(line, None).is_ok());
    }
    let takes_patterns = !matches!(method, Method::Found | Method::Bool);
    while let Some(entry) = patterns.find(&sample).filter(|_| takes_patterns) {
        assert!(patterns.matches(&sample));
        let alone = Patterns::new(method, ignore_case);
        alone.add(entry.key(), None).expect("it was read before");
        assert!(alone.matches(&sample));
        let removed = patterns.remove(entry.key());
        assert!(removed > 0 && removed <= added);
        added -= removed;
    }
    assert!(!takes_patterns || !patterns.matches(&sample));
});
