//! ACL keywords that are a fetch with a match method of their own: `path_beg` is `path -m beg` (configuration.txt,
//! section 7.1; `haproxy -dKacl`).

/// An ACL keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AclWord {
    /// The keyword.
    pub(crate) word: &'static str,
    /// The fetch it stands for.
    pub(crate) fetch: &'static str,
    /// The word behind `-m` that it stands for, unless a flag says otherwise.
    pub(crate) method: &'static str,
}

/// The keyword of that name. Other fetches are matched by the type of what they yield.
pub(crate) fn find(word: &str) -> Option<&'static AclWord> {
    WORDS.binary_search_by(|row| row.word.cmp(word)).ok().and_then(|index| WORDS.get(index))
}

/// Those whose fetch this program has, in the order of `haproxy -dKacl`.
pub(crate) fn all() -> impl Iterator<Item = &'static AclWord> {
    WORDS.iter().filter(|row| super::find(row.fetch).is_some())
}

const fn row(word: &'static str, fetch: &'static str, method: &'static str) -> AclWord {
    AclWord { word, fetch, method }
}

const WORDS: &[AclWord] = &[
    row("base", "base", "str"),
    row("base_beg", "base", "beg"),
    row("base_dir", "base", "dir"),
    row("base_dom", "base", "dom"),
    row("base_end", "base", "end"),
    row("base_len", "base", "len"),
    row("base_reg", "base", "reg"),
    row("base_sub", "base", "sub"),
    row("cook", "req.cook", "str"),
    row("cook_beg", "req.cook", "beg"),
    row("cook_dir", "req.cook", "dir"),
    row("cook_dom", "req.cook", "dom"),
    row("cook_end", "req.cook", "end"),
    row("cook_len", "req.cook", "len"),
    row("cook_reg", "req.cook", "reg"),
    row("cook_sub", "req.cook", "sub"),
    row("hdr", "req.hdr", "str"),
    row("hdr_beg", "req.hdr", "beg"),
    row("hdr_dir", "req.hdr", "dir"),
    row("hdr_dom", "req.hdr", "dom"),
    row("hdr_end", "req.hdr", "end"),
    row("hdr_len", "req.hdr", "len"),
    row("hdr_reg", "req.hdr", "reg"),
    row("hdr_sub", "req.hdr", "sub"),
    row("http_auth_group", "http_auth_group", "str"),
    row("method", "method", "str"),
    row("path", "path", "str"),
    row("path_beg", "path", "beg"),
    row("path_dir", "path", "dir"),
    row("path_dom", "path", "dom"),
    row("path_end", "path", "end"),
    row("path_len", "path", "len"),
    row("path_reg", "path", "reg"),
    row("path_sub", "path", "sub"),
    row("payload", "req.payload", "bin"),
    row("payload_lv", "req.payload_lv", "bin"),
    row("req.ssl_ver", "req.ssl_ver", "int"),
    row("req_rdp_cookie", "req.rdp_cookie", "str"),
    row("req_rdp_cookie_cnt", "req.rdp_cookie_cnt", "int"),
    row("req_ssl_sni", "req.ssl_sni", "str"),
    row("req_ssl_ver", "req.ssl_ver", "int"),
    row("req_ver", "req.ver", "str"),
    row("resp_ver", "res.ver", "str"),
    row("scook", "res.cook", "str"),
    row("scook_beg", "res.cook", "beg"),
    row("scook_dir", "res.cook", "dir"),
    row("scook_dom", "res.cook", "dom"),
    row("scook_end", "res.cook", "end"),
    row("scook_len", "res.cook", "len"),
    row("scook_reg", "res.cook", "reg"),
    row("scook_sub", "res.cook", "sub"),
    row("shdr", "res.hdr", "str"),
    row("shdr_beg", "res.hdr", "beg"),
    row("shdr_dir", "res.hdr", "dir"),
    row("shdr_dom", "res.hdr", "dom"),
    row("shdr_end", "res.hdr", "end"),
    row("shdr_len", "res.hdr", "len"),
    row("shdr_reg", "res.hdr", "reg"),
    row("shdr_sub", "res.hdr", "sub"),
    row("ssl_fc_sni_end", "ssl_fc_sni", "end"),
    row("ssl_fc_sni_reg", "ssl_fc_sni", "reg"),
    row("url", "url", "str"),
    row("url_beg", "url", "beg"),
    row("url_dir", "url", "dir"),
    row("url_dom", "url", "dom"),
    row("url_end", "url", "end"),
    row("url_len", "url", "len"),
    row("url_reg", "url", "reg"),
    row("url_sub", "url", "sub"),
    row("urlp", "urlp", "str"),
    row("urlp_beg", "urlp", "beg"),
    row("urlp_dir", "urlp", "dir"),
    row("urlp_dom", "urlp", "dom"),
    row("urlp_end", "urlp", "end"),
    row("urlp_len", "urlp", "len"),
    row("urlp_reg", "urlp", "reg"),
    row("urlp_sub", "urlp", "sub"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        for row in WORDS {
            assert_eq!(find(row.word), Some(row));
        }
        assert_eq!(find("path_beg").map(|row| (row.fetch, row.method)), Some(("path", "beg")));
        assert_eq!(find("hdr_dom").map(|row| (row.fetch, row.method)), Some(("req.hdr", "dom")));
        assert_eq!(find("src"), None);
    }
}
