//! `if` and `unless` (configuration.txt, section 7.2).

use super::{Acl, Test};
use crate::sample::Context;

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does not hold.
    No,
    /// More data may decide it.
    Unknown,
    /// It holds.
    Yes,
}

impl Verdict {
    /// Either of both.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::No,
        }
    }

    fn negated(self, negated: bool) -> Self {
        match self {
            Self::Yes if negated => Self::No,
            Self::No if negated => Self::Yes,
            verdict => verdict,
        }
    }
}

/// What a term refers to.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// A named ACL, by its number in the section.
    Named(usize),
    /// `{ ... }` or a predefined one.
    Own(Box<Test>),
}

/// An ACL or its negation.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) negated: bool,
    pub(super) subject: Subject,
}

/// A condition: alternatives of which every term must hold.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// `unless`.
    pub(super) unless: bool,
    pub(super) alternatives: Vec<Vec<Term>>,
}

impl Condition {
    /// Whether it holds. `acls` are the section's.
    pub(crate) fn judge(&self, acls: &[Acl], context: &Context<'_>) -> Verdict {
        let mut verdict = Verdict::No;
        for terms in &self.alternatives {
            verdict = verdict.or(all(terms, acls, context));
            if verdict == Verdict::Yes {
                break;
            }
        }
        verdict.negated(self.unless)
    }

    /// Whether an ACL of it looks at the bytes of a buffer (configuration.txt, section 7.3.5). `acls` are the section's.
    pub(crate) fn looks_at_buffers(&self, acls: &[Acl]) -> bool {
        let tests = |term: &Term| -> bool {
            match &term.subject {
                Subject::Own(test) => test.expression.looks_at_buffers(),
                Subject::Named(number) => {
                    acls.get(*number).is_some_and(|acl| acl.tests.iter().any(|test| test.expression.looks_at_buffers()))
                }
            }
        };
        self.alternatives.iter().flatten().any(tests)
    }

    /// Whether it holds where nothing will be waited for.
    pub(crate) fn holds(&self, acls: &[Acl], context: &Context<'_>) -> bool {
        self.judge(acls, context) == Verdict::Yes
    }
}

/// Terms are judged in order; the first that does not hold ends it.
fn all(terms: &[Term], acls: &[Acl], context: &Context<'_>) -> Verdict {
    let mut verdict = Verdict::Yes;
    for term in terms {
        let one = match &term.subject {
            Subject::Named(number) => acls.get(*number).map_or(Verdict::No, |acl| acl.judge(context)),
            Subject::Own(test) => test.judge(context),
        };
        match one.negated(term.negated) {
            Verdict::No => return Verdict::No,
            Verdict::Unknown => verdict = Verdict::Unknown,
            Verdict::Yes => {}
        }
    }
    verdict
}
