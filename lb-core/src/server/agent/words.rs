//! What an agent says: the words of its line (configuration.txt, `agent-check`).

/// A line of an agent, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// `ready`, `drain` or `maint`; the last one counts.
    pub(crate) admin: Option<Admin>,
    /// Words like `50%`, in order.
    pub(crate) weights: Vec<String>,
    /// What follows `maxconn:`, in order.
    pub(crate) maxconns: Vec<String>,
    /// `up`, `down`, `stopped` or `fail`, as it was written; the last one counts.
    pub(crate) status: Option<String>,
    /// What stands behind `#`.
    pub(crate) description: String,
    /// The first word that means nothing.
    pub(crate) unknown: Option<String>,
}

/// An administrative state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admin {
    Ready,
    Drain,
    Maint,
}

impl Report {
    /// Reads a line, without its end. Words stand between spaces, tabs and commas.
    pub(crate) fn parse(line: &str) -> Self {
        let mut report = Self::default();
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return report;
            }
            if let Some(description) = rest.strip_prefix('#') {
                report.description = description.trim_start_matches([' ', '\t']).to_owned();
                return report;
            }
            let end = rest.find([' ', '\t', ',']).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            report.word(word);
            rest = behind;
        }
    }

    fn word(&mut self, word: &str) {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "ready" => self.admin = Some(Admin::Ready),
            "drain" => self.admin = Some(Admin::Drain),
            "maint" => self.admin = Some(Admin::Maint),
            "up" | "down" | "stopped" | "fail" => self.status = Some(word.to_owned()),
            _ if lower.starts_with("maxconn:") => self.maxconns.push(lower.replacen("maxconn:", "", 1)),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('%') => {
                self.weights.push(word.to_owned());
            }
            _ if self.unknown.is_none() => self.unknown = Some(word.to_owned()),
            _ => {}
        }
    }

    /// Whether the status says that the server is up; `None` where there is none.
    pub(crate) fn is_up(&self) -> Option<bool> {
        self.status.as_ref().map(|status| status.eq_ignore_ascii_case("up"))
    }

    /// What the statistics and the logs say of it, as HAProxy words it; `fault` is what was wrong with a value.
    pub(crate) fn info(&self, fault: Option<&str>) -> Option<String> {
        match (&self.status, &self.unknown, fault) {
            (Some(status), unknown, fault) => {
                let more = unknown.as_deref().or(fault).unwrap_or(&self.description);
                Some(if more.is_empty() {
                    format!("via agent : {status}")
                } else {
                    format!("via agent : {status} ({more})")
                })
            }
            (None, Some(unknown), _) => Some(format!("agent reports an error : {unknown}")),
            (None, None, Some(fault)) => Some(format!("agent warns : {fault}")),
            (None, None, None) => None,
        }
    }
}

/// Reads what follows `maxconn:`. The texts are HAProxy's.
pub(crate) fn maxconn(text: &str) -> Result<u32, &'static str> {
    if text.is_empty() {
        return Err("Require <maxconn>.");
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    match text.split_at(end) {
        ("", _) => Err("maxconn string empty or preceded by garbage"),
        (number, "") => number.parse().map_err(|_| "maxconn is out of range"),
        _ => Err("Trailing garbage in maxconn string"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The texts are HAProxy 2.6.12's (`last_agt`).
    #[test]
    fn words_are_read_as_haproxy_reads_them() {
        let table = [
            ("up", Some("via agent : up")),
            ("UP 100%", Some("via agent : UP")),
            ("down up", Some("via agent : up")),
            ("up down stopped", Some("via agent : stopped")),
            ("stopped # planned thing", Some("via agent : stopped (planned thing)")),
            ("\tstopped, 30% # because (of) \"x\"  ", Some("via agent : stopped (because (of) \"x\"  )")),
            ("up #,a", Some("via agent : up (,a)")),
            ("up # desc # more", Some("via agent : up (desc # more)")),
            ("fail #", Some("via agent : fail")),
            ("fail#because of this", Some("agent reports an error : fail#because")),
            ("failed", Some("agent reports an error : failed")),
            ("50", Some("agent reports an error : 50")),
            ("-5%", Some("agent reports an error : -5%")),
            ("up x%", Some("via agent : up (x%)")),
            ("foo bar", Some("agent reports an error : foo")),
            ("up foo # bar", Some("via agent : up (foo)")),
            ("#foo", None),
            ("50% ready", None),
            ("", None),
        ];
        for (line, expected) in table {
            assert_eq!(Report::parse(line).info(None).as_deref(), expected, "{line}");
        }
        let faulty = Report::parse("up 50%x # desc");
        assert_eq!(faulty.weights, ["50%x"]);
        assert_eq!(faulty.info(Some("wrong")).unwrap(), "via agent : up (wrong)");
        assert_eq!(Report::parse("50%x").info(Some("wrong")).unwrap(), "agent warns : wrong");
        assert_eq!(Report::parse("maint drain").admin, Some(Admin::Drain));
        assert_eq!(Report::parse("up,50%,ready maxconn:5").maxconns, ["5"]);
    }

    #[test]
    fn limits() {
        let table = [
            ("30", Ok(30)),
            ("0", Ok(0)),
            ("", Err("Require <maxconn>.")),
            ("x", Err("maxconn string empty or preceded by garbage")),
            ("7x", Err("Trailing garbage in maxconn string")),
            ("99999999999", Err("maxconn is out of range")),
        ];
        for (text, expected) in table {
            assert_eq!(maxconn(text), expected, "{text}");
        }
    }
}
