//! Access control lists and the conditions made of them (configuration.txt, sections 7.1 and 7.2).

mod condition;
mod parse;
mod predefined;

pub use condition::Condition;
pub(crate) use condition::Verdict;
pub(crate) use parse::{AclReader, Fault};

use crate::pattern::Matcher;
use crate::sample::{Context, Expression, Places};

/// An `acl` by name: it holds where one of its lines does.
#[derive(Clone, Debug)]
pub struct Acl {
    /// Its name.
    pub name: String,
    pub(crate) tests: Vec<Test>,
}

/// One line of an ACL: an expression and the patterns its values are compared with.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// What is looked at.
    pub(crate) expression: Expression,
    /// What it must match.
    pub(crate) matcher: Matcher,
    /// The fetch as it was written: ACLs have names of their own for some.
    pub(crate) keyword: Box<str>,
}

impl Test {
    fn judge(&self, context: &Context<'_>) -> Verdict {
        if context.is_response() && !self.expression.places().meets(Places::RESPONSE) {
            // The reader of the configuration has warned that it never matches.
            return Verdict::No;
        }
        context.may_change.set(false);
        let sets = context.sets();
        let found = self.expression.any(context, &mut |value| self.matcher.matches(&value, sets));
        match found {
            true => Verdict::Yes,
            false if !context.last && context.may_change.get() => Verdict::Unknown,
            false => Verdict::No,
        }
    }
}

impl Acl {
    fn judge(&self, context: &Context<'_>) -> Verdict {
        self.tests.iter().fold(Verdict::No, |so_far, test| match so_far {
            Verdict::Yes => so_far,
            _ => so_far.or(test.judge(context)),
        })
    }
}
