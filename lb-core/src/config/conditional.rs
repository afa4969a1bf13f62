//! Conditional blocks: which lines of a file count (configuration.txt, section 2.4).

use super::environment::Environment;
use super::predicate::{self, PredicateError};

/// Blocks may be nested this deep.
pub const MAX_DEPTH: usize = 1024;

/// Why a directive has no place where it stands, in HAProxy's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionalError {
    /// `.elif`, `.else` or `.endif` outside any block.
    #[error("lone '{0}' with no matching '.if'.")]
    Lone(&'static str),
    /// `.elif` or a second `.else` behind `.else`.
    #[error("'{0}' after '.else' is not permitted.")]
    AfterElse(&'static str),
    /// More than [`MAX_DEPTH`] levels.
    #[error("too many nested '.if', the maximum is {MAX_DEPTH}.")]
    TooDeep,
    /// The expression of `.if` or `.elif`.
    #[error("{error} in '{directive}' at position {}", .error.position + 1)]
    Expression {
        /// `.if` or `.elif`.
        directive: &'static str,
        /// What is wrong with its expression.
        error: PredicateError,
    },
}

/// The blocks that are open at a line.
#[derive(Clone, Debug, Default)]
pub struct Conditionals {
    open: Vec<Block>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    branch: Branch,
    after_else: bool,
}

/// What the branch that is being read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    /// Its lines count.
    Taken,
    /// Its lines do not count, a later branch's may.
    Waiting,
    /// Its lines do not count and no later branch's will: one was taken, or the whole block is inside such a branch.
    Done,
}

impl Conditionals {
    /// Whether the lines that follow count.
    pub fn active(&self) -> bool {
        self.open.last().is_none_or(|block| block.branch == Branch::Taken)
    }

    /// Whether a block is still open, which is an error at the end of a file.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Obeys `.if`. The expression is not looked at where the block does not count.
    ///
    /// # Errors
    ///
    /// See [`ConditionalError`]. The block is opened all the same, and none of its lines count.
    pub fn begin(&mut self, expression: &str, environment: &Environment) -> Result<(), ConditionalError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(ConditionalError::TooDeep);
        }
        let active = self.active();
        self.open.push(Block { branch: Branch::Done, after_else: false });
        if active {
            let branch = evaluate(".if", expression, environment)?;
            self.set(branch);
        }
        Ok(())
    }

    /// Obeys `.elif`. The expression is not looked at where a branch before it was taken.
    ///
    /// # Errors
    ///
    /// See [`ConditionalError`].
    pub fn alternative(&mut self, expression: &str, environment: &Environment) -> Result<(), ConditionalError> {
        let block = self.open.last_mut().ok_or(ConditionalError::Lone(".elif"))?;
        if block.after_else {
            return Err(ConditionalError::AfterElse(".elif"));
        }
        let waiting = block.branch == Branch::Waiting;
        block.branch = Branch::Done;
        if waiting {
            let branch = evaluate(".elif", expression, environment)?;
            self.set(branch);
        }
        Ok(())
    }

    /// Obeys `.else`.
    ///
    /// # Errors
    ///
    /// See [`ConditionalError`].
    pub fn otherwise(&mut self) -> Result<(), ConditionalError> {
        let block = self.open.last_mut().ok_or(ConditionalError::Lone(".else"))?;
        if block.after_else {
            return Err(ConditionalError::AfterElse(".else"));
        }
        let branch = if block.branch == Branch::Waiting { Branch::Taken } else { Branch::Done };
        *block = Block { branch, after_else: true };
        Ok(())
    }

    /// Obeys `.endif`.
    ///
    /// # Errors
    ///
    /// See [`ConditionalError`].
    pub fn end(&mut self) -> Result<(), ConditionalError> {
        self.open.pop().map(drop).ok_or(ConditionalError::Lone(".endif"))
    }

    fn set(&mut self, branch: Branch) {
        if let Some(block) = self.open.last_mut() {
            block.branch = branch;
        }
    }
}

fn evaluate(directive: &'static str, expression: &str, environment: &Environment) -> Result<Branch, ConditionalError> {
    match predicate::evaluate(expression, environment) {
        Ok(true) => Ok(Branch::Taken),
        Ok(false) => Ok(Branch::Waiting),
        Err(error) => Err(ConditionalError::Expression { directive, error }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// Runs directives separated by ';' and says after each whether lines count, or the error.
    fn run(script: &str) -> Vec<String> {
        let environment = Environment::empty();
        let mut blocks = Conditionals::default();
        let mut obey = |step: &str| {
            let (directive, expression) = step.split_once(' ').unwrap_or((step, ""));
            let result = match directive {
                "if" => blocks.begin(expression, &environment),
                "elif" => blocks.alternative(expression, &environment),
                "else" => blocks.otherwise(),
                _ => blocks.end(),
            };
            match result {
                Ok(()) => blocks.active().to_string(),
                Err(error) => error.to_string(),
            }
        };
        script.split(';').map(&mut obey).collect()
    }

    #[test]
    fn exactly_one_branch_counts() {
        assert_eq!(run("if 1;elif 1;else;endif"), ["true", "false", "false", "true"]);
        assert_eq!(run("if 0;elif 1;elif 1;else;endif"), ["false", "true", "false", "false", "true"]);
        assert_eq!(run("if 0;elif 0;else;endif"), ["false", "false", "true", "true"]);
        assert_eq!(run("if;else;endif"), ["false", "true", "true"]);
    }

    #[test]
    fn nothing_counts_inside_what_does_not_count() {
        assert_eq!(run("if 0;if 1;else;endif;else;endif"), ["false", "false", "false", "false", "true", "true"]);
    }

    #[test]
    fn expressions_that_are_not_needed_are_not_looked_at() {
        assert_eq!(run("if 1;elif bad(;endif"), ["true", "false", "true"]);
        assert_eq!(run("if 0;if bad(;elif foo;endif;endif"), ["false", "false", "false", "false", "true"]);
    }

    #[test]
    fn misplaced_directives() {
        assert_eq!(run("endif"), ["lone '.endif' with no matching '.if'."]);
        assert_eq!(run("elif 1"), ["lone '.elif' with no matching '.if'."]);
        assert_eq!(run("if 1;else;else"), ["true", "false", "'.else' after '.else' is not permitted."]);
        assert_eq!(run("if 1;else;elif 1"), ["true", "false", "'.elif' after '.else' is not permitted."]);
        assert_eq!(run("if foo"), ["unparsable conditional expression 'foo' in '.if' at position 1"]);
    }

    #[test]
    fn nesting_is_bounded() {
        let mut blocks = Conditionals::default();
        for _ in 0..MAX_DEPTH {
            blocks.begin("1", &Environment::empty()).unwrap();
        }
        assert_eq!(blocks.begin("1", &Environment::empty()), Err(ConditionalError::TooDeep));
    }
}
