//! What clients and servers say to each other through both programs.

pub(crate) mod http;
pub(crate) mod tcp;

/// Why lb does something else.
#[derive(Clone, Copy)]
pub(crate) enum Difference {
    /// For this reason.
    OnPurpose(&'static str),
    /// It should not, or that is not decided: this is said and no failure.
    #[allow(dead_code, reason = "none is open")]
    Open(&'static str),
}
