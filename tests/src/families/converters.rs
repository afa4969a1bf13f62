//! Converters: each with its arguments, over constants of every type.

use super::{Family, product};

const REQUEST: &str = "GET /a/b?x=1 HTTP/1.1\r\nHost: h\r\nX-Json: {\"a\":{\"b\":[1,2.5,\"t\"],\"n\":null,\"t\":true},\"i\":-7}\r\n\
                       X-Jwt: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJsYiIsIm4iOjd9.YWJj\r\n\
                       Accept-Language: fr;q=0.8, en-US;q=0.9, de\r\n\r\n";

const STRINGS: &[&str] = &[
    "str()",
    "str(a)",
    "str(Hello World)",
    "str(a=1&b=%41%20+c)",
    "str('one,two,,three')",
    "str(www.Example.com:8080)",
    "str(-12)",
    "str(127.0.0.1)",
    "str(  padded  )",
    "bin(00ff41c3a9)",
    "str(/path/to/./file?x)",
    "str('quo\\\"te')",
];
const NUMBERS: &[&str] =
    &["int(0)", "int(1)", "int(-1)", "int(255)", "int(86400)", "int(9223372036854775807)", "str(17)", "bool(true)"];
const ADDRESSES: &[&str] = &[
    "ipv4(10.1.2.3)",
    "ipv6(2001:db8::ff00:42:8329)",
    "str(192.168.254.1)",
    "str(::ffff:10.0.0.1)",
    "str(none)",
    "src",
];

const OF_STRINGS: &[&str] = &[
    "base64",
    "b64dec",
    "ub64enc",
    "ub64dec",
    "bytes(1)",
    "bytes(1,2)",
    "bytes(0)",
    "bytes(9,9)",
    "bytes(30)",
    "hex",
    "lower",
    "upper",
    "length",
    "crc32",
    "crc32(1)",
    "crc32c",
    "djb2",
    "djb2(1)",
    "sdbm",
    "sdbm(1)",
    "xxh32",
    "xxh32(7)",
    "xxh64",
    "xxh64(7)",
    "xxh3",
    "xxh3(7)",
    "sha1,hex",
    "sha2,hex",
    "sha2(224),hex",
    "sha2(384),hex",
    "sha2(512),hex",
    "digest(md5),hex",
    "digest(sha256),hex",
    "hmac(sha1,a2V5),hex",
    "hmac(sha256,a2V5),hex",
    "be2dec(.,1)",
    "be2dec(-,2,1)",
    "be2dec(',',3)",
    "be2hex",
    "be2hex(:,2)",
    "be2hex(:,2,1)",
    "htonl,hex",
    "json",
    "json(ascii)",
    "json(utf8)",
    "json(utf8s)",
    "json(utf8p)",
    "json(utf8ps)",
    "url_dec",
    "url_dec(1)",
    "url_enc",
    "url_enc(query)",
    "ltrim( )",
    "ltrim(H )",
    "rtrim( )",
    "rtrim(dem)",
    "cut_crlf",
    "host_only",
    "port_only",
    "strcmp(txn.s)",
    "secure_memcmp(txn.s)",
    "concat(<,txn.s,>)",
    "concat(,txn.none,x)",
    "concat(a)",
    "add_item(;,txn.s)",
    "add_item(;,txn.s,!)",
    "add_item(;,txn.none,!)",
    "add_item(;,,x)",
    "iif(yes,no)",
    "field(1,.)",
    "field(2,',')",
    "field(-1,.)",
    "field(2,',',2)",
    "field(2,',',0)",
    "field(9,.)",
    "word(1,.)",
    "word(2,',')",
    "word(-1,.)",
    "word(2,',',2)",
    "word(1,' ')",
    "word(-2,',')",
    "regsub(o,0)",
    "regsub(o,0,g)",
    "regsub(O,0,gi)",
    "regsub('[a-z]+',<\\\\0>,g)",
    "regsub(^,x)",
    "regsub('(.)(.)',\\\\2\\\\1,g)",
    "hex2i",
    "language(fr;en)",
    "language(it)",
    "json_query('\\$.a')",
    "nbsrv",
    "srv_queue",
    "mqtt_is_valid",
    "fix_is_valid",
    "set-var(txn.kept)",
    "unset-var(txn.kept)",
    "ungrpc(1)",
    "protobuf(1)",
    "jwt_header_query('\\$.alg')",
    "jwt_verify(txn.alg,secret)",
    "fix_tag_value(35)",
    "mqtt_field_value(connect,client_identifier)",
    "xor(1)",
    "neg",
    "not",
    "bool",
    "in_table(none{case})",
];
const OF_NUMBERS: &[&str] = &[
    "add(1)",
    "add(-5)",
    "add(txn.i)",
    "add(txn.none)",
    "sub(1)",
    "sub(txn.i)",
    "mul(3)",
    "mul(-1)",
    "mul(txn.i)",
    "div(2)",
    "div(-3)",
    "div(0)",
    "div(txn.none)",
    "mod(7)",
    "mod(-7)",
    "mod(0)",
    "and(12)",
    "or(12)",
    "xor(12)",
    "and(txn.i)",
    "cpl",
    "neg",
    "not",
    "bool",
    "even",
    "odd",
    "iif(yes,no)",
    "http_date",
    "http_date(60)",
    "http_date(0,us)",
    "ltime(%Y-%m-%dT%H:%M:%S)",
    "utime(%Y %j %a %b %e)",
    "utime(%H:%M,3600)",
    "ltime(%s,-60)",
    "hex",
    "base64",
    "crc32",
    "length",
    "upper",
    "bytes(1),hex",
    "xxh32",
    "json",
    "url_enc",
    "concat(x)",
    "djb2",
    "sdbm",
    "host_only",
    "field(1,5)",
    "strcmp(txn.s)",
    "htonl,hex",
];
const OF_ADDRESSES: &[&str] = &[
    "ipmask(24)",
    "ipmask(255.255.0.0)",
    "ipmask(24,64)",
    "ipmask(0)",
    "ipmask(32,128)",
    "ipmask(16,ffff::)",
    "hex",
    "length",
    "upper",
    "crc32",
    "base64",
    "bytes(1,2),hex",
    "concat(:x)",
    "field(2,.)",
    "word(1,:)",
    "json",
    "xxh64",
];
const SPECIAL: &[&str] = &[
    "req.hdr(x-json),json_query('\\$.a.b')",
    "req.hdr(x-json),json_query('\\$.a.b[0]')",
    "req.hdr(x-json),json_query('\\$.a.b[1]')",
    "req.hdr(x-json),json_query('\\$.a.b[2]')",
    "req.hdr(x-json),json_query('\\$.i')",
    "req.hdr(x-json),json_query('\\$.i','int')",
    "req.hdr(x-json),json_query('\\$.a.n')",
    "req.hdr(x-json),json_query('\\$.a.t')",
    "req.hdr(x-json),json_query('\\$.none')",
    "req.hdr(x-jwt),jwt_header_query('\\$.alg')",
    "req.hdr(x-jwt),jwt_payload_query('\\$.iss')",
    "req.hdr(x-jwt),jwt_payload_query('\\$.n','int')",
    "req.hdr(x-jwt),jwt_verify(HS256,secret)",
    "req.hdr(x-jwt),jwt_verify(txn.alg,txn.s)",
    "req.fhdr(accept-language),language(fr;en)",
    "req.fhdr(accept-language),language(it,nl)",
    "req.fhdr(accept-language),language(de;en-us)",
    "bin(08011202414218ff01),protobuf(1,int32)",
    "bin(08011202414218ff01),protobuf(2)",
    "bin(08011202414218ff01),protobuf(3,uint64)",
    "bin(08011202414218ff01),protobuf(9)",
    "bin(00000000050a03616263),ungrpc(1)",
    "str(00ff),hex2i",
    "str(7fffffff),hex2i",
    "str(zz),hex2i",
    "str(aGVsbG8),ub64dec",
    "str(aGVsbG8=),b64dec",
    "str(txt),set-var(txn.k),upper",
    "var(txn.k)",
    "str(x),unset-var(txn.k)",
    "str(a b),url_enc,url_dec",
    "ipv4(10.0.0.1),ipmask(8),concat(/8)",
    "int(10),add(5),mul(2),sub(3),div(4),mod(5)",
];

/// Converters of constants.
pub fn converters() -> Family {
    let apply = |input: &str, converter: &str| format!("{input},{converter}");
    // What takes bytes as text is shown in hex where the text is no part of a head.
    let mut family = Family::new("converters", &[REQUEST])
        .before(&[
            "declare capture request len 20",
            "http-request set-var(txn.s) \"str(Hello World)\"",
            "http-request set-var(txn.i) int(6)",
            "http-request set-var(txn.alg) str(HS256)",
        ])
        .request(SPECIAL)
        .request(product(NUMBERS, OF_NUMBERS, apply))
        .differ("HAProxy writes fractions of seconds without leading zeros", &[",http_date(0,us)]"])
        .differ("HAProxy takes what is below zero for an overflow", &["int(-1),add(-5)", "int(-1),sub("])
        .differ(
            "HAProxy has years of other calendars for what is no time of day",
            &[
                "int(-1),http_date]",
                "int(-1),ltime",
                "int(-1),utime",
                "int(9223372036854775807),http_date",
                "int(9223372036854775807),ltime",
                "int(9223372036854775807),utime",
            ],
        )
        .request(product(ADDRESSES, OF_ADDRESSES, apply));
    let strings = product(STRINGS, OF_STRINGS, apply).into_iter().filter(|text| !is_number_of_bytes(text));
    let hexed = strings.map(|text| if text.contains(",hex") { text } else { format!("{text},hex") });
    family = family.request(hexed);
    family.base.sections = vec!["backend none{case}\n  stick-table type string size 10\n".to_owned()];
    family
}

/// Bytes are no number and no address: both programs refuse such lines.
fn is_number_of_bytes(text: &str) -> bool {
    let is_argument = |word: &&str| word.ends_with(')') && !word.contains('(');
    let mut words =
        text.split(',').filter(|word| !is_argument(word)).map(|word| word.split('(').next().unwrap_or(word));
    let makes_bytes = ["bin", "b64dec", "bytes", "sha1"];
    let of_numbers = ["htonl", "iif", "xor", "neg", "not", "bool", "add", "ipmask"];
    let mut before = words.next().unwrap_or("");
    words.any(|word| {
        let refused =
            makes_bytes.contains(&before) && of_numbers.contains(&word) || before == "bool" && word == "ipmask";
        before = word;
        refused
    })
}

/// Chains of two: every converter of strings in front of every other.
pub fn chains() -> Family {
    let first = [
        "upper",
        "lower",
        "base64",
        "b64dec",
        "hex",
        "bytes(1,4)",
        "sha1",
        "crc32",
        "length",
        "url_enc",
        "url_dec",
        "json",
        "word(1,e)",
        "field(2,l)",
        "regsub(l,L,g)",
        "concat(-z)",
        "be2hex(:,1)",
        "xxh64",
        "ltrim(H)",
        "bool",
        "ipmask(8)",
        "add(1)",
    ];
    let apply = |one: &str, two: &str| format!("str(Hello World),{one},{two},hex");
    Family::new("chains of converters", &[REQUEST])
        .request(product(&first, &first, apply).into_iter().filter(|text| !is_number_of_bytes(text)))
}
