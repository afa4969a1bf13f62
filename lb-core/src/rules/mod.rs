//! Stage 3: HTTP rules and their actions.

pub mod redirect;
pub mod reply;
