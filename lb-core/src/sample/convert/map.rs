//! Maps: `map`, `map_<match>`, `map_<match>_<type>` (configuration.txt, section 7.3.1).

use std::sync::Arc;

use super::{Arg, ArgSpec, Check, Context, Converter, SampleType, Value};
use crate::pattern::{Map, Method, Output};
use crate::sample::{ArgKind, Scope};

const TEXT_DEFAULT: ArgSpec = ArgSpec::of(1, &[ArgKind::Str, ArgKind::Str]);
const NUMBER_DEFAULT: ArgSpec = ArgSpec::of(1, &[ArgKind::Str, ArgKind::Sint]);

const fn text(name: &'static str, input: SampleType, check: Check) -> Converter {
    Converter::new(name, input, SampleType::Str, run).args(TEXT_DEFAULT).check(check)
}

const fn number(name: &'static str, input: SampleType, check: Check) -> Converter {
    Converter::new(name, input, SampleType::Sint, run).args(NUMBER_DEFAULT).check(check)
}

const fn address(name: &'static str, input: SampleType, check: Check) -> Converter {
    Converter::new(name, input, SampleType::Addr, run).args(TEXT_DEFAULT).check(check)
}

const STR: SampleType = SampleType::Str;
const SINT: SampleType = SampleType::Sint;
const ADDR: SampleType = SampleType::Addr;

pub(super) const CONVERTERS: &[Converter] = &[
    text("map", STR, |args, scope| open(args, scope, Method::Str, Output::Str)),
    text("map_beg", STR, |args, scope| open(args, scope, Method::Beg, Output::Str)),
    number("map_beg_int", STR, |args, scope| open(args, scope, Method::Beg, Output::Sint)),
    address("map_beg_ip", STR, |args, scope| open(args, scope, Method::Beg, Output::Addr)),
    text("map_dir", STR, |args, scope| open(args, scope, Method::Dir, Output::Str)),
    number("map_dir_int", STR, |args, scope| open(args, scope, Method::Dir, Output::Sint)),
    address("map_dir_ip", STR, |args, scope| open(args, scope, Method::Dir, Output::Addr)),
    text("map_dom", STR, |args, scope| open(args, scope, Method::Dom, Output::Str)),
    number("map_dom_int", STR, |args, scope| open(args, scope, Method::Dom, Output::Sint)),
    address("map_dom_ip", STR, |args, scope| open(args, scope, Method::Dom, Output::Addr)),
    text("map_end", STR, |args, scope| open(args, scope, Method::End, Output::Str)),
    number("map_end_int", STR, |args, scope| open(args, scope, Method::End, Output::Sint)),
    address("map_end_ip", STR, |args, scope| open(args, scope, Method::End, Output::Addr)),
    text("map_int", SINT, |args, scope| open(args, scope, Method::Int, Output::Str)),
    number("map_int_int", SINT, |args, scope| open(args, scope, Method::Int, Output::Sint)),
    address("map_int_ip", SINT, |args, scope| open(args, scope, Method::Int, Output::Addr)),
    text("map_ip", ADDR, |args, scope| open(args, scope, Method::Ip, Output::Str)),
    number("map_ip_int", ADDR, |args, scope| open(args, scope, Method::Ip, Output::Sint)),
    address("map_ip_ip", ADDR, |args, scope| open(args, scope, Method::Ip, Output::Addr)),
    text("map_reg", STR, |args, scope| open(args, scope, Method::Reg, Output::Str)),
    number("map_reg_int", STR, |args, scope| open(args, scope, Method::Reg, Output::Sint)),
    address("map_reg_ip", STR, |args, scope| open(args, scope, Method::Reg, Output::Addr)),
    text("map_regm", STR, |args, scope| open(args, scope, Method::Reg, Output::Groups)),
    text("map_str", STR, |args, scope| open(args, scope, Method::Str, Output::Str)),
    number("map_str_int", STR, |args, scope| open(args, scope, Method::Str, Output::Sint)),
    address("map_str_ip", STR, |args, scope| open(args, scope, Method::Str, Output::Addr)),
    text("map_sub", STR, |args, scope| open(args, scope, Method::Sub, Output::Str)),
    number("map_sub_int", STR, |args, scope| open(args, scope, Method::Sub, Output::Sint)),
    address("map_sub_ip", STR, |args, scope| open(args, scope, Method::Sub, Output::Addr)),
];

/// Reads the map and leaves it in the place of its name.
fn open(args: &mut [Arg], scope: &Scope<'_>, method: Method, output: Output) -> Result<(), String> {
    let default = match args.get(1) {
        Some(Arg::Str(text)) => Some(Value::Str(text.to_vec().into())),
        Some(Arg::Sint(number)) => Some(Value::Sint(*number)),
        _ => None,
    };
    let Some(first) = args.first_mut() else { return Ok(()) };
    let file = String::from_utf8_lossy(first.text().unwrap_or_default()).into_owned();
    let place = (scope.file, scope.line);
    let map = Map::open(&scope.names.references, (&file, &scope.locate(&file)), (method, output), default, place);
    *first = Arg::Own(Arc::new(map.map_err(|error| error.to_string())?));
    Ok(())
}

fn run<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    args.first()?.own::<Map>()?.get(&value, context.sets())
}
