//! Beside the path: changes of servers told by mail (`email-alert`; configuration.txt, section 3.6).
//!
//! ```text
//!   a change of state ─▶ alerts     is it mailed, and which text; one bounded queue for each mailer of a proxy
//!                        message    the text of a mail
//!                        dialogue   SMTP (RFC 5321) from the client's side, without sockets
//!                        delivery   the sockets: one mail after the other, on the control thread
//! ```
//!
//! A mail is tried once at each mailer and then forgotten, as HAProxy does: what could not be delivered is logged. A soft
//! stop waits for mails that are under way, not for those in a queue. Nobody who makes a change waits here: a queue that is
//! full loses and counts.

mod alerts;
mod delivery;
mod dialogue;
mod message;

pub(crate) use alerts::{Alerts, Delivery};
pub(crate) use delivery::{Underway, deliver};
