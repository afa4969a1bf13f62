//! HTTP (configuration.txt, section 7.3.6).

use super::{Fetch, SampleType, Value};
use crate::rules::redirect::path_and_query;

const REQUEST: &str = "..YYYYYYYYY...........";

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one("..YYYYYYYYYYYYYYYYY...", "method", SampleType::Meth, |context, _| {
        context.request.map(|request| Value::Meth(request.method().into()))
    }),
    Fetch::one(REQUEST, "path", SampleType::Str, |context, _| {
        let path = path_and_query(context.request?.target());
        Some(Value::str(path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()))
    }),
    Fetch::one(REQUEST, "url", SampleType::Str, |context, _| context.request.map(|head| Value::str(head.target()))),
];
