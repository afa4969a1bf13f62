//! RFC 7541, appendix C; round trips; what is refused.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

type Field = (Vec<u8>, Vec<u8>);

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<Field>, HpackError> {
    let mut fields = Vec::new();
    decoder.decode(block, |name, value| fields.push((name.to_vec(), value.to_vec())))?;
    Ok(fields)
}

fn check(decoder: &mut Decoder, block: &str, fields: &[(&str, &str)], size: usize) {
    let expected: Vec<Field> =
        fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
    assert_eq!(decode(decoder, &hex(block)).unwrap(), expected);
    assert_eq!(decoder.table_size(), size);
}

/// Appendix C.2.
#[test]
fn single_fields() {
    let new = || Decoder::new(4096, 16384);
    let block = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    check(&mut new(), block, &[("custom-key", "custom-header")], 55);
    check(&mut new(), "040c 2f73 616d 706c 652f 7061 7468", &[(":path", "/sample/path")], 0);
    check(&mut new(), "1008 7061 7373 776f 7264 0673 6563 7265 74", &[("password", "secret")], 0);
    check(&mut new(), "82", &[(":method", "GET")], 0);
}

/// Appendix C.3 and C.4.
#[test]
fn requests() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    let base = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::new(4096, 16384);
        check(&mut decoder, blocks[0], &base, 57);
        check(&mut decoder, blocks[1], &[&base[..], &[("cache-control", "no-cache")]].concat(), 110);
        let third = [
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/index.html"),
            (":authority", "www.example.com"),
            ("custom-key", "custom-value"),
        ];
        check(&mut decoder, blocks[2], &third, 164);
    }
}

/// Appendix C.5 and C.6: entries are evicted from a table of 256 bytes.
#[test]
fn responses() {
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d \
         546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f \
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b \
         2076 6572 7369 6f6e 3d31",
    ];
    let coded = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 \
         8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 \
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    let date = "Mon, 21 Oct 2013 20:13:21 GMT";
    let (private, location) = (("cache-control", "private"), ("location", "https://www.example.com"));
    for blocks in [plain, coded] {
        let mut decoder = Decoder::new(256, 16384);
        check(&mut decoder, blocks[0], &[(":status", "302"), private, ("date", date), location], 222);
        check(&mut decoder, blocks[1], &[(":status", "307"), private, ("date", date), location], 222);
        let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
        let third = [
            (":status", "200"),
            private,
            ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
            location,
            ("content-encoding", "gzip"),
            ("set-cookie", cookie),
        ];
        check(&mut decoder, blocks[2], &third, 215);
    }
}

#[test]
fn broken_blocks_are_refused() {
    for (block, error) in [
        ("80", HpackError::Index),
        ("be", HpackError::Index),
        ("ff80 8080 8000", HpackError::Integer),
        ("ff", HpackError::Truncated),
        ("40", HpackError::Truncated),
        ("4003 61", HpackError::Truncated),
        ("4001 61", HpackError::Truncated),
        ("0001 6181 ff", HpackError::Huffman),
        ("8220", HpackError::SizeUpdate),
        ("3fe2 1f", HpackError::SizeUpdate),
        ("0001 617f 8101", HpackError::Truncated),
    ] {
        assert_eq!(decode(&mut Decoder::new(4096, 16384), &hex(block)), Err(error), "{block}");
    }
    let mut decoder = Decoder::new(4096, 16);
    assert_eq!(decode(&mut decoder, &[&[0, 1, b'a', 17][..], &[b'x'; 17]].concat()), Err(HpackError::TooLarge));
}

#[test]
fn size_updates_empty_the_table_and_bound_it() {
    let mut decoder = Decoder::new(4096, 16384);
    decode(&mut decoder, &hex("4001 6101 62")).unwrap();
    assert_eq!(decoder.table_size(), 34);
    assert_eq!(decode(&mut decoder, &hex("20 be")), Err(HpackError::Index));
    assert_eq!(decoder.table_size(), 0);
    decode(&mut decoder, &hex("3f 01 4001 6101 62")).unwrap();
    assert_eq!(decoder.table_size(), 0, "an entry larger than the table");
}

/// An entry may take its name from the one that it evicts (section 4.4).
#[test]
fn a_name_outlives_its_entry() {
    let mut decoder = Decoder::new(40, 16384);
    decode(&mut decoder, &hex("4004 6e61 6d65 0131")).unwrap();
    let fields = decode(&mut decoder, &hex("7e01 32 be")).unwrap();
    assert_eq!(fields, [(b"name".to_vec(), b"2".to_vec()), (b"name".to_vec(), b"2".to_vec())]);
}

fn encode(encoder: &mut Encoder, fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.begin(&mut out);
    for (name, value) in fields {
        encoder.field(name, value, &mut out);
    }
    out
}

#[test]
fn what_repeats_takes_one_byte() {
    let mut encoder = Encoder::default();
    let fields = [
        (b"server".to_vec(), b"origin".to_vec()),
        (b"content-type".to_vec(), b"text/html".to_vec()),
        (b"date".to_vec(), b"Mon, 21 Oct 2013 20:13:21 GMT".to_vec()),
    ];
    let first = encode(&mut encoder, &fields);
    let second = encode(&mut encoder, &fields);
    assert!(first.len() > second.len());
    assert_eq!(second.len(), 2 + 2 + 1 + 29);
    let mut decoder = Decoder::new(4096, 16384);
    assert_eq!(decode(&mut decoder, &first).unwrap(), fields);
    assert_eq!(decode(&mut decoder, &second).unwrap(), fields);
}

#[test]
fn secrets_are_never_indexed() {
    let mut encoder = Encoder::default();
    for name in ["authorization", "cookie", "proxy-authorization", "set-cookie"] {
        let mut out = Vec::new();
        encoder.field(name.as_bytes(), b"secret", &mut out);
        assert_eq!(out[0] & 0xf0, 0x10, "{name}");
    }
}

#[test]
fn a_value_that_keeps_changing_is_not_indexed_for_ever() {
    let mut encoder = Encoder::default();
    for at in 0..50 {
        encode(&mut encoder, &[(b"vary".to_vec(), format!("{at}").into_bytes())]);
    }
    assert!(encoder_entries(&encoder) < 12);
}

fn encoder_entries(encoder: &Encoder) -> usize {
    format!("{encoder:?}").matches("(59,").count()
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let name = prop_oneof![
        proptest::sample::select(&static_table::TABLE[14..]).prop_map(|(name, _)| name.to_vec()),
        "[a-z][a-z0-9-]{0,12}".prop_map(String::into_bytes),
    ];
    let value =
        prop_oneof!["(a|text/html|)".prop_map(String::into_bytes), proptest::collection::vec(any::<u8>(), 0..300),];
    proptest::collection::vec((name, value), 0..20)
}

proptest! {
    #[test]
    fn blocks_round_trip(blocks in proptest::collection::vec((fields(), any::<u16>(), any::<bool>()), 1..20)) {
        let mut encoder = Encoder::default();
        let mut decoder = Decoder::new(65536, 16384);
        for (fields, size, resize) in blocks {
            if resize {
                encoder.set_max(usize::from(size) % 600);
            }
            let block = encode(&mut encoder, &fields);
            prop_assert_eq!(decode(&mut decoder, &block).unwrap(), fields);
        }
    }

    #[test]
    fn anything_is_decoded_or_refused(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..8)) {
        let mut decoder = Decoder::new(256, 64);
        for block in blocks {
            let decoded = decode(&mut decoder, &block);
            prop_assert!(decoder.table_size() <= 256);
            if decoded.is_err() {
                break;
            }
        }
    }
}
