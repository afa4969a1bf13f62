//! ACL keywords that are a fetch with a matching method: `path_beg` is `path -m beg`.

/// An ACL keyword.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AclWord {
    /// Its fetch.
    pub(crate) fetch: &'static str,
    /// Its method.
    pub(crate) method: &'static str,
}

/// What an ACL keyword stands for.
pub(crate) fn find(name: &str) -> Option<AclWord> {
    const WORDS: &[(&str, &str, &str)] = &[
        ("hdr", "req.hdr", "str"),
        ("hdr_beg", "req.hdr", "beg"),
        ("hdr_dom", "req.hdr", "dom"),
        ("hdr_sub", "req.hdr", "sub"),
        ("path", "path", "str"),
        ("path_beg", "path", "beg"),
        ("path_end", "path", "end"),
        ("path_reg", "path", "reg"),
        ("url_reg", "url", "reg"),
        ("url_beg", "url", "beg"),
    ];
    let (_, fetch, method) = WORDS.iter().find(|(known, _, _)| *known == name)?;
    Some(AclWord { fetch, method })
}
