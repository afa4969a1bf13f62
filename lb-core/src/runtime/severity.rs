//! How serious a message is, and whether replies say so (management.txt, section 9.3: `set severity-output`).

/// Severity of a message, with syslog's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Severity {
    /// 1.
    Alert = 1,
    /// 3.
    Error = 3,
    /// 4.
    Warning = 4,
    /// 5.
    Notice = 5,
    /// 6.
    Info = 6,
}

impl Severity {
    /// The word of `set severity-output string`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Error => "err",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
        }
    }
}

/// What stands in front of messages (configuration.txt, `severity-output` of `bind`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeverityOutput {
    /// Nothing.
    #[default]
    None,
    /// `[3]: `
    Number,
    /// `[err]: `
    String,
}

impl SeverityOutput {
    /// What a word of the configuration or of `set severity-output` names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "number" => Some(Self::Number),
            "string" => Some(Self::String),
            _ => None,
        }
    }

    /// Appends what stands in front of a message of this severity.
    pub(super) fn prefix(self, severity: Option<Severity>, out: &mut String) {
        match (self, severity) {
            (Self::None, _) | (_, None) => {}
            (Self::Number, Some(severity)) => out.push_str(&format!("[{}]: ", severity as u8)),
            (Self::String, Some(severity)) => out.extend(["[", severity.word(), "]: "]),
        }
    }
}
