//! Entry points of the fuzz targets, which only want to see that nothing breaks.

use crate::instant::Instant;
use std::cell::RefCell;

use super::context::{Buffered, ClientFacts, Context, Known, Peek};
use super::names::{Names, ProxyHeader};
use super::variable::{Scopes, Variables};
use super::{Expression, Place, Places, Scope, Value, convert, fetch};
use crate::http::h1::parse::{Limits, Parsed, parse_request, parse_response};
use crate::http::message::Head;
use crate::log::{FormatUse, LogFormat};

/// Reads a chain of converters and gives it bytes, as text and as they are.
pub fn convert_any(chain: &str, input: &[u8]) {
    if opens_files(chain) {
        return;
    }
    let names = Names::default();
    let text = format!("var(txn.in),{chain}");
    let scope = Scope::of(&names, "http-request expression");
    let Ok((expression, _)) = Expression::parse_words([text.as_str()], &scope) else { return };
    for value in [Value::str(input.to_vec()), Value::Bin(input.to_vec().into())] {
        let txn = Variables::default();
        txn.set(&"in".into(), value);
        let context = Context { variables: Scopes { txn: Some(&txn), ..Scopes::default() }, ..Context::default() };
        let _ = expression.bytes(&context);
    }
}

/// Gives bytes to one converter, by its place in the table of all, with arguments.
pub fn convert_by(index: usize, args: &str, input: &[u8]) {
    let names: Vec<&str> = convert::all().map(|converter| converter.name).filter(|name| !opens_files(name)).collect();
    let Some(name) = names.get(index % names.len().max(1)) else { return };
    convert_any(&if args.is_empty() { (*name).to_owned() } else { format!("{name}({args})") }, input);
}

/// Reads an expression that begins with one fetch, by its place in the table of all, or any text, and evaluates it at
/// every place for bytes that may be HTTP; the text as a log format as well.
pub fn evaluate_any(fetch: Option<usize>, text: &str, bytes: &[u8]) {
    let known: Vec<&str> = fetch::all().map(|fetch| fetch.name).collect();
    let name = fetch.and_then(|index| known.get(index % known.len().max(1))).copied().unwrap_or_default();
    let text = format!("{name}{text}");
    if opens_files(&text) {
        return;
    }
    let proxy =
        ProxyHeader { name: "p".into(), frontend: true, backend: true, table: true, servers: vec!["s".to_owned()] };
    let names = Names { proxies: vec![proxy], userlists: vec!["l".to_owned()], ..Names::default() };
    let scope = Scope { proxy: Some(0), ..Scope::of(&names, "http-request expression") };
    let usage = FormatUse { http: true, messages: false, rule: true, places: Places::ALL, scope };
    let format = LogFormat::parse_in(&text, &usage).ok();
    let expression = Expression::parse_prefix(&text, &scope).ok().map(|(expression, _)| expression);
    let words = Expression::parse_words(text.split(' '), &scope).ok().map(|(expression, _)| expression);
    if format.is_none() && expression.is_none() && words.is_none() {
        return;
    }
    let messages = Messages::of(bytes);
    for place in Place::EVERY {
        for complete in [false, true] {
            let txn = Variables::default();
            let peek = Peek::default();
            let captured = RefCell::default();
            let context = messages.context(place, complete, (&txn, &peek, &captured));
            for expression in expression.iter().chain(&words) {
                let _ = expression.bytes(&context);
                expression.any(&context, &mut |_| false);
            }
            if let Some(format) = &format {
                format.render_alone(&context, &mut Vec::new());
            }
        }
    }
}

/// Files that the text names are read, names are looked up, and traces are written.
fn opens_files(text: &str) -> bool {
    ["map", "jwt_verify", "debug"].iter().any(|name| text.contains(name))
}

/// Bytes, and the heads that they are.
struct Messages<'b> {
    request: Option<Head>,
    response: Option<Head>,
    request_data: &'b [u8],
    response_data: &'b [u8],
    facts: Known<'static>,
}

impl<'b> Messages<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        let limits = Limits::default();
        let (mut request, mut response) = (Head::default(), Head::default());
        let asked = parse_request(bytes, &limits, true, &mut request);
        let answered = parse_response(bytes, &limits, true, &mut response);
        let data = |parsed: &Parsed| match parsed {
            Parsed::Complete { len } => bytes.get(*len..).unwrap_or_default(),
            _ => bytes,
        };
        let (request_data, response_data) = (data(&asked), data(&answered));
        let address = Some(([192, 0, 2, 1], 80).into());
        Self {
            request: matches!(asked, Parsed::Complete { .. }).then_some(request),
            response: matches!(answered, Parsed::Complete { .. }).then_some(response),
            request_data,
            response_data,
            facts: Known {
                client: ClientFacts { source: address, destination: address, ..ClientFacts::default() },
                ..Known::default()
            },
        }
    }

    fn context<'c>(
        &'c self,
        place: Place,
        complete: bool,
        (txn, peek, captured): (&'c Variables, &'c Peek, &'c RefCell<Vec<super::context::Capture>>),
    ) -> Context<'c> {
        let buffered = |bytes| Buffered { bytes, complete, full: false, announced: None };
        Context {
            place,
            now: Some(Instant::now()),
            facts: Some(&self.facts),
            request: self.request.as_ref(),
            response: self.response.as_ref(),
            request_data: buffered(self.request_data),
            response_data: buffered(self.response_data),
            peek: self.request.is_none().then_some(peek),
            captured: Some(captured),
            variables: Scopes { txn: Some(txn), req: Some(txn), res: Some(txn), ..Scopes::default() },
            last: complete,
            ..Context::default()
        }
    }
}
