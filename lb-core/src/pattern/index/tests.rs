//! Every structure against a plain list.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::naive::List;
use super::*;

#[derive(Clone, Debug)]
enum Step {
    Insert(String),
    Remove(usize),
    Replace(usize),
}

fn steps(pattern: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => pattern.prop_map(Step::Insert),
        2 => any::<usize>().prop_map(Step::Remove),
        1 => any::<usize>().prop_map(Step::Replace),
    ];
    proptest::collection::vec(step, 0..60)
}

/// What is built at once finds what is built step by step.
fn compare_built(mode: Mode, steps: &[Step], samples: &[Key<'_>]) -> Result<(), TestCaseError> {
    let mut index = Index::new(mode);
    let mut patterns = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let Step::Insert(text) = step else { continue };
        let Ok(pattern) = Pattern::parse(text.as_bytes(), mode) else { continue };
        let entry = Arc::new(Entry::new(number as u64, text.as_bytes(), None));
        index.insert(&entry, &pattern);
        patterns.push((pattern, entry));
    }
    let built = Index::build(mode, patterns);
    for sample in samples {
        let number = |index: &Index| index.find(*sample).map(|found| found.entry.number());
        prop_assert_eq!(number(&built), number(&index), "{:?}", sample);
    }
    Ok(())
}

/// Makes the changes in both, and after each compares what every sample finds.
fn compare(mode: Mode, steps: &[Step], samples: &[Key<'_>]) -> Result<(), TestCaseError> {
    compare_built(mode, steps, samples)?;
    let (mut index, mut list) = (Index::new(mode), List::new(mode));
    let mut entries: Vec<Arc<Entry>> = Vec::new();
    let (mut number, mut kept) = (0, index.clone());
    for step in steps {
        match step {
            Step::Insert(text) => {
                let Ok(pattern) = Pattern::parse(text.as_bytes(), mode) else { continue };
                number += 1;
                let entry = Arc::new(Entry::new(number, text.as_bytes(), None));
                index.insert(&entry, &pattern);
                list.insert(&entry, pattern);
                entries.push(entry);
            }
            Step::Remove(at) if !entries.is_empty() => {
                let entry = entries.remove(at % entries.len());
                index.remove(&entry, &Pattern::parse(entry.key(), mode).unwrap());
                list.remove(&entry);
            }
            Step::Replace(at) if !entries.is_empty() => {
                let at = at % entries.len();
                let entry = Arc::new(Entry::new(entries[at].number(), entries[at].key(), Some(b"new")));
                index.replace(&entry, &Pattern::parse(entry.key(), mode).unwrap());
                list.replace(&entry, Pattern::parse(entry.key(), mode).unwrap());
                entries[at] = entry;
            }
            _ => {}
        }
        for sample in samples {
            let (found, expected) = (index.find(*sample).map(|found| found.entry), list.find(*sample));
            prop_assert_eq!(found, expected, "{:?} after {:?}", sample, step);
        }
        // A snapshot that somebody still has does not change.
        let before: Vec<_> = samples.iter().map(|key| kept.find(*key).map(|found| Arc::clone(found.entry))).collect();
        let snapshot = kept.clone();
        kept = index.clone();
        let after: Vec<_> =
            samples.iter().map(|key| snapshot.find(*key).map(|found| Arc::clone(found.entry))).collect();
        prop_assert_eq!(before, after);
    }
    Ok(())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[abAB./:?]{0,5}", "[ab]{0,12}", "[a-f]{1,2}"]
}

fn strings(method: Method, ignore_case: bool, steps: &[Step], samples: &[String]) -> Result<(), TestCaseError> {
    let keys: Vec<_> = samples.iter().map(|sample| Key::Bytes(sample.as_bytes())).collect();
    compare(Mode { method, ignore_case, resolve: false, groups: false }, steps, &keys)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn strings_are_found(
        steps in steps(text()),
        samples in proptest::collection::vec(text(), 1..12),
        ignore_case in any::<bool>(),
    ) {
        use Method::{Beg, Dir, Dom, End, Meth, Reg, Str, Sub};
        for method in [Str, Meth, Beg, End, Sub, Dir, Dom] {
            strings(method, ignore_case, &steps, &samples)?;
        }
        let few: Vec<_> = steps.into_iter().take(8).collect();
        strings(Sub, ignore_case, &few, &samples)?;
        strings(Reg, ignore_case, &few, &samples)?;
    }

    #[test]
    fn bytes_are_found(steps in steps("([ab4][0-2]){0,2}".prop_map(String::from)), samples in proptest::collection::vec("[\\x00-\\x7f]{0,2}", 1..12)) {
        strings(Method::Bin, false, &steps, &samples)?;
    }

    #[test]
    fn integers_are_found(
        steps in steps(prop_oneof![
            (-20i64..20).prop_map(|n| n.to_string()),
            (-20i64..20, 0i64..20).prop_map(|(n, m)| format!("{n}:{}", n + m)),
            any::<i64>().prop_map(|n| format!("{n}:")),
            any::<i64>().prop_map(|n| format!(":{n}")),
        ]),
        samples in proptest::collection::vec(prop_oneof![-25i64..45, any::<i64>()], 1..20),
    ) {
        let keys: Vec<_> = samples.into_iter().map(Key::Int).collect();
        compare(Mode::new(Method::Int), &steps, &keys)?;
    }

    #[test]
    fn networks_are_found(
        steps in steps(prop_oneof![
            (any::<u8>(), 0u8..4, 0u8..33).prop_map(|(a, b, l)| format!("10.{b}.0.{a}/{l}")),
            (0u8..4).prop_map(|b| format!("10.{b}.0.1")),
            (0u8..4, any::<u32>()).prop_map(|(b, m)| format!("10.{b}.0.1/{}", Ipv4Addr::from(m))),
            (0u16..4, 0u8..129).prop_map(|(b, l)| format!("2001:db8:{b}::1/{l}")),
            (0u8..4, 90u8..129).prop_map(|(b, l)| format!("::ffff:10.{b}.0.1/{l}")),
        ]),
        v4 in proptest::collection::vec((0u8..4, any::<u8>()), 1..8),
        v6 in proptest::collection::vec((0u16..4, any::<u16>()), 1..8),
    ) {
        let mut keys: Vec<_> = v4.iter().map(|(b, d)| Key::V4(Ipv4Addr::new(10, *b, 0, *d))).collect();
        keys.extend(v4.iter().map(|(b, d)| Key::V6(Ipv4Addr::new(10, *b, 0, *d).to_ipv6_mapped())));
        keys.extend(v4.iter().map(|(b, d)| {
            Key::V6(Ipv6Addr::new(0x2002, 0x0a00 | u16::from(*b), u16::from(*d), 0, 0, 0, 0, 0))
        }));
        keys.extend(v6.iter().map(|(b, d)| Key::V6(Ipv6Addr::new(0x2001, 0xdb8, *b, 0, 0, 0, 0, *d))));
        compare(Mode::new(Method::Ip), &steps, &keys)?;
    }
}

#[test]
fn ranges_are_few_prefixes() {
    for (low, high) in [(i64::MIN, i64::MAX), (0, 0), (1, 65535), (-5, 7), (i64::MIN, 0), (i64::MAX, i64::MAX)] {
        let (mut covered, mut count) = (0u128, 0);
        bits::prefixes(low, high, |_, length| {
            covered += 1 << (64 - u32::from(length));
            count += 1;
        });
        assert_eq!(covered, u128::from(bits::ordered(high) - bits::ordered(low)) + 1, "{low}:{high}");
        assert!(count <= 126, "{low}:{high} {count}");
    }
}

#[test]
fn many_strings_are_found() {
    let mut index = Index::new(Mode::new(Method::Str));
    let entry = |n: u64| Arc::new(Entry::new(n, format!("host{n}.example").as_bytes(), None));
    for n in 0..5000 {
        let entry = entry(n);
        index.insert(&entry, &Pattern::Text(entry.key().into()));
    }
    for n in 0..5000 {
        let entry = entry(n);
        assert_eq!(index.find(Key::Bytes(entry.key())).map(|found| found.entry.number()), Some(n));
    }
    assert!(index.find(Key::Bytes(b"host5000.example")).is_none());
}
