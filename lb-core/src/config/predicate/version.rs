//! Versions as predicates compare them.

/// `major.minor[-devN][.patch][-commits]`; what is missing is zero, and a development version comes before its release.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
    /// 0 for `-dev`, 1 for `-pre`, 2 for `-rc`, 3 for a release.
    stage: u32,
    stage_number: u32,
    patch: u32,
    commits: u32,
}

impl Version {
    pub(super) fn parse(text: &str) -> Self {
        let mut rest = text;
        let major = number(&mut rest);
        let minor = if skip(&mut rest, ".") { number(&mut rest) } else { 0 };
        let stages = ["-dev", "-pre", "-rc"];
        let stage = stages.iter().position(|word| skip(&mut rest, word)).unwrap_or(stages.len()) as u32;
        let stage_number = if stage < 3 { number(&mut rest) } else { 0 };
        let patch = if skip(&mut rest, ".") { number(&mut rest) } else { 0 };
        let commits = if skip(&mut rest, "-") { number(&mut rest) } else { 0 };
        Self { major, minor, stage, stage_number, patch, commits }
    }
}

fn number(rest: &mut &str) -> u32 {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at(length);
    *rest = after;
    digits.parse().unwrap_or(if digits.is_empty() { 0 } else { u32::MAX })
}

fn skip(rest: &mut &str, word: &str) -> bool {
    let after = rest.strip_prefix(word);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

/// `major.minor.patch[letter]` of OpenSSL.
pub(super) fn openssl_version(text: &str) -> (u32, u32, u32, u8) {
    let mut rest = text;
    let major = number(&mut rest);
    let minor = if skip(&mut rest, ".") { number(&mut rest) } else { 0 };
    let patch = if skip(&mut rest, ".") { number(&mut rest) } else { 0 };
    (major, minor, patch, rest.bytes().next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        let order = ["2.5.99", "2.6-dev0", "2.6-dev1", "2.6-rc1", "2.6", "2.6.1", "2.6.12", "2.6.12-3", "3"];
        for pair in order.windows(2) {
            assert!(Version::parse(pair[0]) < Version::parse(pair[1]), "{pair:?}");
        }
    }
}
