//! Values of the rule language: what converters get, and what fetches and converters come to.

use std::ffi::{CStr, c_char};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::slice;

use lb_core::extension::Arguments;
use lb_core::sample::{SampleType, Value};

/// No value.
pub const LB_TYPE_NONE: u32 = 0;
/// Of integer 0 or 1.
pub const LB_TYPE_BOOL: u32 = 1;
/// A signed integer.
pub const LB_TYPE_INTEGER: u32 = 2;
/// Four bytes in network order.
pub const LB_TYPE_IPV4: u32 = 3;
/// 16 bytes in network order.
pub const LB_TYPE_IPV6: u32 = 4;
/// Text of any encoding.
pub const LB_TYPE_STRING: u32 = 5;
/// Bytes that are no text: where text is asked for they are hexadecimal digits.
pub const LB_TYPE_BINARY: u32 = 6;
/// An HTTP method.
pub const LB_TYPE_METHOD: u32 = 7;
/// Where a type is declared: LB_TYPE_IPV4 or LB_TYPE_IPV6. No value is of it.
pub const LB_TYPE_ADDRESS: u32 = 8;
/// Where a type is declared: any of them. No value is of it.
pub const LB_TYPE_ANY: u32 = 9;

/// Bytes that end where their size says, not with a zero. They belong to the library and are valid during the function
/// that was called with what they were asked of. This structure does not grow.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_bytes {
    /// The bytes; null where there are none.
    pub data: *const u8,
    /// How many.
    pub size: usize,
}

impl lb_bytes {
    pub(crate) fn none() -> Self {
        Self { data: std::ptr::null(), size: 0 }
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), size: bytes.len() }
    }
}

/// A value. This structure does not grow.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_value {
    /// LB_TYPE_NONE to LB_TYPE_METHOD.
    pub kind: u32,
    /// Of LB_TYPE_BOOL and LB_TYPE_INTEGER; else 0.
    pub integer: i64,
    /// Of the other types; valid as long as lb_bytes says.
    pub bytes: lb_bytes,
}

impl lb_value {
    pub(crate) fn none() -> Self {
        Self { kind: LB_TYPE_NONE, integer: 0, bytes: lb_bytes::none() }
    }

    /// A view of a value. The bytes of addresses go where `octets` is.
    pub(crate) fn of(value: &Value<'_>, octets: &mut [u8; 16]) -> Self {
        let bytes = |kind, bytes: &[u8]| Self { kind, integer: 0, bytes: lb_bytes::of(bytes) };
        match value {
            Value::Bool(value) => Self { kind: LB_TYPE_BOOL, integer: i64::from(*value), bytes: lb_bytes::none() },
            Value::Sint(value) => Self { kind: LB_TYPE_INTEGER, integer: *value, bytes: lb_bytes::none() },
            Value::Ipv4(address) => {
                let (start, _) = octets.split_at_mut(4);
                start.copy_from_slice(&address.octets());
                bytes(LB_TYPE_IPV4, start)
            }
            Value::Ipv6(address) => {
                *octets = address.octets();
                bytes(LB_TYPE_IPV6, octets)
            }
            Value::Str(text) => bytes(LB_TYPE_STRING, text),
            Value::Bin(data) => bytes(LB_TYPE_BINARY, data),
            Value::Meth(method) => bytes(LB_TYPE_METHOD, method),
        }
    }

    /// A value of ours from one of the caller's; `None` where it is none.
    ///
    /// # Safety
    ///
    /// The bytes can be read.
    pub(crate) unsafe fn to_value(self) -> Option<Value<'static>> {
        match self.kind {
            LB_TYPE_BOOL => Some(Value::Bool(self.integer != 0)),
            LB_TYPE_INTEGER => Some(Value::Sint(self.integer)),
            // SAFETY: as the caller promises.
            kind => value_of(kind, unsafe { bytes(self.bytes.data, self.bytes.size) }?),
        }
    }
}

/// The caller's bytes; `None` for null with a size.
///
/// # Safety
///
/// `data` is null or can be read for `size` bytes during the call.
pub(crate) unsafe fn bytes<'a>(data: *const u8, size: usize) -> Option<&'a [u8]> {
    match data.is_null() {
        true => (size == 0).then_some(&[]),
        // SAFETY: not null, and as the caller promises.
        false => (size <= isize::MAX as usize).then(|| unsafe { slice::from_raw_parts(data, size) }),
    }
}

fn value_of(kind: u32, bytes: &[u8]) -> Option<Value<'static>> {
    let own = || std::borrow::Cow::Owned(bytes.to_vec());
    match kind {
        LB_TYPE_IPV4 => <[u8; 4]>::try_from(bytes).ok().map(|octets| Value::Ipv4(Ipv4Addr::from(octets))),
        LB_TYPE_IPV6 => <[u8; 16]>::try_from(bytes).ok().map(|octets| Value::Ipv6(Ipv6Addr::from(octets))),
        LB_TYPE_STRING => Some(Value::Str(own())),
        LB_TYPE_BINARY => Some(Value::Bin(own())),
        LB_TYPE_METHOD => Some(Value::Meth(own())),
        _ => None,
    }
}

/// A type that a function declares.
pub(crate) fn sample_type(kind: u32) -> Option<SampleType> {
    Some(match kind {
        LB_TYPE_BOOL => SampleType::Bool,
        LB_TYPE_INTEGER => SampleType::Sint,
        LB_TYPE_IPV4 => SampleType::Ipv4,
        LB_TYPE_IPV6 => SampleType::Ipv6,
        LB_TYPE_STRING => SampleType::Str,
        LB_TYPE_BINARY => SampleType::Bin,
        LB_TYPE_METHOD => SampleType::Meth,
        LB_TYPE_ADDRESS => SampleType::Addr,
        LB_TYPE_ANY => SampleType::Any,
        _ => return None,
    })
}

/// What a function comes to. It has no value until one is set; the last that is set counts. What is set is copied.
#[derive(Debug, Default)]
pub struct lb_result {
    pub(crate) value: Option<Value<'static>>,
}

/// # Safety
///
/// `result` is null or what the running function was called with.
unsafe fn set(result: *mut lb_result, value: Option<Value<'static>>) {
    // SAFETY: as the caller promises.
    if let Some(result) = unsafe { result.as_mut() } {
        result.value = value;
    }
}

/// Sets an integer. Null is allowed and nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_result_integer(result: *mut lb_result, value: i64) {
    // SAFETY: the caller promises a result.
    unsafe { set(result, Some(Value::Sint(value))) }
}

/// Sets a bool: 0 or another number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_result_bool(result: *mut lb_result, value: i32) {
    // SAFETY: the caller promises a result.
    unsafe { set(result, Some(Value::Bool(value != 0))) }
}

/// Sets a string that ends with a zero; null is no value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_result_text(result: *mut lb_result, text: *const c_char) {
    // SAFETY: the caller promises null or a string.
    let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) });
    // SAFETY: the caller promises a result.
    unsafe { set(result, text.map(|text| Value::Str(text.to_bytes().to_vec().into()))) }
}

/// Sets bytes of a type from LB_TYPE_IPV4, which has 4, and LB_TYPE_IPV6, which has 16, to LB_TYPE_METHOD. What is none of
/// these is no value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_result_bytes(result: *mut lb_result, kind: u32, data: *const u8, size: usize) {
    // SAFETY: the caller promises that the bytes can be read.
    let value = unsafe { bytes(data, size) }.and_then(|bytes| value_of(kind, bytes));
    // SAFETY: the caller promises a result.
    unsafe { set(result, value) }
}

/// The arguments that the configuration gives a function, as their types say.
#[derive(Debug)]
pub struct lb_arguments {
    list: *const Arguments<'static>,
}

impl lb_arguments {
    /// What a function gets; it must not outlive `list`.
    pub(crate) fn of(list: &Arguments<'_>) -> Self {
        Self { list: std::ptr::from_ref(list).cast() }
    }
}

/// # Safety
///
/// `arguments` is null or what the running function was called with.
unsafe fn arguments<'a>(arguments: *const lb_arguments) -> Option<&'a Arguments<'static>> {
    // SAFETY: as the caller promises; the list is there as long as the function runs.
    unsafe { arguments.as_ref().and_then(|arguments| arguments.list.as_ref()) }
}

/// The text or the name that an argument is, or what its format came to. Returns 1, or 0 where it was left out or is of
/// another type; *bytes is nothing then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_arguments_bytes(list: *const lb_arguments, index: usize, bytes: *mut lb_bytes) -> i32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let found = arguments(list).and_then(|list| list.bytes(index));
        write(bytes, found.map_or(lb_bytes::none(), lb_bytes::of));
        i32::from(found.is_some())
    }
}

/// The integer that an argument is. Returns 1, or 0 where it was left out or is of another type; *integer is 0 then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_arguments_integer(list: *const lb_arguments, index: usize, integer: *mut i64) -> i32 {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        let found = arguments(list).and_then(|list| list.number(index));
        write(integer, found.unwrap_or(0));
        i32::from(found.is_some())
    }
}

/// The address or the mask that an argument is: writes up to 16 bytes in network order and returns how many, 4 or 16; 0
/// where it was left out or is of another type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_arguments_address(list: *const lb_arguments, index: usize, octets: *mut u8) -> usize {
    // SAFETY: the caller promises pointers as the header says.
    unsafe { write_address(arguments(list).and_then(|list| list.ip(index)), octets) }
}

/// # Safety
///
/// `octets` is null or can be written for 16 bytes.
pub(crate) unsafe fn write_address(address: Option<IpAddr>, octets: *mut u8) -> usize {
    let copy = |bytes: &[u8]| {
        if !octets.is_null() {
            // SAFETY: as the caller promises; addresses have 16 bytes at most.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), octets, bytes.len()) };
        }
        bytes.len()
    };
    match address {
        Some(IpAddr::V4(address)) => copy(&address.octets()),
        Some(IpAddr::V6(address)) => copy(&address.octets()),
        None => 0,
    }
}

/// Writes what is asked for, where it is.
///
/// # Safety
///
/// `to` is null or valid for one write.
pub(crate) unsafe fn write<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: as the caller promises.
        unsafe { to.write(value) };
    }
}
