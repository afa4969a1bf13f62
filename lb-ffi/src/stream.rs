//! A stream as the functions of extensions see it.

use std::cell::RefCell;
use std::ffi::c_char;
use std::net::SocketAddr;

use lb_core::extension::{ActionView, Response, StreamView};
use lb_core::http::message::Head;
use lb_core::sample::Value;

use crate::guard;
use crate::pointer;
use crate::value::{lb_bytes, lb_value, write, write_address};

/// The request, for functions that look at a message.
pub const LB_REQUEST: u32 = 1;
/// The response.
pub const LB_RESPONSE: u32 = 2;

/// The method of the request (lb_stream_text).
pub const LB_TEXT_METHOD: u32 = 1;
/// The request's target as it is: "/path?query".
pub const LB_TEXT_URI: u32 = 2;
/// The name of the frontend.
pub const LB_TEXT_FRONTEND: u32 = 3;
/// The name of the backend, once there is one.
pub const LB_TEXT_BACKEND: u32 = 4;
/// The name of the server, once there is one.
pub const LB_TEXT_SERVER: u32 = 5;
/// The version of TLS, where the client uses it.
pub const LB_TEXT_TLS_VERSION: u32 = 6;
/// The cipher, where the client uses TLS.
pub const LB_TEXT_TLS_CIPHER: u32 = 7;

/// The client's address, or what the PROXY header or set-src says (lb_stream_address).
pub const LB_ADDRESS_SOURCE: u32 = 1;
/// The address that the client connected to.
pub const LB_ADDRESS_DESTINATION: u32 = 2;

/// A stream, or the connection that has none yet. It is valid during the function that is called with it, on the thread
/// that calls it; so is what it is asked for. Null is a stream that has nothing.
#[derive(Debug)]
pub struct lb_stream {
    view: *const StreamView<'static, 'static>,
    /// Null where no action looks at it.
    pub(crate) action: *mut ActionView<'static, 'static>,
    /// Values that were asked for, and their octets where they are addresses.
    kept: RefCell<Vec<Kept>>,
    pub(crate) answer: RefCell<Answer>,
}

/// A value that was asked for, in a place of its own: the caller has pointers to it.
type Kept = Box<(Value<'static>, [u8; 16])>;

/// What an action answers with.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) deny: Option<u16>,
    pub(crate) reply: Option<Response>,
}

impl lb_stream {
    /// What a fetch sees; it must not outlive `view`.
    pub(crate) fn of(view: &StreamView<'_, '_>) -> Self {
        Self {
            view: std::ptr::from_ref(view).cast(),
            action: std::ptr::null_mut(),
            kept: RefCell::default(),
            answer: RefCell::default(),
        }
    }

    /// What an action sees; it must not outlive `view`.
    pub(crate) fn of_action(view: &mut ActionView<'_, '_>) -> Self {
        Self {
            view: std::ptr::null(),
            action: std::ptr::from_mut(view).cast(),
            kept: RefCell::default(),
            answer: RefCell::default(),
        }
    }

    fn view(&self) -> Option<&StreamView<'static, 'static>> {
        // SAFETY: what they point at outlives this object, and nothing changes it while a function of ours looks.
        unsafe {
            match self.action.as_ref() {
                Some(action) => Some(action),
                None => self.view.as_ref(),
            }
        }
    }

    fn head(&self, message: u32) -> Option<&Head> {
        match message {
            LB_REQUEST => self.view()?.request(),
            LB_RESPONSE => self.view()?.response(),
            _ => None,
        }
    }

    fn text(&self, what: u32) -> Option<&[u8]> {
        let view = self.view()?;
        match what {
            LB_TEXT_METHOD => view.request().map(Head::method),
            LB_TEXT_URI => view.request().map(Head::target),
            LB_TEXT_FRONTEND => view.frontend().map(str::as_bytes),
            LB_TEXT_BACKEND => view.backend().map(str::as_bytes),
            LB_TEXT_SERVER => view.server().map(str::as_bytes),
            LB_TEXT_TLS_VERSION => view.tls().map(|(version, _)| version.as_bytes()),
            LB_TEXT_TLS_CIPHER => view.tls().map(|(_, cipher)| cipher.as_bytes()),
            _ => None,
        }
    }

    fn address(&self, which: u32) -> Option<SocketAddr> {
        match which {
            LB_ADDRESS_SOURCE => self.view()?.source(),
            LB_ADDRESS_DESTINATION => self.view()?.destination(),
            _ => None,
        }
    }

    fn variable(&self, name: &str) -> Option<lb_value> {
        let mut kept = Box::new((self.view()?.variable(name)?, [0; 16]));
        let (value, octets) = &mut *kept;
        let view = lb_value::of(value, octets);
        // What the view points at stays where it is.
        self.kept.borrow_mut().push(kept);
        Some(view)
    }
}

/// Runs a look at a stream, which has nothing to tell where it fails.
///
/// # Safety
///
/// `stream` is null or what the running function was called with.
unsafe fn look<'a, T>(stream: *const lb_stream, body: impl FnOnce(&'a lb_stream) -> Option<T>) -> Option<T> {
    // SAFETY: as the caller promises.
    let stream: &'a lb_stream = unsafe { stream.as_ref() }?;
    guard::caught(|| Ok(body(stream))).ok().flatten()
}

/// A text of the stream: LB_TEXT_METHOD and the like. Returns 1, or 0 where there is none; *text is nothing then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_text(stream: *const lb_stream, what: u32, text: *mut lb_bytes) -> i32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let found = look(stream, |stream| stream.text(what)).map(lb_bytes::of);
        write(text, found.unwrap_or(lb_bytes::none()));
        i32::from(found.is_some())
    }
}

/// The value of a header field of LB_REQUEST or LB_RESPONSE; index, from 0, is for fields of the same name. Values are not
/// divided at their commas. Returns 1, or 0 where there is no such field; *value is nothing then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_header(
    stream: *const lb_stream,
    message: u32,
    name: *const c_char,
    index: usize,
    value: *mut lb_bytes,
) -> i32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let found = look(stream, |stream| {
            let name = pointer::text(name, "name").ok()?;
            stream.head(message)?.values(name).nth(index).map(lb_bytes::of)
        });
        write(value, found.unwrap_or(lb_bytes::none()));
        i32::from(found.is_some())
    }
}

/// Name and value of the header field of number index, from 0, of LB_REQUEST or LB_RESPONSE. Returns 1, or 0 where there
/// are not that many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_header_at(
    stream: *const lb_stream,
    message: u32,
    index: usize,
    name: *mut lb_bytes,
    value: *mut lb_bytes,
) -> i32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let found = look(stream, |stream| stream.head(message)?.fields().nth(index));
        let of = |part: Option<&[u8]>| part.map_or(lb_bytes::none(), lb_bytes::of);
        write(name, of(found.map(|(name, _)| name)));
        write(value, of(found.map(|(_, value)| value)));
        i32::from(found.is_some())
    }
}

/// The status code of the response; 0 where there is none yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_status(stream: *const lb_stream) -> u32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe { look(stream, |stream| stream.head(LB_RESPONSE).map(|head| u32::from(head.status()))) }.unwrap_or(0)
}

/// What has been received of the body of LB_REQUEST or LB_RESPONSE and was not forwarded; in mode tcp what was sent. Of a
/// body there is something where wait-for-body or option http-buffer-request waited. Returns 1 where it is all of it, else
/// 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_data(stream: *const lb_stream, message: u32, data: *mut lb_bytes) -> i32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let found = look(stream, |stream| match message {
            LB_REQUEST => Some(stream.view()?.request_data()),
            LB_RESPONSE => Some(stream.view()?.response_data()),
            _ => None,
        });
        write(data, found.map_or(lb_bytes::none(), |(bytes, _)| lb_bytes::of(bytes)));
        i32::from(found.is_some_and(|(_, complete)| complete))
    }
}

/// Says that more data may change the answer: rules under an inspect-delay wait for it and ask again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_wait(stream: *const lb_stream) {
    // SAFETY: the caller promises pointers as the header says.
    unsafe { look(stream, |stream| stream.view()?.wait::<()>()) };
}

/// LB_ADDRESS_SOURCE or LB_ADDRESS_DESTINATION: writes up to 16 bytes in network order and the port, and returns how many
/// bytes it wrote, 4 or 16; 0 where there is none, as for clients of UNIX sockets. octets and port may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_address(
    stream: *const lb_stream,
    which: u32,
    octets: *mut u8,
    port: *mut u16,
) -> usize {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let address = look(stream, |stream| stream.address(which));
        write(port, address.map_or(0, |address| address.port()));
        write_address(address.map(|address| address.ip()), octets)
    }
}

/// A variable: "txn.user". Returns 1, or 0 where it has no value; *value is of LB_TYPE_NONE then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_variable(
    stream: *const lb_stream,
    name: *const c_char,
    value: *mut lb_value,
) -> i32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let found = look(stream, |stream| stream.variable(pointer::text(name, "name").ok()?));
        write(value, found.unwrap_or(lb_value::none()));
        i32::from(found.is_some())
    }
}
