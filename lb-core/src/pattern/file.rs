//! Files of patterns: one per line, in maps with a value behind it (configuration.txt, `-f` in section 7.1 and `map`).

use std::path::Path;

use super::error::PatternError;

/// How the lines of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// The line is the pattern.
    Key,
    /// The first word is the pattern, the rest its value.
    KeyAndValue,
}

/// A pattern of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'f> {
    /// From 1.
    pub(crate) number: usize,
    /// The pattern.
    pub(crate) key: &'f [u8],
    /// Its value, in files of two columns.
    pub(crate) value: Option<&'f [u8]>,
}

/// The contents of a file.
///
/// # Errors
/// It cannot be opened, or not be read.
pub(crate) fn read(name: &str, path: &Path) -> Result<Vec<u8>, PatternError> {
    if path.is_dir() {
        return Err(PatternError::Read { file: name.to_owned(), reason: "Is a directory".to_owned() });
    }
    std::fs::read(path).map_err(|_| PatternError::File(name.to_owned()))
}

/// The patterns in the contents of a file.
pub(crate) fn lines(contents: &[u8], columns: Columns) -> impl Iterator<Item = Line<'_>> {
    let numbered = contents.split(|byte| *byte == b'\n').enumerate();
    numbered.filter_map(move |(index, line)| parse(line, columns, index + 1))
}

fn parse(line: &[u8], columns: Columns, number: usize) -> Option<Line<'_>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.first() == Some(&b'#') {
        return None;
    }
    let text = line.trim_ascii_start();
    if text.is_empty() {
        return None;
    }
    let (key, value) = match columns {
        Columns::Key => (text, None),
        Columns::KeyAndValue => {
            let end = text.iter().position(|byte| is_blank(*byte)).unwrap_or(text.len());
            let (key, rest) = text.split_at_checked(end)?;
            let start = rest.iter().position(|byte| !is_blank(*byte)).unwrap_or(rest.len());
            let end = rest.iter().rposition(|byte| !is_blank(*byte)).map_or(start, |last| last + 1);
            (key, rest.get(start..end))
        }
    };
    Some(Line { number, key, value })
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blanks_and_columns() {
        let contents = b"aa\n  bb \n#c\n\n #dd ee\n\t\r\nlast\tone two  ";
        let keys = |columns| {
            let all = lines(contents, columns).map(|line| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                format!("{} [{}] {:?}", line.number, text(line.key), line.value.map(text))
            });
            all.collect::<Vec<_>>()
        };
        assert_eq!(keys(Columns::Key), ["1 [aa] None", "2 [bb ] None", "5 [#dd ee] None", "7 [last\tone two  ] None"]);
        assert_eq!(
            keys(Columns::KeyAndValue),
            ["1 [aa] Some(\"\")", "2 [bb] Some(\"\")", "5 [#dd] Some(\"ee\")", "7 [last] Some(\"one two\")"]
        );
    }
}
