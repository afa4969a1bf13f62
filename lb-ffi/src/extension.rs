//! Sample fetches, converters and actions of the caller.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lb_core::config::RuleList;
use lb_core::extension::{Action, Converter, ExtensionError, Extensions, Fetch, Needs, Outcome};
use lb_core::sample::SampleType;

use crate::error::{Failure, lb_error};
use crate::guard;
use crate::pointer;
use crate::signature::{Given, lb_extension};
use crate::status::lb_status::{self, *};
use crate::stream::lb_stream;
use crate::value::{lb_arguments, lb_result, lb_value, sample_type};

/// A fetch takes its value from no stream: it can be used everywhere but in the configuration itself.
pub const LB_NEEDS_NOTHING: u32 = 0;
/// From the client's connection.
pub const LB_NEEDS_CLIENT: u32 = 1;
/// From the frontend.
pub const LB_NEEDS_FRONTEND: u32 = 2;
/// From the request's head: from the request on, log lines included.
pub const LB_NEEDS_REQUEST: u32 = 3;
/// From the request's body, or what was received in mode tcp: while the request passes.
pub const LB_NEEDS_REQUEST_DATA: u32 = 4;
/// From the response's head, log lines included.
pub const LB_NEEDS_RESPONSE: u32 = 5;
/// From the head that is judged: the request's in rules of requests, the response's in those of responses.
pub const LB_NEEDS_MESSAGE: u32 = 6;

/// An action of tcp-request connection rules.
pub const LB_RULES_TCP_CONNECTION: u32 = 1;
/// Of tcp-request session.
pub const LB_RULES_TCP_SESSION: u32 = 2;
/// Of tcp-request content.
pub const LB_RULES_TCP_CONTENT: u32 = 4;
/// Of tcp-response content.
pub const LB_RULES_TCP_RESPONSE: u32 = 8;
/// Of http-request.
pub const LB_RULES_HTTP_REQUEST: u32 = 16;
/// Of http-response.
pub const LB_RULES_HTTP_RESPONSE: u32 = 32;
/// Of http-after-response.
pub const LB_RULES_HTTP_AFTER_RESPONSE: u32 = 64;

/// Behind an action: on to the next rule.
pub const LB_ACTION_NEXT: u32 = 0;
/// The rules that follow are not looked at, as behind allow.
pub const LB_ACTION_STOP: u32 = 1;
/// The message is denied with the error page of lb_stream_deny(), or that of 403. In TCP rules the connection is closed.
pub const LB_ACTION_DENY: u32 = 2;
/// The message is answered with the response of lb_stream_reply(). In TCP rules the connection is closed.
pub const LB_ACTION_REPLY: u32 = 3;
/// The connection is closed without a word, as reject does.
pub const LB_ACTION_CLOSE: u32 = 4;

/// Takes a value from a stream and sets it; none where it sets none.
pub type lb_fetch_function = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        stream: *const lb_stream,
        arguments: *const lb_arguments,
        result: *mut lb_result,
    ),
>;

/// Makes a value of another one and sets it; none where it sets none.
pub type lb_convert_function = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        value: *const lb_value,
        arguments: *const lb_arguments,
        result: *mut lb_result,
    ),
>;

/// Does something with a message and its stream, and returns LB_ACTION_NEXT and the like.
pub type lb_action_function =
    Option<unsafe extern "C" fn(user_data: *mut c_void, stream: *mut lb_stream, arguments: *const lb_arguments) -> u32>;

/// What a program adds to the rule language: sample fetches, converters and actions, used by name as those that the
/// language has. They are given to lb_builder_extensions() or, as extensions, to a start.
///
/// Functions are called by the threads that serve, by several at once: they must not wait, and cost every request what
/// they take. What they are called with is theirs until they return. They must not unwind: no C++ exception may leave
/// them. They may call the functions on what they are called with; none on instances and builders.
#[derive(Debug, Default)]
pub struct lb_extensions {
    inner: Extensions,
}

impl lb_extensions {
    pub(crate) fn share(&self) -> Extensions {
        self.inner.clone()
    }
}

fn needs(number: u32) -> Result<Needs, Failure> {
    Ok(match number {
        LB_NEEDS_NOTHING => Needs::Nothing,
        LB_NEEDS_CLIENT => Needs::Client,
        LB_NEEDS_FRONTEND => Needs::Frontend,
        LB_NEEDS_REQUEST => Needs::Request,
        LB_NEEDS_REQUEST_DATA => Needs::RequestData,
        LB_NEEDS_RESPONSE => Needs::Response,
        LB_NEEDS_MESSAGE => Needs::Message,
        other => return Err(Failure::new(LB_ERR_ARGUMENT, format!("'needs' is {other}, which is nothing"))),
    })
}

fn type_of(number: u32, name: &str) -> Result<SampleType, Failure> {
    sample_type(number)
        .ok_or_else(|| Failure::new(LB_ERR_ARGUMENT, format!("'{name}' is {number}, which is no type of a value")))
}

fn rules(bits: u32) -> Result<Vec<RuleList>, Failure> {
    const ALL: [(u32, RuleList); 7] = [
        (LB_RULES_TCP_CONNECTION, RuleList::TcpConnection),
        (LB_RULES_TCP_SESSION, RuleList::TcpSession),
        (LB_RULES_TCP_CONTENT, RuleList::TcpContent),
        (LB_RULES_TCP_RESPONSE, RuleList::TcpResponse),
        (LB_RULES_HTTP_REQUEST, RuleList::HttpRequest),
        (LB_RULES_HTTP_RESPONSE, RuleList::HttpResponse),
        (LB_RULES_HTTP_AFTER_RESPONSE, RuleList::HttpAfterResponse),
    ];
    let known = ALL.iter().fold(0, |bits, (bit, _)| bits | bit);
    if bits == 0 || bits & !known != 0 {
        return Err(Failure::new(LB_ERR_ARGUMENT, "'rules' names none, or what no rules are"));
    }
    Ok(ALL.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, list)| *list).collect())
}

/// What of an extension was not taken.
fn refused(error: ExtensionError) -> Failure {
    Failure::new(LB_ERR_ARGUMENT, error.to_string())
}

/// Reads an extension and adds it with `add`.
///
/// # Safety
///
/// `extensions` is null or extensions that were not freed and that nobody else uses; `extension` as of [`Given::read`].
unsafe fn register(
    extensions: *mut lb_extensions,
    extension: *const lb_extension,
    error: *mut *mut lb_error,
    add: impl FnOnce(Extensions, &Given) -> Result<Extensions, Failure>,
) -> lb_status {
    // SAFETY: as the caller promises.
    unsafe {
        guard::call(error, || {
            let extensions = pointer::exclusive(extensions, "extensions")?;
            let given = Given::read(extension)?;
            extensions.inner = add(extensions.inner.clone(), &given)?;
            given.data.taken.store(true, Ordering::Release);
            Ok(())
        })
    }
}

/// New extensions, none yet, to be freed with lb_extensions_free(). Never null.
#[unsafe(no_mangle)]
pub extern "C" fn lb_extensions_new() -> *mut lb_extensions {
    Box::into_raw(Box::default())
}

/// Frees extensions; builders and instances that were given them keep them. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_extensions_free(extensions: *mut lb_extensions) {
    // SAFETY: the caller promises null or extensions that were not freed.
    unsafe { pointer::free(extensions) }
}

/// Adds a sample fetch, "%[name(arguments)]", "acl a name(arguments) ...". output is the type of its values,
/// LB_TYPE_BOOL and the like, others are cast to it; needs is LB_NEEDS_NOTHING and the like.
///
/// Errors: LB_ERR_ARGUMENT for a name that is none or is taken, and for numbers that are none; LB_ERR_NULL;
/// LB_ERR_ENCODING; LB_ERR_STRUCT_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_extensions_fetch(
    extensions: *mut lb_extensions,
    extension: *const lb_extension,
    output: u32,
    needs: u32,
    function: lb_fetch_function,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        register(extensions, extension, error, |extensions, given| {
            let function = function.ok_or_else(|| Failure::null("function"))?;
            let data = Arc::clone(&given.data);
            let run =
                Fetch::new(given.name.as_str(), type_of(output, "output")?, self::needs(needs)?, move |view, list| {
                    let (stream, list) = (lb_stream::of(view), lb_arguments::of(list));
                    let mut result = lb_result::default();
                    // SAFETY: the caller gave the function with this type; what it gets outlives the call.
                    function(data.data, &stream, &list, &mut result);
                    result.value
                });
            let fetch = run.args(&given.required).optional_args(&given.optional).check(given.check());
            extensions.fetch(fetch).map_err(refused)
        })
    }
}

/// Adds a converter, ",name(arguments)". It gets values of the type input; the rest is as of lb_extensions_fetch().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_extensions_converter(
    extensions: *mut lb_extensions,
    extension: *const lb_extension,
    input: u32,
    output: u32,
    function: lb_convert_function,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        register(extensions, extension, error, |extensions, given| {
            let function = function.ok_or_else(|| Failure::null("function"))?;
            let data = Arc::clone(&given.data);
            let (input, output) = (type_of(input, "input")?, type_of(output, "output")?);
            let run = Converter::new(given.name.as_str(), input, output, move |value, list| {
                let mut octets = [0; 16];
                let (value, list) = (lb_value::of(&value, &mut octets), lb_arguments::of(list));
                let mut result = lb_result::default();
                // SAFETY: the caller gave the function with this type; what it gets outlives the call.
                function(data.data, &value, &list, &mut result);
                result.value
            });
            let converter = run.args(&given.required).optional_args(&given.optional).check(given.check());
            extensions.converter(converter).map_err(refused)
        })
    }
}

/// Adds an action, "http-request name arguments if condition". rules is where it can be used: LB_RULES_HTTP_REQUEST and
/// the like, combined with |; the rest is as of lb_extensions_fetch(). A number that the function returns and that is
/// no outcome refuses the message with 500.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_extensions_action(
    extensions: *mut lb_extensions,
    extension: *const lb_extension,
    rules: u32,
    function: lb_action_function,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        register(extensions, extension, error, |extensions, given| {
            let function = function.ok_or_else(|| Failure::null("function"))?;
            let data = Arc::clone(&given.data);
            let run = Action::new(given.name.as_str(), move |view, list| {
                let (mut stream, list) = (lb_stream::of_action(view), lb_arguments::of(list));
                // SAFETY: the caller gave the function with this type; what it gets outlives the call.
                let outcome = function(data.data, &mut stream, &list);
                let answer = stream.answer.into_inner();
                match (outcome, answer.reply) {
                    (LB_ACTION_NEXT, _) => Outcome::Next,
                    (LB_ACTION_STOP, _) => Outcome::Stop,
                    (LB_ACTION_DENY, _) => Outcome::Deny(answer.deny.unwrap_or(403)),
                    (LB_ACTION_REPLY, Some(response)) => Outcome::Reply(response),
                    (LB_ACTION_CLOSE, _) => Outcome::Close,
                    _ => Outcome::Deny(500),
                }
            });
            let action = run.rules(&self::rules(rules)?).args(&given.required).optional_args(&given.optional);
            extensions.action(action.check(given.check())).map_err(refused)
        })
    }
}
