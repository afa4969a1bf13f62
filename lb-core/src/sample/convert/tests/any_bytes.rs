//! No converter panics, whatever it is given.

use proptest::prelude::*;

use super::*;

/// Each converter with arguments that are worth trying.
const CHAINS: &[&str] = &[
    "add(txn.in)",
    "sub(1)",
    "mul(3)",
    "div(txn.in)",
    "mod(-1)",
    "and(7)",
    "or(7)",
    "xor(7)",
    "cpl",
    "neg",
    "bool",
    "not",
    "odd",
    "even",
    "iif(a,b)",
    "lower",
    "upper",
    "cut_crlf",
    "ltrim(a)",
    "rtrim(a)",
    "length",
    "strcmp(txn.in)",
    "concat(a,txn.in,b)",
    "add_item(',',txn.in,b)",
    "field(2,' ')",
    "field(-1,' ',0)",
    "word(2,'a ',3)",
    "word(-2,a,0)",
    "bytes(1,3)",
    "bytes(-1,-1)",
    "hex",
    "hex2i",
    "htonl",
    "be2dec(:,3,1)",
    "be2hex(:,3)",
    "base64",
    "ub64enc",
    "b64dec",
    "ub64dec",
    "crc32(1)",
    "crc32c",
    "djb2",
    "sdbm(1)",
    "xxh3",
    "xxh32(9)",
    "xxh64",
    "sha1",
    "sha2(512)",
    "digest(md5)",
    "digest(blake2b512)",
    "hmac(sha256,a2V5)",
    "hmac(md5,txn.in)",
    "secure_memcmp(txn.in)",
    "aes_gcm_dec(128,txn.in,txn.in,txn.in)",
    "url_dec",
    "url_dec(1)",
    "url_enc",
    "json",
    "json(utf8)",
    "json(utf8ps)",
    "json_query('$.a[1].b')",
    "json_query('$[0]',int)",
    "jwt_header_query('$.a')",
    "jwt_payload_query",
    "jwt_verify(HS256,txn.in)",
    "jwt_verify(txn.in,x)",
    "language('en;de',fr)",
    "regsub('(a+)b?','[\\1\\0]',g)",
    "regsub('x*','-',gi)",
    "ipmask(24,64)",
    "host_only",
    "port_only",
    "http_date",
    "http_date(1,us)",
    "utime('%c %+10d')",
    "ltime('%Ey %^a %Z')",
    "protobuf(1.2)",
    "protobuf(1,sint64)",
    "protobuf(1,double)",
    "ungrpc(1.1,fixed32)",
    "fix_is_valid",
    "fix_tag_value(35)",
    "mqtt_is_valid",
    "mqtt_field_value(connect,username)",
    "mqtt_field_value(connack,18)",
    "set-var(txn.new,ifgt)",
    "unset-var(txn.in)",
    "debug(x)",
    "nbsrv",
    "srv_queue",
    "capture-req(0)",
    "capture-res(1)",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        r#"[{}\[\]":,0-9a-c.\\eu-]{0,40}"#.prop_map(String::into_bytes),
        // Beginnings that some converters know.
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|tail| [&b"\x10\x20\0\x04MQTT\x05\xc6"[..], &tail].concat()),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|tail| [&b"8=FIX.4.4\x019=5\x0135=A\x01"[..], &tail].concat()),
    ]
}

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        4 => bytes().prop_map(Value::str),
        4 => bytes().prop_map(|bytes| Value::Bin(bytes.into())),
        1 => any::<i64>().prop_map(Value::Sint),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => any::<[u8; 4]>().prop_map(|octets| Value::Ipv4(octets.into())),
        1 => any::<[u8; 16]>().prop_map(|octets| Value::Ipv6(octets.into())),
        1 => bytes().prop_map(|bytes| Value::Meth(bytes.into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn converters_take_any_value(value in value()) {
        for chain in CHAINS {
            let _ = convert(value.clone(), chain);
        }
    }

    #[test]
    fn texts_of_converters_are_read_or_refused(text in r#"[a-z_]{1,8}(\([ -~]{0,20}\)?){0,2},?"#) {
        let _ = parse(&format!("str(a),{text}"));
    }

    #[test]
    fn arguments_of_converters_are_read_or_refused(
        name in prop::sample::select(all().map(|converter| converter.name).collect::<Vec<_>>()),
        args in r#"[ -~]{0,20}"#,
    ) {
        // Files are not for chance.
        prop_assume!(!name.starts_with("map") && name != "jwt_verify");
        if let Ok(expression) = parse(&format!("str(a1),{name}({args})")) {
            let _ = expression.evaluate(&Context::default());
        }
    }
}

#[test]
fn every_converter_is_tried() {
    for converter in all().filter(|converter| !converter.name.contains("map") && !converter.name.contains("table")) {
        let tried = CHAINS.iter().any(|chain| chain.split('(').next() == Some(converter.name));
        assert!(tried, "{}", converter.name);
    }
}
