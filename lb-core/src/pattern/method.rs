//! How a sample is compared with patterns (configuration.txt, section 7.1).

use std::fmt;

use crate::sample::SampleType;

/// A matching method (`-m`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `found`: the sample is there. Takes no patterns.
    Found,
    /// `bool`: the sample is true. Takes no patterns.
    Bool,
    /// `int`: equal to an integer, or within a range.
    Int,
    /// `ip`: an address or within a network.
    Ip,
    /// `bin`: these bytes, written as hexadecimal digits.
    Bin,
    /// `len`: the length in bytes is equal to an integer, or within a range.
    Len,
    /// `str`: the same string.
    Str,
    /// `beg`: begins with the string.
    Beg,
    /// `sub`: contains the string.
    Sub,
    /// `dir`: contains the string between slashes, or between one and an end.
    Dir,
    /// `dom`: contains the string between delimiters of a URL, or between one and an end.
    Dom,
    /// `end`: ends with the string.
    End,
    /// `reg`: a regular expression matches somewhere.
    Reg,
    /// `int` with patterns such as `3.1`, which stand for 65536 times the first number and the second; the default of
    /// `req.ssl_ver`.
    Dotted,
    /// An HTTP method by its name; the default of fetches that yield methods, without a word for `-m`.
    Meth,
}

impl Method {
    /// Every method that `-m` knows.
    pub const ALL: [Self; 13] = [
        Self::Found,
        Self::Bool,
        Self::Int,
        Self::Ip,
        Self::Bin,
        Self::Len,
        Self::Str,
        Self::Beg,
        Self::Sub,
        Self::Dir,
        Self::Dom,
        Self::End,
        Self::Reg,
    ];

    /// The word of `-m`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Bool => "bool",
            Self::Int | Self::Dotted => "int",
            Self::Ip => "ip",
            Self::Bin => "bin",
            Self::Len => "len",
            Self::Str => "str",
            Self::Beg => "beg",
            Self::Sub => "sub",
            Self::Dir => "dir",
            Self::Dom => "dom",
            Self::End => "end",
            Self::Reg => "reg",
            Self::Meth => "meth",
        }
    }

    /// The method of that name.
    ///
    /// ```
    /// use lb_core::pattern::Method;
    ///
    /// assert_eq!(Method::from_name("beg"), Some(Method::Beg));
    /// assert_eq!(Method::from_name("meth"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The method of a sample of that type where none is given; `None` where one must be.
    pub fn default_for(sample: SampleType) -> Option<Self> {
        match sample {
            SampleType::Bool => Some(Self::Bool),
            SampleType::Sint => Some(Self::Int),
            SampleType::Addr | SampleType::Ipv4 | SampleType::Ipv6 => Some(Self::Ip),
            SampleType::Str => Some(Self::Str),
            SampleType::Any | SampleType::Bin | SampleType::Meth => None,
        }
    }

    /// Whether samples of that type can be compared with it: the matrix of section 7.1, with the casts that HAProxy has
    /// besides it.
    pub fn accepts(self, sample: SampleType) -> bool {
        use SampleType::{Addr, Any, Bin, Bool, Ipv4, Ipv6, Meth, Sint, Str};
        match self {
            Self::Bool | Self::Int | Self::Dotted => matches!(sample, Any | Bool | Sint | Addr | Ipv4 | Ipv6 | Str),
            Self::Ip => matches!(sample, Any | Sint | Addr | Ipv4 | Ipv6 | Str),
            Self::Meth => matches!(sample, Any | Meth | Str),
            _ => matches!(sample, Any | Bool | Sint | Addr | Ipv4 | Ipv6 | Str | Bin | Meth),
        }
    }

    /// Whether patterns are strings that ignore case with `-i`.
    pub(crate) fn has_case(self) -> bool {
        use Method::{Beg, Dir, Dom, End, Meth, Reg, Str, Sub};
        matches!(self, Str | Beg | Sub | Dir | Dom | End | Reg | Meth)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How patterns are read and compared: a method and the flags `-i` and `-n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// `-m`.
    pub(crate) method: Method,
    /// `-i`.
    pub(crate) ignore_case: bool,
    /// Names of hosts are looked up where an address is expected (not `-n`, and in the configuration only).
    pub(crate) resolve: bool,
    /// Groups of regular expressions are of use.
    pub(crate) groups: bool,
}

impl Mode {
    /// A method without flags, as maps and runtime commands read patterns.
    pub(crate) fn new(method: Method) -> Self {
        Self { method, ignore_case: false, resolve: false, groups: false }
    }

    /// The same without looking up names, as at run time.
    pub(crate) fn at_run_time(self) -> Self {
        Self { resolve: false, ..self }
    }
}
