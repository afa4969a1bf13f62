//! Paths: `$.a.b[1]`, `$['a.b']`; a backslash in front of a dot makes it part of a name.

/// A step into a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Member(Vec<u8>),
    /// An element of an array, from 0.
    Element(usize),
}

/// A path into a document; `None` where no document has anything there, which HAProxy does not refuse.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sample::convert) struct Path(pub(super) Option<Vec<Step>>);

impl Path {
    pub(super) fn parse(text: &str) -> Self {
        Self(parse(text))
    }
}

fn parse(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('.') {
            let (name, length) = member(behind);
            steps.push(Step::Member(name));
            rest = behind.get(length..)?;
            continue;
        }
        let inside = rest.strip_prefix('[')?;
        let quote = inside.chars().next().filter(|first| matches!(first, '\'' | '"'));
        let end;
        match quote {
            Some(quote) => {
                let name = inside.get(1..)?;
                let length = name.find([quote])?;
                steps.push(Step::Member(name.get(..length)?.as_bytes().to_vec()));
                end = length + 2;
            }
            None => {
                end = inside.find(']')?;
                let index = inside.get(..end).filter(|index| !index.starts_with('-'))?;
                let digits = index.len() - index.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                // What is no number is 0, as HAProxy reads it.
                steps.push(Step::Element(index.get(..digits)?.parse().unwrap_or(0)));
            }
        }
        rest = inside.get(end..)?.strip_prefix(']')?;
    }
    Some(steps)
}

/// A name up to a dot or a bracket, and how much of the text it takes.
fn member(text: &str) -> (Vec<u8>, usize) {
    let mut name = Vec::new();
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'.' | b'[' => return (name, at),
            b'\\' => name.push(bytes.next().map_or(b'\\', |(_, byte)| byte)),
            _ => name.push(byte),
        }
    }
    (name, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_steps() {
        let member = |name: &str| Step::Member(name.as_bytes().to_vec());
        for (text, steps) in [
            ("$", Some(vec![])),
            ("$.a.b", Some(vec![member("a"), member("b")])),
            (r"$.my\.key", Some(vec![member("my.key")])),
            ("$.a[1][20]", Some(vec![member("a"), Step::Element(1), Step::Element(20)])),
            ("$[0].a", Some(vec![Step::Element(0), member("a")])),
            ("$['a.b'].c", Some(vec![member("a.b"), member("c")])),
            ("$.a[*]", Some(vec![member("a"), Step::Element(0)])),
            ("$..a", Some(vec![member(""), member("a")])),
            ("$.a[-1]", None),
            ("$.a[0", None),
            ("$['a", None),
            ("$['a'x]", None),
            ("a", None),
            ("$a", None),
        ] {
            assert_eq!(parse(text), steps, "{text}");
        }
    }
}
