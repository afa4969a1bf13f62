//! What C callers point at: checked for null, for UTF-8 and for the size of a structure.

use std::ffi::{CStr, CString, c_char};

use crate::error::Failure;
use crate::status::lb_status::*;

/// No structure will ever be that large: a larger `struct_size` was not set.
const LARGEST: usize = 1 << 16;

/// A structure that grows at its end: its first field is `struct_size`.
///
/// # Safety
///
/// The first field is the `usize` `struct_size`; all bytes zero, and every value that C can give its fields, are values
/// of it.
pub(crate) unsafe trait Versioned: Copy {
    /// Size of its first version.
    const FIRST_SIZE: usize;
}

/// Reads a structure that may be older or newer than ours: what it does not have is zero, and what we do not know has
/// to be.
///
/// # Safety
///
/// `pointer` is null or points at a structure of as many bytes as its `struct_size` says.
pub(crate) unsafe fn read<T: Versioned>(pointer: *const T, name: &str) -> Result<T, Failure> {
    // SAFETY: as the caller promises.
    let size = unsafe { size_of_pointed(pointer, name) }?;
    let bytes = pointer.cast::<u8>();
    for index in size_of::<T>()..size {
        // SAFETY: within the size that the caller set.
        if unsafe { bytes.add(index).read() } != 0 {
            let text = format!("'{name}' sets a field that this version of the library does not know");
            return Err(Failure::new(LB_ERR_STRUCT_SIZE, text));
        }
    }
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: no more is copied than both have, and zeroes are a value of the rest.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes, value.as_mut_ptr().cast(), size.min(size_of::<T>()));
        Ok(value.assume_init())
    }
}

/// Fills a structure of the caller, which may be older or newer than ours: what we do not know becomes zero.
/// `struct_size` stays.
///
/// # Safety
///
/// As [`read`]; and it can be written.
pub(crate) unsafe fn fill<T: Versioned>(pointer: *mut T, name: &str, value: T) -> Result<(), Failure> {
    // SAFETY: as the caller promises.
    let size = unsafe { size_of_pointed(pointer, name) }?;
    let (from, to) = ((&raw const value).cast::<u8>(), pointer.cast::<u8>());
    let known = size.min(size_of::<T>());
    // SAFETY: within the size that the caller set; no more is read than the value has.
    unsafe {
        std::ptr::write_bytes(to.add(known), 0, size - known);
        std::ptr::copy_nonoverlapping(
            from.add(size_of::<usize>()),
            to.add(size_of::<usize>()),
            known - size_of::<usize>(),
        );
    }
    Ok(())
}

/// # Safety
///
/// As [`read`].
unsafe fn size_of_pointed<T: Versioned>(pointer: *const T, name: &str) -> Result<usize, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(name));
    }
    // SAFETY: not null, and every version begins with its size.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size < T::FIRST_SIZE || size > LARGEST {
        let text = format!("'{name}' has struct_size {size}, which no version of it has");
        return Err(Failure::new(LB_ERR_STRUCT_SIZE, text));
    }
    Ok(size)
}

/// # Safety
///
/// `pointer` is null or a string ended by a zero that lives and does not change during the call.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(name));
    }
    // SAFETY: not null, and a string as the caller promises.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|error| Failure::new(LB_ERR_ENCODING, format!("'{name}' is not UTF-8: {error}")))
}

/// # Safety
///
/// `pointer` is null or an object of ours that was not freed and lives during the call.
pub(crate) unsafe fn object<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    // SAFETY: as the caller promises.
    unsafe { pointer.as_ref() }.ok_or_else(|| Failure::null(name))
}

/// # Safety
///
/// As [`object`]; and nobody else uses it during the call.
pub(crate) unsafe fn exclusive<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    // SAFETY: as the caller promises.
    unsafe { pointer.as_mut() }.ok_or_else(|| Failure::null(name))
}

/// Where a result goes: checked before the work is done.
///
/// # Safety
///
/// `pointer` is null or valid for one write, whatever is there.
pub(crate) unsafe fn out<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut std::mem::MaybeUninit<T>, Failure> {
    // SAFETY: as the caller promises; nothing is read.
    unsafe { pointer.cast::<std::mem::MaybeUninit<T>>().as_mut() }.ok_or_else(|| Failure::null(name))
}

/// Frees an object that came out of a box; null is allowed.
///
/// # Safety
///
/// `pointer` is null, or came out of `Box::into_raw` and was not freed.
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // A destructor that panics has nobody to tell.
        let _ = crate::guard::caught(|| {
            // SAFETY: as the caller promises.
            drop(unsafe { Box::from_raw(pointer) });
            Ok(())
        });
    }
}

/// A C string; a zero, which it cannot have, is replaced.
pub(crate) fn c_string(text: &str) -> CString {
    match CString::new(text) {
        Ok(text) => text,
        Err(_) => CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Second {
        struct_size: usize,
        first: usize,
        second: usize,
    }

    // SAFETY: numbers only, the size first.
    unsafe impl Versioned for Second {
        const FIRST_SIZE: usize = 2 * size_of::<usize>();
    }

    const WORD: usize = size_of::<usize>();

    fn read_words(words: &[usize]) -> Result<Second, Failure> {
        // SAFETY: no test sets a size beyond its words that is taken.
        unsafe { read(words.as_ptr().cast::<Second>(), "it") }
    }

    #[test]
    fn structures_of_other_versions_are_read() {
        let second = |first, second, size| Second { struct_size: size * WORD, first, second };
        assert_eq!(read_words(&[2 * WORD, 7]).unwrap(), second(7, 0, 2));
        assert_eq!(read_words(&[3 * WORD, 7, 8]).unwrap(), second(7, 8, 3));
        assert_eq!(read_words(&[4 * WORD, 7, 8, 0]).unwrap(), second(7, 8, 4));
        assert_eq!(read_words(&[4 * WORD, 7, 8, 1]).unwrap_err().status, LB_ERR_STRUCT_SIZE);
        for size in [0, WORD, LARGEST + 1, usize::MAX] {
            assert_eq!(read_words(&[size, 7]).unwrap_err().status, LB_ERR_STRUCT_SIZE);
        }
        // SAFETY: null is allowed.
        assert_eq!(unsafe { read::<Second>(std::ptr::null(), "it") }.unwrap_err().status, LB_ERR_NULL);
    }

    #[test]
    fn structures_of_other_versions_are_filled() {
        let value = Second { struct_size: 0, first: 7, second: 8 };
        for (size, expected) in [(2, [2 * WORD, 7, 1, 1]), (3, [3 * WORD, 7, 8, 1]), (4, [4 * WORD, 7, 8, 0])] {
            let mut words = [size * WORD, 1, 1, 1];
            // SAFETY: the size is not beyond the words.
            unsafe { fill(words.as_mut_ptr().cast::<Second>(), "it", value) }.unwrap();
            assert_eq!(words, expected);
        }
    }

    #[test]
    fn text_is_checked() {
        // SAFETY: strings ended by a zero, or null.
        unsafe {
            assert_eq!(text(c"ä".as_ptr(), "it").unwrap(), "ä");
            assert_eq!(text(c"\xff".as_ptr(), "it").unwrap_err().status, LB_ERR_ENCODING);
            assert_eq!(text(std::ptr::null(), "it").unwrap_err().status, LB_ERR_NULL);
        }
        assert_eq!(c_string("a\0b").to_str(), Ok("a\u{fffd}b"));
    }
}
