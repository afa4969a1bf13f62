//! Log targets.

use crate::config::diagnostic::Diagnostics;
use crate::config::document::Line;
use crate::config::model::LogTarget;

/// Reads the target of a `log` line.
pub fn parse_target(line: &Line, first_word: usize, diags: &mut Diagnostics) -> Option<LogTarget> {
    diags.alert(line, first_word, "'log' is not supported yet by lb.");
    None
}
