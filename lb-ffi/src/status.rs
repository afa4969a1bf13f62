//! What a call came to.

use std::ffi::{CStr, c_char};

use lb_core::runtime::ErrorCode;

/// What a function came to. The numbers are part of the ABI: none changes its meaning or is used again. New ones may
/// come: take what you do not know as a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum lb_status {
    /// It worked.
    LB_OK = 0,
    /// A pointer that must not be null was.
    LB_ERR_NULL = 1,
    /// Text that is not UTF-8.
    LB_ERR_ENCODING = 2,
    /// The configuration is refused: the error's messages say why, and where.
    LB_ERR_CONFIG = 3,
    /// The configuration is good, starting it failed, for example as a port is taken. Nothing is left running.
    LB_ERR_START = 4,
    /// An index beyond the end.
    LB_ERR_RANGE = 5,
    /// A fault of the library: please report it. The object must only be freed.
    LB_ERR_INTERNAL = 6,
    /// A struct_size that no version of the structure had, or a newer structure with a field set that this library does
    /// not know.
    LB_ERR_STRUCT_SIZE = 7,
    /// The program was compiled with a header that this library does not serve.
    LB_ERR_ABI = 8,
    /// An argument has a value that is not allowed.
    LB_ERR_ARGUMENT = 9,
    /// A command was not done, for a reason that none of the numbers below names.
    LB_ERR_COMMAND = 100,
    /// There is no such command.
    LB_ERR_COMMAND_UNKNOWN = 101,
    /// A word of a command is missing, too much or not understood.
    LB_ERR_COMMAND_USAGE = 102,
    /// The command is not permitted.
    LB_ERR_COMMAND_DENIED = 103,
    /// The command names a proxy, server, session or table that does not exist.
    LB_ERR_COMMAND_NOT_FOUND = 104,
    /// What is to be made exists already.
    LB_ERR_COMMAND_EXISTS = 105,
    /// The command gives a value that is not allowed there.
    LB_ERR_COMMAND_INVALID = 106,
    /// The object is in a state in which this cannot be done.
    LB_ERR_COMMAND_STATE = 107,
    /// The system refused.
    LB_ERR_COMMAND_SYSTEM = 108,
}

use lb_status::*;

/// Every status with its name.
const NAMES: &[(lb_status, &CStr)] = &[
    (LB_OK, c"LB_OK"),
    (LB_ERR_NULL, c"LB_ERR_NULL"),
    (LB_ERR_ENCODING, c"LB_ERR_ENCODING"),
    (LB_ERR_CONFIG, c"LB_ERR_CONFIG"),
    (LB_ERR_START, c"LB_ERR_START"),
    (LB_ERR_RANGE, c"LB_ERR_RANGE"),
    (LB_ERR_INTERNAL, c"LB_ERR_INTERNAL"),
    (LB_ERR_STRUCT_SIZE, c"LB_ERR_STRUCT_SIZE"),
    (LB_ERR_ABI, c"LB_ERR_ABI"),
    (LB_ERR_ARGUMENT, c"LB_ERR_ARGUMENT"),
    (LB_ERR_COMMAND, c"LB_ERR_COMMAND"),
    (LB_ERR_COMMAND_UNKNOWN, c"LB_ERR_COMMAND_UNKNOWN"),
    (LB_ERR_COMMAND_USAGE, c"LB_ERR_COMMAND_USAGE"),
    (LB_ERR_COMMAND_DENIED, c"LB_ERR_COMMAND_DENIED"),
    (LB_ERR_COMMAND_NOT_FOUND, c"LB_ERR_COMMAND_NOT_FOUND"),
    (LB_ERR_COMMAND_EXISTS, c"LB_ERR_COMMAND_EXISTS"),
    (LB_ERR_COMMAND_INVALID, c"LB_ERR_COMMAND_INVALID"),
    (LB_ERR_COMMAND_STATE, c"LB_ERR_COMMAND_STATE"),
    (LB_ERR_COMMAND_SYSTEM, c"LB_ERR_COMMAND_SYSTEM"),
];

/// Where the codes of runtime commands begin: `LB_ERR_COMMAND` plus the library's number.
impl From<ErrorCode> for lb_status {
    fn from(code: ErrorCode) -> Self {
        let number = LB_ERR_COMMAND as i32 + i32::from(code as u16);
        NAMES.iter().find(|(status, _)| *status as i32 == number).map_or(LB_ERR_COMMAND, |(status, _)| *status)
    }
}

/// The name of a status, for example "LB_ERR_CONFIG"; "unknown" for a number that is none. A constant that must not be
/// freed.
#[unsafe(no_mangle)]
pub extern "C" fn lb_status_name(status: i32) -> *const c_char {
    NAMES.iter().find(|(known, _)| *known as i32 == status).map_or(c"unknown", |(_, name)| name).as_ptr()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// These numbers are in compiled programs.
    #[test]
    fn numbers_stay_what_they_are() {
        let numbers: Vec<i32> = NAMES.iter().map(|(status, _)| *status as i32).collect();
        let expected: Vec<i32> = (0..=9).chain(100..=108).collect();
        assert_eq!(numbers, expected);
        assert_eq!(NAMES.iter().map(|(_, name)| name).collect::<BTreeSet<_>>().len(), NAMES.len());
        for (status, name) in NAMES {
            assert_eq!(name.to_str().unwrap_or_default(), format!("{status:?}"));
        }
    }

    #[test]
    fn commands_fail_with_their_own_numbers() {
        for (code, status) in [
            (ErrorCode::UnknownCommand, LB_ERR_COMMAND_UNKNOWN),
            (ErrorCode::Usage, LB_ERR_COMMAND_USAGE),
            (ErrorCode::Denied, LB_ERR_COMMAND_DENIED),
            (ErrorCode::NotFound, LB_ERR_COMMAND_NOT_FOUND),
            (ErrorCode::Exists, LB_ERR_COMMAND_EXISTS),
            (ErrorCode::Invalid, LB_ERR_COMMAND_INVALID),
            (ErrorCode::State, LB_ERR_COMMAND_STATE),
            (ErrorCode::System, LB_ERR_COMMAND_SYSTEM),
        ] {
            assert_eq!(lb_status::from(code), status);
        }
    }
}
