//! Operators of integers: `gt 5` is the range `6:` (configuration.txt, section 7.1.2).

use super::error::PatternError;
use super::method::Method;
use super::pattern;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

/// The words of an ACL on integers: each operator stays for all that follow.
#[derive(Debug)]
pub(super) struct Operators {
    operator: Operator,
    dotted: bool,
}

impl Operators {
    pub(super) fn new(method: Method) -> Self {
        Self { operator: Operator::Eq, dotted: method == Method::Dotted }
    }

    /// The next word: the pattern that it stands for, `None` if it is an operator.
    ///
    /// # Errors
    /// It is neither. What the pattern itself may be is for its parser.
    pub(super) fn read(&mut self, word: &str) -> Result<Option<String>, PatternError> {
        self.operator = match word {
            "eq" => Operator::Eq,
            "ge" => Operator::Ge,
            "gt" => Operator::Gt,
            "le" => Operator::Le,
            "lt" => Operator::Lt,
            // HAProxy takes it and then compares for equality.
            "ne" => return Err(PatternError::NotAnOperator(word.to_owned())),
            _ => return self.pattern(word).map(Some),
        };
        Ok(None)
    }

    fn pattern(&self, word: &str) -> Result<String, PatternError> {
        // A range is what it is, whatever the operator.
        if self.operator == Operator::Eq || pattern::separator(word.as_bytes()).is_some() {
            return Ok(word.to_owned());
        }
        let refused = || PatternError::NotAnOperator(word.to_owned());
        let number = match self.dotted {
            true => pattern::dotted(word.as_bytes()),
            false => pattern::integer(word.as_bytes()),
        };
        let number = number.ok_or_else(refused)?;
        let text = |number: i64| match self.dotted {
            true => format!("{}.{}", number >> 16, number & 0xffff),
            false => number.to_string(),
        };
        let next = |step| number.checked_add(step).map(text).ok_or_else(|| PatternError::NotARange(word.to_owned()));
        match self.operator {
            Operator::Eq => Ok(word.to_owned()),
            Operator::Ge => Ok(format!("{}:", text(number))),
            Operator::Gt => Ok(format!("{}:", next(1)?)),
            Operator::Le => Ok(format!(":{}", text(number))),
            Operator::Lt => Ok(format!(":{}", next(-1)?)),
        }
    }
}
