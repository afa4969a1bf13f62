//! `cookie`, `force-persist`, `ignore-persist` and what belongs to them (configuration.txt, section 4.2).

use crate::acl::Condition;
use crate::config::document::Place;

/// `cookie` of a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieConfig {
    /// Name of the cookie.
    pub name: String,
    /// `rewrite`, `insert` or `prefix`. Without one of them the cookie of a request chooses the server, and nothing is
    /// changed.
    pub mode: Option<CookieMode>,
    /// `indirect`: no cookie for a client that has a valid one; with `insert` servers do not see it.
    pub indirect: bool,
    /// `nocache`: a response that gets the cookie is marked as private.
    pub nocache: bool,
    /// `postonly`: only responses to `POST` get one.
    pub postonly: bool,
    /// `preserve`: the cookie that the server itself sets is left alone.
    pub preserve: bool,
    /// `dynamic`: servers without a value of their own get one that is made of their address.
    pub dynamic: bool,
    /// `maxidle`, in seconds: how long the cookie may stay unused.
    pub maxidle: Option<u32>,
    /// `maxlife`, in seconds: how long the cookie is good at all.
    pub maxlife: Option<u32>,
    /// What follows the value in `Set-Cookie`: `; path=/`, then `domain`, `httponly`, `secure` and `attr`.
    pub attributes: String,
}

/// How the cookie comes to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieMode {
    /// The server sets it, and its value is replaced.
    Rewrite,
    /// It is set in addition to what the server sends.
    Insert,
    /// The server sets it, and the value of the server is put in front of its own.
    Prefix,
}

/// `force-persist` or `ignore-persist`. The first of a backend's rules whose condition holds counts.
#[derive(Clone, Debug)]
pub struct PersistRule {
    /// What it says.
    pub kind: PersistKind,
    /// When.
    pub condition: Condition,
    /// Where the line stands.
    pub place: Place,
}

/// What a rule says of persistence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersistKind {
    /// `force-persist`: also to a server that is down, and to no other.
    Force,
    /// `ignore-persist`: as if the request had no cookie.
    Ignore,
}
