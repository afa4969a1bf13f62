//! Maps: every kind of key and value, with and without a default.

use std::path::Path;

use super::{Family, product};

const REQUESTS: &[&str] = &[
    "GET /static/a.png HTTP/1.1\r\nHost: www.example.com\r\nX-N: 17\r\nX-Ip: 10.1.2.3\r\n\r\n",
    "GET /other HTTP/1.1\r\nHost: example.com\r\nX-N: 250\r\nX-Ip: 2001:db8::9\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: WWW.Example.COM\r\nX-N: x\r\nX-Ip: 10.200.0.1\r\n\r\n",
];

/// `map_*` over three requests.
pub fn maps(files: &Path) -> Family {
    let write = |name: &str, text: &str| {
        let path = files.join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let kinds = ["map", "map_str", "map_beg", "map_end", "map_dir", "map_dom", "map_reg"];
    let texts = write(
        "texts.map",
        "# key value\n/static static value\n/ root\nwww.example.com www\nexample.com  bare\n\n.png image\n17 n\n",
    );
    let patterns = write("patterns.map", "^/sta(.*)\\. s-\\1-\\0\n^/$ root\n^www www\n[0-9] digit\n");
    let values = write("integers.map", "/static 1\n/ -2\nwww.example.com 3\n17 16\nexample.com 4\n");
    let addresses = write("addresses.map", "/static 10.0.0.1\n/ ::1\nexample.com 1.2.3.4\n17 4.3.2.1\n");
    let nets = write("nets.map", "10.0.0.0/8 ten\n10.1.0.0/16 ten-one\n2001:db8::/32 six\n127.0.0.1 self\n");
    let net_numbers = write("nets-int.map", "10.0.0.0/8 8\n10.1.0.0/16 16\n2001:db8::/32 32\n");
    let numbers = write("numbers.map", "17 seventeen\n100:300 many\n");
    let number_numbers = write("numbers-int.map", "17 71\n100:300 3\n");
    let inputs = ["path", "hdr(host)", "hdr(host),lower", "url", "hdr(x-n)", "str(/static)"];
    let mut all = Vec::new();
    for default in ["", ",none"] {
        all.extend(product(&inputs, &kinds, |input, kind| {
            let file = if kind == "map_reg" { &patterns } else { &texts };
            format!("{input},{kind}({file}{default})")
        }));
        all.extend(inputs.iter().map(|input| format!("{input},map_regm({patterns}{default})")));
        for input in ["hdr_ip(x-ip)", "src", "hdr(x-ip)"] {
            all.push(format!("{input},map_ip({nets}{default})"));
        }
        for input in ["hdr_val(x-n)", "hdr(x-n)", "int(299)", "int(301)"] {
            all.push(format!("{input},map_int({numbers}{default})"));
        }
    }
    for default in ["", ",-7"] {
        all.extend(product(
            &inputs,
            &["map_str_int", "map_beg_int", "map_end_int", "map_dir_int", "map_dom_int"],
            |input, kind| format!("{input},{kind}({values}{default})"),
        ));
        all.push(format!("hdr_ip(x-ip),map_ip_int({net_numbers}{default})"));
        all.push(format!("hdr_val(x-n),map_int_int({number_numbers}{default})"));
        all.push(format!("hdr_val(x-n),map_int_int({number_numbers}{default}),add(1)"));
    }
    for default in ["", ",9.9.9.9"] {
        all.extend(product(
            &inputs,
            &["map_str_ip", "map_beg_ip", "map_end_ip", "map_dir_ip", "map_dom_ip"],
            |input, kind| format!("{input},{kind}({addresses}{default})"),
        ));
    }
    Family::new("maps", REQUESTS).request(all)
}
